"""Whether a frame's own metadata show the settings that were asked for: nothing else proves it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

LENS_STEP_DPT = 0.05
_CLOSE_ENOUGH: dict[str, Callable[[float], float]] = {
    "ExposureTime": lambda asked: max(0.02 * asked, 30.0),
    "AnalogueGain": lambda asked: 0.02 * asked,
    "LensPosition": lambda _asked: LENS_STEP_DPT,
}
"""How far a frame may be from what was asked, µs, as a factor and in dioptres: sensors have steps of their own."""


def differs(asked: Mapping[str, Any], metadata: Mapping[str, Any]) -> str:
    """What the frame's metadata show otherwise than asked, in words; empty if nothing."""
    for name, value in asked.items():
        shown = metadata.get(name)
        if shown is None:
            return f"{name} {value:g} (its frames do not say it)"
        if abs(float(shown) - value) > _CLOSE_ENOUGH[name](value):
            return f"{name} {value:g} (its frames say {float(shown):g})"
    return ""

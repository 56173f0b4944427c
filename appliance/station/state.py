"""What a station is doing, as told on its socket."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any


class Phase(StrEnum):
    """The station's states."""

    STARTING = "starting"
    READY = "ready"
    MEASURING = "measuring"
    RESULT = "result"
    FAULT = "fault"


@dataclass(frozen=True)
class StationState:
    """One moment of a station.

    ``run_id`` tells one run of the daemon from the next; ``version`` grows with every change within it.
    """

    run_id: str
    version: int
    phase: Phase
    stage: str = ""
    """What the measurement is doing now, in words; empty unless measuring."""
    lens_tag: str | None = None
    """The lens the next press of the button is about."""
    check: int | None = None
    """Number of the last check of this run."""
    verdict: str | None = None
    fault: str = ""
    """What is wrong and what to do, in a sentence."""
    busy_presses: int = 0
    """Presses of this run that were answered with busy."""
    button_down: bool = False
    simulated: bool = False
    """True if the photos come from the simulated bench."""
    devices: tuple[str, ...] = ()
    """What was chosen for camera, panel and display, in words."""
    display_lost: bool = False
    oled_text: str = ""
    """What stands on the OLED."""
    oled_png: str = ""
    """The OLED's picture, base64."""

    def changed(self, **changes: Any) -> StationState:
        """Return the next version with these changes; itself if nothing changes."""
        following = replace(self, **changes)
        return self if following == self else replace(following, version=self.version + 1)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready dictionary."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> StationState:
        """Rebuild a state from :meth:`to_dict`."""
        return cls(**{**data, "phase": Phase(data["phase"]), "devices": tuple(data["devices"])})

"""A photo as the measurement sees it: linear raw values with what is needed to read them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Bayer = Literal["rggb", "bggr", "grbg", "gbrg"]
BAYER_ORDERS: tuple[Bayer, ...] = ("rggb", "bggr", "grbg", "gbrg")


@dataclass(frozen=True)
class Frame:
    """One photo in linear values.

    Attributes
    ----------
    plane:
        (height, width) uint16 or float32, linear in light: a raw mosaic if ``bayer`` is given, grey otherwise.
        Pixel centres have integer coordinates; x to the right, y down.
    bayer:
        Colour order of the mosaic's top left 2 × 2 block, None for a grey plane.
    black, white:
        Values of no light and of saturation, in units of ``plane``.
    metadata:
        What the camera said about this frame (exposure, gain, temperature, versions); kept, never computed with.
    """

    plane: npt.NDArray[np.uint16] | npt.NDArray[np.float32]
    bayer: Bayer | None = None
    black: float = 0.0
    white: float = 65535.0
    metadata: Mapping[str, Any] = field(default_factory=dict)

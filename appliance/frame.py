"""A photo as the measurement sees it: linear raw values with what is needed to read them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Bayer = Literal["rggb", "bggr", "grbg", "gbrg"]
BAYER_ORDERS: tuple[Bayer, ...] = ("rggb", "bggr", "grbg", "gbrg")

Plane = npt.NDArray[np.uint16] | npt.NDArray[np.float32]


def green_column(bayer: Bayer | None) -> int | None:
    """Column, 0 or 1, of the green pixels in even rows of a mosaic; in odd rows it is the other. None for grey."""
    return None if bayer is None else bayer.index("g") % 2


def greens(plane: Plane, bayer: Bayer | None) -> tuple[Plane, Plane]:
    """Views of a plane's green pixels in even rows and in odd rows, each (height // 2, width // 2).

    Of a grey plane, all of whose pixels count, those of even and of odd columns in their rows are meant: as many, with
    noise of their own. An odd last row or column is left out.
    """
    height, width = (n // 2 * 2 for n in plane.shape)
    first = green_column(bayer) or 0
    return plane[0:height:2, first:width:2], plane[1:height:2, 1 - first : width : 2]


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

    plane: Plane
    bayer: Bayer | None = None
    black: float = 0.0
    white: float = 65535.0
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def greens(self) -> tuple[Plane, Plane]:
        """The green pixels of even and of odd rows, see :func:`greens`."""
        return greens(self.plane, self.bayer)

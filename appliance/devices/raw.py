"""Raw frames as bytes: which layouts can be measured, and how values are read out of them.

An unpacked raw value fills 8 or 16 bits, little endian. A Pi 4 puts a sensor's 10 or 12 bits at the low end
(``SBGGR12``), a Pi 5 at the high end of 16 (``SBGGR16``). Rows are padded to ``stride`` bytes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from appliance.errors import CameraError
from appliance.frame import BAYER_ORDERS, Bayer

_COLOUR = re.compile(r"S(RGGB|BGGR|GRBG|GBRG)(8|10|12|14|16)")
_MONO = re.compile(r"R(8|10|12|14|16)")
BLACK_LEVEL_BITS = 16
"""libcamera gives ``SensorBlackLevels`` on a 16-bit scale, whatever the layout."""


@dataclass(frozen=True)
class RawLayout:
    """How a camera lays out its raw frames.

    ``bits`` is the depth of the layout, ``sensor_bits`` that of the values in it; they differ on a Pi 5.
    """

    format: str
    size_px: tuple[int, int]
    stride_bytes: int
    bayer: Bayer | None
    bits: int
    sensor_bits: int

    @property
    def white(self) -> float:
        """Value of saturation."""
        return float((2**self.sensor_bits - 1) << (self.bits - self.sensor_bits))

    def black(self, metadata: Mapping[str, Any]) -> float:
        """Value of no light, the mean of the channels' levels in a frame's metadata.

        Raises
        ------
        CameraError
            If the frame does not say it, or says what cannot be.
        """
        levels = metadata.get("SensorBlackLevels")
        if not levels:
            raise CameraError("The camera does not say its black level; it cannot be measured with.")
        black = float(np.mean(levels)) * 2.0 ** (self.bits - BLACK_LEVEL_BITS)
        if not 0 <= black < self.white / 2:
            raise CameraError(
                f"The camera says a black level of {black:g} of {self.white:g}, which cannot be."
            )
        return black

    def unpack(self, data: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint16]:
        """(height, width) values of a frame's bytes, (height, stride) uint8.

        Raises
        ------
        CameraError
            If there are fewer bytes than the layout needs.
        """
        width, height = self.size_px
        if data.ndim != 2 or data.shape[0] < height or data.shape[1] != self.stride_bytes:
            raise CameraError(
                f"The camera gave a raw frame of {'×'.join(map(str, data.shape))} bytes instead of "
                f"{height}×{self.stride_bytes}; it cannot be measured."
            )
        values = data if self.bits == 8 else np.ascontiguousarray(data).view("<u2")
        return np.ascontiguousarray(values[:height, :width], dtype=np.uint16)


def layout_of(raw: Mapping[str, Any], sensor_bits: int | None = None) -> RawLayout:
    """The layout that ``camera_configuration()["raw"]`` describes.

    Raises
    ------
    CameraError
        If values were packed, compressed or processed, by the format's name.
    """
    name, size, stride = str(raw["format"]), raw["size"], int(raw["stride"])
    colour, mono = _COLOUR.fullmatch(name), _MONO.fullmatch(name)
    if colour is None and mono is None:
        raise CameraError(f"The camera gives raw format {name}, which cannot be measured: {_why_not(name)}.")
    bits = int(colour[2] if colour else mono[1])  # type: ignore[index]
    bayer = next(order for order in BAYER_ORDERS if order == colour[1].lower()) if colour else None
    width, height = int(size[0]), int(size[1])
    if stride < width * (1 if bits == 8 else 2):
        raise CameraError(
            f"The camera gives rows of {stride} bytes for {width} px of {name}; that cannot be."
        )
    return RawLayout(name, (width, height), stride, bayer, bits, min(sensor_bits or bits, bits))


def _why_not(name: str) -> str:
    if "PISP_COMP" in name:
        return "it is compressed with losses"
    if name.endswith(("_CSI2P", "P")):
        return "its values are packed across bytes"
    return "it is no raw format"

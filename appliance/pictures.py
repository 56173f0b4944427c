"""Reads picture files into linear frames, and refuses by name what cannot be measured."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from appliance.errors import PictureError
from appliance.frame import Bayer, Frame

WHITE_16_BIT = 65535.0


def read_frame(
    path: Path, bayer: Bayer | None = None, white: float | None = None, linear: bool | None = None
) -> Frame:
    """Read a picture file as a linear :class:`Frame`.

    16-bit pictures are linear. 8-bit ones are decoded from sRGB unless ``linear``. Of colour pictures the green
    channel is taken. Black is 0.

    Parameters
    ----------
    path:
        PNG, TIFF, JPEG or whatever else OpenCV reads.
    bayer:
        Colour order if the picture is a single-channel raw mosaic.
    white:
        Value of saturation; default 65535 for 16-bit pictures and 255 for 8-bit ones.
    linear:
        True to take 8-bit values as linear.

    Raises
    ------
    PictureError
        If the file is missing, empty, not a picture, of another depth, or a colour picture given as a mosaic.
    """
    pixels = _read_pixels(path)
    if pixels.ndim == 3:
        if bayer is not None:
            raise PictureError(
                f"{path} is a colour picture, so it is no raw mosaic: leave --bayer out, "
                "or give the single-channel raw picture."
            )
        pixels = np.ascontiguousarray(pixels[..., 1])  # green, in OpenCV's BGR and BGRA order
    if pixels.dtype == np.uint16:
        return Frame(pixels, bayer, 0.0, white or WHITE_16_BIT, {"file": path.name})
    if pixels.dtype == np.uint8:
        if linear or bayer is not None:
            return Frame(pixels.astype(np.float32), bayer, 0.0, white or 255.0, {"file": path.name})
        return Frame(_srgb_to_linear()[pixels], None, 0.0, 1.0, {"file": path.name})
    raise PictureError(f"{path} holds {pixels.dtype} values; give a picture of 8 or 16 bits per channel.")


def _read_pixels(path: Path) -> npt.NDArray[Any]:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise PictureError(f"{path} cannot be read: {error.strerror or error}. Check the name.") from error
    if not data:
        raise PictureError(f"{path} is empty (0 bytes); copy the picture again.")
    flags = cv2.IMREAD_UNCHANGED | cv2.IMREAD_IGNORE_ORIENTATION
    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error:
        pixels = None
    if pixels is None:
        raise PictureError(
            f"{path} is not a picture that can be read, or it is damaged; take or copy it again."
        )
    return np.asarray(pixels)


def _srgb_to_linear() -> npt.NDArray[np.float32]:
    """Table of the 256 linear values (0 to 1) of 8-bit sRGB, IEC 61966-2-1."""
    v = np.arange(256) / 255
    return np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4).astype(np.float32)

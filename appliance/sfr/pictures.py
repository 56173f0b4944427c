"""Picture files' numbers → linear grey values, before anything is measured on them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from appliance.errors import PictureError
from appliance.sfr._gaussian import F32

LUMINANCE_BGR = (0.0721, 0.7154, 0.2125)
"""Weights of blue, green and red in luminance (ISO 12233:2023, clause 6.2.2; ITU-R BT.709)."""


def linear_grey(picture: npt.NDArray[Any], *, linear: bool = False) -> F32:
    """Luminance of a picture in parts of full scale, linear in light.

    Parameters
    ----------
    picture:
        (h, w), (h, w, 3) or (h, w, 4) of uint8, uint16 or floating point, colours in OpenCV's order blue, green, red;
        a fourth channel (opacity) is ignored.
    linear:
        8-bit numbers are sRGB unless this is set; 16-bit and floating-point ones are always linear.

    Returns
    -------
    (h, w) float32; integers are divided by their type's largest value, floating point is left as it is.

    Raises
    ------
    PictureError
        If the array is no picture.
    """
    if (
        picture.ndim not in (2, 3)
        or (picture.ndim == 3 and picture.shape[2] not in (1, 2, 3, 4))
        or not picture.size
    ):
        raise PictureError("This is not a grey or colour picture; give a TIFF, PNG or JPEG file.")
    if picture.dtype == np.uint8:
        levels = np.arange(256) / 255
        if not linear:
            levels = np.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4)
        values = np.take(levels.astype(np.float32), picture)
    elif np.issubdtype(picture.dtype, np.integer):
        values = picture.astype(np.float32) / np.float32(np.iinfo(picture.dtype).max)
    else:
        values = picture.astype(np.float32)
    if values.ndim == 2:
        return values
    if values.shape[2] < 3:
        return np.ascontiguousarray(values[:, :, 0])
    return np.asarray(values[:, :, :3] @ np.array(LUMINANCE_BGR, dtype=np.float32), dtype=np.float32)

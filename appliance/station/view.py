"""What one photo says of the bench, for alignment and ``doctor``: its figures, its raw format and its light."""

from __future__ import annotations

from typing import Any

from appliance.checks.align import align
from appliance.devices.exposure import white_share
from appliance.focus.result import Setup
from appliance.frame import Frame


def view(frame: Frame, setup: Setup) -> dict[str, Any]:
    """JSON-ready: the fields of :class:`~appliance.checks.align.Alignment`, and three of the photo itself.

    ``raw_frames`` says size, Bayer order, black and saturation in words; ``white_share`` is where the chart's white
    lies between the two; ``exposure_us`` the exposure in µs, None where the camera does not say it.
    """
    height, width = frame.plane.shape
    return {
        **align(frame, setup).to_dict(),
        "raw_frames": f"{width}×{height} px, {frame.bayer or 'grey'}, black {frame.black:g}, white {frame.white:g}",
        "white_share": round(white_share(frame), 3),
        "exposure_us": frame.metadata.get("ExposureTime"),
    }

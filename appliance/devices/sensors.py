"""The sensors this appliance knows: in which mode each is measured, and with how many bits and how large pixels."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from appliance.errors import UsageError

PITCH_TOLERANCE = 0.01


@dataclass(frozen=True)
class SensorProfile:
    """How one kind of sensor is read.

    Attributes
    ----------
    model:
        Name as libcamera gives it, in lower case.
    size_px:
        Width and height of the raw mode measured in.
    bit_depth:
        Bits that the sensor delivers, whatever layout they arrive in.
    raw_format:
        Unpacked format to ask for; the Bayer order that comes back may be another one.
    pixel_pitch_um:
        Pitch of the pixels of that mode, µm.
    frame_us:
        Frame duration of the live picture, µs.
    """

    model: str
    size_px: tuple[int, int]
    bit_depth: int
    raw_format: str
    pixel_pitch_um: float
    frame_us: int
    note: str = ""


PROFILES = (
    SensorProfile(
        "imx477", (4056, 3040), 12, "SRGGB12", 1.55, 100_000, "HQ camera, full size at 10 frames/s"
    ),
    SensorProfile("imx296", (1456, 1088), 10, "SBGGR10", 3.45, 16_667, "GS camera, global shutter"),
    SensorProfile("imx296_mono", (1456, 1088), 10, "R10", 3.45, 16_667, "GS camera without colour filters"),
    SensorProfile(
        "imx708",
        (2304, 1296),
        10,
        "SBGGR10",
        2.8,
        20_000,
        "Camera Module 3, 2 × 2 binned: its full size is put together anew on the chip",
    ),
)
_VARIANTS = ("_wide", "_noir")
"""Same silicon, other lens or filter: ``imx708_wide_noir`` is measured as imx708."""

DEFECT_CORRECTION_FILE = Path("/sys/module/imx477/parameters/dpc_enable")
"""The HQ sensor's own defective-pixel correction, a parameter of its driver; ``0`` is off."""


def profile_of(model: str) -> SensorProfile | None:
    """The profile of a sensor by libcamera's name for it; None for one that is not known."""
    name = model.lower()
    for variant in _VARIANTS:
        name = name.replace(variant, "")
    return next((profile for profile in PROFILES if profile.model == name), None)


def check_pitch(profile: SensorProfile, pixel_pitch_um: float) -> None:
    """Refuse a pixel pitch that is not this sensor's: every figure in µm would be wrong by its ratio.

    Raises
    ------
    UsageError
        If they differ by more than 1 %.
    """
    if abs(pixel_pitch_um / profile.pixel_pitch_um - 1) > PITCH_TOLERANCE:
        raise UsageError(
            f"The camera is an {profile.model}, whose pixels are {profile.pixel_pitch_um:g} µm as it is measured, but "
            f"the setting pixel_pitch_um is {pixel_pitch_um:g}. Set pixel_pitch_um = {profile.pixel_pitch_um:g}."
        )


def defect_correction(file: Path = DEFECT_CORRECTION_FILE) -> str:
    """Whether the sensor mends pixels by itself: ``off``, ``on`` or ``unknown``."""
    try:
        text = file.read_text(encoding="ascii").strip()
    except OSError:
        return "unknown"
    return "off" if text in ("0", "N") else "on"

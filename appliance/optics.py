"""Thin-lens relations, units and the one sign convention, in one place.

Symbols: focal length f and object distance o from the lens in mm; image distance i in mm; magnification
m = i / o > 0; f-number N as marked; circle of confusion c in µm; focus in dioptres (1/m).

Signs: ``focus_error_mm`` > 0 means that best focus lies behind the aim point, farther from the camera (back
focus). ``image_shift_um`` has the sign of ``focus_error_mm``. ``flange_error_um`` > 0 means that the sensor
sits too far from the lens, and equals −``image_shift_um`` for a trusted focus ring.
"""

from __future__ import annotations

from math import hypot, inf, sqrt

GREEN_WAVELENGTH_UM = 0.55
"""Design wavelength of the green channel, µm."""
RING_MM_PER_TURN, RING_MM_PER_TURN_U = 0.77, 0.0115
"""Travel of the HQ camera's back-focus ring, mm per turn, and its standard uncertainty: others measured 0.75 to 0.79,
taken as a rectangular distribution (half its width over √3)."""


def magnification(focal_length_mm: float, object_distance_mm: float) -> float:
    """Magnification m = f / (o − f) of a thin lens focused at ``object_distance_mm`` from the lens."""
    return focal_length_mm / (object_distance_mm - focal_length_mm)


def image_distance_mm(focal_length_mm: float, magnification: float) -> float:
    """Image distance i = f (1 + m) in mm."""
    return focal_length_mm * (1 + magnification)


def working_f_number(f_number: float, magnification: float) -> float:
    """Working f-number N (1 + m) of a lens marked ``f_number``."""
    return f_number * (1 + magnification)


def depth_of_focus_um(f_number: float, magnification: float, coc_um: float) -> float:
    """Single-side depth of focus N (1 + m) c on the image side, µm."""
    return working_f_number(f_number, magnification) * coc_um


def depth_of_field_mm(f_number: float, magnification: float, coc_um: float) -> float:
    """Single-side depth of field N c (1 + m) / m² on the object side, mm."""
    return depth_of_focus_um(f_number, magnification, coc_um) / magnification**2 / 1000


def object_distance_from_sensor_distance_mm(focal_length_mm: float, sensor_distance_mm: float) -> float:
    """Lens-to-object distance o in mm, from the distance o + i that is engraved on lenses.

    Solves 1/f = 1/o + 1/(d − o) for the farther conjugate.

    Raises
    ------
    ValueError
        If d < 4 f: no thin lens of that focal length focuses so near.
    """
    d, f = sensor_distance_mm, focal_length_mm
    if d < 4 * f:
        raise ValueError(f"{d:g} mm from the sensor is nearer than four focal lengths of {f:g} mm")
    return (d + sqrt(d * d - 4 * d * f)) / 2


def aim_distances_mm(
    focal_length_mm: float, magnification: float, focus_error_mm: float
) -> tuple[float, float]:
    """Object and image distance (o, i) of the aim point in mm, from the magnification of a picture out of focus.

    The sensor stands at i_s = m o, where the lens focuses, and not at i: 1/f = 1/(m o) + 1/(o + e). With m as that of
    a picture in focus, o would be wrong by the part m e / (f + m e), and the image shift by twice that.
    """
    f, m, e = focal_length_mm, magnification, focus_error_mm
    b = f * (1 + m) - m * e
    root = sqrt(b * b + 4 * m * f * e)
    object_mm = (b + root) / (2 * m) if b > 0 else 2 * f * e / (root - b)
    return object_mm, f * object_mm / (object_mm - f)


def focus_error_dioptres(focus_error_mm: float, object_distance_mm: float) -> float:
    """ΔD = 1/o − 1/(o + e) in 1/m: positive for back focus (e > 0)."""
    return 1000 / object_distance_mm - 1000 / (object_distance_mm + focus_error_mm)


def image_shift_um(focus_error_mm: float, object_distance_mm: float, image_distance_mm: float) -> float:
    """Image-side shift i² ΔD in µm, with the sign of ``focus_error_mm``."""
    return image_distance_mm**2 * focus_error_dioptres(focus_error_mm, object_distance_mm)


def image_shift_um_per_mm(
    focus_error_mm: float, object_distance_mm: float, image_distance_mm: float
) -> float:
    """Slope of :func:`image_shift_um` at ``focus_error_mm``, µm per mm: a millimetre farther away counts for less."""
    return 1000 * (image_distance_mm / (object_distance_mm + focus_error_mm)) ** 2


def focus_error_mm_from_image_shift(
    image_shift_um: float, object_distance_mm: float, image_distance_mm: float
) -> float:
    """Object-side focus error in mm that belongs to an image-side shift; inverse of :func:`image_shift_um`.

    ∞ for shifts to infinity and beyond it.
    """
    dioptres = 1000 / object_distance_mm - image_shift_um / image_distance_mm**2
    return 1000 / dioptres - object_distance_mm if dioptres > 0 else inf


def depths_of_focus(image_shift_um: float, depth_of_focus_um: float) -> float:
    """Image-side shift in single-side depths of focus (µm over µm), with the sign of the shift."""
    return image_shift_um / depth_of_focus_um


def flange_error_um(image_shift_um: float) -> float:
    """How much too far from the lens the sensor sits, µm; only true of a focus ring that is trusted.

    A lens set to the aim point's true distance that focuses behind it (``image_shift_um`` > 0) has the sensor too near.
    """
    return -image_shift_um


def shim_change_um(flange_error_um: float) -> float:
    """By how much the shims between mount and lens must grow to take a flange error away, µm; < 0: become thinner.

    Shims hold the lens away from its mount, and so from the sensor: where the sensor sits too far
    (``flange_error_um`` > 0) they are too thick.
    """
    return -flange_error_um


def ring_turn_deg(flange_error_um: float) -> float:
    """Turn of the HQ camera's back-focus ring that takes a flange error away, degrees.

    Positive turns move the lens away from the sensor, negative ones towards it: a sensor that sits too far
    (``flange_error_um`` > 0) needs a negative turn.
    """
    return -flange_error_um / (RING_MM_PER_TURN * 1000) * 360


def ring_turn_u_deg(flange_error_um: float, flange_error_u_um: float) -> float:
    """Standard uncertainty of :func:`ring_turn_deg` in degrees, from those of error (µm) and ring travel."""
    relative = RING_MM_PER_TURN_U / RING_MM_PER_TURN
    return abs(ring_turn_deg(1.0)) * hypot(flange_error_u_um, flange_error_um * relative)

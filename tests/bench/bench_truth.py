"""Truths about pictures that owe nothing to the bench's code: textbook integrals and charts of one edge."""

from __future__ import annotations

from dataclasses import replace
from math import cos, pi, radians, sin, sqrt

import numpy as np
import numpy.typing as npt
from scipy import integrate

from appliance.bench import Chart, Lens, Scene, Sensor
from appliance.chart.layout import Layout, layout

Array = npt.NDArray[np.float64]

WAVELENGTH_UM = 0.55
GENERAL = layout("a4")
AIM = np.array(GENERAL.aim_mm)


def chart_of(*polygons: npt.ArrayLike) -> Layout:
    return replace(
        GENERAL, ink=tuple(tuple((float(x), float(y)) for x, y in np.asarray(p)) for p in polygons)
    )


def half_plane(angle_deg: float, reach_mm: float = 70.0) -> Layout:
    """Ink on the side of the aim point that the direction ``angle_deg`` (x to the right, y down) points to."""
    normal = np.array([cos(radians(angle_deg)), sin(radians(angle_deg))])
    along = np.array([-normal[1], normal[0]])
    near, far = AIM, AIM + reach_mm * normal
    return chart_of(
        [near - reach_mm * along, near + reach_mm * along, far + reach_mm * along, far - reach_mm * along]
    )


def edge_scene(
    angle_deg: float,
    f_number: float,
    w020_waves: float,
    tilt_deg: float = 0.0,
    print_blur_um: float = 0.0,
    size: tuple[int, int] = (140, 130),
    focal_length_mm: float = 50.0,
    object_distance_mm: float = 1000.0,
    **lens: float,
) -> Scene:
    """A black and white edge through the aim point, out of focus there by so many waves of 0.55 µm."""
    pupil_radius = focal_length_mm / f_number / 2
    in_focus = 1 / (1 / object_distance_mm + 2 * w020_waves * WAVELENGTH_UM / 1000 / pupil_radius**2)
    return Scene(
        Lens(focal_length_mm, f_number, focus_error_mm=in_focus - object_distance_mm, **lens),
        Chart(half_plane(angle_deg), 1.0, 0.0, 1.0, print_blur_um),
        Sensor(*size, bayer=None, noise=False),
        object_distance_mm=object_distance_mm,
        tilt_deg=tilt_deg,
    )


def defocused_otf(s: float, w020_waves: float) -> float:
    """Hopkins' integral for a circular pupil, s relative to the cut-off."""
    if s >= 1:
        return 0.0
    value, _ = integrate.quad(
        lambda x: sqrt(max(1 - (x + s) ** 2, 0.0)) * cos(8 * pi * w020_waves * s * x), 0, 1 - s, limit=200
    )
    return 4 / pi * float(value)


def edge_profile(
    distance_px: Array,
    normal: Array,
    working_f_number: float,
    w020_waves: float,
    sigma_px: float,
    pitch_um: float = 1.55,
) -> Array:
    """Mean light on a square pixel at a distance from a straight edge: 0 far on its negative side, 1 on the other."""
    cutoff = pitch_um / (WAVELENGTH_UM * working_f_number)
    nodes, weights = np.polynomial.legendre.leggauss(600)
    frequency, weights = (nodes + 1) / 2 * cutoff, weights * cutoff / 2
    response = np.array([defocused_otf(s, w020_waves) for s in frequency / cutoff])
    response *= np.exp(-2 * pi**2 * sigma_px**2 * frequency**2)
    response *= np.sinc(frequency * normal[0]) * np.sinc(frequency * normal[1])
    profile: Array = 0.5 + np.sin(2 * pi * np.outer(distance_px, frequency)) @ (
        weights * response / (pi * frequency)
    )
    return profile

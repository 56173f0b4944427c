"""What blurs a picture at one place of it: lens at the local defocus, print, pixel aperture and motion."""

from __future__ import annotations

from dataclasses import dataclass, fields
from math import pi

import numpy as np
import numpy.typing as npt

from appliance.bench.geometry import DESIGN_WAVELENGTH_UM, Projection
from appliance.bench.otf import OtfTable, otf_table, table_range
from appliance.bench.scene import Lens

Array = npt.NDArray[np.float64]

BAND_TOLERANCE = 7e-4
"""Response below which high frequencies are left out; the error in a pixel beside an edge is smaller."""
MOST_SAMPLES = 3
LEAST_BENT = 0.01
"""Growth of the blur's radius per pixel from which its second order counts: 6e-5 of the radius."""


@dataclass(frozen=True)
class Spread:
    """Local blur at (n,) points.

    W020 in µm, medial; half the tangential less the sagittal W020 in µm, and the tangential direction in rad;
    the covariance of the print blur in px².
    """

    w020_um: Array
    astigmatism_um: Array
    azimuth: Array
    xx: Array
    xy: Array
    yy: Array

    def chosen(self, which: list[int]) -> Spread:
        """Pick some of the points."""
        return Spread(*(getattr(self, f.name)[which] for f in fields(self)))

    def along(self, angle: float | Array) -> tuple[Array, Array]:
        """W020 in µm along a direction in rad, and the cross term of that direction."""
        turn = 2 * (angle - self.azimuth)
        return self.w020_um + self.astigmatism_um * np.cos(turn), self.astigmatism_um * np.sin(turn)

    def widest(self) -> float:
        """Largest standard deviation of the print blur in px, in any direction or more."""
        return float(np.sqrt(np.max(self.xx + self.yy, initial=0)))

    def narrowest_variance(self) -> float:
        """Smallest variance of the print blur in px², in any direction."""
        half_trace, half_difference = (self.xx + self.yy) / 2, (self.xx - self.yy) / 2
        return max(float(np.min(half_trace - np.hypot(half_difference, self.xy))), 0.0)


@dataclass(frozen=True)
class Tile:
    """Output pixels [top, bottom) × [left, right)."""

    top: int
    bottom: int
    left: int
    right: int

    def points(self, rows: int, columns: int) -> Array:
        """(rows × columns, 2) pixel coordinates spread evenly from corner to corner."""
        y = np.linspace(self.top, self.bottom - 1, rows)
        x = np.linspace(self.left, self.right - 1, columns)
        return np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)


BLUE_UM, RED_UM = 0.48, 0.62
"""Wavelengths between which longitudinal colour is told: the ends of what green pixels see."""


def colour_w020_um(lens: Lens, working_f_number: float) -> tuple[float, ...]:
    """W020 in µm of each of a lens's wavelengths at the focus of 0.55 µm; () for a lens without longitudinal colour.

    Light that comes to focus farther from the lens, by z, has W020 less by z / 8 N².
    """
    if not lens.axial_colour_um:
        return ()
    per_um = lens.axial_colour_um / (RED_UM - BLUE_UM)
    return tuple(
        -per_um * (wavelength - DESIGN_WAVELENGTH_UM) / (8 * working_f_number**2)
        for wavelength, _ in lens.wavelengths_um
    )


class Optics:
    """Everything that blurs, for one projection."""

    def __init__(self, projection: Projection) -> None:
        scene = projection.scene
        self.projection = projection
        self.pitch_um = scene.sensor.pitch_um
        self.motion = scene.mishap.motion_px
        self.spherical_um = scene.lens.spherical_waves * DESIGN_WAVELENGTH_UM
        everywhere = Tile(0, scene.sensor.height, 0, scene.sensor.width).points(25, 25)
        defocus = projection.w020_um_at_pixels(everywhere)
        self.most_cross_um = abs(scene.lens.astigmatism_waves) * DESIGN_WAVELENGTH_UM / 2
        self.blur_px_per_um = 4 * projection.working_f_number / self.pitch_um
        steps = np.gradient(defocus.reshape(25, 25), scene.sensor.height / 24, scene.sensor.width / 24)
        growth = float(np.hypot(*steps).max()) * self.blur_px_per_um
        slack = 0.05 * (defocus.max() - defocus.min()) + 0.02 + self.most_cross_um
        self.table: OtfTable = otf_table(
            projection.working_f_number,
            self.pitch_um,
            scene.lens.wavelengths_um,
            self.spherical_um,
            table_range(defocus.min() - slack, defocus.max() + slack),
            self.most_cross_um,
            growth > LEAST_BENT,
            colour_w020_um(scene.lens, projection.working_f_number),
        )

    def spread(self, points: Array) -> Spread:
        """Local blur at (n, 2) pixel coordinates."""
        chart = self.projection.scene.chart
        jacobian = self.projection.pixels_per_mm(points) * (chart.print_blur_um * chart.print_scale / 1000)
        covariance = jacobian @ jacobian.transpose(0, 2, 1)
        w020 = self.projection.w020_um_at_pixels(points)
        astigmatism, azimuth = self.projection.astigmatism_um_at_pixels(points)
        return Spread(
            w020, astigmatism / 2, azimuth, covariance[:, 0, 0], covariance[:, 0, 1], covariance[:, 1, 1]
        )

    def slope(self, tile: Tile) -> Array:
        """(2,) mean change of W020 in µm per pixel to the right and down a tile."""
        right, bottom = tile.right - 1, tile.bottom - 1
        middle = np.array([(tile.left + right) / 2, (tile.top + bottom) / 2])
        half = np.array([right - tile.left, bottom - tile.top]) / 2
        ends = np.array([middle + side * half * axis for axis in ((1, 0), (0, 1)) for side in (-1, 1)])
        w020 = self.projection.w020_um_at_pixels(ends)
        return np.asarray((w020[1::2] - w020[::2]) / (2 * half))

    def radius_px(self, spread: Spread) -> float:
        """Generous radius of the blur: its geometric rim, and room for the diffraction's tail."""
        number, pitch = self.projection.working_f_number, self.pitch_um
        farthest = np.abs(spread.w020_um).max() + np.abs(spread.astigmatism_um).max()
        geometric = 4 * number * farthest + 8 * number * abs(self.spherical_um)
        airy = number * DESIGN_WAVELENGTH_UM
        shake = max(abs(m) for m in self.motion) / 2
        return float((geometric + 12 * airy) / pitch + shake + 3 * spread.widest() + 20)

    def passed(self, spread: Spread) -> tuple[Array, Array]:
        """Frequencies in cycles per pixel, and the most that comes through at them."""
        slack = np.abs(spread.astigmatism_um).max()
        rows, _ = self.table.rows(np.array([spread.w020_um.min() - slack, spread.w020_um.max() + slack]))
        passed = np.abs(self.table.values[:, rows[0] - 1 : rows[1] + 3]).max(axis=(0, 1))
        frequency = np.arange(len(passed), dtype=float) * self.table.frequency_step
        passed = passed * np.exp(-2 * pi**2 * spread.narrowest_variance() * frequency**2)
        passed *= np.maximum(np.abs(np.sinc(frequency)), np.sinc(frequency / 2**0.5) ** 2)
        return frequency, np.asarray(passed, float)

    def band_limit_cpp(self, spread: Spread) -> float:
        """Frequency above which nothing of note comes through, in cycles per pixel."""
        frequency, passed = self.passed(spread)
        above = np.flatnonzero(passed > BAND_TOLERANCE)
        return float(frequency[min(above[-1] + 1, len(frequency) - 1)])

    def samples_per_pixel(self, spread: Spread) -> int:
        """Samples of the sharp picture, per pixel and direction, that this blur needs."""
        frequency, passed = self.passed(spread)
        if self.band_limit_cpp(spread) <= 0.36:
            return 1
        return 2 if passed[frequency > 0.95].max(initial=0) < 0.004 else MOST_SAMPLES

    def aperture(self, x_cpp: Array, y_cpp: Array) -> Array:
        """Response of pixel aperture and motion at frequencies that broadcast against each other."""
        shake = np.sinc(x_cpp * self.motion[0] + y_cpp * self.motion[1])
        response: Array = np.sinc(x_cpp) * np.sinc(y_cpp) * shake
        return response

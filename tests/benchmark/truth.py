"""What a perfect measurement of a scene would say, worked out without the product's own formulas."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import sqrt

import numpy as np
import numpy.typing as npt

from appliance.bench import Projection, Scene, Sensor
from appliance.bench.geometry import DESIGN_WAVELENGTH_UM

Array = npt.NDArray[np.float64]

BORDER_PX = 12.0
CLIENT_COC_UM = 15.0


def magnification(scene: Scene) -> float:
    """f / (o - f) at the aim point."""
    focal = scene.lens.focal_length_mm
    return focal / (scene.object_distance_mm - focal)


def depth_of_field_mm(scene: Scene) -> float:
    """Single-side depth of field N c (1 + m) / m² with c = one pixel, in mm."""
    m = magnification(scene)
    return scene.lens.f_number * scene.sensor.pitch_um * 1e-3 * (1 + m) / m**2


def focus_mm(scene: Scene) -> float | None:
    """Where best focus lies, behind the aim point, in the sense that ``appliance/focus/fit/through_focus.py`` defines.

    The plane of least RMS wavefront error, W020 = -W040, on the optical axis: field curvature and a tilt of the field
    across the chart's slope are told apart and do not count. A tilt along the slope cannot be told from a change of the
    slope, so it does: the depth at which the picture's column through the aim point is sharpest. None if it lies more
    than two pictures' heights outside.
    """
    flat = Projection(replace(scene, lens=replace(scene.lens, field_curvature_um=0.0)))
    column, aim_y = flat.pixels([scene.chart.layout.aim_mm])[0]
    wanted = -scene.lens.spherical_waves * DESIGN_WAVELENGTH_UM - _colour_um(scene)

    def over(y: Array) -> Array:
        return flat.w020_um_at_pixels(np.stack([np.full_like(y, column), y], axis=1)) - wanted

    y = aim_y + np.linspace(-2, 2, 8001) * scene.sensor.height
    above = over(y) > 0
    crossings = np.flatnonzero(above[:-1] != above[1:])
    if not crossings.size:
        return None
    k = crossings[np.argmin(np.abs(y[crossings] - aim_y))]
    low, high = y[k], y[k + 1]
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if (over(np.array([middle]))[0] > 0) == above[k] else (low, middle)
    inverse = flat.inverse_depths(np.array([(column, low)]))[0]
    return float(1 / inverse - scene.object_distance_mm) if inverse > 0 else None


def _colour_um(scene: Scene) -> float:
    """W020 of the light's mean focus at that of 0.55 µm, weighted as the variance of wavefronts in waves is."""
    lens = scene.lens
    working = lens.f_number * (1 + magnification(scene))
    wavelength, weight = np.array(lens.wavelengths_um).T
    each = -lens.axial_colour_um * (wavelength - DESIGN_WAVELENGTH_UM) / 0.14 / (8 * working**2)
    pull = weight / wavelength**2
    return float((pull * each).sum() / pull.sum())


def image_shift_um(scene: Scene, focus_mm: float) -> float:
    """i² ΔD in µm, sign of ``focus_mm``."""
    focal, object_mm = scene.lens.focal_length_mm, scene.object_distance_mm
    image_mm = focal * object_mm / (object_mm - focal)
    return 1000 * image_mm**2 * (1 / object_mm - 1 / (object_mm + focus_mm))


def tolerance_um(scene: Scene) -> float:
    """The product's default tolerance: working f-number × 15 µm."""
    return scene.lens.f_number * (1 + magnification(scene)) * CLIENT_COC_UM


@dataclass(frozen=True)
class Reach:
    """Depth behind the aim point of the nearest (< 0) and farthest printed edge that is seen whole, in mm."""

    near_mm: float
    far_mm: float
    edges: int

    def of(self, side: float) -> float:
        """Signed depth of the chart's end on one side."""
        return self.far_mm if side > 0 else self.near_mm

    def part(self, focus_mm: float) -> float:
        """Focus as a part of the chart's depth on its side: 0 at the aim point, 1 at the chart's end."""
        end = self.of(focus_mm)
        return abs(focus_mm / end) if end else float("inf")


def reach(scene: Scene) -> Reach:
    """What of the chart's depth the photo shows."""
    projection = Projection(scene)
    edges = scene.chart.layout.edges
    ends = np.array([(e.x1_mm, e.y1_mm) for e in edges] + [(e.x2_mm, e.y2_mm) for e in edges])
    positions = projection.positions(ends)
    before = positions[:, 2] > 2 * scene.lens.focal_length_mm
    size = (scene.sensor.width, scene.sensor.height)
    where = projection.pixels(ends)
    seen = before & np.all((where > BORDER_PX) & (where < np.array(size) - 1 - BORDER_PX), axis=1)
    whole = seen[: len(edges)] & seen[len(edges) :]
    if not whole.any():
        return Reach(0.0, 0.0, 0)
    depth = positions.reshape(2, len(edges), 3)[:, whole, 2].mean(axis=0) - scene.object_distance_mm
    return Reach(float(depth.min()), float(depth.max()), int(whole.sum()))


def fill(scene: Scene) -> float:
    """The chart's printed part over the picture, of width or height (foreshortened), whichever is more."""
    chart, sensor = scene.chart.layout, scene.sensor
    px_per_mm = magnification(scene) * 1000 / sensor.pitch_um
    wide = chart.columns * chart.pitch_mm * px_per_mm / sensor.width
    tall = chart.rows * chart.pitch_mm * px_per_mm * np.cos(np.radians(scene.tilt_deg)) / sensor.height
    return float(max(wide, tall))


def full_well_for(contrast_to_noise: float, scene: Scene) -> float:
    """Full well in electrons that gives edges of the scene's chart this contrast-to-noise at the scene's exposure."""
    dark = scene.chart.ink_reflectance / scene.chart.paper_reflectance
    low, high = 1.0, 1e7
    for _ in range(80):
        middle = sqrt(low * high)
        low, high = (
            (middle, high)
            if _contrast_to_noise(middle, dark, scene.sensor) < contrast_to_noise
            else (low, middle)
        )
    return low / min(scene.light.exposure, 1.0)


def _contrast_to_noise(paper_e: float, dark: float, sensor: Sensor) -> float:
    variance = [
        level + sensor.read_noise_e**2 + (sensor.pixel_gain_spread * level) ** 2
        for level in (paper_e, dark * paper_e)
    ]
    return paper_e * (1 - dark) / sqrt(sum(variance) / 2)

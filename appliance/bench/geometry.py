"""Where every point of the paper lies: in space, in the picture, and how far out of focus.

Camera axes: X to the right and Y down as the picture shows them, Z along the optical axis from the lens to the chart.
Pixel centres have integer coordinates; the optical axis meets the sensor at ((width - 1) / 2, (height - 1) / 2).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from math import acos, cos, degrees, radians, sin

import numpy as np
import numpy.typing as npt

from appliance.bench.scene import Scene

Array = npt.NDArray[np.float64]

DESIGN_WAVELENGTH_UM = 0.55
_FARTHEST_MM = 400.0
"""From the aim point, where a bent paper ends; every chart of the family is smaller."""


@dataclass(frozen=True)
class Projection:
    """The exact geometry of one :class:`Scene`: a thin lens, seen from its centre."""

    scene: Scene

    @cached_property
    def pupil_radius_mm(self) -> float:
        """Radius of the pupil."""
        return self.scene.lens.focal_length_mm / self.scene.lens.f_number / 2

    @cached_property
    def working_f_number(self) -> float:
        """Image distance over pupil diameter."""
        return self.scene.image_distance_mm / (2 * self.pupil_radius_mm)

    @cached_property
    def chart_axes(self) -> Array:
        """(3, 2): camera directions of the paper's x and y."""
        tilt, yaw, roll = (radians(a) for a in (self.scene.tilt_deg, self.scene.yaw_deg, self.scene.roll_deg))
        tilted = np.array([(1, 0), (0, cos(tilt)), (0, -sin(tilt))], float)
        yawed = np.array([(cos(yaw), 0, -sin(yaw)), (0, 1, 0), (sin(yaw), 0, cos(yaw))])
        rolled = np.array([(cos(roll), -sin(roll), 0), (sin(roll), cos(roll), 0), (0, 0, 1)])
        axes: Array = rolled @ yawed @ tilted
        return axes

    @cached_property
    def aim(self) -> Array:
        """(3,) camera position of the aim point in mm."""
        scene = self.scene
        offset = np.array(scene.aim_offset_px) * scene.sensor.pitch_um / 1000 / scene.magnification
        return np.array([offset[0], offset[1], scene.object_distance_mm])

    @cached_property
    def sensor_axes(self) -> Array:
        """(3, 3), columns: directions of the sensor's x and y, and its centre in mm, all in the picture's sense."""
        lens = self.scene.lens
        a, b = lens.sensor_tilt_x_mrad / 1000, lens.sensor_tilt_y_mrad / 1000
        x, y = np.array([cos(b), 0.0, sin(b)]), np.array([0.0, cos(a), sin(a)])
        return np.stack([x, y, [0.0, 0.0, self.scene.image_distance_mm]], axis=1)

    @cached_property
    def _distortion(self) -> float:
        """Radial growth per squared tangent of the field angle."""
        corner = self.scene.sensor.half_diagonal_mm / self.scene.image_distance_mm
        return self.scene.lens.distortion_percent / 100 / corner**2

    @cached_property
    def normal(self) -> Array:
        """(3,) direction square to the paper at the aim point, away from the camera."""
        return np.cross(self.chart_axes[:, 0], self.chart_axes[:, 1])

    @cached_property
    def bow_per_mm2(self) -> float:
        """Depth of the paper's bend per squared distance from the aim point."""
        chart = self.scene.chart
        aim, size = np.array(chart.layout.aim_mm), np.array(chart.layout.paper_mm)
        corner = np.maximum(aim, size - aim)
        return float(chart.bow_mm / np.sum((corner * chart.print_scale) ** 2))

    def positions(self, paper_mm: npt.ArrayLike) -> Array:
        """(n, 3) camera positions in mm of (n, 2) points of the paper in mm."""
        chart = self.scene.chart
        flat = (np.asarray(paper_mm, float) - chart.layout.aim_mm) * chart.print_scale
        bow = self.bow_per_mm2 * np.sum(flat**2, axis=1, keepdims=True)
        position: Array = self.aim + flat @ self.chart_axes.T + bow * self.normal
        return position

    def _on_sensor(self, direction: Array) -> Array:
        """(n, 3): sensor x, y and distance along the axis, in mm, of (n, 2) tangents of ideal field angles."""
        squared = np.sum(direction**2, axis=1, keepdims=True)
        corner = self.scene.sensor.half_diagonal_mm / self.scene.image_distance_mm
        # far outside the picture the polynomial would turn back into it
        bent = direction * (1 + self._distortion * np.minimum(squared, (1.5 * corner) ** 2))
        rays = np.concatenate([bent, np.ones((len(bent), 1))], axis=1)
        solved = rays @ np.linalg.inv(self.sensor_axes).T
        xy = solved[:, :2] / solved[:, 2:]
        return np.concatenate([xy, self._sensor_distance(xy)[:, None]], axis=1)

    def _sensor_distance(self, xy_mm: Array) -> Array:
        return xy_mm @ self.sensor_axes[2, :2] + self.scene.image_distance_mm

    def _to_pixels(self, xy_mm: Array) -> Array:
        sensor = self.scene.sensor
        scale = 1000 / sensor.pitch_um * np.array([1 / self.scene.lens.squeeze, 1.0])
        return xy_mm * scale + ((sensor.width - 1) / 2, (sensor.height - 1) / 2)

    def _from_pixels(self, pixels: Array) -> Array:
        sensor = self.scene.sensor
        scale = sensor.pitch_um / 1000 * np.array([self.scene.lens.squeeze, 1.0])
        return (pixels - ((sensor.width - 1) / 2, (sensor.height - 1) / 2)) * scale

    def pixels(self, paper_mm: npt.ArrayLike) -> Array:
        """(n, 2) pixel coordinates of (n, 2) points of the paper in mm."""
        position = self.positions(paper_mm)
        return self._to_pixels(self._on_sensor(position[:, :2] / position[:, 2:])[:, :2])

    def field_directions(self, pixels: npt.ArrayLike) -> Array:
        """(n, 2) tangents of the field angles that (n, 2) pixel coordinates look along, distortion undone."""
        xy = self._from_pixels(np.asarray(pixels, float))
        rays = xy @ self.sensor_axes[:, :2].T + self.sensor_axes[:, 2]
        bent = rays[:, :2] / rays[:, 2:]
        if self._distortion == 0:
            return bent
        radius = np.sqrt(np.sum(bent**2, axis=1, keepdims=True))
        straight = radius.copy()
        for _ in range(8):  # Newton; the distortions of real lenses are monotonic over the picture
            excess = straight * (1 + self._distortion * straight**2) - radius
            straight -= excess / (1 + 3 * self._distortion * straight**2)
        found: Array = bent * np.where(radius > 0, straight / np.where(radius > 0, radius, 1), 1)
        return found

    def _seen(self, pixels: npt.ArrayLike) -> tuple[Array, Array]:
        """What (n, 2) pixels see: (n,) 1 / Z in 1/mm (0 beyond the horizon), (n, 2) mm from the aim point on paper."""
        direction = self.field_directions(pixels)
        rays = np.concatenate([direction, np.ones((len(direction), 1))], axis=1)
        bow = np.zeros(len(rays))
        # a bent paper is met where a parallel plane through that very point is met; a flat one at once
        for _ in range(1 if self.bow_per_mm2 == 0 else 40):
            inverse = np.maximum(rays @ self.normal / (self.normal @ self.aim + bow), 0.0)
            flat = (rays / np.maximum(inverse, 1e-9)[:, None] - self.aim) @ self.chart_axes
            bow = self.bow_per_mm2 * np.minimum(np.sum(flat**2, axis=1), _FARTHEST_MM**2)
        return inverse, flat

    def inverse_depths(self, pixels: npt.ArrayLike) -> Array:
        """(n,) 1 / Z in 1/mm of what (n, 2) pixels see of the chart; 0 beyond its horizon."""
        return self._seen(pixels)[0]

    def paper_points(self, pixels: npt.ArrayLike) -> Array:
        """(n, 2) points of the paper in mm that (n, 2) pixels see; inverse of :meth:`pixels`."""
        chart = self.scene.chart
        points: Array = self._seen(pixels)[1] / chart.print_scale + chart.layout.aim_mm
        return points

    def _defocus(self, inverse_depth: Array, xy_mm: Array, sensor_mm: Array) -> Array:
        """W020 in µm: the sphere that converges to the image, seen from one that converges to the sensor."""
        scene = self.scene
        image = 1 / (1 / scene.lens.focal_length_mm - inverse_depth)
        radius2 = np.sum(xy_mm**2, axis=1) / scene.sensor.half_diagonal_mm**2
        image = image + scene.lens.field_curvature_um / 1000 * radius2
        waves_um: Array = 1000 * self.pupil_radius_mm**2 / 2 * (1 / image - 1 / sensor_mm)
        return waves_um

    def w020_um_at_paper(self, paper_mm: npt.ArrayLike) -> Array:
        """(n,) defocus coefficient W020 in µm of (n, 2) points of the paper.

        Positive where the image forms before the sensor: the point lies behind the surface of best focus.
        """
        position = self.positions(paper_mm)
        spot = self._on_sensor(position[:, :2] / position[:, 2:])
        return self._defocus(1 / position[:, 2], spot[:, :2], spot[:, 2])

    def w020_um_at_pixels(self, pixels: npt.ArrayLike) -> Array:
        """(n,) defocus coefficient W020 in µm of what (n, 2) pixels see."""
        xy = self._from_pixels(np.asarray(pixels, float))
        return self._defocus(self.inverse_depths(pixels), xy, self._sensor_distance(xy))

    def astigmatism_um_at_pixels(self, pixels: npt.ArrayLike) -> tuple[Array, Array]:
        """Tangential less sagittal W020 in µm, and the field's azimuth in rad, at (n, 2) pixels."""
        xy = self._from_pixels(np.asarray(pixels, float))
        radius2 = np.sum(xy**2, axis=1) / self.scene.sensor.half_diagonal_mm**2
        amount = self.scene.lens.astigmatism_waves * DESIGN_WAVELENGTH_UM * radius2
        return amount, np.arctan2(xy[:, 1], xy[:, 0])

    def pixels_per_mm(self, pixels: npt.ArrayLike) -> Array:
        """(n, 2, 2) derivatives of pixel coordinates by paper coordinates at (n, 2) pixels."""
        paper = self.paper_points(pixels)
        step = 0.05
        columns = [self.pixels(paper + d) - self.pixels(paper - d) for d in ((step, 0.0), (0.0, step))]
        return np.stack(columns, axis=2) / (2 * step)


@dataclass(frozen=True)
class Truth:
    """What is exactly true of a photo.

    Attributes
    ----------
    focus_error_mm:
        As set on the lens: on the optical axis, paraxial, > 0 behind the aim point.
    image_shift_um:
        i² ΔD between the conjugates of aim point and plane of focus, sign of ``focus_error_mm``.
    magnification, object_distance_mm, image_distance_mm, distance_mm:
        At the aim point; ``distance_mm`` counts from the sensor.
    tilt_deg, obliquity_deg:
        The tilt as set, and the angle between the paper's normal at the aim point and the optical axis (equal
        without yaw).
    aim_px:
        Exact pixel position of the aim point.
    crossing_mm:
        Depth along the axis, from the aim point, of the point on the paper's vertical line through the aim point
        that is in paraxial focus (W020 = 0; medial with astigmatism), with field curvature and sensor tilt; None if
        there is none within two papers' height.
    crossing_least_rms_mm:
        The same for the least RMS wavefront error, W020 = -W040.
    working_f_number, depth_of_field_mm:
        i / pupil diameter; N c (1 + m) / m² with c = one pixel.
    """

    projection: Projection = field(repr=False)
    focus_error_mm: float
    image_shift_um: float
    magnification: float
    object_distance_mm: float
    image_distance_mm: float
    distance_mm: float
    tilt_deg: float
    obliquity_deg: float
    aim_px: tuple[float, float]
    crossing_mm: float | None
    crossing_least_rms_mm: float | None
    working_f_number: float
    depth_of_field_mm: float

    def pixels(self, paper_mm: npt.ArrayLike) -> Array:
        """(n, 2) exact pixel positions of (n, 2) points of the paper in mm."""
        return self.projection.pixels(paper_mm)

    def depths_mm(self, paper_mm: npt.ArrayLike) -> Array:
        """(n,) depth behind the aim point, along the axis, of (n, 2) points of the paper in mm."""
        return self.projection.positions(paper_mm)[:, 2] - self.object_distance_mm

    def w020_um(self, paper_mm: npt.ArrayLike) -> Array:
        """(n,) defocus W020 in µm, > 0 for points behind the surface of best focus."""
        return self.projection.w020_um_at_paper(paper_mm)


def truth_of(projection: Projection) -> Truth:
    """Collect what is exactly true of the scene."""
    scene = projection.scene
    aim, in_focus = scene.object_distance_mm, scene.object_distance_mm + scene.lens.focus_error_mm
    image_of_aim = 1 / (1 / scene.lens.focal_length_mm - 1 / aim)
    aim_px = projection.pixels([scene.chart.layout.aim_mm])[0]
    return Truth(
        projection=projection,
        focus_error_mm=scene.lens.focus_error_mm,
        image_shift_um=1000 * image_of_aim**2 * (1 / aim - 1 / in_focus),
        magnification=scene.magnification,
        object_distance_mm=aim,
        image_distance_mm=scene.image_distance_mm,
        distance_mm=scene.distance_mm,
        tilt_deg=scene.tilt_deg,
        obliquity_deg=degrees(acos(min(abs(float(projection.normal[2])), 1.0))),
        aim_px=(float(aim_px[0]), float(aim_px[1])),
        crossing_mm=_crossing_mm(projection, 0.0),
        crossing_least_rms_mm=_crossing_mm(projection, -scene.lens.spherical_waves * DESIGN_WAVELENGTH_UM),
        working_f_number=projection.working_f_number,
        depth_of_field_mm=scene.depth_of_field_mm,
    )


def _crossing_mm(projection: Projection, w020_um: float) -> float | None:
    """Depth from the aim point at which the paper's vertical line through the aim point has this defocus."""
    chart = projection.scene.chart
    x, aim_y = chart.layout.aim_mm

    def line(y: Array) -> Array:
        return np.stack([np.full_like(y, x), y], axis=1)

    y = aim_y + np.linspace(-2, 2, 8001) * chart.layout.paper_mm[1]
    y = y[projection.positions(line(y))[:, 2] > projection.scene.lens.focal_length_mm * 1.5]
    over = projection.w020_um_at_paper(line(y)) - w020_um
    found = np.flatnonzero((over[:-1] <= 0) != (over[1:] <= 0))
    if not len(found):
        return None
    k = found[np.argmin(np.abs(y[found] - aim_y))]
    low, high = y[k], y[k + 1]
    for _ in range(60):
        middle = (low + high) / 2
        value = projection.w020_um_at_paper(line(np.array([middle])))[0] - w020_um
        low, high = (middle, high) if (value <= 0) == (over[k] <= 0) else (low, middle)
    depth = projection.positions(line(np.array([low])))[0, 2]
    return float(depth - projection.scene.object_distance_mm)

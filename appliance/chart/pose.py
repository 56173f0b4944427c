"""The camera's view of the flat chart: a pinhole with radial distortion; ``pose_fit.py`` finds it.

Paper coordinates (mm, y down) are turned by a rotation and projected. With P the paper point relative to the aim
point, R the rotation and Q = R P, a paper point is seen at

    v = ((u0 − c) + s Q_xy) / (1 + κ Q_z),   w = v (1 + k1 |v|² / h²),   u = c + w / (1 + τ·w κ / s)

where c is the picture's centre, u0 the aim point before distortion, s = i/o in px/mm, κ = 1/o in 1/mm, h half the
picture's diagonal and τ the angles by which the sensor is out of square. Q_z > 0 lies farther from the camera. All
parameters but τ stay well conditioned for long lenses, where s and κ cannot be told apart in the usual (focal length,
distance) form; τ and an anamorphic squeeze look alike in one photo of a flat chart.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from appliance.arrays import Array, Mask

NEAREST, FARTHEST_OUT = 0.2, 2.5
"""What is nearer to the lens than this part of the aim distance, or so many half diagonals out, is not looked at."""


@dataclass(frozen=True)
class Pose:
    """Where the chart is, as seen by the camera.

    Attributes
    ----------
    rotation:
        (3,) rotation vector in radians, paper to camera axes (x right, y down, z away from the camera).
    aim_px:
        (2,) aim point in px before distortion.
    scale_px_per_mm:
        s = i/o at the aim point.
    inverse_distance_per_mm:
        1/o, reciprocal of the aim point's distance from the lens along the axis.
    distortion:
        k1 at the picture's corner, > 0 pincushion.
    squeeze:
        horizontal over vertical magnification, 1 for spherical lenses.
    sensor_tilt_x_rad, sensor_tilt_y_rad:
        angles by which the sensor is out of square, > 0 where its right or lower side lies nearer to the lens.
    """

    rotation: Array
    aim_px: Array
    scale_px_per_mm: float
    inverse_distance_per_mm: float
    distortion: float
    picture_px: tuple[int, int]
    aim_mm: tuple[float, float]
    squeeze: float = 1.0
    sensor_tilt_x_rad: float = 0.0
    sensor_tilt_y_rad: float = 0.0

    @property
    def centre_px(self) -> Array:
        """(2,) centre of the picture, px (width, height order)."""
        return (np.array(self.picture_px, float) - 1) / 2

    @property
    def half_diagonal_px(self) -> float:
        """Half the picture's diagonal, px."""
        return float(np.hypot(*self.picture_px) / 2)

    def matrix(self) -> Array:
        """(3, 3) rotation matrix."""
        return np.asarray(cv2.Rodrigues(self.rotation)[0], float)

    @property
    def normal(self) -> Array:
        """(3,) unit normal of the chart in camera axes, pointing away from the camera."""
        return self.matrix()[:, 2]

    @property
    def tilt_deg(self) -> float:
        """Angle between the chart's normal and the optical axis, degrees: 0 = square to the axis."""
        return float(np.degrees(np.arccos(np.clip(self.normal[2], -1, 1))))

    @property
    def principal_distance_px(self) -> float:
        """Image distance i = s / κ in px."""
        return self.scale_px_per_mm / self.inverse_distance_per_mm

    @property
    def object_distance_mm(self) -> float:
        """Distance o from the lens to the aim point along the axis, mm."""
        return 1 / self.inverse_distance_per_mm

    def depth_mm(self, paper_mm: Array) -> Array:
        """Depth of paper points (n, 2) behind the aim point along the optical axis, (n,) mm."""
        return np.asarray((paper_mm - self.aim_mm) @ self.matrix()[2, :2], float)

    def project(self, paper_mm: Array) -> Array:
        """Paper points (n, 2) in mm to picture points (n, 2) in px, distortion included."""
        q = (paper_mm - self.aim_mm) @ self.matrix()[:, :2].T
        ideal = (self.aim_px - self.centre_px) + self.scale_px_per_mm * q[:, :2] * (self.squeeze, 1.0)
        ideal = ideal / (1 + self.inverse_distance_per_mm * q[:, 2:])
        r2 = (ideal**2).sum(axis=1, keepdims=True) / self.half_diagonal_px**2
        bent = ideal * (1 + self.distortion * r2)
        nearer = (
            bent @ np.array([self.sensor_tilt_x_rad, self.sensor_tilt_y_rad]) / self.principal_distance_px
        )
        return np.asarray(self.centre_px + bent / (1 + nearer[:, None]), float)

    def sees(self, paper_mm: Array) -> Mask:
        """(n,) True for paper points (n, 2) that may lie in or near the picture.

        False near the lens and behind it, and so far out that the distortion, of the third order only, would fold.
        """
        q = (paper_mm - self.aim_mm) @ self.matrix()[:, :2].T
        nearer = 1 + self.inverse_distance_per_mm * q[:, 2]
        ideal = (self.aim_px - self.centre_px) + self.scale_px_per_mm * q[:, :2] * (self.squeeze, 1.0)
        r2 = (ideal**2).sum(axis=1) / (np.maximum(nearer, NEAREST) * self.half_diagonal_px) ** 2
        return np.asarray((nearer > NEAREST) & (r2 < FARTHEST_OUT**2) & (1 + 3 * self.distortion * r2 > 0.2))

    def paper_to_px(self, paper_mm: Array) -> Array:
        """(n, 2, 2) Jacobian of :meth:`project` at paper points (n, 2), px per mm."""
        step = 1e-3
        columns = [
            (self.project(paper_mm + d) - self.project(paper_mm - d)) / (2 * step)
            for d in (np.array([step, 0.0]), np.array([0.0, step]))
        ]
        return np.stack(columns, axis=2)

    def reduced(self, factor: float, picture_px: tuple[int, int]) -> Pose:
        """The pose in a picture of 1/factor of the size whose pixels are means over factor × factor of these."""
        aim = (self.aim_px + 0.5) / factor - 0.5
        return replace(self, aim_px=aim, scale_px_per_mm=self.scale_px_per_mm / factor, picture_px=picture_px)

    def vector(self) -> Array:
        """(11,) parameters of the fit: rotation, aim, log scale, relative nearness, distortion, log squeeze, askew."""
        return np.array(
            [*self.rotation, *self.aim_px, np.log(self.scale_px_per_mm), self.inverse_distance_per_mm * 1e3,
             self.distortion, np.log(self.squeeze), self.sensor_tilt_x_rad, self.sensor_tilt_y_rad]
        )  # fmt: skip

    def with_vector(self, v: Array) -> Pose:
        """The pose that has parameters ``v``; inverse of :meth:`vector`."""
        return replace(
            self,
            rotation=np.asarray(v[:3], float),
            aim_px=np.asarray(v[3:5], float),
            scale_px_per_mm=float(np.exp(v[5])),
            inverse_distance_per_mm=float(v[6]) / 1e3,
            distortion=float(v[7]),
            squeeze=float(np.exp(v[8])),
            sensor_tilt_x_rad=float(v[9]),
            sensor_tilt_y_rad=float(v[10]),
        )


PARAMETERS = 11
ROTATION, AIM, LOG_SCALE, INVERSE_DISTANCE, DISTORTION, LOG_SQUEEZE, SENSOR_TILT_X, SENSOR_TILT_Y = (
    slice(0, 3),
    slice(3, 5),
    *range(5, 11),
)
IN_PIXELS = (3, 4)


def pose_from_homography(
    h: Array, picture_px: tuple[int, int], aim_mm: tuple[float, float], principal_distance_px: float
) -> Pose:
    """First pose from a homography paper mm → px, given a rough principal distance.

    The two columns of the rotation follow from the homography's first two columns (Zhang, 2000), made orthonormal.
    """
    centre = (np.array(picture_px, float) - 1) / 2
    to_aim = np.array([[1, 0, aim_mm[0]], [0, 1, aim_mm[1]], [0, 0, 1.0]])
    shift = np.array([[1, 0, -centre[0]], [0, 1, -centre[1]], [0, 0, 1.0]])
    g = np.diag([1 / principal_distance_px, 1 / principal_distance_px, 1.0]) @ shift @ h @ to_aim
    if g[2, 2] < 0:
        g = -g
    size = (np.linalg.norm(g[:, 0]) + np.linalg.norm(g[:, 1])) / 2
    g = g / size
    u, _, vt = np.linalg.svd(np.column_stack([g[:, 0], g[:, 1], np.cross(g[:, 0], g[:, 1])]))
    rotation = u @ np.diag([1, 1, np.linalg.det(u @ vt)]) @ vt
    distance = float(g[2, 2])
    return Pose(
        rotation=np.asarray(cv2.Rodrigues(rotation)[0], float).ravel(),
        aim_px=centre + principal_distance_px * g[:2, 2] / distance,
        scale_px_per_mm=principal_distance_px / distance,
        inverse_distance_per_mm=1 / distance,
        distortion=0.0,
        picture_px=picture_px,
        aim_mm=aim_mm,
    )

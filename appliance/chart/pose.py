"""The camera's view of the flat chart: a pinhole with radial distortion, and its least-squares fit.

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
import numpy.typing as npt

Array = npt.NDArray[np.float64]


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
    nearness_per_mm:
        κ = 1/o, reciprocal of the aim point's distance from the lens along the axis.
    distortion:
        k1 at the picture's corner, > 0 pincushion.
    squeeze:
        horizontal over vertical magnification, 1 for spherical lenses.
    askew_x_rad, askew_y_rad:
        angles by which the sensor is out of square, > 0 where its right or lower side lies nearer to the lens.
    """

    rotation: Array
    aim_px: Array
    scale_px_per_mm: float
    nearness_per_mm: float
    distortion: float
    picture_px: tuple[int, int]
    aim_mm: tuple[float, float]
    squeeze: float = 1.0
    askew_x_rad: float = 0.0
    askew_y_rad: float = 0.0

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
        return self.scale_px_per_mm / self.nearness_per_mm

    @property
    def object_distance_mm(self) -> float:
        """Distance o from the lens to the aim point along the axis, mm."""
        return 1 / self.nearness_per_mm

    def depth_mm(self, paper_mm: Array) -> Array:
        """Depth of paper points (n, 2) behind the aim point along the optical axis, (n,) mm."""
        return np.asarray((paper_mm - self.aim_mm) @ self.matrix()[2, :2], float)

    def project(self, paper_mm: Array) -> Array:
        """Paper points (n, 2) in mm to picture points (n, 2) in px, distortion included."""
        q = (paper_mm - self.aim_mm) @ self.matrix()[:, :2].T
        ideal = (self.aim_px - self.centre_px) + self.scale_px_per_mm * q[:, :2] * (self.squeeze, 1.0)
        ideal = ideal / (1 + self.nearness_per_mm * q[:, 2:])
        r2 = (ideal**2).sum(axis=1, keepdims=True) / self.half_diagonal_px**2
        bent = ideal * (1 + self.distortion * r2)
        nearer = bent @ np.array([self.askew_x_rad, self.askew_y_rad]) / self.principal_distance_px
        return np.asarray(self.centre_px + bent / (1 + nearer[:, None]), float)

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
            [*self.rotation, *self.aim_px, np.log(self.scale_px_per_mm), self.nearness_per_mm * 1e3,
             self.distortion, np.log(self.squeeze), self.askew_x_rad, self.askew_y_rad]
        )  # fmt: skip

    def with_vector(self, v: Array) -> Pose:
        """The pose that has parameters ``v``; inverse of :meth:`vector`."""
        return replace(
            self,
            rotation=np.asarray(v[:3], float),
            aim_px=np.asarray(v[3:5], float),
            scale_px_per_mm=float(np.exp(v[5])),
            nearness_per_mm=float(v[6]) / 1e3,
            distortion=float(v[7]),
            squeeze=float(np.exp(v[8])),
            askew_x_rad=float(v[9]),
            askew_y_rad=float(v[10]),
        )


PARAMETERS = 11
LEAST_GAIN = 1e-4
"""Of chi-square, in an iteration of the fit; what is left to gain moves nothing by more than 0.01 σ."""
ROTATION, AIM, LOG_SCALE, NEARNESS, DISTORTION, LOG_SQUEEZE, ASKEW_X, ASKEW_Y = (
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
        nearness_per_mm=1 / distance,
        distortion=0.0,
        picture_px=picture_px,
        aim_mm=aim_mm,
    )


@dataclass(frozen=True)
class PoseFit:
    """A fitted pose with its (11, 11) covariance and the residuals (n,) in units of their standard deviation."""

    pose: Pose
    covariance: Array
    residuals: Array
    weights: Array


def fit_pose(
    start: Pose,
    paper_mm: Array,
    measured_px: Array,
    normals_px: Array | None,
    sd_px: Array,
    free: tuple[int, ...],
    prior_mean: Array | None = None,
    prior_sd: Array | None = None,
    iterations: int = 12,
) -> PoseFit:
    """Robust (Huber, 2.5 σ) Gauss-Newton fit of a pose to points or lines.

    Parameters
    ----------
    paper_mm, measured_px:
        (n, 2) paper points and where they were seen.
    normals_px:
        (n, 2) unit normals for line features: only the distance along them counts. None for points.
    sd_px:
        (n,) standard deviations of the measured positions.
    free:
        Indices of the parameters of :meth:`Pose.vector` to fit.
    prior_mean, prior_sd:
        (11,) Gaussian priors, infinite where there is none.
    """
    index = np.array(free)
    if prior_mean is None or prior_sd is None:
        prior_mean, prior_sd = np.zeros(PARAMETERS), np.full(PARAMETERS, np.inf)

    def residuals(v: Array) -> Array:
        difference = start.with_vector(v).project(paper_mm) - measured_px
        if normals_px is None:
            return np.asarray((difference / sd_px[:, None]).ravel())
        return np.asarray((difference * normals_px).sum(axis=1) / sd_px)

    def jacobian(v: Array) -> Array:
        columns = []
        for k in index:
            step = np.zeros(PARAMETERS)
            step[k] = 1e-3 if k in IN_PIXELS else 1e-6
            columns.append((residuals(v + step) - residuals(v - step)) / (2 * step[k]))
        return np.column_stack(columns)

    v = start.vector()
    damping = 1e-6
    r = residuals(v)
    w = _huber(r)
    tightness = 1 / prior_sd[index] ** 2

    def cost(v: Array, r: Array) -> float:
        a = np.abs(r)
        robust = np.where(a < 2.5, a * a, 5.0 * a - 6.25)
        return float(robust.sum() + (tightness * (v[index] - prior_mean[index]) ** 2).sum())

    for _ in range(iterations):
        j = jacobian(v)
        normal = (j * w[:, None]).T @ j + np.diag(tightness)
        gradient = j.T @ (w * r) + tightness * (v[index] - prior_mean[index])
        for _ in range(8):
            step = np.linalg.solve(normal + damping * np.diag(np.diag(normal) + 1e-12), -gradient)
            trial = v.copy()
            trial[index] += step
            r_trial = residuals(trial)
            if np.isfinite(r_trial).all() and cost(trial, r_trial) <= cost(v, r) * (1 + 1e-12):
                damping = max(damping / 10, 1e-9)
                break
            damping = max(damping, 1e-6) * 10
        else:
            break
        gained = cost(v, r) - cost(trial, r_trial)
        v, r = trial, r_trial
        w = _huber(r)
        if gained < LEAST_GAIN:
            break
    j = jacobian(v)
    covariance = np.zeros((PARAMETERS, PARAMETERS))
    inverse = np.linalg.pinv((j * w[:, None]).T @ j + np.diag(tightness))
    covariance[np.ix_(index, index)] = inverse
    return PoseFit(start.with_vector(v), covariance, r, w)


def _huber(r: Array) -> Array:
    a = np.abs(r)
    return np.where(a <= 2.5, 1.0, 2.5 / np.maximum(a, 1e-12))

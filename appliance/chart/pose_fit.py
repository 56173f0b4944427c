"""Least-squares fit of a pose to where points or lines of the chart were seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from appliance.chart.pose import PARAMETERS, Array, Pose
from appliance.chart.slopes import slopes

HUBER, MAX_DAMPINGS = 2.5, 8
MIN_GAIN = 1e-4
"""Of chi-square, in an iteration of the fit; what is left to gain moves nothing by more than 0.01 σ."""


@dataclass(frozen=True)
class PoseFit:
    """A fitted pose with its (11, 11) covariance and the residuals (n,) in units of their standard deviation."""

    pose: Pose
    covariance: Array
    residuals: Array
    weights: Array


@dataclass(frozen=True)
class _Sightings:
    """What is known of a pose: where points (n, 2) on paper were seen, and the priors of what is ``free``.

    ``like`` is a pose of the same picture. Members are those of :func:`fit_pose`; priors are of the free parameters.
    """

    like: Pose
    paper_mm: Array
    measured_px: Array
    normals_px: Array | None
    sd_px: Array
    free: npt.NDArray[np.int_]
    mean: Array
    tightness: Array

    def residuals(self, v: Array) -> Array:
        """(n,), or (2 n,) for points, residuals at the parameters ``v`` (11,)."""
        difference = self.like.with_vector(v).project(self.paper_mm) - self.measured_px
        if self.normals_px is None:
            return np.asarray((difference / self.sd_px[:, None]).ravel())
        return np.asarray((difference * self.normals_px).sum(axis=1) / self.sd_px)

    def jacobian(self, v: Array) -> Array:
        """Slopes of the residuals by the free parameters."""
        by_v = slopes(self.like.with_vector(v), self.paper_mm)[self.free]
        if self.normals_px is None:
            return np.asarray((by_v / self.sd_px[:, None]).reshape(len(self.free), -1).T)
        return np.asarray(((by_v * self.normals_px).sum(axis=2) / self.sd_px).T)

    def cost(self, v: Array, r: Array) -> float:
        """Robust chi-square of parameters with their residuals, priors included."""
        a = np.abs(r)
        robust = np.where(a < HUBER, a * a, 2 * HUBER * a - HUBER**2)
        return float(robust.sum() + (self.tightness * (v[self.free] - self.mean) ** 2).sum())

    def normal(self, j: Array, w: Array) -> Array:
        """Normal matrix of slopes with weights."""
        return np.asarray((j * w[:, None]).T @ j + np.diag(self.tightness))


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
    """Robust (Huber, 2.5 σ) damped Gauss-Newton fit of a pose to points or lines.

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
    seen = _Sightings(
        start, paper_mm, measured_px, normals_px, sd_px, index, prior_mean[index], 1 / prior_sd[index] ** 2
    )
    v, damping = start.vector(), 1e-6
    r = seen.residuals(v)
    for _ in range(iterations):
        before = seen.cost(v, r)
        stepped = _stepped(seen, v, r, damping)
        if stepped is None:
            break
        v, r, damping = stepped
        if before - seen.cost(v, r) < MIN_GAIN:
            break
    w = _huber(r)
    covariance = np.zeros((PARAMETERS, PARAMETERS))
    covariance[np.ix_(index, index)] = np.linalg.pinv(seen.normal(seen.jacobian(v), w))
    return PoseFit(start.with_vector(v), covariance, r, w)


def _stepped(seen: _Sightings, v: Array, r: Array, damping: float) -> tuple[Array, Array, float] | None:
    """Parameters and residuals one step on, with the damping for the next; None where no step lowers the cost."""
    j, w = seen.jacobian(v), _huber(r)
    normal = seen.normal(j, w)
    gradient = j.T @ (w * r) + seen.tightness * (v[seen.free] - seen.mean)
    for _ in range(MAX_DAMPINGS):
        trial = v.copy()
        trial[seen.free] += np.linalg.solve(normal + damping * np.diag(np.diag(normal) + 1e-12), -gradient)
        r_trial = seen.residuals(trial)
        if np.isfinite(r_trial).all() and seen.cost(trial, r_trial) <= seen.cost(v, r) * (1 + 1e-12):
            return trial, r_trial, max(damping / 10, 1e-9)
        damping = max(damping, 1e-6) * 10
    return None


def _huber(r: Array) -> Array:
    a = np.abs(r)
    return np.where(a <= HUBER, 1.0, HUBER / np.maximum(a, 1e-12))

"""Least-squares fit of a pose to where points or lines of the chart were seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from appliance.chart.pose import PARAMETERS, Array, Pose
from appliance.chart.slopes import slopes

LEAST_GAIN = 1e-4
"""Of chi-square, in an iteration of the fit; what is left to gain moves nothing by more than 0.01 σ."""


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
        by_v = slopes(start.with_vector(v), paper_mm)[index]
        if normals_px is None:
            return np.asarray((by_v / sd_px[:, None]).reshape(len(index), -1).T)
        return np.asarray(((by_v * normals_px).sum(axis=2) / sd_px).T)

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

"""Least-squares fit of a pose to where points or lines of the chart were seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from appliance.arrays import Array, Index, Mask
from appliance.chart.pose import PARAMETERS, Pose
from appliance.chart.slopes import slopes
from appliance.robust import Descent, descend, huber_loss, huber_weights

HUBER = 2.5
"""Residuals beyond so many standard deviations count by their size only: 98 % of a Gaussian's information is left."""
MIN_DECREASE = 1e-4
"""Of chi-square, in an iteration of the fit; what is left to gain moves nothing by more than 0.01 σ."""


@dataclass(frozen=True)
class PoseFit:
    """A fitted pose with its (11, 11) covariance and the residuals (n,) in units of their standard deviation."""

    pose: Pose
    covariance: Array
    residuals: Array
    weights: Array


@dataclass(frozen=True)
class _Sighted:
    """Parameters (11,), −2 log posterior there, and residuals (n,), or (2 n,) for points."""

    v: Array
    cost: float
    residuals: Array


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
    free: Index
    mean: Array
    tightness: Array

    def at(self, v: Array) -> _Sighted:
        """The posterior at the parameters ``v`` (11,)."""
        difference = self.like.with_vector(v).project(self.paper_mm) - self.measured_px
        if self.normals_px is None:
            r = (difference / self.sd_px[:, None]).ravel()
        else:
            r = (difference * self.normals_px).sum(axis=1) / self.sd_px
        if not np.isfinite(r).all():
            return _Sighted(v, np.inf, r)
        own = self.tightness * (v[self.free] - self.mean) ** 2
        return _Sighted(v, huber_loss(r, HUBER) + float(own.sum()), r)

    def held(self, point: _Sighted, gradient: Array) -> Mask:
        """No parameter has a bound."""
        return np.zeros(len(gradient), bool)

    def stepped(self, point: _Sighted, step: Array) -> _Sighted:
        """The posterior a step of the free parameters away."""
        v = point.v.copy()
        v[self.free] += step
        return self.at(v)

    def equations(self, point: _Sighted) -> tuple[Array, Array]:
        """Normal matrix and gradient by the free parameters."""
        j, w = self._jacobian(point.v), huber_weights(point.residuals, HUBER)
        normal = (j * w[:, None]).T @ j + np.diag(self.tightness)
        return np.asarray(normal), j.T @ (w * point.residuals) + self.tightness * (
            point.v[self.free] - self.mean
        )

    def _jacobian(self, v: Array) -> Array:
        """Slopes of the residuals by the free parameters."""
        by_v = slopes(self.like.with_vector(v), self.paper_mm)[self.free]
        if self.normals_px is None:
            return np.asarray((by_v / self.sd_px[:, None]).reshape(len(self.free), -1).T)
        return np.asarray(((by_v * self.normals_px).sum(axis=2) / self.sd_px).T)


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
    how = Descent(
        iterations,
        max_dampings=8,
        first=1e-6,
        raised_from=1e-6,
        floor=1e-12,
        min_decrease=MIN_DECREASE,
    )
    found = descend(seen, seen.at(start.vector()), how)
    covariance = np.zeros((PARAMETERS, PARAMETERS))
    covariance[np.ix_(index, index)] = np.linalg.pinv(found.normal)
    r = found.point.residuals
    return PoseFit(start.with_vector(found.point.v), covariance, r, huber_weights(r, HUBER))

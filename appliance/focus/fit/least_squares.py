"""Least squares of the through-focus model, and how far its answer can be trusted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from appliance.focus.lens.data import Array
from appliance.focus.lens.parameters import (
    APERTURE_RATIO,
    FOCUS,
    MAX_APERTURE_RATIO,
    MIN_APERTURE_RATIO,
    SHAPE_PARAMETERS,
    SPHERICAL,
)
from appliance.focus.lens.response import Model

_HUBER = 3.0
MAX_PROFILE_STEPS = 9
MAX_STEPS, MAX_DAMPINGS = 40, 10
MIN_GAIN = 1e-4
"""A step that promises to lower −2 log posterior by less is not made: rounding would decide on it, again and again."""
MAX_PROFILE_COST = 14.0
HELD_SD_WAVES = 1e-6


@dataclass(frozen=True)
class Solution:
    """Parameters ``v`` (p,), their normal matrix (p, p), reduced chi-square, and cost (priors included)."""

    v: Array
    normal: Array
    reduced_chi2: float
    cost: float


def focus_sd_waves(fit: Solution) -> float:
    """Standard deviation of focus in waves by the normal matrix, never less than the stated noise explains."""
    return float(np.sqrt(np.linalg.pinv(fit.normal)[FOCUS, FOCUS] * max(fit.reduced_chi2, 1.0)))


def profile_sd(model: Model, best: Solution, mean: Array, sd: Array, best_focus_sd_waves: float) -> float:
    """Standard uncertainty of focus in waves from its whole likelihood.

    Where little of the curve is seen, the fit is far from linear, and its covariance promises too much: focus is moved
    step by step to either side, with all else fitted anew, until nothing explains what was seen.
    """

    def held(q: float, v: Array) -> Solution:
        held_mean, held_sd = mean.copy(), sd.copy()
        held_mean[FOCUS], held_sd[FOCUS] = q, HELD_SD_WAVES
        v = v.copy()
        v[FOCUS] = q
        return maximum_a_posteriori(model, v, held_mean, held_sd)

    places, costs = [float(best.v[FOCUS])], [best.cost]
    for side in (-1.0, 1.0):
        v, q, step = best.v, float(best.v[FOCUS]), best_focus_sd_waves
        for _ in range(MAX_PROFILE_STEPS):
            q, step = q + side * step, 1.3 * step
            there = held(q, v)
            v = there.v
            places.append(q)
            costs.append(there.cost)
            if there.cost > best.cost + MAX_PROFILE_COST * max(best.reduced_chi2, 1.0):
                break
    order = np.argsort(places)
    q_all, cost = np.array(places)[order], np.array(costs)[order]
    weight = np.exp(-(cost - cost.min()) / (2 * max(best.reduced_chi2, 1.0))) * np.gradient(q_all)
    weight /= weight.sum()
    away = float(np.sqrt(weight @ np.square(q_all - best.v[FOCUS])))
    return max(best_focus_sd_waves, away)


@dataclass(frozen=True)
class _Point:
    """Parameters, −2 log posterior there, whitened residuals (n, k) and the model's slopes (n, k, p)."""

    v: Array
    cost: float
    residual: Array
    jacobian: Array


@dataclass(frozen=True)
class _Posterior:
    """A model with Gaussian priors ``mean`` and ``tightness`` (p,) of its parameters."""

    model: Model
    mean: Array
    tightness: Array

    def at(self, v: Array) -> _Point:
        """The posterior at parameters (p,)."""
        image_likelihood = self.model.data.image_likelihood
        value, jacobian = self.model.evaluate(v)
        r = np.einsum("nkl,nl->nk", self.model.whitener, value - self.model.y)
        a = np.abs(r)
        robust = np.where(a < _HUBER, a * a, 2 * _HUBER * a - _HUBER**2).sum()
        known = (self.tightness * (v - self.mean) ** 2).sum()
        known += image_likelihood.cost(v[:SHAPE_PARAMETERS]) if image_likelihood else 0.0
        return _Point(v, float(robust + known), r, jacobian)

    def equations(self, point: _Point) -> tuple[Array, Array]:
        """Normal matrix (p, p) and gradient (p,), priors included."""
        image_likelihood, shape = self.model.data.image_likelihood, slice(0, SHAPE_PARAMETERS)
        normal, gradient = normal_equations(
            self.model.whitener, huber_weights(point.residual), point.residual, point.jacobian
        )
        normal += np.diag(self.tightness)
        gradient += self.tightness * (point.v - self.mean)
        if image_likelihood:
            normal[shape, shape] += image_likelihood.information
            gradient[shape] += image_likelihood.gradient(point.v[shape])
        return normal, gradient

    def descended(
        self, point: _Point, normal: Array, gradient: Array, damping: float
    ) -> tuple[_Point | None, float]:
        """A point that is no higher, damped as much as that takes, and the damping; None if there is none."""
        for _ in range(MAX_DAMPINGS):
            step = np.linalg.solve(normal + damping * np.diag(np.diag(normal)), -gradient)
            v = point.v + np.clip(step, -1.0, 1.0)
            v[SPHERICAL] = np.clip(v[SPHERICAL], -0.95, 0.95)
            v[APERTURE_RATIO] = np.clip(v[APERTURE_RATIO], MIN_APERTURE_RATIO, MAX_APERTURE_RATIO)
            trial = self.at(v)
            if trial.cost <= point.cost:
                return trial, damping
            damping *= 8
        return None, damping


def huber_weights(r: Array) -> Array:
    """Huber's weights (n, k) of whitened residuals."""
    return np.where(np.abs(r) <= _HUBER, 1.0, _HUBER / np.maximum(np.abs(r), 1e-12))


def maximum_a_posteriori(model: Model, v: Array, mean: Array, sd: Array) -> Solution:
    """Robust (Huber, 3 σ) damped Gauss-Newton from ``v`` with Gaussian priors ``mean`` and ``sd`` (p,)."""
    posterior = _Posterior(model, mean, 1 / sd**2)
    point, damping = posterior.at(v), 1e-4
    normal, gradient = posterior.equations(point)
    for _ in range(MAX_STEPS):
        if gradient @ np.linalg.solve(normal, gradient) < MIN_GAIN:
            break
        trial, damping = posterior.descended(point, normal, gradient, damping)
        if trial is None:
            break
        # a short step gains little without being near the end
        done = point.cost - trial.cost < 1e-6 * (1 + abs(point.cost)) and damping < 1e-3
        point, damping = trial, max(damping / 6, 1e-9)
        normal, gradient = posterior.equations(point)
        if done:
            break
    r = point.residual
    reduced = float((huber_weights(r) * r * r).sum() / max(model.data.count.sum() - len(v), 1))
    return Solution(point.v, normal, reduced, point.cost)


def normal_equations(whitener: Array, weight: Array, residual: Array, jacobian: Array) -> tuple[Array, Array]:
    """Normal matrix (p, p) and gradient (p,) of n segments at k frequencies.

    Parameters
    ----------
    whitener:
        (n, k, k) what makes a segment's residuals independent.
    weight, residual:
        (n, k) of the whitened residuals.
    jacobian:
        (n, k, p) before whitening; all parameters beyond the shape, the even terms, move one frequency
        only, so that their part of the equations needs no product over all frequencies for each of them.
    """
    n, k, p = jacobian.shape
    terms = (p - SHAPE_PARAMETERS) // k
    by_shape = jacobian[..., :SHAPE_PARAMETERS]
    own = np.einsum("nltl->nlt", jacobian[..., SHAPE_PARAMETERS:].reshape(n, k, terms, k))
    own = np.ascontiguousarray(own)
    weighted = whitener * weight[..., None]
    information = weighted.transpose(0, 2, 1) @ whitener
    pull = (weighted.transpose(0, 2, 1) @ residual[..., None])[..., 0]
    mixed = information @ by_shape

    normal, flat = np.empty((p, p)), by_shape.reshape(n * k, -1)
    shape, rest = slice(0, SHAPE_PARAMETERS), np.arange(SHAPE_PARAMETERS, p).reshape(terms, k)
    normal[shape, shape] = flat.T @ mixed.reshape(n * k, -1)
    for f in range(k):
        here = own[:, f].T
        normal[rest[:, f], shape] = here @ mixed[:, f]
        others = (information[:, f, f:, None] * own[:, f:]).reshape(n, -1)
        normal[np.ix_(rest[:, f], rest[:, f:].T.ravel())] = here @ others
        normal[np.ix_(rest[:, f:].T.ravel(), rest[:, f])] = (here @ others).T
    normal[shape, SHAPE_PARAMETERS:] = normal[SHAPE_PARAMETERS:, shape].T
    by_own = (own * pull[..., None]).sum(axis=0).T
    return normal, np.concatenate([flat.T @ pull.ravel(), by_own.ravel()])

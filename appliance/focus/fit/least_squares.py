"""Least squares of the through-focus model, and how far its answer can be trusted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from appliance.arrays import Array, Mask
from appliance.focus.lens.parameters import FOCUS, SHAPE_PARAMETERS, held_by_bounds, within_bounds
from appliance.focus.lens.response import Problem
from appliance.robust import Descent, descend, huber_loss, huber_weights

HUBER = 3.0
"""Whitened responses that are off by more standard deviations count by their size only."""
MAX_PROFILE_STEPS = 9
"""Steps of the profile likelihood to either side, each 1.3 times the last: the ninth reaches 32 σ."""
MAX_PROFILE_COST = 14.0
"""Rise of −2 ln p at which a profile ends: what lies beyond has exp(−7) of the peak's density."""
HELD_SD_WAVES = 1e-6
"""Standard deviation that holds focus in place while all else is fitted: a millionth of a wave is no freedom."""
DESCENT = Descent(
    max_steps=40,
    max_dampings=10,
    first=1e-4,
    raised=8.0,
    lowered=6.0,
    min_promise=1e-4,
    min_relative_decrease=1e-6,
    settled_damping=1e-3,
)
"""A step that promises to lower −2 log posterior by less than ``min_promise`` is not made: rounding would decide on it,
again and again."""


@dataclass(frozen=True)
class Solution:
    """Parameters ``v`` (p,), their normal matrix (p, p), reduced chi-square, and cost (priors included).

    ``steps`` were made to get there, and ``stopped`` says why no more.
    """

    v: Array
    normal: Array
    reduced_chi2: float
    cost: float
    steps: int = 0
    stopped: str = ""


def focus_sd_waves(fit: Solution) -> float:
    """Standard deviation of focus in waves by the normal matrix, never less than the stated noise explains."""
    return float(np.sqrt(np.linalg.pinv(fit.normal)[FOCUS, FOCUS] * max(fit.reduced_chi2, 1.0)))


def profile_sd(
    problem: Problem, best: Solution, mean: Array, sd: Array, first_sd: float
) -> tuple[float, int, str]:
    """Standard uncertainty of focus in waves from its profile likelihood, in how many steps, and why no more were made.

    Where little of the curve is seen, the fit is far from linear, and its covariance promises too much: focus is moved
    step by step to either side, with all else fitted anew, until nothing explains what was seen.
    """

    def held(q: float, v: Array) -> Solution:
        held_mean, held_sd = mean.copy(), sd.copy()
        held_mean[FOCUS], held_sd[FOCUS] = q, HELD_SD_WAVES
        v = v.copy()
        v[FOCUS] = q
        return maximum_a_posteriori(problem, v, held_mean, held_sd)

    ends: list[str] = []
    places, costs = [float(best.v[FOCUS])], [best.cost]
    for side in (-1.0, 1.0):
        v, q, step = best.v, float(best.v[FOCUS]), first_sd
        for _ in range(MAX_PROFILE_STEPS):
            q, step = q + side * step, 1.3 * step
            there = held(q, v)
            v = there.v
            places.append(q)
            costs.append(there.cost)
            if there.cost > best.cost + MAX_PROFILE_COST * max(best.reduced_chi2, 1.0):
                ends.append("unlikely")
                break
        else:
            ends.append("out of steps")
    order = np.argsort(places)
    q_all, cost = np.array(places)[order], np.array(costs)[order]
    weight = np.exp(-(cost - cost.min()) / (2 * max(best.reduced_chi2, 1.0))) * np.gradient(q_all)
    weight /= weight.sum()
    away = float(np.sqrt(weight @ np.square(q_all - best.v[FOCUS])))
    return max(first_sd, away), len(places) - 1, "; ".join(ends)


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

    problem: Problem
    mean: Array
    tightness: Array

    def at(self, v: Array) -> _Point:
        """The posterior at parameters (p,)."""
        image = self.problem.data.image_likelihood
        value, jacobian = self.problem.evaluate(v)
        r = np.einsum("nkl,nl->nk", self.problem.whitener, value - self.problem.y)
        known = (self.tightness * (v - self.mean) ** 2).sum()
        known += image.cost(v[:SHAPE_PARAMETERS]) if image else 0.0
        return _Point(v, float(huber_loss(r, HUBER) + known), r, jacobian)

    def stepped(self, point: _Point, step: Array) -> _Point:
        """The posterior a step away, within the parameters' bounds."""
        return self.at(within_bounds(point.v + np.clip(step, -1.0, 1.0)))

    def held(self, point: _Point, gradient: Array) -> Mask:
        """(p,) True for parameters at a bound that the cost falls beyond."""
        return held_by_bounds(point.v, gradient)

    def equations(self, point: _Point) -> tuple[Array, Array]:
        """Normal matrix (p, p) and gradient (p,), priors included."""
        image, shape = self.problem.data.image_likelihood, slice(0, SHAPE_PARAMETERS)
        weight = huber_weights(point.residual, HUBER)
        normal, gradient = normal_equations(self.problem.whitener, weight, point.residual, point.jacobian)
        normal += np.diag(self.tightness)
        gradient += self.tightness * (point.v - self.mean)
        if image:
            normal[shape, shape] += image.information
            gradient[shape] += image.gradient(point.v[shape])
        return normal, gradient


def maximum_a_posteriori(
    problem: Problem, v: Array, mean: Array, sd: Array, how: Descent = DESCENT
) -> Solution:
    """The parameters of greatest posterior density, by damped Gauss-Newton from ``v``.

    The likelihood is Gaussian within ``HUBER`` standard deviations of each whitened response and Laplacian beyond; the
    priors are Gaussian with ``mean`` and ``sd`` (p,), infinite where nothing is known.
    """
    posterior = _Posterior(problem, mean, 1 / sd**2)
    found = descend(posterior, posterior.at(v), how)
    point, r = found.point, found.point.residual
    reduced = float((huber_weights(r, HUBER) * r * r).sum() / max(problem.data.count.sum() - len(v), 1))
    return Solution(point.v, found.normal, reduced, point.cost, found.steps, found.stopped)


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

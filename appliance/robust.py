"""Robust least squares, and the small linear algebra that every fit to a picture needs.

One damped Gauss-Newton iteration (Levenberg 1944; Marquardt 1963, doi:10.1137/0111030) serves the chart's pose and the
lens, each of which brings its own posterior; Huber's loss (Huber 1964, doi:10.1214/aoms/1177703732) keeps what is not
described from pulling, and iteratively reweighted least squares with the same weights fits fields that are linear in
their coefficients (Holland and Welsch 1977, doi:10.1080/03610927708827533).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import numpy as np

from appliance.arrays import Array, Mask

TINY = 1e-12
"""Stands for zero where a residual divides: far below any that matters, far above rounding."""


def huber_weights(residual: Array, threshold: float | Array) -> Array:
    """Weights ψ(r)/r of Huber's loss: 1 up to ``threshold``, threshold/|r| beyond; of any shape."""
    return np.asarray(np.minimum(1.0, threshold / np.maximum(np.abs(residual), TINY)), float)


def huber_loss(residual: Array, threshold: float) -> float:
    """Huber's loss, summed: r² up to ``threshold``, 2 t |r| − t² beyond, so that it is a chi-square near zero."""
    a = np.abs(residual)
    return float(np.where(a < threshold, a * a, 2 * threshold * a - threshold**2).sum())


class Point(Protocol):
    """A place in parameter space with the cost there."""

    @property
    def cost(self) -> float:
        """−2 log posterior but for a constant; not finite where the model has no value."""
        ...


P = TypeVar("P", bound=Point)


class Posterior(Protocol[P]):
    """What :func:`descend` needs of a model with its data and priors."""

    def equations(self, point: P) -> tuple[Array, Array]:
        """Normal matrix (p, p) and half the gradient (p,) of the cost at a point, priors included."""
        ...

    def stepped(self, point: P, step: Array) -> P:
        """The point a step (p,) away, held within its bounds."""
        ...

    def held(self, point: P, gradient: Array) -> Mask:
        """(p,) True for parameters at a bound that the cost falls beyond: they stay, and the others are solved for."""
        ...


@dataclass(frozen=True)
class Descent:
    """How :func:`descend` damps and when it stops.

    Attributes
    ----------
    max_steps, max_dampings:
        Steps in all, and tries of one step with ever more damping.
    first, least:
        Damping of the first step, relative to the normal matrix's diagonal, and the least that it comes down to.
    raised, lowered:
        Factor by which it grows after a step that was not downhill, and falls after one that was.
    raised_from:
        Damping is at least this before it is raised.
    floor:
        Added to the diagonal, for parameters that nothing is known of.
    min_promise:
        A step that promises to lower the cost by less is not made.
    min_decrease, min_relative_decrease:
        A step that lowered it by less, absolutely and relative to 1 + |cost| together, was the last one…
    settled_damping:
        …unless its damping was as much as this: a short step gains little without being near the end.
    """

    max_steps: int
    max_dampings: int
    first: float
    least: float = 1e-9
    raised: float = 10.0
    lowered: float = 10.0
    raised_from: float = 0.0
    floor: float = 0.0
    min_promise: float = 0.0
    min_decrease: float = 0.0
    min_relative_decrease: float = 0.0
    settled_damping: float = np.inf


@dataclass(frozen=True)
class Minimum(Generic[P]):
    """Where a descent ended: the point, its normal matrix (p, p), the steps made, and why it stopped."""

    point: P
    normal: Array
    steps: int
    stopped: str


def _freed(normal: Array, gradient: Array, held: Mask) -> tuple[Array, Array]:
    """Normal equations without the parameters ``held`` (p,) at their bounds: those make no step and promise nothing."""
    if not held.any():
        return normal, gradient
    return np.where(held[:, None] | held, np.diag(held.astype(float)), normal), np.where(held, 0.0, gradient)


def descend(posterior: Posterior[P], start: P, how: Descent) -> Minimum[P]:
    """Damped Gauss-Newton from ``start``; never ends higher than it began.

    Parameters
    ----------
    posterior:
        Cost, normal equations and bounds.
    start:
        A point with a finite cost.
    how:
        Damping and stop rules.

    Raises
    ------
    numpy.linalg.LinAlgError
        If the normal matrix is singular though damped, so that a parameter has neither data nor prior.
    """
    point, damping = start, how.first
    normal, gradient = posterior.equations(point)
    for steps in range(how.max_steps):
        free_normal, free_gradient = _freed(normal, gradient, posterior.held(point, gradient))
        promise = free_gradient @ np.linalg.solve(free_normal, free_gradient) if how.min_promise else np.inf
        if promise < how.min_promise:
            return Minimum(point, normal, steps, "no step promises more")
        for _ in range(how.max_dampings):
            marquardt = damping * np.diag(np.diag(free_normal) + how.floor)
            step = np.asarray(np.linalg.solve(free_normal + marquardt, -free_gradient), float)
            trial = posterior.stepped(point, step)
            if trial.cost <= point.cost * (1 + TINY):
                break
            damping = max(damping, how.raised_from) * how.raised
        else:
            return Minimum(point, normal, steps, "no step leads down")
        least = how.min_decrease + how.min_relative_decrease * (1 + abs(point.cost))
        done = point.cost - trial.cost < least and damping < how.settled_damping
        point, damping = trial, max(damping / how.lowered, how.least)
        normal, gradient = posterior.equations(point)
        if done:
            return Minimum(point, normal, steps + 1, "settled")
    return Minimum(point, normal, how.max_steps, "out of steps")


def reweighted(
    columns: Array, values: Array, first: Array, reweigh: Callable[[Array], Array], rounds: int
) -> tuple[Array, Array]:
    """Linear least squares with weights that follow from what is left, over and over.

    Parameters
    ----------
    columns, values:
        (n, c) and (n,).
    first:
        (n,) weights of the first round: inverse standard deviations.
    reweigh:
        From the absolute residuals (n,) of a round to the weights of the next.
    rounds:
        At least 1.

    Returns
    -------
    Coefficients (c,), and the weights (n,) that they were found with.
    """
    weight = following = first
    coefficient: Array = np.zeros(columns.shape[1])
    for _ in range(rounds):
        weight = following
        found = np.linalg.lstsq(columns * weight[:, None], values * weight, rcond=None)[0]
        coefficient = np.asarray(found, float)
        following = reweigh(np.abs(values - columns @ coefficient))
    return coefficient, weight


def scaled_inverse(normal: Array, ridge: float = 1e-10) -> Array:
    """Inverse of normal matrices (…, p, p), each scaled to a diagonal of 1 and faintly damped so that none can raise.

    Scaling by the diagonal makes the condition that of the correlations (van der Sluis 1969, doi:10.1007/BF02165096).
    """
    scale = _scale(normal)
    system = normal * scale[..., :, None] * scale[..., None, :] + ridge * np.eye(normal.shape[-1])
    return np.asarray(np.linalg.inv(system) * scale[..., :, None] * scale[..., None, :])


def scaled_solution(normal: Array, right: Array, ridge: float = 1e-10) -> Array:
    """Solution (…, p) of normal equations (…, p, p) with right sides (…, p), scaled and damped likewise."""
    scale = _scale(normal)
    system = normal * scale[..., :, None] * scale[..., None, :] + ridge * np.eye(normal.shape[-1])
    return np.asarray(np.linalg.solve(system, (right * scale)[..., None])[..., 0] * scale)


def scaled_pseudo_inverse(normal: Array, rcond: float) -> Array:
    """Pseudo-inverse of one normal matrix (p, p), scaled likewise: what nothing is known of comes out as zero."""
    scale = _scale(normal)
    return np.asarray(np.linalg.pinv(normal * scale[:, None] * scale, rcond=rcond) * scale[:, None] * scale)


def _scale(normal: Array) -> Array:
    diagonal = np.einsum("...pp->...p", normal)
    return np.asarray(1 / np.sqrt(np.maximum(diagonal, 1e-30)))


def polynomial_orders(degree: int) -> tuple[list[int], list[int]]:
    """Orders along x and along y of all (degree + 1)(degree + 2)/2 terms of a polynomial of the place in a picture."""
    pairs = [(i, j) for i in range(degree + 1) for j in range(degree + 1 - i)]
    return [i for i, _ in pairs], [j for _, j in pairs]


def monomials(x: Array, y: Array, degree: int) -> tuple[Array, Array, Array]:
    """(n, terms) x^i y^j of places (n,) and (n,), and their derivatives by x and by y."""
    orders = list(zip(*polynomial_orders(degree), strict=True))
    value = [x**i * y**j for i, j in orders]
    by_x = [i * x ** max(i - 1, 0) * y**j for i, j in orders]
    by_y = [j * x**i * y ** max(j - 1, 0) for i, j in orders]
    return np.stack(value, axis=1), np.stack(by_x, axis=1), np.stack(by_y, axis=1)


def chebyshev_terms(x: Array, y: Array, degree: int) -> Array:
    """(n, terms) products of Chebyshev polynomials of places (n,) and (n,) from −1 to 1."""
    along_x, along_y = (np.polynomial.chebyshev.chebvander(s, degree) for s in (x, y))
    i, j = polynomial_orders(degree)
    return np.asarray(along_x[:, i] * along_y[:, j])


def chebyshev_field(coefficient: Array, x: Array, y: Array, degree: int) -> Array:
    """(rows, columns) the polynomial of :func:`chebyshev_terms` at all columns ``x`` and rows ``y``, (n,) each."""
    table = np.zeros((degree + 1, degree + 1))
    table[polynomial_orders(degree)] = coefficient
    along_x, along_y = (np.polynomial.chebyshev.chebvander(s, degree) for s in (x, y))
    return np.asarray(along_y @ table.T @ along_x.T)

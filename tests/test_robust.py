"""Robust least squares against scipy, and the algebra about it against what is known exactly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from scipy.optimize import least_squares

from appliance import robust
from appliance.arrays import Array, Mask

X = np.linspace(0, 3, 40)
RNG = np.random.default_rng(5)
SEEN = 2.0 * np.exp(-1.3 * X) + 0.02 * RNG.standard_normal(len(X))
SEEN[[4, 20, 33]] += (1.0, -0.7, 0.5)
SD = 0.02


@dataclass(frozen=True)
class Place:
    v: Array
    cost: float


class Decay:
    """a exp(−b x) with three readings that are not of it, and a prior that says next to nothing."""

    def __init__(self, threshold: float) -> None:
        self.threshold = threshold

    def residual(self, v: Array) -> Array:
        return (v[0] * np.exp(-v[1] * X) - SEEN) / SD

    def at(self, v: Array) -> Place:
        return Place(v, robust.huber_loss(self.residual(v), self.threshold))

    def held(self, point: Place, gradient: Array) -> Mask:
        return np.zeros(len(gradient), bool)

    def stepped(self, point: Place, step: Array) -> Place:
        return self.at(point.v + step)

    def equations(self, point: Place) -> tuple[Array, Array]:
        a, b = point.v
        j = np.stack([np.exp(-b * X), -a * X * np.exp(-b * X)], axis=1) / SD
        r = self.residual(point.v)
        weight = robust.huber_weights(r, self.threshold)
        return (j * weight[:, None]).T @ j, j.T @ (weight * r)


HOW = robust.Descent(max_steps=60, max_dampings=10, first=1e-4, min_relative_decrease=1e-14)


@pytest.mark.parametrize("threshold", [1.5, 3.0])
def test_the_descent_ends_where_scipy_s_does(threshold: float) -> None:
    model = Decay(threshold)
    found = robust.descend(model, model.at(np.array([1.0, 0.3])), HOW)
    # scipy's loss is of half the square, and its scale that of the residual
    known = least_squares(
        model.residual, [1.0, 0.3], loss="huber", f_scale=threshold, xtol=1e-14, ftol=1e-14, gtol=1e-14
    )
    assert found.point.v == pytest.approx(known.x, rel=1e-6)
    assert found.point.cost == pytest.approx(2 * known.cost, rel=1e-9)
    assert found.stopped in ("settled", "no step leads down")
    assert abs(found.point.v - (2.0, 1.3)).max() < 0.05, "the three wrong readings pull it away"


def test_a_descent_says_why_it_stopped() -> None:
    model = Decay(3.0)
    start = model.at(np.array([1.0, 0.3]))
    assert robust.descend(model, start, robust.Descent(2, 10, 1e-4)).stopped == "out of steps"
    promise = robust.Descent(60, 10, 1e-4, min_promise=1e-3)
    assert robust.descend(model, start, promise).stopped == "no step promises more"
    best = robust.descend(model, start, HOW).point
    upwards = type("Up", (Decay,), {"stepped": lambda self, point, step: self.at(point.v + 1.0)})(3.0)
    assert robust.descend(upwards, best, robust.Descent(5, 4, 1e-4)).stopped == "no step leads down"


def test_a_field_is_found_through_readings_that_are_not_of_it() -> None:
    x, y = RNG.uniform(-1, 1, (2, 400))
    value = 1 + 0.3 * x - 0.2 * x * y + 0.01 * RNG.standard_normal(400)
    value[::10] += 3.0
    columns, _, _ = robust.monomials(x, y, 2)

    def reweigh(left: Array) -> Array:
        return np.sqrt(robust.huber_weights(left, 2.5 * float(np.median(left))))

    coefficient, _ = robust.reweighted(columns, value, np.ones(400), reweigh, 12)
    i, j = (np.array(order) for order in robust.polynomial_orders(2))
    truth = 1.0 * ((i == 0) & (j == 0)) + 0.3 * ((i == 1) & (j == 0)) - 0.2 * ((i == 1) & (j == 1))
    plain = np.linalg.lstsq(columns, value, rcond=None)[0]
    assert np.abs(coefficient - truth).max() < 0.02 < np.abs(plain - truth).max()


def test_derivatives_of_monomials_are_those_of_differences() -> None:
    x, y, h = RNG.uniform(-1, 1, 30), RNG.uniform(-1, 1, 30), 1e-6
    _, by_x, by_y = robust.monomials(x, y, 4)
    across = (robust.monomials(x + h, y, 4)[0] - robust.monomials(x - h, y, 4)[0]) / (2 * h)
    down = (robust.monomials(x, y + h, 4)[0] - robust.monomials(x, y - h, 4)[0]) / (2 * h)
    assert by_x == pytest.approx(across, abs=1e-8)
    assert by_y == pytest.approx(down, abs=1e-8)


def test_chebyshev_terms_and_field_are_the_same_polynomial() -> None:
    u, v = np.linspace(-1, 1, 7), np.linspace(-1, 1, 5)
    coefficient = RNG.standard_normal(10)
    grid = robust.chebyshev_terms(np.tile(u, 5), np.repeat(v, 7), 3) @ coefficient
    assert robust.chebyshev_field(coefficient, u, v, 3) == pytest.approx(grid.reshape(5, 7))
    # T2(x) = 2 x² − 1
    i, j = robust.polynomial_orders(3)
    second = [a == 2 and b == 0 for a, b in zip(i, j, strict=True)].index(True)
    assert robust.chebyshev_terms(u, 0 * u, 3)[:, second] == pytest.approx(2 * u * u - 1)


def test_units_that_differ_by_many_orders_leave_an_inverse_exact() -> None:
    a = np.array([[2.0, 0.5, 0.1], [0.5, 1.0, 0.2], [0.1, 0.2, 3.0]])
    units = np.array([1e-9, 1.0, 1e9])
    normal = a * units[:, None] * units
    truth = np.linalg.inv(a) / units[:, None] / units
    assert robust.scaled_inverse(normal, 0.0) * units[:, None] * units == pytest.approx(np.linalg.inv(a))
    assert robust.scaled_pseudo_inverse(normal, 1e-12) == pytest.approx(truth, rel=1e-9)
    right = normal @ np.array([1e9, 2.0, 3e-9])
    assert robust.scaled_solution(normal, right, 0.0) * units == pytest.approx([1.0, 2.0, 3.0])
    both = robust.scaled_inverse(np.stack([normal, a]), 0.0)
    assert both[1] == pytest.approx(np.linalg.inv(a))


def test_an_edge_that_nothing_is_known_of_raises_nothing() -> None:
    assert np.isfinite(robust.scaled_inverse(np.zeros((2, 3, 3)))).all()
    assert robust.scaled_pseudo_inverse(np.diag([4.0, 0.0]), 1e-10) == pytest.approx(np.diag([0.25, 0.0]))


class Bounded(Decay):
    """The same where the decay may not be as fast as it is."""

    FASTEST = 0.8

    def held(self, point: Place, gradient: Array) -> Mask:
        return np.array([False, point.v[1] >= self.FASTEST and gradient[1] < 0])

    def stepped(self, point: Place, step: Array) -> Place:
        return self.at(np.minimum(point.v + step, (np.inf, self.FASTEST)))


def test_a_descent_that_a_bound_holds_back_ends_at_the_bounded_optimum_in_few_steps() -> None:
    model = Bounded(3.0)
    how = robust.Descent(max_steps=60, max_dampings=10, first=1e-4, min_promise=1e-4)
    found = robust.descend(model, model.at(np.array([1.0, 0.3])), how)
    best = least_squares(
        lambda v: model.residual(v), (1.0, 0.3), loss="huber", f_scale=3.0,
        bounds=((-np.inf, -np.inf), (np.inf, Bounded.FASTEST)), xtol=1e-12, ftol=1e-12, gtol=1e-12,
    )  # fmt: skip
    assert found.point.v == pytest.approx(best.x, rel=1e-3)
    assert found.point.v[1] == Bounded.FASTEST
    assert found.stopped == "no step promises more"
    assert found.steps < 20

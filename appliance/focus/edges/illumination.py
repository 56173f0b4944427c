"""How light and ink change from place to place over the chart, from the levels on both sides of its edges.

Lamps, lens and paper make the light sides of all edges a smooth field, and one ink darkens it by one share. So the
levels beside an edge are known better from all edges together than from its own strip, above all where blur fills the
strip. How smooth the field really is, its own scatter tells: on blotchy paper nothing is gained, and nothing lost.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from appliance.arrays import Array, Mask
from appliance.robust import huber_weights, monomials, polynomial_orders, reweighted
from appliance.sfr import Profiles

DEGREE, EDGES_PER_TERM = 4, 6
"""Highest degree of the illumination's polynomial (cos⁴ fall-off and a lamp's gradient are of the fourth), and edges
that each of its terms needs: by trial on the simulated bench."""
MIN_GRADIENT_SD = 5e-5
"""Standard deviation of the relative change per px that remains, where light is as smooth as can be."""
MIN_LEVEL_SD = 2e-4
"""Relative standard deviation of a level that remains, where light and ink are as even as can be."""
UNKNOWN_SD = 1.0
"""Relative standard deviation of a level where nothing is known of it: its own size."""
NEIGHBOUR_PX = 100.0
"""What an even field leaves of the levels is taken to change over such a distance."""
TAIL_SIGMA, TAIL_PX, TAIL_AIRY, MIN_TAIL = 2.7, 1.0, 2.0, 24.0
"""Where a strip shows its levels, and how many samples on either side are enough to count."""
ROUNDS, HUBER = 6, 2.5
"""Rounds of reweighting, and Huber's threshold in standard deviations, as in `chart/pose_fit.py`; by then weights
hardly change."""
MAX_LOGARITHM = 50.0
"""Bound of a level's logarithm: no number overflows."""


@dataclass(frozen=True)
class SmoothField:
    """A polynomial of the place through values at n places.

    ``sd`` (n,) is how far a true value may lie from the field there; ``slope_sd`` the standard deviation of its slope.
    """

    coefficient: Array
    centre: Array
    size: float
    degree: int
    sd: Array
    slope_sd: float

    def at(self, place_px: Array) -> tuple[Array, Array]:
        """(n,) values and (n, 2) slopes per px at places (n, 2)."""
        basis, by_x, by_y = monomials(*_within(place_px, self.centre, self.size), self.degree)
        slope = np.stack([by_x @ self.coefficient, by_y @ self.coefficient], axis=1) / self.size
        return basis @ self.coefficient, slope


@dataclass(frozen=True)
class Levels:
    """What is known of n edges' light, in parts of the contrasts of their profiles.

    ``dark`` and ``light`` (n,) levels with their standard deviations, (n,) each; ``gradient`` (n,) is the relative
    change per px towards the light side, with the standard deviation ``gradient_sd``.
    """

    dark: Array
    dark_sd: Array
    light: Array
    light_sd: Array
    gradient: Array
    gradient_sd: float


def predict_levels(
    profiles: Profiles,
    contrast: Array,
    place_px: Array,
    towards_light: Array,
    response: Array,
    airy_px: float,
) -> Levels:
    """Foretell the levels of n edges from all of them.

    Parameters
    ----------
    profiles:
        Of the n edges, in K bins.
    contrast:
        (n,) of each, in any common unit.
    place_px:
        (n, 2) where the edges are.
    towards_light:
        (n, 2) unit normals.
    response:
        (n, K) what of the profiles is expected to be no level: the blurred edge less a sharp one, and other print.
    airy_px:
        λN in px: levels are read where the response hardly depends on focus any more.
    """
    tail = np.abs(profiles.u)[None, :] > TAIL_SIGMA * profiles.sigma[:, None] + TAIL_PX + TAIL_AIRY * airy_px
    seen = profiles.dark[:, None] + profiles.step + profiles.residual - response
    dark, dark_at, dark_sd = _side(profiles, seen, tail & (profiles.u < 0), profiles.noise_dark)
    light, light_at, light_sd = _side(profiles, seen, tail & (profiles.u > 0), profiles.noise_light)
    field = fit_field(
        place_px + light_at[:, None] * towards_light,
        np.log(np.maximum(contrast * light, 1e-12)),
        light_sd / light,
    )
    logarithm, slope = field.at(place_px)
    paper = _light(logarithm) / contrast
    beside = _light(field.at(place_px + dark_at[:, None] * towards_light)[0]) / contrast
    ink = fit_field(place_px, dark / beside, dark_sd / beside, degree=2)
    return Levels(
        ink.at(place_px)[0] * paper,
        ink.sd * paper,
        paper,
        field.sd * paper,
        (slope * towards_light).sum(axis=1),
        field.slope_sd,
    )


def _light(logarithm: Array) -> Array:
    """(n,) light from its logarithm; a field that knows nothing of a place may say there what no number can hold."""
    return np.asarray(np.exp(np.clip(logarithm, -MAX_LOGARITHM, MAX_LOGARITHM)))


def _side(profiles: Profiles, seen: Array, tail: Mask, noise: Array) -> tuple[Array, Array, Array]:
    """(n,) mean level of one side's tails, its distance from the edge in px, and its standard deviation, ∞ for none."""
    count = profiles.count * tail
    many = count.sum(axis=1)
    safe = np.maximum(many, 1)
    sd = np.where(many >= MIN_TAIL, noise / np.sqrt(safe), np.inf)
    return (count * seen).sum(axis=1) / safe, (count @ profiles.u) / safe, sd


def fit_field(place_px: Array, value: Array, sd: Array, degree: int = DEGREE) -> SmoothField:
    """Fit a polynomial of up to the given degree, robustly, to values (n,) with standard deviations (n,), some ∞."""
    good = np.isfinite(sd) & np.isfinite(value)
    count = int(good.sum())
    if count < 3 * EDGES_PER_TERM:
        return SmoothField(
            np.zeros(1), place_px.mean(axis=0), 1.0, 0, np.full(len(value), UNKNOWN_SD), UNKNOWN_SD
        )
    while degree > 1 and len(polynomial_orders(degree)[0]) * EDGES_PER_TERM > count:
        degree -= 1
    centre, size = place_px.mean(axis=0), max(float(np.ptp(place_px, axis=0).max()) / 2, 1.0)
    basis, _, _ = monomials(*_within(place_px, centre, size), degree)
    known, seen, own = basis[good], value[good], np.square(sd[good])

    def scatter(left: Array) -> float:
        """Variance of what the field leaves, beyond the values' own."""
        return float(max((1.4826 * float(np.median(left))) ** 2 - float(np.median(own)), 0.0))

    def reweigh(left: Array) -> Array:
        sd = np.sqrt(own + scatter(left) + 1e-12)
        return np.asarray(np.sqrt(huber_weights(left, HUBER * sd)) / sd)

    coefficient, weight = reweighted(known, seen, 1 / np.sqrt(own + 1e-12), reweigh, ROUNDS)
    rest = scatter(np.abs(seen - known @ coefficient))
    covariance = np.linalg.pinv((known * weight[:, None]).T @ (known * weight[:, None]))
    of_field = np.einsum("nt,tu,nu->n", basis, covariance, basis)
    return SmoothField(
        coefficient,
        centre,
        size,
        degree,
        np.sqrt(rest + of_field + MIN_LEVEL_SD**2),
        float(np.hypot(MIN_GRADIENT_SD, np.sqrt(rest) / NEIGHBOUR_PX)),
    )


def _within(place_px: Array, centre: Array, size: float) -> tuple[Array, Array]:
    """Places (n, 2) as x (n,) and y (n,) from a centre in units of a size."""
    x, y = ((place_px - centre) / size).T
    return x, y

"""Generalised least squares over a run's photos, whose uncertainties are partly their own and partly shared.

Photos of one run are not independent: a chart that bulges by 0.1 mm does so in all of them. Taken as independent, the
interval of a difference would be too wide and that of a mean too narrow. So a run's shifts have a covariance matrix
(:func:`covariance_of`), and every figure that is linear in them (:class:`Estimate`) gets its interval from that.

References: JCGM 102:2011 (GUM supplement 2, several output quantities), 6.2; JCGM 100:2008, G.4 (effective degrees of
freedom); Aitken, "On least squares and linear combinations of observations", Proc. R. Soc. Edinburgh 55 (1936) 42.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import hypot, inf

import numpy as np

from appliance.arrays import Array
from appliance.focus.judge.verdict import GUARD_FACTOR, decide
from appliance.focus.printed_chart import Print
from appliance.focus.result import Verdict
from appliance.guides.case import COVERAGE_95, ON_CHART, PER_PHOTO, Observation
from appliance.guides.distributions import t_quantile

SIGNIFICANT = 3.3
"""So many standard uncertainties from nothing are chance once in a thousand (normal distribution, both sides)."""
REMOUNT, PRINT_SCALE = "remount", "print_scale"
"""Terms of a check's budget: the first is the same µm in every photo of one mount; the second stretches all lengths on
the chart alike, so that its sign is that of the shift."""


@dataclass(frozen=True)
class Quantity:
    """A value with its standard uncertainty."""

    value: float
    u: float

    @property
    def u95(self) -> float:
        """Half-width of the 95 % interval."""
        return COVERAGE_95 * self.u

    def judged(self, tolerance: float) -> Verdict:
        """Verdict by the guard band; the sign is that of the value."""
        return decide(self.value, self.u, tolerance)

    def beyond(self, limit: float) -> bool:
        """Whether it is surely beyond ± ``limit``: by the guard band, and so far from nothing that chance is no cause.

        The guard band alone takes a figure that is known worse than the limit for a fault once in ten faultless runs.
        """
        return abs(self.value) > max(limit + GUARD_FACTOR * self.u, SIGNIFICANT * self.u)


@dataclass(frozen=True)
class Estimate:
    """Values (p,) that are linear in what was measured, with their covariance (p, p).

    ``residuals`` (n,) and ``chi2`` with ``dof`` tell how well the model holds; empty and 0 where nothing is left over.
    """

    values: Array
    covariance: Array
    residuals: Array
    chi2: float = 0.0
    dof: int = 0

    def value(self, k: int) -> float:
        """Value number ``k``."""
        return float(self.values[k])

    def u(self, k: int) -> float:
        """Standard uncertainty of value number ``k``."""
        return float(np.sqrt(max(self.covariance[k, k], 0.0)))

    def u95(self, k: int) -> float:
        """Half-width of its 95 % interval."""
        return COVERAGE_95 * self.u(k)

    def quantity(self, k: int) -> Quantity:
        """Value number ``k`` with its standard uncertainty."""
        return Quantity(self.value(k), self.u(k))

    def combined(self, weights: Sequence[float] | Sequence[Sequence[float]] | Array) -> Estimate:
        """Linear combinations of the values, ``weights`` (q, p) or (p,) for one."""
        rows = np.atleast_2d(np.asarray(weights, float))
        return Estimate(rows @ self.values, rows @ self.covariance @ rows.T, np.empty(0))


def measured(values: Sequence[float] | Array, covariance: Array) -> Estimate:
    """Measured values as they are."""
    return Estimate(np.asarray(values, float), covariance, np.empty(0))


def least_squares(design: Array, values: Sequence[float] | Array, covariance: Array) -> Estimate:
    """The p parameters (p,) that ``design`` (n, p) fits best to ``values`` (n,) of ``covariance`` (n, n).

    Raises
    ------
    ValueError
        If the design does not determine all parameters.
    """
    design, seen = np.asarray(design, float), np.asarray(values, float)
    scale = np.abs(design).max(axis=0)
    if len(seen) < design.shape[1] or np.linalg.matrix_rank(design / np.where(scale, scale, 1.0)) < len(
        scale
    ):
        raise ValueError("there are too few different measurements for so many unknowns")
    root = np.linalg.cholesky(covariance)
    whitened = np.linalg.solve(root, design)
    found, *_ = np.linalg.lstsq(whitened, np.linalg.solve(root, seen), rcond=None)
    residuals = seen - design @ found
    chi2 = float(np.sum(np.linalg.solve(root, residuals) ** 2))
    return Estimate(found, np.linalg.inv(whitened.T @ whitened), residuals, chi2, len(seen) - design.shape[1])


def with_shared(own: Sequence[float] | Array, shared: Sequence[Sequence[float] | Array]) -> Array:
    """Covariance (n, n) from each value's own standard uncertainty (n,) and causes that move all by a known ratio.

    Each of ``shared`` (n,) is what one standard uncertainty of its cause does to every value, with sign.
    """
    covariance = np.diag(np.asarray(own, float) ** 2)
    for effect in shared:
        covariance += np.outer(effect, effect)
    return covariance


def setting_of(photo: Observation) -> tuple[float, float, float | None]:
    """What lens and bench were set to: photos of one setting share what the sensor, pose and lens do to them."""
    return photo.setup.focal_length_mm, photo.setup.f_number, photo.setup.distance_mm


def covariance_of(
    photos: Sequence[Observation],
    same: Callable[[Observation], object] = setting_of,
    per_photo: Sequence[str] = PER_PHOTO,
    *,
    remounted: bool = False,
) -> Array:
    """Covariance (n, n) of the photos' image-side shifts, µm².

    Terms of the budget ``per_photo`` are each photo's own. Lengths at the chart are the same millimetres in all, the
    print's scale with the sign of the shift, a remount the same µm (each its own if ``remounted`` between them).
    What is left (pose, lens model, sensor pattern) is shared by photos for which ``same`` gives the same.
    """
    budgets = [photo.budget_um for photo in photos]
    whole = [name for name in ON_CHART if name != PRINT_SCALE]
    own_terms = (*per_photo, REMOUNT) if remounted else tuple(per_photo)
    known = {*own_terms, *ON_CHART, REMOUNT}
    own = [_root(budget, own_terms) for budget in budgets]
    shared = [[budget.get(name, 0.0) for budget in budgets] for name in whole]
    shared.append([np.sign(p.shift_um) * p.budget_um.get(PRINT_SCALE, 0.0) for p in photos])
    if not remounted:
        shared.append([budget.get(REMOUNT, 0.0) for budget in budgets])
    rest = [_root(budget, [name for name in budget if name not in known]) for budget in budgets]
    for setting in dict.fromkeys(same(photo) for photo in photos):
        shared.append([u if same(p) == setting else 0.0 for p, u in zip(photos, rest, strict=True)])
    return with_shared(own, shared)


def _root(budget: Mapping[str, float], names: Sequence[str]) -> float:
    return hypot(*(budget.get(name, 0.0) for name in names))


def effective_dof(parts: Sequence[tuple[float, float]]) -> float:
    """Effective degrees of freedom of a sum of independent parts, each (standard uncertainty, its degrees of freedom).

    Welch–Satterthwaite, JCGM 100:2008, G.4.1; ∞ for what is known beforehand.
    """
    total = sum(u * u for u, _ in parts)
    lost = sum(u**4 / dof for u, dof in parts if dof != inf)
    return total * total / lost if lost > 0 else inf


def coverage_95(dof: float) -> float:
    """How many standard uncertainties the half-width of a 95 % interval is, with so many degrees of freedom."""
    return COVERAGE_95 if dof > 1e4 else t_quantile(0.975, max(dof, 1.0))


def print_u(photo: Observation) -> float:
    """Relative standard uncertainty of lengths on the chart in a photo, by what is known of its print."""
    given = photo.setup.distance_mm is not None
    known = list(photo.setup.prints.values())
    return (known[0] if len(known) == 1 else Print()).scale_u(given)


def contradiction(photos: Sequence[Observation]) -> str:
    """Why these photos cannot be of one run, as a sentence; empty if they can."""
    tags = {photo.lens_tag for photo in photos if photo.lens_tag}
    if len(tags) > 1:
        return (
            f"The photos are of different lenses ({', '.join(sorted(tags))}): start this guided check again."
        )
    if len({photo.setup.pixel_pitch_um for photo in photos}) > 1:
        return "The photos are by cameras of different pixels: start this guided check again."
    return ""

"""What repeats tell: mean, spread, two approaches, outliers, and change within a series; intervals from few values.

Values are image shifts in µm. A mean's interval joins what repeats show (Student's t) with what they share and cannot
show (normal) by effective degrees of freedom (Welch and Satterthwaite; GUM, JCGM 100:2008, G.4). A spread's interval is
that of χ². Outliers are found by the generalised extreme Studentised deviate (Rosner, Technometrics 25 (1983) 165).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import hypot, inf, sqrt

import numpy as np

from appliance.arrays import Array
from appliance.focus.result import Verdict
from appliance.guides.distributions import chi2_quantile, incomplete_beta, t_quantile

ONE_SIDED_95 = 0.95
"""Of the guard band: 1.65 u where u is known well (ISO 14253-1:2017), more where it rests on few repeats."""
SURE = 0.999
"""One-sided, of a direction that is told for an adjustment; no value of it is trusted below that."""


@dataclass(frozen=True)
class Estimate:
    """A value in µm with its standard uncertainty ``u`` and the degrees of freedom that ``u`` rests on."""

    value: float
    u: float
    dof: float = inf

    def half_width(self, p: float) -> float:
        """What is added on the one side for a one-sided probability ``p``."""
        return t_quantile(p, min(self.dof, 1e6)) * self.u

    @property
    def u95(self) -> float:
        """Half-width of the 95 % interval."""
        return self.half_width(0.975)

    @property
    def surely(self) -> int:
        """Sign of the value where it is beyond doubt, else 0."""
        return 0 if abs(self.value) <= self.half_width(SURE) else (1 if self.value > 0 else -1)

    def with_shared(self, u_shared: float) -> Estimate:
        """With an uncertainty that all repeats share."""
        u = hypot(self.u, u_shared)
        dof = self.dof * (u / self.u) ** 4 if self.u else inf
        # a tenth of a degree of freedom changes no interval, and quantiles are worked out once for each
        return Estimate(self.value, u, round(dof, 1) if dof < 200 else inf)

    def decide(self, tolerance: float) -> Verdict:
        """PASS, FAIL by sign, or RETEST, by the guard band."""
        guard = self.half_width(ONE_SIDED_95)
        if abs(self.value) + guard <= tolerance:
            return Verdict.PASS
        if abs(self.value) - guard > tolerance:
            return Verdict.FAIL_BACK if self.value > 0 else Verdict.FAIL_FRONT
        return Verdict.RETEST


@dataclass(frozen=True)
class Spread:
    """A standard deviation in µm from ``dof`` degrees of freedom, with ``noise`` µm of it known and taken away."""

    total: float
    dof: float
    noise: float = 0.0

    @property
    def value(self) -> float:
        """The spread without the known noise."""
        return self._without_noise(self.total)

    def bound(self, p: float) -> float:
        """What the spread is below with probability ``p``."""
        return self._without_noise(self.total * sqrt(self.dof / chi2_quantile(1 - p, self.dof)))

    @property
    def low(self) -> float:
        """Lower end of the 95 % interval."""
        return self.bound(0.025)

    @property
    def high(self) -> float:
        """Upper end of the 95 % interval."""
        return self.bound(0.975)

    def _without_noise(self, total: float) -> float:
        return sqrt(max(total**2 - self.noise**2, 0.0))


@dataclass(frozen=True)
class Fit:
    """Least squares of a series on columns.

    ``coefficients`` (k,) and their ``units`` (k,): standard uncertainty per 1 σ of the residuals; ``residuals`` (n,).
    """

    coefficients: Array
    units: Array
    residuals: Array
    leverages: Array

    @property
    def dof(self) -> int:
        """Degrees of freedom of the residuals."""
        return len(self.residuals) - len(self.coefficients)

    @property
    def sum_of_squares(self) -> float:
        """Of the residuals, µm²."""
        return float(self.residuals @ self.residuals)

    @property
    def sigma(self) -> float:
        """Standard deviation of the residuals."""
        return sqrt(self.sum_of_squares / self.dof)

    def estimate(self, k: int) -> Estimate:
        """Coefficient ``k``."""
        return Estimate(float(self.coefficients[k]), float(self.units[k]) * self.sigma, self.dof)

    def combination(self, k: int, l: int, weight: float) -> Estimate:  # noqa: E741 - the columns' indices
        """Coefficient ``k`` plus ``weight`` times coefficient ``l``, taken as independent."""
        a, b = self.estimate(k), self.estimate(l)
        return Estimate(a.value + weight * b.value, hypot(a.u, weight * b.u), self.dof)


def fit(values: Sequence[float], columns: Sequence[Sequence[float]]) -> Fit:
    """Fit ``values`` (n,) by ``columns`` (k of (n,)), k < n, which must be independent."""
    y, x = np.asarray(values, dtype=float), np.asarray(columns, dtype=float).T
    inverse = np.linalg.pinv(x)
    coefficients = inverse @ y
    return Fit(
        coefficients,
        np.sqrt((inverse**2).sum(axis=1)),
        y - x @ coefficients,
        np.einsum("ij,ji->i", x, inverse),
    )


def mean(values: Sequence[float]) -> Estimate:
    """Mean of two values or more that share nothing."""
    return fit(values, [[1.0] * len(values)]).estimate(0)


@dataclass(frozen=True)
class Approaches:
    """Repeats that came half from near, half from far.

    ``middle`` is the mean of both ways' means, ``difference`` mean(from far) − mean(from near); ``spread``
    is within one way. Each way counts the same, however many repeats it has.
    """

    middle: Estimate
    difference: Estimate
    spread: Spread


def approaches(near: Sequence[float], far: Sequence[float], noise_um: float = 0.0) -> Approaches:
    """Of at least one repeat from each side, three in all; ``noise_um`` is that of a photo, known."""
    found = fit([*near, *far], by_approach([False] * len(near) + [True] * len(far)))
    return Approaches(found.estimate(0), found.estimate(1), Spread(found.sigma, found.dof, noise_um))


def by_approach(from_far: Sequence[bool]) -> list[list[float]]:
    """Columns whose coefficients are the middle of both ways, and mean(from far) − mean(from near)."""
    return [[1.0] * len(from_far), [0.5 if far else -0.5 for far in from_far]]


def outliers(
    values: Sequence[float],
    columns: Sequence[Sequence[float]],
    chance: float,
    most: int,
    least_um: float = 0.0,
) -> tuple[bool, ...]:
    """Which values do not belong to the fit by ``columns``.

    Parameters
    ----------
    chance:
        That any is named where none is, for normal residuals (shared by the stages, as Rosner's are too lax for few).
    most:
        So many at most.
    least_um:
        A value no farther off than this from the fit of the others is none.
    """
    kept, gone, count = list(range(len(values))), [], 0
    for _ in range(most):
        part = fit([values[j] for j in kept], [[column[j] for j in kept] for column in columns])
        if part.dof < 2 or not part.sum_of_squares:
            break
        off = part.residuals / np.sqrt(np.maximum(1 - part.leverages, 1e-9))
        worst = int(np.argmax(np.abs(off)))
        rest = max((part.sum_of_squares - off[worst] ** 2) / (part.dof - 1), 1e-12)
        strange = abs(off[worst]) / sqrt(rest) > t_quantile(1 - chance / most / 2 / len(kept), part.dof - 1)
        far = abs(part.residuals[worst]) / max(1 - part.leverages[worst], 1e-9) > least_um
        gone.append(kept.pop(worst))
        if strange and far:
            count = len(gone)
    return tuple(j in gone[:count] for j in range(len(values)))


@dataclass(frozen=True)
class Change:
    """A change within a series: ``kind`` ``"step"`` (before index ``at``) or ``"trend"`` (``at`` 0).

    ``size`` is the step, or what a trend adds up to from first to last; ``fit`` has it as its last coefficient.
    """

    kind: str
    at: int
    size: Estimate
    fit: Fit


def changes(
    values: Sequence[float], columns: Sequence[Sequence[float]], margin: int = 2, order: Sequence[float] = ()
) -> list[Change]:
    """All changes that a series may hold: a trend, and a step before each value with ``margin`` values on either side.

    ``order`` is the place of each value in time; their number if empty. The best explained comes first.
    """
    n = len(values)
    place = [float(v) for v in order] or [float(j) for j in range(n)]
    run = [(p - place[0]) / (place[-1] - place[0]) for p in place]
    kinds = [("trend", 0, run)]
    kinds += [("step", at, [float(j >= at) for j in range(n)]) for at in range(margin, n - margin + 1)]
    told = []
    for kind, at, column in kinds:
        found = fit(values, [*columns, column])
        told.append(Change(kind, at, found.estimate(len(columns)), found))
    return sorted(told, key=lambda change: change.fit.sum_of_squares)


def change_in(
    values: Sequence[float], columns: Sequence[Sequence[float]], chance: float, margin: int = 2
) -> Change | None:
    """The change that a series holds; None if one as large would come by ``chance`` in a series without any.

    The repeats themselves show the noise, so there must be some more of them than columns.
    """
    candidates = changes(values, columns, margin)
    best = candidates[0]
    if best.fit.dof < 3 or not best.size.u:
        return None
    t = abs(best.size.value) / best.size.u
    return best if t > t_quantile(1 - chance / 2 / len(candidates), best.fit.dof) else None


def share_interval(count: int, of: int) -> tuple[float, float]:
    """Clopper and Pearson's 95 % interval of a share, 0 … 1 (Biometrika 26 (1934) 404)."""
    low = 0.0 if count == 0 else _beta_quantile(0.025, count, of - count + 1)
    high = 1.0 if count == of else _beta_quantile(0.975, count + 1, of - count)
    return low, high


def _beta_quantile(p: float, a: float, b: float) -> float:
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if incomplete_beta(a, b, middle) < p else (low, middle)
    return (low + high) / 2

"""Crossed gauge study: components of variance of parts × operators × repeats, with their intervals.

y_ijk = µ + P_i + O_j + (PO)_ij + E_ijk, all random. Mean squares MS_P, MS_O, MS_PO, MS_E of the balanced table give

    repeatability²    = MS_E
    reproducibility²  = σ_O² + σ_PO² = (MS_O + (p − 1) MS_PO − p MS_E) / (p r)
    gauge²  (R & R)   = (MS_O + (p − 1) MS_PO + p (r − 1) MS_E) / (p r)
    parts²            = (MS_P − MS_PO) / (o r)

Intervals: repeatability by χ²; the sums by modified large samples (MLS), which hold their 95 % where Satterthwaite's do
not. With one operator there is no reproducibility, and gauge² = MS_E.

References: AIAG, "Measurement systems analysis" (4th ed. 2010), ch. III-B and app. A; ISO 22514-7:2021; Burdick,
Borror and Montgomery, "A review of methods for measurement systems capability analysis", J. Quality Technology 35
(2003) 342; Ting et al., "Confidence intervals on linear combinations of variance components", J. Stat. Comput. Simul.
35 (1990) 135.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np

from appliance.arrays import Array
from appliance.guides.distributions import chi2_quantile, f_quantile
from appliance.guides.ols import f_tail

TAIL = 0.025
"""Of each end of a 95 % interval."""
POOLED_ABOVE = 0.05
"""Interaction counts as scatter where its test gives more than this; then operators are tested against both."""


@dataclass(frozen=True)
class Spread:
    """A standard deviation with its 95 % interval, µm."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Study:
    """A gauge study's outcome; standard deviations in µm, ``p_…`` the probabilities that chance alone does as much."""

    repeatability: Spread
    reproducibility: Spread | None
    gauge: Spread
    parts_um: float
    p_operators: float
    p_interaction: float
    operator_means_um: tuple[float, ...]
    outlier: tuple[int, int, int] | None
    """Place of the one photo that does not go with the others of its cell."""

    @property
    def distinct_categories(self) -> int:
        """How many groups of parts the gauge tells apart (ndc)."""
        return int(1.41 * self.parts_um / self.gauge.value) if self.gauge.value > 0 else 0

    @property
    def share_of_study(self) -> float:
        """Gauge over total variation of the study."""
        total = sqrt(self.gauge.value**2 + self.parts_um**2)
        return self.gauge.value / total if total > 0 else 0.0


def study(table: Array) -> Study:
    """Analyse shifts (parts, operators, repeats) in µm; at least two parts and two repeats."""
    p, o, r = table.shape
    cells, grand = table.mean(axis=2), table.mean()
    by_part, by_operator = cells.mean(axis=1), cells.mean(axis=0)
    ms_e = float(((table - cells[..., None]) ** 2).sum()) / (p * o * (r - 1))
    ms_p = float(o * r * ((by_part - grand) ** 2).sum()) / (p - 1)
    dof_e = p * o * (r - 1)
    repeatability = _by_chi2(ms_e, dof_e)
    outlier = _outlier(table - cells[..., None], ms_e, dof_e)
    if o == 1:
        parts_um = sqrt(max(ms_p - ms_e, 0.0) / r)
        return Study(
            repeatability, None, repeatability, parts_um, 1.0, 1.0, (float(by_operator[0]),), outlier
        )
    ms_o = float(p * r * ((by_operator - grand) ** 2).sum()) / (o - 1)
    inner = cells - by_part[:, None] - by_operator[None, :] + grand
    dof_o, dof_po = o - 1, (p - 1) * (o - 1)
    ms_po = float(r * (inner**2).sum()) / dof_po
    p_interaction = f_tail(ms_po / ms_e, dof_po, dof_e) if ms_e > 0 else 1.0
    pooled = p_interaction > POOLED_ABOVE
    error = (ms_po * dof_po + ms_e * dof_e) / (dof_po + dof_e) if pooled else ms_po
    error_dof = dof_po + dof_e if pooled else dof_po
    p_operators = f_tail(ms_o / error, dof_o, error_dof) if error > 0 else 1.0
    between = [(ms_o / (p * r), dof_o), ((p - 1) * ms_po / (p * r), dof_po)]
    return Study(
        repeatability,
        _mls(between, (ms_e / r, dof_e)),
        _mls([*between, ((r - 1) * ms_e / r, dof_e)], None),
        sqrt(max(ms_p - ms_po, 0.0) / (o * r)),
        p_operators,
        p_interaction,
        tuple(float(mean) for mean in by_operator),
        outlier,
    )


def _by_chi2(variance: float, dof: int) -> Spread:
    ends = (sqrt(variance * dof / chi2_quantile(q, dof)) for q in (1 - TAIL, TAIL))
    return Spread(sqrt(variance), *ends)


def _mls(plus: list[tuple[float, int]], minus: tuple[float, int] | None) -> Spread:
    """Root of Σ plus − minus, each (mean square times its coefficient, degrees of freedom)."""
    value = sum(part for part, _ in plus) - (minus[0] if minus else 0.0)
    down = sum((_g(dof) * part) ** 2 for part, dof in plus)
    up = sum((_h(dof) * part) ** 2 for part, dof in plus)
    if minus is not None:
        less, n = minus
        down += (_h(n) * less) ** 2
        up += (_g(n) * less) ** 2
        for part, dof in plus:
            high, low = f_quantile(1 - TAIL, dof, n), f_quantile(TAIL, dof, n)
            down += ((high - 1) ** 2 - (_g(dof) * high) ** 2 - _h(n) ** 2) / high * part * less
            up += ((1 - low) ** 2 - (_h(dof) * low) ** 2 - _g(n) ** 2) / low * part * less
    low_end, high_end = value - sqrt(max(down, 0.0)), value + sqrt(max(up, 0.0))
    return Spread(*(sqrt(max(v, 0.0)) for v in (value, low_end, high_end)))


def _g(dof: int) -> float:
    return 1 - dof / chi2_quantile(1 - TAIL, dof)


def _h(dof: int) -> float:
    return dof / chi2_quantile(TAIL, dof) - 1


OUTLIER_CHANCE = 0.001
"""That among all photos of a faultless study one is called an outlier."""


def _outlier(residuals: Array, ms_e: float, dof: int) -> tuple[int, int, int] | None:
    """The photo farthest from its cell's mean, if chance hardly puts one there (deleted residual, Bonferroni)."""
    r = residuals.shape[2]
    if r < 3 or ms_e <= 0:  # of two that differ nobody knows which is off
        return None
    place = np.unravel_index(int(np.argmax(np.abs(residuals))), residuals.shape)
    own = float(residuals[place]) ** 2 * r / (r - 1)
    rest = (ms_e * dof - own) / (dof - 1)
    chance = 0.0 if rest <= 0 else f_tail(own / rest, 1, dof - 1)
    i, j, k = (int(index) for index in place)
    return (i, j, k) if chance * residuals.size < OUTLIER_CHANCE else None

"""Two-way fit of lenses on bodies: which effect is whose, as far as the pairs that were measured can tell.

z = L_i + B_j + e. Only differences within a body tell lenses apart, and only lenses that were on both tell bodies
apart: the pairs must hang together (their graph be connected); even then t can be added to all lenses and taken from
all bodies. Of all t the one is taken that leaves the least to blame, Σ|L_i + t| + Σ|B_j − t| → min, the median of −L_i
and B_j; so one odd lens is odd, and lenses that are all off alike are laid to the body or bench. The effects are then
told against the mean of those that are in order, by what repeats leave of scatter (Student's t).

References: Searle, "Linear models" (1971), 7 (two-way classification without interaction, connectedness); Bloomfield
and Steiger, "Least absolute deviations" (1983).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import hypot
from statistics import median_high, median_low

import numpy as np

from appliance.arrays import Array
from appliance.guides.case import COVERAGE_95
from appliance.guides.ols import Fit, f_tail, fitted

IN_ORDER = 0.5
"""Part of the tolerance within which an item counts as one of those in order, which others are told against."""


@dataclass(frozen=True)
class Pair:
    """One photo: lens and body by number, image shift in µm, and what of its uncertainty is the lens's own (1 σ)."""

    lens: int
    body: int
    shift_um: float
    own_um: float = 0.0


@dataclass(frozen=True)
class Effect:
    """What one lens or body adds, µm: against the mean of those in order, with its 95 % half-width."""

    kind: str
    number: int
    value: float
    u95: float


@dataclass(frozen=True)
class Shares:
    """The fit's outcome. ``torn``: as many lenses as bodies would explain it, by so many µm more or less."""

    effects: tuple[Effect, ...]
    common_um: float
    scatter_um: float
    dof: int
    torn_um: float
    p_pairs: float
    """Chance of what single pairs depart by from the sum of lens and body; 1 where no repeats tell."""


def groups(pairs: Sequence[Pair]) -> list[set[tuple[str, int]]]:
    """Lenses and bodies that hang together by pairs."""
    found: list[set[tuple[str, int]]] = []
    for pair in pairs:
        joined = {("lens", pair.lens), ("body", pair.body)}
        apart = [group for group in found if not group & joined]
        found = [*apart, joined.union(*(group for group in found if group & joined))]
    return found


def shares(pairs: Sequence[Pair], tolerance_um: float) -> Shares:
    """Fit connected pairs.

    Raises
    ------
    ValueError
        If they are not connected.
    """
    lenses, bodies = sorted({p.lens for p in pairs}), sorted({p.body for p in pairs})
    fit, items = _fit(pairs, lenses, bodies)
    values = items @ fit.coefficients  # −L_i, B_j: what t would have to be for each to be blameless
    low, high = median_low(values.tolist()), median_high(values.tolist())
    middle = (low + high) / 2
    good = np.abs(values - middle) <= max(IN_ORDER * tolerance_um, float(np.min(np.abs(values - middle))))
    reference = items[good].mean(axis=0)
    own = [max(p.own_um for p in pairs if p.lens == lens) for lens in lenses]
    effects = []
    for k, (kind, number) in enumerate([("lens", n) for n in lenses] + [("body", n) for n in bodies]):
        weights = (reference - items[k]) if kind == "lens" else (items[k] - reference)
        u95 = fit.t95 * fit.se(weights) if fit.dof else float("inf")
        effects.append(
            Effect(
                kind,
                number,
                fit.value(weights),
                hypot(u95, COVERAGE_95 * (own[k] if k < len(lenses) else 0.0)),
            )
        )
    common = float(np.mean([p.shift_um for p in pairs]))
    return Shares(tuple(effects), common, fit.s, fit.dof, high - low, _p_pairs(pairs, fit))


def _fit(pairs: Sequence[Pair], lenses: list[int], bodies: list[int]) -> tuple[Fit, Array]:
    """The fit, with bodies' effects summing to 0, and (items, p) weights of −L_i and B_j."""
    i, j = len(lenses), len(bodies)
    of_body = np.vstack([np.eye(j - 1), -np.ones((1, j - 1))]) if j > 1 else np.zeros((1, 0))
    rows = [np.concatenate([np.eye(i)[lenses.index(p.lens)], of_body[bodies.index(p.body)]]) for p in pairs]
    fit = fitted(np.array(rows), [p.shift_um for p in pairs])
    lens_rows = np.hstack([-np.eye(i), np.zeros((i, j - 1))])
    body_rows = np.hstack([np.zeros((j, i)), of_body])
    return fit, np.vstack([lens_rows, body_rows])


def _p_pairs(pairs: Sequence[Pair], fit: Fit) -> float:
    cells: dict[tuple[int, int], list[float]] = {}
    for pair in pairs:
        cells.setdefault((pair.lens, pair.body), []).append(pair.shift_um)
    pure = sum(float(np.var(values)) * len(values) for values in cells.values())
    pure_dof = len(pairs) - len(cells)
    lack_dof = fit.dof - pure_dof
    if pure_dof < 1 or lack_dof < 1 or pure <= 0:
        return 1.0
    lack = float(fit.residuals @ fit.residuals) - pure
    return f_tail(lack / lack_dof / (pure / pure_dof), lack_dof, pure_dof)

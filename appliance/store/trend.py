"""What a series of figures says: its middle, a step or a drift in it, and when. Pure functions of numbers.

References
----------
Median and MAD: ISO 13528:2022, C.2. Step: the largest standardised difference of means over all splits (CUSUM), judged
by permutation, which needs no assumption on the scatter. Drift: Mann (1945) and Kendall's test, slope by Theil (1950)
and Sen (1968).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import erfc, sqrt

import numpy as np
import numpy.typing as npt

MAD_TO_SIGMA = 1.4826
"""A normal sample's MAD times this is its standard deviation."""
LEAST_FOR_CHANGE = 8
SIGNIFICANT = 0.005
PERMUTATIONS = 999

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Middle:
    """Median of ``count`` figures and their robust standard deviation (1.4826 MAD)."""

    median: float
    sigma: float
    count: int


@dataclass(frozen=True)
class Change:
    """A step or a drift. ``index`` is the first figure of the new level, or 0 for a drift; ``p`` by chance alone."""

    kind: str
    index: int
    before: float
    after: float
    p: float
    per_month: float = 0.0

    @property
    def amount(self) -> float:
        """New level less old level."""
        return self.after - self.before


def middle(values: Sequence[float]) -> Middle | None:
    """Median and robust standard deviation, in the values' own unit; None of nothing."""
    if not values:
        return None
    data = np.asarray(values, dtype=np.float64)
    median = float(np.median(data))
    return Middle(median, MAD_TO_SIGMA * float(np.median(np.abs(data - median))), len(data))


def change(values: Sequence[float], days: Sequence[float]) -> Change | None:
    """The step or drift that explains ``values`` best, None if chance explains them well enough.

    Parameters
    ----------
    values:
        Figures in the order they were measured.
    days:
        When, in days from any origin.
    """
    if len(values) < LEAST_FOR_CHANGE:
        return None
    data = _tamed(np.asarray(values, dtype=np.float64))
    step, drift = _step(data), _drift(data, np.asarray(days, dtype=np.float64))
    if step is None or drift is None:
        return step or drift
    line = drift.before + (drift.after - drift.before) * _share(days)
    level = np.where(np.arange(len(data)) < step.index, step.before, step.after)
    return step if np.sum((data - level) ** 2) <= np.sum((data - line) ** 2) else drift


def _tamed(data: Floats) -> Floats:
    """Outliers drawn in to three sigmas of their neighbours' median: one bad check is no change."""
    padded = np.pad(data, 2, mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(padded, 5)
    local = np.median(windows, axis=1)
    sigma = MAD_TO_SIGMA * float(np.median(np.abs(data - local)))
    reach = 3 * sigma if sigma > 0 else np.inf
    return local + np.clip(data - local, -reach, reach)


def _step(data: Floats) -> Change | None:
    split, observed = _largest_difference(data[None, :])
    generator = np.random.default_rng(len(data))  # seeded: a page shown twice says the same
    shuffled = generator.permuted(np.broadcast_to(data, (PERMUTATIONS, len(data))), axis=1)
    _, by_chance = _largest_difference(shuffled)
    p = (1 + int(np.sum(by_chance >= observed[0]))) / (1 + PERMUTATIONS)
    if p > SIGNIFICANT:
        return None
    k = int(split[0])
    return Change("step", k, float(np.median(data[:k])), float(np.median(data[k:])), p)


def _largest_difference(rows: Floats) -> tuple[npt.NDArray[np.intp], Floats]:
    """Best split of each row, at least two figures a side, and its standardised difference of means."""
    n = rows.shape[1]
    k = np.arange(2, n - 1)
    sums = np.cumsum(rows, axis=1)
    left = sums[:, k - 1]
    difference = np.abs(left / k - (sums[:, -1:] - left) / (n - k)) / np.sqrt(1 / k + 1 / (n - k))
    best = np.argmax(difference, axis=1)
    return k[best], difference[np.arange(len(rows)), best]


def _share(days: Sequence[float] | Floats) -> Floats:
    data = np.asarray(days, dtype=np.float64)
    span = float(np.ptp(data))
    share: Floats = (data - data.min()) / span if span > 0 else np.linspace(0, 1, len(data))
    return share


def _drift(data: Floats, days: Floats) -> Change | None:
    n = len(data)
    share = _share(days)
    first, second = np.triu_indices(n, 1)
    rise, run = data[second] - data[first], share[second] - share[first]
    score = float(np.sum(np.sign(rise)))
    deviation = sqrt(n * (n - 1) * (2 * n + 5) / 18)
    p = erfc(max(abs(score) - 1, 0) / deviation / sqrt(2))
    apart = run > 0
    if p > SIGNIFICANT or not apart.any():
        return None
    slope = float(np.median(rise[apart] / run[apart]))
    start = float(np.median(data - slope * share))
    span = float(np.ptp(days)) or 1.0
    return Change("drift", 0, start, start + slope, p, slope / span * 30)

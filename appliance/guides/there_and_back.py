"""A series of settings gone through there and back: every setting twice, so that repeats say how well each is known.

Going back in the other order takes a steady drift out of the means to first order, and shows whatever did not return.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np

from appliance.arrays import Array
from appliance.guides.repeats import Estimate


@dataclass(frozen=True)
class Series:
    """n settings: ``means`` (n,) of both ways, ``gone`` (n,) the second way's values minus the first's.

    ``sd`` is the standard deviation of one value, pooled over the pairs of values, with ``dof`` = n degrees of freedom.
    """

    means: Array
    gone: Array

    @property
    def dof(self) -> int:
        """Degrees of freedom of ``sd``."""
        return len(self.means)

    @property
    def sd(self) -> float:
        """Standard deviation of a single value: each pair's difference has twice its variance."""
        return sqrt(float(np.mean(self.gone**2)) / 2)

    def combined(self, weights: Sequence[float] | Array) -> Estimate:
        """The combination Σ w_k mean_k, whose weights (n,) need not sum to anything."""
        w = np.asarray(weights, float)
        return Estimate(float(w @ self.means), self.sd * sqrt(float(w @ w) / 2), self.dof)

    def difference(self, k: int, reference: int) -> Estimate:
        """Mean of setting ``k`` minus that of ``reference``."""
        w = np.zeros(len(self.means))
        w[k] += 1.0
        w[reference] -= 1.0
        return self.combined(w)

    @property
    def trend(self) -> Estimate:
        """How much the second way's values are off the first's in the mean: 0 where everything came back."""
        spread = float(np.std(self.gone, ddof=1)) if self.dof > 1 else 0.0
        return Estimate(float(np.mean(self.gone)), spread / sqrt(self.dof), max(self.dof - 1, 1))


def there_and_back(there: Sequence[float], back: Sequence[float]) -> Series:
    """Values (n,) of each setting on the way there and on the way back, both in the order of the settings."""
    first, second = np.asarray(there, float), np.asarray(back, float)
    return Series((first + second) / 2, second - first)

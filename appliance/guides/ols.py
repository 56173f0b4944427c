"""Ordinary least squares where the scatter is not known beforehand but shows in the photos themselves.

Taking a lens off and on scatters by an amount that no photo knows; repeats tell it. References: Draper and Smith,
"Applied Regression Analysis" (1998), 1.4 and 5.2; ISO 3534-3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np

from appliance.arrays import Array
from appliance.guides.distributions import incomplete_beta, t_quantile


@dataclass(frozen=True)
class Fit:
    """Coefficients (p,), the inverse normal matrix (p, p), residuals (n,), and what scatter they leave.

    ``s`` is the residual standard deviation with ``dof`` degrees of freedom; 0 with none.
    """

    coefficients: Array
    inverse: Array
    residuals: Array
    s: float
    dof: int

    def value(self, weights: Sequence[float] | Array) -> float:
        """A linear combination (p,) of the coefficients."""
        return float(np.dot(weights, self.coefficients))

    def se(self, weights: Sequence[float] | Array, s: float | None = None) -> float:
        """Its standard error from the scatter, ``s`` if that is known better."""
        w = np.asarray(weights, float)
        return (self.s if s is None else s) * sqrt(max(float(w @ self.inverse @ w), 0.0))

    @property
    def t95(self) -> float:
        """Half-width of a 95 % interval in standard errors."""
        return t_quantile(0.975, self.dof)


def fitted(design: Array, values: Sequence[float] | Array) -> Fit:
    """The parameters (p,) that fit ``values`` (n,) best by ``design`` (n, p).

    Raises
    ------
    ValueError
        If the design does not determine all parameters.
    """
    matrix, seen = np.asarray(design, float), np.asarray(values, float)
    if np.linalg.matrix_rank(matrix) < matrix.shape[1]:
        raise ValueError("there are too few different measurements for so many unknowns")
    inverse = np.linalg.inv(matrix.T @ matrix)
    coefficients = inverse @ matrix.T @ seen
    residuals = seen - matrix @ coefficients
    dof = len(seen) - matrix.shape[1]
    s = sqrt(float(residuals @ residuals) / dof) if dof > 0 else 0.0
    return Fit(coefficients, inverse, residuals, s, dof)


def f_tail(ratio: float, dof1: float, dof2: float) -> float:
    """Probability that F with these degrees of freedom is larger than ``ratio``."""
    if ratio <= 0:
        return 1.0
    return incomplete_beta(dof2 / 2, dof1 / 2, dof2 / (dof2 + dof1 * ratio))

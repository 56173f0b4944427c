"""Cubic splines through many values at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from appliance.arrays import Array


def second_derivatives(values: Array) -> Array:
    """Second derivative per cell squared of the spline through ``values`` (d, …) at its d ≥ 5 knots.

    At both ends it goes on in a straight line, which makes that of the knots but one the plain second difference;
    Thomas's elimination gives the others.
    """
    bend = np.empty_like(values)
    bend[1:-1] = values[2:] - 2 * values[1:-1] + values[:-2]
    inner, factor = range(2, len(values) - 2), [0.0, 0.0]
    for n in inner:
        factor.append(1 / (4 - factor[-1]))
        bend[n] = (6 * bend[n] - bend[n - 1]) * factor[n]
    for n in reversed(inner):
        bend[n] -= factor[n] * bend[n + 1]
    bend[0], bend[-1] = 2 * bend[1] - bend[2], 2 * bend[-2] - bend[-3]
    return bend


@dataclass(frozen=True)
class Spline:
    """Cubic spline on an even grid: the second derivative, which is all that a shallow curve has, is continuous.

    ``coefficients`` (d − 1, 4, …) of the powers of the place within each cell, in cells.
    """

    start: float
    step: float
    coefficients: Array

    @classmethod
    def of(cls, grid: Array, values: Array) -> Spline:
        """Through ``values`` (d, …) on an even ``grid`` (d,)."""
        return cls.through(grid, values, second_derivatives(values))

    @classmethod
    def through(cls, grid: Array, values: Array, bend: Array) -> Spline:
        """Through ``values`` (d, …), whose :func:`second_derivatives` are known."""
        slope = values[1:] - values[:-1] - bend[:-1] / 3 - bend[1:] / 6
        cubic = (bend[1:] - bend[:-1]) / 6
        coefficients = np.stack([values[:-1], slope, bend[:-1] / 2, cubic], axis=1)
        return cls(float(grid[0]), float(grid[1] - grid[0]), coefficients)

    def values(self, place: Array) -> Array:
        """Values (n, …) at (n,) places; held at the ends of the grid."""
        u, (c0, c1, c2, c3) = self._cells(place)
        return np.asarray(c0 + u * (c1 + u * (c2 + u * c3)))

    def __call__(self, place: Array) -> tuple[Array, Array]:
        """Values and derivatives (n, …) at (n,) places; held at the ends of the grid."""
        u, (c0, c1, c2, c3) = self._cells(place)
        return c0 + u * (c1 + u * (c2 + u * c3)), (c1 + u * (2 * c2 + 3 * u * c3)) / self.step

    def _cells(self, place: Array) -> tuple[Array, Array]:
        """Places (n, …) within their cells, and the four coefficients (4, n, …) of these."""
        t = np.clip((place - self.start) / self.step, 0.0, len(self.coefficients) - 1e-9)
        i = t.astype(int)
        u = (t - i).reshape(-1, *[1] * (self.coefficients.ndim - 2))
        return u, np.moveaxis(self.coefficients[i], 1, 0)

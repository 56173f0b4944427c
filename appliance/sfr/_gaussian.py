"""The cumulative normal distribution from tables: NumPy has none, and millions of pixels want a fast one."""

from __future__ import annotations

from math import erf, sqrt

import numpy as np
import numpy.typing as npt

from appliance.arrays import Array, Array32

F64 = Array
F32 = Array32

_LIMIT = 6.0
_FINE = 4800
_GRID = np.linspace(-_LIMIT, _LIMIT, 2 * _FINE + 1)
_TABLE = np.array([0.5 * (1.0 + erf(z / sqrt(2.0))) for z in _GRID])

_PER_UNIT = 4096
_NEAREST = np.interp(np.linspace(-_LIMIT, _LIMIT, int(2 * _LIMIT) * _PER_UNIT + 1), _GRID, _TABLE).astype(
    np.float32
)


def _between(place: F64, *tables: F64) -> list[F64]:
    """Tables at places in cells, straight between their entries and held at their ends; overwrites ``place``."""
    np.clip(place, 0.0, len(tables[0]) - 1, out=place)
    with np.errstate(invalid="ignore"):  # NaN stays what it is
        cell = place.astype(np.intp)
    np.minimum(cell, len(tables[0]) - 2, out=cell)
    place -= cell
    found = []
    for table in tables:
        value = np.take(np.diff(table), cell, mode="clip")
        value *= place
        value += np.take(table, cell, mode="clip")
        found.append(value)
    return found


def cumulative(z: npt.NDArray[np.floating]) -> F64:
    """Cumulative normal distribution, to 2e-7; any shape."""
    return _between((np.asarray(z, np.float64) + _LIMIT) * (_FINE / _LIMIT), _TABLE)[0]


def cumulative_fast(z: F32) -> F32:
    """Cumulative normal distribution of pixels, to 5e-5 and as if rounded at random; overwrites ``z``."""
    z *= np.float32(_PER_UNIT)
    z += np.float32(_LIMIT * _PER_UNIT + 0.5)
    np.clip(z, 0.0, len(_NEAREST) - 1, out=z)
    return np.take(_NEAREST, z.astype(np.intp))


def density(z: npt.NDArray[np.floating]) -> F64:
    """Normal density; any shape."""
    return np.asarray(np.exp(-0.5 * np.square(z)) * (1.0 / sqrt(2.0 * np.pi)), dtype=np.float64)


def _dawson_table(limit: float, steps: int) -> F64:
    """Dawson's integral on [0, limit] by Rybicki's exponentially accurate sum."""
    x = np.linspace(0.0, limit, steps)
    h = 0.3
    total = np.zeros_like(x)
    for k in range(-81, 82, 2):
        total += np.exp(-np.square(x - k * h)) / k
    return np.asarray(total / sqrt(np.pi))


_LARGE = 10.0
_POINTS = np.linspace(0.0, _LARGE, 8001)
_DAWSON = _dawson_table(_LARGE, len(_POINTS))
_DAWSON_BENT = 4 * np.square(_POINTS) * _DAWSON - 2 * _POINTS - 2 * _DAWSON


def dawson(x: npt.NDArray[np.floating]) -> tuple[F64, F64]:
    """Dawson's integral D(x) = exp(−x²) ∫₀ˣ exp(t²) dt and its second derivative, to 1e-6; any shape.

    References
    ----------
    G. B. Rybicki, Computers in Physics 3, 85 (1989).
    """
    size = np.abs(x)
    sign = np.sign(x)
    place = np.minimum(size, _LARGE)
    inverse = 1.0 / np.maximum(size, _LARGE)
    q = np.square(inverse)
    far = 0.5 * inverse * (1 + q / 2 * (1 + 1.5 * q))
    far_bent = inverse * q * (1 + q * (3 + 11.25 * q))
    near = size < _LARGE
    inner, inner_bent = _between(place * ((len(_POINTS) - 1) / _LARGE), _DAWSON, _DAWSON_BENT)
    return np.asarray(sign * np.where(near, inner, far)), np.asarray(
        sign * np.where(near, inner_bent, far_bent)
    )

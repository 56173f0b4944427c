"""Optical transfer function of a circular pupil with defocus and spherical aberration, by exact quadrature.

Hopkins' integral over the two overlapping pupils: with the shift 2 s of one against the other in pupil radii (s = 1 at the cut-off
frequency) and W in waves,

    OTF(s) = 1/π ∬ cos 2π [W(x + s, y) - W(x - s, y)] dx dy,

over |(x ± s, y)| ≤ 1. The substitution x = cos θ - s, y = v sin θ makes the integrand smooth, so that Gauss' rule converges at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import asinh, ceil, pi, sinh

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

_KNEE_WAVES = 3.0
_STEP = 0.012
"""The table's steps in W020 are 0.036 waves near focus and 1.2 % of it far from it."""


def circular_pupil_otf(s: npt.ArrayLike, w020: npt.ArrayLike, w040: float = 0.0, cross: float = 0.0) -> Array:
    """OTF of a circular pupil.

    Parameters
    ----------
    s:
        (n,) frequencies as fractions of the cut-off, 0 to 1 (0 is returned above).
    w020:
        (k,) defocus along the frequency's direction, in waves.
    w040:
        Spherical aberration in waves.
    cross:
        Coefficient of 2 x y in waves, x along the frequency's direction; from astigmatism.

    Returns
    -------
    (k, n) real: the pupil functions considered are even.
    """
    s, w020 = np.atleast_1d(np.asarray(s, float)), np.atleast_1d(np.asarray(w020, float))
    reach = float(np.abs(w020).max(initial=0)) + 2 * abs(w040)
    theta_nodes, theta_weights = np.polynomial.legendre.leggauss(16 + ceil(1.1 * pi * reach))
    v_nodes, v_weights = np.polynomial.legendre.leggauss(
        1 if w040 == cross == 0 else 8 + ceil(6 * abs(w040) + 3 * abs(cross))
    )
    top = np.arccos(np.minimum(s, 1.0))
    theta = top[:, None] * (theta_nodes + 1) / 2
    sine = np.sin(theta)
    x = np.cos(theta) - s[:, None]
    weight = 4 / pi * sine**2 * theta_weights * top[:, None] / 2
    total = np.zeros((len(w020), len(s)))
    for v, v_weight in zip((v_nodes + 1) / 2, v_weights / 2, strict=True):
        y = v * sine
        spherical = w040 * 2 * (x**2 + s[:, None] ** 2 + y**2)
        lean = np.cos(2 * pi * 4 * s[:, None] * y * cross) * weight * v_weight if cross else weight * v_weight
        for k, defocus in enumerate(w020):
            total[k] += np.sum(np.cos((8 * pi * s[:, None] * x) * (defocus + spherical)) * lean, axis=1)
    return total


@dataclass(frozen=True)
class OtfTable:
    """OTF against defocus and frequency for one lens, summed over its wavelengths.

    Attributes
    ----------
    values:
        (defoci, frequencies) float64.
    first:
        Defocus of the first row on the stretched scale, in rows.
    frequency_step:
        Cycles per pixel between columns; the first column is frequency 0.
    """

    values: Array
    first: int
    frequency_step: float

    def rows(self, w020_um: npt.ArrayLike) -> tuple[npt.NDArray[np.int64], Array]:
        """Row before, and the fraction of a row beyond it, of each defocus in µm."""
        place = np.arcsinh(np.asarray(w020_um, float) / 0.55 / _KNEE_WAVES) / _STEP - self.first
        row = np.clip(np.floor(place), 1, len(self.values) - 3).astype(np.int64)
        return row, place - row

    def at(self, w020_um: npt.ArrayLike, columns: Array) -> Array:
        """(k, m) OTF of (k,) defoci from ``columns`` (rows of the table, m), by cubic interpolation."""
        row, t = self.rows(w020_um)
        weights = lagrange_cubic(t)
        total: Array = sum(weights[j][:, None] * columns[row + j - 1] for j in range(4))
        return total

    def at_frequencies(self, frequency_cpp: Array) -> Array:
        """(rows, m) the table at other frequencies, by cubic interpolation; 0 beyond the cut-off."""
        place = np.minimum(np.asarray(frequency_cpp, float) / self.frequency_step, self.values.shape[1] - 1)
        column = np.floor(place).astype(np.int64)
        weights = lagrange_cubic(place - column)
        last = self.values.shape[1] - 1
        # the OTF is even in frequency, and 0 beyond the last column
        total: Array = sum(
            weights[j] * self.values[:, np.minimum(np.abs(column + j - 1), last)] for j in range(4)
        )
        return total


def lagrange_cubic(t: Array) -> Array:
    """(4, n) weights of the samples at -1, 0, 1, 2 for the place t."""
    return np.stack(
        [
            -t * (t - 1) * (t - 2) / 6,
            (t + 1) * (t - 1) * (t - 2) / 2,
            -(t + 1) * t * (t - 2) / 2,
            (t + 1) * t * (t - 1) / 6,
        ]
    )


@lru_cache(maxsize=4)
def otf_table(
    working_f_number: float,
    pitch_um: float,
    wavelengths_um: tuple[tuple[float, float], ...],
    spherical_um: float,
    lowest: int,
    highest: int,
) -> OtfTable:
    """Table for defoci between rows ``lowest`` and ``highest`` of the stretched scale (see :func:`table_range`)."""
    defocus_um = 0.55 * _KNEE_WAVES * np.sinh(_STEP * np.arange(lowest - 2, highest + 3))
    shortest = min(wavelength for wavelength, _ in wavelengths_um)
    cutoff = pitch_um / (shortest * working_f_number)
    reach = float(np.abs(defocus_um).max()) / shortest + 2 * abs(spherical_um) / shortest
    columns = 160 + ceil(50 * reach)
    frequency = np.linspace(0, cutoff, columns)
    values = np.zeros((len(defocus_um), columns))
    total = sum(weight for _, weight in wavelengths_um)
    for wavelength, weight in wavelengths_um:
        own = frequency * wavelength * working_f_number / pitch_um
        for part in np.array_split(np.arange(len(defocus_um)), max(len(defocus_um) // 16, 1)):
            block = circular_pupil_otf(own, defocus_um[part] / wavelength, spherical_um / wavelength)
            values[part] += weight / total * np.where(own < 1, block, 0)
    return OtfTable(values, lowest - 2, cutoff / (columns - 1))


def table_range(least_um: float, most_um: float) -> tuple[int, int]:
    """Rows of the stretched defocus scale that hold a range of W020 in µm, in whole blocks of 16."""
    rows = [asinh(w / 0.55 / _KNEE_WAVES) / _STEP for w in (least_um, most_um)]
    return 16 * int(np.floor(rows[0] / 16)), 16 * int(np.ceil(rows[1] / 16))


def stretched_defocus_um(row: float) -> float:
    """Defocus W020 in µm of a row of the stretched scale."""
    return 0.55 * _KNEE_WAVES * sinh(_STEP * row)

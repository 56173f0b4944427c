"""Optical transfer function of a circular pupil with defocus and spherical aberration, by exact quadrature.

Hopkins' integral over two overlapping pupils, one shifted by 2 s pupil radii against the other (s = 1 at the cut-off
frequency), with W in waves:

    OTF(s) = 1/π ∬ cos 2π [W(x + s, y) - W(x - s, y)] dx dy  over  |(x ± s, y)| ≤ 1.

The substitution x = cos θ - s, y = v sin θ makes the integrand smooth, so that Gauss' rule converges at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from math import asinh, ceil, floor, pi

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

_KNEE_WAVES = 3.0
_STEP = 0.012
"""The table's steps in W020 are 0.036 waves near focus and 1.2 % of it far from it."""
_CROSS_STEP_UM = 0.03
_SPARSE = 4
"""What growing blur adds in second order is small: every so many of the frequencies are enough."""


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
    flat = w040 == 0 and cross == 0
    v_nodes, v_weights = np.polynomial.legendre.leggauss(
        1 if flat else 8 + ceil(6 * abs(w040) + 4 * abs(cross))
    )
    top = np.arccos(np.minimum(s, 1.0))
    theta = top[:, None] * (theta_nodes + 1) / 2
    sine = np.sin(theta)
    shift = s[:, None]
    x = np.cos(theta) - shift
    weight = 4 / pi * sine**2 * theta_weights * top[:, None] / 2
    phase = (
        8 * pi * shift * x
    )  # per wave of defocus; spherical aberration's is separated from it by the sum of angles
    cosine, sine_part = np.zeros_like(x), np.zeros_like(x)
    for v, v_weight in zip((v_nodes + 1) / 2, v_weights / 2, strict=True):
        y = v * sine
        here = weight * v_weight * np.cos(8 * pi * shift * y * cross)
        spherical = phase * w040 * 2 * (x**2 + shift**2 + y**2)
        cosine += here * np.cos(spherical)
        sine_part += here * np.sin(spherical)
    total = np.empty((len(w020), len(s)))
    for k, defocus in enumerate(w020):
        total[k] = np.sum(np.cos(phase * defocus) * cosine, axis=1)
        if w040:
            total[k] -= np.sum(np.sin(phase * defocus) * sine_part, axis=1)
    return total


def pupil_otf_where_blur_grows(s: Array, w020: Array, w040: float = 0.0) -> Array:
    """Second order of a blur's growth in the OTF: −⟨p² (Φ sin Φ + Φ²/2 cos Φ)⟩ over Hopkins' overlap of two pupils.

    Φ is the phase of the integral and p the pupil coordinate along the frequency, or across it.

    Parameters
    ----------
    s:
        (n,) frequencies as fractions of the cut-off, 0 to 1.
    w020, w040:
        (k,) defocus and spherical aberration, waves.

    Returns
    -------
    (2, k, n) for p along the frequency and across it.
    """
    reach = float(np.abs(w020).max(initial=0)) + 2 * abs(w040)
    theta_nodes, theta_weights = np.polynomial.legendre.leggauss(16 + ceil(1.1 * pi * reach))
    v_nodes, v_weights = np.polynomial.legendre.leggauss(2 + ceil(6 * abs(w040)))
    top = np.arccos(np.minimum(s, 1.0))[:, None, None]
    theta, shift = top * ((theta_nodes + 1) / 2)[:, None], s[:, None, None]
    x, y = np.cos(theta) - shift, np.sin(theta) * (v_nodes + 1) / 2
    weight = 4 / pi * np.sin(theta) ** 2 * (theta_weights[:, None] * v_weights / 2) * top / 2
    total = np.empty((2, len(w020), len(s)))
    for k, defocus in enumerate(w020):
        phase = 8 * pi * shift * x * (defocus + 2 * w040 * (x**2 + shift**2 + y**2))
        change = -weight * (phase * np.sin(phase) + phase**2 / 2 * np.cos(phase))
        total[:, k] = np.sum(change * x**2, axis=(1, 2)), np.sum(change * y**2, axis=(1, 2))
    return total


@dataclass(frozen=True)
class OtfTable:
    """OTF against defocus and frequency for one lens, summed over its wavelengths.

    Attributes
    ----------
    values:
        (planes, defoci, frequencies) float64; the planes differ in the cross term of astigmatism.
    first:
        Defocus of the first row on the stretched scale, in rows.
    frequency_step:
        Cycles per pixel between columns; the first column is frequency 0.
    cross_step_um:
        Cross term between planes; the first plane has none.
    growing:
        Like ``values``: ∂²OTF/∂f∂W − (∂OTF/∂W)/f, in pixels per µm: for edges across which defocus changes.
    bending:
        (2, defoci, frequencies) what its second order adds, see :func:`pupil_otf_where_blur_grows`, if asked for.
    """

    values: Array
    growing: Array
    bending: Array | None
    first: int
    frequency_step: float
    cross_step_um: float

    @property
    def cutoff_cpp(self) -> float:
        """Frequency of the last column, where the lens passes nothing."""
        return float(self.frequency_step * (self.values.shape[2] - 1))

    def rows(self, w020_um: npt.ArrayLike) -> tuple[npt.NDArray[np.int64], Array]:
        """Row before, and the fraction of a row beyond it, of each defocus in µm."""
        place = np.arcsinh(np.asarray(w020_um, float) / 0.55 / _KNEE_WAVES) / _STEP - self.first
        row = np.clip(np.floor(place), 1, self.values.shape[1] - 3).astype(np.int64)
        return row, place - row

    def at(self, w020_um: Array, cross_um: Array, columns: Array) -> Array:
        """(k, m) OTF of (k,) defoci and cross terms from ``columns`` (planes, rows, m), by cubic interpolation."""
        row, t = self.rows(w020_um)
        down = lagrange_cubic(t)[:, :, None]
        if len(columns) == 1:
            flat: Array = sum(down[j] * columns[0, row + j - 1] for j in range(4))
            return flat
        place = np.abs(cross_um) / self.cross_step_um
        plane = np.clip(np.floor(place), 0, len(columns) - 3).astype(np.int64)
        through = lagrange_cubic(place - plane)[:, :, None]
        # the OTF is even in the cross term
        total: Array = sum(
            through[i] * down[j] * columns[np.abs(plane + i - 1), row + j - 1]
            for i in range(4)
            for j in range(4)
        )
        return total

    def at_frequencies(self, frequency_cpp: Array, values: Array) -> Array:
        """(planes, rows, m) ``values`` or ``growing`` at other frequencies; cubic interpolation, 0 beyond the end."""
        return interpolate_even(values, np.asarray(frequency_cpp, float) / self.frequency_step)


def interpolate_even(values: Array, place: Array) -> Array:
    """Cubic interpolation along the last axis of what is even about its first sample and 0 after its last."""
    last = values.shape[-1] - 1
    place = np.minimum(place, last)
    before = np.floor(place).astype(np.int64)
    weights = lagrange_cubic(place - before)
    total: Array = sum(weights[j] * values[..., np.minimum(np.abs(before + j - 1), last)] for j in range(4))
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
    rows: tuple[int, int],
    most_cross_um: float,
    bent: bool = False,
    colour_um: tuple[float, ...] = (),
) -> OtfTable:
    """Table for defoci between two rows of the stretched scale (see :func:`table_range`).

    Parameters
    ----------
    working_f_number, pitch_um:
        Image distance over pupil diameter; pixel pitch in µm.
    wavelengths_um:
        (wavelength in µm, weight).
    spherical_um:
        W040 in µm.
    rows:
        First and last row.
    most_cross_um:
        Largest cross term of astigmatism in µm; 0 makes a single plane.
    bent:
        Whether blur grows so fast that its second order counts.
    colour_um:
        W020 in µm that each wavelength has more than the table's rows say; () for none.
    """
    colour_um = colour_um or (0.0,) * len(wavelengths_um)
    defocus_um = 0.55 * _KNEE_WAVES * np.sinh(_STEP * np.arange(rows[0] - 2, rows[1] + 3))
    shortest = min(wavelength for wavelength, _ in wavelengths_um)
    cutoff = pitch_um / (shortest * working_f_number)
    farthest_um = float(np.abs(defocus_um).max()) + max(abs(own) for own in colour_um)
    reach = (farthest_um + 2 * abs(spherical_um)) / shortest
    frequency = np.linspace(0, cutoff, 160 + ceil(50 * reach))
    planes = 1 if most_cross_um == 0 else ceil(most_cross_um / _CROSS_STEP_UM) + 3
    values = np.zeros((planes, len(defocus_um), len(frequency)))
    bending = np.zeros((2, len(defocus_um), len(frequency)))
    total = sum(weight for _, weight in wavelengths_um)
    blocks = np.array_split(np.arange(len(defocus_um)), max(len(defocus_um) // 16, 1))
    light = list(zip(wavelengths_um, colour_um, strict=True))
    for plane, ((wavelength, weight), own_um), block in product(range(planes), light, blocks):
        own = frequency * wavelength * working_f_number / pitch_um
        cross = plane * _CROSS_STEP_UM / wavelength
        part = circular_pupil_otf(
            own, (defocus_um[block] + own_um) / wavelength, spherical_um / wavelength, cross
        )
        values[plane, block] += weight / total * np.where(own < 1, part, 0)
        if bent and plane == 0:
            waves = (defocus_um[block] + own_um) / wavelength
            part = pupil_otf_where_blur_grows(own[::_SPARSE], waves, spherical_um / wavelength)
            part = interpolate_even(np.where(own[::_SPARSE] < 1, part, 0), np.arange(len(own)) / _SPARSE)
            bending[:, block] += weight / total * part
    return OtfTable(
        values,
        _growing(values, defocus_um, frequency),
        bending if bent else None,
        rows[0] - 2,
        cutoff / (len(frequency) - 1),
        _CROSS_STEP_UM,
    )


def _growing(values: Array, defocus_um: Array, frequency: Array) -> Array:
    """∂²OTF/∂f∂W − (∂OTF/∂W)/f, which is f ∂/∂f of (∂OTF/∂W)/f, from a table; 0 at frequency 0."""
    by_defocus = np.gradient(values, defocus_um, axis=1)
    per_frequency = by_defocus[..., 1:] / frequency[1:]
    result = np.zeros_like(values)
    result[..., 1:] = frequency[1:] * np.gradient(per_frequency, frequency[1:], axis=2)
    return result


def table_range(least_um: float, most_um: float) -> tuple[int, int]:
    """Rows of the stretched defocus scale that hold a range of W020 in µm, in whole blocks of 16."""
    rows = [asinh(w / 0.55 / _KNEE_WAVES) / _STEP for w in (least_um, most_um)]
    return 16 * floor(rows[0] / 16), 16 * ceil(rows[1] / 16)

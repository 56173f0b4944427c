"""Blurring a window of the sharp picture in the frequency domain, and sampling it at pixel centres.

The sharp picture is sampled one to three times per pixel, filtered by a B-spline (see :mod:`appliance.bench.raster`).
Its spectrum is divided by the spline's response, multiplied by the optics and the pixel's square aperture, and folded
onto the pixel grid: nothing is interpolated, and nothing can be off by a fraction of a pixel.
"""

from __future__ import annotations

from math import ceil, pi

import cv2
import numpy as np
import numpy.typing as npt

from appliance.bench.geometry import DESIGN_WAVELENGTH_UM
from appliance.bench.local import Optics, Spread
from appliance.bench.otf import interpolate_even
from appliance.bench.raster import SPLINE_ORDER

Array = npt.NDArray[np.float64]
Picture = npt.NDArray[np.float32]
Spectrum = npt.NDArray[np.complex64]


class Fold:
    """Fourier transforms between the sample grid and the pixel grid of one window."""

    def __init__(self, window: tuple[int, int], samples: int, limit_cpp: float, optics: Optics) -> None:
        self.window, self.table = window, optics.table
        self.blur_px_per_um = optics.blur_px_per_um
        self.y_last = min(ceil(limit_cpp * window[0]), window[0] * samples // 2 - 1)
        self.x_last = min(ceil(limit_cpp * window[1]), window[1] * samples // 2 - 1)
        self.y_cpp = np.arange(-self.y_last, self.y_last + 1)[:, None] / window[0]
        self.x_cpp = np.arange(self.x_last + 1)[None, :] / window[1]
        spline_x = np.sinc(self.x_cpp / samples) ** SPLINE_ORDER
        spline_y = np.sinc(self.y_cpp / samples) ** SPLINE_ORDER
        aperture = optics.aperture(self.x_cpp, self.y_cpp)
        self.response = (aperture / (spline_x * spline_y) / samples**2).astype(np.float32)
        # places of the upper half plane's frequencies in a radial profile 8 times as fine as the table
        radius = np.hypot(self.x_cpp, self.y_cpp[self.y_last :]) / (self.table.frequency_step / 8)
        radius = np.minimum(radius, 8 * (self.table.values.shape[2] - 1))
        self.profile_index = radius.astype(np.int32)
        self.profile_fraction = (radius - self.profile_index).astype(np.float32)
        self.turn = None
        if optics.most_cross_um:
            frequency = self.x_cpp + 1j * self.y_cpp
            self.turn = np.where(frequency == 0, 1, frequency / np.maximum(np.abs(frequency), 1e-12)) ** 2

    def spectrum(self, sharp: Picture) -> Spectrum:
        """Spectrum of the sharp picture through the pixel aperture, rows from the lowest to the highest frequency."""
        packed = cv2.dft(np.ascontiguousarray(sharp))
        rows = packed.shape[0]
        order = np.arange(-self.y_last, self.y_last + 1) % rows
        part = np.empty((len(order), self.x_last + 1), np.complex64)
        # OpenCV packs column 0 as Re 0, Re 1, Im 1, Re 2 …, then the other columns as pairs
        column = np.zeros(self.y_last + 1, np.complex64)
        column.real[0] = packed[0, 0]
        column[1:] = packed[1 : 2 * self.y_last : 2, 0] + 1j * packed[2 : 2 * self.y_last + 1 : 2, 0]
        part[self.y_last :, 0], part[: self.y_last, 0] = column, np.conj(column[:0:-1])
        part.real[:, 1:] = packed[order, 1 : 2 * self.x_last : 2]
        part.imag[:, 1:] = packed[order, 2 : 2 * self.x_last + 1 : 2]
        part *= self.response
        return part

    def blurred(self, spectrum: Spectrum, parts: Spread, k: int, slope: Array) -> Picture:
        """Picture at pixel centres, through the lens and print of one member of ``parts``.

        ``slope`` (2,) is the change of W020 in µm per pixel to the right and down, see :mod:`appliance.bench.blur`.
        """
        scale = -2 * pi**2
        response = self._lens(parts, k) + self._growth(parts, k, slope)
        response *= np.exp(scale * parts.xx[k] * self.x_cpp**2).astype(np.float32)
        response *= np.exp(scale * parts.yy[k] * self.y_cpp**2).astype(np.float32)
        if abs(parts.xy[k]) > 1e-5:
            cross = (2 * scale * parts.xy[k] * self.y_cpp).astype(np.float32)
            response *= np.exp(cross * self.x_cpp.astype(np.float32))
        return self._picture(spectrum * response)

    def _lens(self, parts: Spread, k: int) -> Picture:
        """Lens response of one member of ``parts`` at all frequencies."""
        if self.turn is None:
            upper = self._radial(self.table.at(parts.w020_um[k : k + 1], np.zeros(1), self.table.values)[0])
            return np.concatenate([upper[:0:-1], upper])
        # with astigmatism the response is a polynomial of cos 2 (direction - azimuth): Chebyshev nodes and sum
        part = parts.chosen([k])
        count = 3 + ceil(8 * abs(part.astigmatism_um[0]) / DESIGN_WAVELENGTH_UM)
        angles = (np.arange(count) + 0.5) * pi / count
        profiles = self.table.at(*part.along(part.azimuth + angles / 2), self.table.values)
        terms = np.cos(np.arange(count)[:, None] * angles) * 2 / count @ profiles
        terms[0] /= 2
        cosine = (
            self.turn.real * np.cos(2 * part.azimuth) + self.turn.imag * np.sin(2 * part.azimuth)
        ).astype(np.float32)
        later = np.zeros_like(cosine)
        latest = np.zeros_like(cosine)
        for term in terms[:0:-1]:  # Clenshaw's recurrence
            upper = self._radial(term)
            latest, later = np.concatenate([upper[:0:-1], upper]) + 2 * cosine * latest - later, latest
        upper = self._radial(terms[0])
        whole: Picture = np.concatenate([upper[:0:-1], upper]) + cosine * latest - later
        return whole

    def _growth(self, parts: Spread, k: int, slope: Array) -> Spectrum:
        """What the lens response of one member of ``parts`` has more where defocus changes across the picture."""
        table, defocus = self.table, parts.w020_um[k : k + 1]

        def whole(values: Array) -> Picture:
            upper = self._radial(table.at(defocus, np.zeros(1), values[None])[0])
            return np.concatenate([upper[:0:-1], upper])

        radius = np.maximum(np.hypot(self.x_cpp, self.y_cpp), 1e-12)
        along = (slope[0] * self.x_cpp + slope[1] * self.y_cpp) / radius
        response = np.asarray(
            1j * (whole(table.growing[0]) * (along / (-2 * pi)).astype(np.float32)), np.complex64
        )
        if table.bending is not None:
            steep = [
                (part * self.blur_px_per_um**2).astype(np.float32)
                for part in (along**2, slope @ slope - along**2)
            ]
            response += steep[0] * whole(table.bending[0]) + steep[1] * whole(table.bending[1])
        return response

    def _radial(self, coarse: Array) -> Picture:
        """A radial profile of the table at frequencies of the upper half plane, through a finely resampled copy."""
        fine = interpolate_even(coarse, np.arange(8 * (len(coarse) - 1) + 2) / 8).astype(np.float32)
        low = np.take(fine, self.profile_index)
        low += np.take(np.diff(fine), self.profile_index) * self.profile_fraction
        return np.asarray(low)

    def _picture(self, spectrum: Spectrum) -> Picture:
        """Fold frequencies beyond the pixel grid's Nyquist frequency back and transform."""
        rows, columns = self.window
        folded = np.zeros((rows, spectrum.shape[1]), np.complex64)
        k = -self.y_last
        while k <= self.y_last:
            target = k % rows
            count = min(rows - target, self.y_last - k + 1)
            folded[target : target + count] += spectrum[k + self.y_last : k + self.y_last + count]
            k += count
        if self.x_last >= columns // 2:
            folded = self._folded_columns(folded)
        lines = np.fft.ifft(folded, axis=0)
        picture: Picture = np.fft.irfft(lines, n=columns, axis=1).astype(np.float32, copy=False)
        return picture

    def _folded_columns(self, spectrum: Spectrum) -> Spectrum:
        rows, columns = self.window
        half = columns // 2
        mirrored = np.conj(spectrum[(-np.arange(rows)) % rows])
        whole = spectrum[:, : half + 1].copy()
        for k in range(half + 1, self.x_last + 1):
            if k % columns <= half:
                whole[:, k % columns] += spectrum[:, k]
        for k in range(half, self.x_last + 1):
            if -k % columns <= half:
                whole[:, -k % columns] += mirrored[:, k]
        return whole


def fast_length(length: int) -> int:
    """Even length at or above ``length`` with no prime factor above 5."""
    candidate = length + length % 2
    while True:
        rest = candidate
        for prime in (2, 3, 5):
            while rest % prime == 0:
                rest //= prime
        if rest == 1:
            return candidate
        candidate += 2

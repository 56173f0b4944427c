"""The picture through the lens: every pixel with the point spread function of its own depth and field position.

The picture is made in tiles. In each tile the transfer functions that occur (lens at the local defocus × print ×
pixel aperture) are written as combinations of a few of them, chosen so that the rest follows to 3e-4 (an interpolative
decomposition); the tile is convolved with those few and the results are mixed pixel by pixel: no steps in depth.

The sharp picture is sampled one to three times per pixel, filtered by a B-spline (see :mod:`appliance.bench.raster`).
Its spectrum is divided by the spline's response, multiplied by the optics and the pixel's square aperture, and folded
onto the pixel grid: nothing is interpolated, and nothing can be off by a fraction of a pixel.

A pixel sees with the blur of its own depth, though an edge a blur's radius away lies at another. That skews an edge
far out of focus by (blur radius) × (relative change of the radius per pixel), which is 1 % of it at f/1.4 and m = 0.05,
the same way on both sides of focus; its response changes in second order only.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from itertools import pairwise, product
from math import ceil, pi

import cv2
import numpy as np
import numpy.typing as npt

from appliance.bench.geometry import DESIGN_WAVELENGTH_UM, Projection
from appliance.bench.otf import OtfTable, interpolate_even, lagrange_cubic, otf_table, table_range
from appliance.bench.raster import SPLINE_ORDER, Outlines, rasterise

Array = npt.NDArray[np.float64]
Picture = npt.NDArray[np.float32]
Spectrum = npt.NDArray[np.complex64]

TOLERANCE = 3e-4
"""Of the transfer functions that are written as combinations of others."""
BAND_TOLERANCE = 7e-4
"""Response below which high frequencies are left out; the error in a pixel beside an edge is smaller."""
_MOST_SAMPLES = 3
_MOST_PARTS = 40
_ANGLES = np.arange(6) * pi / 6 + 0.1


@dataclass(frozen=True)
class _Spread:
    """Local blur at (n,) points.

    W020 in µm, medial; half the tangential less the sagittal W020 in µm, and the tangential direction in rad;
    the covariance of the print blur in px².
    """

    w020_um: Array
    astigmatism_um: Array
    azimuth: Array
    xx: Array
    xy: Array
    yy: Array

    def chosen(self, which: list[int]) -> _Spread:
        return _Spread(*(getattr(self, f.name)[which] for f in fields(self)))

    def along(self, angle: float | Array) -> tuple[Array, Array]:
        """W020 in µm along a direction in rad, and the cross term of that direction."""
        turn = 2 * (angle - self.azimuth)
        return self.w020_um + self.astigmatism_um * np.cos(turn), self.astigmatism_um * np.sin(turn)

    def widest(self) -> float:
        return float(np.sqrt(np.max(self.xx + self.yy, initial=0)))

    def narrowest_variance(self) -> float:
        half_trace, half_difference = (self.xx + self.yy) / 2, (self.xx - self.yy) / 2
        return max(float(np.min(half_trace - np.hypot(half_difference, self.xy))), 0.0)


@dataclass(frozen=True)
class _Tile:
    """Output pixels [top, bottom) × [left, right)."""

    top: int
    bottom: int
    left: int
    right: int

    def points(self, rows: int, columns: int) -> Array:
        """(rows × columns, 2) pixel coordinates spread evenly from corner to corner."""
        y = np.linspace(self.top, self.bottom - 1, rows)
        x = np.linspace(self.left, self.right - 1, columns)
        return np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)


class _Optics:
    """Everything that blurs, for one projection."""

    def __init__(self, projection: Projection) -> None:
        scene = projection.scene
        self.projection = projection
        self.pitch_um = scene.sensor.pitch_um
        self.motion = scene.mishap.motion_px
        self.spherical_um = scene.lens.spherical_waves * DESIGN_WAVELENGTH_UM
        everywhere = _Tile(0, scene.sensor.height, 0, scene.sensor.width).points(25, 25)
        defocus = projection.w020_um_at_pixels(everywhere)
        self.most_cross_um = abs(scene.lens.astigmatism_waves) * DESIGN_WAVELENGTH_UM / 2
        slack = 0.05 * (defocus.max() - defocus.min()) + 0.02 + self.most_cross_um
        self.table: OtfTable = otf_table(
            projection.working_f_number,
            self.pitch_um,
            scene.lens.wavelengths_um,
            self.spherical_um,
            table_range(defocus.min() - slack, defocus.max() + slack),
            self.most_cross_um,
        )

    def spread(self, points: Array) -> _Spread:
        """Local blur at (n, 2) pixel coordinates."""
        chart = self.projection.scene.chart
        jacobian = self.projection.pixels_per_mm(points) * (chart.print_blur_um * chart.print_scale / 1000)
        covariance = jacobian @ jacobian.transpose(0, 2, 1)
        w020 = self.projection.w020_um_at_pixels(points)
        astigmatism, azimuth = self.projection.astigmatism_um_at_pixels(points)
        return _Spread(
            w020, astigmatism / 2, azimuth, covariance[:, 0, 0], covariance[:, 0, 1], covariance[:, 1, 1]
        )

    def radius_px(self, spread: _Spread) -> float:
        """Generous radius of the blur: its geometric rim, and room for the diffraction's tail."""
        number, pitch = self.projection.working_f_number, self.pitch_um
        farthest = np.abs(spread.w020_um).max() + np.abs(spread.astigmatism_um).max()
        geometric = 4 * number * farthest + 8 * number * abs(self.spherical_um)
        airy = number * DESIGN_WAVELENGTH_UM
        shake = max(abs(m) for m in self.motion) / 2
        return float((geometric + 12 * airy) / pitch + shake + 3 * spread.widest() + 20)

    def passed(self, spread: _Spread) -> tuple[Array, Array]:
        """Frequencies in cycles per pixel, and the most that comes through at them."""
        slack = np.abs(spread.astigmatism_um).max()
        rows, _ = self.table.rows(np.array([spread.w020_um.min() - slack, spread.w020_um.max() + slack]))
        passed = np.abs(self.table.values[:, rows[0] - 1 : rows[1] + 3]).max(axis=(0, 1))
        frequency = np.arange(len(passed), dtype=float) * self.table.frequency_step
        passed = passed * np.exp(-2 * pi**2 * spread.narrowest_variance() * frequency**2)
        passed *= np.maximum(np.abs(np.sinc(frequency)), np.sinc(frequency / 2**0.5) ** 2)
        return frequency, np.asarray(passed, float)

    def band_limit_cpp(self, spread: _Spread) -> float:
        """Frequency above which nothing of note comes through, in cycles per pixel."""
        frequency, passed = self.passed(spread)
        above = np.flatnonzero(passed > BAND_TOLERANCE)
        return float(frequency[min(above[-1] + 1, len(frequency) - 1)])

    def samples_per_pixel(self, spread: _Spread) -> int:
        """Samples of the sharp picture, per pixel and direction, that this blur needs."""
        frequency, passed = self.passed(spread)
        if self.band_limit_cpp(spread) <= 0.36:
            return 1
        return 2 if passed[frequency > 0.95].max(initial=0) < 0.004 else _MOST_SAMPLES

    def aperture(self, x_cpp: Array, y_cpp: Array) -> Array:
        """Response of pixel aperture and motion at frequencies that broadcast against each other."""
        shake = np.sinc(x_cpp * self.motion[0] + y_cpp * self.motion[1])
        response: Array = np.sinc(x_cpp) * np.sinc(y_cpp) * shake
        return response


def photograph_sharpness(projection: Projection, outlines: Outlines, base: float) -> Picture:
    """Blur the chart's outlines as the lens does, and integrate over the pixels.

    Parameters
    ----------
    projection:
        The scene's geometry.
    outlines:
        The chart in pixel coordinates, see :func:`appliance.bench.raster.rasterise`.
    base:
        Value of the background.

    Returns
    -------
    (height, width) float32 mean value over each pixel's aperture.
    """
    sensor = projection.scene.sensor
    optics = _Optics(projection)
    picture = np.empty((sensor.height, sensor.width), np.float32)
    bands, columns = _cheapest_tiling(optics, sensor.height, sensor.width)
    for top, bottom in bands:
        tiles = [_Tile(top, bottom, left, right) for left, right in columns]
        _photograph_row(optics, tiles, outlines, base, picture)
    return picture


def _cuts(length: int, parts: int) -> list[tuple[int, int]]:
    places = np.linspace(0, length, parts + 1).round().astype(int)
    return [(int(a), int(b)) for a, b in pairwise(places)]


def _cheapest_tiling(
    optics: _Optics, height: int, width: int
) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Cut the picture into rows and columns of tiles: small ones see little depth, large ones waste little rim."""
    spread = optics.spread(_Tile(0, height, 0, width).points(9, 9))
    waves = spread.w020_um.reshape(9, 9) / DESIGN_WAVELENGTH_UM
    down, across = np.ptp(waves, axis=0).max(), np.ptp(waves, axis=1).max()
    halo = 0.7 * optics.radius_px(spread)

    def cost(parts: tuple[int, int]) -> float:
        rows, columns = parts
        area = (height / rows + 2 * halo) * (width / columns + 2 * halo)
        members = 3 + 2.5 * (down / rows + across / columns)
        return float(rows * columns * area * (members + 8))

    least = [max(ceil(height / 600), 1), max(ceil(width / 1100), 1)]
    choices = product(range(least[0], 4 * least[0] + 1), range(least[1], 4 * least[1] + 1))
    best = min(choices, key=cost)
    return _cuts(height, best[0]), _cuts(width, best[1])


def _photograph_row(
    optics: _Optics, tiles: list[_Tile], outlines: Outlines, base: float, picture: Picture
) -> None:
    """Fill one row of tiles."""
    spreads = [optics.spread(tile.points(9, 9)) for tile in tiles]
    halo = ceil(max(optics.radius_px(spread) for spread in spreads))
    limit = max(optics.band_limit_cpp(spread) for spread in spreads)
    samples = max(optics.samples_per_pixel(spread) for spread in spreads)
    top, left = tiles[0].top - halo, tiles[0].left - halo
    window = (
        _fast_length(tiles[0].bottom - tiles[0].top + 2 * halo),
        _fast_length(max(tile.right - tile.left for tile in tiles) + 2 * halo),
    )
    wide = tiles[-1].left - tiles[0].left + window[1]
    canvas = rasterise(outlines, (left, top), (window[0] * samples, wide * samples), samples, 0.0)
    fold = _Fold(window, samples, min(limit, samples / 2), optics)
    for tile, spread in zip(tiles, spreads, strict=True):
        first = (tile.left - tiles[0].left) * samples
        sharp = canvas[:, first : first + window[1] * samples]
        target = picture[tile.top : tile.bottom, tile.left : tile.right]
        level = float(sharp[0, 0])
        if np.all(np.abs(sharp - level) < 1e-6):
            target[:] = base + level
            continue
        spectrum = fold.spectrum(sharp)
        parts, weights = _decompose(optics, tile, spread)
        target[:] = base
        for k in range(len(parts.w020_um)):
            blurred = fold.blurred(spectrum, parts, k)
            target += weights(k) * blurred[halo : halo + target.shape[0], halo : halo + target.shape[1]]


class _Fold:
    """Fourier transforms between the sample grid and the pixel grid of one window."""

    def __init__(self, window: tuple[int, int], samples: int, limit_cpp: float, optics: _Optics) -> None:
        self.window, self.table = window, optics.table
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

    def blurred(self, spectrum: Spectrum, parts: _Spread, k: int) -> Picture:
        """Picture at pixel centres, through the lens and print of one member of ``parts``."""
        scale = -2 * pi**2
        response = self._lens(parts, k)
        response *= np.exp(scale * parts.xx[k] * self.x_cpp**2).astype(np.float32)
        response *= np.exp(scale * parts.yy[k] * self.y_cpp**2).astype(np.float32)
        if abs(parts.xy[k]) > 1e-5:
            cross = (2 * scale * parts.xy[k] * self.y_cpp).astype(np.float32)
            response *= np.exp(cross * self.x_cpp.astype(np.float32))
        return self._picture(spectrum * response)

    def _lens(self, parts: _Spread, k: int) -> Picture:
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


def _fast_length(length: int) -> int:
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


class _Weights:
    """How much of each part every pixel of a tile takes; cubic between the points where it was worked out."""

    def __init__(self, values: Array, tile: _Tile) -> None:
        self.values = values
        self.shape = (tile.bottom - tile.top, tile.right - tile.left)
        self.first, self.row_weights = _cubic_places(self.shape[0], values.shape[1])
        first, weights = _cubic_places(self.shape[1], values.shape[2])
        self.across = np.zeros((values.shape[2], self.shape[1]))
        for j in range(4):
            self.across[first + j - 1, np.arange(self.shape[1])] = weights[j]

    def __call__(self, k: int) -> Picture:
        """(rows, columns) float32 weights of part ``k``."""
        lines = (self.values[k] @ self.across).astype(np.float32)
        weights = np.empty(self.shape, np.float32)
        edges = np.searchsorted(self.first, np.arange(lines.shape[0] - 1))
        for point, (start, stop) in enumerate(
            pairwise(edges)
        ):  # products too small to wake a second thread for
            if stop > start:
                weights[start:stop] = self.row_weights[:, start:stop].T @ lines[point - 1 : point + 3]
        return weights


def _cubic_places(length: int, points: int) -> tuple[npt.NDArray[np.int64], Picture]:
    """Second of the four points, and (4, length) weights, of places spread evenly from the first to the last point."""
    place = np.linspace(0, points - 1, length)
    first = np.clip(np.floor(place), 1, points - 3).astype(np.int64)
    return first, lagrange_cubic(place - first).astype(np.float32)


def _decompose(optics: _Optics, tile: _Tile, coarse: _Spread) -> tuple[_Spread, _Weights]:
    """Choose the few local blurs that all others of the tile are combinations of, and their weights."""
    grid = coarse.w020_um.reshape(9, 9)
    # a step of the grid changes W020 by 0.05 waves at most near focus, by 2 % far from it
    step = 0.05 * DESIGN_WAVELENGTH_UM * max(1.0, np.abs(grid).min() / (2.5 * DESIGN_WAVELENGTH_UM))
    rows = int(np.clip(ceil(np.ptp(grid, axis=0).max() / step), 6, 200))
    columns = int(np.clip(ceil(np.ptp(grid, axis=1).max() / step), 6, 200))
    spread = optics.spread(tile.points(rows, columns))
    chosen, weights = _combinations(_responses(optics, spread))
    return spread.chosen(chosen), _Weights(weights.reshape(len(chosen), rows, columns), tile)


def _responses(optics: _Optics, spread: _Spread) -> Array:
    """(frequencies, points) transfer functions at polar frequencies; frequency 0, first, weighs 50 times as much."""
    limit = min(optics.band_limit_cpp(spread), _MOST_SAMPLES / 2)
    turns = limit * 4 * optics.projection.working_f_number * np.abs(spread.w020_um).max() / optics.pitch_um
    radii = np.linspace(0, limit, ceil(16 + 4 * turns))[1:]
    table = optics.table.at_frequencies(radii)
    blocks = [np.full((1, len(spread.w020_um)), 50.0)]
    for angle in _ANGLES:
        x, y = np.cos(angle) * radii[:, None], np.sin(angle) * radii[:, None]
        exponent = x**2 * spread.xx + 2 * x * y * spread.xy + y**2 * spread.yy
        lens = optics.table.at(*spread.along(angle), table).T
        blocks.append(lens * np.exp(-2 * pi**2 * exponent) * optics.aperture(x, y))
    return np.concatenate(blocks)


def _combinations(matrix: Array) -> tuple[list[int], Array]:
    """Columns that span all columns to :data:`TOLERANCE` (pivoted Gram-Schmidt), and the weights that do it.

    Returns
    -------
    The k chosen columns, and (k, columns) weights that add up to 1: an even field stays even.
    """
    rest = matrix.copy()
    chosen: list[int] = []
    shares: list[Array] = []
    while len(chosen) < _MOST_PARTS:
        worst = np.abs(rest).max(axis=0)
        pivot = int(np.argmax(worst))
        if chosen and worst[pivot] < TOLERANCE:
            break
        chosen.append(pivot)
        direction = rest[:, pivot] / np.sqrt(np.sum(rest[:, pivot] ** 2))
        share = np.einsum("i,ij->j", direction, rest)
        rest -= direction[:, None] * share
        shares.append(share)
    triangle = np.array(shares)
    weights = np.linalg.solve(triangle[:, chosen], triangle)
    return chosen, weights / weights.sum(axis=0)

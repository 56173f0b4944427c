"""The many blurs of a tile as mixtures of a few of them (an interpolative decomposition)."""

from __future__ import annotations

from itertools import pairwise
from math import ceil, pi

import numpy as np
import numpy.typing as npt

from appliance.bench.geometry import DESIGN_WAVELENGTH_UM
from appliance.bench.local import MOST_SAMPLES, Optics, Spread, Tile
from appliance.bench.otf import lagrange_cubic

Array = npt.NDArray[np.float64]
Picture = npt.NDArray[np.float32]

TOLERANCE = 3e-4
"""Of the transfer functions that are written as combinations of others."""
_MOST_PARTS = 40
_ANGLES = np.arange(6) * pi / 6 + 0.1


class Weights:
    """How much of each part every pixel of a tile takes; cubic between the points where it was worked out."""

    def __init__(self, values: Array, tile: Tile) -> None:
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


def decompose(optics: Optics, tile: Tile, coarse: Spread) -> tuple[Spread, Weights]:
    """Choose the few local blurs that all others of the tile are combinations of, and their weights."""
    grid = coarse.w020_um.reshape(9, 9)
    # a step of the grid changes W020 by 0.05 waves at most near focus, by 2 % far from it
    step = 0.05 * DESIGN_WAVELENGTH_UM * max(1.0, np.abs(grid).min() / (2.5 * DESIGN_WAVELENGTH_UM))
    rows = int(np.clip(ceil(np.ptp(grid, axis=0).max() / step), 6, 200))
    columns = int(np.clip(ceil(np.ptp(grid, axis=1).max() / step), 6, 200))
    spread = optics.spread(tile.points(rows, columns))
    chosen, weights = _combinations(_responses(optics, spread, float(np.hypot(*optics.slope(tile)))))
    return spread.chosen(chosen), Weights(weights.reshape(len(chosen), rows, columns), tile)


def _responses(optics: Optics, spread: Spread, slope: float) -> Array:
    """(frequencies, points) transfer functions at polar frequencies; frequency 0, first, weighs 50 times as much.

    With them, what growing defocus of ``slope`` µm per pixel adds: both are mixed in the same way.
    """
    limit = min(optics.band_limit_cpp(spread), MOST_SAMPLES / 2)
    turns = limit * 4 * optics.projection.working_f_number * np.abs(spread.w020_um).max() / optics.pitch_um
    radii = np.linspace(0, limit, ceil(16 + 4 * turns))[1:]
    table, growing = (
        optics.table.at_frequencies(radii, v) for v in (optics.table.values, optics.table.growing)
    )
    blocks = [np.full((1, len(spread.w020_um)), 50.0)]
    for angle in _ANGLES:
        x, y = np.cos(angle) * radii[:, None], np.sin(angle) * radii[:, None]
        exponent = x**2 * spread.xx + 2 * x * y * spread.xy + y**2 * spread.yy
        others = np.exp(-2 * pi**2 * exponent) * optics.aperture(x, y)
        blocks.append(optics.table.at(*spread.along(angle), table).T * others)
        blocks.append(optics.table.at(*spread.along(angle), growing).T * others * (slope / (2 * pi)))
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

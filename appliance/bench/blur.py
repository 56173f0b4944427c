"""The picture through the lens: every pixel with the point spread function of its own depth and field position.

The picture is made in tiles. In each tile the transfer functions that occur (lens at the local defocus × print ×
pixel aperture) are written as combinations of a few of them, chosen so that the rest follows to 3e-4 (an interpolative
decomposition); the tile is convolved with those few and the results are mixed pixel by pixel: no steps in depth.

A pixel sees with the blur of its own depth, but of what it sees, an edge a blur's radius away lies at another. Light
runs in straight lines from the chart through each point s of the pupil (radius 1) to the sensor: with b the radius of
blur and G its change per pixel, pixel u sees the chart at v = u − s b(v) = u − s b(u) / (1 + G·s). To first order in G
the transfer function O of the pixel's own blur has the imaginary part

    −(1/2π) (∇W·f/|f|) [∂²O/∂f∂W − (∂O/∂W)/f],

the first term since what lies beside the pixel has another defocus W, the second since a tilted chart turns more of its
face to one side of the pupil than to the other. The second order is the mean of (G·s)² times
−(Φ sin Φ + Φ²/2 cos Φ) over the pupil, with the phase Φ of Hopkins' integral: without it, blur is too narrow by
0.6 G² of its radius. With both, an edge that lies along the slope or across it has the profile of its own blur.
"""

from __future__ import annotations

from itertools import pairwise, product
from math import ceil

import numpy as np
import numpy.typing as npt

from appliance.bench.fourier import Fold, fast_length
from appliance.bench.geometry import DESIGN_WAVELENGTH_UM, Projection
from appliance.bench.local import Optics, Tile
from appliance.bench.mixture import decompose
from appliance.bench.raster import Outlines, rasterise

Picture = npt.NDArray[np.float32]


def blurred_chart(projection: Projection, outlines: Outlines, base: float) -> Picture:
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
    optics = Optics(projection)
    picture = np.empty((sensor.height, sensor.width), np.float32)
    bands, columns = _cheapest_tiling(optics, sensor.height, sensor.width)
    for top, bottom in bands:
        tiles = [Tile(top, bottom, left, right) for left, right in columns]
        _photograph_row(optics, tiles, outlines, base, picture)
    return picture


def _cuts(length: int, parts: int) -> list[tuple[int, int]]:
    places = np.linspace(0, length, parts + 1).round().astype(int)
    return [(int(a), int(b)) for a, b in pairwise(places)]


def _cheapest_tiling(
    optics: Optics, height: int, width: int
) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Cut the picture into rows and columns of tiles: small ones see little depth, large ones waste little rim."""
    spread = optics.spread(Tile(0, height, 0, width).points(9, 9))
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
    optics: Optics, tiles: list[Tile], outlines: Outlines, base: float, picture: Picture
) -> None:
    """Fill one row of tiles."""
    spreads = [optics.spread(tile.points(9, 9)) for tile in tiles]
    halo = ceil(max(optics.radius_px(spread) for spread in spreads))
    limit = max(optics.band_limit_cpp(spread) for spread in spreads)
    samples = max(optics.samples_per_pixel(spread) for spread in spreads)
    top, left = tiles[0].top - halo, tiles[0].left - halo
    window = (
        fast_length(tiles[0].bottom - tiles[0].top + 2 * halo),
        fast_length(max(tile.right - tile.left for tile in tiles) + 2 * halo),
    )
    wide = tiles[-1].left - tiles[0].left + window[1]
    canvas = rasterise(outlines, (left, top), (window[0] * samples, wide * samples), samples, 0.0)
    fold = Fold(window, samples, min(limit, samples / 2), optics)
    for tile, spread in zip(tiles, spreads, strict=True):
        first = (tile.left - tiles[0].left) * samples
        sharp = canvas[:, first : first + window[1] * samples]
        target = picture[tile.top : tile.bottom, tile.left : tile.right]
        level = float(sharp[0, 0])
        if np.all(np.abs(sharp - level) < 1e-6):
            target[:] = base + level
            continue
        spectrum = fold.spectrum(sharp)
        parts, weights = decompose(optics, tile, spread)
        slope = optics.slope(tile)
        target[:] = base
        for k in range(len(parts.w020_um)):
            blurred = fold.blurred(spectrum, parts, k, slope)
            target += weights(k) * blurred[halo : halo + target.shape[0], halo : halo + target.shape[1]]

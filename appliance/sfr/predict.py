"""What the estimator reports of edges whose SFR is known: its own small bias, to be taken out of a model's fit.

A finite window cuts the ends off a wide or haloed spread function, and the levels are read where the profile has not
quite reached them. Both raise the response at low frequencies by a per cent or so, more on the side of focus where
spherical aberration makes the halo. A model that is fitted to many edges should be shown as the estimator would have
seen it.
"""

from __future__ import annotations

import numpy as np

from appliance.sfr._bins import BINS_PER_PX, Bins, H, grid
from appliance.sfr._normal import F64, cumulative
from appliance.sfr._pixels import I64
from appliance.sfr._response import transform
from appliance.sfr._spread import spread
from appliance.sfr.measure import EdgeBatch, signed_modulus


def nodes_of(top_cpp: float, half_width: F64) -> tuple[F64, F64]:
    """Frequencies and weights (F,) at which :func:`predicted` wants the SFR: Gauss-Legendre from 0 to ``top_cpp``."""
    count = int(24 + 3.0 * top_cpp * float(half_width.max()))
    x, w = np.polynomial.legendre.leggauss(count)
    return (x + 1) / 2 * top_cpp, w / 2 * top_cpp


def places_of(half_width: F64) -> F64:
    """(K,) distances from the edge in px, the light side positive, at which :func:`predicted` takes ``stray``."""
    return grid(half_width)


def predicted(
    sfr: F64,
    nodes: tuple[F64, F64],
    batch: EdgeBatch,
    index: I64,
    half_width: F64,
    airy_px: float | None,
    window_px: float | None,
    stray: F64 | None = None,
) -> F64:
    """The SFR that :func:`measure_edges` would report, without noise, of edges with exactly these SFR.

    Parameters
    ----------
    sfr:
        (n, F) SFR along each edge's normal, pixel aperture included, at the frequencies of ``nodes``.
    nodes:
        As made by :func:`nodes_of`, up to where the SFR ends.
    batch, index:
        The measured edges and which (n,) of them these are: widths, levels and noise are taken from there.
    half_width:
        (n,) as measured.
    airy_px, window_px:
        As measured.
    stray:
        (n, K) what else lies in the profile, parts of the contrast, at :func:`places_of` the ``half_width``.

    Returns
    -------
    (n, k) at the batch's frequencies.
    """
    frequency, weight = nodes
    half_width = np.asarray(half_width, float)
    u = grid(half_width)
    sigma = batch.spread_px[index]
    contrast = batch.light[index] - batch.dark[index]
    wave = (
        np.sin(2 * np.pi * np.outer(frequency, u))
        * (weight * np.sinc(frequency * H) / (np.pi * frequency))[:, None]
    )
    rise = cumulative(u[None, :] / sigma[:, None])
    mean = sfr @ wave + 0.5 - rise + (0.0 if stray is None else stray)
    per_bin = np.maximum(batch.samples[index] / (2 * half_width * BINS_PER_PX), 2.0)
    count = np.where(np.abs(u)[None, :] <= half_width[:, None], per_bin[:, None], 0.0)
    noise = np.square(batch.noise_dark[index] / contrast)[:, None] * (1 - rise)
    noise += np.square(batch.noise_light[index] / contrast)[:, None] * rise
    square = count * np.square(mean) + np.maximum(count - 1, 0) * noise
    bins = Bins(u, count, count * mean, square)
    s = spread(bins, sigma, batch.dark[index] / contrast, np.ones_like(sigma), half_width, airy_px, window_px)
    return signed_modulus(transform(s, batch.frequency_cpp))

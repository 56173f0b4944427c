"""Slanted-edge measurement of a batch of edges: predicted segments in, SFR with covariance and positions out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from appliance.frame import Bayer
from appliance.sfr._bins import bin_samples, grid
from appliance.sfr._esf import esf_of
from appliance.sfr._figures import record
from appliance.sfr._gaussian import F64
from appliance.sfr._locate import Fit, coarse, join, refine
from appliance.sfr._pixels import I64, Lines, samples_per_row, segments_to_lines
from appliance.sfr.batch import OK, OUTSIDE, TOO_SHORT, EdgeBatch, empty, empty_profiles

DEFAULT_FREQUENCY_CPP: F64 = np.arange(33) / 64
"""0 to 0.5 cycles per pixel of the full mosaic."""
MIN_LENGTH_PX = 12.0
SAMPLES_PER_CHUNK = 400_000
BINS_PER_CHUNK = 48_000
"""Some 30 edges at a time: smaller chunks pay for their calls, larger ones for memory outside the cache."""


def measure_edges(
    plane: npt.NDArray[Any],
    segments_px: npt.ArrayLike,
    half_width_px: npt.ArrayLike,
    *,
    lattice: Bayer | None = None,
    frequency_cpp: npt.ArrayLike = DEFAULT_FREQUENCY_CPP,
    white: float | None = None,
    airy_px: float | None = None,
    mtf50: bool = True,
    profiles: bool = False,
) -> EdgeBatch:
    """Measure the SFR along the normal of each of n slanted edges.

    Parameters
    ----------
    plane:
        (h, w) uint8, uint16, float32 or float64 picture, linear in light with black at 0.
    segments_px:
        (n, 4) predicted end points x1, y1, x2, y2; pixel centres have integer coordinates. The prediction may be off by
        about 3 px and 1°; pixels beyond the end points are not used, so keep clear of corners.
    half_width_px:
        Scalar or (n,): how far either side of the edge the picture holds nothing else. At least about five times
        the blur's standard deviation; levels and noise come from the outer parts.
    lattice:
        Colour order of a Bayer mosaic, of which then only the green sites are used; None uses every pixel.
    frequency_cpp:
        (k,) frequencies, cycles per pixel of the full mosaic; none leaves the SFR out.
    white:
        Value of saturation in the plane's units; edges that reach it are refused as ``CLIPPED``.
    airy_px:
        λN in pixels, where known: it fixes how slowly diffraction lets the profile approach its levels, which
        otherwise has to be told from the noise.
    mtf50:
        False leaves the MTF50 out (NaN).
    profiles:
        Keep the profiles, to compare them with those of a lens (``appliance/sfr/profiles.py``).

    Returns
    -------
    EdgeBatch

    Raises
    ------
    ValueError
        If the shapes do not fit together.

    References
    ----------
    ISO 12233:2023, clause 6 (e-SFR); the estimator itself is described in ``appliance/sfr/_esf.py``.
    """
    segments = np.asarray(segments_px, dtype=np.float64).reshape(-1, 4)
    n = len(segments)
    half_width = np.ascontiguousarray(np.broadcast_to(np.asarray(half_width_px, dtype=np.float64), (n,)))
    frequency = np.asarray(frequency_cpp, dtype=np.float64)
    if plane.ndim != 2 or frequency.ndim != 1:
        raise ValueError("a plane of two axes and frequencies of one axis are needed")
    picture = np.ascontiguousarray(plane)
    asked = segments_to_lines(segments)
    reason = _out_of_the_question(segments, asked, picture.shape)
    todo = np.flatnonzero(reason == OK)
    batch = empty(n, frequency, asked.along_x, asked.along_y, reason)
    if profiles:
        batch = replace(batch, profiles=empty_profiles(n, grid(half_width)))
    if not len(todo):
        return batch
    located = _located(picture, asked.take(todo), half_width[todo], lattice)
    order = np.argsort(samples_per_row(located.lines, half_width[todo], lattice), kind="stable")
    for chunk in _chunks(order, half_width[todo[order]] * 16, BINS_PER_CHUNK):
        fit = located.take(chunk)
        place = todo[chunk]
        bins = bin_samples(picture, fit, half_width[place], lattice)
        s = esf_of(bins, fit.sigma, fit.dark, fit.contrast, half_width[place], airy_px)
        record(batch, place, asked.take(place), fit, s, white, mtf50)
    return batch


def _out_of_the_question(segments: F64, asked: Lines, shape: tuple[int, ...]) -> npt.NDArray[np.str_]:
    """(n,) why segments (n, 4) cannot be measured in a picture of that shape, whatever it shows."""
    height, width = shape
    reason = np.full(len(segments), OK, dtype="<U12")
    reason[asked.length < MIN_LENGTH_PX] = TOO_SHORT
    inside = np.all(np.isfinite(segments), axis=1)
    for x, y in (segments[:, :2].T, segments[:, 2:].T):
        inside &= (x > -0.5) & (x < width - 0.5) & (y > -0.5) & (y < height - 0.5)
    reason[~inside] = OUTSIDE
    return reason


def _located(picture: npt.NDArray[Any], asked: Lines, half_width: F64, lattice: Bayer | None) -> Fit:
    """Where the edges lie that were predicted on the lines ``asked``."""
    order = np.argsort(samples_per_row(asked, half_width, lattice), kind="stable")
    fits: list[Fit] = []
    for chunk in _chunks(order, asked.length[order] * half_width[order] * 2, SAMPLES_PER_CHUNK):
        fits.append(coarse(picture, asked.take(chunk), half_width[chunk], lattice))
    located = join(fits).take(np.argsort(order))
    order = np.argsort(located.sigma, kind="stable")
    fits = []
    cost = located.lines.length[order] * 8 * (located.sigma[order] + 1)
    for chunk in _chunks(order, cost, SAMPLES_PER_CHUNK):
        fits.append(refine(picture, located.take(chunk), half_width[chunk], lattice))
    return join(fits).take(np.argsort(order))


def _chunks(order: I64, cost: F64, most: float) -> list[I64]:
    """Cut an order into runs of about ``most`` summed cost."""
    group = (np.cumsum(cost) / most).astype(np.int64)
    return np.split(order, np.flatnonzero(np.diff(group)) + 1) if len(order) else []

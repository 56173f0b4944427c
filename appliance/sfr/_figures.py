"""From the bins of a chunk of edges to their figures in the batch."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from appliance.sfr._esf import Esf
from appliance.sfr._gaussian import F64
from appliance.sfr._locate import Fit
from appliance.sfr._mtf50 import mtf50
from appliance.sfr._pixels import I64, Lines
from appliance.sfr._response import covariance, position, signed_modulus, transform
from appliance.sfr.batch import (
    ANGLE,
    CLIPPED,
    LOW_CONTRAST,
    NOT_AN_EDGE,
    OK,
    TOO_NARROW,
    EdgeBatch,
)
from appliance.sfr.profiles import Profiles

MIN_CONTRAST_TO_NOISE = 4.0
MIN_CONTRAST = 1e-3
"""Of the sum of both levels; less is no printed edge, however low the noise."""


def record(
    batch: EdgeBatch, place: I64, asked: Lines, fit: Fit, s: Esf, white: float | None, with_mtf50: bool
) -> None:
    """Turn one chunk's bins into figures at ``place`` of the batch; ``asked`` are the lines as predicted."""
    finite = np.isfinite(s.rise_total)
    if len(batch.frequency_cpp):
        response = transform(s, batch.frequency_cpp)
        batch.sfr[place] = signed_modulus(response)
        batch.covariance[place] = covariance(s, response)
        finite &= np.isfinite(response.real).all(axis=1)
    if with_mtf50:
        batch.mtf50_cpp[place], batch.mtf50_cpp_sd[place] = mtf50(s)
    correction = _place(batch, place, asked, fit, s)
    _levels(batch, place, s)
    reason = _reason(batch, place, s, finite, white)
    batch.reason[place] = reason
    measured = (reason == OK) | (reason == TOO_NARROW)
    batch.measured[place] = measured
    bad = place[~measured]
    batch.sfr[bad] = batch.covariance[bad] = np.nan
    batch.mtf50_cpp[bad] = batch.mtf50_cpp_sd[bad] = np.nan
    if batch.profiles is not None:
        _keep(batch.profiles, place, s, correction)


def _place(batch: EdgeBatch, place: I64, asked: Lines, fit: Fit, s: Esf) -> F64:
    """Where the edges lie, with the correction that the bins show, (n,) px from their origin, which is returned."""
    lines = fit.lines
    flip = np.where(lines.along_x * asked.along_x + lines.along_y * asked.along_y < 0, -1.0, 1.0)
    along_x, along_y = lines.along_x * flip, lines.along_y * flip
    across = (lines.x - asked.x) * -along_y + (lines.y - asked.y) * along_x
    correction, offset, slope, bend = position(s, lines.length)
    across += flip * correction
    offset_px = across / (along_y * asked.along_y + along_x * asked.along_x)
    batch.offset_px[place] = offset_px
    batch.middle_px[place] = np.stack([asked.x, asked.y], axis=1) + offset_px[:, None] * batch.normal[place]
    batch.angle_deg[place] = np.degrees(np.arctan2(along_y, along_x))
    batch.bend_per_px[place] = lines.bend * flip
    batch.rising[place] = flip > 0
    batch.offset_px_sd[place] = np.sqrt(np.maximum(offset, 0))
    batch.angle_deg_sd[place] = np.degrees(np.sqrt(np.maximum(slope, 0)))
    batch.bend_per_px_sd[place] = np.sqrt(np.maximum(bend, 0))
    return correction


def _levels(batch: EdgeBatch, place: I64, s: Esf) -> None:
    """Levels either side, noise, blur and number of samples."""
    batch.dark[place] = s.dark + s.tail_fit[:, 0]
    batch.light[place] = s.dark + s.contrast + s.tail_fit[:, 1]
    batch.noise_dark[place], batch.noise_light[place] = np.sqrt(s.noise_dark), np.sqrt(s.noise_light)
    noise = np.sqrt((s.noise_dark + s.noise_light) / 2)
    batch.contrast_to_noise[place] = (batch.light[place] - batch.dark[place]) / noise
    batch.spread_px[place] = s.sigma
    batch.samples[place] = s.count.sum(axis=1)


def _reason(
    batch: EdgeBatch, place: I64, s: Esf, finite: npt.NDArray[np.bool_], white: float | None
) -> npt.NDArray[np.str_]:
    """(n,) why the edges at ``place`` cannot be measured; the last one that holds counts."""
    reason = np.full(len(place), OK, dtype="<U12")
    reason[s.too_narrow] = TOO_NARROW
    if white is not None:
        reason[batch.light[place] + 2 * batch.noise_light[place] >= white] = CLIPPED
    reason[s.gappy] = ANGLE
    shift = np.abs(batch.offset_px[place])
    lost = s.lost | (shift > 0.5 * s.u[-1]) | ~finite
    reason[lost] = NOT_AN_EDGE
    contrast = batch.light[place] - batch.dark[place]
    faint = ~(contrast > MIN_CONTRAST * (np.abs(batch.light[place]) + np.abs(batch.dark[place])))
    reason[faint | ~(batch.contrast_to_noise[place] >= MIN_CONTRAST_TO_NOISE)] = LOW_CONTRAST
    return reason


def _keep(profiles: Profiles, place: I64, s: Esf, found_px: F64) -> None:
    """Put the profiles of one chunk, whose grid may be the smaller one, at ``place``."""
    aside = (len(profiles.u) - len(s.u)) // 2
    inner = slice(aside, aside + len(s.u))
    contrast = s.rise_total
    profiles.count[place, inner] = s.count
    # T with the levels that the tails show: a normal fit to a profile with slow tails misses some of the contrast
    levels = s.tail_fit[:, :1] * (1 - s.rise) + s.tail_fit[:, 1:2] * s.rise
    profiles.residual[place, inner] = (s.residual - levels) / contrast[:, None]
    profiles.sigma[place] = s.sigma
    profiles.found_px[place] = found_px
    profiles.dark[place] = (s.dark + s.tail_fit[:, 0]) / contrast
    profiles.noise_dark[place] = np.sqrt(s.noise_dark) / contrast
    profiles.noise_light[place] = np.sqrt(s.noise_light) / contrast

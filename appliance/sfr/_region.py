"""Which pixels of a region show its one edge: whatever else lies there is found and left out.

A slanted edge is the same everywhere along itself. So the line with most of the region's contrast is found by a vote
of its gradients (a Hough transform); the largest group of slices along it that show one profile gives a first edge
spread function; and pixels that differ from what it foretells by more than noise explains are marked, alone and as
means over small squares. Corners, other edges, dust, scratches, writing, dark borders and hot pixels all end that way.
What runs alongside the edge over its whole length no such comparison can tell from the edge's own profile; the profile
itself is looked at for a second step, up to which the measured strip is narrowed (:func:`nearest_other_step`).

References: P. V. C. Hough 1962 (US 3069654) in the form of Duda and Hart 1972, doi:10.1145/361237.361242.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from appliance.arrays import Mask
from appliance.sfr._gaussian import F32, F64

MAX_VOTES = 8_000
"""Strongest gradients that vote for the line; more only cost time."""
VOTE_STEP_DEG = 1.0
"""Directions voted for; an edge is measured from predictions up to about 1° off."""
VOTE_CONE_DEG = 25.0
"""Gradients this near to a direction vote for it: noise and blurred corners turn them by less."""
SLICE_PX = 8.0
"""Length along the edge of the slices that are compared with each other."""
SAME_PROFILE = 0.15
"""Root mean square difference, in parts of the contrast, between slices that show one edge: room for noise, for a
direction 1° off and for uneven light, far below the 0.5 and more of a slice beyond a corner."""
BIN_PX = 0.25
"""Width of the profile's bins, a quarter pixel as in ISO 12233:2023, clause 6.2."""
POSITION_SD_PX = 0.06
"""How far line and bins may be off; times the profile's slope it is allowed on top of noise."""
FLOOR = 0.004
"""Difference in parts of the contrast that is never marked: rounding to 8 bits is half of it."""
USUAL_LIGHT = 0.1
"""Unevenness of light over a region that is looked past at first; a corner of an image circle is darker."""
SQUARES_PX = ((1, 6.0, 0.0), (3, 6.0, 0.01), (7, 7.0, 0.006), (15, 8.0, 0.004))
"""Side of the squares looked at, standard deviations of their mean, and parts of the contrast, beyond which they are
marked. Of 10⁵ pixels of pure noise none is beyond six standard deviations; wider squares also see slight unevenness
of light, so that theirs are more."""
MIN_OTHER_STEP = 0.03
"""Least second step of a profile, in parts of the first: three per cent move MTF50 by about as much."""
ROUNDS = 4
"""Marking and fitting in turn; two suffice unless a mark hides half of the edge."""


@dataclass(frozen=True)
class Line:
    """An edge in pixel coordinates of the region: a point on it, its unit normal (both (2,)), bend in 1/px and blur."""

    middle: F64
    normal: F64
    bend_per_px: float = 0.0
    spread_px: float = 1.0

    def along_and_across(self, xs: F64, ys: F64) -> tuple[F64, F64]:
        """Lengths along and across the edge of points ``xs, ys``, px."""
        dx, dy = xs - self.middle[0], ys - self.middle[1]
        along = dy * self.normal[0] - dx * self.normal[1]
        return along, dx * self.normal[0] + dy * self.normal[1] - self.bend_per_px * along * along


@dataclass(frozen=True)
class Profile:
    """Median level in bins across an edge: centres (K,) px, parts 0…1 of the contrast (K,), and the levels."""

    u: F64
    part: F64
    dark: float
    contrast: float


def strongest_line(gx: F32, gy: F32) -> Line | None:
    """The line with most contrast times length, from the region's gradients (h, w); None without any gradient."""
    size = np.hypot(gx, gy).astype(np.float64)
    if not size.max() > 0:
        return None
    strong = np.flatnonzero(size.ravel() > 0.1 * size.max())
    if len(strong) > MAX_VOTES:
        strong = strong[np.argpartition(size.ravel()[strong], -MAX_VOTES)[-MAX_VOTES:]]
    ys, xs = np.divmod(strong, gx.shape[1])
    vx, vy = gx.ravel()[strong].astype(np.float64), gy.ravel()[strong].astype(np.float64)
    pull = np.hypot(vx, vy)
    # gradients in the order of their directions, twice round, so that those of a cone follow each other
    facing = np.arctan2(vy, vx)
    turned = np.argsort(facing)
    facing = np.concatenate([facing[turned], facing[turned] + 2 * np.pi])
    turned = np.concatenate([turned, turned])
    best = (-1.0, 0.0, 0.0)
    reach = int(np.hypot(*gx.shape)) + 4
    for degrees in np.arange(-150.0, 210.0, VOTE_STEP_DEG):
        nx, ny = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
        cone = np.radians([degrees - VOTE_CONE_DEG, degrees + VOTE_CONE_DEG])
        voting = turned[slice(*np.searchsorted(facing, cone))]
        if not len(voting):
            continue
        place = np.rint(xs[voting] * nx + ys[voting] * ny).astype(np.int64) + reach
        votes = np.convolve(
            np.bincount(place, vx[voting] * nx + vy[voting] * ny, 2 * reach), (0.5, 1.0, 0.5), "same"
        )
        top = int(np.argmax(votes))
        if votes[top] > best[0]:
            best = (float(votes[top]), float(degrees), float(top - reach))
    normal = np.array([np.cos(np.radians(best[1])), np.sin(np.radians(best[1]))])
    near = np.abs(xs * normal[0] + ys * normal[1] - best[2]) <= 2.5
    near &= vx * normal[0] + vy * normal[1] > np.cos(np.radians(VOTE_CONE_DEG)) * pull
    middle = np.array([np.average(c[near], weights=pull[near]) for c in (xs, ys)])
    return Line(middle, normal)


def same_slices(values: F64, along: F64, across: F64, reach_px: float) -> Mask:
    """(n,) pixels in the largest group of slices along the edge that show the same profile within ``reach_px``."""
    near = np.abs(across) <= reach_px
    if not near.any():
        return near
    slice_of = np.floor((along - along[near].min()) / SLICE_PX).astype(np.int64)
    bins = 2 * int(reach_px) + 1
    many = int(slice_of[near].max()) + 1
    key = slice_of[near] * bins + np.clip(np.rint(across[near]) + bins // 2, 0, bins - 1).astype(np.int64)
    count = np.bincount(key, minlength=many * bins).reshape(many, bins)
    total = np.bincount(key, values[near], many * bins).reshape(many, bins)
    mean = total / np.maximum(count, 1)
    third = max(bins // 3, 1)
    rise = mean[:, -third:].mean(axis=1) - mean[:, :third].mean(axis=1)
    full = (count > 0).mean(axis=1) > 0.8
    if not full.any():
        return near
    contrast = max(float(np.quantile(rise[full], 0.75)), 1e-300)
    both = (count[:, None, :] > 0) & (count[None, :, :] > 0)
    difference = np.where(both, mean[:, None, :] - mean[None, :, :], 0)
    rms = np.sqrt(np.square(difference).sum(axis=2) / np.maximum(both.sum(axis=2), 1)) / contrast
    agree = (rms < SAME_PROFILE) & full[:, None] & full[None, :]
    friends = np.where(rise > 0.5 * contrast, agree.sum(axis=1), 0)
    group = agree[int(np.argmax(friends))]
    within = (slice_of >= 0) & (slice_of < many)
    return np.asarray(within & group[np.clip(slice_of, 0, many - 1)])


def profile_of(values: F64, across: F64, kept: Mask, reach_px: float) -> Profile | None:
    """The edge's median profile from the ``kept`` of n pixels; None where there is no rise in it."""
    near = kept & (np.abs(across) <= reach_px)
    bins = np.rint(across[near] / BIN_PX).astype(np.int64)
    if len(bins) < 24:
        return None
    order = np.lexsort((values[near], bins))
    sorted_bins, sorted_values = bins[order], values[near][order]
    names, first, count = np.unique(sorted_bins, return_index=True, return_counts=True)
    median = 0.5 * (sorted_values[first + (count - 1) // 2] + sorted_values[first + count // 2])
    u = np.asarray(names * BIN_PX, np.float64)
    outer = max(len(u) // 8, 1)
    dark, light = float(np.median(median[:outer])), float(np.median(median[-outer:]))
    if not light > dark:
        return None
    return Profile(u, np.asarray((median - dark) / (light - dark), np.float64), dark, light - dark)


def strangers(
    values: F64, along: F64, across: F64, kept: Mask, profile: Profile, shape: tuple[int, int], where: Mask
) -> tuple[Mask, float]:
    """Pixels (h, w) of ``shape`` that do not show the edge of ``profile``, and the blur's width in px.

    ``where`` (h, w) marks the n pixels that ``values, along, across, kept`` are about.
    """
    part = np.interp(across, profile.u, profile.part)
    slope = np.interp(across, profile.u, np.gradient(_smoothed(profile.part), profile.u))
    width = _width_px(profile)
    expected = profile.dark + profile.contrast * part
    scale = max(float(np.abs(along).max()), float(np.abs(across).max()), 1.0)
    light, noise = _light(values, profile, part, along / scale, across / scale, kept)
    left = values - expected * light
    noise = np.sqrt(noise**2 + np.square(slope * profile.contrast * POSITION_SD_PX))
    weight = np.zeros(shape, np.float32)
    pull = np.zeros(shape, np.float32)
    weight[where] = np.square(profile.contrast / noise)
    pull[where] = (left / profile.contrast) * weight[where]
    marked = np.zeros(shape, np.bool_)
    for side, most_sd, most_part in SQUARES_PX:
        if side > min(shape) // 2:
            continue
        box = {"ddepth": cv2.CV_32F, "ksize": (side, side), "normalize": False}
        total = cv2.boxFilter(weight, borderType=cv2.BORDER_CONSTANT, **box)  # type: ignore[call-overload]
        mean = cv2.boxFilter(pull, borderType=cv2.BORDER_CONSTANT, **box)  # type: ignore[call-overload]
        mean = mean / np.maximum(total, 1e-30)
        score = np.abs(mean) * np.sqrt(total)
        # neighbours' noise goes together in pictures that were sharpened, demosaiced or compressed
        usual = max(1.0, 1.4826 * float(np.median(score[where][kept])))
        marked |= (score > most_sd * usual) & (np.abs(mean) > max(most_part, FLOOR))
    # blur carries what is marked a little farther than where it stands out of the noise
    margin = int(np.ceil(1.5 + 2.0 * width))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * margin + 1, 2 * margin + 1))
    return cv2.dilate(marked.astype(np.uint8), disc) > 0, width


def nearest_other_step(profile: Profile, width_px: float) -> float | None:
    """Distance (px) from the edge at which the nearest other step of a profile begins; None where there is none.

    A step is a slope, over the blur's width, that stands out of the noise of the profile's bins after the main one has
    come to rest: more than 5 widths from the middle, where neither the rings of a sharp lens nor the overshoot of a
    sharpened picture reach.
    """
    reach = max(width_px, 1.0)
    grid = np.arange(profile.u[0], profile.u[-1] + 1e-9, BIN_PX)
    part = np.interp(grid, profile.u, profile.part)
    half = max(round(reach / BIN_PX), 2)
    if len(part) < 6 * half:
        return None
    ahead = np.cumsum(np.concatenate([[0.0], part]))
    mean = (ahead[half:] - ahead[:-half]) / half
    step = mean[half:] - mean[:-half]
    at = grid[half - 1 : half - 1 + len(step)] + BIN_PX / 2
    far = np.abs(at) > 5.0 * reach + 1.0
    if not far.any():
        return None
    # what changes slowly is light or halo; a step stands against what lies beside it
    usual = float(np.median(np.abs(step[far])))
    strange = far & (np.abs(step) > max(MIN_OTHER_STEP, 6 * usual))
    if not strange.any():
        return None
    return float(np.abs(at[strange]).min() - 2.0 * reach)


def _smoothed(part: F64) -> F64:
    padded = np.concatenate([part[:1], part[:1], part, part[-1:], part[-1:]])
    return np.asarray(np.convolve(padded, np.ones(5) / 5, "valid"))


def _width_px(profile: Profile) -> float:
    """Standard deviation of the normal spread with the profile's distance between 16 % and 84 %."""
    inside = _smoothed(profile.part)
    low = profile.u[np.flatnonzero(inside < 0.16)]
    high = profile.u[np.flatnonzero(inside > 0.84)]
    if not len(low) or not len(high):
        return 1.0
    start, end = low[low < high.max()].max(initial=low.min()), high[high > low.min()].min(initial=high.max())
    return float(np.clip(abs(end - start) / 2, 0.3, 60.0))


def _light(values: F64, profile: Profile, part: F64, t: F64, u: F64, kept: Mask) -> tuple[F64, F64]:
    """Light (n,) relative to the profile's, a parabola fitted to the ``kept`` pixels; and noise (n,)."""
    columns = np.stack([np.ones_like(t), t, u, t * t, t * u, u * u], axis=1)
    expected = profile.dark + profile.contrast * part
    light = np.ones_like(t)
    noise = _noise(values - expected, part, kept, profile.contrast)
    rows = kept & (np.abs(values - expected) <= 4 * noise + USUAL_LIGHT * expected)
    for _ in range(3):
        if rows.sum() < 24:
            break
        weighted = columns[rows] * (expected / noise)[rows, None]
        normal = weighted.T @ weighted
        normal[np.diag_indices(6)] *= 1 + 1e-6
        normal += 1e-12 * np.trace(normal) * np.eye(6)
        light = np.clip(columns @ np.linalg.solve(normal, weighted.T @ (values / noise)[rows]), 0.3, 3.0)
        left = values - expected * light
        noise = _noise(left, part, kept, profile.contrast)
        rows = kept & (np.abs(left) <= 4 * noise)
    return np.asarray(light), noise


def _noise(left: F64, part: F64, kept: Mask, contrast: float) -> F64:
    """(n,) noise of a pixel, from the scatter on either side; variance goes with light, as that of photons does."""
    sides = []
    for side in (part < 0.2, part > 0.8):
        rows = kept & side
        # differences of neighbours, in which what is smooth cancels, strange or not
        both = rows[1:] & rows[:-1]
        step = np.abs(np.diff(left))[both] / np.sqrt(2)
        sides.append(1.4826 * float(np.median(step)) if both.sum() >= 12 else np.nan)
    dark, light = sides
    dark, light = (light if np.isnan(dark) else dark), (dark if np.isnan(light) else light)
    if np.isnan(dark):
        dark = light = 1.4826 * float(np.median(np.abs(left)))
    share = np.clip(part, 0, 1)
    floor = FLOOR / 4 * contrast
    return np.asarray(np.sqrt(dark**2 * (1 - share) + light**2 * share + floor**2))


def with_fit(
    line: Line, middle: tuple[float, float], angle_deg: float, bend_per_px: float, spread_px: float
) -> Line:
    """The line as measured: middle (px), direction (deg, +x towards +y), bend along its normal, and blur (px)."""
    angle = np.radians(angle_deg)
    normal = np.array([-np.sin(angle), np.cos(angle)])
    sign = 1.0 if normal @ line.normal >= 0 else -1.0
    return replace(
        line,
        middle=np.array(middle),
        normal=sign * normal,
        bend_per_px=sign * bend_per_px,
        spread_px=spread_px,
    )

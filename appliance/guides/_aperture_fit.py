"""What an aperture series' photos say together: focus against the widest stop, sharpness by stop, depth of field."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import pi, sqrt

import numpy as np

from appliance.guides.case import Observation
from appliance.guides.distributions import chi2_quantile, t_quantile
from appliance.guides.estimates import Estimate, covariance_of, measured

SURE = 0.999
"""One in a thousand series whose ring stood still is told that it moved."""
MOVED_SHARE, MOVED_U = 0.5, 5.0
"""A way back that is off by half a depth of focus is told in any case, where photos show it at 5 u."""
MAX_BLUR_PHASE = 1.1
"""Circle of confusion times frequency up to which a blur circle's contrast falls; its first zero is at 1.22."""


@dataclass(frozen=True)
class Stops:
    """K stops, widest first: ``shift`` (K,) against the widest in µm (0 there), and what belongs to each."""

    stops: tuple[float, ...]
    shift: Estimate
    tolerance_um: tuple[float, ...]
    mtf50_lp_mm: tuple[float, ...]
    """Means at best focus; empty where photos tell none."""
    mtf50_u95_lp_mm: float
    ring_moved: bool

    @property
    def best(self) -> int:
        """The stop of the highest mean sharpness; the widest where none is known."""
        return int(np.argmax(self.mtf50_lp_mm)) if self.mtf50_lp_mm else 0

    @property
    def best_words(self) -> str:
        """The sharpest stop, or the range of stops that are as good: ``f/4 to f/5.6``."""
        if not self.mtf50_lp_mm:
            return "an unknown stop"
        top = self.mtf50_lp_mm[self.best]
        good = [
            stop
            for stop, value in zip(self.stops, self.mtf50_lp_mm, strict=True)
            if top - value <= self.mtf50_u95_lp_mm
        ]
        return f"f/{good[0]:g}" if len(good) == 1 else f"f/{good[0]:g} to f/{good[-1]:g}"


def stops_of(stops: Sequence[float], there: Sequence[Observation], back: Sequence[Observation]) -> Stops:
    """The K stops from photos (K each) on the way there and back."""
    count = len(stops)
    photos = [*there, *back]
    found = measured([photo.shift_um for photo in photos], covariance_of(photos))
    means = np.hstack([np.eye(count), np.eye(count)]) / 2
    against = means.copy()
    against[:, 0] -= 0.5
    against[:, count] -= 0.5
    tolerance = tuple(photo.tolerance_um or 1.0 for photo in there)
    values, u95 = _sharpness(there, back)
    return Stops(
        tuple(stops), found.combined(against), tolerance, values, u95, _moved(found, there, back, tolerance)
    )


def _moved(
    found: Estimate, there: Sequence[Observation], back: Sequence[Observation], tolerance: Sequence[float]
) -> bool:
    """Whether what differs between both ways is more than photos of one stop scatter, and matters."""
    gone = np.array([b.shift_um - a.shift_um for a, b in zip(there, back, strict=True)])
    u = np.array([sqrt(a.u_photo_um**2 + b.u_photo_um**2) for a, b in zip(there, back, strict=True)])
    u = np.maximum(u, 1e-9)
    scattered = float(np.sum((gone / u) ** 2)) > chi2_quantile(SURE, len(gone))
    matters = np.abs(gone) > MOVED_SHARE * np.asarray(tolerance)
    return bool((matters & (np.abs(gone) > MOVED_U * u)).any() or (scattered and matters.any()))


def _sharpness(there: Sequence[Observation], back: Sequence[Observation]) -> tuple[tuple[float, ...], float]:
    """Mean MTF50 of each stop in lp/mm, and the half-width of the 95 % interval of one of them, from the pairs."""
    pairs = [(a.mtf50_cpp, b.mtf50_cpp) for a, b in zip(there, back, strict=True)]
    known = [(a, b) for a, b in pairs if a is not None and b is not None]
    if len(known) < len(pairs):
        return (), 0.0
    per_mm = 1000 / there[0].setup.pixel_pitch_um
    values = np.array(known) * per_mm
    sd = sqrt(float(np.mean((values[:, 1] - values[:, 0]) ** 2)) / 2)
    return tuple(float(v) for v in values.mean(axis=1)), t_quantile(0.975, len(known)) * sd / sqrt(2)


def depth_of_field_mm(photo: Observation) -> float | None:
    """Single-side depth of field by the photo's through-focus curve, mm: half of what lies between its two ends.

    They are where a blur circle c of geometrical optics would bring the curve's contrast, 2 J₁(π c ν) / (π c ν) of
    its peak (Goodman, Introduction to Fourier Optics, 6.4). None where there is no curve, or it does not reach so far.
    """
    curve, setup = photo.curve, photo.setup
    if curve is None:
        return None
    phase = setup.coc_um * curve.frequency_cpp / setup.pixel_pitch_um
    contrast, depth = np.asarray(curve.contrast), np.asarray(curve.depth_mm)
    if phase > MAX_BLUR_PHASE or not len(contrast):
        return None
    peak = int(np.argmax(contrast))
    level = contrast[peak] * _disc(pi * phase)
    near, far = (
        _falls(depth[peak::-1], contrast[peak::-1], level),
        _falls(depth[peak:], contrast[peak:], level),
    )
    return None if near is None or far is None else (far - near) / 2


def _falls(depth: np.ndarray, contrast: np.ndarray, level: float) -> float | None:
    """Where contrast, from its peak on, first falls to ``level``; linear between points."""
    below = np.flatnonzero(contrast <= level)
    if not len(below) or below[0] == 0:
        return None
    k = int(below[0])
    share = (contrast[k - 1] - level) / (contrast[k - 1] - contrast[k])
    return float(depth[k - 1] + share * (depth[k] - depth[k - 1]))


def _disc(x: float) -> float:
    """2 J₁(x) / x, the transfer function of an even disc, by its power series (DLMF 10.2.2)."""
    term = total = 1.0
    for k in range(1, 40):
        term *= -(x * x / 4) / (k * (k + 1))
        total += term
    return total

"""Control chart of the golden lens: what its reference was, and whether today's figure still belongs to it.

The reference is n mounts on one day, mean x̄. Scatter s pools theirs with that of successive mornings (mean squared
successive difference over 2, which a slow drift hardly swells). Today's y is out of control where

    |y − x̄| > t(0.99865, ν) s √(1 + 1/n)                                   (Shewhart, individuals)
    |w − x̄| > t(0.99865, ν) s √(λ/(2 − λ) (1 − (1 − λ)^2k) + 1/n)          (EWMA w of k mornings, λ = 0.2)

so that with few mornings the limits are as wide as the little that is known of s demands; t becomes the usual 3.

References: ISO 7870-2:2023 (Shewhart), ISO 7870-6:2016 (EWMA); von Neumann et al., Ann. Math. Stat. 12 (1941) 153 (mean
square successive difference); Hawkins, "Self-starting CUSUM charts", The Statistician 36 (1987) 299 (t limits).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from math import sqrt
from statistics import fmean, stdev
from typing import Any

from appliance.guides.case import Case, Observation
from appliance.guides.distributions import t_quantile

LAMBDA = 0.2
"""Weight of the newest morning in the EWMA; ISO 7870-6 finds small shifts soonest with 0.1 to 0.25."""
ONE_SIDE = 0.99865
"""Of a normal distribution below three sigmas, the chart's convention."""
MEDIAN_OF_THREE = 0.449
"""Variance of the median of three normal values, in theirs (David and Nagaraja, "Order statistics", 2003)."""
SUCCESSIVE_DOF = 2 / 3
"""Degrees of freedom of each successive difference: the mean square difference is 2/3 as efficient as s²."""


@dataclass(frozen=True)
class Reference:
    """The golden lens's own run of n mounts: µm of image shift, magnification, chart tilt in degrees."""

    mean_um: float
    s_um: float
    n: int
    magnification: float
    magnification_s: float
    tilt_deg: float | None
    tilt_s_deg: float
    object_mm: float

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)


@dataclass(frozen=True)
class Chart:
    """Reference, and mornings since (µm, oldest first) but those far off; ``s_um`` with ``dof`` pools both."""

    reference: Reference
    mornings_um: tuple[float, ...]
    s_um: float
    dof: float

    @property
    def t(self) -> float:
        """Three sigmas, as far as s is known."""
        return t_quantile(ONE_SIDE, self.dof)

    @property
    def limit_um(self) -> float:
        """How far one morning may lie from the reference."""
        return self.t * self.s_um * sqrt(1 + 1 / self.reference.n)

    def u95_um(self, photos: int) -> float:
        """Half-width of the offset's 95 % interval from the middle of so many mounts."""
        alone = MEDIAN_OF_THREE if photos == 3 else 1 / photos
        return t_quantile(0.975, self.dof) * self.s_um * sqrt(alone + 1 / self.reference.n)

    def ewma_um(self, today_um: float) -> tuple[float, float]:
        """The EWMA after today, less the reference's mean, and its limit."""
        level, values = self.reference.mean_um, (*self.mornings_um, today_um)
        for value in values:
            level += LAMBDA * (value - level)
        settled = LAMBDA / (2 - LAMBDA) * (1 - (1 - LAMBDA) ** (2 * len(values)))
        return level - self.reference.mean_um, self.t * self.s_um * sqrt(settled + 1 / self.reference.n)


def reference_of(photos: Sequence[Observation]) -> Reference:
    """The reference that at least two mounts give."""
    tilts = [photo.chart_tilt_deg for photo in photos if photo.chart_tilt_deg is not None]
    sizes = [photo.magnification or 0.0 for photo in photos]
    shifts = [photo.shift_um for photo in photos]
    return Reference(
        fmean(shifts),
        stdev(shifts),
        len(shifts),
        fmean(sizes),
        stdev(sizes),
        fmean(tilts) if tilts else None,
        stdev(tilts) if len(tilts) > 1 else 0.0,
        fmean(photo.distances_mm[0] for photo in photos),
    )


def chart_of(case: Case) -> Chart | None:
    """Reference and mornings that earlier findings kept; None without a reference."""
    mornings: list[float] = []
    for past in case.past:  # newest first
        data: Mapping[str, Any] = past.finding.data
        if data.get("kind") == "reference":
            reference = Reference(**data["reference"])
            mornings.reverse()
            return _pooled(reference, tuple(mornings))
        if data.get("kind") == "check" and data.get("charted"):
            mornings.append(float(data["first_um"]))
    return None


def _pooled(reference: Reference, mornings: tuple[float, ...]) -> Chart:
    dof = float(reference.n - 1)
    squares = dof * reference.s_um**2
    for before, after in pairwise(mornings):
        squares += SUCCESSIVE_DOF * (after - before) ** 2 / 2
        dof += SUCCESSIVE_DOF
    return Chart(reference, mornings, sqrt(squares / dof), dof)

"""Several photos of one set-up: whether they go together, what they say together, and how well that is known."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

import numpy as np

from appliance.focus.judge.remedy import NOISE
from appliance.focus.measure import Measurement
from appliance.focus.reasons import reason
from appliance.focus.result import Reason, Setup

FIXED_PATTERN = 0.15
"""Part of the noise's variance that comes from pixels of uneven gain, and so is the same in every photo: at 0.85 % and
full light. Where there is less light it is less."""
MAX_DISAGREEMENT_SIGMAS = 5.0
"""Photos of which one lies so many standard deviations from their mean do not show the same."""


def mean_focus_mm(measured: Sequence[Measurement]) -> float:
    """Where focus lies by all photos, each with the weight of its noise, mm."""
    weights = np.array([1 / x.noise_mm**2 for x in measured])
    return float(np.average([x.focus_mm for x in measured], weights=weights))


def disagreement(measured: Sequence[Measurement]) -> Reason | None:
    """FRAMES_DISAGREE if photos do not show the same chart, side of it, or focus."""
    titles = sorted({x.layout.title for x in measured})
    if len(titles) > 1:
        return reason("FRAMES_DISAGREE", detail=f"they show the charts {' and '.join(titles)}")
    if {-1, 1} <= {x.beyond for x in measured}:
        return reason("FRAMES_DISAGREE", detail="focus lies before the chart in one and behind it in another")
    mean = mean_focus_mm(measured)
    for x in measured:
        if abs(x.focus_mm - mean) > MAX_DISAGREEMENT_SIGMAS * np.hypot.reduce(
            [x.noise_mm, x.pose_mm, x.model_mm]
        ):
            least, most = (pick(y.focus_mm for y in measured) for pick in (min, max))
            return reason("FRAMES_DISAGREE", detail=f"focus lies at {least:+.2f} to {most:+.2f} mm")
    return None


def beyond_all(measured: Sequence[Measurement], focus_mm: float, margin_mm: float) -> int:
    """The side on which focus by all photos together, give or take ``margin_mm``, may lie beyond the chart; or 0."""
    sides = {x.beyond for x in measured}
    if len(sides) == 1 and sides != {0}:
        return sides.pop()
    low, high = (float(np.mean([x.reach_mm[k] for x in measured])) for k in (0, 1))
    behind, before = focus_mm + margin_mm - high, low - focus_mm + margin_mm
    if max(behind, before) <= 0:
        return 0
    return 1 if behind >= before else -1


def budget_of(measured: Sequence[Measurement], setup: Setup, per_mm: float) -> dict[str, float]:
    """Standard uncertainties in µm on the image side, at ``per_mm`` of depth where focus lies, but for the aim's.

    Noise averages over photos; the sensor's fixed pattern and the rest do not.
    """
    noise = 1 / sqrt(sum(1 / x.noise_mm**2 for x in measured))
    pattern = sqrt(FIXED_PATTERN * float(np.mean([x.noise_mm**2 for x in measured])))
    if len(measured) > 1:  # what the photos themselves show may be more than their noise
        mean = mean_focus_mm(measured)
        noise *= sqrt(
            max(sum(((x.focus_mm - mean) / x.noise_mm) ** 2 for x in measured) / (len(measured) - 1), 1)
        )
    budget = {
        NOISE: sqrt(1 - FIXED_PATTERN) * noise * per_mm,
        "sensor_pattern": pattern * per_mm,
        "pose": sqrt(np.mean([x.pose_mm**2 for x in measured])) * per_mm,
        "lens_model": sqrt(np.mean([x.model_mm**2 for x in measured])) * per_mm,
    }
    if setup.chart_flatness_mm:
        budget["chart_flatness"] = setup.chart_flatness_mm * per_mm
    if setup.remount_u_um:
        budget["remount"] = setup.remount_u_um
    scale_u = setup.print_of(measured[0].layout.title).scale_u(setup.distance_mm is not None)
    if scale_u:  # every depth on the chart is in error by the same share
        budget["print_scale"] = abs(mean_focus_mm(measured)) * per_mm * scale_u
    return budget

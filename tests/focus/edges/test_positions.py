"""Where edges are against where a pose has them."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "sfr"))
import edge_truth as truth

from appliance.chart.layout import layout
from appliance.chart.pose import Pose
from appliance.chart.segments import SegmentPlan, plan_segments
from appliance.focus.edges.positions import position_residuals
from appliance.sfr import EdgeBatch, measure_edges

CHART = layout("a4")
SIZE = (700, 700)


def _pose() -> Pose:
    turn = np.radians([35.0, 3.0, 4.0])
    return Pose(turn, np.array(SIZE) / 2 - 0.5, 9.0, 1 / 400, 0.0, SIZE, CHART.aim_mm)


def _plan(pose: Pose) -> SegmentPlan:
    count = len(CHART.edges)
    plan = plan_segments(
        CHART.edges, pose, np.full(count, 8.0), np.full(count, 12.0), np.full(count, 1e4), pieces=1
    )
    return plan.take(np.arange(0, len(plan), 1))


def _found(plan: SegmentPlan, off_px: float, seed: int) -> EdgeBatch:
    """Pictures of single straight edges, each beside its plan by ``off_px`` towards the dark side, in one batch."""
    batches = []
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0 : SIZE[1], 0 : SIZE[0]].astype(float)
    for px, half in zip(plan.px, plan.half_width_px, strict=True):
        start, end = px[:2], px[2:]
        along = (end - start) / np.hypot(*(end - start))
        inwards = np.array([-along[1], along[0]])
        distance = (x - start[0]) * inwards[0] + (y - start[1]) * inwards[1] - off_px
        plane = truth.LIGHT - (truth.LIGHT - truth.DARK) * truth.gaussian_profile(1.5)(distance)
        plane = truth.noisy(plane, rng)
        batches.append(measure_edges(plane, px[None], half, frequency_cpp=np.array([0.1]), mtf50=False))
    fields = {
        name: np.concatenate([getattr(b, name) for b in batches])
        for name in ("middle_px", "normal", "bend_per_px", "offset_px_sd")
    }
    return replace(batches[0], **fields)


@pytest.mark.parametrize("off_px", [0.0, 0.3])
def test_a_true_pose_knows_the_places_and_one_that_is_off_knows_by_how_much(off_px: float) -> None:
    pose = _pose()
    plan = _plan(pose)
    assert len(plan) >= 20
    off, sd = position_residuals(pose, plan, _found(plan, off_px, 1))
    assert np.mean(np.abs(off)) == pytest.approx(off_px, abs=0.02)
    if off_px:
        assert sd > 0.2, "places so far off are not known by the pose"
    else:
        assert sd < 0.03

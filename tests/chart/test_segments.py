"""Which parts of edges are measured: inside the picture, clear of corners and of other ink."""

from __future__ import annotations

import numpy as np

from appliance.chart.layout import layout
from appliance.chart.pose import Pose
from appliance.chart.segments import plan_segments

CHART = layout("a4")
SIZE = (1200, 900)


def _pose(scale: float, tilt_deg: float = 0.0, yaw_deg: float = 0.0) -> Pose:
    turn = np.radians([tilt_deg, yaw_deg, 0.0])
    return Pose(turn, np.array(SIZE) / 2 - 0.5, scale, 1 / 500, 0.0, SIZE, CHART.aim_mm)


def test_an_edge_that_leaves_the_picture_is_measured_as_far_as_it_is_in_it() -> None:
    pose, count = _pose(40.0), len(CHART.edges)
    plan = plan_segments(
        CHART.edges, pose, np.full(count, 8.0), np.full(count, 15.0), np.full(count, 1e4), pieces=1
    )
    border = plan.half_width_px[:, None, None] + 2
    px = plan.px.reshape(-1, 2, 2)
    assert ((px >= border) & (px <= np.array(SIZE) - 1 - border)).all()
    ends = np.array([((e.x1_mm, e.y1_mm), (e.x2_mm, e.y2_mm)) for e in CHART.edges])
    inside = [
        ((pose.project(ends[:, k]) > 17) & (pose.project(ends[:, k]) < np.array(SIZE) - 18)).all(axis=1)
        for k in (0, 1)
    ]
    whole, cut = (inside[0] & inside[1]).sum(), (inside[0] ^ inside[1]).sum()
    assert cut > 5
    assert len(plan) >= whole + cut / 2


def test_a_strip_ends_before_it_meets_the_next_side_of_its_square() -> None:
    pose, count = _pose(20.0, 50.0, 12.0), len(CHART.edges)
    margin, strip = 1.0, 1e3
    plan = plan_segments(
        CHART.edges, pose, np.full(count, margin), np.full(count, strip), np.full(count, 1e4)
    )
    squares = pose.project(np.array(CHART.squares).reshape(-1, 2)).reshape(-1, 4, 2)
    for px, half in zip(plan.px.reshape(-1, 2, 2), plan.half_width_px, strict=True):
        along = (px[1] - px[0]) / np.hypot(*(px[1] - px[0]))
        inwards = np.array([-along[1], along[0]])  # dark lies on the right hand, y down
        deep = px + (half - 0.5) * inwards
        of_centre = np.hypot(*(squares.mean(axis=1) - deep.mean(axis=0)).T)
        own = squares[int(np.argmin(of_centre))]
        following = np.roll(own, -1, axis=0)
        for point in deep:
            side = (following - own)[:, 0] * (point - own)[:, 1] - (following - own)[:, 1] * (point - own)[
                :, 0
            ]
            assert (side > 0).all(), "deep in the ink the strip is still in its own square"

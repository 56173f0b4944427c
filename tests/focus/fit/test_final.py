"""The fit on photos that show more than a chart through a lens, and on edges that pixels cannot tell."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from appliance.bench import Chart, Lens, Scene, Sensor, photograph
from appliance.chart.layout import layout
from appliance.focus.measure import Measurement, Refusal, measure_frame
from appliance.focus.result import Result, Setup
from appliance.focus.score import score_frames
from appliance.frame import Frame

SCENE = Scene(
    Lens(25.0, 2.8, focus_error_mm=6.0),
    Chart(layout("a4", 10.0)),
    Sensor(2028, 1520, 3.1),
    object_distance_mm=500.0,
)


@cache
def photo(scene: Scene) -> Frame:
    taken = photograph(scene, 5)
    return Frame(taken.mosaic, taken.bayer, taken.black, taken.white)


def measured(frame: Frame) -> Measurement | Refusal:
    return measure_frame(frame, Setup(SCENE.lens.focal_length_mm, SCENE.lens.f_number, SCENE.sensor.pitch_um))


def with_threads(frame: Frame, count: int) -> Frame:
    """The photo with ``count`` dark threads of 3 px hanging before it, 20 px long each, at places of a fixed draw."""
    rng = np.random.default_rng(8)
    mosaic = frame.plane.copy()
    height, width = mosaic.shape
    for x, y in zip(rng.integers(0, width - 3, count), rng.integers(0, height - 20, count), strict=True):
        part = mosaic[y : y + 20, x : x + 3]
        part[:] = frame.black + (part - frame.black) // 3
    return replace(frame, plane=mosaic)


def figures(seen: Measurement | Refusal) -> tuple[float, float, int]:
    assert isinstance(seen, Measurement), seen
    return (
        seen.focus_mm,
        float(np.hypot.reduce([seen.noise_mm, seen.pose_mm, seen.model_mm])),
        int(seen.used.sum()),
    )


def test_edges_that_show_something_else_are_left_out() -> None:
    clean_mm, clean_sd_mm, edges = figures(measured(photo(SCENE)))
    focus_mm, sd_mm, left = figures(measured(with_threads(photo(SCENE), 400)))
    assert left < edges - 20
    assert sd_mm < 2 * clean_sd_mm
    assert abs(focus_mm - 6.0) < 3 * sd_mm
    assert abs(focus_mm - clean_mm) < 2 * sd_mm


def test_edges_that_were_left_out_are_told_without_a_contrast() -> None:
    setup = Setup(SCENE.lens.focal_length_mm, SCENE.lens.f_number, SCENE.sensor.pitch_um)
    result = score_frames([with_threads(photo(SCENE), 400)], setup)
    left_out = [edge for edge in result.edges if not edge.used]
    assert len(result.edges) - len(left_out) == result.edges_used
    assert len(left_out) > 20
    assert all(edge.contrast is None and edge.contrast_sd is None for edge in left_out)
    assert Result.from_dict(json.loads(json.dumps(result.to_dict(edges=True)))).edges == result.edges


def test_a_photo_whose_edges_follow_no_single_lens_is_refused() -> None:
    frame = photo(SCENE)
    row, column = np.indices(frame.plane.shape) // 80
    # a mosaic's own colours stay apart: each is smeared over the 2 x 2 blocks of its neighbours
    soft = np.mean([np.roll(frame.plane, (dy, dx), (0, 1)) for dy in (-4, 0, 4) for dx in (-4, 0, 4)], axis=0)
    patched = np.where((row + column) % 2 == 0, frame.plane, soft).astype(np.uint16)
    refused = measured(replace(frame, plane=patched))
    assert isinstance(refused, Refusal)
    assert refused.reason.code == "POOR_FIT"


@pytest.mark.parametrize("roll_deg", [0.0, 3.0])
def test_edges_along_rows_and_columns_of_pixels_tell_little_and_nothing_false(roll_deg: float) -> None:
    seen = measured(photo(replace(SCENE, roll_deg=roll_deg)))
    assert isinstance(seen, Measurement)
    assert seen.plan.crossed_px.min() >= 1.0
    assert seen.fit.reduced_chi2 == pytest.approx(1.0, abs=0.2)
    assert seen.used.mean() > 0.98


def test_a_roll_that_lays_half_the_squares_along_the_pixels_leaves_edges_enough() -> None:
    seen = measured(photo(replace(SCENE, roll_deg=-8.7)))
    focus_mm, sd_mm, _ = figures(seen)
    assert isinstance(seen, Measurement)
    flat = seen.plan.crossed_px < 3
    assert seen.used[flat].sum() > 50
    assert abs(focus_mm - 6.0) < 3 * sd_mm

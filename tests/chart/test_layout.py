"""The chart family: no ink overlaps, every chart names itself, edges are where they are said to be."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from appliance.chart.family import choose_layout
from appliance.chart.grid import SQUARE_TURN_DEG
from appliance.chart.ink import STAR_CYCLES
from appliance.chart.layout import (
    FAMILY_PITCH_MM,
    PAPERS_MM,
    layout,
    layout_of_marker,
)
from appliance.errors import UsageError

FAMILY = [(paper, pitch) for paper in PAPERS_MM for pitch in (None, *FAMILY_PITCH_MM)]


@pytest.mark.parametrize("pitch", [None, 5.0, 31.5])
def test_printed_areas_do_not_overlap(pitch: float | None) -> None:
    polygons = [np.array(p, np.float32) for p in layout("a4", pitch).ink]
    boxes = np.array([(*p.min(axis=0), *p.max(axis=0)) for p in polygons])
    for k, one in enumerate(polygons):
        near = (boxes[k, :2] < boxes[:, 2:]).all(axis=1) & (boxes[:, :2] < boxes[k, 2:]).all(axis=1)
        for other in np.flatnonzero(near):
            if other > k:
                area, _ = cv2.intersectConvexConvex(one, polygons[other])
                assert area < 2e-4, (k, other)


@pytest.mark.parametrize(("paper", "pitch"), FAMILY)
def test_every_chart_is_known_by_each_of_its_fiducials(paper: str, pitch: float | None) -> None:
    chart = layout(paper, pitch)
    assert len(chart.fiducials) >= 14
    assert {layout_of_marker(f.id) for f in chart.fiducials} == {chart}


@pytest.mark.parametrize(("paper", "pitch"), FAMILY)
def test_all_ink_lies_on_the_paper_with_a_printers_margin(paper: str, pitch: float | None) -> None:
    chart = layout(paper, pitch)
    points = np.concatenate([np.array(p) for p in chart.ink])
    assert points.min() > 4.2
    assert (np.array(chart.paper_mm) - points > 4.2).all()


def test_fiducials_come_in_three_sizes_and_the_smallest_are_in_the_middle_third() -> None:
    chart = layout("a4")
    sides = sorted({round(f.side_mm, 3) for f in chart.fiducials})
    assert len(sides) == 3
    small = [f for f in chart.fiducials if round(f.side_mm, 3) == sides[0]]
    assert all(abs(f.x_mm - chart.aim_mm[0]) < 35 and abs(f.y_mm - chart.aim_mm[1]) < 35 for f in small)


def test_edges_exist_at_every_depth_near_the_aim() -> None:
    chart = layout("a4")
    y = np.array([sorted((e.y1_mm, e.y2_mm)) for e in chart.edges]) - chart.aim_mm[1]
    for depth in np.arange(-100, 100, 1.0):
        assert ((y[:, 0] <= depth) & (y[:, 1] >= depth)).sum() >= 6, depth


def test_dark_lies_on_the_right_hand_of_every_edge() -> None:
    chart = layout("a4")
    for edge in chart.edges[::7]:
        square = next(np.array(s) for s in chart.squares if (edge.x1_mm, edge.y1_mm) in s)
        along = np.array([edge.x2_mm - edge.x1_mm, edge.y2_mm - edge.y1_mm])
        inwards = square.mean(axis=0) - (edge.x1_mm, edge.y1_mm)
        assert along[0] * inwards[1] - along[1] * inwards[0] > 0


def test_edges_keep_clear_of_the_paper_axes_by_their_turn() -> None:
    for edge in layout("a4").edges:
        angle = np.degrees(np.arctan2(edge.y2_mm - edge.y1_mm, edge.x2_mm - edge.x1_mm))
        nearest = (angle + 45) % 90 - 45
        assert abs(nearest) == pytest.approx(SQUARE_TURN_DEG, abs=1e-9)


def test_clearance_is_the_distance_to_the_nearest_other_ink() -> None:
    chart = layout("a4")
    corners = {tuple(s): np.array(s) for s in chart.squares}
    others = np.concatenate(list(corners.values()))
    for edge in chart.edges[::29]:
        own = next(s for s in chart.squares if (edge.x1_mm, edge.y1_mm) in s)
        middle = np.array([edge.x1_mm + edge.x2_mm, edge.y1_mm + edge.y2_mm]) / 2
        far = [p for p in others if tuple(p) not in own]
        assert edge.clearance_mm <= np.hypot(*(np.array(far) - middle).T).min() + 1e-9


@pytest.mark.parametrize("pitch", [None, 10.0])
def test_the_edges_of_fiducials_and_star_lie_between_paper_and_ink(pitch: float | None) -> None:
    chart = layout("a4", pitch)
    ink = [np.array(p, np.float32) for p in chart.ink]

    def is_ink(x: float, y: float) -> bool:
        return any(cv2.pointPolygonTest(p, (x, y), False) > 0 for p in ink)

    edges = [e for e in chart.more_edges if e.clearance_mm > 0]
    assert len(edges) == 4 * len(chart.fiducials) + 2 * 3 * STAR_CYCLES
    for edge in edges[::7]:
        along = np.array([edge.x2_mm - edge.x1_mm, edge.y2_mm - edge.y1_mm])
        right = np.array([-along[1], along[0]]) / np.hypot(*along)
        for part in (0.1, 0.5, 0.9):
            place = np.array([edge.x1_mm, edge.y1_mm]) + part * along
            for depth in (0.05, 0.95):
                assert is_ink(*(place + depth * edge.depth_of_ink_mm * right)), (edge.id, part, depth)
                assert not is_ink(*(place - depth * edge.clearance_mm * right)), (edge.id, part, depth)


def test_edges_come_in_fours_around_ink() -> None:
    chart = layout("a4")
    for edges in (chart.edges, chart.more_edges):
        corners = np.array([((e.x1_mm, e.y1_mm), (e.x2_mm, e.y2_mm)) for e in edges]).reshape(-1, 4, 2, 2)
        assert np.allclose(corners[:, :, 1], np.roll(corners[:, :, 0], -1, axis=1))


@pytest.mark.parametrize("pitch", [None, 5.0])
def test_outlines_enclose_the_ink_and_nothing_else(pitch: float | None) -> None:
    def area(polygon: tuple[tuple[float, float], ...]) -> float:
        x, y = np.array(polygon).T
        return float((x * np.roll(y, -1) - y * np.roll(x, -1)).sum() / 2)

    chart = layout("a4", pitch)
    assert sum(area(p) for p in chart.outlines) == pytest.approx(sum(abs(area(p)) for p in chart.ink))


def test_a_chart_made_for_a_lens_fits_its_field_of_view() -> None:
    chart, notes = choose_layout("a4", 50, 1300, "hq", 2.8)
    m = 50 / (1250 - 50)
    cells = 6.287 / m / chart.pitch_mm
    assert 9 <= cells <= 18
    assert any("depths of field" in note for note in notes)


def test_the_stop_up_to_which_a_chart_is_deep_enough_is_named() -> None:
    rng = np.random.default_rng(4)
    shallow = 0
    for focal, distance in zip(rng.uniform(12, 100, 60), rng.uniform(500, 3000, 60), strict=True):
        _, notes = choose_layout("a4", focal, distance)
        words = [note for note in notes if "± 4 depths of field up to f/" in note]
        if not words:
            assert "less than" not in " ".join(choose_layout("a4", focal, distance, "hq", 11)[1])
            continue
        shallow += 1
        stop = float(words[0].split("f/")[1].split(",")[0])
        assert "less than ± 4" not in " ".join(choose_layout("a4", focal, distance, "hq", 0.94 * stop)[1])
        assert "less than ± 4" in " ".join(choose_layout("a4", focal, distance, "hq", 1.06 * stop)[1])
    assert 5 < shallow < 55


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("a4", 50, None), "together"),
        (("a4", 100, 300), "cannot focus"),
        (("a4", 50, 1300, "banana"), "--sensor"),
        (("b5",), "no chart for paper"),
    ],
)
def test_a_chart_that_cannot_be_made_is_refused_in_words(arguments: tuple, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        choose_layout(*arguments)


def test_a_chart_printed_at_97_percent_is_the_same_chart_smaller() -> None:
    true = layout("a4")
    small = true.printed_at(0.97)
    assert small.title == true.title
    assert small.paper_mm == pytest.approx((203.7, 288.09))
    for name in ("ink", "squares"):
        before, after = (np.concatenate([np.array(p) for p in getattr(c, name)]) for c in (true, small))
        np.testing.assert_allclose(after, 0.97 * before)
    for one, other in zip(true.edges, small.edges, strict=True):
        assert (other.id, other.across_tilt) == (one.id, one.across_tilt)
        assert other.x2_mm == pytest.approx(0.97 * one.x2_mm)
        assert other.clearance_mm == pytest.approx(0.97 * one.clearance_mm)
    np.testing.assert_allclose(small.fiducials[3].corners_mm, 0.97 * true.fiducials[3].corners_mm)
    assert true.printed_at(1.0) is true

"""What the drawings say, read back from their SVG."""

import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from examples import RESULT, SETUP

from appliance.focus.result import Curve, EdgePoint, Result, Verdict
from appliance.web import plots


def elements(svg: str, tag: str, class_: str) -> list[ElementTree.Element]:
    return [e for e in ElementTree.fromstring(svg).iter(tag) if class_ in (e.get("class") or "").split()]


def starts(path: ElementTree.Element) -> list[tuple[float, float]]:
    """Where each line of a path begins."""
    return [(float(x), float(y)) for x, y in re.findall(r"M([-\d.]+) ([-\d.]+)", path.get("d", ""))]


def edge(depth_mm: float, contrast: float, used: bool = True) -> EdgePoint:
    known = (contrast, 0.02) if used else (None, None)
    return EdgePoint(100, 100, 180, 110, depth_mm, 0.2, 0.01, *known, True, used)


CURVED = replace(
    RESULT,
    focus_error_mm=20.0,
    image_shift_um=37.6,
    magnification=1 / 23,
    edges=(edge(-40, 0.1), edge(0, 0.5), edge(20, 0.8), edge(40, 0.5), edge(30, 0.3, used=False)),
    curve=Curve(0.16, (-40.0, 0.0, 20.0, 40.0), (0.1, 0.5, 0.8, 0.5)),
)


@pytest.mark.parametrize("sign", [-1, 1])
def test_back_focus_points_right_on_the_gauge(sign: int) -> None:
    svg = plots.gauge(replace(RESULT, image_shift_um=sign * 20.0))
    (needle,) = elements(svg, "circle", "needle")
    assert (float(needle.get("cx", "0")) - 180) * sign > 10


def test_the_gauge_s_needle_is_inside_the_band_exactly_when_the_error_is_within_tolerance() -> None:
    for shift in (-90.0, -44.0, -43.0, 0.0, 43.0, 44.0, 90.0):
        svg = plots.gauge(replace(RESULT, image_shift_um=shift))
        (needle,), (band,) = elements(svg, "circle", "needle"), elements(svg, "rect", "band")
        left = float(band.get("x", "0"))
        inside = left <= float(needle.get("cx", "0")) <= left + float(band.get("width", "0"))
        assert inside is (abs(shift) <= 43.8)


def test_focus_beyond_the_chart_is_an_arrow_to_its_side() -> None:
    beyond = Result(Verdict.FAIL_FRONT, (), focus_error_mm_at_least=-120.0, tolerance_um=43.8)
    (arrow,) = elements(plots.gauge(beyond), "polygon", "needle")
    assert float(arrow.get("points", "").split(",")[0]) < 30
    back = replace(beyond, verdict=Verdict.FAIL_BACK, focus_error_mm_at_least=0.0)
    (arrow,) = elements(plots.gauge(back), "polygon", "needle")
    assert float(arrow.get("points", "").split(",")[0]) > 330


def test_a_bound_that_tells_nothing_of_the_tolerance_has_no_gauge() -> None:
    small = Result(Verdict.INVALID, (), focus_error_mm_at_least=-12.0, tolerance_um=43.8)
    assert plots.gauge(small) == ""


def test_the_curve_s_peak_and_focus_line_stand_where_the_sharpest_edges_do() -> None:
    svg = plots.through_focus(CURVED, SETUP)
    focus = next(e for e in elements(svg, "line", "focus"))
    points = [point for path in elements(svg, "path", "dots") for point in starts(path)]
    highest = min(points, key=lambda point: point[1])
    assert abs(highest[0] - float(focus.get("x1", "0"))) < 0.06
    (curve,) = elements(svg, "polyline", "curve")
    pairs = [tuple(map(float, pair.split(","))) for pair in curve.get("points", "").split()]
    assert abs(min(pairs, key=lambda p: p[1])[0] - float(focus.get("x1", "0"))) < 0.2


def test_every_edge_used_is_drawn_with_its_95_percent_bar() -> None:
    svg = plots.through_focus(CURVED, SETUP)
    (used,), (bars,) = elements(svg, "path", "dots"), elements(svg, "path", "bar")
    assert len(starts(used)) == 4
    low, high = (float(v) for v in re.findall(r"M[-\d.]+ ([-\d.]+)V([-\d.]+)", bars.get("d", ""))[1])
    scale = (plots._Chart.bottom - starts(used)[1][1]) / 0.5
    assert abs(low - high - 2 * 1.96 * 0.02 * scale) < 0.15


def test_edges_that_tell_nothing_do_not_hide_the_others() -> None:
    blind = replace(edge(10, 0.6), contrast_sd=1.0)
    svg = plots.through_focus(replace(CURVED, edges=(*CURVED.edges, blind)), SETUP)
    assert svg == plots.through_focus(CURVED, SETUP)
    noisy = tuple(replace(e, contrast_sd=0.3) for e in CURVED.edges if e.used)
    (dots,) = elements(plots.through_focus(replace(CURVED, edges=noisy), SETUP), "path", "dots")
    assert len(starts(dots)) == 4


def test_a_tolerance_that_reaches_to_infinity_leaves_room_for_the_edges() -> None:
    farthest = max(abs(edge.depth_mm) for edge in CURVED.edges)
    for tolerance in (400.0, 4_000.0, 40_000.0):
        svg = plots.through_focus(replace(CURVED, tolerance_um=tolerance), SETUP)
        points = [
            float(p.split(",")[0]) for p in elements(svg, "polyline", "curve")[0].get("points", "").split()
        ]
        (band,) = elements(svg, "rect", "band")
        left, width = float(band.get("x", "0")), float(band.get("width", "0"))
        assert max(points) - min(points) > 100, f"edges to {farthest} mm are hardly seen"
        assert left <= min(points), "all that was seen is within the tolerance"
        assert max(points) <= left + width


def test_the_tolerance_band_is_drawn_in_object_space() -> None:
    (band,) = elements(plots.through_focus(CURVED, SETUP), "rect", "band")
    chart = plots._Chart(plots._telling(CURVED), CURVED, (-25.0, 22.0))
    # f = 25 mm at 1:23: 43.8 µm at the sensor are about 43.8e-3 * 23² = 23.2 mm at the chart
    assert abs(float(band.get("width", "0")) / (chart.x(1.0) - chart.x(0.0)) - 2 * 23.2) < 1.5


def test_edges_lie_over_the_photo_in_its_own_pixels() -> None:
    svg = plots.edge_map(CURVED, "/pictures/x.jpg", (2028, 1520))
    root = ElementTree.fromstring(svg)
    assert root.get("viewBox") == "0 0 4056 3040"
    paths = elements(svg, "path", "edge")
    assert (
        sorted(part for path in paths for part in (path.get("d") or "").split("M")[1:])
        == ["100 100L180 110"] * 5
    )
    (unused,) = elements(svg, "path", "unused")
    assert len(starts(unused)) == 1


def test_without_figures_nothing_is_drawn() -> None:
    invalid = Result(Verdict.INVALID, ())
    assert plots.gauge(invalid) == ""
    assert plots.through_focus(invalid, SETUP) == ""

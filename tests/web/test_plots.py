"""What the drawings say, read back from their SVG."""

from dataclasses import replace
from xml.etree import ElementTree

import pytest
from examples import RESULT, SETUP

from appliance.focus.result import Curve, EdgePoint, Result, Verdict
from appliance.web import plots


def elements(svg: str, tag: str, class_: str) -> list[ElementTree.Element]:
    return [e for e in ElementTree.fromstring(svg).iter(tag) if class_ in (e.get("class") or "").split()]


def edge(depth_mm: float, contrast: float, used: bool = True) -> EdgePoint:
    return EdgePoint(100, 100, 180, 110, depth_mm, 0.2, 0.01, contrast, 0.02, True, used)


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


def test_the_curve_s_peak_and_focus_line_stand_where_the_sharpest_edges_do() -> None:
    svg = plots.through_focus(CURVED, SETUP)
    focus = next(e for e in elements(svg, "line", "focus"))
    points = [g[1] for g in elements(svg, "g", "point")]
    highest = min(points, key=lambda circle: float(circle.get("cy", "0")))
    assert abs(float(highest.get("cx", "0")) - float(focus.get("x1", "0"))) < 0.02
    (curve,) = elements(svg, "polyline", "curve")
    pairs = [tuple(map(float, pair.split(","))) for pair in curve.get("points", "").split()]
    assert abs(min(pairs, key=lambda p: p[1])[0] - float(focus.get("x1", "0"))) < 0.2


def test_every_edge_is_drawn_with_its_95_percent_bar() -> None:
    svg = plots.through_focus(CURVED, SETUP)
    assert len(elements(svg, "g", "point")) == 5
    assert len(elements(svg, "g", "unused")) == 1
    bar, circle = elements(svg, "g", "point")[-1]
    height = float(bar.get("y1", "0")) - float(bar.get("y2", "0"))
    scale = (plots._Chart.bottom - float(circle.get("cy", "0"))) / 0.5
    assert abs(height - 2 * 1.96 * 0.02 * scale) < 0.05


def test_the_tolerance_band_is_drawn_in_object_space() -> None:
    (band,) = elements(plots.through_focus(CURVED, SETUP), "rect", "band")
    chart = plots._Chart(list(CURVED.edges), CURVED, (-25.0, 22.0))
    # f = 25 mm at 1:23: 43.8 µm at the sensor are about 43.8e-3 * 23² = 23.2 mm at the chart
    assert abs(float(band.get("width", "0")) / (chart.x(1.0) - chart.x(0.0)) - 2 * 23.2) < 1.5


def test_edges_lie_over_the_photo_in_its_own_pixels() -> None:
    svg = plots.edge_map(CURVED, "/pictures/x.jpg", (2028, 1520))
    root = ElementTree.fromstring(svg)
    assert root.get("viewBox") == "0 0 4056 3040"
    lines = elements(svg, "line", "edge")
    assert [line.get("x2") for line in lines] == ["180"] * 5
    assert len(elements(svg, "line", "unused")) == 1


def test_without_figures_nothing_is_drawn() -> None:
    invalid = Result(Verdict.INVALID, ())
    assert plots.gauge(invalid) == ""
    assert plots.through_focus(invalid, SETUP) == ""

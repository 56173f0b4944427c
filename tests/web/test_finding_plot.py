"""A guided check's plots: the same on page and paper, whatever a procedure puts into them."""

from __future__ import annotations

import re
from math import inf
from xml.etree import ElementTree

import pytest

from appliance.guides.finding import Band, Plot, Series
from appliance.web.finding_plot import finding_plot
from appliance.web.report import Paper
from appliance.web.svg_to_pdf import _STYLES, size_of

MEASURED = Series("measured", (24.0, 40.0, 70.0), (35.0, 20.0, 2.0), (6.0, 5.0, 4.0))
LINE = Series("flange alone", (24.0, 70.0), (33.0, 1.0), (), "line")
BEFORE = Series("before", (24.0, 70.0), (80.0, 5.0), (6.0, 4.0), "before")
OUT = Series("left out", (40.0,), (45.0,), (), "outliers")
WHOLE = Plot(
    "Back focus", "focal length, mm", "µm", (MEASURED, LINE, BEFORE, OUT), (Band(-15.0, 15.0, "tolerance"),)
)


def elements(plot: Plot) -> list[ElementTree.Element]:
    return list(ElementTree.fromstring(finding_plot(plot)).iter())


def classed(plot: Plot, class_: str) -> list[ElementTree.Element]:
    return [e for e in elements(plot) if class_ in (e.get("class") or "").split()]


def test_each_point_lies_where_its_axes_say() -> None:
    """Of the three circles the middle one (40 mm) lies at the share of the way that 40 has between 24 and 70."""
    circles = [e for e in classed(WHOLE, "s0") if e.tag == "circle"][:3]
    x = [float(e.get("cx", 0)) for e in circles]
    y = [float(e.get("cy", 0)) for e in circles]
    assert (x[1] - x[0]) / (x[2] - x[0]) == pytest.approx((40 - 24) / (70 - 24), abs=0.002)
    assert (y[1] - y[0]) / (y[2] - y[0]) == pytest.approx((35 - 20) / (35 - 2), abs=0.002)
    assert y[0] < y[1] < y[2], "what lies behind is drawn higher"


def test_series_differ_by_shape_as_well_as_by_colour() -> None:
    many = Plot("p", "x", "y", tuple(Series(f"s{k}", (float(k),), (1.0 + k,)) for k in range(4)))
    shapes = [e for k in range(4) for e in classed(many, f"s{k}")]
    assert {e.tag for e in shapes} == {"circle", "rect", "polygon"}
    assert len({e.get("points", "").count(" ") for e in shapes if e.tag == "polygon"}) == 2
    assert len(classed(WHOLE, "outlier")) == 2, "one point, and its sign in the legend"


def test_a_tolerance_far_beyond_the_points_does_not_press_them_into_a_line() -> None:
    wide = Plot("p", "x", "y", (Series("", (0.0, 1.0), (-3.0, 3.0)),), (Band(-4000.0, inf, "tolerance"),))
    high, low = (float(e.get("cy", 0)) for e in reversed(classed(wide, "s0")))
    assert low - high > 30
    band = classed(wide, "band")[0]
    assert float(band.get("height", 0)) == pytest.approx(188, abs=1)


@pytest.mark.parametrize(
    "series",
    [
        Series("one", (5.0,), (5.0,)),
        Series("same", (1.0, 1.0), (0.0, 0.0), (0.0, 0.0)),
        Series("tiny", (0.0, 1e-9), (0.0, 1e-12)),
        Series("huge", (-1e9, 1e9), (-1e12, 1e12)),
        Series("<script>", (1.0, 2.0), (1.0, 2.0)),
    ],
)
def test_whatever_a_procedure_gives_stays_within_the_drawing(series: Series) -> None:
    plot = Plot("p", "x", "y", (series, MEASURED), (), ((1.0, "from near"),))
    width, height = size_of(finding_plot(plot))
    for element in elements(plot):
        for name, most in (("x", width), ("cx", width), ("y", height), ("cy", height)):
            assert -1 <= float(element.get(name, 0)) <= most
        assert not re.search(r"nan|inf", element.get("d", ""))
        assert element.tag != "script"


def test_a_plot_without_points_is_not_drawn() -> None:
    assert finding_plot(Plot("p", "x", "y", (Series("none", (), ()),))) == ""


def test_paper_knows_every_style_that_the_page_draws_with() -> None:
    known = {*_STYLES, "label", "curve-line", "curve-plot", "finding-plot"}
    for element in elements(WHOLE):
        assert set((element.get("class") or "").split()) <= known
    paper = Paper("p", "station")
    paper.drawing(finding_plot(WHOLE))
    assert paper.done().startswith(b"%PDF")

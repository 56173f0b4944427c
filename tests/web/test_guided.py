"""Focus assist and alignment on the phone: what is said and drawn of the station's live figures."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree

import pytest
from page_fixtures import Page, ready

from appliance.checks.align import AlignFigure, Alignment
from appliance.checks.focus_assist import AssistFigures
from appliance.focus.result import Setup
from appliance.station.state import Phase
from appliance.web.guided_plots import limit_gauge, sharpness_bars

pytest_plugins = ["page_fixtures"]
SETUP = Setup(25.0, 2.8, 1.55)
SHARP = AssistFigures(True, 41.6, 30.0, 20.0, 60.0, -3.2, 0.5, "farther", 90)


def assist(page: Page, figures: AssistFigures | None, path: str = "/focus") -> str:
    live = None if figures is None else figures.to_dict()
    page.station.now = replace(ready(), phase=Phase.ASSIST, live=live)
    return str(page.get(path).text)


def alignment(**values: float) -> Alignment:
    """Alignment with these values, the others good."""
    shape: dict[str, tuple[float, str, float, float | None, str]] = {
        "tilt": (45.2, "°", 42.0, 48.0, "lean the chart's top away from the camera"),
        "roll": (-1.5, "°", -4.0, 4.0, "turn the chart clockwise"),
        "yaw": (0.4, "°", -3.0, 3.0, "bring the chart's left side nearer"),
        "distance": (625.3, "mm", 618.8, 631.3, "move the chart nearer"),
        "centre x": (0.5, "%", -4.0, 4.0, "point the camera more to the right"),
        "centre y": (-0.5, "%", -4.0, 4.0, "point the camera higher"),
        "light": (0.93, "", 0.7, None, "move the lamps: the top is too bright"),
    }
    figures = []
    for name, (usual, unit, low, high, advice) in shape.items():
        figure = AlignFigure(name, values.get(name.replace(" ", "_"), usual), unit, low, high, "")
        figures.append(figure if figure.good else replace(figure, advice=advice))
    return Alignment(tuple(figures))


def align(page: Page, result: Alignment | None, path: str = "/align") -> str:
    live = None if result is None else result.to_dict()
    page.station.now = replace(ready(), phase=Phase.ALIGN, live=live)
    return str(page.get(path).text)


@pytest.mark.parametrize(
    ("turn", "words"),
    [("nearer", "Turn nearer"), ("farther", "Turn farther"), ("hold", "Hold"), ("", "Turn slowly")],
)
def test_focus_assist_says_which_way_to_turn(page: Page, turn: Any, words: str) -> None:
    assert words in assist(page, replace(SHARP, turn=turn))


def test_focus_assist_shows_figure_best_halves_and_where_focus_lies(page: Page) -> None:
    text = assist(page, SHARP)
    assert "41.6<small>sharpness in the middle" in text
    assert "Sharpness: middle 41.6, near 30.0, far 20.0; best 60.0" in text
    assert "−3.20 ± 0.98 mm from the star" in text
    page.post("/settings/units", units="inch")
    assert "−0.126 ± 0.039 in from the star" in assist(page, SHARP)


def bars(figures: AssistFigures) -> dict[str, float]:
    """Lengths of the drawn bars and place of the mark, as shares of the scale."""
    root = ElementTree.fromstring(str(sharpness_bars(figures.to_dict())))
    track = next(e for e in root if e.get("class") == "track")
    left, width = float(track.get("x", "")), float(track.get("width", ""))
    found = {
        e.get("class", "")[5:]: float(e.get("width", "")) / width
        for e in root
        if e.get("class", "").startswith("fill")
    }
    mark = next((e for e in root if e.get("class") == "peak"), None)
    return found if mark is None else {**found, "peak": (float(mark.get("x1", "")) - left) / width}


def test_bars_are_as_long_as_the_figures_and_the_peak_stays_where_it_was() -> None:
    drawn = bars(SHARP)
    assert drawn["middle"] / drawn["peak"] == pytest.approx(41.6 / 60.0, rel=1e-3)
    assert drawn["near"] / drawn["far"] == pytest.approx(1.5, rel=1e-3)
    assert bars(replace(SHARP, middle=5.0))["peak"] == drawn["peak"] <= 1.0
    assert "far" not in bars(replace(SHARP, far=None))
    assert max(bars(replace(SHARP, middle=100.0, peak=100.0)).values()) <= 1.0
    assert "peak" not in bars(replace(SHARP, peak=0.0))


def test_a_picture_too_blurred_for_a_direction_says_so(page: Page) -> None:
    text = assist(page, AssistFigures(False, 3.4, peak=60.0))
    assert "No chart can be made out: turn until the figure rises" in text
    assert "3.4<small>sharpness of the whole picture, coarse" in text
    assert "Turn nearer" not in text
    assert "Turn farther" not in text


def test_alignment_is_done_when_all_are_green(page: Page) -> None:
    text = align(page, alignment())
    assert "All green: the bench is aligned" in text
    assert text.count('class="is-good"') == 7
    assert 'class="is-bad"' not in text


def test_each_figure_stands_against_its_limits_with_what_to_turn(page: Page) -> None:
    text = align(page, alignment(tilt=39.5, light=0.61))
    assert "2 of 7 to put right: lean the chart&#39;s top away from the camera" in text
    for words in ("39.5°", "limits 42.0° to 48.0°", "−1.5°", "limits ± 4.0°", "625.3 mm", "618.8 mm to 631.3 mm",
                  "0.5 %", "61 %", "limit at least 70 %", "Move the lamps: the top is too bright."):  # fmt: skip
        assert words in text
    assert text.count('class="is-bad"') == 2
    page.post("/settings/units", units="inch")
    assert "24.62 in" in align(page, alignment())


def test_the_needle_lies_on_the_band_exactly_when_the_figure_is_good() -> None:
    for values in ({}, {"tilt": 39.5}, {"tilt": 51.0}, {"roll": 90.0}, {"light": 0.3}, {"distance": 1.0}):
        for figure in alignment(**values).figures:
            root = ElementTree.fromstring(str(limit_gauge(figure.to_dict())))
            band = next(e for e in root if e.get("class") == "band")
            needle = next(e for e in root if e.get("class", "").startswith("needle"))
            start = float(band.get("x", ""))
            inside = start <= float(needle.get("cx", "")) <= start + float(band.get("width", ""))
            assert inside is figure.good
            assert 4 <= float(needle.get("cx", "")) <= 356


def test_a_bench_without_a_chart_in_view_says_why(page: Page) -> None:
    assert "No chart: too dark." in align(page, Alignment((), "No chart: too dark."))


@pytest.mark.parametrize("path", ["/focus", "/align"])
def test_what_the_station_does_instead_is_said(page: Page, path: str) -> None:
    other = Phase.ALIGN if path == "/focus" else Phase.ASSIST
    for phase, words in (
        (Phase.READY, "is not running."),
        (Phase.MEASURING, "A check is under way."),
        (other, "is running."),
    ):
        page.station.now = replace(ready(), phase=phase)
        text = page.get(path).text
        assert words in text
        assert (" disabled" in text) is (phase is Phase.MEASURING)
    page.station.now = None
    text = page.get(path).text
    assert "The station is not running." in text
    assert " disabled" in text
    assert "Looking for the chart." in (assist if path == "/focus" else align)(page, None)


def test_the_script_is_told_what_changed_and_nothing_when_nothing_did(page: Page) -> None:
    for path, text in (("/focus/live", assist(page, SHARP)), ("/align/live", align(page, alignment()))):
        (assist(page, SHARP) if "focus" in path else align(page, alignment()))
        answer = page.get(path)
        live = json.loads(answer.text)
        assert live["running"] is True
        assert re.sub(r"\s+", "", live["part"]) in re.sub(r"\s+", "", text)
        assert page.get(path, **{"If-None-Match": answer.headers["ETag"]}).status_code == 304
        page.station.now = ready()
        assert json.loads(page.get(path).text)["running"] is False


def test_buttons_reach_the_station_from_paired_phones_only(page: Page) -> None:
    for path, do in (("/focus", "assist"), ("/focus", "reset"), ("/focus", "stop"), ("/align", "align"),
                     ("/align", "stop")):  # fmt: skip
        answer = page.post(path, do=do)
        assert (answer.status_code, answer.headers["Location"]) == (303, path)
    assert page.station.pressed == ["assist on", "reset", "assist off", "align on", "align off"]


def test_a_phone_that_is_not_paired_sees_everything_and_starts_nothing(stranger: Page) -> None:
    assert "pair this phone" in assist(stranger, SHARP)
    assert "Turn farther" in assist(stranger, SHARP)
    assert stranger.post("/align", do="align").status_code == 403
    assert stranger.station.pressed == []

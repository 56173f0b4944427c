"""Printed charts on the page and by the API: measured step by step, refused with a sentence, taken back, forgotten."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from examples import RESULT
from page_fixtures import Page, add

from appliance.focus.printed_chart import Print
from appliance.focus.result import Verdict
from appliance.store import open_store
from appliance.store.access import trail
from appliance.store.prints import prints_kept
from appliance.web.ruler_drawing import bar_and_ruler

pytest_plugins = ["page_fixtures"]

TITLE = "a4-general v1"
CLOSE = replace(
    RESULT,
    chart=TITLE,
    verdict=Verdict.PASS,
    figures={"print_blur_um": 31.0, "print_blur_um_u": 3.0},
    print_text="its bar was not measured",
)


def kept(page: Page) -> Print:
    store = open_store(page.data_dir)
    with store.reading() as session:
        found = prints_kept(session).get(TITLE, Print())
    store.close()
    return found


def text_of(page: Page, path: str = "/charts/a4-general") -> str:
    """What a reader sees."""
    return " ".join(re.sub(r"<[^>]+>", " ", page.get(path).text).split())


def test_a_chart_nobody_measured_says_so_and_how_to(page: Page) -> None:
    text = text_of(page)
    for said in (
        "Bar of 100 mm not measured",
        "100 %, if printed so",
        "Take a steel ruler",
        "No check has seen this chart yet",
    ):
        assert said in text
    listed = text_of(page, "/charts")
    assert "a4-general v1" in listed
    assert "not seen here yet" in listed
    assert page.get("/charts/a5-general").status_code == 404
    for path in ("/settings", "/health"):
        assert 'href="/charts"' in page.get(path).text


def test_a_reading_is_kept_with_who_and_shown(page: Page) -> None:
    add(page, CLOSE)
    answer = page.post("/charts/bar", chart="a4-general", bar_mm=" 97,2 ", u95_mm="0.3")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/charts/a4-general")
    assert kept(page).bar_mm == 97.2
    text = text_of(page)
    for said in ("97.20 ± 0.30 mm", "97.2 %", "was not printed at 100 %", "(ruler), by phone"):
        assert said in text
    assert "97.2 %" in text_of(page, "/charts")
    store = open_store(page.data_dir)
    with store.reading() as session:
        line = trail(session)[0]
    assert (line.action, line.subject) == ("measured bar", f"chart {TITLE}")
    assert line.detail == {"bar_mm": " 97,2 ", "u95_mm": "0.3"}


@pytest.mark.parametrize(
    ("path", "form", "said"),
    [
        ("bar", {"bar_mm": "9.98"}, "most likely a slip"),
        ("bar", {"bar_mm": "a hundred"}, "is no number"),
        ("bar", {"bar_mm": "99.8", "u95_mm": "9"}, "A ruler is read to within"),
        ("blur", {"blur_um": "900"}, "between 1 and 500"),
        ("blur", {"check": "1"}, "is not of the chart"),
        ("blur", {"check": "1.5"}, "There is no check 0"),
        ("blur", {"check": "9" * 30}, "There is no check"),
        ("blur", {}, "There is no check of the chart"),
        ("forget", {"kind": "bar"}, "nothing to forget"),
        ("undo", {"kind": "bar"}, "nothing to take back"),
        ("undo", {"kind": "all"}, "no &#39;all&#39;"),
    ],
)
def test_what_cannot_be_kept_is_said_on_the_page(
    page: Page, path: str, form: dict[str, str], said: str
) -> None:
    add(page, replace(RESULT, chart="a3-general v1"))
    answer = page.post(f"/charts/{path}", chart="a4-general", **form)
    assert answer.status_code == 409
    assert said in answer.text
    assert kept(page) == Print()


def test_the_spread_is_taken_from_the_last_check_with_one_button(page: Page) -> None:
    add(page, CLOSE)
    assert "It shows 31 ± 6 µm" in text_of(page)
    assert "Take it from check 1" in text_of(page)
    assert page.post("/charts/blur", chart="a4-general", check="1").status_code == 303
    assert (kept(page).blur_um, kept(page).blur_u_um) == (31.0, 3.0)
    assert "31 µm ± 5.9 (check 1)" in text_of(page)
    page.post("/charts/blur", chart="a4-general", blur_um="25")
    assert kept(page).blur_um == 25.0


def test_a_check_from_afar_offers_no_button_but_says_what_to_do(page: Page) -> None:
    add(page, replace(CLOSE, figures={"print_blur_um": 31.0, "print_blur_um_u": 12.0}))
    text = text_of(page)
    assert "Take the photo closer" in text
    assert "Take it from check" not in text


def test_a_slip_is_taken_back_and_a_new_print_forgotten_each_with_a_confirmation(page: Page) -> None:
    page.post("/charts/bar", chart="a4-general", bar_mm="99.8")
    page.post("/charts/bar", chart="a4-general", bar_mm="98.9")
    for summary in ("Take back the last change of the reading of its bar", "Forget the reading of its bar"):
        assert f"<summary>{summary}</summary>" in page.get("/charts/a4-general").text
    page.post("/charts/undo", chart="a4-general", kind="bar")
    assert kept(page).bar_mm == 99.8
    page.post("/charts/forget", chart="a4-general", kind="bar")
    assert kept(page).bar_mm is None
    text = page.get("/charts/a4-general").text
    assert "<summary>Forget the reading" not in text
    for said in ("bar forgotten", "98.9 mm", "99.8 mm", "(taken back)"):
        assert said in text


def test_whoever_only_reads_measures_nothing(stranger: Page) -> None:
    open_store(stranger.data_dir).close()
    assert "<form" not in stranger.get("/charts/a4-general").text
    for path in ("bar", "blur", "forget", "undo"):
        answer = stranger.post(f"/charts/{path}", chart="a4-general", bar_mm="99.8", kind="bar")
        assert answer.status_code == 403
    assert kept(stranger) == Print()


def test_a_check_says_what_is_known_of_its_chart(page: Page) -> None:
    add(page, CLOSE)
    text = page.get("/checks/1").text
    assert '<a href="/charts/a4-general">a4-general v1</a>' in text
    assert "its bar was not measured" in text


def test_a_check_says_how_to_put_the_flange_right_with_every_unit_named(page: Page) -> None:
    figures = {
        "focus_error_dioptres": 0.0794, "flange_error_um": -54.0, "ring_turn_deg": 25.2, "ring_turn_deg_u95": 0.8,
    }  # fmt: skip
    add(page, replace(RESULT, figures=figures))
    text = text_of(page, "/checks/1")
    assert (
        "turn the back-focus ring by 25.2 ± 0.8° (95 %), which moves the lens away from the sensor." in text
    )
    for said in ("focus error, dioptres 0.0794", "flange error, µm −54", "ring turn, ° 25.2"):
        assert said in text


def test_the_drawing_reads_what_is_kept_and_an_example_before() -> None:
    assert "read 110.0: bar 100.0 mm" in bar_and_ruler()
    drawn = str(bar_and_ruler(97.2))
    assert "read 107.2: bar 97.2 mm" in drawn
    width = re.search(r'width="([\d.]+)" height="16" class="ink"', drawn)
    assert width is not None
    assert float(width[1]) == pytest.approx(2.9 * 97.2, abs=0.01)


def test_a_chart_is_measured_by_the_api(page: Page) -> None:
    add(page, CLOSE)
    headers = page.make_token()

    def ask(method: str, path: str, status: int = 200, **body: Any) -> Any:
        answer = page.client.open(f"/api/v1{path}", method=method, json=body or None, headers=headers)
        assert answer.status_code == status, answer.text
        return answer.get_json()

    assert ask("GET", "/charts")["charts"] == [
        {"chart": TITLE, "scale": None} | dict.fromkeys(("bar_mm", "bar_u_mm", "blur_um", "blur_u_um"))
    ]
    assert ask("PUT", "/charts/a4-general/bar", bar_mm=97.2)["scale"] == pytest.approx(0.972)
    assert "slip" in ask("PUT", "/charts/a4-general/bar", 409, bar_mm=972)["error"]["text"]
    assert ask("PUT", "/charts/a4-general/blur", check=1)["blur_um"] == 31.0
    assert ask("PUT", "/charts/a4-general/blur", blur_um=25, blur_u_um=2)["blur_u_um"] == 2.0
    assert ask("POST", "/charts/a4-general/undo", kind="blur")["blur_um"] == 31.0
    whole = ask("DELETE", "/charts/a4-general?kind=bar")
    assert whole["bar_mm"] is None
    assert [row["source"] for row in whole["readings"]] == [
        "forgotten", "taken back", "given", "check 1", "ruler",
    ]  # fmt: skip
    assert ask("GET", "/charts/a4-general") == whole
    ask("PUT", "/charts/a4-general/blur", 409, blur_um=25, check=1)
    ask("GET", "/charts/a5-general", 404)

"""Camera bodies and baselines on the page: what people set, what follows, and the trail it leaves."""

from __future__ import annotations

from dataclasses import replace

import pytest
from examples import RESULT
from page_fixtures import Page, add, ready

from appliance.store import open_store
from appliance.store.access import trail
from appliance.store.house import Lens

pytest_plugins = ["page_fixtures"]


def last_line(page: Page) -> tuple[str, str, dict[str, object]]:
    store = open_store(page.data_dir)
    with store.reading() as session:
        line = trail(session)[0]
    return line.action, line.subject, line.detail


def test_a_body_is_added_edited_and_found(page: Page) -> None:
    add(page, RESULT)
    assert "No camera body yet" in page.get("/bodies").text
    answer = page.post("/body/save", was="", tag=" B/1 ", maker="ARRI", model="Mini LF", coc_um="9,5")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/bodies/B/1")
    assert last_line(page)[:2] == ("added", "body B/1")
    text = page.get("/bodies/B/1").text
    assert "ARRI Mini LF" in text
    assert "9.5 µm" in text
    page.post("/body/save", was="B/1", tag="B-1", maker="ARRI", coc_um="")
    assert last_line(page)[:2] == ("changed", "body B/1")
    assert "the lens&#39;s or the station&#39;s" in page.get("/bodies/B-1").text.replace("'", "&#39;")
    assert page.get("/bodies/B/1").status_code == 404
    assert "B-1" in page.get("/bodies?q=arri").text
    assert "No body is like that" in page.get("/bodies?q=nosuch").text


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"tag": ""}, "Tag is empty"),
        ({"tag": "B-2", "coc_um": "wide"}, "Coc_um is no number"),
        ({"tag": "B-1"}, "belongs to another body"),
        ({"was": "B-9", "tag": "B-9"}, "not there any more"),
    ],
)
def test_what_a_body_cannot_be_is_said_and_nothing_is_kept(
    page: Page, form: dict[str, str], said: str
) -> None:
    add(page, RESULT, body_tag="B-1")
    answer = page.post("/body/save", **{"was": "", **form})
    assert answer.status_code == 409
    assert said in answer.text
    assert page.get("/bodies/B-2").status_code == page.get("/bodies/B-9").status_code == 404


def test_a_body_is_named_for_the_lens_on_the_bench(page: Page) -> None:
    add(page, RESULT, body_tag="B-1")
    page.post("/lens", lens="FC-1", body=" B-1 ")
    assert page.station.pressed == ["FC-1", "body B-1"]
    assert "on body <strong>B-1</strong>" in page.get("/").text
    page.post("/lens", lens="FC-1", body="")
    assert page.station.pressed[-1] == "body None"
    assert page.post("/body/bench", tag="B-1").status_code == 303
    assert page.post("/body/bench", tag="B-9").status_code == 404
    assert page.station.pressed[-1] == "body B-1"
    page.station.now = None
    answer = page.post("/body/bench", tag="B-1")
    assert answer.status_code == 409
    assert "No station answers" in answer.text


def test_a_check_tells_its_body_and_station_and_is_found_by_them(page: Page) -> None:
    add(page, RESULT, RESULT, body_tag="B-1", station="Bench 2")
    add(page, RESULT)
    text = page.get("/checks/1").text
    assert '<a href="/bodies/B-1">B-1</a>' in text
    assert "Bench 2" in text
    assert page.get("/checks/1.json").get_json()["body"] == "B-1"
    assert page.get("/checks?body=B-1").text.count('<a href="/checks/') == 2
    assert "No check is like that" in page.get("/checks?body=B-9").text


def furnish(page: Page) -> None:
    for k, shift in enumerate((0.0, 1.0, 2.0, 3.0, 60.0)):
        add(page, *[replace(RESULT, image_shift_um=shift)] * 2, lens_tag=f"FC-{k}")
    store = open_store(page.data_dir)
    with store.session() as session:
        for lens in session.query(Lens):
            lens.maker, lens.model = "Cooke", "S4"
    store.close()


def test_baselines_are_set_and_cleared_on_the_page_with_a_trail(page: Page) -> None:
    furnish(page)
    assert "Clear its baseline" not in page.get("/lenses/FC-1").text
    for do, of, shown in (
        ("set", "lens", "Baseline set on"),
        ("set", "model", "Baseline of its model set on"),
        ("clear", "lens", "Baseline: its first checks"),
    ):
        assert page.post("/lens/baseline", tag="FC-1", focal="25.0", do=do, of=of).status_code == 303
        assert last_line(page) == ("baseline", "lens FC-1", {"do": do, "of": of, "focal_length_mm": 25.0})
        assert shown in page.get("/lenses/FC-1").text
    text = page.get("/lenses/FC-1").text
    assert "its own at 25 mm set from 2 checks" in text
    assert "its own at 25 mm cleared" in text
    assert "at 25 mm set from 5 copies" in text
    assert "+58.0 µm from the baseline of its model" in page.get("/lenses/FC-4").text
    assert "Clear its model" in page.get("/lenses/FC-2").text  # of every copy
    page.post("/lens/baseline", tag="FC-2", focal="25.0", do="clear", of="model")
    assert "Clear its model" not in page.get("/lenses/FC-1").text


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"do": "clear", "of": "lens"}, "There is no baseline to clear"),
        ({"do": "clear", "of": "model"}, "There is no baseline to clear"),
        ({"do": "set", "of": "model"}, "No baseline can be set: its model is not given"),
        ({"do": "burn", "of": "lens"}, "A baseline is set or cleared"),
    ],
)
def test_a_baseline_that_cannot_be_is_said(page: Page, form: dict[str, str], said: str) -> None:
    add(page, RESULT)
    answer = page.post("/lens/baseline", tag="FC-1", **form)
    assert answer.status_code == 409
    assert said in answer.text


def test_a_visit_begins_even_while_the_station_is_down(page: Page) -> None:
    add(page, RESULT)
    page.station.now = None
    answer = page.post("/visits", lens="FC-1", kind="return", rental="R-1")
    assert answer.headers["Location"] == "/visits/1"
    assert "The station is not running, so nothing can be tested" in page.get("/visits/1").text
    page.station.now = ready()
    assert "not running" not in page.get("/visits/1").text


def test_a_lens_is_carried_away_whole(page: Page) -> None:
    add(page, RESULT, RESULT)
    page.post("/lens/adjust", tag="FC-1", kind="shim", amount="20")
    page.post("/visits", lens="FC-1", kind="return", rental="R-1")
    whole = page.get("/report/FC-1.json").get_json()
    assert whole["lens"]["tag"] == "FC-1"
    assert [check["check"] for check in whole["checks"]] == [2, 1]
    assert whole["visits"][0]["rental"] == "R-1"
    assert whole["adjustments"][0]["amount"] == 20.0
    assert whole["comparison"]["sentences"]
    assert page.get("/report/FC-9.json").status_code == 404
    for link in ("/report/FC-1.pdf", "/report/FC-1.json", "/checks.csv?lens=FC-1"):
        assert f'href="{link}"' in page.get("/lenses/FC-1").text


def test_a_check_is_compared_with_the_one_before_of_the_same_lens(page: Page) -> None:
    for tag in ("FC-1", "FC-2", "FC-1", None, None):
        add(page, RESULT, lens_tag=tag)
    assert '"/compare?a=1&amp;b=3"' in page.get("/checks/3").text
    for number in (1, 2, 5):
        assert "/compare?a=" not in page.get(f"/checks/{number}").text
    text = page.get("/compare?a=1&b=3").text
    assert "focus moved by" in text
    assert "within what the two checks can tell apart" in text


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("", "Enter the numbers of two checks"),
        ("?a=1", "Enter the second check's number too"),
        ("?b=1", "Enter the first check's number too"),
        ("?a=1&b=x7", "There is no check x7"),
        ("?a=-1&b=99", "There is no check -1"),
    ],
)
def test_what_is_no_pair_of_checks_is_told_so(page: Page, asked: str, said: str) -> None:
    add(page, RESULT)
    assert said in page.get(f"/compare{asked}").text

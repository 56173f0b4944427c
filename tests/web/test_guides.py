"""Guided checks on the phone: chosen by what was seen, led step by step, concluded, and taken along."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from conftest import PATIENCE_S, HeldCamera, Rig, SettingsFactory, rig_of, scoring_by
from examples import RESULT, record
from guides.toy import TOY, result
from page_fixtures import Page, page_of
from test_manual_and_files import texts_of

from appliance.focus.result import Result, Verdict
from appliance.frame import Frame
from appliance.guides import catalogue
from appliance.guides.case import LensFacts
from appliance.guides.finding import Figure, Finding
from appliance.guides.proposals import LastRun, proposals
from appliance.guides.symptoms import SYMPTOMS
from appliance.store import open_store
from appliance.store.clock import now
from appliance.store.house import Lens
from appliance.web.finding_words import figure_text
from appliance.web.views.guides import whole_run

pytest_plugins = ["page_fixtures"]


@pytest.fixture
def shifts(monkeypatch: pytest.MonkeyPatch) -> dict[float, Result]:
    """What a photo gives, by the focal length it was taken at; the only guided check is a toy."""
    monkeypatch.setattr(catalogue, "procedures", lambda: {"toy": TOY})
    given = {24.0: result(3.0), 70.0: result(2.0), 25.0: result(1.0)}
    scoring_by(monkeypatch, lambda frames, setup: given[setup.focal_length_mm])
    return given


@pytest.fixture
def at_work(
    make_settings: SettingsFactory, bench_frame: Frame, shifts: dict[float, Result]
) -> Iterator[tuple[Page, Rig]]:
    """A paired phone before a station at work."""
    settings = make_settings()
    camera = HeldCamera(bench_frame)
    camera.gate.set()
    with rig_of(settings, camera) as rig:
        for page in page_of(settings):
            page.pair(name="Ann")
            page.app.extensions["station"] = _Direct(rig)
            yield page, rig


class _Direct:
    """The station's client without the socket between."""

    def __init__(self, rig: Rig) -> None:
        self._station = rig.station

    def state(self) -> Any:
        return self._station.state

    def press(self, lens_tag: str | None = None) -> None:
        self._station.press(lens_tag)

    def select_lens(self, tag: str | None) -> None:
        self._station.select_lens(tag)

    def select_body(self, tag: str | None) -> None:
        self._station.select_body(tag)

    def set_up(self, focal_length_mm: float | None, f_number: float | None) -> None:
        self._station.set_up(focal_length_mm, f_number)

    def guide(self, do: str, **fields: Any) -> dict[str, Any]:
        return self._station.guide(do, fields)


def start(page: Page, rig: Rig) -> str:
    answer = page.post("/guides/toy", lens="FC-1")
    assert answer.status_code == 303
    return str(answer.headers["Location"])


def at_step(rig: Rig, key: str | None) -> None:
    def there(state: Any) -> bool:
        return state.stage == "" and state.guide is not None and (state.guide["step"] or {}).get("key") == key

    rig.station.wait_for(there, PATIENCE_S)


def test_a_run_is_led_from_its_question_to_its_report(at_work: tuple[Page, Rig]) -> None:
    page, rig = at_work
    where = start(page, rig)
    text = page.get(where).text
    for words in ("Step 1 of 4", "WHICH MARK", "Engraved distance, m", 'value="0.6"'):
        assert words in text
    answer = page.post(where, do="answer", step="mark", **{"in-mark_m": "99"})
    assert answer.status_code == 409
    assert "Engraved distance is 0.3 to 10 m, not 99." in answer.text
    page.post(where, do="answer", step="mark", **{"in-mark_m": "1,5"})
    page.post(where, do="done", step="set")
    text = page.get(where).text
    assert "Step 3 of 4" in text
    assert '<p class="big setting">24 mm</p>' in text
    page.post(where, do="press", step="wide")
    at_step(rig, "tele")
    text = page.get(where).text
    assert "+3.0 ± 1.7 µm" in text
    page.post(where, do="press", step="tele")
    at_step(rig, None)
    text = page.get(where).text
    for words in (
        "PASS",
        "The wide end is off by 3 µm.",
        "Wide end",
        "+3.0 ± 1.7 µm",
        "<svg",
        "Do now",
        "Nothing.",
    ):
        assert words in text
    pdf = texts_of(page.get(f"{where}.pdf").data)
    for words in ("Toy check", "PASS", "The wide end is off by 3 µm.", "+3.0 ± 1.7 µm", "Lens FC-1", "Ann"):
        assert words in pdf
    told = page.get(f"{where}.json").get_json()
    assert [event["kind"] for event in told["events"]] == ["answer", "done", "photo", "photo"]
    assert told["events"][0]["data"] == {"mark_m": 1.5}
    assert told["finding"]["word"] == "PASS"
    assert "Toy check" in page.get("/lenses/FC-1").text


def test_a_step_is_repeated_left_out_paused_gone_on_with_and_given_up(at_work: tuple[Page, Rig]) -> None:
    page, rig = at_work
    where = start(page, rig)
    page.post(where, do="answer", step="mark")
    page.post(where, do="redo", step="mark")
    assert "Step 1 of 4" in page.get(where).text
    page.post(where, do="answer", step="mark")
    page.post(where, do="skip", step="set")
    text = page.get(where).text
    assert "SET THE MARK (left out)" in text
    page.post(where, do="pause")
    assert "Paused" in page.get("/guides").text
    text = page.get(where).text
    assert "Go on with it" in text
    answer = page.post(where, do="press", step="wide")
    assert answer.status_code == 409
    assert "not on the bench" in answer.text
    page.post(where, do="resume")
    assert "Take the photo" in page.get(where).text
    page.post(where, do="leave")
    text = page.get(where).text
    assert "GIVEN UP" in text
    assert "The wide end is missing" in text
    assert page.post(where, do="resume").status_code == 409
    assert page.post(where, do="explode").status_code == 409


def test_the_page_s_script_hears_when_the_step_is_another(at_work: tuple[Page, Rig]) -> None:
    page, rig = at_work
    where = start(page, rig)
    first = page.get(f"{where}/live")
    assert page.get(f"{where}/live", **{"If-None-Match": first.headers["ETag"]}).status_code == 304
    assert f'data-key="{first.get_json()["key"]}"' in page.get(where).text
    rig.press()  # at the station, not on the phone
    at_step(rig, "set")
    then = page.get(f"{where}/live").get_json()
    assert then["key"] != first.get_json()["key"]


def test_a_photo_that_does_not_count_says_why(at_work: tuple[Page, Rig], shifts: dict[float, Result]) -> None:
    page, rig = at_work
    where = start(page, rig)
    page.post(where, do="answer", step="mark")
    page.post(where, do="done", step="set")
    shifts[24.0] = result(None, Verdict.INVALID)
    page.post(where, do="press", step="wide")
    rig.station.wait_for(lambda state: bool(state.guide and state.guide["problem"]), PATIENCE_S)
    assert "Said by the test." in page.get(where).text


def test_what_cannot_be_started_says_what_is_missing(at_work: tuple[Page, Rig]) -> None:
    page, _ = at_work
    answer = page.post("/guides/toy", lens="")
    assert answer.status_code == 409
    assert "Scan the lens first" in answer.text
    assert page.get("/guides/nothing").status_code == 404
    assert page.post("/guides/nothing").status_code == 404
    assert page.get("/guide/nothing").status_code == 404


def test_a_stranger_reads_but_does_not_press(at_work: tuple[Page, Rig]) -> None:
    page, rig = at_work
    where = start(page, rig)
    page.client.delete_cookie("focuscheck_phone")
    text = page.get(where).text
    assert "WHICH MARK" in text
    assert "pair this phone" in text
    assert page.post(where, do="leave").status_code == 403
    assert page.post("/guides/toy", lens="FC-1").status_code == 403


def test_without_station_a_run_is_read_and_says_so(at_work: tuple[Page, Rig]) -> None:
    page, rig = at_work
    where = start(page, rig)
    page.station.now = None
    page.app.extensions["station"] = page.station
    text = page.get(where).text
    assert "The station is not running" in text
    assert "WHICH MARK" in text
    assert page.get("/guides").status_code == 200


@pytest.mark.parametrize(
    ("figure", "text"),
    [
        (Figure("flange_error_um", "", -12.34, 2.1, "µm"), "−12.3 ± 2.1 µm"),
        (Figure("scatter_um", "", 2.1, None, "µm", low=1.5, high=3.4), "2.10 µm (1.50 to 3.40)"),
        (Figure("mtf50_lp_mm", "", 61.0, 2.0, "lp/mm"), "61.0 ± 2.0 lp/mm"),
        (Figure("shots", "", 8.0), "8"),
        (Figure("offset_um", "", -3.0, None, "µm"), "−3 µm"),
        (Figure("offset_um", "", -0.0041, None, "µm"), "0 µm"),
        (Figure("offset_um", "", -0.25, None, "µm"), "−0.25 µm"),
        (Figure("distance_mm", "", 1250.0, None, "mm"), "1250 mm"),
    ],
)
def test_a_figure_has_its_interval_its_unit_and_a_sign_only_where_it_has_a_direction(
    figure: Figure, text: str
) -> None:
    assert figure_text(figure) == text


ZOOM = LensFacts("Z", focal_min_mm=24, focal_max_mm=70, focus_drive="ring")
PRIME = LensFacts("P", focal_min_mm=50, focus_drive="ring")
KNOWN = ("back-focus", "witness-marks", "autofocus", "return-to-mark")


def names(lens: LensFacts, last: dict[str, LastRun] | None = None, **more: Any) -> list[str]:
    return [one.check for one in proposals(lens, last or {}, now().wall, known=KNOWN, **more)]


def test_a_return_visit_proposes_what_this_kind_of_lens_needs() -> None:
    assert names(ZOOM) == ["back-focus", "return-to-mark"]
    assert names(PRIME) == ["witness-marks", "return-to-mark"]
    assert names(LensFacts("A", focal_min_mm=24, focal_max_mm=70, focus_drive="motor")) == [
        "back-focus",
        "autofocus",
    ]
    assert names(LensFacts("W", focal_min_mm=24, focal_max_mm=70, focus_drive="by wire")) == []
    assert names(LensFacts("X", focal_min_mm=50, squeeze=2.0)) == []
    assert names(LensFacts("?")) == []


def test_what_was_done_lately_is_not_proposed_and_what_failed_comes_first() -> None:
    at = now().wall
    lately = {name: LastRun(at - timedelta(days=10), Verdict.PASS) for name in KNOWN}
    assert names(ZOOM, lately) == []
    assert names(ZOOM, lately, every_days=7) == ["back-focus", "return-to-mark"]
    failed = {**lately, "return-to-mark": LastRun(at, Verdict.FAIL_BACK)}
    assert names(ZOOM, failed) == ["return-to-mark"]
    assert names(ZOOM, lately, check_verdict=Verdict.FAIL_FRONT) == ["back-focus"]
    assert names(ZOOM, {"back-focus": LastRun(at, Verdict.RETEST)})[0] == "back-focus"


def test_every_symptom_leads_to_a_guided_check_that_there_is(stranger: Page) -> None:
    """And every guided check is led to by a symptom."""
    for symptom in SYMPTOMS:
        text = stranger.get(f"/guides?seen={symptom.key}").text
        assert symptom.why.split(":")[0].split("'")[0] in text
        for name in symptom.checks:
            assert f'href="/guides/{name}"' in text
    assert len({symptom.key for symptom in SYMPTOMS}) == len(SYMPTOMS)
    assert {name for symptom in SYMPTOMS for name in symptom.checks} == set(catalogue.procedures())


def test_the_lens_on_the_bench_is_offered_what_it_needs(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue, "procedures", lambda: {"back-focus": TOY})
    store = open_store(page.data_dir)
    store.add_check(record(1, lens_tag="Z-1", result=RESULT))
    with store.session() as session:
        lens = session.query(Lens).one()
        lens.focal_min_mm, lens.focal_max_mm = 24.0, 70.0
    store.close()
    page.station.select_lens("Z-1")
    assert "Its last check failed: this tells the cause." in page.get("/guides").text
    assert "Its last check failed" in page.get("/lenses/Z-1").text
    page.post("/visits", lens="Z-1", kind="return", rental="R-1")
    assert "Its last check failed" in page.get("/visits/1").text


def test_a_run_as_json_is_whole(at_work: tuple[Page, Rig], tmp_path: Path) -> None:
    page, rig = at_work
    where = start(page, rig)
    store = open_store(page.data_dir)
    with store.reading() as session:
        from appliance.store.guides import find_run

        run = find_run(session, where.rsplit("/", 1)[1])
        assert run is not None
        told = whole_run(session, run)
    store.close()
    assert told["operator"] == "Ann"
    assert told["finding"]["causes"][0]["code"] == "NOT_ENOUGH"


def test_a_table_of_marks_can_be_taken_as_csv_and_other_runs_have_none(
    at_work: tuple[Page, Rig], monkeypatch: pytest.MonkeyPatch
) -> None:
    page, rig = at_work
    where = start(page, rig)
    assert page.get(f"{where}.csv").status_code == 404
    row = {"mark": "=200", "distance_m": 1.5, "u95_m": 0.004, "distance_ft": 4.921, "from_near_m": 1.498}
    row |= {"from_far_m": 1.502, "focal_length_mm": 50.0}
    finding = Finding(Verdict.PASS, "One mark.", data={"mode": "calibrate", "table": [row]})
    monkeypatch.setattr("appliance.store.guides.finding_of", lambda session, run: finding)
    answer = page.get(f"{where}.csv")
    assert answer.mimetype == "text/csv"
    assert answer.text.splitlines()[1] == "'=200,1.5000,0.0040,4.9210,1.4980,1.5020,50.0"

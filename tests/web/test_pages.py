"""The page: what it shows, and whom it obeys."""

import json
import re
from dataclasses import replace

import pytest
from conftest import SettingsFactory
from examples import RESULT
from page_fixtures import HOME, Page, add, ready

from appliance.errors import StationBusyError
from appliance.focus.result import Reason, Result, Verdict
from appliance.station.health import Health
from appliance.station.state import Phase
from appliance.store.report import Report, write_report
from appliance.web.app import create_app

pytest_plugins = ["page_fixtures"]


EVERY_PAGE = (
    "/", "/checks", "/checks/1", "/lenses", "/lenses/FC-1", "/lens/new", "/lens/import", "/lens/edit/FC-1", "/visits",
    "/compare?a=1&b=1", "/focus", "/align", "/health", "/settings", "/pair", "/help", "/help/settings", "/nowhere",
)  # fmt: skip


def test_before_the_first_check_the_pages_say_what_to_do(page: Page) -> None:
    assert "Press the button on the station or Test here" in page.get("/").text
    assert "No check yet" in page.get("/checks").text
    assert page.get("/checks/1").status_code == 404


def test_a_press_on_the_page_reaches_the_station(page: Page) -> None:
    answer = page.post("/test")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert page.station.pressed == [None]
    page.post("/lens", lens="  FC-3 ")
    assert page.station.pressed[-1] == "FC-3"


def test_busy_is_said_on_the_page(page: Page) -> None:
    page.station.error = StationBusyError("The station is measuring just now; wait for the verdict.")
    answer = page.post("/test")
    assert answer.status_code == 409
    assert "measuring just now" in answer.text


def test_history_stays_readable_while_the_station_is_down(page: Page) -> None:
    add(page, RESULT)
    page.station.now = None
    now = page.get("/").text
    assert "The station is not running" in now
    assert "FAIL BACK" in now
    assert re.search(r'class="test" type="submit" disabled', now)
    assert "FAIL BACK" in page.get("/checks").text
    assert page.get("/checks/1").status_code == 200
    assert json.loads(page.get("/live").text)["can_test"] is False
    assert page.get("/healthz").status_code == 503


def test_the_history_is_newest_first_and_its_pages_leave_nothing_out(page: Page) -> None:
    add(page, *[replace(RESULT, verdict=Verdict.PASS)] * 60)
    seen: list[int] = []
    path: str | None = "/checks"
    while path:
        text = page.get(path).text
        seen += [int(number) for number in re.findall(r'<a href="/checks/(\d+)">', text)]
        older = re.search(r'href="(/checks\?before=\d+)"', text)
        path = older[1] if older else None
    assert seen == list(range(60, 0, -1))


def test_every_kind_of_verdict_has_a_page(page: Page) -> None:
    bare = Result(Verdict.INVALID, (Reason("NO_CHART", "No chart was found."),))
    beyond = Result(Verdict.FAIL_FRONT, (), focus_error_mm_at_least=-120.0, tolerance_um=43.8)
    add(page, replace(RESULT, verdict=Verdict.RETEST), beyond, preview_jpeg=None)
    add(page, bare)
    assert "Too close to the tolerance" in page.get("/checks/1").text
    assert "in front of the aim point, by 120 mm or more; this photo" in page.get("/checks/2").text
    assert "No chart was found." in page.get("/checks/3").text
    assert "no chart" in page.get("/checks").text


def test_names_typed_by_people_are_text_and_never_markup(page: Page) -> None:
    add(page, RESULT, lens_tag='<script>alert("x")</script>')
    for path in ("/", "/checks", "/checks/1"):
        assert "<script>alert" not in page.get(path).text
        assert "&lt;script&gt;" in page.get(path).text
    assert "<script>alert" not in json.loads(page.get("/live").text)["last"]


def test_the_live_state_costs_nothing_while_nothing_changes(page: Page) -> None:
    first = page.get("/live")
    again = page.get("/live", **{"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    page.station.now = replace(ready(), version=4, phase=Phase.MEASURING, stage="measuring the edges")
    changed = page.get("/live", **{"If-None-Match": first.headers["ETag"]})
    assert changed.status_code == 200
    assert "measuring the edges" in json.loads(changed.text)["status"]


@pytest.mark.parametrize("origin", [None, "http://evil.example", "null", "http://localhost:81"])
def test_another_site_cannot_press_the_button(page: Page, origin: str | None) -> None:
    headers = {"Host": "localhost", **({"Origin": origin} if origin else {})}
    assert page.post("/test", headers=headers).status_code == 403
    assert page.station.pressed == []


def test_a_press_without_the_page_s_token_is_refused(page: Page) -> None:
    page.get("/")
    for form in ({}, {"token": ""}, {"token": "wrong"}, {"token": "wröng"}):
        assert page.client.post("/test", data=form, headers=HOME).status_code == 403
    page.client.delete_cookie("focuscheck_token")
    assert page.client.post("/test", data={"token": ""}, headers=HOME).status_code == 403
    assert page.station.pressed == []


def test_looking_never_presses(page: Page) -> None:
    assert page.get("/test").status_code == 405
    assert page.station.pressed == []


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8080", "192.0.2.7.evil.example", "[::1].evil", ""]
)
def test_a_foreign_name_for_this_machine_is_refused(page: Page, host: str) -> None:
    assert page.get("/", Host=host).status_code == 421


@pytest.mark.parametrize("host", ["192.0.2.7:8080", "localhost", "[::1]:8080", "10.0.0.1"])
def test_addresses_and_own_names_are_served(page: Page, host: str) -> None:
    assert page.get("/", Host=host).status_code == 200


def test_more_names_can_be_allowed(make_settings: SettingsFactory) -> None:
    app = create_app(make_settings(allowed_hosts="bench.house.example, other"))
    assert app.test_client().get("/checks", headers={"Host": "bench.house.example"}).status_code == 200


def test_no_page_has_inline_code_or_asks_another_host(page: Page) -> None:
    add(page, RESULT)
    page.client.delete_cookie("focuscheck_phone")
    page.pair("admin")
    for path in EVERY_PAGE:
        answer = page.get(path)
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert not re.search(r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son[a-z]+=", answer.text)
        assert not re.findall(r'(?:src|href)="(?:https?:)?//', answer.text)


@pytest.mark.parametrize("name", ["..%2ffocuscheck.sqlite3", "%2e%2e/focuscheck.sqlite3", "x.jpg", "a" * 300])
def test_nothing_but_pictures_of_checks_is_given_out(page: Page, name: str) -> None:
    add(page, RESULT)
    assert page.get(f"/pictures/{name}").status_code == 404
    assert page.get("/pictures/00000000-0000-4000-8000-000000000000.jpg").status_code == 200


def test_a_body_larger_than_a_form_is_refused(page: Page) -> None:
    answer = page.post("/lens", lens="x" * 3_000_000)
    assert answer.status_code == 413


def test_an_error_is_a_page_with_a_sentence(page: Page) -> None:
    answer = page.get("/nowhere")
    assert answer.status_code == 404
    assert "There is nothing at this address." in answer.text


HOT = Health(under_voltage=False, throttled=True, cpu_c=84.0)


def test_health_shows_devices_records_and_room(page: Page) -> None:
    add(page, RESULT)
    page.station.now = replace(ready(), devices=("HQ camera", "GPIO", "SSD1306"), health=HOT.to_dict())
    text = page.get("/health").text
    for words in ("HQ camera", "SSD1306", "1 checks", "GB free", "84 °C. Too hot: give the Pi air."):
        assert words in text
    assert "throttled" not in text, "no raw names before a technician"


def test_what_is_missing_from_the_records_stands_on_the_page_until_an_administrator_has_read_it(
    stranger: Page,
) -> None:
    page = stranger
    add(page, RESULT)
    report = Report("2026-03-03T12:00:00+00:00", "The database is gone", missing=((7, "FAIL_BACK"),))
    write_report(page.data_dir, report)
    assert "Checks are missing from the records" in page.get("/").text
    assert "MISSING: check 7 (FAIL BACK)" in page.get("/health").text
    page.pair()
    assert page.post("/health/seen").status_code == 403
    page.pair("admin")
    assert page.post("/health/seen").status_code == 303
    assert "missing" not in page.get("/").text
    assert "MISSING" not in page.get("/health").text

"""Attacks on every address, form and field that there is: found by asking the page for them, not from a list."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from typing import Any

import pytest
from conftest import SettingsFactory
from examples import RESULT, SETUP
from page_fixtures import HOME, Page, add, page_of
from test_attacks import NASTY

from appliance.store import open_store
from appliance.store.access import trail
from appliance.store.clock import now
from appliance.store.guides import find_runs, start_run
from appliance.store.house import Lens
from appliance.store.models import Check
from appliance.web.limits import RateLimit
from appliance.web.security import PHONE_COOKIE

pytest_plugins = ["page_fixtures"]

SHOWN = (
    "/", "/checks", "/checks/1", "/lenses", "/lenses/FC-1", "/lens/new", "/lens/edit/FC-1", "/lens/import", "/bodies",
    "/bodies/B-1", "/body/new", "/body/edit/B-1", "/visits", "/visits/1", "/compare?a=1&b=1", "/focus", "/align",
    "/health", "/settings", "/pair", "/help", "/help/settings", "/charts", "/charts/a4-general", "/help/guides",
    "/help/focus", "/guides", "/guides/return-to-mark", "/lens/quick/FC-9", "/lens/quick/FC-9?low=24&high=70",
)  # fmt: skip
HARMLESS = ("/pair/end",)
"""Forms that would end this very phone's access; they have no field."""
TEXT_TYPES = ("text", "search", "url", "number", "password")


@dataclass
class Form:
    """A form that changes something."""

    action: str
    given: dict[str, str] = field(default_factory=dict)
    typed: list[str] = field(default_factory=list)


class Forms(HTMLParser):
    """Finds a page's forms, what they hold, and what people may type into them."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[Form] = []
        self._select = ""
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        name = given.get("name", "")
        if tag == "form":
            self._inside = given.get("method") == "post"
            if self._inside:
                self.found.append(Form(given["action"]))
        if not self._inside:
            return
        form = self.found[-1]
        if tag == "textarea" or (tag == "input" and given.get("type", "text") in TEXT_TYPES):
            form.typed.append(name)
        elif tag == "input" and (given.get("type") in ("hidden", "checkbox") or "checked" in given):
            form.given[name] = given.get("value", "")
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select and self._select not in form.given:
            form.given[self._select] = given.get("value", "")
        elif tag == "button" and name:
            form.given.setdefault(name, given.get("value", ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False
        elif tag == "select":
            self._select = ""


class Alive(HTMLParser):
    """Finds markup that the page itself never writes: handlers, inline code, things from elsewhere."""

    OWN = ("/static/", "/pictures/", "data:image/png;base64,")

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        handlers = any(name.startswith("on") or name == "style" for name in given)
        foreign = tag in ("script", "img", "image") and not given.get(
            "src", given.get("href", "")
        ).startswith(self.OWN)
        elsewhere = given.get("href", "").lower().startswith(("javascript:", "data:", "//", "http"))
        if (
            handlers
            or (foreign and given.get("id") != "oled")
            or elsewhere
            or tag in ("iframe", "object", "embed")
        ):
            self.found.append(str(self.get_starttag_text()))


def alive(html: str) -> list[str]:
    """What of a page could act, and is not the page's own."""
    parser = Alive()
    parser.feed(html)
    return parser.found


def test_the_search_for_live_markup_finds_it() -> None:
    for text in NASTY[:2]:
        assert alive(f"<p>{text}</p>") or alive(f'<input value="{text}">')


def shown(page: Page) -> list[str]:
    """Every page, with that of the guided check under way."""
    store = open_store(page.data_dir)
    with store.reading() as session:
        runs = [f"/guide/{run.uuid}" for run in find_runs(session)]
    store.close()
    return [*SHOWN, *runs]


def forms_of(page: Page) -> list[Form]:
    """Every form of every page."""
    found: dict[tuple[str, tuple[str, ...]], Form] = {}
    for path in shown(page):
        answer = page.get(path)
        assert answer.status_code == 200, path
        parser = Forms()
        parser.feed(answer.text)
        for form in parser.found:
            found.setdefault((form.action, tuple(form.typed)), form)
    return [form for form in found.values() if form.action not in HARMLESS]


@pytest.fixture
def admin(page: Page) -> Page:
    add(page, RESULT, body_tag="B-1", operator="Ann")
    page.client.delete_cookie(PHONE_COOKIE)
    page.pair("admin")
    for name in ("reads", "writes"):
        page.app.extensions[name] = RateLimit(0.0, 100_000.0)
    page.post("/visits", lens="FC-1", kind="return", rental="R-1")
    page.post("/charts/bar", chart="a4-general", bar_mm="99.8")
    store = open_store(page.data_dir)
    with store.session() as session:
        at = now().wall
        session.add(Lens(tag="Z-1", focal_min_mm=24.0, focal_max_mm=70.0, created_at=at))
        start_run(session, "return-to-mark", SETUP, at, lens_tag="FC-1")
    store.close()
    assert page.station.now is not None
    page.station.now = replace(
        page.station.now, lens_tag="Z-1"
    )  # a zoom asks at which focal length it stands
    return page


def test_every_form_of_the_page_is_attacked(admin: Page) -> None:
    """The attack below finds its forms on the pages; here that it finds all that change something."""
    rules = admin.app.url_map.bind("localhost")
    reached = {rules.match(form.action, method="POST")[0] for form in forms_of(admin)}
    changing = {
        rule.endpoint
        for rule in admin.app.url_map.iter_rules()
        if "POST" in (rule.methods or set()) and not rule.rule.startswith("/api/")
    }
    shown_only_then = {
        "pair.begin", "pair.enter", "pair.end", "admin.revoke", "admin.remove_webhook", "admin.seen",
    }  # fmt: skip
    assert changing - reached <= shown_only_then | {"lens_files.import_file"}
    assert sum(len(form.typed) for form in forms_of(admin)) >= 30


@pytest.mark.parametrize("text", NASTY)
def test_nothing_typed_into_any_field_of_any_form_comes_alive(admin: Page, text: str) -> None:
    for form in forms_of(admin):
        for name in form.typed:
            answer = admin.post(form.action, **{**form.given, "token": admin.token(), name: text})
            assert answer.status_code in (200, 303, 400, 403, 404, 409, 422, 429, 503), (form.action, name)
        typed = dict.fromkeys(form.typed, text)
        answer = admin.post(form.action, **{**form.given, **typed, "token": admin.token()})
        assert answer.status_code < 500 or answer.status_code == 503, form.action
    admin.post("/pair/begin", role="operator")
    admin.post("/pair", pin=admin.station.pin, name=text)
    for path in (
        *shown(admin),
        "/api/v1/checks",
        "/api/v1/lenses",
        "/api/v1/bodies",
        "/api/v1/visits",
        "/api/v1/audit",
    ):
        answer = admin.get(path)
        assert answer.status_code < 500, path
        if answer.mimetype == "text/html":
            assert alive(answer.text) == [], path
            assert ">49<" not in answer.text, path
    for path in ("/checks/1.pdf", "/report/FC-1.pdf", "/labels.pdf"):
        assert admin.get(path).data.startswith(b"%PDF"), path
    store = open_store(admin.data_dir)
    with store.reading() as session:
        assert session.get(Check, 1) is not None
        assert trail(session)  # who did all that can be read, whatever they typed


def every_rule(page: Page) -> list[tuple[str, str]]:
    """Method and path of everything there is, values filled in."""
    found = []
    for rule in page.app.url_map.iter_rules():
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            found.append((method, re.sub(r"<[^>]+>", "1", rule.rule)))
    return found


def test_a_foreign_name_for_this_machine_gets_nothing_from_any_address(admin: Page) -> None:
    headers = {"Host": "evil.example", "Origin": "http://evil.example", **admin.make_token("admin")}
    for method, path in every_rule(admin):
        answer = admin.client.open(path, method=method, headers=headers, data={"token": admin.token()})
        assert answer.status_code == 421, (method, path)
        assert "FC-1" not in answer.text
    assert admin.station.pressed == ["FC-1"]


def test_a_closed_house_does_not_tell_what_there_is(make_settings: SettingsFactory) -> None:
    """Whoever may not read learns nothing by trying: what is there and what is not answer alike."""
    closed = next(page_of(make_settings(open_reading=False)))
    add(closed, RESULT, body_tag="B-1")
    closed.post("/visits", lens="FC-1", kind="return")
    picture = "/pictures/00000000-0000-4000-8000-00000000000{}.jpg"
    for there, not_there in (
        ("/checks/1", "/checks/999"),
        ("/checks/1.pdf", "/checks/999.pdf"),
        ("/lenses/FC-1", "/lenses/FC-9"),
        ("/report/FC-1.pdf", "/report/FC-9.pdf"),
        ("/bodies/B-1", "/bodies/B-9"),
        ("/visits/1", "/visits/9"),
        ("/l/FC-1", "/l/FC-9"),
        (picture.format(0), picture.format(9)),
        ("/api/v1/checks/1", "/api/v1/checks/999"),
        ("/api/v1/lenses/FC-1", "/api/v1/lenses/FC-9"),
    ):
        answers = [closed.get(path) for path in (there, not_there)]
        assert answers[0].status_code in (303, 401)
        assert answers[0].status_code == answers[1].status_code
        assert answers[0].data == answers[1].data


def test_numbers_lead_to_no_secret(admin: Page) -> None:
    """Access and webhooks are numbered; counting through them gives no secret back."""
    secret = admin.make_token("operator")["Authorization"].split()[1]
    added = admin.post("/settings/webhooks", url="http://stock.example/hook")
    shown = re.search(r"<code>([^<]+)</code>", added.text)
    assert shown is not None
    headers = admin.make_token("admin")
    for path in ("/settings", "/api/v1/access", "/api/v1/webhooks", "/api/v1/audit"):
        text = admin.client.get(path, headers=headers).text
        assert secret not in text
        assert shown[1] not in text, path
    for number in range(6):
        assert admin.client.get(f"/api/v1/access/{number}", headers=headers).status_code == 405


@pytest.mark.parametrize(
    "name",
    [
        "..%2f..%2ffocuscheck.sqlite3",
        "%2e%2e%2ffocuscheck.sqlite3",
        "....//x.jpg",
        "x.jpg%00.png",
        "/etc/passwd",
    ],
)
def test_the_api_gives_out_nothing_but_pictures(admin: Page, name: str) -> None:
    assert admin.get(f"/api/v1/pictures/{name}").status_code in (308, 404)
    assert admin.get("/api/v1/pictures/00000000-0000-4000-8000-000000000000.jpg").status_code == 200


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data", b"no boundary"),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data; name=file\r\n\r\n"),
        ("multipart/form-data; boundary=x", b"--x\r\n" * 5000),
        ("multipart/form-data; boundary=" + "x" * 9000, b"--x--"),
        ("application/x-www-form-urlencoded", b"&".join(b"a%d=1" % k for k in range(20000))),
        ("application/json", b'{"token": "x"}'),
        ("text/csv", b"tag\nFC-99\n"),
    ],
)
def test_a_malformed_body_is_refused_calmly(admin: Page, content_type: str, body: bytes) -> None:
    headers = {**HOME, "X-Token": admin.token(), "Content-Type": content_type}
    answer = admin.client.post("/lens/import", data=body, headers=headers)
    assert answer.status_code in (400, 403, 413, 422)
    assert "FC-99" not in admin.get("/lenses").text


def test_a_cookie_planted_before_the_pairing_opens_nothing_afterwards(stranger: Page) -> None:
    """Fixation: whoever knew the browser's tokens before somebody paired it knows none that count."""
    open_store(stranger.data_dir).close()
    known: dict[str, Any] = {"token": stranger.token()}
    stranger.client.set_cookie(PHONE_COOKIE, "planted-by-somebody")
    stranger.post("/pair/begin")
    assert stranger.post("/pair", pin=stranger.station.pin).status_code == 303
    thief = stranger.app.test_client()
    thief.set_cookie(PHONE_COOKIE, "planted-by-somebody")
    thief.set_cookie("focuscheck_token", known["token"])
    assert thief.post("/test", data=known, headers=HOME).status_code == 403
    assert (
        stranger.client.post("/test", data=known, headers=HOME).status_code == 403
    )  # the old token, cross-site
    assert stranger.station.pressed == []

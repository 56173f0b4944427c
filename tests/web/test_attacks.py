"""What an attacker on the house's network tries, and does not get."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from conftest import SettingsFactory
from examples import RESULT
from page_fixtures import HOME, Page, add, page_of
from werkzeug.datastructures import FileStorage

from appliance.store import open_store
from appliance.store.access import trail
from appliance.store.models import Check
from appliance.web.limits import RateLimit
from appliance.web.pairing import FIRST_WAIT_S, PIN_LIFE_S, TRIES, Pairing
from appliance.web.security import COOKIE, PHONE_COOKIE

pytest_plugins = ["page_fixtures"]

NASTY = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'; DROP TABLE lenses; --",
    "' OR '1'='1",
    "{{ 7*7 }}",
    "%s%n%x",
    "../../etc/passwd",
    '=HYPERLINK("http://evil.example")',
    "\u202eevil",
    "a" * 5000,
    "\x00",
)


class Clock:
    """Time that a test moves."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


# PINs


def test_a_pin_pairs_once_and_never_again() -> None:
    pairing = Pairing(Clock())
    pin = pairing.begin("operator")
    assert pin is not None
    assert re.fullmatch(r"\d{6}", pin)
    assert pairing.enter(pin) == "operator"
    assert pairing.enter(pin) is None


def test_a_pin_is_void_after_two_minutes() -> None:
    clock = Clock()
    pairing = Pairing(clock)
    pin = pairing.begin("operator") or ""
    clock.now += PIN_LIFE_S
    assert pairing.waiting_for() is None
    assert pairing.enter(pin) is None


def test_a_new_pin_makes_the_former_one_void() -> None:
    pairing = Pairing(Clock())
    first, second = pairing.begin("operator") or "", pairing.begin("operator") or ""
    assert pairing.enter(first) is None or first == second
    assert pairing.enter(second) == "operator"


def test_five_wrong_pins_make_it_void_and_the_wait_grows() -> None:
    clock = Clock()
    pairing = Pairing(clock)
    waits = []
    for _ in range(4):
        pin = pairing.begin("operator") or ""
        wrong = f"{(int(pin) + 1) % 10**6:06d}"
        assert [pairing.enter(wrong) for _ in range(TRIES)] == [None] * TRIES
        assert pairing.enter(pin) is None
        assert pairing.begin("operator") is None
        waits.append(pairing.wait_s())
        clock.now += pairing.wait_s()
    assert waits == [FIRST_WAIT_S, 2 * FIRST_WAIT_S, 4 * FIRST_WAIT_S, 8 * FIRST_WAIT_S]


def pair_by_pin(page: Page, role: str = "operator", pin: str | None = None) -> Any:
    page.post("/pair/begin", role=role)
    return page.post("/pair", pin=page.station.pin if pin is None else pin)


def test_pairing_on_the_page_needs_what_stands_on_the_oled(stranger: Page) -> None:
    assert stranger.post("/test").status_code == 403
    open_store(stranger.data_dir).close()
    for forged in ("", "000000x", "１２３４５６", "-1", "0" * 5000):
        assert pair_by_pin(stranger, pin=forged).status_code == 403
        if stranger.app.extensions["pairing"].wait_s():
            stranger.app.extensions["pairing"] = Pairing()
    pin = stranger.station.pin
    assert pin not in stranger.get("/pair").text
    assert pin not in stranger.get("/live").text
    assert pair_by_pin(stranger).status_code == 303
    assert stranger.post("/test").status_code == 303
    assert stranger.station.pin is None  # it is taken off the OLED


def test_a_replayed_pin_pairs_nobody(stranger: Page) -> None:
    open_store(stranger.data_dir).close()
    stranger.post("/pair/begin")
    pin = stranger.station.pin
    assert stranger.post("/pair", pin=pin).status_code == 303
    stranger.client.delete_cookie(PHONE_COOKIE)
    assert stranger.post("/pair", pin=pin).status_code == 403
    assert stranger.post("/test").status_code == 403


def test_an_administrator_is_paired_only_while_test_is_held_at_the_station(stranger: Page) -> None:
    open_store(stranger.data_dir).close()
    assert pair_by_pin(stranger, "admin").status_code == 403
    assert stranger.station.now is not None
    stranger.station.now = replace(stranger.station.now, button_down=True)
    assert pair_by_pin(stranger, "admin").status_code == 303
    assert "API tokens" in stranger.get("/settings").text


def test_a_planted_session_or_token_is_not_taken_over(stranger: Page) -> None:
    open_store(stranger.data_dir).close()
    stranger.client.set_cookie(PHONE_COOKIE, "planted")
    before = stranger.token()
    assert pair_by_pin(stranger).status_code == 303
    phone, token = stranger.client.get_cookie(PHONE_COOKIE), stranger.client.get_cookie(COOKIE)
    assert phone is not None and phone.value != "planted" and len(phone.value) > 40  # noqa: PT018
    assert token is not None and token.value != before  # noqa: PT018
    for cookie in (phone, token):
        assert cookie.http_only
        assert cookie.same_site == "Strict"


def test_an_unpaired_phone_s_cookie_is_worth_nothing_afterwards(page: Page) -> None:
    cookie = page.client.get_cookie(PHONE_COOKIE)
    assert cookie is not None
    assert page.post("/pair/end").status_code == 303
    page.client.set_cookie(PHONE_COOKIE, cookie.value)
    assert page.post("/test").status_code == 403


# Who may do what


def changing_routes(page: Page) -> list[tuple[str, str]]:
    """Every address that changes something, with values filled in."""
    found = []
    for rule in page.app.url_map.iter_rules():
        for method in (rule.methods or set()) - {"GET", "HEAD", "OPTIONS"}:
            path = re.sub(r"<[^>]+>", "1", rule.rule)
            if path not in ("/pair", "/pair/begin", "/pair/end", "/settings/units"):
                found.append((method, path))
    return found


def test_nothing_can_be_changed_by_somebody_who_is_not_paired(stranger: Page) -> None:
    add(stranger, RESULT)
    stranger.app.extensions["writes"] = RateLimit(0.0, 1000.0)
    token = stranger.token()
    routes = changing_routes(stranger)
    assert len(routes) > 25
    for method, path in routes:
        answer = stranger.client.open(path, method=method, data={"token": token}, headers=HOME)
        assert answer.status_code in (401, 403), (method, path, answer.status_code)
    assert stranger.station.pressed == []


def test_only_administrators_manage_access(page: Page) -> None:
    add(page, RESULT)
    for path in ("/settings/tokens", "/settings/revoke", "/settings/webhooks", "/settings/webhooks/remove"):
        assert page.post(path, name="x", role="admin", url="http://a.example", id="1").status_code == 403
    headers = page.make_token("operator")
    answer = page.client.post("/api/v1/tokens", json={"name": "x", "role": "admin"}, headers=headers)
    assert answer.status_code == 403


def test_every_change_needs_the_token_and_the_own_origin(page: Page) -> None:
    add(page, RESULT)
    page.app.extensions["writes"] = RateLimit(0.0, 1000.0)
    for method, path in changing_routes(page):
        foreign = {**HOME, "Origin": "http://evil.example"}
        with_token = {"token": page.token()}
        assert page.client.open(path, method=method, data=with_token, headers=foreign).status_code == 403, (
            path
        )
        assert page.client.open(path, method=method, data={}, headers=HOME).status_code == 403, path


def test_a_token_is_kept_only_as_a_digest_shown_once_and_revocable(page: Page) -> None:
    add(page, RESULT)
    page.client.delete_cookie(PHONE_COOKIE)
    page.pair("admin")
    answer = page.post("/settings/tokens", name="stock system", role="operator")
    secret = re.search(r"<code>(fc_[^<]+)</code>", answer.text)
    assert secret is not None
    assert secret[1] not in page.get("/settings").text
    assert secret[1].encode() not in (page.data_dir / "focuscheck.sqlite3").read_bytes()
    headers = {"Authorization": f"Bearer {secret[1]}"}
    assert page.client.put("/api/v1/station/lens", json={"lens": "FC-1"}, headers=headers).status_code == 200
    number = re.search(
        r'name="id" value="(\d+)"><button type="submit">Revoke stock system', page.get("/settings").text
    )
    assert number is not None
    page.post("/settings/revoke", id=number[1])
    assert page.client.put("/api/v1/station/lens", json={"lens": "FC-1"}, headers=headers).status_code == 401


@pytest.mark.parametrize("given", ["Bearer", "Bearer x", "Basic eDp4", "bearer fc_" + "a" * 3000, "\x7f"])
def test_forged_tokens_are_refused(page: Page, given: str) -> None:
    page.client.delete_cookie(PHONE_COOKIE)
    add(page, RESULT)
    answer = page.client.post("/api/v1/station/test", json={}, headers={"Authorization": given, **HOME})
    assert answer.status_code in (401, 403)
    assert page.station.pressed == []


def test_reading_can_be_closed(make_settings: SettingsFactory) -> None:
    (closed,) = list(_opened(page_of(make_settings(open_reading=False))))
    add(closed, RESULT)
    for path in ("/", "/checks", "/checks/1", "/lenses", "/checks.csv", "/live", "/checks/1.json"):
        answer = closed.get(path)
        assert (answer.status_code, answer.headers["Location"]) == (303, "/pair")
    assert closed.get("/pictures/00000000-0000-4000-8000-000000000000.jpg").status_code == 303
    assert closed.get("/api/v1/checks").status_code == 401
    assert closed.client.get("/api/v1/checks", headers=closed.make_token("reader")).status_code == 200
    assert closed.get("/help/start").status_code == 200
    closed.pair()
    assert closed.get("/checks/1").status_code == 200


def _opened(pages: Iterator[Page]) -> Iterator[Page]:
    yield next(pages)


def test_what_people_change_is_in_the_audit_trail_with_who_and_from_where(page: Page) -> None:
    add(page, RESULT)
    page.client.delete_cookie(PHONE_COOKIE)
    page.pair(name="Ann")
    page.post("/checks/1/void", reason="wrong lens")
    store = open_store(page.data_dir)
    with store.reading() as session:
        line = trail(session)[0]
    assert (line.action, line.subject, line.detail) == ("voided", "check 1", {"reason": "wrong lens"})
    assert line.who.startswith("Ann, phone")
    assert line.address == "127.0.0.1"


def test_there_is_no_way_to_delete_a_check(page: Page) -> None:
    for rule in page.app.url_map.iter_rules():
        if "check" in rule.rule:
            assert "DELETE" not in (rule.methods or set())


# What is typed


@pytest.mark.parametrize("text", NASTY)
def test_sql_and_html_in_any_text_field_stay_text(page: Page, text: str) -> None:
    add(page, RESULT)
    fields = {name: text for name in ("serial", "maker", "model", "mount", "notes")}
    saved = page.post("/lens/save", was="FC-1", tag="FC-1", **fields)
    page.post("/lens/save", was="", tag=text)
    page.post("/lens/adjust", tag="FC-1", kind="shim", amount="3", note=text)
    page.post("/lens/status", tag="FC-1", status="maintenance", note=text)
    page.post("/visits", lens="FC-1", kind="return", rental=text)
    page.post("/visits/1/done", note=text)
    page.post("/checks/1/void", reason=text)
    page.post("/lens", lens=text)
    assert saved.status_code in (303, 409)
    queries = {
        "q": text,
        "lens": text,
        "model": text,
        "operator": text,
        "rental": text,
        "since": text,
        "verdict": text,
    }
    for path in (
        "/",
        "/checks",
        "/checks/1",
        "/lenses",
        "/lenses/FC-1",
        "/visits",
        "/visits/1",
        "/lens/edit/FC-1",
    ):
        for query in ({}, queries):
            answer = page.client.get(path, query_string=query)
            assert answer.status_code == 200, path
            for live in ("<script>alert", "<img src=x", ">49<"):
                assert live not in answer.text, path
    for path in ("/checks/1.pdf", "/report/FC-1.pdf", "/labels.pdf?tags=FC-1"):
        assert page.get(path).data.startswith(b"%PDF")
    for path in ("/checks.csv", "/lenses.csv"):
        assert "\n=" not in page.get(path).text
        assert ",=" not in page.get(path).text
    store = open_store(page.data_dir)
    with store.reading() as session:
        assert session.get(Check, 1) is not None


@pytest.mark.parametrize(
    "path",
    [
        "/checks?before=99999999999999999999", "/checks?before=-1", "/checks?before=x", "/checks?visit=1e400",
        "/checks?since=9999-12-31&until=0001-01-01", "/checks/99999999999999999999", "/checks/0",
        "/visits/99999999999999999999", "/visits?before=99999999999999999999", "/compare?a=99999999999999999999&b=-1",
        "/lenses?after=%00", "/lenses/..%2f..%2fetc%2fpasswd", "/lenses/FC-1?focal=nan", "/labels.pdf?sheet=../x",
        "/api/v1/checks?before=99999999999999999999", "/api/v1/visits/99999999999999999999", "/help/..%2fbase",
        "/pictures/..%2f..%2fetc%2fpasswd", "/static/..%2fapp.py", "/l/%00", "/report/%2e%2e.pdf",
    ],
)  # fmt: skip
def test_odd_addresses_are_answered_calmly(page: Page, path: str) -> None:
    add(page, RESULT)
    answer = page.get(path)
    assert answer.status_code in (200, 303, 404, 422)
    assert "root:" not in answer.text


def upload(page: Page, data: bytes, name: str = "x.csv") -> Any:
    file = FileStorage(io.BytesIO(data), name)
    return page.client.post("/lens/import", data={"token": page.token(), "file": file}, headers=HOME)


@pytest.mark.parametrize(
    "data", [b"", b"\x00" * 1000, b"\x89PNG\r\n", b"tag\n\xff", b"a,b\n" * 5, b'"', b"tag\n" + b"x," * 9]
)
def test_malformed_uploads_are_named_and_change_nothing(page: Page, data: bytes) -> None:
    add(page, RESULT)
    answer = upload(page, data, "../../evil.csv")
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text


def test_an_oversized_upload_is_refused_before_it_is_read(page: Page) -> None:
    add(page, RESULT)
    assert upload(page, b"tag\n" + b"x\n" * 2_000_000).status_code == 413
    answer = page.client.post("/api/v1/lenses", data=b"{" * 3_000_000, headers=page.make_token())
    assert answer.status_code == 413


def test_pictures_cannot_be_guessed_through(page: Page) -> None:
    """A picture's name is its check's random uuid; numbers lead nowhere."""
    add(page, RESULT)
    for guess in ("1.jpg", "1", "preview-1.jpg", "focuscheck.sqlite3", "station.lock"):
        assert page.get(f"/pictures/{guess}").status_code == 404


def test_one_address_cannot_take_the_page_from_the_others(page: Page) -> None:
    clock = Clock()
    limit = RateLimit(1.0, 5.0, clock)
    assert [limit.allow("a") for _ in range(7)] == [True] * 5 + [False] * 2
    assert limit.allow("b")
    clock.now += 2
    assert [limit.allow("a") for _ in range(3)] == [True, True, False]
    page.app.extensions["writes"] = RateLimit(0.0, 3.0, clock)
    codes = [page.post("/lens", lens="x").status_code for _ in range(5)]
    assert codes == [303, 303, 303, 429, 429]
    assert page.get("/").status_code == 200


def test_a_rate_limit_forgets_addresses_instead_of_growing() -> None:
    limit = RateLimit(1.0, 5.0, Clock())
    for k in range(6000):
        limit.allow(str(k))
    assert len(limit._buckets) <= 4096


def test_a_link_on_another_site_does_not_move_the_lens(page: Page) -> None:
    """The phone's cookie is SameSite=Strict, so that a link from elsewhere comes without it."""
    add(page, RESULT)
    page.client.delete_cookie(PHONE_COOKIE)
    assert page.get("/l/FC-1").status_code == 303
    assert page.station.pressed == []


def test_errors_of_the_api_have_one_shape_and_tell_nothing_of_the_inside(page: Page) -> None:
    for path, code in (("/api/v1/nowhere", 404), ("/api/v1/checks/5", 404), ("/api/v1/checks?limit=0", 422)):
        answer = page.get(path)
        assert answer.status_code == code
        error = json.loads(answer.text)["error"]
        assert set(error) == {"code", "text"}
        assert "Traceback" not in answer.text

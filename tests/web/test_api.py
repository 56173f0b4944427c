"""The API: its own schema asked of it by property-based tests, what it does, and that it does all the page does."""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import SkipTest

import pytest
import schemathesis
from examples import RESULT, StationDouble, record
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from page_fixtures import Page, add, ready
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from appliance.config import load_settings
from appliance.focus.result import Verdict
from appliance.store import open_store
from appliance.store.access import TOKEN, grant
from appliance.store.clock import now
from appliance.store.house import Webhook
from appliance.web import webhook
from appliance.web.api._routes import ROUTES, Route
from appliance.web.api.openapi import document
from appliance.web.app import create_app

pytest_plugins = ["page_fixtures"]
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, dict[str, str]]:
    """The API's schema as a small house serves it, and an administrator's token."""
    house = load_settings(overrides={"data_dir": tmp_path_factory.mktemp("api")}, environment={})
    store = open_store(house.data_dir)
    for k in range(12):
        store.add_check(record(k, result=replace(RESULT, verdict=Verdict.PASS)))
    with store.session() as session:
        _, secret = grant(session, TOKEN, "schemathesis", "admin", now().wall)
    store.close()
    app = create_app(house)
    app.extensions["station"] = StationDouble(ready())
    for name in ("reads", "writes"):
        app.extensions[name].allow = lambda _key: True
    return schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app), {"Authorization": f"Bearer {secret}"}


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.function)
def test_every_operation_answers_as_its_schema_says(served: tuple[Any, dict[str, str]], route: Route) -> None:
    """Whatever the schema allows is answered as it promises, and nothing breaks the server."""
    schema, headers = served
    operation = schema[f"/api/v1{route.path}"][route.method]
    for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):

        @given(case=operation.as_strategy(generation_mode=mode))
        @settings(
            max_examples=15,
            deadline=None,
            derandomize=True,
            database=None,
            phases=(Phase.explicit, Phase.generate),
            suppress_health_check=list(HealthCheck),
        )
        def ask(case: Any) -> None:
            case.call_and_validate(headers=headers, checks=CHECKS)

        try:
            ask()
        except (Unsatisfiable, SkipTest):
            continue  # nothing about this operation can be wrong


def test_the_document_describes_every_route_of_the_api(page: Page) -> None:
    described = {
        (method.upper(), path.replace("{", "<").replace("}", ">"))
        for path, operations in document()["paths"].items()
        for method in operations
    }
    served = set()
    for rule in page.app.url_map.iter_rules():
        if rule.rule.startswith("/api/"):
            path = rule.rule.replace("<int:", "<")
            served |= {(method, path) for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}}
    assert described == served
    assert all(route.summary for route in ROUTES)


BY_PAGE = {
    "POST /test": "post_test", "POST /lens": "put_bench put_bench_body", "POST /lens/bench": "put_bench",
    "POST /focus": "post_focus", "POST /align": "post_focus", "POST /body/bench": "put_bench_body",
    "POST /visits/<int:number>/test": "post_test", "POST /visits": "post_visit",
    "POST /visits/<int:number>/done": "post_done", "POST /checks/<int:sequence>/void": "post_void",
    "POST /lens/save": "post_lens patch_lens", "POST /lens/status": "put_status",
    "POST /lens/adjust": "post_adjustment", "POST /lens/baseline": "post_baseline delete_baseline",
    "POST /charts/bar": "put_bar", "POST /charts/blur": "put_blur", "POST /charts/forget": "delete_reading",
    "POST /charts/undo": "post_undo", "GET /charts": "list_charts", "GET /charts/<name>": "get_chart",
    "POST /lens/import": "post_import", "POST /body/save": "post_body patch_body",
    "POST /settings/tokens": "post_token", "POST /settings/revoke": "delete_access",
    "POST /settings/webhooks": "post_webhook", "POST /settings/webhooks/remove": "delete_webhook",
    "GET /": "get_station", "GET /live": "get_station", "GET /focus": "get_station", "GET /focus/live": "get_station",
    "GET /align": "get_station", "GET /align/live": "get_station", "GET /health": "get_health",
    "GET /healthz": "get_health", "GET /checks": "list_checks", "GET /checks.csv": "get_checks_csv",
    "GET /checks/<int:sequence>": "get_check", "GET /checks/<int:sequence>.json": "get_check",
    "GET /checks/<int:sequence>.pdf": "get_report", "GET /compare": "get_check", "GET /pictures/<name>": "get_picture",
    "GET /lenses": "list_lenses", "GET /lenses.csv": "get_lenses_csv",
    "GET /lenses/<path:tag>": "get_lens get_comparison list_adjustments list_baselines",
    "GET /report/<path:tag>.pdf": "get_lens_report", "GET /report/<path:tag>.json": "get_lens get_comparison",
    "GET /labels.pdf": "get_labels", "GET /bodies": "list_bodies", "GET /bodies/<path:tag>": "get_body",
    "GET /visits": "list_visits", "GET /visits/<int:number>": "get_visit", "GET /l/<path:tag>": "get_lens put_bench",
    "GET /guides": "list_guides list_runs list_advice list_proposals", "GET /guides/<name>": "list_guides list_runs",
    "POST /guides/<name>": "post_run", "GET /guide/<uuid>": "get_run", "GET /guide/<uuid>/live": "get_run get_station",
    "POST /guide/<uuid>": "post_run_action", "GET /guide/<uuid>.pdf": "get_run_report",
    "GET /guide/<uuid>.json": "get_run", "GET /guide/<uuid>.csv": "get_run", "POST /setting": "put_setting",
    "POST /lens/quick": "post_lens",
    "GET /settings": "list_settings list_access list_webhooks list_audit",
    "POST /health/seen": "post_health_seen",
}  # fmt: skip
"""Everything that the page shows and does, and the operations that do it for programs."""
OF_BROWSERS = (
    "/static/", "/pair", "/help", "/metrics", "/settings/units", "/lens/new", "/lens/edit/", "/lens/quick/",
    "/lens/import", "/body/new", "/body/edit/",
)  # fmt: skip
"""Files, the manual, what monitoring reads, empty forms, and how a phone is paired: programs have tokens instead."""


def test_the_api_does_all_the_page_does(page: Page) -> None:
    operations = {route.function for route in ROUTES}
    rules = {
        f"{method} {rule.rule}"
        for rule in page.app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if not rule.rule.startswith("/api/")
    }
    for rule in rules:
        if rule not in BY_PAGE:
            assert rule.split()[1].startswith(OF_BROWSERS), f"{rule} has no operation"
    assert set(BY_PAGE) <= rules
    assert {name for names in BY_PAGE.values() for name in names.split()} <= operations


def test_a_lens_s_whole_life_by_the_api(page: Page) -> None:
    add(page, RESULT, lens_tag=None)
    client, headers = page.client, page.make_token()

    def ask(method: str, path: str, **body: Any) -> Any:
        answer = client.open(f"/api/v1{path}", method=method, json=body or None, headers=headers)
        assert answer.status_code < 300, answer.text
        return answer.get_json()

    assert ask("POST", "/lenses", tag="FC-9", maker="Cooke", coc_um=20)["coc_um"] == 20
    assert ask("PATCH", "/lenses/FC-9", coc_um=None, model="S4")["coc_um"] is None
    driven = ask("PATCH", "/lenses/FC-9", squeeze=2, iris="electronic", focus_drive="by wire")
    assert (driven["squeeze"], driven["iris"], driven["focus_drive"]) == (2.0, "electronic", "by wire")
    assert ask("PATCH", "/lenses/FC-9", squeeze=None)["squeeze"] == 1.0
    visit = ask("POST", "/visits", lens="FC-9", kind="return", rental="R-1")["id"]
    ask("POST", "/station/test", lens="FC-9")
    assert page.station.pressed == ["FC-9"]
    add(page, RESULT, lens_tag="FC-9")
    assert ask("POST", f"/visits/{visit}/done", note="ok")["outcome"] == "FAIL_BACK"
    assert ask("GET", "/lenses/FC-9")["status"] == "maintenance"
    assert ask("PUT", "/lenses/FC-9/status", status="in service", note="shimmed")["status"] == "in service"
    made = ask("POST", "/lenses/FC-9/adjustments", kind="shim", amount=20)
    assert (made["before_sequence"], made["unit"]) == (2, "µm")
    assert ask("POST", "/lenses/FC-9/baseline") == {"done": True}
    assert ask("DELETE", "/lenses/FC-9/baseline?of=lens") == {"done": True}
    assert [row["count"] for row in ask("GET", "/lenses/FC-9/baselines")["baselines"]] == [0, 1]
    assert ask("POST", "/bodies", tag="B-1", coc_um=9)["coc_um"] == 9
    assert ask("PATCH", "/bodies/B-1", maker="ARRI", coc_um=None)["coc_um"] is None
    assert [body["tag"] for body in ask("GET", "/bodies?q=arri")["bodies"]] == ["B-1"]
    ask("PUT", "/station/body", body="B-1")
    assert page.station.pressed.pop() == "body B-1"
    ask("POST", "/checks/2/void", reason="loose mount")
    found = ask("GET", f"/checks?visit={visit}")["checks"]
    assert [(check["check"], check["void_reason"]) for check in found] == [(2, "loose mount")]
    whole = ask("GET", "/checks/2")
    assert whole["edges"][0]["x1"] == 1.0
    assert whole["setup"]["f_number"] == 2.8
    preview = ask("POST", "/lenses/import", csv="tag,model\nFC-10,X\n")
    assert (preview["rows"], preview["imported"]) == (1, False)
    assert ask("POST", "/lenses/import", csv="tag,model\nFC-10,X\n", sure=True)["imported"]
    assert [lens["tag"] for lens in ask("GET", "/lenses")["lenses"]] == ["FC-10", "FC-9"]
    for path in ("/checks/2/report", "/lenses/FC-9/report", "/labels?tags=FC-9"):
        assert client.get(f"/api/v1{path}").data.startswith(b"%PDF")
    assert len(client.get("/api/v1/checks.csv?lens=FC-9").text.splitlines()) == 2
    assert client.get(f"/api/v1/pictures/{whole['preview']}").data.startswith(b"\xff\xd8")
    assert {row["name"]: row["value"] for row in ask("GET", "/settings")["settings"]}["coc_um"] == "15"


def test_paging_by_the_api_leaves_nothing_out(page: Page) -> None:
    add(page, *[RESULT] * 23)
    seen, path = [], "/api/v1/checks?limit=5"
    while path:
        answer = page.get(path).get_json()
        seen += [check["check"] for check in answer["checks"]]
        path = f"/api/v1/checks?limit=5&before={answer['next']}" if answer["next"] else ""
    assert seen == list(range(23, 0, -1))


@pytest.mark.parametrize(
    ("method", "path", "body", "said"),
    [
        ("POST", "/lenses", {"tag": ""}, "tag"),
        ("POST", "/lenses", {"tag": "x", "colour": "red"}, "colour"),
        ("POST", "/lenses", [], "object"),
        ("POST", "/visits", {"lens": "nosuch", "kind": "return"}, "No lens"),
        ("PATCH", "/lenses/FC-1", {"focal_min_mm": 70, "focal_max_mm": 24}, "less than"),
        ("GET", "/checks?limit=0", None, "limit"),
        ("GET", "/checks?lens=a&foo=b", None, "foo"),
    ],
)
def test_what_cannot_be_taken_is_named(page: Page, method: str, path: str, body: Any, said: str) -> None:
    add(page, RESULT)
    answer = page.client.open(f"/api/v1{path}", method=method, json=body, headers=page.make_token())
    assert answer.status_code in (409, 422)
    assert said in answer.get_json()["error"]["text"]


# Webhooks


class Receiver:
    """The other end of a webhook, which may be down."""

    def __init__(self) -> None:
        self.down = False
        self.got: list[dict[str, Any]] = []
        self.secret = ""

    def __call__(self, url: str, body: bytes, signed: str) -> None:
        if self.down:
            raise ConnectionRefusedError("down")
        assert signed == "sha256=" + hmac.new(self.secret.encode(), body, hashlib.sha256).hexdigest()
        self.got.append(json.loads(body))


def test_each_check_is_told_once_in_order_and_again_until_it_is_taken(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    store.add_check(record(1))
    with store.session() as session:
        hook = webhook.new_webhook(session, "http://stock.example/hook", now().wall)
        receiver = Receiver()
        receiver.secret = hook.secret
    courier = webhook.Courier(lambda: store, receiver)
    courier.round(0)
    assert receiver.got == []  # what was before the webhook is not told
    store.add_check(record(2))
    store.add_check(record(3))
    receiver.down = True
    courier.round(2)
    courier.round(4)  # not yet due again
    with store.reading() as session:
        row = session.get(Webhook, 1)
        assert row is not None
        assert (row.failures, row.cursor) == (1, 1)
        assert "down" in row.last_error
    receiver.down = False
    courier.round(8)
    courier.round(10)
    assert [body["check"] for body in receiver.got] == [2, 3]
    assert receiver.got[0]["verdict"] == "FAIL_BACK"


@pytest.mark.parametrize(
    "answer", [b"", b"SSH-2.0-other\r\n", b"HTTP/1.1 \xff\xfe\r\n\r\n", b"HTTP/1.1 500 no\r\n\r\n"]
)
def test_whatever_a_receiver_answers_the_check_waits_for_it(tmp_path: Path, answer: bytes) -> None:
    store = open_store(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as receiver:
        url = f"http://127.0.0.1:{receiver.getsockname()[1]}/"
        with store.session() as session:
            webhook.new_webhook(session, url, now().wall)
        store.add_check(record(1))

        def reply() -> None:
            connection, _ = receiver.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(answer)

        thread = threading.Thread(target=reply)
        thread.start()
        webhook.Courier(lambda: store).round(0)
        thread.join(10)
    with store.reading() as session:
        row = session.get(Webhook, 1)
        assert row is not None
        assert (row.failures, row.cursor) == (1, 0)
        assert row.last_error


def test_the_wait_between_tries_grows_to_an_hour() -> None:
    waits = [webhook.wait_s(failures) for failures in range(1, 14)]
    assert waits[:4] == [5, 10, 20, 40]
    assert waits[-1] == 3600


@pytest.mark.parametrize(
    "url", ["", "ftp://a.example", "file:///etc/passwd", "http://", "javascript:alert(1)", "x"]
)
def test_a_webhook_is_an_http_address(page: Page, url: str) -> None:
    add(page, RESULT)
    page.pair("admin")
    assert page.post("/settings/webhooks", url=url).status_code == 409

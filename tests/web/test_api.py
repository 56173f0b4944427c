"""The API: its own schema asked of it by property-based tests, what it does, and that it does all the page does."""

from __future__ import annotations

import hashlib
import hmac
import json
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


def test_the_api_does_all_the_page_does() -> None:
    """Each thing the page's forms do, and the operation that does it."""
    operations = {route.function for route in ROUTES}
    by_form = {
        "/test": "post_test", "/lens": "put_bench", "/lens/bench": "put_bench", "/focus": "post_focus",
        "/visits/1/test": "post_test", "/visits": "post_visit", "/visits/1/done": "post_done",
        "/checks/1/void": "post_void", "/lens/save": "patch_lens", "/lens/status": "put_status",
        "/lens/adjust": "post_adjustment", "/lens/baseline": "post_baseline", "/lens/import": "post_import",
        "/settings/tokens": "post_token", "/settings/revoke": "delete_access", "/settings/webhooks": "post_webhook",
        "/settings/webhooks/remove": "delete_webhook",
    }  # fmt: skip
    assert set(by_form.values()) <= operations


def test_a_lens_s_whole_life_by_the_api(page: Page) -> None:
    add(page, RESULT, lens_tag=None)
    client, headers = page.client, page.make_token()

    def ask(method: str, path: str, **body: Any) -> Any:
        answer = client.open(f"/api/v1{path}", method=method, json=body or None, headers=headers)
        assert answer.status_code < 300, answer.text
        return answer.get_json()

    assert ask("POST", "/lenses", tag="FC-9", maker="Cooke", coc_um=20)["coc_um"] == 20
    assert ask("PATCH", "/lenses/FC-9", coc_um=None, model="S4")["coc_um"] is None
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
    assert client.get("/api/v1/checks/2/report").data.startswith(b"%PDF")


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

"""A page with a station's double behind it, and a phone that is paired or not; a pytest plugin of the tests here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from conftest import SettingsFactory
from examples import StationDouble, record
from flask import Flask
from flask.testing import FlaskClient

from appliance.focus.result import Result
from appliance.station import screens
from appliance.station.display_keeper import png_base64
from appliance.station.state import Phase, StationState
from appliance.store import open_store
from appliance.store.access import PHONE, TOKEN, grant, operator_named
from appliance.store.clock import now
from appliance.web.app import create_app
from appliance.web.security import PHONE_COOKIE

HOME = {"Origin": "http://localhost", "Host": "localhost"}


def ready() -> StationState:
    screen = screens.ready((128, 64), None, "http://192.0.2.7:8080")
    return StationState("run", 3, Phase.READY, oled_text=screen.text, oled_png=png_base64(screen.picture))


@dataclass
class Page:
    """A browser without a screen."""

    client: FlaskClient
    station: StationDouble
    data_dir: Path
    app: Flask

    def get(self, path: str, **headers: str) -> Any:
        return self.client.get(path, headers=headers)

    def token(self) -> str:
        found = re.search(r'name="token" value="([^"]+)"', self.get("/pair").text)
        assert found is not None
        return found[1]

    def post(self, path: str, headers: dict[str, str] | None = None, **form: Any) -> Any:
        """Post as the page's own form does."""
        return self.client.post(
            path, data={"token": self.token(), **form}, headers=HOME if headers is None else headers
        )

    def pair(self, role: str = "operator", name: str = "") -> None:
        """Make this browser a paired phone, by the records."""
        store = open_store(self.data_dir)
        with store.session() as session:
            operator = operator_named(session, name, now().wall)
            _, secret = grant(session, PHONE, "test browser", role, now().wall, operator)
        store.close()
        self.client.set_cookie(PHONE_COOKIE, secret)

    def make_token(self, role: str = "operator") -> dict[str, str]:
        """Headers of a program with an API token."""
        store = open_store(self.data_dir)
        with store.session() as session:
            _, secret = grant(session, TOKEN, "program", role, now().wall)
        store.close()
        return {"Authorization": f"Bearer {secret}"}


def page_of(settings: Any) -> Iterator[Page]:
    app = create_app(settings)
    station = StationDouble(ready())
    app.extensions["station"] = station
    with app.test_client() as client:
        yield Page(client, station, settings.data_dir, app)


@pytest.fixture
def stranger(make_settings: SettingsFactory) -> Iterator[Page]:
    """A browser that is not paired."""
    yield from page_of(make_settings())


@pytest.fixture
def page(stranger: Page) -> Page:
    """A paired phone."""
    stranger.pair()
    return stranger


def add(page: Page, *results: Result, **changes: Any) -> None:
    store = open_store(page.data_dir)
    for k, result in enumerate(results, store.count()):
        store.add_check(record(k, result=result, **changes))
    store.close()

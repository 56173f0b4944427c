"""The page about this moment: Now, and what its script asks for."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from flask import Blueprint, Response, g, redirect, render_template, request, url_for

from appliance.errors import FocuscheckError
from appliance.station.protocol import lens_tag
from appliance.station.state import Phase, StationState
from appliance.store import StoredCheck
from appliance.store.access import OPERATOR
from appliance.store.house import Lens, Visit
from appliance.store.report import Report, read_report
from appliance.store.search import Filter, find_checks, lens_of
from appliance.store.visits import visit_under_way
from appliance.web import context
from appliance.web.security import needs

pages = Blueprint("now", __name__)


@dataclass(frozen=True)
class Now:
    """What the Now page shows: the station's state, None if it is down, and its newest check."""

    state: StationState | None
    last: StoredCheck | None
    lens: Lens | None = None
    visit: Visit | None = None
    report: Report | None = None

    @property
    def measuring(self) -> bool:
        """Whether a check is under way."""
        return self.state is not None and self.state.phase is Phase.MEASURING

    @property
    def can_test(self) -> bool:
        """Whether a press would be taken."""
        return self.state is not None and self.state.phase not in (Phase.MEASURING, Phase.STARTING)


def now_of_station() -> Now:
    """The present, as far as the page can know it."""
    state, session = context.state(), context.reading()
    report = read_report(context.settings().data_dir)
    if session is None:
        return Now(state, None, report=report)
    newest = find_checks(session, Filter(), 1)
    lens = lens_of(session, state.lens_tag) if state and state.lens_tag else None
    return Now(
        state, newest[0] if newest else None, lens, visit_under_way(session, lens) if lens else None, report
    )


@pages.get("/")
def show() -> str:
    """Live state, OLED mirror, current lens, Test button, last verdict in words."""
    return render_template("now.html", now=now_of_station(), notice=None)


def answer_if_changed(data: dict[str, Any]) -> Response:
    """JSON with an ETag: unchanged, it costs no more than that."""
    body = json.dumps(data)
    response = Response(body, mimetype="application/json")
    response.set_etag(hashlib.sha256(body.encode()).hexdigest()[:32])
    response.headers["Cache-Control"] = "no-cache"
    return cast(Response, response.make_conditional(request))


@pages.get("/live")
def live() -> Response:
    """The changing parts of the Now page, for its script."""
    current = now_of_station()
    state = current.state
    return answer_if_changed(
        {
            "oled": f"data:image/png;base64,{state.oled_png}" if state else "",
            "oled_text": state.oled_text if state else "The station is not running.",
            "status": render_template("_status.html", now=current),
            "bench": render_template("_bench.html", lens=current.lens, state=state, visit=None),
            "last": render_template("_last.html", now=current),
            "can_test": current.can_test and context.may(OPERATOR),
            "measuring": current.measuring,
        }
    )


@pages.post("/test")
@needs(OPERATOR)
def test() -> Any:
    """Press TEST."""
    return tell_station(lambda: context.station().press(), url_for("now.show"))


@pages.post("/lens")
@needs(OPERATOR)
def lens() -> Any:
    """Say which lens is on the bench, and for which camera body."""
    form, client = request.form, context.station()

    def select() -> None:
        tag, body = lens_tag(form.get("lens")), lens_tag(form.get("body"))
        client.select_lens(tag)
        if "body" in form:
            client.select_body(body)

    return tell_station(select, url_for("now.show"))


def tell_station(action: Callable[[], Any], then: str) -> Any:
    """Do something with the station, then show a page; what went wrong stands on the Now page."""
    try:
        action()
    except FocuscheckError as error:
        g.pop("state", None)
        return render_template("now.html", now=now_of_station(), notice=str(error)), 409
    return redirect(then, 303)

"""The pages: Now, History, one Check."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any, cast

from flask import (
    Blueprint,
    Response,
    abort,
    current_app,
    redirect,
    render_template,
    request,
    send_file,
    url_for,
)

from appliance.errors import FocuscheckError, StationDownError
from appliance.station.client import StationClient
from appliance.station.protocol import lens_tag
from appliance.station.state import Phase, StationState
from appliance.store import Store, StoredCheck
from appliance.web.history import History

CHECKS_PER_PAGE = 25
_FOR_EVER = "public, max-age=31536000, immutable"

pages = Blueprint("pages", __name__)


@dataclass(frozen=True)
class Now:
    """What the Now page shows: the station's state, None if it is down, and its newest check."""

    state: StationState | None
    last: StoredCheck | None

    @property
    def measuring(self) -> bool:
        """Whether a check is under way."""
        return self.state is not None and self.state.phase is Phase.MEASURING

    @property
    def can_test(self) -> bool:
        """Whether a press would be taken."""
        return self.state is not None and self.state.phase not in (Phase.MEASURING, Phase.STARTING)


def _station() -> StationClient:
    return cast(StationClient, current_app.extensions["station"])


def _store() -> Store | None:
    return cast(History, current_app.extensions["history"]).store


def _now() -> Now:
    try:
        state = _station().state()
    except StationDownError:
        state = None
    store = _store()
    newest = store.newest_first(1) if store else []
    return Now(state, newest[0] if newest else None)


@pages.get("/")
def now() -> str:
    """Live state, Test button, last verdict."""
    return render_template("now.html", now=_now(), notice=None)


@pages.get("/live")
def live() -> Response:
    """The changing parts of the Now page, for its script; unchanged ones cost no more than their ETag."""
    current = _now()
    state = current.state
    body = json.dumps(
        {
            "oled": f"data:image/png;base64,{state.oled_png}" if state else "",
            "oled_text": state.oled_text if state else "The station is not running.",
            "status": render_template("_status.html", now=current),
            "last": render_template("_last.html", now=current),
            "can_test": current.can_test,
            "measuring": current.measuring,
        }
    )
    response = Response(body, mimetype="application/json")
    response.set_etag(hashlib.sha256(body.encode()).hexdigest()[:32])
    response.headers["Cache-Control"] = "no-cache"
    return cast(Response, response.make_conditional(request))


@pages.post("/test")
def test() -> Any:
    """Press TEST."""
    return _tell_station(lambda: _station().press())


@pages.post("/lens")
def lens() -> Any:
    """Say which lens is on the bench."""
    return _tell_station(lambda: _station().select_lens(lens_tag(request.form.get("lens"))))


def _tell_station(action: Any) -> Any:
    try:
        action()
    except FocuscheckError as error:
        return render_template("now.html", now=_now(), notice=str(error)), 409
    return redirect(url_for("pages.now"), 303)


@pages.get("/checks")
def history() -> str:
    """All checks, newest first."""
    before = request.args.get("before", type=int)
    store = _store()
    checks = list(store.newest_first(CHECKS_PER_PAGE + 1, before)) if store else []
    older = checks[CHECKS_PER_PAGE - 1].sequence if len(checks) > CHECKS_PER_PAGE else None
    return render_template("history.html", checks=checks[:CHECKS_PER_PAGE], older=older, first=before is None)


@pages.get("/checks/<int:sequence>")
def check(sequence: int) -> str:
    """One check: verdict, photo, curve, figures, reasons."""
    store = _store()
    found = store.get(sequence) if store else None
    if found is None:
        abort(404)
    return render_template("check.html", check=found)


@pages.get("/pictures/<name>")
def picture(name: str) -> Response:
    """A check's photo."""
    store = _store()
    file = store.picture(name) if store else None
    if file is None:
        abort(404)
    response = send_file(file, mimetype="image/jpeg", conditional=True)
    response.headers["Cache-Control"] = _FOR_EVER
    return response


@pages.get("/healthz")
def healthz() -> Response:
    """For watchdogs: 200 if station and records answer, 503 with the words if not."""
    current = _now()
    phase = current.state.phase.value if current.state else "down"
    healthy = current.state is not None and current.state.phase is not Phase.FAULT and _store() is not None
    body = json.dumps({"station": phase, "records": _store() is not None})
    return Response(body, 200 if healthy else 503, mimetype="application/json")

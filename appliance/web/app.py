"""Makes the Flask application."""

from __future__ import annotations

import hashlib
from datetime import datetime
from pathlib import Path
from typing import Any

from flask import Flask, g, render_template
from werkzeug.exceptions import HTTPException

from appliance.config import SOFTWARE_VERSION, Settings
from appliance.focus.result import Verdict
from appliance.station import words
from appliance.station.client import StationClient
from appliance.web import plots, security, views
from appliance.web.history import History

_STATIC = Path(__file__).with_name("static")
_SENTENCES = {
    400: "The request could not be understood. Go back, reload the page, and try again.",
    404: "There is nothing at this address. It may be of a check that was never made.",
    405: "This address only answers to the page's own buttons.",
    413: "That was too much to send at once.",
    421: "This page is not served under that name. Use the address on the OLED, or add the name to allowed_hosts.",
    500: "The page failed inside. The history is safe; the page's log says more.",
}


def create_app(settings: Settings) -> Flask:
    """The page of the station in ``settings.data_dir``."""
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = 64 * 1024
    app.config["STATION_NAME"] = settings.station_name
    app.extensions["station"] = StationClient(settings.socket)
    app.extensions["history"] = History(settings.data_dir)
    security.guard(app, settings)
    app.register_blueprint(views.pages)
    app.register_error_handler(HTTPException, _error_page)
    app.jinja_env.globals.update(
        asset=_asset,
        figure=words.figure,
        headline=words.headline,
        what_it_means=words.what_it_means,
        verdict_class=verdict_class,
        through_focus=plots.through_focus,
        gauge=plots.gauge,
        edge_map=plots.edge_map,
        local_time=local_time,
        station_name=settings.station_name,
        software_version=SOFTWARE_VERSION,
        token=lambda: g.token,
    )
    return app


def verdict_class(verdict: Verdict | str | None) -> str:
    """CSS class of a verdict's colours."""
    text = "" if verdict is None else str(verdict)
    return {"PASS": "pass", "FAIL_BACK": "fail", "FAIL_FRONT": "fail", "RETEST": "retest"}.get(
        text, "invalid"
    )


def local_time(moment: datetime) -> str:
    """Date and time in the station's zone; a script in the page turns it into the viewer's."""
    return moment.astimezone().strftime("%Y-%m-%d %H:%M")


def _asset(name: str) -> str:
    """URL of a static file that changes with its content, so that it may be kept for ever."""
    digest = hashlib.sha256((_STATIC / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?v={digest}"


def _error_page(error: HTTPException) -> Any:
    code = error.code or 500
    own = error.description if code == 403 else None
    sentence = own or _SENTENCES.get(code) or error.description
    return render_template("error.html", code=code, sentence=sentence), code

"""Makes the Flask application."""

from __future__ import annotations

import hashlib
import logging
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from flask import Flask, Response, g, jsonify, render_template, request
from sqlalchemy.exc import DatabaseError
from werkzeug.exceptions import HTTPException

from appliance.config import SOFTWARE_VERSION, Settings
from appliance.errors import StorageError
from appliance.focus.judge.wording import describe_shift, label, plain
from appliance.focus.result import Verdict
from appliance.station import words
from appliance.station.client import StationClient
from appliance.store.access import ADMIN, OPERATOR
from appliance.web import (
    comparing,
    context,
    crops,
    finding_plot,
    guided_plots,
    phrases,
    plots,
    security,
    trend_plot,
)
from appliance.web.api import api
from appliance.web.finding_words import figure_text as finding_figure
from appliance.web.history import History
from appliance.web.pairing import Pairing
from appliance.web.ruler_drawing import bar_and_ruler
from appliance.web.views import (
    admin,
    bodies,
    charts,
    checks,
    guide_table,
    guided,
    guides,
    help,
    lens_files,
    lenses,
    now,
    pair,
    setting,
    visits,
)

LONGEST_FORM = 2 * 1024 * 1024
"""A list of some thousand lenses as CSV."""
_VIEWS = (
    now, guided, guides, guide_table, checks, lenses, lens_files, bodies, charts, visits, pair, admin, help, setting,
)  # fmt: skip
log = logging.getLogger(__name__)
_STATIC = Path(__file__).with_name("static")
_SENTENCES = {
    400: "The request could not be understood. Go back, reload the page, and try again.",
    401: "Give a valid API token: Authorization: Bearer fc_…",
    404: "There is nothing at this address. It may be of a check that was never made.",
    405: "This address only answers to the page's own buttons.",
    413: "That was too much to send at once.",
    421: "This page is not served under that name. Use the address on the OLED, or add the name to allowed_hosts.",
    429: "Too many requests from here at once. Wait a minute, then go on.",
    500: "The page failed inside. The history is safe; the page's log says more.",
}


def create_app(settings: Settings) -> Flask:
    """The page of the station in ``settings.data_dir``."""
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = LONGEST_FORM
    app.config["MAX_FORM_MEMORY_SIZE"] = LONGEST_FORM
    app.extensions["settings"] = settings
    app.extensions["station"] = StationClient(settings.socket)
    app.extensions["history"] = History(settings.data_dir)
    app.extensions["pairing"] = Pairing()
    context.close_reading(app)
    security.guard(app, settings, pair.pair_page)
    for module in _VIEWS:
        app.register_blueprint(module.pages)
    app.register_blueprint(api)
    app.register_error_handler(HTTPException, _error_page)
    app.register_error_handler(StorageError, _storage_page)
    app.register_error_handler(DatabaseError, _unreadable_page)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals.update(_globals(settings))
    return app


def _globals(settings: Settings) -> dict[str, Any]:
    return {
        "asset": _asset,
        "figure": words.figure,
        "figure_label": label,
        "plain": plain,
        "describe_shift": describe_shift,
        "length": phrases.length,
        "focus_error": phrases.focus_error,
        "headline": phrases.headline,
        "what_it_means": words.what_it_means,
        "verdict_class": verdict_class,
        "through_focus": plots.through_focus,
        "gauge": plots.gauge,
        "edge_map": plots.edge_map,
        "crops": crops.crops,
        "bar_and_ruler": bar_and_ruler,
        "sharpness_bars": guided_plots.sharpness_bars,
        "limit_gauge": guided_plots.limit_gauge,
        "trend": trend_plot.trend,
        "finding_plot": finding_plot.finding_plot,
        "finding_figure": finding_figure,
        "lens_setting": words.lens_setting,
        "sentences": comparing.sentences,
        "local_time": local_time,
        "local_day": local_day,
        "station_name": settings.station_name,
        "software_version": SOFTWARE_VERSION,
        "token": lambda: g.token,
        "can_operate": partial(context.may, OPERATOR),
        "silence": context.silence,
        "is_admin": partial(context.may, ADMIN),
        "operator_name": context.operator_name,
        "units": phrases.units,
    }


def verdict_class(verdict: Verdict | str | None) -> str:
    """CSS class of a verdict's colours."""
    text = "" if verdict is None else str(verdict)
    return {"PASS": "pass", "FAIL_BACK": "fail", "FAIL_FRONT": "fail", "RETEST": "retest"}.get(
        text, "invalid"
    )


def local_time(moment: datetime) -> str:
    """Date and time in the station's zone; a script in the page turns it into the viewer's."""
    return moment.astimezone().strftime("%Y-%m-%d %H:%M")


def local_day(moment: datetime) -> str:
    """Date in the station's zone, ``3 March 2026``."""
    return f"{moment.astimezone():%-d %B %Y}"


def _asset(name: str) -> str:
    """URL of a static file that changes with its content, so that it may be kept for ever."""
    digest = hashlib.sha256((_STATIC / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?v={digest}"


def _error_page(error: HTTPException) -> Any:
    code = error.code or 500
    own = (
        error.description
        if code in (403, 404, 503) and error.description != type(error).description
        else None
    )
    sentence = own or _SENTENCES.get(code) or error.description
    headers = {name: text for name, text in error.get_headers() if name in ("Allow", "Retry-After")}
    if request.path.startswith(security.API):
        return jsonify({"error": {"code": code, "text": sentence}}), code, headers
    return render_template("error.html", code=code, sentence=sentence), code, headers


def _unreadable_page(error: DatabaseError) -> Any:
    log.error("The records cannot be read (%s).", error.orig)
    return _storage_page(
        StorageError(
            "The records cannot be read just now. The station looks at them when it starts and puts them right; start "
            "it again, then reload this page."
        )
    )


def _storage_page(error: StorageError) -> Any:
    if request.path.startswith(security.API):
        return jsonify({"error": {"code": 503, "text": str(error)}}), 503
    return Response(render_template("error.html", code=503, sentence=str(error)), 503)

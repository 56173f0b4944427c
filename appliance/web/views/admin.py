"""Settings and health: how the station is set, who may do what, and whether everything works."""

from __future__ import annotations

import json
import shutil
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from appliance.config import Settings
from appliance.errors import UsageError
from appliance.station.faults import last_faults
from appliance.station.state import Phase
from appliance.store import access as records
from appliance.store.access import ADMIN, PHONE, TOKEN
from appliance.store.house import Webhook
from appliance.store.models import Check, Picture
from appliance.store.report import note_seen, read_report
from appliance.store.search import LARGEST_NUMBER
from appliance.web import context
from appliance.web.health_words import backup_words, copies_words, machine_words
from appliance.web.metrics import CONTENT_TYPE, metrics_text
from appliance.web.security import needs, set_cookie
from appliance.web.settings_groups import grouped_settings
from appliance.web.webhook import new_webhook

pages = Blueprint("admin", __name__)
FAULTS_SHOWN = 5
UNITS = ("mm", "inch")


@pages.get("/settings")
def settings() -> str:
    """How the station is set, this phone's preferences, and what administrators may change."""
    return settings_page()


def settings_page(notice: str = "", secret: str = "") -> str:
    """The page of settings; ``secret`` is shown this once."""
    session, admin = context.reading(), context.may(ADMIN)
    lists: dict[str, Any] = {"phones": [], "tokens": [], "webhooks": [], "trail": []}
    if session is not None and admin:
        hooks = select(Webhook).where(Webhook.removed_at.is_(None)).order_by(Webhook.id)
        lists = {
            "phones": records.all_access(session, PHONE),
            "tokens": records.all_access(session, TOKEN),
            "webhooks": session.scalars(hooks).all(),
            "trail": records.trail(session, limit=30),
        }
    groups = grouped_settings(context.settings())
    return render_template(
        "settings.html",
        groups=groups,
        notice=notice,
        secret=secret,
        admin=admin,
        roles=records.ROLES,
        **lists,
    )


@pages.post("/settings/units")
def units() -> Any:
    """Show lengths in mm or inch on this phone."""
    wanted = request.form.get("units", "")
    response = redirect(url_for("admin.settings"), 303)
    set_cookie(response, "focuscheck_units", wanted if wanted in UNITS else UNITS[0])
    return response


@pages.post("/settings/tokens")
@needs(ADMIN)
def add_token() -> Any:
    """Make an API token, shown once."""
    name, role = request.form.get("name", "").strip()[:60], request.form.get("role", "")
    if not name or not name.isprintable():
        return settings_page("Give the token a name, so that it can be told from others."), 409
    try:
        with context.writing("made token", f"token {name}", role=role) as session:
            _, secret = records.grant(session, TOKEN, name, role, context.utc_now())
    except UsageError as error:
        return settings_page(str(error)), 409
    return settings_page(secret=secret)


@pages.post("/settings/revoke")
@needs(ADMIN)
def revoke() -> Any:
    """End a phone's or token's access."""
    number = request.form.get("id", 0, type=int)
    with context.writing("revoked", f"access {number}") as session:
        if records.revoke(session, number, context.utc_now()) is None:
            abort(404)
    return redirect(url_for("admin.settings"), 303)


@pages.post("/settings/webhooks")
@needs(ADMIN)
def add_webhook() -> Any:
    """Send each check from now on to an address."""
    url = request.form.get("url", "").strip()
    try:
        with context.writing("added webhook", "webhooks", url=urlsplit(url).netloc[:200]) as session:
            hook = new_webhook(session, url, context.utc_now())
    except UsageError as error:
        return settings_page(str(error)), 409
    return settings_page(secret=hook.secret)


@pages.post("/settings/webhooks/remove")
@needs(ADMIN)
def remove_webhook() -> Any:
    """Send no more."""
    number = request.form.get("id", 0, type=int)
    with context.writing("removed webhook", f"webhook {number}") as session:
        hook = session.get(Webhook, number) if 0 < number < LARGEST_NUMBER else None
        if hook is None:
            abort(404)
        hook.removed_at = context.utc_now()
    return redirect(url_for("admin.settings"), 303)


@pages.get("/health")
def health() -> str:
    """Station health: processes, devices, records, room on the disk."""
    return render_template("health.html", **_health(context.settings()))


def _health(settings: Settings) -> dict[str, Any]:
    session, state = context.reading(), context.state()
    folder = settings.data_dir if settings.data_dir.exists() else settings.data_dir.parent
    disk = shutil.disk_usage(folder if folder.exists() else "/")
    return {
        "state": state,
        "machine": machine_words(getattr(state, "health", None) or {}),
        "backup": backup_words(settings.data_dir),
        "copies": copies_words(settings.data_dir),
        "faults": last_faults(settings.data_dir, FAULTS_SHOWN),
        "records": _counts(session) if session else None,
        "disk_free_gb": disk.free / 1e9,
        "disk_percent": 100 * disk.used / disk.total,
        "low": disk.free < settings.reserve_mb * 1e6,
        "report": read_report(settings.data_dir),
    }


def _counts(session: Session) -> dict[str, Any]:
    newest = session.execute(
        select(Check.sequence, Check.taken_at).order_by(Check.sequence.desc()).limit(1)
    ).first()
    kept = select(Picture.kind, func.count(), func.sum(Picture.size_bytes)).where(
        Picture.removed_at.is_(None)
    )
    pictures = {
        kind: (count, (size or 0) / 1e6) for kind, count, size in session.execute(kept.group_by(Picture.kind))
    }
    return {"newest": newest, "pictures": pictures}


@pages.post("/health/seen")
@needs(ADMIN)
def seen() -> Any:
    """Say that what is missing from the records has been read."""
    with context.writing("read what is missing", "records"):
        note_seen(context.settings().data_dir)
    return redirect(url_for("admin.health"), 303)


@pages.get("/metrics")
def metrics() -> Response:
    """For monitoring: every figure as Prometheus reads it."""
    text = metrics_text(context.settings(), context.state(), bool(context.silence()), context.reading())
    return Response(text, mimetype=CONTENT_TYPE)


@pages.get("/healthz")
def healthz() -> Response:
    """For watchdogs: 200 if station and records answer, 503 with the words if not."""
    state, records_there = context.state(), context.store() is not None
    phase = state.phase.value if state else "down"
    free = shutil.disk_usage(context.settings().data_dir).free if records_there else None
    low = free is not None and free < context.settings().reserve_mb * 1e6
    healthy = state is not None and state.phase is not Phase.FAULT and records_there
    body = json.dumps({"station": phase, "records": records_there, "disk_low": low})
    return Response(body, 200 if healthy else 503, mimetype="application/json")

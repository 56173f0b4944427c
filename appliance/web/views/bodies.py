"""Camera bodies: the list, one body with the checks made for it, and what people change about it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for
from sqlalchemy.orm import Session

from appliance.errors import FocuscheckError, UsageError
from appliance.store.access import OPERATOR, trail
from appliance.store.bodies import FIELDS, body_of, find_bodies, save_body
from appliance.store.house import Body
from appliance.store.search import Filter, find_checks
from appliance.web import context
from appliance.web.security import needs

BODIES_PER_PAGE = 40
LATEST = 10

pages = Blueprint("bodies", __name__)


@pages.get("/bodies")
def index() -> str:
    """All camera bodies by tag."""
    text, after = request.args.get("q", "").strip()[:120], request.args.get("after", "")[:40]
    session = context.reading()
    found = list(find_bodies(session, text, BODIES_PER_PAGE + 1, after)) if session else []
    more = found[BODIES_PER_PAGE - 1].tag if len(found) > BODIES_PER_PAGE else None
    return render_template("bodies.html", bodies=found[:BODIES_PER_PAGE], more=more, text=text, after=after)


def body_or_404(session: Session, tag: str) -> Body:
    """The body of that tag."""
    found = body_of(session, tag)
    if found is None:
        abort(404, "No camera body has this tag. Look it up under Camera bodies, or add it there.")
    return found


@pages.get("/bodies/<path:tag>")
def body(tag: str) -> str:
    """One body and the newest checks made for it."""
    return _body_page(tag)


def _body_page(tag: str, notice: str = "") -> str:
    session = context.needed()
    return render_template(
        "body.html",
        body=body_or_404(session, tag),
        checks=find_checks(session, Filter(body=tag), LATEST),
        trail=trail(session, f"body {tag}", LATEST),
        state=context.state(),
        notice=notice,
    )


@pages.get("/body/new")
@needs(OPERATOR)
def new() -> str:
    """The form of a new body."""
    return render_template("body_edit.html", body=None, values={}, errors=[])


@pages.get("/body/edit/<path:tag>")
@needs(OPERATOR)
def edit(tag: str) -> str:
    """The form of a body that is there."""
    found = body_or_404(context.needed(), tag)
    values = {name: getattr(found, name) for name in FIELDS}
    return render_template("body_edit.html", body=found, values=values, errors=[])


@pages.post("/body/save")
@needs(OPERATOR)
def save() -> Any:
    """Add a body, or change the one named in ``was``."""
    was = request.form.get("was", "")
    given = {name: request.form.get(name, "") for name in FIELDS}
    try:
        with context.writing("changed" if was else "added", f"body {was or given['tag'].strip()}") as session:
            saved = save_body(session, was, given, context.utc_now())
    except UsageError as error:
        found = body_of(context.needed(), was) if was else None
        return render_template("body_edit.html", body=found, values=given, errors=[str(error)]), 409
    return redirect(url_for("bodies.body", tag=saved.tag), 303)


@pages.post("/body/bench")
@needs(OPERATOR)
def bench() -> Any:
    """Say that the lens on the bench is tested for this body."""
    tag = request.form.get("tag", "")
    body_or_404(context.needed(), tag)
    try:
        context.station().select_body(tag)
    except FocuscheckError as error:
        return _body_page(tag, str(error)), 409
    return redirect(url_for("now.show"), 303)

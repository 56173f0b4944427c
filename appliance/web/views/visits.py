"""Visits: a lens goes out or comes back: scan, test, done."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, current_app, redirect, render_template, request, url_for

from appliance.errors import FocuscheckError, UsageError
from appliance.station.protocol import lens_tag
from appliance.store import visits as records
from appliance.store.access import OPERATOR
from appliance.store.house import RETURN, VISIT_KINDS
from appliance.store.search import Filter, find_checks, lens_of
from appliance.web import context
from appliance.web.security import needs
from appliance.web.views.guides import proposed

VISITS_PER_PAGE = 25

pages = Blueprint("visits", __name__)


@pages.get("/visits")
def index() -> str:
    """Visits under way and those that are done, and the form that begins one."""
    return visits_page()


def visits_page(notice: str = "") -> str:
    """The list of visits."""
    session, before = context.reading(), request.args.get("before", type=int)
    found = list(records.find_visits(session, False, VISITS_PER_PAGE + 1, before)) if session else []
    return render_template(
        "visits.html",
        open=records.find_visits(session, True, VISITS_PER_PAGE) if session and before is None else [],
        visits=found[:VISITS_PER_PAGE],
        older=found[VISITS_PER_PAGE - 1].id if len(found) > VISITS_PER_PAGE else None,
        kinds=VISIT_KINDS,
        notice=notice,
        first=before is None,
        tag=request.values.get("lens", "")[:40],
        kind=request.values.get("kind", ""),
        rental=request.values.get("rental", "")[:120],
    )


@pages.post("/visits")
@needs(OPERATOR)
def begin() -> Any:
    """Begin a visit and put its lens on the bench."""
    form = request.form
    kind, rental = form.get("kind", ""), form.get("rental", "").strip()[:120]
    try:
        tag = lens_tag(form.get("lens"))
        with context.writing("began visit", f"lens {tag}", kind=kind, rental=rental) as session:
            lens = lens_of(session, tag or "")
            if lens is None:
                raise UsageError(f"No lens has the tag {tag or '(empty)'}. Add it under Lenses first.")
            operator = context.operator_in(session)
            visit = records.start_visit(session, lens, kind, rental, operator, context.utc_now())
        context.station().select_lens(tag)
    except UsageError as error:
        return visits_page(str(error)), 409
    except FocuscheckError as error:  # the visit has begun all the same, and its page says what is wrong
        current_app.logger.warning("Lens %s could not be put on the bench (%s).", tag, error)
    return redirect(url_for("visits.visit", number=visit.id), 303)


@pages.get("/visits/<int:number>")
def visit(number: int) -> str:
    """One visit: what is to be done next, and its checks."""
    return _visit_page(number)


def _visit_page(number: int, notice: str = "") -> str:
    session = context.needed()
    found = records.find_visit(session, number)
    if found is None:
        abort(404)
    checks = find_checks(session, Filter(visit=number), 50)
    return render_template(
        "visit.html",
        visit=found,
        checks=checks,
        notice=notice,
        state=context.state(),
        proposed=proposed(session, found.lens) if found.kind == RETURN else (),
    )


@pages.post("/visits/<int:number>/test")
@needs(OPERATOR)
def test(number: int) -> Any:
    """Press TEST for the visit's lens."""
    found = records.find_visit(context.needed(), number)
    if found is None:
        abort(404)
    try:
        context.station().press(found.lens.tag)
    except FocuscheckError as error:
        return _visit_page(number, str(error)), 409
    return redirect(url_for("visits.visit", number=number), 303)


@pages.post("/visits/<int:number>/done")
@needs(OPERATOR)
def done(number: int) -> Any:
    """End a visit."""
    note = request.form.get("note", "").strip()[:500]
    try:
        with context.writing("ended visit", f"visit {number}", note=note) as session:
            found = records.find_visit(session, number)
            if found is None:
                abort(404)
            records.finish_visit(session, found, note, context.utc_now())
    except UsageError as error:
        return _visit_page(number, str(error)), 409
    return redirect(url_for("visits.visit", number=number), 303)

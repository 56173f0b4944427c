"""Lenses: the list, one lens with everything it ever did, and what people change about it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from sqlalchemy.orm import Session

from appliance.errors import FocuscheckError, UsageError
from appliance.station.protocol import lens_tag
from appliance.store import baselines, guides, lens_csv, visits
from appliance.store.access import OPERATOR, trail
from appliance.store.compare import Comparison, compare
from appliance.store.house import ADJUSTMENT_KINDS, LENS_STATES, Lens
from appliance.store.search import Filter, find_checks, find_lenses, lens_of
from appliance.store.tags import LONGEST_TAG, tag_problem
from appliance.web import context
from appliance.web.label_sheets import SHEETS
from appliance.web.security import needs
from appliance.web.views.guides import proposed

LENSES_PER_PAGE = 40
LATEST = 10
MOST_LABELS = 500

pages = Blueprint("lenses", __name__)


@pages.get("/lenses")
def index() -> str:
    """All lenses by tag, with their newest verdicts."""
    text, status = request.args.get("q", "").strip()[:120], request.args.get("status", "")
    after, session = request.args.get("after", "")[:40], context.reading()
    wanted = status if status in LENS_STATES else ""
    lines = list(find_lenses(session, text, wanted, LENSES_PER_PAGE + 1, after)) if session else []
    more = lines[LENSES_PER_PAGE - 1].lens.tag if len(lines) > LENSES_PER_PAGE else None
    return render_template(
        "lenses.html",
        lines=lines[:LENSES_PER_PAGE],
        more=more,
        text=text,
        status=wanted,
        after=after,
        sheets=[(name, sheet.title) for name, sheet in SHEETS.items()],
        most_labels=MOST_LABELS,
    )


@pages.get("/lenses/<path:tag>")
def lens(tag: str) -> str:
    """One lens: trend, comparison, visits, adjustments, newest checks."""
    return lens_page(context.needed(), tag)


def lens_page(session: Session, tag: str, notice: str = "") -> str:
    """The page of a lens."""
    found = context.lens_or_404(session, tag)
    comparison = compare(session, found, request.args.get("focal", type=float))
    return render_template(
        "lens.html",
        lens=found,
        comparison=comparison,
        checks=find_checks(session, Filter(lens=tag), LATEST),
        visits=visits.visits_of(session, found, LATEST),
        adjustments=visits.adjustments_of(session, found, LATEST),
        due=due(found, comparison),
        trail=trail(session, f"lens {tag}", LATEST),
        baselines=baselines.baselines_of(session, found, LATEST),
        kinds=ADJUSTMENT_KINDS,
        states=LENS_STATES,
        proposed=proposed(session, found),
        runs=guides.find_runs(session, lens=found, limit=LATEST),
        notice=notice,
    )


def due(found: Lens, comparison: Comparison) -> datetime | None:
    """When the next check is due; None if no interval is set."""
    days = found.check_every_days or context.settings().check_every_days
    if days is None or not comparison.samples:
        return None
    return comparison.samples[-1].at + timedelta(days=days)


@pages.get("/l/<path:tag>")
def scanned(tag: str) -> Any:
    """Where a label's code leads: the lens's page; a paired phone also puts the lens on the bench, or adds a new one.

    Another site cannot do that by a link, as the phone's cookie is not sent along from there.
    """
    session = context.needed()
    if context.may(OPERATOR) and lens_of(session, tag) is None and not tag_problem(tag):
        return redirect(url_for("setting.quick", tag=tag), 303)
    found = context.lens_or_404(session, tag)
    asked_by_hand = request.headers.get("Sec-Purpose") is None and request.headers.get("Purpose") is None
    if context.may(OPERATOR) and asked_by_hand and request.method == "GET":
        try:
            context.station().select_lens(found.tag)
        except FocuscheckError as error:
            return lens_page(session, tag, str(error))
    return redirect(url_for("lenses.lens", tag=tag), 303)


@pages.get("/lens/new")
@needs(OPERATOR)
def new() -> str:
    """The form of a new lens."""
    values = {"tag": request.args.get("tag", "")[:LONGEST_TAG]}
    return render_template("lens_edit.html", lens=None, values=values, errors=[])


@pages.get("/lens/edit/<path:tag>")
@needs(OPERATOR)
def edit(tag: str) -> str:
    """The form of a lens that is there."""
    found = context.lens_or_404(context.needed(), tag)
    values = {name: getattr(found, name) for name in lens_csv.COLUMNS}
    return render_template("lens_edit.html", lens=found, values=values, errors=[])


@pages.post("/lens/save")
@needs(OPERATOR)
def save() -> Any:
    """Add a lens, or change the one named in ``was``."""
    was = request.form.get("was", "")
    given = {name: request.form.get(name, "") for name in lens_csv.COLUMNS if name != "status"}
    try:
        with context.writing("changed" if was else "added", f"lens {was or given['tag'].strip()}") as session:
            save_lens(session, was, given)
    except UsageError as error:
        found = lens_of(context.needed(), was) if was else None
        return render_template("lens_edit.html", lens=found, values=given, errors=[str(error)]), 409
    return redirect(url_for("lenses.lens", tag=given["tag"].strip()), 303)


def save_lens(session: Session, was: str, given: dict[str, Any]) -> Lens:
    """Add a lens or change the one of tag ``was``.

    Raises
    ------
    UsageError
        If a value cannot be taken or the tag belongs to another lens.
    """
    values, errors = lens_csv.checked(given)
    if errors:
        raise UsageError("; ".join(errors).capitalize() + ".")
    tag = values.get("tag", was)
    other = lens_of(session, tag)
    found = lens_of(session, was) if was else None
    if was and found is None:
        raise UsageError("This lens is not there any more.")
    if other is not None and other is not found:
        raise UsageError(f"The tag {tag} belongs to another lens.")
    if found is None:
        found = Lens(tag=tag, created_at=context.utc_now())
        session.add(found)
    for name, value in values.items():
        setattr(found, name, value)
    session.flush()
    return found


def _change(tag: str, action: str, change: Any, **detail: Any) -> Any:
    """Do something to a lens in one transaction, then show it; what cannot be done is said on its page."""
    try:
        with context.writing(action, f"lens {tag}", **detail) as session:
            change(session, context.lens_or_404(session, tag))
    except (UsageError, LookupError) as error:
        return lens_page(context.needed(), tag, str(error)), 409
    return redirect(url_for("lenses.lens", tag=tag), 303)


@pages.post("/lens/status")
@needs(OPERATOR)
def status() -> Any:
    """Put a lens in service, in maintenance, or retire it."""
    wanted, note = request.form.get("status", ""), request.form.get("note", "")[:500]
    tag = request.form.get("tag", "")
    return _change(
        tag, "status", lambda _, found: visits.set_status(found, wanted, note), status=wanted, note=note
    )


@pages.post("/lens/adjust")
@needs(OPERATOR)
def adjust() -> Any:
    """Note an adjustment."""
    form, tag = request.form, request.form.get("tag", "")
    amount = form.get("amount", type=float)
    kind, note = form.get("kind", ""), form.get("note", "")[:500]

    def change(session: Session, found: Lens) -> None:
        operator = context.operator_in(session)
        visits.add_adjustment(session, found, kind, amount, note, operator, context.utc_now())

    return _change(tag, "adjusted", change, kind=kind, amount=amount, note=note)


@pages.post("/lens/baseline")
@needs(OPERATOR)
def baseline() -> Any:
    """Set or clear what the lens, or every copy of its model, is compared with."""
    form, tag = request.form, request.form.get("tag", "")
    focal, do, of = form.get("focal", type=float), form.get("do", "set"), form.get("of", "lens")

    def change(session: Session, found: Lens) -> None:
        change_baseline(session, found, do, of, focal)

    return _change(tag, "baseline", change, do=do, of=of, focal_length_mm=focal)


def change_baseline(session: Session, found: Lens, do: str, of: str, focal_mm: float | None) -> None:
    """Set or clear (``do``) the baseline of the lens or of its model (``of``) at a focal length.

    Raises
    ------
    UsageError
        If there is nothing to set it from, or nothing to clear.
    """
    actions = {
        ("set", "lens"): baselines.set_baseline,
        ("clear", "lens"): baselines.clear_baseline,
        ("set", "model"): baselines.set_model_baseline,
        ("clear", "model"): baselines.clear_model_baseline,
    }
    action = actions.get((do, of))
    if action is None:
        raise UsageError("A baseline is set or cleared, of a lens or of its model.")
    try:
        action(session, found, focal_mm, context.utc_now(), context.who())
    except LookupError as error:
        what = "No baseline can be set" if do == "set" else "There is no baseline to clear"
        raise UsageError(f"{what}: {error.args[0]}.") from None


@pages.post("/lens/bench")
@needs(OPERATOR)
def bench() -> Any:
    """Say that this lens is on the bench."""
    tag = lens_tag(request.form.get("tag"))
    try:
        context.station().select_lens(tag)
    except FocuscheckError as error:
        return lens_page(context.needed(), tag or "", str(error)), 409
    return redirect(url_for("now.show"), 303)

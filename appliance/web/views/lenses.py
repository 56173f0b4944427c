"""Lenses: the list, one lens with everything it ever did, and what people change about it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session

from appliance.errors import FocuscheckError, UsageError
from appliance.station.protocol import lens_tag
from appliance.store import lens_csv, visits
from appliance.store.access import OPERATOR, trail
from appliance.store.compare import Comparison, compare, set_baseline
from appliance.store.house import ADJUSTMENT_KINDS, LENS_STATES, Lens
from appliance.store.search import Filter, find_checks, find_lenses, lens_of
from appliance.web import context
from appliance.web.security import needs
from appliance.web.views.checks import csv_file, pdf_file

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
        "lenses.html", lines=lines[:LENSES_PER_PAGE], more=more, text=text, status=wanted, after=after
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
        kinds=ADJUSTMENT_KINDS,
        states=LENS_STATES,
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
    """Where a label's code leads: the lens's page; a paired phone also puts the lens on the bench.

    Another site cannot do that by a link, as the phone's cookie is not sent along from there.
    """
    session = context.needed()
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
    return render_template("lens_edit.html", lens=None, values={}, errors=[])


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
    """Take the newest checks as what the lens is compared with."""
    tag, focal = request.form.get("tag", ""), request.form.get("focal", type=float)

    def change(session: Session, found: Lens) -> None:
        try:
            set_baseline(session, found, focal, context.utc_now(), context.who())
        except LookupError:
            raise UsageError("There is no check of this lens to take as its baseline.") from None

    return _change(tag, "baseline", change, focal_length_mm=focal)


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


@pages.get("/lens/import")
@needs(OPERATOR)
def import_form() -> str:
    """Choose a CSV file."""
    return render_template("import.html", preview=None, columns=lens_csv.COLUMNS, text="")


@pages.post("/lens/import")
@needs(OPERATOR)
def import_file() -> Any:
    """Preview a CSV file, or import the one previewed."""
    session = context.needed()
    file = request.files.get("file")
    data = file.read() if file else request.form.get("text", "").encode()
    preview = lens_csv.read(session, data)
    if request.form.get("sure") and preview.good:
        session.close()
        with context.writing("imported", "lenses", rows=len(preview.rows)) as writes:
            lens_csv.store(writes, lens_csv.read(writes, data), context.utc_now())
        return redirect(url_for("lenses.index"), 303)
    text = data.decode("utf-8-sig", "replace") if preview.good else ""
    page = render_template("import.html", preview=preview, columns=lens_csv.COLUMNS, text=text)
    return page, 200 if preview.good else 422


@pages.get("/lenses.csv")
def lenses_csv() -> Response:
    """All lenses as CSV, fit to be imported again."""
    session = context.reading()
    found = session.scalars(select(Lens).order_by(Lens.tag)).all() if session else []
    return csv_file(lens_csv.write(found), "lenses.csv")


@pages.get("/labels.pdf")
def labels() -> Response:
    """Labels with QR codes for the lenses of a search."""
    from appliance.web.labels import SHEETS, label_sheets

    sheet = request.args.get("sheet", "a4-3x8")
    if sheet not in SHEETS:
        abort(404)
    tags = [tag.strip()[:40] for tag in request.args.get("tags", "").split(",") if tag.strip()]
    session, text = context.needed(), request.args.get("q", "").strip()[:120]
    if tags:
        found = [lens for tag in tags[:MOST_LABELS] if (lens := lens_of(session, tag))]
    else:
        found = [line.lens for line in find_lenses(session, text, limit=MOST_LABELS)]
    if not found:
        abort(404, "There is no lens to make a label for.")
    skip = min(max(request.args.get("skip", 0, type=int), 0), 200)
    base = context.settings().public_url or f"{request.scheme}://{request.host}"
    return pdf_file(label_sheets(found, base, sheet, skip), "labels.pdf")


@pages.get("/report/<path:tag>.pdf")
def lens_pdf(tag: str) -> Response:
    """A lens's report: trend, comparison, visits and adjustments."""
    from appliance.web.report import lens_report

    session = context.needed()
    found = context.lens_or_404(session, tag)
    data = lens_report(
        found,
        compare(session, found),
        find_checks(session, Filter(lens=tag), 30),
        visits.adjustments_of(session, found),
        context.settings().station_name,
    )
    return pdf_file(data, "lens.pdf")

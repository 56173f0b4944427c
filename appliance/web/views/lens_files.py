"""Lenses from and to files: CSV in and out, labels, and one lens's report."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from sqlalchemy import select

from appliance.store import lens_csv, visits
from appliance.store.access import OPERATOR
from appliance.store.compare import compare
from appliance.store.house import Lens
from appliance.store.search import Filter, find_checks, find_lenses, lens_of
from appliance.web import context
from appliance.web.label_sheets import SHEETS
from appliance.web.security import needs
from appliance.web.views.checks import csv_file, pdf_file
from appliance.web.views.lenses import MOST_LABELS

MOST_CHECKS, MOST_VISITS = 30, 12
"""In a lens's report."""

pages = Blueprint("lens_files", __name__)


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
    from appliance.web.labels import label_sheets

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
        find_checks(session, Filter(lens=tag), MOST_CHECKS),
        visits.visits_of(session, found, MOST_VISITS),
        visits.adjustments_of(session, found),
        context.settings().station_name,
    )
    return pdf_file(data, "lens.pdf")

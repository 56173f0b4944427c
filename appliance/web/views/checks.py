"""History and checks: find, look, compare, void, and carry away."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, Response, abort, redirect, render_template, request, send_file, url_for

from appliance.errors import UsageError
from appliance.focus.result import Verdict
from appliance.station.protocol import check_to_dict
from appliance.store import StoredCheck, lens_csv, visits
from appliance.store.access import OPERATOR
from appliance.store.models import Check
from appliance.store.search import LARGEST_NUMBER, Filter, find_checks
from appliance.web import context
from appliance.web.security import needs

CHECKS_PER_PAGE = 25
MOST_IN_A_FILE = 20_000
FOR_EVER = "public, max-age=31536000, immutable"
CSV_COLUMNS = (
    "check", "lens", "taken_at", "clock_synced", "verdict", "focus_error_mm", "focus_error_mm_u95",
    "focus_error_mm_at_least", "image_shift_um", "image_shift_um_u95", "tolerance_um", "focal_length_mm", "f_number",
    "operator", "visit", "reasons", "voided_at", "void_reason", "software_version", "uuid",
)  # fmt: skip

pages = Blueprint("checks", __name__)


def filter_of(args: Any) -> Filter:
    """The filter that a query string asks for; dates are days of the station's zone."""
    since, until = _day(args.get("since")), _day(args.get("until"))
    verdict = args.get("verdict", "")
    return Filter(
        lens=args.get("lens", "").strip()[:40],
        model=args.get("model", "").strip()[:120],
        verdict=verdict if verdict in (*Verdict.__members__, "FAIL") else "",
        operator=args.get("operator", "").strip()[:60],
        body=args.get("body", "").strip()[:40],
        visit=args.get("visit", type=int),
        rental=args.get("rental", "").strip()[:120],
        since=since,
        until=until + timedelta(days=1) if until else None,
        text=args.get("q", "").strip()[:120],
    )


def _day(text: str | None) -> datetime | None:
    try:
        return datetime.strptime(text or "", "%Y-%m-%d").astimezone()
    except (ValueError, OverflowError):
        return None


@pages.get("/checks")
def history() -> str:
    """All checks, newest first, as far as the filter lets them through."""
    before = request.args.get("before", type=int)
    wanted, session = filter_of(request.args), context.reading()
    checks = list(find_checks(session, wanted, CHECKS_PER_PAGE + 1, before)) if session else []
    older = checks[CHECKS_PER_PAGE - 1].sequence if len(checks) > CHECKS_PER_PAGE else None
    kept = {name: text for name, text in request.args.items() if text and name != "before"}
    return render_template(
        "history.html",
        checks=checks[:CHECKS_PER_PAGE],
        older=older,
        first=before is None,
        wanted=wanted,
        kept=kept,
    )


@pages.get("/checks.csv")
def history_csv() -> Response:
    """The filtered checks as CSV."""
    session = context.reading()
    checks = find_checks(session, filter_of(request.args), MOST_IN_A_FILE) if session else []
    return csv_file(lens_csv.table(CSV_COLUMNS, (_row(check) for check in checks)), "checks.csv")


def _row(check: StoredCheck) -> list[Any]:
    result, setup = check.result, check.setup
    return [
        check.sequence, check.lens_tag or "", check.taken_at.isoformat(timespec="seconds"), check.clock_synced,
        result.verdict.value, result.focus_error_mm, result.focus_error_mm_u95,
        result.focus_error_mm_at_least, result.image_shift_um, result.image_shift_um_u95, result.tolerance_um,
        setup.focal_length_mm, setup.f_number, check.operator or "", check.visit_id,
        " ".join(reason.code for reason in result.reasons),
        check.voided_at.isoformat(timespec="seconds") if check.voided_at else "", check.void_reason or "",
        check.software_version, check.uuid,
    ]  # fmt: skip


def csv_file(text: str, name: str) -> Response:
    """A CSV to be saved; with the mark by which spreadsheets know UTF-8."""
    headers = {"Content-Disposition": f"attachment; filename={name}"}
    return Response("\ufeff" + text, mimetype="text/csv", headers=headers)


def check_or_404(sequence: int) -> StoredCheck:
    """Check number ``sequence`` with everything in it."""
    kept = context.store()
    found = kept.get(sequence) if kept else None
    if found is None:
        abort(404)
    return found


@pages.get("/checks/<int:sequence>")
def check(sequence: int) -> str:
    """One check: verdict, advice, curve, photo, crops, figures."""
    return _check_page(sequence)


def _check_page(sequence: int, notice: str = "") -> str:
    found, session = check_or_404(sequence), context.needed()
    before = find_checks(session, Filter(lens=found.lens_tag), 1, sequence) if found.lens_tag else []
    return render_template(
        "check.html", check=found, before=before[0].sequence if before else None, notice=notice
    )


@pages.get("/checks/<int:sequence>.json")
def check_json(sequence: int) -> dict[str, Any]:
    """One check as JSON, edges and curve included."""
    return whole_check(check_or_404(sequence))


def whole_check(found: StoredCheck) -> dict[str, Any]:
    """A check with everything kept of it."""
    return {
        **check_to_dict(found),
        **found.result.to_dict(edges=True),
        "setup": asdict(found.setup),
        "camera": dict(found.camera),
        "software_version": found.software_version,
        "operator": found.operator,
        "visit": found.visit_id,
        "preview": found.preview_file,
        "raw": found.raw_file,
        "body": found.body_tag,
        "station": found.station,
        "temperature_c": found.temperature_c,
        "voided_at": found.voided_at.isoformat() if found.voided_at else None,
        "void_reason": found.void_reason,
    }


@pages.get("/checks/<int:sequence>.pdf")
def check_pdf(sequence: int) -> Response:
    """One check as a report to hand to a customer."""
    from appliance.web.report import check_report

    kept = context.store()
    found = check_or_404(sequence)
    photo = kept.picture(found.preview_file) if kept and found.preview_file else None
    lens = None
    if found.lens_tag and (session := context.reading()):
        lens = context.lens_or_404(session, found.lens_tag)
    data = check_report(found, lens, photo, context.settings().station_name)
    return pdf_file(data, f"check-{sequence}.pdf")


def pdf_file(data: bytes, name: str) -> Response:
    """A PDF that opens in the browser."""
    headers = {"Content-Disposition": f"inline; filename={name}"}
    return Response(data, mimetype="application/pdf", headers=headers)


@pages.post("/checks/<int:sequence>/void")
@needs(OPERATOR)
def void(sequence: int) -> Any:
    """Take a check out of every count, with a reason."""
    reason = request.form.get("reason", "")[:500]
    try:
        with context.writing("voided", f"check {sequence}", reason=reason) as session:
            row = session.get(Check, sequence) if sequence < LARGEST_NUMBER else None
            if row is None:
                abort(404)
            visits.void_check(session, row, reason, context.who(), context.utc_now())
    except UsageError as error:
        return _check_page(sequence, str(error)), 409
    return redirect(url_for("checks.check", sequence=sequence), 303)


@pages.get("/compare")
def compare() -> str:
    """Two checks side by side."""
    asked = [request.args.get(name, "").strip()[:20] for name in ("a", "b")]
    kept = context.store()
    found = [kept.get(int(text)) if kept and text.isdecimal() else None for text in asked]
    return render_template("compare.html", asked=asked, found=found)


@pages.get("/pictures/<name>")
def picture(name: str) -> Response:
    """A check's photo."""
    kept = context.store()
    file = kept.picture(name) if kept else None
    if file is None:
        abort(404)
    response = send_file(
        file, mimetype=f"image/{'jpeg' if file.suffix == '.jpg' else 'png'}", conditional=True
    )
    response.headers["Cache-Control"] = FOR_EVER
    return response

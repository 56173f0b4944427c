"""What the API tells."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from flask import Response, abort, jsonify
from sqlalchemy import select
from sqlalchemy.orm import Session

from appliance.store import StoredCheck, lens_csv, visits
from appliance.store._rows import stored
from appliance.store.access import ADMIN, trail
from appliance.store.compare import Figure, compare
from appliance.store.house import Lens, Visit
from appliance.store.search import Filter, find_checks, find_lenses, newest_of
from appliance.web import comparing, context
from appliance.web.api import models as m
from appliance.web.api._routes import route
from appliance.web.api.openapi import document
from appliance.web.views.checks import check_or_404, whole_check


def summary(check: StoredCheck) -> m.CheckSummary:
    """A check as lists give it."""
    result = check.result
    names = ("focus_error_mm", "focus_error_mm_u95", "focus_error_mm_at_least", "image_shift_um")
    return m.CheckSummary(
        check=check.sequence,
        uuid=check.uuid,
        lens=check.lens_tag,
        taken_at=check.taken_at,
        verdict=result.verdict.value,
        **{name: getattr(result, name) for name in names},
        image_shift_um_u95=result.image_shift_um_u95,
        tolerance_um=result.tolerance_um,
        reasons=[reason.code for reason in result.reasons],
        operator=check.operator,
        visit=check.visit_id,
        voided_at=check.voided_at,
        void_reason=check.void_reason,
    )


def lens_answer(session: Session, lens: Lens) -> m.LensAnswer:
    """A lens with its newest check."""
    answer = m.LensAnswer.model_validate(lens)
    newest = newest_of(session, lens)
    if newest is not None:
        answer.newest = summary(stored(newest, whole=False))
    return answer


def visit_answer(visit: Visit) -> m.VisitAnswer:
    """A visit."""
    names = ("id", "kind", "rental", "started_at", "done_at", "outcome", "note")
    return m.VisitAnswer(lens=visit.lens.tag, **{name: getattr(visit, name) for name in names})


def _midnight(day: date | None) -> datetime | None:
    return datetime.combine(day, time()).astimezone() if day is not None and 1 < day.year < 9999 else None


@route("GET", "/openapi.json", "This description")
def openapi() -> Response:
    """The OpenAPI document."""
    return jsonify(document())


@route("GET", "/checks", "Checks, newest first", query=m.CheckQuery, answer=m.Checks)
def list_checks(query: m.CheckQuery) -> m.Checks:
    """Checks that a filter lets through."""
    session = context.reading()
    until = _midnight(query.until)
    wanted = Filter(
        lens=query.lens,
        model=query.model,
        verdict=query.verdict or "",
        operator=query.operator,
        visit=query.visit,
        rental=query.rental,
        since=_midnight(query.since),
        until=until + timedelta(days=1) if until else None,
        text=query.q,
    )
    found = list(find_checks(session, wanted, query.limit + 1, query.before)) if session else []
    following = found[query.limit - 1].sequence if len(found) > query.limit else None
    return m.Checks(checks=[summary(check) for check in found[: query.limit]], next=following)


@route("GET", "/checks/{check}", "One check with edges and curve", answer=m.Whole)
def get_check(check: int) -> dict[str, Any]:
    """Everything kept of a check."""
    return whole_check(check_or_404(check))


@route("GET", "/checks/{check}/report", "One check's report", media="application/pdf")
def get_report(check: int) -> Response:
    """The PDF report."""
    from appliance.web.views.checks import check_pdf

    return check_pdf(check)


@route("GET", "/lenses", "Lenses by tag", query=m.LensQuery, answer=m.Lenses)
def list_lenses(query: m.LensQuery) -> m.Lenses:
    """Lenses that a search finds."""
    session = context.reading()
    lines = list(find_lenses(session, query.q, query.status, query.limit + 1, query.after)) if session else []
    answers = []
    for line in lines[: query.limit]:
        answer = m.LensAnswer.model_validate(line.lens)
        answer.newest = summary(line.check) if line.check else None
        answers.append(answer)
    return m.Lenses(
        lenses=answers, next=lines[query.limit - 1].lens.tag if len(lines) > query.limit else None
    )


@route("GET", "/lenses/{tag}", "One lens", answer=m.LensAnswer)
def get_lens(tag: str) -> m.LensAnswer:
    """A lens with its newest check."""
    session = context.needed()
    return lens_answer(session, context.lens_or_404(session, tag))


@route(
    "GET", "/lenses/{tag}/comparison", "One lens against its past and its model", answer=m.ComparisonAnswer
)
def get_comparison(tag: str) -> m.ComparisonAnswer:
    """Baseline, change-point and model, in words and figures."""
    session = context.needed()
    found = compare(session, context.lens_or_404(session, tag))
    return m.ComparisonAnswer(
        sentences=comparing.sentences(found),
        focal_length_mm=found.focal_length_mm,
        image_shift_um=_figure(found.shift),
        mtf50_lp_mm=_figure(found.sharpness),
        checks=[sample.sequence for sample in found.samples],
    )


def _figure(figure: Figure) -> m.FigureAnswer:
    change = figure.change
    return m.FigureAnswer(
        latest=figure.latest,
        baseline=m.MiddleAnswer.model_validate(figure.baseline) if figure.baseline else None,
        model=m.MiddleAnswer.model_validate(figure.model) if figure.model else None,
        change="step" if change and change.kind == "step" else "drift" if change else None,
        change_amount=change.amount if change else None,
        change_check=figure.changed.sequence if figure.changed else None,
        change_visit=figure.since.id if figure.since else None,
    )


@route("GET", "/lenses/{tag}/adjustments", "A lens's adjustments", answer=m.Adjustments)
def list_adjustments(tag: str) -> m.Adjustments:
    """Adjustments, newest first."""
    session = context.needed()
    found = visits.adjustments_of(session, context.lens_or_404(session, tag))
    return m.Adjustments(adjustments=[m.AdjustmentAnswer.model_validate(made) for made in found])


@route("GET", "/lenses.csv", "All lenses as CSV", media="text/csv")
def get_lenses_csv() -> Response:
    """CSV that can be imported again."""
    session = context.reading()
    found = session.scalars(select(Lens).order_by(Lens.tag)).all() if session else []
    return Response(lens_csv.write(found), mimetype="text/csv")


@route("GET", "/visits", "Visits, newest first", query=m.VisitQuery, answer=m.Visits)
def list_visits(query: m.VisitQuery) -> m.Visits:
    """Visits of all lenses."""
    session = context.reading()
    found = visits.find_visits(session, query.open, query.limit, query.before) if session else []
    return m.Visits(visits=[visit_answer(visit) for visit in found])


@route("GET", "/visits/{visit}", "One visit", answer=m.VisitAnswer)
def get_visit(visit: int) -> m.VisitAnswer:
    """A visit."""
    found = visits.find_visit(context.needed(), visit)
    if found is None:
        abort(404)
    return visit_answer(found)


@route("GET", "/station", "The station's state", answer=m.StationAnswer)
def get_station() -> dict[str, Any]:
    """State, OLED picture and live figures."""
    return context.station().state().to_dict()


@route("GET", "/health", "Whether everything answers", answer=m.HealthAnswer)
def get_health() -> m.HealthAnswer:
    """As ``/healthz``, always with status 200."""
    state = context.state()
    return m.HealthAnswer(station=state.phase.value if state else "down", records=context.store() is not None)


@route("GET", "/audit", "Who changed what", role=ADMIN, query=m.AuditQuery, answer=m.AuditAnswer)
def list_audit(query: m.AuditQuery) -> m.AuditAnswer:
    """The audit trail."""
    names = ("id", "at", "who", "address", "action", "subject", "detail")
    found = trail(context.needed(), limit=query.limit, before=query.before)
    return m.AuditAnswer(lines=[{name: getattr(line, name) for name in names} for line in found])

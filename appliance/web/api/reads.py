"""What the API tells."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from flask import Response, abort, jsonify
from sqlalchemy import select
from sqlalchemy.orm import Session

from appliance.store import StoredCheck, lens_csv, visits
from appliance.store._rows import stored
from appliance.store.access import ADMIN, PHONE, TOKEN, all_access, trail
from appliance.store.compare import Figure, compare
from appliance.store.house import Lens, Visit, Webhook
from appliance.store.search import Filter, find_checks, find_lenses, newest_of
from appliance.web import comparing, context
from appliance.web.api import answers as a
from appliance.web.api import asked as q
from appliance.web.api._routes import route
from appliance.web.api.openapi import document
from appliance.web.settings_groups import grouped_settings
from appliance.web.views.checks import check_or_404, whole_check


def summary(check: StoredCheck) -> a.CheckSummary:
    """A check as lists give it."""
    result = check.result
    names = ("focus_error_mm", "focus_error_mm_u95", "focus_error_mm_at_least", "image_shift_um")
    return a.CheckSummary(
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


def lens_answer(session: Session, lens: Lens) -> a.LensAnswer:
    """A lens with its newest check."""
    answer = a.LensAnswer.model_validate(lens)
    newest = newest_of(session, lens)
    if newest is not None:
        answer.newest = summary(stored(newest, whole=False))
    return answer


def visit_answer(visit: Visit) -> a.VisitAnswer:
    """A visit."""
    names = ("id", "kind", "rental", "started_at", "done_at", "outcome", "note")
    return a.VisitAnswer(lens=visit.lens.tag, **{name: getattr(visit, name) for name in names})


def _midnight(day: date | None) -> datetime | None:
    return datetime.combine(day, time()).astimezone() if day is not None and 1 < day.year < 9999 else None


@route("GET", "/openapi.json", "This description")
def openapi() -> Response:
    """The OpenAPI document."""
    return jsonify(document())


@route("GET", "/checks", "Checks, newest first", query=q.CheckQuery, answer=a.Checks)
def list_checks(query: q.CheckQuery) -> a.Checks:
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
        body=query.body,
        since=_midnight(query.since),
        until=until + timedelta(days=1) if until else None,
        text=query.q,
    )
    found = list(find_checks(session, wanted, query.limit + 1, query.before)) if session else []
    following = found[query.limit - 1].sequence if len(found) > query.limit else None
    return a.Checks(checks=[summary(check) for check in found[: query.limit]], next=following)


@route("GET", "/checks/{check}", "One check with edges and curve", answer=a.Whole)
def get_check(check: int) -> dict[str, Any]:
    """Everything kept of a check."""
    return whole_check(check_or_404(check))


@route("GET", "/checks/{check}/report", "One check's report", media="application/pdf")
def get_report(check: int) -> Response:
    """The PDF report."""
    from appliance.web.views.checks import check_pdf

    return check_pdf(check)


@route("GET", "/lenses", "Lenses by tag", query=q.LensQuery, answer=a.Lenses)
def list_lenses(query: q.LensQuery) -> a.Lenses:
    """Lenses that a search finds."""
    session = context.reading()
    lines = list(find_lenses(session, query.q, query.status, query.limit + 1, query.after)) if session else []
    answers = []
    for line in lines[: query.limit]:
        answer = a.LensAnswer.model_validate(line.lens)
        answer.newest = summary(line.check) if line.check else None
        answers.append(answer)
    return a.Lenses(
        lenses=answers, next=lines[query.limit - 1].lens.tag if len(lines) > query.limit else None
    )


@route("GET", "/lenses/{tag}", "One lens", answer=a.LensAnswer)
def get_lens(tag: str) -> a.LensAnswer:
    """A lens with its newest check."""
    session = context.needed()
    return lens_answer(session, context.lens_or_404(session, tag))


@route(
    "GET", "/lenses/{tag}/comparison", "One lens against its past and its model", answer=a.ComparisonAnswer
)
def get_comparison(tag: str) -> a.ComparisonAnswer:
    """Baseline, change-point and model, in words and figures."""
    session = context.needed()
    found = compare(session, context.lens_or_404(session, tag))
    return a.ComparisonAnswer(
        sentences=comparing.sentences(found),
        focal_length_mm=found.focal_length_mm,
        image_shift_um=_figure(found.shift),
        mtf50_lp_mm=_figure(found.sharpness),
        checks=[sample.sequence for sample in found.samples],
    )


def lens_in_full(session: Session, lens: Lens) -> dict[str, Any]:
    """Everything the lens's page says, in the API's own shapes, as JSON takes it."""
    found = find_checks(session, Filter(lens=lens.tag), 200)
    return {
        "lens": lens_answer(session, lens).model_dump(mode="json"),
        "comparison": get_comparison(lens.tag).model_dump(mode="json"),
        "adjustments": list_adjustments(lens.tag).model_dump(mode="json")["adjustments"],
        "visits": [visit_answer(visit).model_dump(mode="json") for visit in visits.visits_of(session, lens)],
        "checks": [summary(check).model_dump(mode="json") for check in found],
    }


def _figure(figure: Figure) -> a.FigureAnswer:
    change = figure.change
    return a.FigureAnswer(
        latest=figure.latest,
        baseline=a.MiddleAnswer.model_validate(figure.baseline) if figure.baseline else None,
        model=a.MiddleAnswer.model_validate(figure.model) if figure.model else None,
        change="step" if change and change.kind == "step" else "drift" if change else None,
        change_amount=change.amount if change else None,
        change_check=figure.changed.sequence if figure.changed else None,
        change_visit=figure.since.id if figure.since else None,
    )


@route("GET", "/lenses/{tag}/adjustments", "A lens's adjustments", answer=a.Adjustments)
def list_adjustments(tag: str) -> a.Adjustments:
    """Adjustments, newest first."""
    session = context.needed()
    found = visits.adjustments_of(session, context.lens_or_404(session, tag))
    return a.Adjustments(adjustments=[a.AdjustmentAnswer.model_validate(made) for made in found])


@route("GET", "/lenses.csv", "All lenses as CSV", media="text/csv")
def get_lenses_csv() -> Response:
    """CSV that can be imported again."""
    session = context.reading()
    found = session.scalars(select(Lens).order_by(Lens.tag)).all() if session else []
    return Response(lens_csv.write(found), mimetype="text/csv")


@route("GET", "/visits", "Visits, newest first", query=q.VisitQuery, answer=a.Visits)
def list_visits(query: q.VisitQuery) -> a.Visits:
    """Visits of all lenses."""
    session = context.reading()
    found = visits.find_visits(session, query.open, query.limit, query.before) if session else []
    return a.Visits(visits=[visit_answer(visit) for visit in found])


@route("GET", "/visits/{visit}", "One visit", answer=a.VisitAnswer)
def get_visit(visit: int) -> a.VisitAnswer:
    """A visit."""
    found = visits.find_visit(context.needed(), visit)
    if found is None:
        abort(404)
    return visit_answer(found)


@route("GET", "/station", "The station's state", answer=a.StationAnswer)
def get_station() -> dict[str, Any]:
    """State, OLED picture and live figures."""
    return context.station().state().to_dict()


@route("GET", "/settings", "How the station is set", answer=a.SettingsAnswer)
def list_settings() -> a.SettingsAnswer:
    """Every setting with its value, default and purpose."""
    groups = grouped_settings(context.settings())
    names = ("name", "value", "default", "description")
    shown = [setting for group in groups.values() for setting in group]
    return a.SettingsAnswer(settings=[{name: getattr(row, name) for name in names} for row in shown])


@route("GET", "/access", "Paired phones and API tokens", role=ADMIN, answer=a.AccessAnswer)
def list_access() -> a.AccessAnswer:
    """Who has access; secrets are not kept, so none can be told."""
    session = context.needed()
    found = [*all_access(session, PHONE), *all_access(session, TOKEN)]
    names = ("id", "kind", "label", "role", "created_at", "used_at")
    return a.AccessAnswer(access=[{name: getattr(row, name) for name in names} for row in found])


@route("GET", "/webhooks", "Where each check is sent", role=ADMIN, answer=a.Webhooks)
def list_webhooks() -> a.Webhooks:
    """Webhooks and how they fare, without their secrets."""
    hooks = select(Webhook).where(Webhook.removed_at.is_(None)).order_by(Webhook.id)
    names = ("id", "url", "failures", "last_error", "delivered_at")
    found = context.needed().scalars(hooks).all()
    return a.Webhooks(webhooks=[{name: getattr(row, name) for name in names} for row in found])


@route("GET", "/health", "Whether everything answers", answer=a.HealthAnswer)
def get_health() -> a.HealthAnswer:
    """As ``/healthz``, always with status 200."""
    state = context.state()
    return a.HealthAnswer(station=state.phase.value if state else "down", records=context.store() is not None)


@route("GET", "/audit", "Who changed what", role=ADMIN, query=q.AuditQuery, answer=a.AuditAnswer)
def list_audit(query: q.AuditQuery) -> a.AuditAnswer:
    """The audit trail."""
    names = ("id", "at", "who", "address", "action", "subject", "detail")
    found = trail(context.needed(), limit=query.limit, before=query.before)
    return a.AuditAnswer(lines=[{name: getattr(line, name) for name in names} for line in found])

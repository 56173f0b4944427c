"""Guided checks in the records: begun, gone on with, concluded. Every function is part of a transaction."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from appliance.config import SOFTWARE_VERSION
from appliance.errors import UsageError
from appliance.focus.result import Curve, Result, Setup
from appliance.guides.case import COVERAGE_95, BodyFacts, Case, Observation, Past, Trend
from appliance.guides.catalogue import procedure_named
from appliance.guides.finding import Finding
from appliance.guides.procedure import Step
from appliance.guides.run import Event, EventKind, Progress, conclude, fold
from appliance.store._facts import lens_facts
from appliance.store._rows import named, open_visit
from appliance.store.guide_tables import ACTIVE, DONE, OPEN_STATES, GuideEvent, GuideRun
from appliance.store.house import Body, Lens, Operator, Station
from appliance.store.models import Check, Shot
from appliance.store.search import LARGEST_NUMBER

MAX_PAST = 50
"""Earlier findings that a procedure is given: years of visits."""
MAX_TREND = 300
"""Checks of the lens's history that a procedure is given, as many as its trend shows."""


def start_run(
    session: Session,
    procedure: str,
    setup: Setup,
    at: datetime,
    *,
    lens_tag: str | None = None,
    body_tag: str | None = None,
    station: str | None = None,
    operator: Operator | None = None,
) -> GuideRun:
    """Begin a guided check; the one that was on the bench is paused.

    Raises
    ------
    UsageError
        If there is no such procedure, or it needs a lens or body that is not named.
    """
    wanted = procedure_named(procedure)
    if wanted.needs_lens and lens_tag is None:
        raise UsageError("Scan the lens first: this guided check belongs to one lens.")
    if wanted.needs_body and body_tag is None:
        raise UsageError("Name the camera body first: this guided check is of a lens on a body.")
    pause_all(session)
    lens = named(session, Lens, "tag", lens_tag, at)
    visit = open_visit(session, lens) if lens is not None and lens.id is not None else None
    run = GuideRun(
        uuid=str(uuid.uuid4()),
        procedure=procedure,
        lens=lens,
        body=named(session, Body, "tag", body_tag, at),
        station=named(session, Station, "name", station, at),
        operator=operator or (visit.operator if visit else None),
        visit=visit,
        status=ACTIVE,
        started_at=at,
        headline="",
        setup=asdict(setup),
        software_version=SOFTWARE_VERSION,
        events=[],
    )
    session.add(run)
    session.flush()
    return run


def add_event(
    session: Session,
    run: GuideRun,
    kind: EventKind,
    step: str,
    at: datetime,
    data: Mapping[str, Any] | None = None,
) -> None:
    """Add what happened at a step; photos come with their check instead (:class:`~appliance.store.GuideLink`)."""
    run.events.append(GuideEvent(kind=kind.value, step=step, data=dict(data or {}), at=at))
    session.flush()


def pause_all(session: Session) -> None:
    """Take whatever guided check is on the bench off it; it can be gone on with."""
    for run in session.scalars(select(GuideRun).where(GuideRun.status == ACTIVE)):
        run.status = "paused"


def end_run(session: Session, run: GuideRun, status: str, at: datetime, finding: Finding | None) -> None:
    """Conclude a run (``DONE``) or give it up (``LEFT``); what it gave is kept either way."""
    run.status, run.ended_at = status, at
    if finding is not None:
        run.finding, run.verdict, run.headline = finding.to_dict(), finding.verdict.value, finding.headline
    session.flush()


def find_run(session: Session, uuid: str) -> GuideRun | None:
    """The run of that identifier."""
    return session.scalars(select(GuideRun).where(GuideRun.uuid == uuid)).first()


def active_run(session: Session) -> GuideRun | None:
    """The run that is on the bench."""
    query = select(GuideRun).where(GuideRun.status == ACTIVE).order_by(GuideRun.id.desc()).limit(1)
    return session.scalars(query).first()


def find_runs(
    session: Session,
    *,
    lens: Lens | None = None,
    procedure: str = "",
    open_only: bool = False,
    limit: int = 50,
    before: int | None = None,
) -> Sequence[GuideRun]:
    """Runs, newest first."""
    query = select(GuideRun).order_by(GuideRun.id.desc()).limit(limit)
    if lens is not None:
        query = query.where(GuideRun.lens_id == lens.id)
    if procedure:
        query = query.where(GuideRun.procedure == procedure)
    if open_only:
        query = query.where(GuideRun.status.in_(OPEN_STATES))
    if before is not None:
        query = query.where(GuideRun.id < min(before, LARGEST_NUMBER))
    return session.scalars(query).all()


def progress_of(session: Session, run: GuideRun) -> Progress:
    """Where a run stands, folded from its events."""
    return fold(procedure_named(run.procedure), start_case(session, run), events_of(session, run))


def finding_of(session: Session, run: GuideRun) -> Finding:
    """What a run concludes: as kept if it is done, else of what there is so far."""
    if run.status == DONE and run.finding is not None:
        return Finding.from_dict(run.finding)
    return conclude(procedure_named(run.procedure), progress_of(session, run).case)


def events_of(session: Session, run: GuideRun) -> list[Event]:
    """A run's events in order, with what their photos gave; those of voided checks are left out."""
    query = (
        select(GuideEvent)
        .where(GuideEvent.run_id == run.id)
        .order_by(GuideEvent.id)
        .options(selectinload(GuideEvent.check).selectinload(Check.body))
    )
    curves = _curves(session, run)
    events = []
    for row in session.scalars(query):
        check = row.check
        if check is not None and check.voided_at is not None:
            continue
        photo = None if check is None else observation_of(row.step, check, curves.get(check.sequence))
        events.append(Event(EventKind(row.kind), row.step, row.data, photo))
    return events


def _curves(session: Session, run: GuideRun) -> dict[int, Curve]:
    """The through-focus curves of a run's photos by check; without the edges beside them, which are far larger."""
    query = (
        select(Shot.check_sequence, Shot.curve)
        .join(GuideEvent, GuideEvent.check_sequence == Shot.check_sequence)
        .where(GuideEvent.run_id == run.id, Shot.curve.is_not(None))
    )
    return {
        sequence: Curve(kept["frequency_cpp"], tuple(kept["depth_mm"]), tuple(kept["contrast"]))
        for sequence, kept in session.execute(query)
    }


def observation_of(step: str, check: Check, curve: Curve | None = None) -> Observation:
    """What a check gave to a step, with its through-focus curve where one was kept."""
    return Observation.of(
        step,
        check.sequence,
        check.taken_at,
        Setup.from_dict(check.setup),
        Result.from_dict(check.result),  # without edges and curve, which no procedure asks for
        curve=curve,
        temperature_c=check.temperature_c,
        lens_tag=check.lens.tag if check.lens else None,
        body_tag=check.body.tag if check.body else None,
        operator=check.operator.name if check.operator else None,
    )


def start_case(session: Session, run: GuideRun) -> Case:
    """What a run knew before its first event: lens, body, and what was found of them before."""
    return Case(
        setup=Setup.from_dict(run.setup),
        lens=lens_facts(run.lens),
        body=BodyFacts() if run.body is None else BodyFacts(run.body.tag, run.body.maker, run.body.model),
        past=_past(session, run),
        trend=_trend(session, run),
    )


def _past(session: Session, run: GuideRun) -> tuple[Past, ...]:
    query = select(GuideRun).where(
        GuideRun.procedure == run.procedure, GuideRun.status == DONE, GuideRun.id < run.id
    )
    query = query.where(GuideRun.lens_id.is_(None) if run.lens is None else GuideRun.lens_id == run.lens.id)
    if run.body is not None:
        query = query.where(GuideRun.body_id == run.body.id)
    found = []
    for row in session.scalars(query.order_by(GuideRun.id.desc()).limit(MAX_PAST)):
        if row.finding is None:
            continue
        answers = {e.step: e.data for e in row.events if e.kind == EventKind.ANSWER.value}
        body = row.body.tag if row.body else None
        found.append(
            Past(row.uuid, row.ended_at or row.started_at, Finding.from_dict(row.finding), body, answers)
        )
    return tuple(found)


def _trend(session: Session, run: GuideRun) -> tuple[Trend, ...]:
    if run.lens is None:
        return ()
    query = (
        select(Check)
        .where(
            Check.lens_id == run.lens.id,
            Check.purpose == "",
            Check.voided_at.is_(None),
            Check.image_shift_um.is_not(None),
            Check.taken_at <= run.started_at,
        )
        .order_by(Check.sequence.desc())
        .limit(MAX_TREND)
    )
    return tuple(
        Trend(
            check.sequence,
            check.taken_at,
            check.image_shift_um or 0.0,
            (check.image_shift_um_u95 or 0.0) / 1.96,
            check.temperature_c,
            check.focal_length_mm,
            check.result.get("magnification"),
        )
        for check in reversed(session.scalars(query).all())
    )


def run_view(session: Session, run: GuideRun) -> dict[str, Any]:
    """A run as JSON: what station, page, command line and API show of it.

    ``step`` is None once nothing is left to do; ``handled`` lists the steps that can be repeated; ``last`` is the
    newest photo that counts; ``finding`` stands once the run is done.
    """
    procedure = procedure_named(run.procedure)
    progress = progress_of(session, run)
    case, step = progress.case, progress.step if run.status in OPEN_STATES else None
    newest = max(case.photos.values(), key=lambda photo: photo.sequence, default=None)
    return {
        "uuid": run.uuid,
        "procedure": run.procedure,
        "title": procedure.title,
        "status": run.status,
        "lens": run.lens.tag if run.lens else None,
        "body": run.body.tag if run.body else None,
        "started_at": run.started_at.isoformat(timespec="seconds"),
        "step": None if step is None else _step_view(step),
        "number": progress.number,
        "of": progress.of,
        "problem": progress.problem,
        "handled": [
            {"key": known.key, "title": known.title, "skipped": known.key in case.skipped}
            for known in procedure.steps(case)
            if case.handled(known.key)
        ],
        "last": None if newest is None else _photo_view(newest),
        "finding": run.finding,
    }


def _step_view(step: Step) -> dict[str, Any]:
    view = asdict(step)
    del view["bench"]
    return {**view, "kind": step.kind.value}


def _photo_view(photo: Observation) -> dict[str, Any]:
    return {
        "step": photo.step,
        "check": photo.sequence,
        "verdict": photo.verdict.value,
        "image_shift_um": photo.image_shift_um,
        "image_shift_um_u95": None if photo.image_shift_um is None else COVERAGE_95 * photo.u_um,
        "focus_error_mm": photo.focus_error_mm,
        "side": photo.side,
        "focal_length_mm": photo.setup.focal_length_mm,
        "f_number": photo.setup.f_number,
    }

"""What people do with lenses and checks: visits, adjustments, voiding. Every function is part of a transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from appliance.errors import UsageError
from appliance.store._rows import open_visit
from appliance.store.house import (
    ADJUSTMENT_KINDS,
    CHECK_OUT,
    IN_SERVICE,
    LENS_STATES,
    MAINTENANCE,
    VISIT_KINDS,
    Adjustment,
    Lens,
    Operator,
    Visit,
)
from appliance.store.models import Check
from appliance.store.search import LARGEST_NUMBER


def start_visit(
    session: Session, lens: Lens, kind: str, rental: str, operator: Operator | None, at: datetime
) -> Visit:
    """Begin a check-out or a return; the lens's checks belong to it until it is done.

    Raises
    ------
    UsageError
        If the lens is in a visit already, or is to go out while in maintenance or retired.
    """
    if kind not in VISIT_KINDS:
        raise UsageError(f"A visit is a {VISIT_KINDS[0]} or a {VISIT_KINDS[1]}, not {kind!r}.")
    if open_visit(session, lens) is not None:
        raise UsageError(f"Lens {lens.tag} is in a visit that is not done yet. Finish that one first.")
    if kind == CHECK_OUT and lens.status != IN_SERVICE:
        raise UsageError(
            f"Lens {lens.tag} is not to go out: {lens.status}{f' ({lens.status_note})' if lens.status_note else ''}. "
            "Clear it on its page once it is put right."
        )
    visit = Visit(lens=lens, kind=kind, rental=rental, operator=operator, started_at=at, note="")
    session.add(visit)
    session.flush()
    return visit


def visit_under_way(session: Session, lens: Lens) -> Visit | None:
    """The visit that the lens is in just now."""
    return open_visit(session, lens)


def finish_visit(session: Session, visit: Visit, note: str, at: datetime) -> None:
    """End a visit; its outcome is its last check's that counts.

    Raises
    ------
    UsageError
        If it has ended already.
    """
    if visit.done_at is not None:
        raise UsageError("This visit is done already.")
    visit.done_at, visit.note = at, note
    visit.outcome = _outcome(session, visit)


def _outcome(session: Session, visit: Visit) -> str | None:
    query = select(Check.verdict).where(
        Check.visit_id == visit.id, Check.voided_at.is_(None), Check.purpose == ""
    )
    return session.scalars(query.order_by(Check.sequence.desc()).limit(1)).first()


def find_visit(session: Session, number: int) -> Visit | None:
    """The visit of that number."""
    return session.get(Visit, number) if 0 < number < LARGEST_NUMBER else None


def visits_of(session: Session, lens: Lens, limit: int = 100) -> Sequence[Visit]:
    """The lens's visits, newest first."""
    query = select(Visit).where(Visit.lens_id == lens.id).order_by(Visit.id.desc()).limit(limit)
    return session.scalars(query).all()


def find_visits(session: Session, open_only: bool, limit: int, before: int | None = None) -> Sequence[Visit]:
    """Visits of all lenses, newest first."""
    query = select(Visit).order_by(Visit.id.desc()).limit(limit)
    if open_only:
        query = query.where(Visit.done_at.is_(None))
    if before is not None:
        query = query.where(Visit.id < min(before, LARGEST_NUMBER))
    return session.scalars(query).all()


def set_status(lens: Lens, status: str, note: str) -> None:
    """Put a lens in service, in maintenance, or retire it.

    Raises
    ------
    UsageError
        If there is no such state, or no reason is given for clearing.
    """
    if status not in LENS_STATES:
        raise UsageError(f"A lens is {', '.join(LENS_STATES)}; there is no state {status!r}.")
    if lens.status == MAINTENANCE and status == IN_SERVICE and not note.strip():
        raise UsageError("Say what was put right before the lens is cleared.")
    lens.status, lens.status_note = status, note.strip()


def void_check(session: Session, check: Check, reason: str, who: str, at: datetime) -> None:
    """Take a check out of every count and comparison, with a reason; it stays readable.

    Raises
    ------
    UsageError
        If no reason is given or it was voided before.
    """
    if not reason.strip():
        raise UsageError("Say why this check does not count; the reason stays with it.")
    if check.voided_at is not None:
        raise UsageError(f"Check {check.sequence} has been voided already.")
    check.voided_at, check.voided_by, check.void_reason = at, who, reason.strip()
    session.flush()
    if check.visit is not None:
        check.visit.outcome = _outcome(session, check.visit)


def add_adjustment(
    session: Session,
    lens: Lens,
    kind: str,
    amount: float | None,
    note: str,
    operator: Operator | None,
    at: datetime,
) -> Adjustment:
    """Note what was turned or shimmed; the newest check is the one before, the next one will be the one after.

    Raises
    ------
    UsageError
        If there is no such kind.
    """
    if kind not in ADJUSTMENT_KINDS:
        raise UsageError(f"An adjustment is one of: {', '.join(ADJUSTMENT_KINDS)}.")
    newest = select(Check.sequence).where(
        Check.lens_id == lens.id, Check.voided_at.is_(None), Check.purpose == ""
    )
    before = session.scalars(newest.order_by(Check.sequence.desc()).limit(1)).first()
    adjustment = Adjustment(
        lens_id=lens.id,
        operator=operator,
        kind=kind,
        amount=amount,
        unit=ADJUSTMENT_KINDS[kind],
        note=note,
        made_at=at,
        before_sequence=before,
    )
    session.add(adjustment)
    return adjustment


def adjustments_of(session: Session, lens: Lens, limit: int = 100) -> Sequence[Adjustment]:
    """The lens's adjustments, newest first."""
    query = select(Adjustment).where(Adjustment.lens_id == lens.id).order_by(Adjustment.id.desc())
    return session.scalars(query.limit(limit)).all()

"""Finds checks and lenses among many: filters that use an index, and paging that stays fast at any depth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from appliance.store._records import StoredCheck
from appliance.store._rows import SUMMARY_ONLY, stored
from appliance.store.house import Body, Lens, Operator, Visit
from appliance.store.models import Check

FEW_LENSES = 40
"""Up to this many lenses are looked up one by one; among more, the newest checks are walked through."""
LARGEST_NUMBER = 2**31 - 1
"""No record has a larger number: PostgreSQL's integers end there, and would refuse the question."""


@dataclass(frozen=True)
class Filter:
    """Which checks are wanted; everything empty is all of them."""

    lens: str = ""
    """A tag, whole."""
    model: str = ""
    """Part of maker and model."""
    verdict: str = ""
    """A verdict, or ``FAIL`` for either side."""
    operator: str = ""
    body: str = ""
    """A camera body's tag, whole."""
    visit: int | None = None
    rental: str = ""
    since: datetime | None = None
    until: datetime | None = None
    text: str = ""
    """Part of tag, serial, maker or model, or a rental's reference."""

    @property
    def empty(self) -> bool:
        """Whether nothing is filtered."""
        return all(getattr(self, field.name) == field.default for field in fields(self))


def like(text: str) -> str:
    """``text`` as a pattern for ILIKE that finds it anywhere, its own wildcards taken as they are."""
    return "%" + text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"


def find_checks(
    session: Session, wanted: Filter, limit: int, before: int | None = None
) -> Sequence[StoredCheck]:
    """Up to ``limit`` checks, newest first, all older than number ``before``; without edges and curve."""
    conditions = _conditions(session, wanted)
    if any(condition is None for condition in conditions):
        return []
    query = select(Check).order_by(Check.sequence.desc()).limit(limit).options(*SUMMARY_ONLY)
    if before is not None:
        query = query.where(Check.sequence < min(before, LARGEST_NUMBER))
    for condition in conditions:
        if condition is not None:
            query = query.where(condition)
    return [stored(check, whole=False) for check in session.scalars(query)]


def _conditions(session: Session, wanted: Filter) -> list[ColumnElement[bool] | None]:
    """What a filter asks of a check; None among them where nothing can meet it."""
    conditions: list[ColumnElement[bool] | None] = []
    if wanted.lens:
        conditions.append(_among(session, Lens.tag == wanted.lens))
    if wanted.model:
        conditions.append(
            _among(session, (Lens.maker + " " + Lens.model).ilike(like(wanted.model), escape="\\"))
        )
    if wanted.verdict == "FAIL":
        conditions.append(Check.verdict.in_(("FAIL_BACK", "FAIL_FRONT")))
    elif wanted.verdict:
        conditions.append(Check.verdict == wanted.verdict)
    if wanted.operator:
        found = session.scalar(select(Operator.id).where(Operator.name == wanted.operator))
        conditions.append(None if found is None else Check.operator_id == found)
    if wanted.body:
        body = session.scalar(select(Body.id).where(Body.tag == wanted.body))
        conditions.append(None if body is None else Check.body_id == body)
    if wanted.visit is not None:
        conditions.append(Check.visit_id == min(wanted.visit, LARGEST_NUMBER))
    if wanted.rental:
        visits = session.scalars(select(Visit.id).where(Visit.rental == wanted.rental)).all()
        conditions.append(Check.visit_id.in_(visits) if visits else None)
    if wanted.since or wanted.until:
        conditions.append(_between(session, wanted.since, wanted.until))
    if wanted.text:
        conditions.append(_with_text(session, wanted.text))
    return conditions


def _among(session: Session, which: ColumnElement[bool]) -> ColumnElement[bool] | None:
    """Checks of these lenses: by index for a few, else by walking the newest and asking of each."""
    lenses = session.scalars(select(Lens.id).where(which).limit(FEW_LENSES + 1)).all()
    if not lenses:
        return None
    if len(lenses) <= FEW_LENSES:
        return Check.lens_id.in_(lenses)
    # "+ 0" keeps the planner from sorting the checks of hundreds of lenses
    return (Check.lens_id + 0).in_(select(Lens.id).where(which))


def lens_text(text: str) -> ColumnElement[bool]:
    """Lenses with ``text`` in tag, serial, maker or model."""
    pattern = like(text)
    columns = (Lens.tag, Lens.serial, Lens.maker + " " + Lens.model)
    return or_(*(column.ilike(pattern, escape="\\") for column in columns))


def _with_text(session: Session, text: str) -> ColumnElement[bool] | None:
    visits = session.scalars(select(Visit.id).where(Visit.rental == text)).all()
    lenses = _among(session, lens_text(text))
    if not visits:
        return lenses
    of_rental = Check.visit_id.in_(visits)
    return of_rental if lenses is None else or_(of_rental, lenses)


def _between(session: Session, since: datetime | None, until: datetime | None) -> ColumnElement[bool] | None:
    """Checks of a span of time: as times may run backwards, first the numbers that lie in it, from the index alone."""
    inside = [Check.taken_at >= since] if since else []
    inside += [Check.taken_at < until] if until else []
    lowest, highest = session.execute(
        select(func.min(Check.sequence), func.max(Check.sequence)).where(*inside)
    ).one()
    if lowest is None:
        return None
    result: ColumnElement[bool] = Check.sequence.between(lowest, highest)
    for condition in inside:
        result = result & condition
    return result


@dataclass(frozen=True)
class LensLine:
    """A lens in a list: the lens and its newest check that counts."""

    lens: Lens
    check: StoredCheck | None


def newest_of(session: Session, lens: Lens, measured: bool = False) -> Check | None:
    """Newest check of a lens that counts: not voided, no guided check's; only those with a figure if ``measured``."""
    query = select(Check).where(Check.lens_id == lens.id, Check.voided_at.is_(None), Check.purpose == "")
    if measured:
        query = query.where(Check.image_shift_um.is_not(None))
    return session.scalars(query.options(*SUMMARY_ONLY).order_by(Check.sequence.desc()).limit(1)).first()


def find_lenses(
    session: Session, text: str = "", status: str = "", limit: int = 50, after: str = ""
) -> Sequence[LensLine]:
    """Up to ``limit`` lenses by tag, from the one after tag ``after``, each with its newest check."""
    query = select(Lens).order_by(Lens.tag).limit(limit)
    if text:
        query = query.where(lens_text(text))
    if status:
        query = query.where(Lens.status == status)
    if after:
        query = query.where(Lens.tag > after)
    lenses = session.scalars(query).all()
    newest = (
        select(Check.sequence)
        .where(Check.lens_id == Lens.id, Check.voided_at.is_(None), Check.purpose == "")
        .order_by(Check.sequence.desc())
        .limit(1)
        .correlate(Lens)
        .scalar_subquery()
    )
    numbers = session.scalars(select(newest).where(Lens.id.in_([lens.id for lens in lenses]))).all()
    found = select(Check).where(Check.sequence.in_([number for number in numbers if number is not None]))
    checks = {
        check.lens_id: stored(check, whole=False) for check in session.scalars(found.options(*SUMMARY_ONLY))
    }
    return [LensLine(lens, checks.get(lens.id)) for lens in lenses]


def lens_of(session: Session, tag: str) -> Lens | None:
    """The lens of that tag."""
    return session.scalars(select(Lens).where(Lens.tag == tag)).first()

"""What was measured of printed charts, by the title of their layout. Every function is part of a transaction.

Nothing is ever overwritten: to forget a reading is to add one without a value, to take one back is to add the one
before it again; the newest one counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from appliance.chart.layout import chart_names, title_of
from appliance.errors import BlurReadingError, UsageError
from appliance.focus.printed_chart import RULER_U95_MM, Print, blur_to_keep, checked_bar, checked_blur
from appliance.focus.result import Verdict
from appliance.store.house import PrintReading
from appliance.store.models import Check
from appliance.store.search import LARGEST_NUMBER

BAR, BLUR = "bar", "blur"
KINDS = (BAR, BLUR)
Kind = Literal["bar", "blur"]


def chart_title(name: str) -> str:
    """The title of the chart of that name or title: ``a4-general`` or ``a4-general v1``.

    Raises
    ------
    UsageError
        If there is no such chart in the family.
    """
    name = name.strip()
    found = next((known for known in chart_names() if name in (known, title_of(known))), None)
    if found is None:
        raise UsageError(
            f"There is no chart '{name[:40]}'; its name stands above the pattern, like a4-general."
        )
    return title_of(found)


def set_bar(
    session: Session, title: str, bar_mm: float, at: datetime, who: str, u95_mm: float = RULER_U95_MM
) -> PrintReading:
    """Keep what a ruler reads on the chart's bar of 100 mm, and how well (95 %), mm.

    Raises
    ------
    BarReadingError
        If it cannot be right.
    """
    value, u = checked_bar(bar_mm, u95_mm)
    return _add(session, title, BAR, value, u, "ruler", at, who)


def set_blur(
    session: Session, title: str, blur_um: float, u_um: float | None, at: datetime, who: str, source: str
) -> PrintReading:
    """Keep the print's spread and its standard uncertainty, µm, and in words where they come from.

    Raises
    ------
    BlurReadingError
        If no print has such a spread.
    """
    value, u = checked_blur(blur_um, u_um)
    return _add(session, title, BLUR, value, u, source, at, who)


def set_blur_from_check(
    session: Session, title: str, sequence: int | None, at: datetime, who: str
) -> PrintReading:
    """Keep the spread that a check of this chart shows; its last check that is no INVALID if ``sequence`` is None.

    Raises
    ------
    BlurReadingError
        If there is no such check, it was of another chart, or it shows the spread too badly to be kept.
    """
    if sequence is None:
        check = last_check(session, title)
        if check is None:
            raise BlurReadingError(
                f"There is no check of the chart {title} yet. Take the photo close up and press TEST."
            )
    else:
        found = session.get(Check, sequence) if 0 < sequence < LARGEST_NUMBER else None
        if found is None or found.voided_at is not None:
            raise BlurReadingError(f"There is no check {sequence} that counts.")
        if found.chart != title:
            raise BlurReadingError(
                f"Check {sequence} is not of the chart {title} but of {found.chart or 'none'}."
            )
        check = found
    blur, u = blur_to_keep(check.result.get("figures", {}))
    return _add(session, title, BLUR, blur, u, f"check {check.sequence}", at, who)


def last_check(session: Session, title: str) -> Check | None:
    """The newest check that showed this chart and counts."""
    query = select(Check).where(
        Check.chart == title, Check.voided_at.is_(None), Check.verdict != Verdict.INVALID.value
    )
    return session.scalars(query.order_by(Check.sequence.desc()).limit(1)).first()


def forget(session: Session, title: str, kind: str, at: datetime, who: str) -> PrintReading:
    """Take the chart for one that was not measured; the reading stays in its history.

    Raises
    ------
    UsageError
        If nothing is kept of it.
    """
    newest = next(iter(_newest(session, title, kind)), None)
    if newest is None or newest.value is None:
        raise UsageError(f"Of the chart {title} no {kind} is kept, so there is nothing to forget.")
    return _add(session, title, kind, None, None, "forgotten", at, who)


def take_back(session: Session, title: str, kind: str, at: datetime, who: str) -> PrintReading:
    """Go back to what was kept before the last change; done twice, it changes nothing.

    Raises
    ------
    UsageError
        If there was no change.
    """
    newest = _newest(session, title, kind)
    if not newest:
        raise UsageError(f"Of the chart {title} no {kind} was ever kept, so there is nothing to take back.")
    value, u = (newest[1].value, newest[1].standard_u) if len(newest) > 1 else (None, None)
    return _add(session, title, kind, value, u, "taken back", at, who)


def prints_kept(session: Session) -> dict[str, Print]:
    """What is known of every printed chart, by the title of its layout."""
    newest = select(func.max(PrintReading.id)).group_by(PrintReading.chart, PrintReading.kind)
    known: dict[str, dict[str, float | None]] = {}
    for row in session.scalars(select(PrintReading).where(PrintReading.id.in_(newest))):
        if row.value is None:
            continue
        names = ("bar_mm", "bar_u_mm") if row.kind == BAR else ("blur_um", "blur_u_um")
        known.setdefault(row.chart, {}).update(zip(names, (row.value, row.standard_u), strict=True))
    return {title: Print(**values) for title, values in known.items()}


def charts_seen(session: Session) -> list[str]:
    """Titles of the charts that checks have shown or that something is kept of, in order."""
    seen = set(session.scalars(select(Check.chart).where(Check.chart.is_not(None)).distinct()))
    seen |= set(session.scalars(select(PrintReading.chart).distinct()))
    return [title for title in map(title_of, chart_names()) if title in seen]


def readings_of(session: Session, title: str, limit: int = 50) -> Sequence[PrintReading]:
    """Everything ever kept or forgotten of a chart, newest first."""
    query = select(PrintReading).where(PrintReading.chart == title).order_by(PrintReading.id.desc())
    return session.scalars(query.limit(limit)).all()


def _newest(session: Session, title: str, kind: str) -> Sequence[PrintReading]:
    """The last two readings."""
    if kind not in KINDS:
        raise UsageError(f"Of a print a {' or a '.join(KINDS)} is kept, no '{kind[:40]}'.")
    query = select(PrintReading).where(PrintReading.chart == title, PrintReading.kind == kind)
    return session.scalars(query.order_by(PrintReading.id.desc()).limit(2)).all()


def _add(
    session: Session,
    title: str,
    kind: str,
    value: float | None,
    u: float | None,
    source: str,
    at: datetime,
    who: str,
) -> PrintReading:
    made = PrintReading(
        chart=title, kind=kind, value=value, standard_u=u, source=source, made_at=at, made_by=who
    )
    session.add(made)
    session.flush()
    return made

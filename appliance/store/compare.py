"""A lens against its own past and against the other copies of its model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from appliance.store.house import Adjustment, Baseline, Lens, Visit
from appliance.store.models import Check
from appliance.store.trend import Change, Middle, change, middle

MOST_SAMPLES = 300
FIRST_SAMPLES = 8
"""Where no baseline was set, a lens is compared with its first checks, up to this many."""
LEAST_COPIES = 4
MOST_COPIES = 200
_SHIFT, _MTF50 = "image_shift_um", "mtf50_lp_mm"


@dataclass(frozen=True)
class Sample:
    """One check's figures in a trend."""

    sequence: int
    at: datetime
    verdict: str
    image_shift_um: float
    image_shift_um_u95: float
    tolerance_um: float | None
    mtf50_lp_mm: float | None


@dataclass(frozen=True)
class Figure:
    """One figure's history: its baseline, the change found in it, and the other copies of the model."""

    name: str
    latest: float | None
    baseline: Middle | None
    change: Change | None
    changed: Sample | None
    """First check of the new level."""
    since: Visit | None
    """The visit that the change falls in."""
    model: Middle | None


@dataclass(frozen=True)
class Comparison:
    """Everything the lens page compares, for one focal length."""

    focal_length_mm: float | None
    focal_lengths_mm: tuple[float, ...]
    samples: tuple[Sample, ...]
    """Oldest first; voided and invalid checks are left out."""
    since_adjustment: int
    """Index of the first sample after the last adjustment; what is before it is not compared with."""
    baseline_kept: Baseline | None
    """The lens's baseline that somebody set."""
    model_kept: Baseline | None
    """The baseline that somebody set for its model."""
    shift: Figure
    sharpness: Figure


def counting(*conditions: ColumnElement[bool]) -> tuple[ColumnElement[bool], ...]:
    """Conditions of checks that tell of a lens: with a figure, not voided, and no photo of a guided check."""
    return *conditions, Check.voided_at.is_(None), Check.image_shift_um.is_not(None), Check.purpose == ""


def samples_of(session: Session, lens: Lens, focal_length_mm: float | None) -> list[Sample]:
    """The newest checks of a lens that count, up to ``MOST_SAMPLES``, oldest first; shifts in µm, MTF50 in lp/mm."""
    columns = (
        Check.sequence,
        Check.taken_at,
        Check.verdict,
        Check.image_shift_um,
        Check.image_shift_um_u95,
        Check.tolerance_um,
        Check.mtf50_lp_mm,
    )
    query = (
        select(*columns)
        .where(*counting(Check.lens_id == lens.id))
        .where(Check.focal_length_mm == focal_length_mm)
        .order_by(Check.sequence.desc())
        .limit(MOST_SAMPLES)
    )
    rows = session.execute(query).all()
    return [
        Sample(row[0], row[1], row[2], row[3], row[4] or 0.0, row[5], row[6])
        for row in reversed(rows)
        if row[3] is not None
    ]


def compare(session: Session, lens: Lens, focal_length_mm: float | None = None) -> Comparison:
    """Compare a lens with its own past and its model, at ``focal_length_mm`` or that of its newest check."""
    lengths = focal_lengths(session, lens)
    focal = focal_length_mm if focal_length_mm in lengths else (lengths[0] if lengths else None)
    samples = samples_of(session, lens, focal)
    adjusted = session.scalars(
        select(Adjustment.after_sequence)
        .where(Adjustment.lens_id == lens.id, Adjustment.after_sequence.is_not(None))
        .order_by(Adjustment.id.desc())
        .limit(1)
    ).first()
    start = next((k for k, s in enumerate(samples) if adjusted is not None and s.sequence >= adjusted), 0)
    kept, model_kept = baseline_of(session, lens, focal), model_baseline_of(session, lens, focal)
    if kept is not None and kept.first_sequence is not None and adjusted is not None:
        kept = kept if kept.first_sequence >= adjusted else None
    copies = figures_of_copies(session, lens, focal)
    figures = [
        _figure(session, lens, name, samples[start:], kept, model_kept, copies) for name in (_SHIFT, _MTF50)
    ]
    return Comparison(focal, tuple(sorted(lengths)), tuple(samples), start, kept, model_kept, *figures)


def focal_lengths(session: Session, lens: Lens) -> list[float]:
    """Focal lengths the lens was checked at, the newest check's first."""
    query = (
        select(Check.focal_length_mm)
        .where(Check.lens_id == lens.id, Check.focal_length_mm.is_not(None), Check.purpose == "")
        .order_by(Check.sequence.desc())
        .limit(MOST_SAMPLES)
    )
    return [value for value in dict.fromkeys(session.scalars(query)) if value is not None]


def baseline_of(session: Session, lens: Lens, focal_length_mm: float | None) -> Baseline | None:
    """The baseline somebody set for the lens at that focal length, the newest of several; None if it was cleared."""
    return _newest_kept(session, Baseline.lens_id == lens.id, focal_length_mm)


def model_baseline_of(session: Session, lens: Lens, focal_length_mm: float | None) -> Baseline | None:
    """The baseline somebody set for the lens's model at that focal length; None if it was cleared."""
    if not lens.model:
        return None
    of_model = (Baseline.maker == lens.maker) & (Baseline.model == lens.model)
    return _newest_kept(session, of_model, focal_length_mm)


def _newest_kept(
    session: Session, whose: ColumnElement[bool], focal_length_mm: float | None
) -> Baseline | None:
    query = select(Baseline).where(whose, Baseline.focal_length_mm == focal_length_mm)
    newest = session.scalars(query.order_by(Baseline.id.desc()).limit(1)).first()
    return newest if newest is not None and newest.count > 0 else None


def figures_of_copies(
    session: Session, lens: Lens, focal_length_mm: float | None, others_only: bool = True
) -> list[tuple[float, float | None]]:
    """Newest focus error (µm at the sensor) and MTF50 (lp/mm) of each other copy of the lens's model, or of all."""
    if not lens.model:
        return []
    newest = (
        select(Check.sequence)
        .where(*counting(Check.lens_id == Lens.id))
        .where(Check.focal_length_mm == focal_length_mm)
        .order_by(Check.sequence.desc())
        .limit(1)
        .correlate(Lens)
        .scalar_subquery()
    )
    query = (
        select(Check.image_shift_um, Check.mtf50_lp_mm)
        .select_from(Lens)
        .join(Check, Check.sequence == newest)
        .where(Lens.maker == lens.maker, Lens.model == lens.model)
        .limit(MOST_COPIES)
    )
    if others_only:
        query = query.where(Lens.id != lens.id)
    return [(row[0], row[1]) for row in session.execute(query) if row[0] is not None]


def _figure(
    session: Session,
    lens: Lens,
    name: str,
    samples: Sequence[Sample],
    kept: Baseline | None,
    model_kept: Baseline | None,
    copies: Sequence[tuple[float, float | None]],
) -> Figure:
    known = [sample for sample in samples if getattr(sample, name) is not None]
    values = [getattr(sample, name) for sample in known]
    days = [sample.at.timestamp() / 86400 for sample in known]
    found = change(values, days)
    changed = known[found.index] if found is not None and found.kind == "step" else None
    since = None
    if found is not None and changed is not None:
        since = visit_between(session, lens, known[found.index - 1].at, changed.at)
    others = [value for value in (row[0 if name == _SHIFT else 1] for row in copies) if value is not None]
    return Figure(
        name=name,
        latest=values[-1] if values else None,
        baseline=_kept_middle(kept, name) or middle(values[:FIRST_SAMPLES]),
        change=found,
        changed=changed,
        since=since,
        model=_kept_middle(model_kept, name) or (middle(others) if len(others) >= LEAST_COPIES else None),
    )


def _kept_middle(kept: Baseline | None, name: str) -> Middle | None:
    if kept is None:
        return None
    stem = "shift_um" if name == _SHIFT else name
    median, sigma = getattr(kept, f"{stem}_median"), getattr(kept, f"{stem}_mad")
    return None if median is None else Middle(median, sigma or 0.0, kept.count)


def visit_between(session: Session, lens: Lens, after: datetime, until: datetime) -> Visit | None:
    """The last visit that began after one check and not after another; a return rather than a check-out."""
    query = select(Visit).where(Visit.lens_id == lens.id, Visit.started_at > after, Visit.started_at <= until)
    visits = session.scalars(query.order_by(Visit.id.desc()).limit(20)).all()
    returns = [visit for visit in visits if visit.kind == "return"]
    return next(iter(returns or visits), None)

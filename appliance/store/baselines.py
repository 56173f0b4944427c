"""Baselines set by hand, of a lens or of its model. Every function is part of a transaction.

Nothing is ever overwritten: to set is to add a row, to clear is to add one of no checks; the newest one counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from appliance.store.compare import (
    FIRST_SAMPLES,
    LEAST_COPIES,
    compare,
    figures_of_copies,
    model_baseline_of,
)
from appliance.store.house import Baseline, Lens
from appliance.store.trend import middle


def set_baseline(
    session: Session, lens: Lens, focal_length_mm: float | None, at: datetime, who: str
) -> Baseline:
    """Take the newest checks, up to ``FIRST_SAMPLES`` since the last change or adjustment, as the lens's baseline.

    Raises
    ------
    LookupError
        If the lens has no check with a figure.
    """
    present = compare(session, lens, focal_length_mm)
    start = present.since_adjustment
    for figure in (present.shift, present.sharpness):
        if figure.changed is not None:
            start = max(start, next(k for k, s in enumerate(present.samples) if s == figure.changed))
    chosen = present.samples[start:][-FIRST_SAMPLES:]
    if not chosen:
        raise LookupError(f"lens {lens.tag} has no check with a figure")
    figures = [(sample.image_shift_um, sample.mtf50_lp_mm) for sample in chosen]
    whose = {"lens_id": lens.id, "first_sequence": chosen[0].sequence}
    return _add(session, at, who, present.focal_length_mm, figures, **whose)


def set_model_baseline(
    session: Session, lens: Lens, focal_length_mm: float | None, at: datetime, who: str
) -> Baseline:
    """Take the newest check of every copy of the lens's model, itself among them, as what copies are compared with.

    Raises
    ------
    LookupError
        If the lens's model is not known or fewer than ``LEAST_COPIES`` copies have a check at that focal length.
    """
    focal = compare(session, lens, focal_length_mm).focal_length_mm
    copies = figures_of_copies(session, lens, focal, others_only=False)
    if len(copies) < LEAST_COPIES:
        known = f"{len(copies)} copies of {lens.name} have a check, and {LEAST_COPIES} are needed"
        raise LookupError(known if lens.model else "its model is not given")
    return _add(session, at, who, focal, copies, maker=lens.maker, model=lens.model)


def clear_baseline(
    session: Session, lens: Lens, focal_length_mm: float | None, at: datetime, who: str
) -> None:
    """Compare the lens with its first checks again.

    Raises
    ------
    LookupError
        If no baseline is set at that focal length.
    """
    present = compare(session, lens, focal_length_mm)
    if present.baseline_kept is None:
        raise LookupError(f"lens {lens.tag} has no baseline of its own")
    _add(session, at, who, present.focal_length_mm, (), lens_id=lens.id)


def clear_model_baseline(
    session: Session, lens: Lens, focal_length_mm: float | None, at: datetime, who: str
) -> None:
    """Compare copies of the lens's model with the newest checks of the others again.

    Raises
    ------
    LookupError
        If no baseline of the model is set at that focal length.
    """
    focal = compare(session, lens, focal_length_mm).focal_length_mm
    if model_baseline_of(session, lens, focal) is None:
        raise LookupError(f"{lens.name or 'its model'} has no baseline")
    _add(session, at, who, focal, (), maker=lens.maker, model=lens.model)


def baselines_of(session: Session, lens: Lens, limit: int = 100) -> Sequence[Baseline]:
    """Every baseline ever set or cleared for the lens and its model, newest first; a cleared one has no checks."""
    whose: ColumnElement[bool] = Baseline.lens_id == lens.id
    if lens.model:
        of_model = (Baseline.maker == lens.maker) & (Baseline.model == lens.model)
        whose = or_(whose, of_model)
    return session.scalars(select(Baseline).where(whose).order_by(Baseline.id.desc()).limit(limit)).all()


def _add(
    session: Session,
    at: datetime,
    who: str,
    focal_mm: float | None,
    figures: Sequence[tuple[float, float | None]],
    **whose: Any,
) -> Baseline:
    """Add the middle of ``figures``, shift in µm and MTF50 in lp/mm where it is known, as baseline of ``whose``."""
    shift = middle([figure[0] for figure in figures])
    mtf50 = middle([figure[1] for figure in figures if figure[1] is not None])
    added = Baseline(
        focal_length_mm=focal_mm,
        set_at=at,
        set_by=who,
        count=len(figures),
        shift_um_median=shift.median if shift else None,
        shift_um_mad=shift.sigma if shift else None,
        mtf50_lp_mm_median=mtf50.median if mtf50 else None,
        mtf50_lp_mm_mad=mtf50.sigma if mtf50 else None,
        **whose,
    )
    session.add(added)
    return added

"""Takes old pictures away so that results never lack room: raw photos by age, then all pictures by space."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from appliance.store.models import Check, Picture

AT_ONCE = 200
_FAILED = ("FAIL_BACK", "FAIL_FRONT")


@dataclass(frozen=True)
class Rules:
    """What is kept: raw photos of failures for ever, others for ``raw_days``; at least ``reserve_mb`` stay free."""

    raw_days: float
    reserve_mb: float


def prune(
    session: Session, pictures: Path, rules: Rules, now: datetime, old: int | None = None
) -> list[Path]:
    """Mark what is to go and return its files, to be deleted once the transaction is committed.

    Raw photos of checks that did not fail go after ``raw_days``: those of checks up to number ``old``, or by the
    checks' own times where it is None. While less than ``reserve_mb`` is free, the oldest raw photos go too, and at
    last the oldest previews; a check's figures never do.
    """
    aged = Check.taken_at < now - timedelta(days=rules.raw_days) if old is None else Check.sequence <= old
    going_by_age = (
        select(Picture)
        .join(Check)
        .where(Picture.kind == "raw", Picture.removed_at.is_(None), Check.verdict.not_in(_FAILED))
        .where(aged)
        .order_by(Picture.check_sequence)
        .limit(AT_ONCE)
    )
    going = list(session.scalars(going_by_age))
    missing = rules.reserve_mb * 1e6 - shutil.disk_usage(pictures).free - sum(p.size_bytes for p in going)
    for kind in ("raw", "preview"):
        if missing <= 0:
            break
        query = select(Picture).where(Picture.kind == kind, Picture.removed_at.is_(None))
        for picture in session.scalars(query.order_by(Picture.check_sequence).limit(AT_ONCE)):
            if missing > 0 and picture not in going:
                going.append(picture)
                missing -= picture.size_bytes
    for picture in going:
        picture.removed_at = now
    return [pictures / picture.file_name for picture in going]

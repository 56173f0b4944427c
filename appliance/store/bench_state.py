"""What guided checks of the bench itself left for later checks: how much mounting scatters."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from appliance.focus.result import Verdict
from appliance.store.guide_tables import DONE, GuideRun

GAUGE = "gauge"
"""Name of the guided check that studies the bench's scatter."""


def remount_kept_um(session: Session) -> float:
    """Scatter of mounting (1 σ, µm) by the newest finished gauge study; 0 if there is none."""
    query = (
        select(GuideRun.finding)
        .where(
            GuideRun.procedure == GAUGE, GuideRun.status == DONE, GuideRun.verdict != Verdict.INVALID.value
        )
        .order_by(GuideRun.id.desc())
        .limit(1)
    )
    finding = session.scalars(query).first()
    return float(finding["data"].get("remount_u_um", 0.0)) if finding else 0.0

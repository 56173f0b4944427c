"""When the golden lens was last checked, what it said, and for how long that holds.

A station without a clock battery starts with a wall time of some other day, and jumps when the network comes. So age is
told by what cannot jump: within one boot the monotonic clock; over boots the wall clocks, if both were set from the
network; else at least the time that boots since then are known to have lasted. A check never expires by a clock's jump.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from appliance.focus.result import Verdict
from appliance.store.clock import Moment
from appliance.store.guide_tables import DONE, GuideEvent, GuideRun
from appliance.store.house import Lens
from appliance.store.models import Check

GOLDEN = "golden"
"""Name of the guided check of the golden lens."""


@dataclass(frozen=True)
class GoldenState:
    """The golden lens's newest check.

    Attributes
    ----------
    check_sequence:
        Its last photo's check; 0 if it was never checked.
    at:
        When, by the wall clock; only as good as that was.
    offset_um, offset_um_u95:
        Against its reference; None right after one was taken.
    moved:
        Whether bench or chart had moved.
    age_h, exact:
        Hours since, or at least so many where no clock tells.
    every_h:
        For how long it holds.
    """

    check_sequence: int
    at: datetime | None
    offset_um: float | None
    offset_um_u95: float | None
    moved: bool
    headline: str
    age_h: float
    exact: bool
    every_h: float

    @property
    def overdue(self) -> bool:
        """Whether it must be checked again before a lens is judged."""
        return self.check_sequence == 0 or self.age_h > self.every_h

    @property
    def expires_at(self) -> datetime | None:
        """By the wall clock."""
        return None if self.at is None else self.at + timedelta(hours=self.every_h)


def golden_state(session: Session, tag: str, every_h: float, moment: Moment) -> GoldenState:
    """What the newest finished check of the golden lens ``tag`` says at ``moment``."""
    query = (
        select(GuideRun)
        .join(Lens, GuideRun.lens_id == Lens.id)
        .where(Lens.tag == tag, GuideRun.procedure == GOLDEN, GuideRun.status == DONE)
        .where(GuideRun.verdict != Verdict.INVALID.value)
        .order_by(GuideRun.id.desc())
        .limit(1)
    )
    run = session.scalars(query).first()
    check = None if run is None else _last_photo(session, run.id)
    if run is None or check is None or run.finding is None:
        return GoldenState(0, None, None, None, False, "", 0.0, True, every_h)
    data = run.finding["data"]
    age_s, exact = _age_s(session, check, moment)
    return GoldenState(
        check.sequence,
        check.taken_at,
        data.get("offset_um"),
        data.get("u95_um"),
        bool(data.get("moved")),
        run.headline,
        age_s / 3600,
        exact,
        every_h,
    )


def _last_photo(session: Session, run_id: int) -> Check | None:
    query = (
        select(Check)
        .join(GuideEvent, GuideEvent.check_sequence == Check.sequence)
        .where(GuideEvent.run_id == run_id, Check.voided_at.is_(None))
        .order_by(Check.sequence.desc())
        .limit(1)
    )
    return session.scalars(query).first()


def _age_s(session: Session, check: Check, moment: Moment) -> tuple[float, bool]:
    """Seconds since a check, and whether that is exact or a lower bound."""
    if check.boot_id == moment.boot_id:
        return moment.monotonic_s - check.monotonic_s, True
    wall_s = (moment.wall - check.taken_at).total_seconds()
    if check.clock_synced and moment.clock_synced and wall_s >= 0:
        return wall_s, True
    # the monotonic clock counts from boot: each boot after the check lasted at least until its last check
    query = (
        select(Check.boot_id, func.max(Check.monotonic_s))
        .where(Check.sequence >= check.sequence)
        .group_by(Check.boot_id)
    )
    lasted = {boot: float(seconds) for boot, seconds in session.execute(query)}
    lasted[check.boot_id] -= check.monotonic_s
    lasted[moment.boot_id] = moment.monotonic_s
    return sum(lasted.values()), False

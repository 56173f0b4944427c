"""Tables of guided checks: a run, and the events that it consists of."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from appliance.store._columns import Base
from appliance.store.house import Body, Lens, Operator, Station, Visit
from appliance.store.models import Check

ACTIVE, PAUSED, DONE, LEFT = "active", "paused", "done", "left"
"""States of a run: on the bench now; to be gone on with; concluded; given up."""
OPEN_STATES = (ACTIVE, PAUSED)


class GuideRun(Base):
    """One guided check; its events are only ever added to, and everything else follows from them."""

    __tablename__ = "guide_runs"
    __table_args__ = (
        Index("ix_guide_runs_lens_id_id", "lens_id", "id"),
        Index("ix_guide_runs_procedure_id", "procedure", "id"),
        Index("ix_guide_runs_status_id", "status", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    uuid: Mapped[str] = mapped_column(unique=True)
    procedure: Mapped[str]
    lens_id: Mapped[int | None] = mapped_column(ForeignKey("lenses.id"))
    body_id: Mapped[int | None] = mapped_column(ForeignKey("bodies.id"))
    station_id: Mapped[int | None] = mapped_column(ForeignKey("stations.id"))
    operator_id: Mapped[int | None] = mapped_column(ForeignKey("operators.id"))
    visit_id: Mapped[int | None] = mapped_column(ForeignKey("visits.id"))
    status: Mapped[str]
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    verdict: Mapped[str | None]
    headline: Mapped[str] = mapped_column(default="", server_default="")
    setup: Mapped[dict[str, Any]]
    """What the station's settings said of lens, sensor and tolerance when it began."""
    finding: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    software_version: Mapped[str]

    lens: Mapped[Lens | None] = relationship(lazy="joined")
    body: Mapped[Body | None] = relationship(lazy="joined")
    station: Mapped[Station | None] = relationship()
    operator: Mapped[Operator | None] = relationship(lazy="joined")
    visit: Mapped[Visit | None] = relationship()
    events: Mapped[list[GuideEvent]] = relationship(back_populates="run", order_by="GuideEvent.id")


class GuideEvent(Base):
    """Something that happened in a run (see :class:`appliance.guides.run.EventKind`)."""

    __tablename__ = "guide_events"
    __table_args__ = (Index("ix_guide_events_run_id_id", "run_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("guide_runs.id"))
    kind: Mapped[str]
    step: Mapped[str]
    data: Mapped[dict[str, Any]]
    check_sequence: Mapped[int | None] = mapped_column(ForeignKey("checks.sequence"), index=True)
    at: Mapped[datetime]

    run: Mapped[GuideRun] = relationship(back_populates="events")
    check: Mapped[Check | None] = relationship()

"""Tables of what happens on the bench; plain SQL types only, so that the same models can run on PostgreSQL.

The house's tables (lenses, visits, who may do what) are in :mod:`appliance.store.house`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from appliance.store._columns import Base, PackedJson, Utc
from appliance.store.house import Body, Lens, Operator, Station, Visit

__all__ = ["Base", "Body", "Check", "Lens", "Operator", "Picture", "Shot", "Station", "Visit"]


class Check(Base):
    """One press of the button and what came of it; never deleted, at most voided with a reason.

    ``sequence`` orders the checks: the station has no clock battery, so wall time can run backwards.
    """

    __tablename__ = "checks"
    __table_args__ = (
        Index("ix_checks_lens_id_sequence", "lens_id", "sequence"),
        Index("ix_checks_verdict_sequence", "verdict", "sequence"),
        Index("ix_checks_operator_id_sequence", "operator_id", "sequence"),
        Index("ix_checks_visit_id_sequence", "visit_id", "sequence"),
        Index("ix_checks_body_id_sequence", "body_id", "sequence"),
        Index("ix_checks_taken_at_sequence", "taken_at", "sequence"),
        {"sqlite_autoincrement": True},
    )

    sequence: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    uuid: Mapped[str] = mapped_column(unique=True)
    lens_id: Mapped[int | None] = mapped_column(ForeignKey("lenses.id"))
    body_id: Mapped[int | None] = mapped_column(ForeignKey("bodies.id"))
    station_id: Mapped[int | None] = mapped_column(ForeignKey("stations.id"))
    operator_id: Mapped[int | None] = mapped_column(ForeignKey("operators.id"))
    visit_id: Mapped[int | None] = mapped_column(ForeignKey("visits.id"))
    boot_id: Mapped[str]
    monotonic_s: Mapped[float]
    taken_at: Mapped[datetime]
    clock_synced: Mapped[bool | None]
    verdict: Mapped[str]
    focus_error_mm: Mapped[float | None]
    focus_error_mm_u95: Mapped[float | None]
    focus_error_mm_at_least: Mapped[float | None]
    image_shift_um: Mapped[float | None]
    image_shift_um_u95: Mapped[float | None]
    tolerance_um: Mapped[float | None]
    focal_length_mm: Mapped[float | None]
    """As set for this check: a zoom has a history for each focal length."""
    f_number: Mapped[float | None]
    mtf50_lp_mm: Mapped[float | None]
    """Sharpness at best focus in line pairs per mm, which compares across sensors."""
    temperature_c: Mapped[float | None]
    voided_at: Mapped[datetime | None]
    voided_by: Mapped[str | None]
    void_reason: Mapped[str | None]
    reasons: Mapped[list[dict[str, Any]]]
    setup: Mapped[dict[str, Any]]
    camera: Mapped[dict[str, Any]]
    """What the camera said about the frames: model, exposure, gain, versions."""
    software_version: Mapped[str]
    chart: Mapped[str | None]
    purpose: Mapped[str] = mapped_column(default="", server_default="")
    """Name of the guided check that this is a photo of; empty for a check of the lens. Only those tell of the lens in
    trends, visits and baselines: in a guided check it may be out of focus on purpose."""
    result: Mapped[dict[str, Any]]
    """The whole result as JSON but for edges and curve, which are in the shots."""

    lens: Mapped[Lens | None] = relationship(lazy="joined")
    operator: Mapped[Operator | None] = relationship(lazy="joined")
    body: Mapped[Body | None] = relationship()
    station: Mapped[Station | None] = relationship()
    visit: Mapped[Visit | None] = relationship()
    pictures: Mapped[list[Picture]] = relationship(back_populates="check", order_by="Picture.id")
    shots: Mapped[list[Shot]] = relationship(back_populates="check", order_by="Shot.number")


class Shot(Base):
    """One photo's edges and curve, apart from the check because lists of checks never need them."""

    __tablename__ = "shots"
    __table_args__ = (Index("ix_shots_check_sequence_number", "check_sequence", "number", unique=True),)

    id: Mapped[int] = mapped_column(primary_key=True)
    check_sequence: Mapped[int] = mapped_column(ForeignKey("checks.sequence"))
    number: Mapped[int]
    edges: Mapped[Any] = mapped_column(PackedJson)
    """By column: name of the :class:`~appliance.focus.result.EdgePoint` field to its list."""
    curve: Mapped[Any] = mapped_column(PackedJson, nullable=True)

    check: Mapped[Check] = relationship(back_populates="shots")


class Picture(Base):
    """A picture file of a check, in the ``pictures`` folder beside the database; its row outlives the file."""

    __tablename__ = "pictures"
    __table_args__ = (Index("ix_pictures_kind_removed_at", "kind", "removed_at", "check_sequence"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    check_sequence: Mapped[int] = mapped_column(ForeignKey("checks.sequence"), index=True)
    kind: Mapped[str]
    """``preview``: the green plane as JPEG; ``raw``: the sensor's values as 16-bit PNG."""
    file_name: Mapped[str] = mapped_column(unique=True)
    width_px: Mapped[int]
    height_px: Mapped[int]
    size_bytes: Mapped[int]
    removed_at: Mapped[datetime | None] = mapped_column(Utc)
    """When retention took the file away."""

    check: Mapped[Check] = relationship(back_populates="pictures")

"""Tables of the records; plain SQL types only, so that the same models can run on PostgreSQL."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import JSON, DateTime, Double, ForeignKey, Index, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(DeclarativeBase):
    """Base of every table."""

    type_annotation_map: ClassVar[dict[Any, Any]] = {
        dict[str, Any]: JSON,
        list[dict[str, Any]]: JSON,
        float: Double,
        str: Text,
        datetime: DateTime(timezone=True),
    }


class Lens(Base):
    """One physical lens, known by its asset tag."""

    __tablename__ = "lenses"

    id: Mapped[int] = mapped_column(primary_key=True)
    tag: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]


class Check(Base):
    """One press of the button and what came of it; never deleted.

    ``sequence`` orders the checks: the station has no clock battery, so wall time can run backwards.
    """

    __tablename__ = "checks"
    __table_args__ = (
        Index("ix_checks_lens_id_sequence", "lens_id", "sequence"),
        {"sqlite_autoincrement": True},
    )

    sequence: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    uuid: Mapped[str] = mapped_column(unique=True)
    lens_id: Mapped[int | None] = mapped_column(ForeignKey("lenses.id"))
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
    reasons: Mapped[list[dict[str, Any]]]
    result: Mapped[dict[str, Any]]
    """The whole result as JSON, edges and curve included (:meth:`appliance.focus.result.Result.to_dict`)."""
    setup: Mapped[dict[str, Any]]
    camera: Mapped[dict[str, Any]]
    """What the camera said about the frames: model, exposure, gain, versions."""
    software_version: Mapped[str]
    chart: Mapped[str | None]

    lens: Mapped[Lens | None] = relationship(lazy="joined")
    pictures: Mapped[list[Picture]] = relationship(back_populates="check", order_by="Picture.id")


class Picture(Base):
    """A picture file of a check, in the ``pictures`` folder beside the database."""

    __tablename__ = "pictures"

    id: Mapped[int] = mapped_column(primary_key=True)
    check_sequence: Mapped[int] = mapped_column(ForeignKey("checks.sequence"), index=True)
    kind: Mapped[str]
    """``preview``: the green plane as JPEG."""
    file_name: Mapped[str] = mapped_column(unique=True)
    width_px: Mapped[int]
    height_px: Mapped[int]
    size_bytes: Mapped[int]

    check: Mapped[Check] = relationship(back_populates="pictures")

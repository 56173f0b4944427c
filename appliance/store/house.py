"""Tables of the house: lenses and what was done with them, and who may do what."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from appliance.store._columns import Base

IN_SERVICE, MAINTENANCE, RETIRED = "in service", "maintenance", "retired"
LENS_STATES = (IN_SERVICE, MAINTENANCE, RETIRED)
CHECK_OUT, RETURN = "check-out", "return"
VISIT_KINDS = (CHECK_OUT, RETURN)
ADJUSTMENT_KINDS = {"shim": "µm", "ring turn": "degrees", "AF fine-tune": "units", "other": ""}
"""Kind of adjustment and the unit of its amount."""
IRISES = ("", "manual", "electronic")
FOCUS_DRIVES = ("", "ring", "by wire", "motor")
"""How a lens is focused: a ring that moves it; a ring that only tells its motor; or autofocus."""


class Lens(Base):
    """One physical lens, known by its asset tag."""

    __tablename__ = "lenses"
    __table_args__ = (
        Index("ix_lenses_maker_model", "maker", "model"),
        Index("ix_lenses_status_tag", "status", "tag"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    tag: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    serial: Mapped[str] = mapped_column(default="", server_default="")
    maker: Mapped[str] = mapped_column(default="", server_default="")
    model: Mapped[str] = mapped_column(default="", server_default="")
    mount: Mapped[str] = mapped_column(default="", server_default="")
    focal_min_mm: Mapped[float | None]
    focal_max_mm: Mapped[float | None]
    max_aperture: Mapped[float | None]
    """Smallest f-number as marked."""
    coc_um: Mapped[float | None]
    """Circle of confusion of the cameras it is rented for, where it differs from the station's setting."""
    tolerance_um: Mapped[float | None]
    check_every_days: Mapped[int | None]
    squeeze: Mapped[float] = mapped_column(default=1.0, server_default="1")
    """Of an anamorphic lens; 1 for all others."""
    iris: Mapped[str] = mapped_column(default="", server_default="")
    """``manual`` or ``electronic``; empty if unknown."""
    focus_drive: Mapped[str] = mapped_column(default="", server_default="")
    """``ring``, ``by wire`` or ``motor`` (autofocus); empty if unknown."""
    status: Mapped[str] = mapped_column(default=IN_SERVICE, server_default=IN_SERVICE)
    status_note: Mapped[str] = mapped_column(default="", server_default="")
    notes: Mapped[str] = mapped_column(default="", server_default="")

    @property
    def name(self) -> str:
        """Maker and model; empty if neither is known."""
        return f"{self.maker} {self.model}".strip()

    @property
    def prime(self) -> bool:
        """Whether it has one focal length, and that is known."""
        return self.focal_min_mm is not None and self.focal_max_mm in (None, self.focal_min_mm)

    @property
    def focal_range(self) -> str:
        """``25 mm`` or ``24–70 mm``; empty if unknown."""
        low, high = self.focal_min_mm, self.focal_max_mm
        if low is None:
            return ""
        return f"{low:g} mm" if high in (None, low) else f"{low:g}–{high:g} mm"


class Body(Base):
    """A camera body that lenses are paired with."""

    __tablename__ = "bodies"

    id: Mapped[int] = mapped_column(primary_key=True)
    tag: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    serial: Mapped[str] = mapped_column(default="", server_default="")
    maker: Mapped[str] = mapped_column(default="", server_default="")
    model: Mapped[str] = mapped_column(default="", server_default="")
    mount: Mapped[str] = mapped_column(default="", server_default="")
    coc_um: Mapped[float | None]
    """Its circle of confusion, µm; a lens checked for this body is judged by it."""
    notes: Mapped[str] = mapped_column(default="", server_default="")

    @property
    def name(self) -> str:
        """Maker and model; empty if neither is known."""
        return f"{self.maker} {self.model}".strip()


class Station(Base):
    """A bench that checks were made on."""

    __tablename__ = "stations"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]


class Operator(Base):
    """A person who tests."""

    __tablename__ = "operators"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    active: Mapped[bool] = mapped_column(default=True, server_default="1")


class Visit(Base):
    """A lens on its way out to a rental, or back from it: its checks between start and done belong to it."""

    __tablename__ = "visits"
    __table_args__ = (
        Index("ix_visits_lens_id_id", "lens_id", "id"),
        Index("ix_visits_done_at_id", "done_at", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    lens_id: Mapped[int] = mapped_column(ForeignKey("lenses.id"))
    operator_id: Mapped[int | None] = mapped_column(ForeignKey("operators.id"))
    kind: Mapped[str]
    rental: Mapped[str] = mapped_column(default="", index=True)
    """The house's own reference of the rental."""
    started_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
    outcome: Mapped[str | None]
    """Verdict of its last check that was not voided."""
    note: Mapped[str] = mapped_column(default="")

    lens: Mapped[Lens] = relationship(lazy="joined")
    operator: Mapped[Operator | None] = relationship(lazy="joined")


class Adjustment(Base):
    """Something turned, shimmed or set on a lens, with the check before and the one after."""

    __tablename__ = "adjustments"
    __table_args__ = (Index("ix_adjustments_lens_id_id", "lens_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    lens_id: Mapped[int] = mapped_column(ForeignKey("lenses.id"))
    operator_id: Mapped[int | None] = mapped_column(ForeignKey("operators.id"))
    kind: Mapped[str]
    amount: Mapped[float | None]
    unit: Mapped[str]
    note: Mapped[str] = mapped_column(default="")
    made_at: Mapped[datetime]
    before_sequence: Mapped[int | None] = mapped_column(ForeignKey("checks.sequence"))
    after_sequence: Mapped[int | None] = mapped_column(ForeignKey("checks.sequence"))

    operator: Mapped[Operator | None] = relationship(lazy="joined")


class Baseline(Base):
    """What a lens, or every copy of a model, is compared with: from ``first_sequence`` on, for one focal length."""

    __tablename__ = "baselines"
    __table_args__ = (
        Index("ix_baselines_lens_id_id", "lens_id", "id"),
        Index("ix_baselines_model", "maker", "model"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    lens_id: Mapped[int | None] = mapped_column(ForeignKey("lenses.id"))
    maker: Mapped[str | None]
    model: Mapped[str | None]
    focal_length_mm: Mapped[float | None]
    set_at: Mapped[datetime]
    set_by: Mapped[str]
    first_sequence: Mapped[int | None]
    count: Mapped[int]
    shift_um_median: Mapped[float | None]
    shift_um_mad: Mapped[float | None]
    mtf50_lp_mm_median: Mapped[float | None]
    mtf50_lp_mm_mad: Mapped[float | None]


class PrintReading(Base):
    """Something measured of a printed chart; only ever added to, the newest of its kind counts."""

    __tablename__ = "print_readings"
    __table_args__ = (Index("ix_print_readings_chart_kind_id", "chart", "kind", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    chart: Mapped[str]
    """Title of its layout, ``a4-general v1``."""
    kind: Mapped[str]
    """``bar``: what a ruler reads on the 100 mm bar, mm; ``blur``: the print's spread on paper, 1 σ, µm."""
    value: Mapped[float | None]
    """None where the reading was forgotten."""
    standard_u: Mapped[float | None]
    """Standard uncertainty of the value, in its unit."""
    source: Mapped[str]
    """Where it comes from: ``ruler``, ``check 7``, ``photo``, ``given``, ``forgotten``, ``taken back``."""
    made_at: Mapped[datetime]
    made_by: Mapped[str]


class Access(Base):
    """A paired phone or an API token; only the digest of its secret is kept."""

    __tablename__ = "access"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    """``phone`` or ``token``."""
    digest: Mapped[str] = mapped_column(unique=True)
    label: Mapped[str]
    role: Mapped[str]
    operator_id: Mapped[int | None] = mapped_column(ForeignKey("operators.id"))
    created_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]

    operator: Mapped[Operator | None] = relationship(lazy="joined")


class Webhook(Base):
    """Where to send each check; ``cursor`` is the last one delivered, so that none is lost or told twice."""

    __tablename__ = "webhooks"

    id: Mapped[int] = mapped_column(primary_key=True)
    url: Mapped[str]
    secret: Mapped[str]
    cursor: Mapped[int]
    failures: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]
    delivered_at: Mapped[datetime | None]
    removed_at: Mapped[datetime | None]


class Audit(Base):
    """Who changed what; only ever added to."""

    __tablename__ = "audit"
    __table_args__ = (Index("ix_audit_subject_id", "subject", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    who: Mapped[str]
    address: Mapped[str]
    action: Mapped[str]
    subject: Mapped[str]
    detail: Mapped[dict[str, Any]]

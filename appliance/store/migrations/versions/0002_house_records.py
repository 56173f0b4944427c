"""What a house keeps: lenses in full, bodies, stations, operators, visits, adjustments, baselines, access, audit.

Edges and curves move from ``checks.result`` into ``shots``, where lists of checks do not have to step over them.
"""

from __future__ import annotations

import json
import zlib
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
SHARED = {
    "serial": sa.Text,
    "maker": sa.Text,
    "model": sa.Text,
    "mount": sa.Text,
}
NUMBERS_OF_LENS = ("focal_min_mm", "focal_max_mm", "max_aperture", "coc_um", "tolerance_um")
ROWS_AT_ONCE = 200


def upgrade() -> None:
    """Make the new tables, widen the old ones, and move the edges."""
    _people_and_places()
    _lenses()
    _visits()
    _checks()
    _around_checks()
    _access()
    _move_edges(op.get_bind())


def _id() -> sa.Column[int]:
    return sa.Column("id", sa.Integer, primary_key=True)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False, server_default="")


def _fill(name: str, target: str, **options: Any) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, sa.ForeignKey(target), **options)


def _people_and_places() -> None:
    op.create_table(
        "bodies",
        _id(),
        sa.Column("tag", sa.Text, nullable=False, unique=True),
        sa.Column("created_at", MOMENT, nullable=False),
        *(_text(name) for name in SHARED),
        sa.Column("coc_um", sa.Double),
        _text("notes"),
    )
    op.create_table(
        "stations",
        _id(),
        sa.Column("name", sa.Text, nullable=False, unique=True),
        sa.Column("created_at", MOMENT, nullable=False),
    )
    op.create_table(
        "operators",
        _id(),
        sa.Column("name", sa.Text, nullable=False, unique=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False, server_default="1"),
    )


def _lenses() -> None:
    for name in SHARED:
        op.add_column("lenses", _text(name))
    for name in NUMBERS_OF_LENS:
        op.add_column("lenses", sa.Column(name, sa.Double))
    op.add_column("lenses", sa.Column("check_every_days", sa.Integer))
    op.add_column("lenses", sa.Column("status", sa.Text, nullable=False, server_default="in service"))
    op.add_column("lenses", _text("status_note"))
    op.add_column("lenses", _text("notes"))
    op.create_index("ix_lenses_maker_model", "lenses", ["maker", "model"])
    op.create_index("ix_lenses_status_tag", "lenses", ["status", "tag"])


def _visits() -> None:
    op.create_table(
        "visits",
        _id(),
        _fill("lens_id", "lenses.id", nullable=False),
        _fill("operator_id", "operators.id"),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("rental", sa.Text, nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("done_at", MOMENT),
        sa.Column("outcome", sa.Text),
        sa.Column("note", sa.Text, nullable=False),
    )
    op.create_index("ix_visits_lens_id_id", "visits", ["lens_id", "id"])
    op.create_index("ix_visits_done_at_id", "visits", ["done_at", "id"])
    op.create_index("ix_visits_rental", "visits", ["rental"])


def _checks() -> None:
    references = {
        "body_id": "bodies",
        "station_id": "stations",
        "operator_id": "operators",
        "visit_id": "visits",
    }
    for name, target in references.items():
        # Alembic would copy the table on SQLite, and pictures refer to it; this form is good for PostgreSQL too
        op.execute(f"ALTER TABLE checks ADD COLUMN {name} INTEGER REFERENCES {target} (id)")
    for name in ("focal_length_mm", "f_number", "mtf50_lp_mm", "temperature_c"):
        op.add_column("checks", sa.Column(name, sa.Double))
    op.add_column("checks", sa.Column("voided_at", MOMENT))
    op.add_column("checks", sa.Column("voided_by", sa.Text))
    op.add_column("checks", sa.Column("void_reason", sa.Text))
    for name in ("verdict", "operator_id", "visit_id", "taken_at"):
        op.create_index(f"ix_checks_{name}_sequence", "checks", [name, "sequence"])


def _around_checks() -> None:
    op.create_table(
        "shots",
        _id(),
        _fill("check_sequence", "checks.sequence", nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("edges", sa.LargeBinary, nullable=False),
        sa.Column("curve", sa.LargeBinary),
    )
    op.create_index("ix_shots_check_sequence_number", "shots", ["check_sequence", "number"], unique=True)
    op.add_column("pictures", sa.Column("removed_at", MOMENT))
    op.create_index("ix_pictures_kind_removed_at", "pictures", ["kind", "removed_at", "check_sequence"])
    op.create_table(
        "adjustments",
        _id(),
        _fill("lens_id", "lenses.id", nullable=False),
        _fill("operator_id", "operators.id"),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("amount", sa.Double),
        sa.Column("unit", sa.Text, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        _fill("before_sequence", "checks.sequence"),
        _fill("after_sequence", "checks.sequence"),
    )
    op.create_index("ix_adjustments_lens_id_id", "adjustments", ["lens_id", "id"])
    figures = ("shift_um_median", "shift_um_mad", "mtf50_lp_mm_median", "mtf50_lp_mm_mad")
    op.create_table(
        "baselines",
        _id(),
        _fill("lens_id", "lenses.id"),
        sa.Column("maker", sa.Text),
        sa.Column("model", sa.Text),
        sa.Column("focal_length_mm", sa.Double),
        sa.Column("set_at", MOMENT, nullable=False),
        sa.Column("set_by", sa.Text, nullable=False),
        sa.Column("first_sequence", sa.Integer),
        sa.Column("count", sa.Integer, nullable=False),
        *(sa.Column(name, sa.Double) for name in figures),
    )
    op.create_index("ix_baselines_lens_id_id", "baselines", ["lens_id", "id"])
    op.create_index("ix_baselines_model", "baselines", ["maker", "model"])


def _access() -> None:
    op.create_table(
        "access",
        _id(),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False, unique=True),
        sa.Column("label", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        _fill("operator_id", "operators.id"),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("used_at", MOMENT),
        sa.Column("revoked_at", MOMENT),
    )
    op.create_table(
        "webhooks",
        _id(),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("secret", sa.Text, nullable=False),
        sa.Column("cursor", sa.Integer, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("last_error", sa.Text, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("delivered_at", MOMENT),
        sa.Column("removed_at", MOMENT),
    )
    op.create_table(
        "audit",
        _id(),
        sa.Column("at", MOMENT, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("who", "address", "action", "subject")),
        sa.Column("detail", sa.JSON, nullable=False),
    )
    op.create_index("ix_audit_subject_id", "audit", ["subject", "id"])


def _pack(value: Any) -> bytes:
    return zlib.compress(json.dumps(value, separators=(",", ":")).encode(), 6)


def _move_edges(connection: sa.Connection) -> None:
    checks = sa.table(
        "checks",
        sa.column("sequence", sa.Integer),
        sa.column("result", sa.JSON),
        sa.column("setup", sa.JSON),
        *(sa.column(name, sa.Double) for name in ("focal_length_mm", "f_number", "mtf50_lp_mm")),
    )
    shots = sa.table(
        "shots",
        sa.column("check_sequence", sa.Integer),
        sa.column("number", sa.Integer),
        sa.column("edges", sa.LargeBinary),
        sa.column("curve", sa.LargeBinary),
    )
    done = 0
    while True:
        rows = connection.execute(
            sa.select(checks.c.sequence, checks.c.result, checks.c.setup)
            .where(checks.c.sequence > done)
            .order_by(checks.c.sequence)
            .limit(ROWS_AT_ONCE)
        ).all()
        if not rows:
            return
        for sequence, whole, setup in rows:
            result = dict(whole)
            edges, curve = result.pop("edges", None) or [], result.pop("curve", None)
            if edges or curve:
                columns = {name: [edge[name] for edge in edges] for name in (edges[0] if edges else {})}
                packed = None if curve is None else _pack(curve)
                connection.execute(
                    shots.insert().values(
                        check_sequence=sequence, number=1, edges=_pack(columns), curve=packed
                    )
                )
            mtf50, pitch = result.get("mtf50_peak_cpp"), setup.get("pixel_pitch_um")
            connection.execute(
                checks.update()
                .where(checks.c.sequence == sequence)
                .values(
                    result=result,
                    focal_length_mm=setup.get("focal_length_mm"),
                    f_number=setup.get("f_number"),
                    mtf50_lp_mm=mtf50 / pitch * 1000 if mtf50 and pitch else None,
                )
            )
        done = rows[-1].sequence

"""Guided checks: their runs and what happened in them; what lenses are, as far as it decides what can be tested.

A check that is a photo of a guided check says so in ``purpose``: it is no verdict on the lens, and does not count as
one in trends, visits and baselines.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables, widen lenses and checks."""
    op.add_column("lenses", sa.Column("squeeze", sa.Double, nullable=False, server_default="1"))
    for name in ("iris", "focus_drive"):
        op.add_column("lenses", sa.Column(name, sa.Text, nullable=False, server_default=""))
    op.add_column("checks", sa.Column("purpose", sa.Text, nullable=False, server_default=""))
    op.create_table(
        "guide_runs",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("uuid", sa.Text, nullable=False, unique=True),
        sa.Column("procedure", sa.Text, nullable=False),
        sa.Column("lens_id", sa.Integer, sa.ForeignKey("lenses.id")),
        sa.Column("body_id", sa.Integer, sa.ForeignKey("bodies.id")),
        sa.Column("station_id", sa.Integer, sa.ForeignKey("stations.id")),
        sa.Column("operator_id", sa.Integer, sa.ForeignKey("operators.id")),
        sa.Column("visit_id", sa.Integer, sa.ForeignKey("visits.id")),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT),
        sa.Column("verdict", sa.Text),
        sa.Column("headline", sa.Text, nullable=False, server_default=""),
        sa.Column("setup", sa.JSON, nullable=False),
        sa.Column("finding", sa.JSON),
        sa.Column("software_version", sa.Text, nullable=False),
    )
    op.create_index("ix_guide_runs_lens_id_id", "guide_runs", ["lens_id", "id"])
    op.create_index("ix_guide_runs_procedure_id", "guide_runs", ["procedure", "id"])
    op.create_index("ix_guide_runs_status_id", "guide_runs", ["status", "id"])
    op.create_table(
        "guide_events",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("run_id", sa.Integer, sa.ForeignKey("guide_runs.id"), nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("step", sa.Text, nullable=False),
        sa.Column("data", sa.JSON, nullable=False),
        sa.Column("check_sequence", sa.Integer, sa.ForeignKey("checks.sequence")),
        sa.Column("at", MOMENT, nullable=False),
    )
    op.create_index("ix_guide_events_run_id_id", "guide_events", ["run_id", "id"])
    op.create_index("ix_guide_events_check_sequence", "guide_events", ["check_sequence"])

"""Keeps what was measured of each printed chart: the ruler's reading of its bar, and its print's spread."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "print_readings",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("chart", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("value", sa.Double),
        sa.Column("standard_u", sa.Double),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.Text, nullable=False),
    )
    op.create_index("ix_print_readings_chart_kind_id", "print_readings", ["chart", "kind", "id"])

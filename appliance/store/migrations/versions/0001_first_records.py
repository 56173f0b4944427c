"""Lenses, checks and pictures."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the first tables."""
    op.create_table(
        "lenses",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("tag", sa.Text, nullable=False, unique=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "checks",
        sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("uuid", sa.Text, nullable=False, unique=True),
        sa.Column("lens_id", sa.Integer, sa.ForeignKey("lenses.id")),
        sa.Column("boot_id", sa.Text, nullable=False),
        sa.Column("monotonic_s", sa.Double, nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("clock_synced", sa.Boolean),
        sa.Column("verdict", sa.Text, nullable=False),
        sa.Column("focus_error_mm", sa.Double),
        sa.Column("focus_error_mm_u95", sa.Double),
        sa.Column("focus_error_mm_at_least", sa.Double),
        sa.Column("image_shift_um", sa.Double),
        sa.Column("image_shift_um_u95", sa.Double),
        sa.Column("tolerance_um", sa.Double),
        sa.Column("reasons", sa.JSON, nullable=False),
        sa.Column("result", sa.JSON, nullable=False),
        sa.Column("setup", sa.JSON, nullable=False),
        sa.Column("camera", sa.JSON, nullable=False),
        sa.Column("software_version", sa.Text, nullable=False),
        sa.Column("chart", sa.Text),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_checks_lens_id_sequence", "checks", ["lens_id", "sequence"])
    op.create_table(
        "pictures",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("check_sequence", sa.Integer, sa.ForeignKey("checks.sequence"), nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("file_name", sa.Text, nullable=False, unique=True),
        sa.Column("width_px", sa.Integer, nullable=False),
        sa.Column("height_px", sa.Integer, nullable=False),
        sa.Column("size_bytes", sa.Integer, nullable=False),
    )
    op.create_index("ix_pictures_check_sequence", "pictures", ["check_sequence"])

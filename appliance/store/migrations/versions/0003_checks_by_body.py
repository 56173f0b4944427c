"""Finds a camera body's checks by index, as the history can be asked for them."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the index."""
    op.create_index("ix_checks_body_id_sequence", "checks", ["body_id", "sequence"])

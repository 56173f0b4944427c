"""Runs the migrations on the connection that the store hands over."""

from __future__ import annotations

from alembic import context

import appliance.store.guide_tables  # noqa: F401 - its tables belong to the schema
from appliance.store.models import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,  # SQLite alters a table by copying it
)
with context.begin_transaction():
    context.run_migrations()

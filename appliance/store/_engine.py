"""The SQLite file: opened so that a committed check survives a power cut, and brought up to date."""

from __future__ import annotations

import sqlite3
from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import ConnectionPoolEntry

from appliance.store.hold import connect

MIGRATIONS = Path(__file__).with_name("migrations")
WRITES = "focuscheck_writes"
"""Execution option of a connection whose transaction is going to write."""


def make_engine(file: Path) -> Engine:
    """Engine for the database ``file``; write-ahead log, and every commit flushed to the disk."""
    engine = create_engine(f"sqlite:///{file}", creator=lambda: connect(file))
    event.listen(engine, "connect", _on_connect)
    event.listen(engine, "begin", _on_begin)
    return engine


def _on_begin(connection: Connection) -> None:
    # a transaction that reads first and writes then would fail at once if another process wrote in between
    mode = "IMMEDIATE" if connection.get_execution_options().get(WRITES) else "DEFERRED"
    connection.exec_driver_sql(f"BEGIN {mode}")


def _on_connect(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # Python's own BEGIN leaves changes of the schema outside of it
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")  # NORMAL can lose the last commits at a power cut
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _alembic_config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config


def migrate(engine: Engine) -> None:
    """Bring the database to this version's schema; data are kept."""
    config = _alembic_config()
    with engine.connect().execution_options(**{WRITES: True}) as connection, connection.begin():
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def revision_of(engine: Engine) -> str | None:
    """The step of the migrations that the database is at; None for one without tables of ours."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


@cache
def known_revisions() -> tuple[str, ...]:
    """Every step that this version knows, oldest first."""
    scripts = ScriptDirectory.from_config(_alembic_config()).walk_revisions()
    return tuple(script.revision for script in scripts)[::-1]


def is_current(engine: Engine) -> bool:
    """Whether the database has this version's schema."""
    return revision_of(engine) == known_revisions()[-1]

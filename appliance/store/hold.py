"""Who has the records open: no file may be put in the place of a database that another program is writing.

SQLite's last connection to a database takes its write-ahead log away by name when it is closed; if the database were
replaced meanwhile, that would be the new one's (sqlite.org/howtocorrupt.html, 2.4 and 4.2). So every connection holds
``records.lock`` shared for as long as it is open, and whoever replaces the database holds it alone.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from appliance.errors import StorageError

LOCK_NAME = "records.lock"
WANTED_NAME = "records.wanted"
"""While this file is there, somebody waits to replace the database: programs that can let it go do so."""
PATIENCE_S = 10.0
"""How long programs get to let the database go; the page looks every two seconds."""
_LOOK_S = 0.05
_held_alone: ContextVar[frozenset[Path]] = ContextVar("held_alone", default=frozenset())
"""Folders whose records this thread has for itself."""


def _open(data_dir: Path) -> int:
    return os.open(data_dir / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o660)


class HeldConnection(sqlite3.Connection):
    """A connection that holds the lock beside its database from before it is opened until after it is closed."""

    def __init__(self, database: str, *arguments: Any, **named: Any) -> None:
        self._lock = -1
        if (
            Path(database).parent in _held_alone.get()
        ):  # this thread replaces the records: the lock is its own
            super().__init__(database, *arguments, **named)
            return
        descriptor = _open(Path(database).parent)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise sqlite3.OperationalError("the records are being put right just now") from None
        try:
            super().__init__(database, *arguments, **named)
        except BaseException:
            os.close(descriptor)
            raise
        self._lock = descriptor

    def close(self) -> None:
        """Close the connection, then let the lock go."""
        super().close()
        self._let_go()

    def _let_go(self) -> None:
        descriptor, self._lock = self._lock, -1
        if descriptor >= 0:
            os.close(descriptor)

    def __del__(self) -> None:
        if self._lock >= 0:
            self.close()


def connect(file: Path, timeout_s: float = 10.0) -> HeldConnection:
    """A connection to the database ``file``, usable from any thread one at a time."""
    return sqlite3.connect(str(file), timeout=timeout_s, factory=HeldConnection, check_same_thread=False)


def wanted(data_dir: Path) -> bool:
    """Whether somebody waits for the records to be let go."""
    return (data_dir / WANTED_NAME).exists()


@contextmanager
def sole_holder(data_dir: Path, patience_s: float = PATIENCE_S) -> Iterator[None]:
    """Have the records for this thread alone; every other program is asked to let them go first.

    Raises
    ------
    StorageError
        If another program still has them after ``patience_s``.
    """
    descriptor = _open(data_dir)
    asked = data_dir / WANTED_NAME
    deadline = time.monotonic() + patience_s
    try:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise StorageError(
                        f"Another program has the records in {data_dir} open and does not let them go. End the page "
                        "(sudo systemctl restart focuscheck-page), then start again."
                    ) from None
                asked.touch()
                time.sleep(_LOOK_S)
        mark = _held_alone.set(_held_alone.get() | {data_dir})
        try:
            yield
        finally:
            _held_alone.reset(mark)
    finally:
        asked.unlink(missing_ok=True)
        os.close(descriptor)

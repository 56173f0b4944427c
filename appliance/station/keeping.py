"""Looks after the records while the station works: a whole check of them and a backup, once a day each."""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

from appliance.config import Settings, settings_file
from appliance.errors import FocuscheckError, StorageError
from appliance.station.events import RecordsBad
from appliance.store.backups import make_backup, newest_backup
from appliance.store.clock import now
from appliance.store.copies import copy_out
from appliance.store.journal import read_journal
from appliance.store.recovery import unknown_problem
from appliance.store.verify import DATABASE_NAME, examine

DAY_S = 86_400.0
LOOK_S = 600.0
"""How often it looks whether something is due; the first time so long after the start, which it is not to slow down."""
STOP_WAIT_S = 2.0
log = logging.getLogger(__name__)


class RecordsKeeper:
    """The thread that does it; what is wrong with the records goes to ``put``."""

    def __init__(self, settings: Settings, put: Callable[[object], None]) -> None:
        self._settings, self._data_dir, self._put = settings, settings.data_dir, put
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="records", daemon=True)
        self._looked_at = now().monotonic_s  # the start looked at them

    def start(self) -> None:
        """Look after them from now on."""
        self._thread.start()

    def close(self) -> None:
        """Look no more; a backup under way goes on until the process ends, and is then no backup."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(STOP_WAIT_S)

    def _run(self) -> None:
        while not self._ended.wait(LOOK_S):
            self.round()

    def round(self) -> None:
        """Do what is due."""
        if now().monotonic_s - self._looked_at >= DAY_S:
            self._looked_at = now().monotonic_s
            self.look()
        try:
            if backup_due(self._data_dir):
                make_backup(self._data_dir, "daily", settings_file())
                if self._settings.copies_folder is not None:
                    copy_out(self._data_dir, self._settings.copies_folder, self._settings.station_name)
        except FocuscheckError as error:
            log.warning("%s", error)

    def look(self) -> None:
        """Look at the whole of the records, and tell the station if they must be put right."""
        try:
            condition = examine(self._data_dir, read_journal(self._data_dir), whole=True)
        except (StorageError, OSError, sqlite3.Error) as error:
            log.warning("The records could not be looked at (%s).", error)
            return
        problem = unknown_problem(self._data_dir, condition)
        if problem:
            self._put(RecordsBad(problem))


def backup_due(data_dir: Path) -> bool:
    """Whether the newest backup is a day old, by the clock that cannot jump where it is of this boot.

    One of an earlier boot that seems to come from the future tells nothing: one is then made, once a boot.
    """
    if not (data_dir / DATABASE_NAME).exists():
        return False
    newest = newest_backup(data_dir)
    if newest is None or newest.manifest is None:
        return True
    age_s = newest.age_s(now())
    return age_s is None or age_s >= DAY_S

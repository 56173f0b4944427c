"""The records as the page reads them, opened when a station has first made them."""

from __future__ import annotations

import threading
from pathlib import Path

from appliance.store import Store
from appliance.store import open_history as open_records
from appliance.store.hold import wanted


class History:
    """Gives the store once there is one; until then there is no history."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._lock = threading.Lock()
        self._store: Store | None = None

    @property
    def store(self) -> Store | None:
        """The records; None while no station has made any of this version, or while they are put right."""
        with self._lock:
            if wanted(self._data_dir):  # the station puts them right, or somebody goes back to a backup
                self._let_go()
            elif self._store is None:
                self._store = open_records(self._data_dir)
            return self._store

    def close(self) -> None:
        """Let the records go; the last program to do so puts the write-ahead log away."""
        with self._lock:
            self._let_go()

    def _let_go(self) -> None:
        if self._store is not None:
            self._store.close()
            self._store = None

"""Takes old pictures away now and then, so that the disk always has room for the next check."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from appliance.config import Settings
from appliance.errors import StorageError
from appliance.store import Store
from appliance.store.clock import now
from appliance.store.retention import Rules
from appliance.store.trusted_clock import older_than

FIRST_AFTER_S, EVERY_S = 60.0, 600.0
STOP_WAIT_S = 3.0
log = logging.getLogger(__name__)


class Housekeeper:
    """The thread that prunes."""

    def __init__(self, find_store: Callable[[], Store | None], settings: Settings) -> None:
        self._find_store = find_store
        self._rules = Rules(settings.raw_days, settings.reserve_mb)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="housekeeping", daemon=True)

    def start(self) -> None:
        """Prune from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Prune no more; a round under way gets a few seconds to end."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(STOP_WAIT_S)

    def _run(self) -> None:
        wait_s = FIRST_AFTER_S
        while not self._stop.wait(wait_s):
            wait_s = EVERY_S
            try:
                self.round()
            except (StorageError, OSError) as error:
                log.warning("Old pictures could not be taken away (%s); it is tried again.", error)

    def round(self) -> int:
        """Prune once; returns how many pictures went."""
        store = self._find_store()
        if store is None:
            return 0
        moment, newest = now(), store.latest()
        old = older_than(store.data_dir, moment, newest.sequence if newest else 0, self._rules.raw_days)
        gone = store.prune(self._rules, moment.wall, old)
        if gone:
            log.info("%d old pictures were taken away.", gone)
        return gone

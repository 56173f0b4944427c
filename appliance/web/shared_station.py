"""The station as all requests of the page share it: one thread asks for its state, so that no request waits for it.

A request takes the state that was heard last. A station that is down is known as such at once; one that hangs, after
``SILENT_S``: then its state is told no longer, but since when it is silent, and whatever asks it for something fails at
once instead of waiting for an answer that will not come. Before that at most ``MOST_WAITING`` requests wait for it.
"""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

from appliance.errors import StationDownError, StationSilentError
from appliance.station.client import StationClient
from appliance.station.state import StationState

ASK_EVERY_S, ASK_SELDOM_S = 0.35, 2.0
"""While somebody looks at the page, and while nobody does."""
LOOKED_AT_S = 5.0
STATE_ANSWER_S, ANSWER_S = 1.0, 2.0
"""How long the station may take to tell its state, and to begin what it is asked for: it takes some milliseconds."""
SILENT_S = 1.5
MOST_WAITING = 2
"""Fewer than the server has threads, so that others are left for those who only read."""
FRESH_WAIT_S = 0.2
"""How long a page waits for a state from after what was just done."""


class SharedStation(StationClient):
    """A client of the station that may be used by any thread once :meth:`start` was called."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._changed = threading.Condition()
        self._wake, self._ended = threading.Event(), threading.Event()
        self._state: StationState | None = None
        self._rounds = 0
        self._heard_at = self._looked_at = time.monotonic()
        self._places = threading.BoundedSemaphore(MOST_WAITING)
        self._thread = threading.Thread(target=self._run, name="station watch", daemon=True)

    def start(self) -> None:
        """Ask for the state from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Ask no more."""
        self._ended.set()
        self._wake.set()

    def state(self) -> StationState:
        """The state heard last; at once.

        Raises
        ------
        StationDownError
            If there is no station. StationSilentError if there is one that does not answer.
        """
        was_idle, self._looked_at = self._idle(), time.monotonic()
        if was_idle:
            self._next_rounds(1)
        self._raise_if_silent()
        state = self._state
        if state is None:
            raise StationDownError("The station is not running.")
        return state

    def _ask(self, request: dict[str, Any], timeout_s: float = ANSWER_S) -> dict[str, Any]:
        if request["command"] == "state":
            return super()._ask(request, STATE_ANSWER_S)
        self._raise_if_silent()
        if not self._places.acquire(timeout=FRESH_WAIT_S):
            raise StationSilentError("The station is slow to answer. Look at its display, then try again.")
        try:
            answer = super()._ask(request, min(timeout_s, ANSWER_S))
        finally:
            self._places.release()
        self._next_rounds(2)  # the first may have been asked before
        return answer

    def _raise_if_silent(self) -> None:
        silent_s = time.monotonic() - self._heard_at
        if silent_s > SILENT_S + (ASK_SELDOM_S if self._idle() else 0.0):
            since = f"{silent_s:.0f} seconds" if silent_s < 120 else f"{silent_s / 60:.0f} minutes"
            raise StationSilentError(
                f"The station has not answered for {since}. Look at its display: if it hangs, it starts itself afresh."
            )

    def _idle(self) -> bool:
        return time.monotonic() - self._looked_at > LOOKED_AT_S

    def _next_rounds(self, count: int) -> None:
        """Have the state asked for now, and wait a moment for it."""
        with self._changed:
            wanted = self._rounds + count
            for _ in range(count):
                self._wake.set()
                if self._changed.wait_for(lambda: self._rounds >= wanted, FRESH_WAIT_S / count):
                    return

    def _run(self) -> None:
        while not self._ended.is_set():
            heard, state = True, None
            try:
                state = super().state()
            except StationSilentError:
                heard = False
            except StationDownError:
                pass
            with self._changed:
                self._rounds += 1
                if heard:
                    self._state, self._heard_at = state, time.monotonic()
                self._changed.notify_all()
            self._wake.wait(ASK_SELDOM_S if self._idle() else ASK_EVERY_S)
            self._wake.clear()

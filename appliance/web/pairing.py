"""Pairing a phone: a six-digit PIN on the OLED, for one use, two minutes and five tries; then a growing wait."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

PIN_LIFE_S = 120.0
TRIES = 5
FIRST_WAIT_S = 60.0
LONGEST_WAIT_S = 3600.0


@dataclass
class _Shown:
    pin: str
    role: str
    until: float
    tries_left: int = TRIES


@dataclass
class Pairing:
    """The one PIN that may stand on the OLED, and how often guessing failed. Times are monotonic seconds.

    In memory on purpose: when the page starts afresh, a PIN shown before is void.
    """

    clock: Callable[[], float] = time.monotonic
    _shown: _Shown | None = None
    _wait_until: float = 0.0
    _wait_s: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def wait_s(self) -> float:
        """Seconds until a new PIN may be asked for; 0 if it may be now."""
        return max(self._wait_until - self.clock(), 0.0)

    def begin(self, role: str) -> str | None:
        """Make a new PIN, which makes any former one void; None during the wait after failed guesses."""
        with self._lock:
            if self.wait_s() > 0:
                return None
            self._shown = _Shown(f"{secrets.randbelow(10**6):06d}", role, self.clock() + PIN_LIFE_S)
            return self._shown.pin

    def waiting_for(self) -> str | None:
        """Role of the PIN that can be entered just now."""
        with self._lock:
            shown = self._shown
            return shown.role if shown is not None and self.clock() < shown.until else None

    def enter(self, pin: str) -> str | None:
        """Role that a right PIN gives, once; None for any other."""
        with self._lock:
            shown = self._shown
            if shown is None or self.clock() >= shown.until:
                self._shown = None
                return None
            if secrets.compare_digest(shown.pin.encode(), pin.encode()):
                self._shown, self._wait_s = None, 0.0
                return shown.role
            shown.tries_left -= 1
            if shown.tries_left == 0:
                self._shown = None
                self._wait_s = min(max(2 * self._wait_s, FIRST_WAIT_S), LONGEST_WAIT_S)
                self._wait_until = self.clock() + self._wait_s
            return None

    def cancel(self) -> None:
        """Make the PIN void."""
        with self._lock:
            self._shown = None

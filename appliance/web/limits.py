"""How often one address may ask, so that no phone or script can take the page from the others."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

MOST_ADDRESSES = 4096


@dataclass
class RateLimit:
    """A bucket of ``burst`` requests per key, refilled at ``per_s``."""

    per_s: float
    burst: float
    clock: Callable[[], float] = time.monotonic
    _buckets: OrderedDict[str, tuple[float, float]] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def allow(self, key: str) -> bool:
        """Take one request out of the key's bucket; False if it is empty."""
        now = self.clock()
        with self._lock:
            left, before = self._buckets.pop(key, (self.burst, now))
            left = min(left + (now - before) * self.per_s, self.burst)
            allowed = left >= 1
            self._buckets[key] = (left - 1 if allowed else left, now)
            while len(self._buckets) > MOST_ADDRESSES:
                self._buckets.popitem(last=False)
            return allowed

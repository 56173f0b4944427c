"""When something happened, told so that a station without a clock battery cannot mix it up."""

from __future__ import annotations

import subprocess
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

_BOOT_ID_FILE = Path("/proc/sys/kernel/random/boot_id")
_TIMESYNCD_MARK = Path("/run/systemd/timesync/synchronized")


@dataclass(frozen=True)
class Moment:
    """A moment on every clock there is: order by the store's sequence, compare within one boot by ``monotonic_s``."""

    boot_id: str
    monotonic_s: float
    wall: datetime
    clock_synced: bool | None
    """Whether the wall clock was set from the network; None where the system does not say."""


def now() -> Moment:
    """This moment, wall time in UTC."""
    boot_id = _BOOT_ID_FILE.read_text().strip() if _BOOT_ID_FILE.exists() else "unknown"
    return Moment(boot_id, time.monotonic(), datetime.now(UTC), _clock_synced())


def _clock_synced() -> bool | None:
    if _TIMESYNCD_MARK.exists():
        return True
    try:
        answer = subprocess.run(
            ["timedatectl", "show", "--property=NTPSynchronized", "--value"],
            capture_output=True,
            text=True,
            timeout=2,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return {"yes": True, "no": False}.get(answer.stdout.strip())

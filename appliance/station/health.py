"""How the machine does: power, disk, clock, temperature; read from files, so that nothing can hang."""

from __future__ import annotations

import os
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

PLATFORM = Path("/sys/devices/platform")
THROTTLED_FILES = "soc*/soc*:firmware/get_throttled"
"""Below it: ``soc`` up to the Pi 4, ``soc@`` and an address on a Pi 5."""
CLOCK_SYNCED_FILE = Path("/run/systemd/timesync/synchronized")
CPU_TEMPERATURE_FILE = Path("/sys/class/thermal/thermal_zone0/temp")
LEAST_FREE_MB = 500
UNDER_VOLTAGE, THROTTLED = 0x1, 0x4
UNDER_VOLTAGE_SEEN = 0x10000


@dataclass(frozen=True)
class Health:
    """One look at the machine; None where it does not say."""

    under_voltage: bool | None = None
    under_voltage_since_boot: bool | None = None
    throttled: bool | None = None
    clock_synced: bool | None = None
    disk_free_mb: int | None = None
    cpu_c: float | None = None
    bench_c: float | None = None
    """Temperature at the bench, °C, from the thermometer."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is wrong, a sentence each."""
        found = []
        if self.under_voltage:
            found.append("The Pi's supply voltage is too low: use its own power supply.")
        if self.throttled:
            found.append("The Pi is slowed down by heat or low voltage.")
        if self.disk_free_mb is not None and self.disk_free_mb < LEAST_FREE_MB:
            found.append(f"Only {self.disk_free_mb} MB are free on the disk.")
        return tuple(found)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready dictionary."""
        return {**asdict(self), "warnings": list(self.warnings)}


def read_health(data_dir: Path, bench_c: float | None = None) -> Health:
    """Look at the machine once."""
    flags = next((_number(file, 16) for file in PLATFORM.glob(THROTTLED_FILES)), None)
    cpu = _number(CPU_TEMPERATURE_FILE, 10)
    try:
        free: int | None = shutil.disk_usage(data_dir).free // 10**6
    except OSError:
        free = None
    return Health(
        under_voltage=None if flags is None else bool(flags & UNDER_VOLTAGE),
        under_voltage_since_boot=None if flags is None else bool(flags & UNDER_VOLTAGE_SEEN),
        throttled=None if flags is None else bool(flags & THROTTLED),
        clock_synced=CLOCK_SYNCED_FILE.exists() if os.path.isdir("/run/systemd/system") else None,
        disk_free_mb=free,
        cpu_c=None if cpu is None else cpu / 1000,
        bench_c=bench_c,
    )


def _number(file: Path, base: int) -> int | None:
    try:
        return int(file.read_text(encoding="ascii").strip(), base)
    except (OSError, ValueError):
        return None

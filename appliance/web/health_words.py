"""How the machine does, in plain words: a name, how it is, and what to do where something is to be done."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from appliance.store.backups import newest_backup
from appliance.store.clock import now
from appliance.store.copies import last_copied

OLD_BACKUP_DAYS = 3
HOT_C = 80.0
"""From here on a Pi slows itself down (Raspberry Pi documentation, frequency management)."""


def machine_words(health: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What the station says of its machine, a name and a sentence each; what it does not know is left out."""
    rows = [("Power supply", _power(health)), ("Clock", _clock(health.get("clock_synced")))]
    if health.get("bench_c") is not None:
        rows.append(("Temperature at the bench", f"{health['bench_c']:.1f} °C"))
    cpu_c = health.get("cpu_c")
    if cpu_c is not None:
        hot = " Too hot: give the Pi air." if cpu_c >= HOT_C or health.get("throttled") else ""
        rows.append(("Temperature of the processor", f"{cpu_c:.0f} °C.{hot}"))
    return [(name, text) for name, text in rows if text]


def _power(health: Mapping[str, Any]) -> str:
    if health.get("under_voltage") is None:
        return ""
    if health["under_voltage"]:
        return "Too weak just now. Use the Pi's own power supply and cable."
    if health.get("under_voltage_since_boot"):
        return "It was too weak since the station was switched on. Use the Pi's own power supply and cable."
    return "Right."


def _clock(synced: bool | None) -> str:
    if synced is None:
        return ""
    return (
        "Right, set from the network."
        if synced
        else "Not set yet. Checks stay in order; their times may be wrong."
    )


def copies_words(data_dir: Path) -> str:
    """How the last round of copies to a stick or network folder went; empty if there was none."""
    done = last_copied(data_dir)
    if done is None:
        return ""
    made = datetime.fromisoformat(done.at).astimezone()
    return done.problem or f"All there, {made:%-d %B %Y, %H:%M}."


def backup_words(data_dir: Path) -> str:
    """How old the newest copy of the records is."""
    newest = newest_backup(data_dir)
    if newest is None:
        return "There is none yet. The station makes one a day."
    age_s = newest.age_s(now())
    if age_s is None:
        return "There is one; how old it is no clock tells."
    if age_s < 86_400:
        return f"{max(age_s / 3600, 1):.0f} hours old."
    old = " No newer one could be made: see the last faults." if age_s > OLD_BACKUP_DAYS * 86_400 else ""
    return f"{age_s / 86_400:.0f} days old.{old}"

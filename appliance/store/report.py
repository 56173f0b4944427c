"""What is told of records that had to be put right: kept beside them until somebody has read it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from appliance.store._files import replace_whole

REPORT_NAME = "recovery.json"


@dataclass(frozen=True)
class Report:
    """How the records were put right."""

    at: str
    """Wall time, ISO 8601."""
    problem: str
    """What was wrong, or that somebody asked for it."""
    under_way: bool = False
    aside: str = ""
    """Folder below ``set-aside`` with the database as it was; empty if it was sound and stayed."""
    backup: str = ""
    """File name of the backup that took its place."""
    backup_at: str = ""
    rebuilt: tuple[int, ...] = ()
    """Numbers of the checks made anew from their side-cars."""
    missing: tuple[tuple[int, str], ...] = ()
    """Numbers and verdicts of checks that were shown and are gone."""
    taken: dict[str, int] = field(default_factory=dict)
    """Further rows taken from the database set aside, by table."""
    seen: bool = False
    """Whether somebody has read it."""

    @property
    def sentence(self) -> str:
        """What happened, for OLED, page and log."""
        parts = [f"{self.problem}."]
        if self.aside:
            source = f"the backup of {self.backup_at[:16].replace('T', ' ')}" if self.backup else "nothing"
            parts.append(f"It was set aside, and the records were restored from {source}.")
        if self.rebuilt:
            parts.append(f"{_checks(self.rebuilt)} made again from what lies beside the photos.")
        if self.missing:
            named = ", ".join(
                f"{number} ({verdict.replace('_', ' ')})" for number, verdict in self.missing[:8]
            )
            more = f" and {len(self.missing) - 8} more" if len(self.missing) > 8 else ""
            parts.append(f"MISSING: check {named}{more}. Test those lenses again.")
        else:
            parts.append("No check is missing.")
        if self.aside and self.backup:
            parts.append("Look through lenses and visits that were changed since then.")
        return " ".join(parts)


def _checks(numbers: tuple[int, ...]) -> str:
    if len(numbers) == 1:
        return f"Check {numbers[0]} was"
    return f"{len(numbers)} checks ({min(numbers)} to {max(numbers)}) were"


def read_report(data_dir: Path) -> Report | None:
    """How the records were put right the last time; None if they never were."""
    try:
        data = json.loads((data_dir / REPORT_NAME).read_text(encoding="utf-8"))
        data["rebuilt"] = tuple(data["rebuilt"])
        data["missing"] = tuple((number, verdict) for number, verdict in data["missing"])
        return Report(**data)
    except (OSError, ValueError, TypeError, KeyError):
        return None


def write_report(data_dir: Path, report: Report) -> None:
    """Keep a report; raises OSError if the disk refuses it."""
    replace_whole(data_dir / REPORT_NAME, json.dumps(asdict(report), ensure_ascii=False, indent=1).encode())


def note_seen(data_dir: Path) -> None:
    """Somebody has read the report."""
    report = read_report(data_dir)
    if report is not None and not report.seen:
        write_report(data_dir, replace(report, seen=True))

"""The station's last faults, kept beside the records so that the page can tell them when they are over."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from appliance.store._files import append_line, replace_whole
from appliance.store.clock import now

FILE_NAME = "faults.jsonl"
KEPT, MOST_BYTES = 50, 50_000
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Fault:
    """Something that went wrong: when, its title on the display, and in words with what to do."""

    at: datetime
    title: str
    text: str


def note_fault(data_dir: Path, title: str, text: str) -> None:
    """Keep a fault; a disk that refuses it is only logged, as it may be the fault itself."""
    file = data_dir / FILE_NAME
    line = json.dumps({"at": now().wall.isoformat(timespec="seconds"), "title": title, "text": text[:500]})
    try:
        append_line(file, line.encode())
        if file.stat().st_size > MOST_BYTES:
            replace_whole(file, b"\n".join(file.read_bytes().splitlines()[-KEPT:]) + b"\n")
    except OSError as error:
        log.warning("The fault could not be noted (%s): %s", error, text)


def last_faults(data_dir: Path, count: int) -> list[Fault]:
    """Up to ``count`` faults, newest first; lines that cannot be read are left out."""
    try:
        lines = (data_dir / FILE_NAME).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    found = []
    for line in reversed(lines):
        try:
            data = json.loads(line)
            found.append(Fault(datetime.fromisoformat(data["at"]), str(data["title"]), str(data["text"])))
        except (ValueError, KeyError, TypeError):
            continue
        if len(found) == count:
            break
    return found

"""The journal of what was shown: one line a check, flushed before its verdict is seen, beside the database.

It is the second witness: a check that it names and the database lacks is lost, whatever the database says of itself.
A line is ``SEQUENCE UUID VERDICT DIGEST CRC``: the check's number, its uuid, its verdict, SHA-256 of its side-car
(``-`` for checks from before there were any), and CRC-32 of all that in hexadecimal. Lines are only ever added.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from appliance.store._files import append_line, replace_whole

JOURNAL_NAME = "shown.journal"
NO_DIGEST = "-"
_LINE = re.compile(rb"(\d{1,10}) ([0-9a-f-]{36}) ([A-Z_]{1,20}) (-|[0-9a-f]{64})")


@dataclass(frozen=True)
class Shown:
    """One check that was shown."""

    sequence: int
    uuid: str
    verdict: str
    digest: str = NO_DIGEST
    """SHA-256 of its side-car, hexadecimal."""


@dataclass(frozen=True)
class Journal:
    """What a journal tells: checks by number, and how many of its lines cannot be read."""

    checks: dict[int, Shown]
    torn: int = 0

    @property
    def last(self) -> int:
        """Largest number that was shown; 0 before the first."""
        return max(self.checks, default=0)


def _coded(shown: Shown) -> bytes:
    text = f"{shown.sequence} {shown.uuid} {shown.verdict} {shown.digest}".encode("ascii")
    return text + b" %08x" % zlib.crc32(text)


def note_shown(data_dir: Path, shown: Shown) -> None:
    """Add a check; raises OSError if the disk refuses it."""
    append_line(data_dir / JOURNAL_NAME, _coded(shown))


def write_journal(data_dir: Path, checks: Iterable[Shown]) -> None:
    """Begin a journal with these checks, whole or not at all."""
    content = b"".join(_coded(shown) + b"\n" for shown in checks)
    replace_whole(data_dir / JOURNAL_NAME, content)


def read_journal(data_dir: Path) -> Journal | None:
    """Read the journal; None if there is none. Lines that a power cut or a bad card spoiled are counted, not taken."""
    try:
        content = (data_dir / JOURNAL_NAME).read_bytes()
    except FileNotFoundError:
        return None
    checks: dict[int, Shown] = {}
    torn = 0
    for line in content.split(b"\n"):
        text, _, crc = line.rpartition(b" ")
        found = _LINE.fullmatch(text)
        if found and crc == b"%08x" % zlib.crc32(text):
            number, uuid, verdict, digest = (part.decode("ascii") for part in found.groups())
            checks[int(number)] = Shown(int(number), uuid, verdict, digest)
        elif line:
            torn += 1
    return Journal(checks, torn)

"""Ways to spoil a station's records, as memory cards and people do."""

from __future__ import annotations

import random
from pathlib import Path

DATABASE = "focuscheck.sqlite3"
PAGE = 4096


def spoil(folder: Path, kind: str, draw: random.Random) -> None:
    """Spoil the records in ``folder`` in the way ``kind``, at a place drawn."""
    file, log, journal = folder / DATABASE, folder / f"{DATABASE}-wal", folder / "shown.journal"
    match kind:
        case "database gone":
            for part in folder.glob(f"{DATABASE}*"):
                part.unlink()
        case "database empty":
            file.write_bytes(b"")
        case "a page of noise":
            _overwrite(file, draw, PAGE, PAGE)
        case "bits flipped in a page":
            _overwrite(file, draw, PAGE, 3)
        case "database cut short":
            file.write_bytes(file.read_bytes()[: draw.randrange(1, max(file.stat().st_size, 2))])
        case "log spoiled":
            if log.exists() and log.stat().st_size > PAGE:
                _overwrite(log, draw, PAGE, 200)
        case "log gone":
            log.unlink(missing_ok=True)
        case "journal gone":
            journal.unlink(missing_ok=True)
        case "journal torn":
            content = journal.read_bytes() if journal.exists() else b""
            if content:
                journal.write_bytes(content[: draw.randrange(len(content))])
        case "an older copy put in its place":
            copies = sorted((folder / "backups").glob("*.sqlite3"))
            if copies:
                for part in folder.glob(f"{DATABASE}-*"):
                    part.unlink()
                file.write_bytes(copies[0].read_bytes())


KINDS = (
    "database gone", "database empty", "a page of noise", "bits flipped in a page", "database cut short", "log spoiled",
    "log gone", "journal gone", "journal torn", "an older copy put in its place",
)  # fmt: skip


def _overwrite(file: Path, draw: random.Random, page: int, count: int) -> None:
    """Put noise over ``count`` bytes of one page drawn; the first page is left, which a card wears least."""
    content = bytearray(file.read_bytes())
    if len(content) < 2 * page:
        return
    start = draw.randrange(1, len(content) // page) * page
    for _ in range(count):
        content[start + draw.randrange(page)] ^= draw.randrange(1, 256)
    file.write_bytes(content)

"""A station's records at work in a process of their own: what it says on its pipe was shown, and must never be lost."""

from __future__ import annotations

import logging
import os
import random
import time
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from appliance.errors import StorageError
from appliance.focus.result import Verdict
from appliance.store import open_store
from appliance.store.backups import make_backup
from appliance.store.clock import Moment
from appliance.store.starting import start_store
from tests.examples import RESULT, record

VERDICTS = tuple(Verdict)
PICTURE_BYTES = 30_000
STARTED = "started"


def begin(folder: Path, seed: int) -> tuple[int, int]:
    """Fork a worker on ``folder``; returns its process id and the descriptor that it speaks on."""
    mine, its = os.pipe()
    child = os.fork()
    if child:
        os.close(its)
        return child, mine
    os.close(mine)
    logging.disable(logging.CRITICAL)
    status = 1
    try:
        work(folder, its, random.Random(seed))
        status = 0
    except StorageError as error:
        os.write(its, f"refused {error}\n".encode())
        status = 5
    finally:
        os._exit(status)


def work(folder: Path, out: int, draw: random.Random) -> None:
    """Start as a station does, then store checks for ever, each told once it is shown; now and then a backup."""
    store, report = start_store(folder)
    if report is not None:
        os.write(out, f"missing {len(report.missing)}\n".encode())
    os.write(out, f"{STARTED}\n".encode())
    while True:
        wall = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(
            days=draw.uniform(-9000, 9000)
        )  # no clock battery
        verdict = draw.choice(VERDICTS)
        check = store.add_check(
            record(
                0,
                uuid=str(uuid.UUID(int=draw.getrandbits(128), version=4)),
                lens_tag=f"FC-{draw.randrange(20)}",
                moment=Moment("boot", time.monotonic(), wall, draw.random() < 0.5),
                result=replace(RESULT, verdict=verdict),
                preview_jpeg=draw.randbytes(PICTURE_BYTES),
            )
        )
        os.write(out, f"shown {check.sequence} {check.uuid} {verdict.value}\n".encode())
        if draw.random() < 0.3:
            store.add_raw(check.sequence, draw.randbytes(3 * PICTURE_BYTES), (100, 100))
        if draw.random() < 0.02:
            make_backup(folder, "daily")


def kept(folder: Path) -> tuple[dict[int, tuple[str, str]], int, int]:
    """Checks in the records by number, as (uuid, verdict); how many are doubled; how many rows lack their picture."""
    import sqlite3

    open_store(folder).close()
    with sqlite3.connect(folder / "focuscheck.sqlite3") as database:
        rows = database.execute("select sequence, uuid, verdict from checks").fetchall()
        names = database.execute("select file_name from pictures where removed_at is null").fetchall()
    database.close()
    doubled = len(rows) - len({row[1] for row in rows})
    without = sum(not (folder / "pictures" / name).is_file() for (name,) in names)
    return {row[0]: (row[1], row[2]) for row in rows}, doubled, without

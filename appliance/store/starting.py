"""How the station takes its records at a start: looked at, put right if need be, opened, and swept."""

from __future__ import annotations

import logging
import re
import sqlite3
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from appliance.errors import StorageError
from appliance.store._adding import PICTURES_NAME, short
from appliance.store._files import PARTIAL
from appliance.store._opening import open_store
from appliance.store._store import Store
from appliance.store.journal import read_journal
from appliance.store.models import Check, Picture
from appliance.store.recovery import mended
from appliance.store.report import Report

_OURS = re.compile(r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.(jpg|png|json\.gz)")
log = logging.getLogger(__name__)


def start_store(data_dir: Path) -> tuple[Store, Report | None]:
    """The records, whole, and how they were put right if they had to be; the caller holds the data folder.

    Raises
    ------
    StorageError
        If the folder cannot be written, or the records be neither opened nor put right.
    """
    try:
        report = mended(data_dir)
        store = open_store(data_dir)
        sweep(store)
    except (SQLAlchemyError, sqlite3.Error, OSError) as error:
        raise StorageError(
            f"The records in {data_dir} cannot be read or put right ({short(error)}). Free some space or repair the "
            "disk, then start again; nothing was thrown away."
        ) from None
    return store, report


def sweep(store: Store) -> int:
    """Take away files in the pictures folder that no check has: of checks cut short before they counted.

    Files of checks that were shown stay, whatever the database says. Returns how many went.
    """
    journal = read_journal(store.data_dir)
    shown = {check.uuid for check in journal.checks.values()} if journal else set()
    with store.reading() as session:
        kept = set(session.scalars(select(Check.uuid)))
        named = set(session.scalars(select(Picture.file_name).where(Picture.removed_at.is_(None))))
    gone = 0
    for file in (store.data_dir / PICTURES_NAME).iterdir():
        match = _OURS.fullmatch(file.name)
        if file.name.endswith(PARTIAL):
            orphan = True
        elif match is None:
            orphan = False
        elif match[2] == "json.gz":
            orphan = match[1] not in kept | shown
        else:
            orphan = file.name not in named and match[1] not in shown - kept
        if orphan:
            file.unlink(missing_ok=True)
            gone += 1
    if gone:
        log.info("%d files of checks that were cut short were taken away.", gone)
    return gone

"""A disk that is full, broken or read-only, at every write of a check: named, nothing half kept, and on again."""

import errno
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from examples import record

from appliance.errors import RecordsDamagedError, StorageError
from appliance.store import Store, _files, open_store
from appliance.store.journal import read_journal
from appliance.store.starting import start_store

FAULTS = (errno.ENOSPC, errno.EIO, errno.EROFS)

BEFORE_THE_ROWS = ("photo", "raw photo", "side-car", "their folder")
"""What is flushed before the rows are; SQLite does its own, and the journal comes last."""


class Disk:
    """Counts what is flushed, and refuses from one call on; what the system calls do is the system's."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls, self.refuses_at, self.number = 0, 10**9, errno.EIO
        flush = os.fsync

        def fsync(descriptor: int) -> None:
            self.calls += 1
            if self.calls > self.refuses_at:
                raise OSError(self.number, os.strerror(self.number))
            flush(descriptor)

        monkeypatch.setattr(_files.os, "fsync", fsync)


@pytest.mark.parametrize("number", FAULTS, ids=[errno.errorcode[number] for number in FAULTS])
def test_a_disk_that_refuses_any_write_of_a_check_is_named_and_leaves_nothing_half_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    disk = Disk(monkeypatch)
    store = open_store(tmp_path)
    store.add_check(record(1, raw_png=b"png", raw_px=(1, 1)))
    disk.number = number
    assert disk.calls > len(BEFORE_THE_ROWS)
    before = {file.name for file in (tmp_path / "pictures").iterdir()}
    for at in range(len(BEFORE_THE_ROWS)):
        disk.calls, disk.refuses_at = 0, at
        with pytest.raises(StorageError, match=os.strerror(number)):
            store.add_check(record(2, raw_png=b"png", raw_px=(1, 1)))
        assert store.count() == 1
        assert {file.name for file in (tmp_path / "pictures").iterdir()} == before
    disk.calls, disk.refuses_at = 0, 10**9
    assert store.add_check(record(2, raw_png=b"png", raw_px=(1, 1))).sequence == 2
    store.close()


def test_a_journal_that_cannot_be_written_does_not_take_the_check_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(data_dir: Path, shown: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    store = open_store(tmp_path)
    monkeypatch.setattr("appliance.store._adding.note_shown", full)
    assert store.add_check(record(1)).sequence == 1
    assert "could not be noted in the journal (No space left on device)" in caplog.text
    store.close()
    start_store(tmp_path)[0].close()
    journal = read_journal(tmp_path)
    assert journal is not None
    assert sorted(journal.checks) == [1]  # caught up on


def fill(store: Store) -> None:
    for number in range(2, 50):
        store.add_check(record(number))


@pytest.mark.parametrize("fault", ["full", "read-only"])
def test_a_database_that_cannot_grow_or_be_written_is_named(tmp_path: Path, fault: str) -> None:
    store = open_store(tmp_path)
    store.add_check(record(1))
    with store._engine.connect() as connection:
        pragma = "query_only = on" if fault == "read-only" else "max_page_count = 1"
        connection.exec_driver_sql(f"pragma {pragma}")
        words = "readonly" if fault == "read-only" else "full"
    with pytest.raises(StorageError, match=words) as caught:
        fill(store)
    assert not isinstance(caught.value, RecordsDamagedError)
    kept = store.count()
    assert len(list((tmp_path / "pictures").glob("*.json.gz"))) == kept
    store.close()


@pytest.mark.parametrize("spoil", [lambda file: file.write_bytes(b"x" * 9000), lambda file: file.unlink()])
def test_a_database_that_goes_bad_under_a_page_is_told_by_the_page(
    tmp_path: Path, spoil: Callable[[Path], object]
) -> None:
    from appliance.config import load_settings
    from appliance.web.app import create_app

    store = open_store(tmp_path)
    store.add_check(record(1))
    store.close()
    settings = load_settings(overrides={"data_dir": tmp_path, "camera": "simulated"}, environment={})
    app = create_app(settings)
    with app.test_client() as client:
        assert client.get("/checks").status_code == 200
        app.extensions["history"].store.close()  # its connections go; the next ones find what is there then
        spoil(tmp_path / "focuscheck.sqlite3")
        answer = client.get("/checks")
        assert answer.status_code == 503
        assert "puts them right" in answer.text
    app.extensions["history"].close()


def test_sqlite_says_what_is_damage_and_what_is_not(tmp_path: Path) -> None:
    from appliance.store._adding import is_damage

    (tmp_path / "x").write_bytes(b"x" * 9000)
    with closing(sqlite3.connect(tmp_path / "x")) as database, pytest.raises(sqlite3.DatabaseError) as caught:
        database.execute("select * from sqlite_master")
    assert is_damage(caught.value)
    assert not is_damage(OSError(errno.ENOSPC, "full"))
    assert not is_damage(sqlite3.OperationalError("disk I/O error"))

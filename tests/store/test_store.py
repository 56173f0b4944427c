"""What is kept, and that it is."""

import json
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from examples import RESULT, SETUP, record
from sqlalchemy import create_engine

from appliance.errors import StorageError
from appliance.focus.result import Verdict
from appliance.store import open_history, open_store
from appliance.store.clock import Moment, now
from appliance.store.models import Base


def test_a_check_comes_back_as_it_was_stored(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    added = store.add_check(record())
    store.close()
    again = open_store(tmp_path).get(added.sequence)
    assert again == added
    assert again is not None
    assert again.result == RESULT
    assert again.setup == SETUP
    assert again.taken_at == datetime(2026, 3, 3, 12, 0, tzinfo=UTC)
    assert again.preview_px == (2028, 1520)
    picture = open_store(tmp_path).picture(again.preview_file or "")
    assert picture is not None
    assert picture.read_bytes() == b"\xff\xd8\xff jpeg"


def test_checks_are_in_the_order_of_the_presses_even_when_the_clock_runs_backwards(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    start = datetime(2026, 3, 3, tzinfo=UTC)
    for k in range(7):
        moment = Moment("boot", float(k), start - timedelta(hours=k), False)
        store.add_check(record(k, moment=moment))
    newest = store.newest_first(3)
    assert [check.sequence for check in newest] == [7, 6, 5]
    assert [check.sequence for check in store.newest_first(3, before=5)] == [4, 3, 2]
    assert store.latest() == store.get(7)
    assert store.count() == 7


def test_the_list_leaves_out_what_only_one_check_s_page_needs(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    store.add_check(record())
    (summary,) = store.newest_first(10)
    assert summary.result.verdict is Verdict.FAIL_BACK
    assert summary.result.focus_error_mm == 34.8
    assert summary.result.reasons == RESULT.reasons
    assert summary.result.edges == ()


def test_the_same_lens_is_one_lens(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    for k, tag in enumerate(("FC-1", "FC-2", "FC-1", None)):
        store.add_check(record(k, lens_tag=tag))
    with sqlite3.connect(tmp_path / "focuscheck.sqlite3") as database:
        assert database.execute("select count(*) from lenses").fetchone() == (2,)
    latest = store.latest("FC-1")
    assert latest is not None
    assert latest.sequence == 3


def test_a_number_is_never_given_twice(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    store.add_check(record(1))
    last = store.add_check(record(2))
    with sqlite3.connect(tmp_path / "focuscheck.sqlite3") as database:
        database.execute("delete from pictures")
        database.execute("delete from checks where sequence = ?", (last.sequence,))
    assert store.add_check(record(3)).sequence == last.sequence + 1


def test_a_commit_is_flushed_to_the_disk(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    with store._engine.connect() as connection:
        assert connection.exec_driver_sql("pragma journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("pragma synchronous").scalar() == 2  # FULL
        assert connection.exec_driver_sql("pragma foreign_keys").scalar() == 1


def test_a_check_survives_the_process_being_killed_right_after_it(tmp_path: Path) -> None:
    program = (
        "import os, sys; sys.path.insert(0, sys.argv[2]);"
        "from pathlib import Path; from examples import record; from appliance.store import open_store;"
        "open_store(Path(sys.argv[1])).add_check(record()); os.kill(os.getpid(), 9)"
    )
    here = str(Path(__file__).parents[1])
    subprocess.run([sys.executable, "-c", program, str(tmp_path), here], check=False)
    latest = open_store(tmp_path).latest()
    assert latest is not None
    assert latest.result == RESULT


@pytest.mark.parametrize("folder", ["a-file", "a-file/below", "/proc/no-such"])
def test_a_data_folder_that_cannot_be_written_is_named(tmp_path: Path, folder: str) -> None:
    (tmp_path / "a-file").write_text("in the way")
    with pytest.raises(StorageError, match="cannot be written") as caught:
        open_store(tmp_path / folder)
    assert "--data-dir" in str(caught.value)


def test_a_damaged_database_is_named_and_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "focuscheck.sqlite3"
    file.write_bytes(b"SQLite format 3\0" + b"garbage" * 2000)
    before = file.read_bytes()
    with pytest.raises(StorageError, match="cannot be opened"):
        open_store(tmp_path)
    assert file.read_bytes() == before
    assert open_history(tmp_path) is None


def test_the_migrations_make_exactly_the_models_tables(tmp_path: Path) -> None:
    open_store(tmp_path).close()
    with create_engine(f"sqlite:///{tmp_path}/focuscheck.sqlite3").connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []


def test_there_is_no_history_before_the_first_station(tmp_path: Path) -> None:
    assert open_history(tmp_path) is None
    open_store(tmp_path)
    assert open_history(tmp_path) is not None


@pytest.mark.parametrize("name", ["../focuscheck.sqlite3", "x.jpg", "", "%2e%2e", "a" * 36 + ".png"])
def test_only_pictures_of_checks_are_given_out(tmp_path: Path, name: str) -> None:
    assert open_store(tmp_path).picture(name) is None


def test_a_moment_is_told_on_every_clock() -> None:
    moment = now()
    assert moment.boot_id
    assert moment.wall.tzinfo is UTC
    json.dumps(moment.boot_id)
    assert now().monotonic_s >= moment.monotonic_s


def test_a_raw_photo_comes_to_its_check_later_or_not_at_all(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    check = store.add_check(record())
    assert check.raw_file is None
    store.add_raw(check.sequence, b"\x89PNG", (4056, 3040))
    kept = store.get(check.sequence)
    assert kept is not None
    picture = store.picture(kept.raw_file or "")
    assert picture is not None
    assert picture.read_bytes() == b"\x89PNG"
    with pytest.raises(StorageError, match=r"could not be stored.*the check itself is stored"):
        store.add_raw(check.sequence, b"again", (1, 1))
    assert picture.read_bytes() == b"\x89PNG"
    with pytest.raises(StorageError, match="raw photo of check 99"):
        store.add_raw(99, b"", (1, 1))

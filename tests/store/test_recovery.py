"""Damaged or missing records are noticed, set aside whole, and put right; what cannot be is named."""

import gzip
import random
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from examples import RESULT, record
from sqlalchemy import select

from appliance.errors import NewerRecordsError, RecordsDamagedError, StorageError
from appliance.focus.result import Verdict
from appliance.store import Store, StoredCheck, open_store, visits
from appliance.store.backups import backups_in, make_backup, problem_of
from appliance.store.clock import now
from appliance.store.hold import HeldConnection, sole_holder
from appliance.store.house import Lens
from appliance.store.journal import JOURNAL_NAME, read_journal
from appliance.store.models import Check
from appliance.store.plan import plan_of
from appliance.store.recovery import ASIDE_NAME, replaced_by
from appliance.store.report import REPORT_NAME, note_seen, read_report
from appliance.store.starting import start_store
from appliance.store.undo import newest_aside, put_back

DATABASE = "focuscheck.sqlite3"


def filled(folder: Path, first: int, count: int) -> list[StoredCheck]:
    """Checks of three lenses, stored in ``folder``, each as it was shown."""
    store = open_store(folder)
    verdicts = (Verdict.PASS, Verdict.FAIL_BACK, Verdict.RETEST)
    shown = [
        store.add_check(
            record(
                number,
                lens_tag=f"FC-{number % 3}",
                body_tag="BODY-1" if number % 2 else None,
                operator="Ada",
                station="Bench 1",
                temperature_c=21.5,
                result=replace(RESULT, verdict=verdicts[number % 3], focus_error_mm=float(number)),
            )
        )
        for number in range(first, first + count)
    ]
    store.close()
    return shown


def all_of(store: Store) -> list[StoredCheck]:
    with store.reading() as session:
        numbers = session.scalars(select(Check.sequence).order_by(Check.sequence)).all()
    found = [store.get(number) for number in numbers]
    return [check for check in found if check is not None]


def alike(check: StoredCheck) -> StoredCheck:
    """A check without the numbers of other rows, which a rebuilt one need not share."""
    return replace(check, visit_id=None)


def spoil(folder: Path, how: str, seed: int = 1) -> None:
    file, draw = folder / DATABASE, random.Random(seed)
    with closing(sqlite3.connect(file)) as database:  # its log goes into the file
        database.execute("pragma wal_checkpoint(truncate)")
    match how:
        case "gone":
            for part in folder.glob(f"{DATABASE}*"):
                part.unlink()
        case "empty":
            file.write_bytes(b"")
        case "no database":
            file.write_bytes(draw.randbytes(50_000))
        case "cut":
            file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
        case "page":
            content = bytearray(file.read_bytes())
            page = draw.randrange(1, len(content) // 4096)
            content[page * 4096 : (page + 1) * 4096] = draw.randbytes(4096)
            file.write_bytes(content)
        case "no tables":
            file.unlink()
            with closing(sqlite3.connect(file)) as database:
                database.execute("pragma user_version = 3")


KINDS = ("gone", "empty", "no database", "cut", "page", "no tables")


@pytest.mark.parametrize("how", KINDS)
def test_a_damaged_database_is_set_aside_and_every_check_is_there_again(tmp_path: Path, how: str) -> None:
    shown = filled(tmp_path, 1, 12)
    make_backup(tmp_path, "daily")
    shown += filled(tmp_path, 13, 7)
    spoil(tmp_path, how)
    spoiled = (tmp_path / DATABASE).read_bytes() if how != "gone" else b""
    store, report = start_store(tmp_path)
    assert [alike(check) for check in all_of(store)] == [alike(check) for check in shown]
    assert report is not None
    assert report.missing == ()
    assert report.rebuilt == tuple(range(13, 20))
    assert "7 checks (13 to 19)" in report.sentence
    assert "No check is missing." in report.sentence
    if how != "gone":
        assert (tmp_path / ASIDE_NAME / report.aside / DATABASE).read_bytes() == spoiled
    assert store.add_check(record(99)).sequence == 20
    store.close()
    again, nothing = start_store(tmp_path)
    assert nothing is None
    again.close()


@pytest.mark.parametrize("seed", range(12))
def test_a_spoiled_page_never_passes_for_whole_where_it_changes_what_is_told(
    tmp_path: Path, seed: int
) -> None:
    shown = filled(tmp_path, 1, 10)
    spoil(tmp_path, "page", seed)
    store, _ = start_store(tmp_path)
    assert [alike(check) for check in all_of(store)] == [alike(check) for check in shown]
    store.close()


def test_without_a_backup_all_comes_from_the_side_cars(tmp_path: Path) -> None:
    shown = filled(tmp_path, 1, 5)
    spoil(tmp_path, "no database")
    store, report = start_store(tmp_path)
    assert [alike(check) for check in all_of(store)] == [alike(check) for check in shown]
    assert report is not None
    assert "restored from nothing" in report.sentence
    with store.reading() as session:
        assert set(session.scalars(select(Lens.tag))) == {"FC-0", "FC-1", "FC-2"}
    store.close()


def test_what_has_no_side_car_is_named_until_somebody_has_read_it(tmp_path: Path) -> None:
    filled(tmp_path, 1, 3)
    make_backup(tmp_path, "daily")
    lost = filled(tmp_path, 4, 3)[1]
    (tmp_path / "pictures" / f"{lost.uuid}.json.gz").unlink()
    spoil(tmp_path, "gone")
    store, report = start_store(tmp_path)
    store.close()
    assert report is not None
    assert report.missing == ((lost.sequence, lost.result.verdict.value),)
    assert f"MISSING: check {lost.sequence}" in report.sentence
    assert read_report(tmp_path) == report
    store, again = start_store(tmp_path)
    assert again is None  # told once; the report stays
    assert store.add_check(record(50)).sequence == 7
    store.close()
    note_seen(tmp_path)
    kept = read_report(tmp_path)
    assert kept is not None
    assert kept.seen
    assert kept.missing == report.missing


def test_a_side_car_that_is_not_the_one_written_is_not_believed(tmp_path: Path) -> None:
    (check,) = filled(tmp_path, 1, 1)
    file = tmp_path / "pictures" / f"{check.uuid}.json.gz"
    file.write_bytes(gzip.compress(gzip.decompress(file.read_bytes()).replace(b"FAIL_BACK", b"PASS")))
    spoil(tmp_path, "gone")
    store, report = start_store(tmp_path)
    assert report is not None
    assert report.missing == ((1, check.result.verdict.value),)
    assert store.count() == 0
    store.close()


def test_lenses_and_visits_newer_than_the_backup_are_taken_from_what_can_still_be_read(
    tmp_path: Path,
) -> None:
    filled(tmp_path, 1, 3)
    make_backup(tmp_path, "daily")
    store = open_store(tmp_path)
    with store.session() as session:
        lens = Lens(tag="NEW-1", maker="Cooke", model="S4/i", created_at=now().wall)
        session.add(lens)
        session.flush()
        visits.start_visit(session, lens, "return", "R-77", None, now().wall)
    store.close()
    with closing(sqlite3.connect(tmp_path / DATABASE)) as database:
        (root,) = database.execute(
            "select rootpage from sqlite_master where name = 'ix_checks_verdict_sequence'"
        ).fetchone()
        database.execute("pragma wal_checkpoint(truncate)")
    content = bytearray((tmp_path / DATABASE).read_bytes())
    content[(root - 1) * 4096 : root * 4096] = bytes(4096)
    (tmp_path / DATABASE).write_bytes(content)
    store, report = start_store(tmp_path)
    assert report is not None
    assert report.taken["visits"] == 1
    with store.reading() as session:
        new = session.scalars(select(Lens).where(Lens.tag == "NEW-1")).one()
        assert new.name == "Cooke S4/i"
    store.close()


def test_records_of_a_newer_version_are_refused_by_a_sentence_and_left_alone(tmp_path: Path) -> None:
    filled(tmp_path, 1, 2)
    with closing(sqlite3.connect(tmp_path / DATABASE)) as database:
        database.execute("update alembic_version set version_num = '9999'")
        database.commit()
    for attempt in (open_store, start_store):
        with pytest.raises(
            NewerRecordsError, match=r"newer version of focuscheck.*focuscheck restore --list"
        ):
            attempt(tmp_path)
    assert not (tmp_path / ASIDE_NAME).exists()


def test_damage_met_at_work_is_told_as_such(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    store.add_check(record(1))
    content = bytearray((tmp_path / DATABASE).read_bytes())
    store.close()
    spoil(tmp_path, "no database")
    with pytest.raises(RecordsDamagedError, match="puts damaged records right"):
        open_store(tmp_path)
    assert len(content) > 0


KILLED = """
import os, sys
sys.path.insert(0, sys.argv[2])
from pathlib import Path
from appliance.store import _files, recovery, starting, _salvage
left = int(sys.argv[3])
def counted(name, module):
    inner = getattr(module, name)
    def call(*args, **named):
        global left
        left -= 1
        if left < 0:
            os._exit(9)
        return inner(*args, **named)
    setattr(module, name, call)
for name in ("write_report", "move_into", "copy_whole", "bring_up_to_date", "salvage", "rebuild", "drop_dangling",
             "write_journal", "sync_folder"):
    counted(name, recovery)
starting.start_store(Path(sys.argv[1]))
"""


def test_killed_at_any_step_of_putting_right_the_next_start_goes_on(tmp_path: Path) -> None:
    here = str(Path(__file__).parents[1])
    ended = None
    for step in range(40):
        folder = tmp_path / str(step)
        shown = filled(folder, 1, 3)
        make_backup(folder, "daily")
        shown += filled(folder, 4, 3)
        spoil(folder, "page" if step % 2 else "no database", step)
        ended = subprocess.run([sys.executable, "-c", KILLED, str(folder), here, str(step)], check=False)
        store, _ = start_store(folder)
        assert [alike(check) for check in all_of(store)] == [alike(check) for check in shown], step
        store.close()
        report = read_report(folder)
        assert report is None or not report.under_way
        assert len(list((folder / ASIDE_NAME).glob("*"))) <= 1
        if ended.returncode == 0:
            break
    assert ended is not None
    assert ended.returncode == 0
    assert step >= 9


def test_files_of_checks_cut_short_are_swept_and_no_others(tmp_path: Path) -> None:
    shown = filled(tmp_path, 1, 2)
    pictures = tmp_path / "pictures"
    orphan = "00000000-0000-4000-8000-00000000dead"
    for ending in (".jpg", ".png", ".json.gz"):
        (pictures / (orphan + ending)).write_bytes(b"cut short")
    (pictures / "x.jpg.partial").write_bytes(b"")
    (pictures / "notes.txt").write_text("somebody's")
    before = {file.name for file in pictures.iterdir()}
    store, _ = start_store(tmp_path)
    store.close()
    gone = before - {file.name for file in pictures.iterdir()}
    assert gone == {orphan + ".jpg", orphan + ".png", orphan + ".json.gz", "x.jpg.partial"}
    assert all((pictures / f"{check.uuid}.json.gz").exists() for check in shown)


def test_the_journal_is_begun_for_records_from_before_it_and_mended_where_torn(tmp_path: Path) -> None:
    filled(tmp_path, 1, 3)
    (tmp_path / JOURNAL_NAME).unlink()
    start_store(tmp_path)[0].close()
    journal = read_journal(tmp_path)
    assert journal is not None
    assert sorted(journal.checks) == [1, 2, 3]
    with (tmp_path / JOURNAL_NAME).open("ab") as stream:
        stream.write(b"4 0000")
    filled(tmp_path, 4, 1)
    journal = read_journal(tmp_path)
    assert journal is not None
    assert (sorted(journal.checks), journal.torn) == ([1, 2, 3, 4], 1)
    start_store(tmp_path)[0].close()
    journal = read_journal(tmp_path)
    assert journal is not None
    assert (sorted(journal.checks), journal.torn) == ([1, 2, 3, 4], 0)


def test_a_restore_says_what_would_change_keeps_the_checks_since_and_can_be_undone(tmp_path: Path) -> None:
    shown = filled(tmp_path, 1, 4)
    backup = make_backup(tmp_path, "daily")
    shown += filled(tmp_path, 5, 2)
    store = open_store(tmp_path)
    with store.session() as session:
        session.scalars(select(Lens).where(Lens.tag == "FC-1")).one().notes = "changed since"
    store.close()
    lines = "\n".join(plan_of(tmp_path, backup))
    assert "4 checks are in the backup" in lines
    assert "2 checks made since then stay" in lines
    assert "lenses: 1 as they were (FC-1)" in lines
    replaced_by(tmp_path, backup, "Somebody went back to a backup")
    store = open_store(tmp_path)
    assert [alike(check) for check in all_of(store)] == [alike(check) for check in shown]
    assert notes_of(store, "FC-1") == ""
    store.add_check(record(7))
    store.close()
    aside = newest_aside(tmp_path)
    assert aside is not None
    report = put_back(tmp_path, aside)
    assert report.rebuilt == (7,)
    store = open_store(tmp_path)
    assert notes_of(store, "FC-1") == "changed since"
    assert store.count() == 7
    store.close()


def notes_of(store: Store, tag: str) -> str:
    with store.reading() as session:
        return session.scalars(select(Lens.notes).where(Lens.tag == tag)).one()


def test_nobody_replaces_records_that_a_program_has_open(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    with store.reading() as session:
        session.scalars(select(Lens)).all()
        with pytest.raises(StorageError, match="does not let them go"), sole_holder(tmp_path, 0.2):
            pytest.fail("the records were taken from an open program")
    store.close()
    with sole_holder(tmp_path, 0.2), ThreadPoolExecutor(1) as somebody_else:
        asked = somebody_else.submit(HeldConnection, str(tmp_path / DATABASE))
        with pytest.raises(sqlite3.OperationalError, match="put right"):
            asked.result()
    open_store(tmp_path).close()


def test_a_backup_that_is_not_whole_is_passed_over(tmp_path: Path) -> None:
    shown = filled(tmp_path, 1, 2)
    good = make_backup(tmp_path, "daily")
    shown += filled(tmp_path, 3, 1)
    bad = make_backup(tmp_path, "daily")
    content = bytearray(bad.file.read_bytes())
    content[5000] ^= 255
    bad.file.write_bytes(content)
    assert problem_of(good) == ""
    assert problem_of(bad) != ""
    spoil(tmp_path, "gone")
    store, report = start_store(tmp_path)
    assert report is not None
    assert report.backup == good.file.name
    assert store.count() == len(shown)
    store.close()


def test_a_migration_is_preceded_by_a_backup(tmp_path: Path) -> None:
    filled(tmp_path, 1, 2)
    with closing(sqlite3.connect(tmp_path / DATABASE)) as database:  # a step that is only an index
        database.execute("drop index ix_checks_body_id_sequence")
    from test_migrations import database_at

    old = tmp_path / "old"
    old.mkdir()
    database_at("0001", old)
    open_store(old).close()
    (kept,) = backups_in(old / "backups")
    assert kept.manifest is not None
    assert (kept.manifest.reason, kept.manifest.revision) == ("before a migration", "0001")
    assert problem_of(kept) == ""


def test_a_report_that_cannot_be_read_is_none(tmp_path: Path) -> None:
    (tmp_path / REPORT_NAME).write_text("{")
    assert read_report(tmp_path) is None

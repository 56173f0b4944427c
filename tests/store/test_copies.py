"""Copies on a stick or network folder: complete, only what is new, on from where they stopped, never on the card."""

import shutil
from pathlib import Path

import pytest
from examples import record

from appliance.errors import StorageError
from appliance.store import open_store
from appliance.store._files import copy_whole
from appliance.store.backups import backups_in, make_backup, problem_of
from appliance.store.copies import copy_out, last_copied, prepare
from appliance.store.starting import start_store


@pytest.fixture
def house(tmp_path: Path) -> Path:
    folder, settings = tmp_path / "data", tmp_path / "config.toml"
    settings.write_text("coc_um = 20\n")
    store = open_store(folder)
    for number in range(3):
        store.add_check(record(number))
    store.close()
    (folder / "calibration.json").write_text("{}")
    make_backup(folder, "daily", settings)
    return folder


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    folder = tmp_path / "stick"
    folder.mkdir()
    prepare(folder, "Bench 2")
    return folder


def test_everything_is_taken_once_and_then_only_what_is_new(house: Path, stick: Path) -> None:
    first = copy_out(house, stick, "Bench 2")
    there = {
        str(file.relative_to(stick / "Bench-2")) for file in (stick / "Bench-2").rglob("*") if file.is_file()
    }
    for name in ("shown.journal", "calibration.json"):
        assert name in there
    assert sum(name.startswith("pictures/") for name in there) == 6
    assert sum(name.endswith(".toml") for name in there) == 1
    assert first.files == len(there)
    assert copy_out(house, stick, "Bench 2").files == 0
    store = open_store(house)
    store.add_check(record(9))
    store.close()
    assert copy_out(house, stick, "Bench 2").files == 3  # a picture, its side-car, the journal
    (kept,) = backups_in(stick / "Bench-2" / "backups")
    assert problem_of(kept) == ""


def test_a_new_card_is_filled_from_the_stick(house: Path, stick: Path, tmp_path: Path) -> None:
    store = open_store(house)
    store.add_check(record(9))
    store.close()
    copy_out(house, stick, "Bench 2")
    shutil.copytree(stick / "Bench-2", tmp_path / "new")
    store, report = start_store(tmp_path / "new")
    assert store.count() == 4
    assert report is not None
    assert report.missing == ()
    store.close()


def test_an_empty_mount_point_is_not_taken_for_the_stick(house: Path, tmp_path: Path) -> None:
    (tmp_path / "mount").mkdir()
    with pytest.raises(StorageError, match=r"is the stick plugged in.*--prepare"):
        copy_out(house, tmp_path / "mount", "Bench 2")
    assert list((tmp_path / "mount").iterdir()) == []
    status = last_copied(house)
    assert status is not None
    assert "plugged in" in status.problem


def test_a_stick_pulled_out_in_the_middle_is_said_and_gone_on_with(
    house: Path, stick: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = [4]

    def pulled(source: Path, target: Path) -> None:
        left[0] -= 1
        if left[0] < 0:
            target.with_name(target.name + ".partial").write_bytes(b"half")
            raise OSError(5, "Input/output error")
        copy_whole(source, target)

    monkeypatch.setattr("appliance.store.copies.copy_whole", pulled)
    with pytest.raises(StorageError, match="go on the next time"):
        copy_out(house, stick, "Bench 2")
    monkeypatch.undo()
    done = copy_out(house, stick, "Bench 2")
    assert done.files > 0
    assert not list(stick.rglob("*.partial"))
    assert copy_out(house, stick, "Bench 2").files == 0


def test_a_copy_that_went_bad_on_the_stick_is_told_and_taken_anew(house: Path, stick: Path) -> None:
    copy_out(house, stick, "Bench 2")
    (kept,) = backups_in(stick / "Bench-2" / "backups")
    content = bytearray(kept.file.read_bytes())
    content[9000] ^= 1
    kept.file.write_bytes(content)
    shutil.copystat(house / "backups" / kept.file.name, kept.file)
    with pytest.raises(StorageError, match="not good"):
        copy_out(house, stick, "Bench 2")
    copy_out(house, stick, "Bench 2")
    assert problem_of(kept) == ""

"""``doctor``, ``config``, ``align``, ``assist`` and ``backup`` from the outside."""

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from command import Focuscheck, Said, bench
from conftest import HeldCamera, SettingsFactory, rig_of
from examples import record

from appliance.config import Settings
from appliance.errors import CameraError, StorageError
from appliance.frame import Frame
from appliance.station import doctor
from appliance.station.keeping import backup_due
from appliance.station.server import StationServer
from appliance.station.service import sole_station
from appliance.station.state import Phase
from appliance.store import open_store
from appliance.store.backups import KEPT, KEPT_BEFORE, backups_in, make_backup, problem_of
from appliance.store.clock import Moment
from appliance.store.starting import start_store

BENCH = bench(4.65)


def parts(said: Said) -> dict[str, dict[str, str]]:
    return {part["part"]: part for part in said.json["parts"]}


def test_doctor_finds_a_sound_bench_sound(focuscheck: Focuscheck, tmp_path: Path) -> None:
    where = ["--data-dir", str(tmp_path), "--distance-mm", "624.6"]
    said = focuscheck("doctor", "--json", *BENCH, *where)
    assert said.status == 0
    found = parts(said)
    for part in (
        "storage",
        "camera",
        "raw frames",
        "light",
        "chart",
        "print scale",
        "alignment",
        "OLED",
        "disk",
    ):
        assert found[part]["state"] == "ok", found[part]
    for part in ("clock", "power", "network", "scanner", "thermometer", "button, lamps"):
        assert found[part]["text"]


def test_doctor_says_whether_the_chart_in_view_was_measured(focuscheck: Focuscheck, tmp_path: Path) -> None:
    where = ["--data-dir", str(tmp_path)]
    found = parts(focuscheck("doctor", "--json", *BENCH, *where))["print scale"]
    assert found["state"] == "note"
    assert "Its bar was not measured; run: focuscheck prints ruler a4-general." in found["text"]
    assert focuscheck("prints", "ruler", "a4-general", "99.9", *where).status == 0
    found = parts(focuscheck("doctor", "--json", *BENCH, *where))["print scale"]
    assert found["state"] == "ok"
    assert found["text"].startswith("99.9 % by its bar of 99.9 mm; it shows 62")
    # a bar that the distance contradicts: this chart is true
    assert focuscheck("prints", "ruler", "a4-general", "97.0", *where).status == 0
    said = focuscheck("doctor", "--json", *BENCH, *where, "--distance-mm", "624.6")
    assert said.status == 1
    assert parts(said)["print scale"]["state"] == "bad"


def test_doctor_names_what_is_wrong_and_goes_on(focuscheck: Focuscheck, tmp_path: Path) -> None:
    where = ["--data-dir", str(tmp_path), "--simulated-mishap", "lens cap", "--red-lamp-pin", "22"]
    said = focuscheck("doctor", *BENCH, *where)
    assert said.status == 1
    for words in ("BAD   light", "lens cap", "Pin 22 is given twice", "network"):
        assert words in said.out


def test_doctor_asks_the_station_that_runs(focuscheck: Focuscheck, make_settings: SettingsFactory) -> None:
    with rig_of(make_settings(), CameraError("No camera is connected.")) as rig:
        server = StationServer(rig.settings.socket, rig.station)
        server.start()
        said = focuscheck("doctor", "--json", *BENCH, "--data-dir", str(rig.settings.data_dir))
        assert said.status == 1
        found = parts(said)
        assert found["station"]["text"] == "No camera is connected."
        assert found["camera"]["state"] == "bad"
        server.close()


def test_doctor_sees_through_the_eyes_of_a_station_at_work(
    focuscheck: Focuscheck, make_settings: SettingsFactory, bench_frame: Frame
) -> None:
    camera = HeldCamera(bench_frame)
    camera.gate.set()
    with rig_of(make_settings(), camera) as rig:
        server = StationServer(rig.settings.socket, rig.station)
        server.start()
        where = [*bench(3.1), "--data-dir", str(rig.settings.data_dir), "--distance-mm"]
        said = focuscheck("doctor", "--json", *where, "624.6")
        found = parts(said)
        assert said.status == 0, found
        for part in ("raw frames", "light", "chart", "print scale", "alignment", "button, lamps"):
            assert found[part]["state"] == "ok", found[part]
        assert "2028×1520 px, rggb" in found["raw frames"]["text"]
        assert found["thermometer"]["text"]
        rig.wait(Phase.READY)
        found = parts(focuscheck("doctor", "--json", *where, "640"))
        assert (
            "102.4 %" in found["print scale"]["text"]
        )  # so large it would look printed, were it that far off
        assert found["print scale"]["state"] == "bad"
        camera.frame = CameraError("No frame came.")
        found = parts(focuscheck("doctor", "--json", *where, "624.6"))
        assert found["raw frames"] == {"part": "raw frames", "state": "bad", "text": "No frame came."}
        found = parts(focuscheck("doctor", "--json", *where, "624.6"))
        assert found["station"]["state"] == "bad"
        assert "chart" not in found
        server.close()


@pytest.mark.parametrize("soc", ["soc", "soc@107c000000"])
@pytest.mark.parametrize(("text", "state"), [("0\n", "ok"), ("50005\n", "bad"), ("50000\n", "bad")])
def test_doctor_reads_under_voltage(
    make_settings: SettingsFactory,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    soc: str,
    text: str,
    state: str,
) -> None:
    file = tmp_path / soc / f"{soc}:firmware" / "get_throttled"
    file.parent.mkdir(parents=True)
    file.write_text(text)
    monkeypatch.setattr("appliance.station.health.PLATFORM", tmp_path)
    power = next(found for found in doctor._machine(make_settings()) if found.part == "power")
    assert power.state == state


def test_config_show_says_where_every_value_came_from(
    focuscheck: Focuscheck, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "config.toml"
    file.write_text('# ours\nstation_name = "Bench 2"\ncoc_um = 20\n')
    monkeypatch.setenv("FOCUSCHECK_PORT", "8123")
    shown = focuscheck("config", "show", "--json", "--config", str(file), "--f-number", "4")
    assert shown.status == 0
    rows = {row["name"]: row for row in shown.json}
    assert set(rows) == set(Settings.model_fields)
    assert rows["coc_um"]["from"] == f"in {file}, line 3"
    assert rows["port"]["from"] == "in the environment (FOCUSCHECK_PORT)"
    assert rows["f_number"]["from"] == "on the command line"
    assert rows["host"]["from"] == "default"
    assert "coc_um = 20.0   [in " in focuscheck("config", "show", "--config", str(file)).out


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("prot = 80", "There is no setting 'prot' (in {file}, line 2). Did you mean 'port'?"),
        ("port = 'x'", "port = 'x' (in {file}, line 2) must be a whole number"),
        ("buzzer_pin = 17", "Pin 17 is given twice"),
        ("port =", "not valid TOML"),
    ],
)
def test_config_check_names_a_bad_setting_with_its_line(
    focuscheck: Focuscheck, tmp_path: Path, line: str, words: str
) -> None:
    file = tmp_path / "config.toml"
    file.write_text(f"# ours\n{line}\n")
    said = focuscheck("config", "check", "--config", str(file))
    assert said.status == 2
    assert words.format(file=file) in said.err
    file.write_text("")
    said = focuscheck("config", "check", "--config", str(file))
    assert said.status == 0
    assert "17 TEST button" in said.out


def test_align_says_what_to_turn_and_how_it_ended(focuscheck: Focuscheck, tmp_path: Path) -> None:
    where = [*BENCH, "--data-dir", str(tmp_path)]
    said = focuscheck("align", "--once", *where)
    assert said.status == 0
    assert "ok  tilt" in said.out
    said = focuscheck("align", "--once", "--json", *where, "--simulated-roll-deg", "8")
    assert said.status == 1
    assert [figure["name"] for figure in said.json["figures"] if not figure["good"]] == ["roll"]


def test_assist_says_which_way_to_turn(focuscheck: Focuscheck, tmp_path: Path) -> None:
    where = [*BENCH, "--data-dir", str(tmp_path), "--simulated-focus-error-mm", "25"]
    said = focuscheck("assist", "--once", *where)
    assert said.status == 1
    assert "turn nearer" in said.out


def test_a_backup_is_whole_and_only_the_newest_are_kept(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "focuscheck.sqlite3") as database:
        database.execute("create table checks (sequence integer)")
        database.execute("insert into checks values (7)")
    settings = tmp_path / "config.toml"
    settings.write_text("coc_um = 20\n")
    start = datetime(2026, 1, 1, tzinfo=UTC)
    made = []
    for day in range(KEPT + 3):  # the clock runs backwards: it is the number that counts
        moment = Moment("boot", float(day), start - timedelta(days=day), False)
        made.append(make_backup(tmp_path, "daily", settings, moment))
    kept = backups_in(tmp_path / "backups")
    assert [backup.number for backup in kept] == list(range(4, KEPT + 4))
    assert len(list((tmp_path / "backups").iterdir())) == 3 * KEPT
    with sqlite3.connect(kept[-1].file) as copy:
        assert copy.execute("select sequence from checks").fetchone() == (7,)
    assert kept[-1].file.with_suffix(".toml").read_text() == "coc_um = 20\n"
    assert problem_of(kept[-1]) == ""
    (tmp_path / "focuscheck.sqlite3").write_bytes(b"no database" * 1000)
    with pytest.raises(StorageError, match="could not be copied"):
        make_backup(tmp_path, "daily")
    assert backups_in(tmp_path / "backups") == kept


def test_copies_before_something_do_not_push_the_daily_ones_out(tmp_path: Path) -> None:
    open_store(tmp_path).close()
    make_backup(tmp_path, "daily")
    for _ in range(KEPT_BEFORE + 2):
        make_backup(tmp_path, "before an upgrade")
    reasons = [b.manifest.reason for b in backups_in(tmp_path / "backups") if b.manifest]
    assert reasons == ["daily"] + KEPT_BEFORE * ["before an upgrade"]


def test_the_age_of_a_backup_is_by_the_clock_that_cannot_jump(tmp_path: Path) -> None:
    open_store(tmp_path).close()
    noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    backup = make_backup(tmp_path, "daily", None, Moment("boot", 100.0, noon, False))
    assert backup.age_s(Moment("boot", 460.0, noon + timedelta(days=4000), True)) == 360.0
    assert backup.age_s(Moment("next boot", 5.0, noon + timedelta(hours=2), True)) == 7200.0
    assert backup.age_s(Moment("next boot", 5.0, noon - timedelta(days=4000), False)) is None
    assert backup_due(tmp_path)  # it is of another boot, and seems old


def counted(folder: Path) -> int:
    store = open_store(folder)
    try:
        return store.count()
    finally:
        store.close()


def test_restore_lists_shows_does_and_takes_back(focuscheck: Focuscheck, tmp_path: Path) -> None:
    where = ["--data-dir", str(tmp_path)]
    store = open_store(tmp_path)
    store.add_check(record(1))
    assert focuscheck("backup", *where).out.endswith("1 checks, opened and counted.\n")
    store.add_check(record(2))
    store.close()
    assert "1 checks  good" in focuscheck("restore", "--list", *where).out
    shown = focuscheck("restore", *where)
    assert shown.status == 0
    assert "1 checks made since then stay" in shown.out
    assert "Nothing was changed." in shown.out
    assert not (tmp_path / "set-aside").exists()
    assert focuscheck("restore", "77", *where).status == 2
    with sole_station(tmp_path):
        assert "already works" in focuscheck("restore", "1", "--sure", *where).err
    done = focuscheck("restore", "1", "--sure", *where)
    assert done.status == 0
    assert "Check 2 was made again" in done.out
    assert counted(tmp_path) == 2
    assert focuscheck("restore", "--undo", *where).out.endswith("with --sure.\n")
    assert focuscheck("restore", "--undo", "--sure", *where).status == 0
    assert counted(tmp_path) == 2


def test_doctor_names_what_is_missing_until_it_was_read(focuscheck: Focuscheck, tmp_path: Path) -> None:
    store = open_store(tmp_path)
    store.add_check(record(1))
    store.close()
    for file in (*tmp_path.glob("focuscheck.sqlite3*"), *(tmp_path / "pictures").iterdir()):
        file.unlink()
    where = [*BENCH, "--data-dir", str(tmp_path)]
    found = parts(focuscheck("doctor", "--json", *where))
    assert "The database is gone" in found["records"]["text"]
    start_store(tmp_path)[0].close()
    found = parts(focuscheck("doctor", "--json", *where))
    assert found["records"]["state"] == "ok"
    assert "MISSING: check 1 (FAIL BACK)" in found["restored"]["text"]
    assert focuscheck("restore", "--seen", "--data-dir", str(tmp_path)).status == 0
    assert "restored" not in parts(focuscheck("doctor", "--json", *where))


def test_a_backup_of_nothing_says_so(focuscheck: Focuscheck, tmp_path: Path) -> None:
    said = focuscheck("backup", "--data-dir", str(tmp_path))
    assert said.status == 0
    assert "nothing to copy" in said.out

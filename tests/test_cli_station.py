"""``focuscheck run``, ``station``, ``page`` and ``check`` from the outside: words and exit status."""

import queue
import re
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from command import Focuscheck, bench, start
from conftest import PATIENCE_S, HeldCamera, SettingsFactory, rig_of, scoring_by
from examples import RESULT

from appliance.errors import CameraError
from appliance.frame import Frame
from appliance.station.server import StationServer
from appliance.station.service import sole_station

COARSE = bench(3.1)


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        yield holder.getsockname()[1]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "The following arguments are required: COMMAND"),
        (["chekc"], "invalid choice: 'chekc'"),
        (
            ["check", "--port", "http"],
            "The setting port = 'http' (on the command line) must be a whole number",
        ),
        (["check", "--frobnicate"], "Unrecognized arguments: --frobnicate"),
        (["check", "--config", "/no/such.toml"], "The settings file /no/such.toml is not there"),
        (["check", "--lens", "x" * 41], "longer than 40 characters"),
        (["check", "--lens", "a\nb"], "characters that do not print"),
        (["check", "--lens", "a/../b"], "no address of a page"),
        (
            ["check", "--camera", "simulated", "--simulated-distance-mm", "60"],
            "The simulated bench cannot be set up",
        ),
    ],
)
def test_wrong_usage_is_a_sentence_and_status_2(
    focuscheck: Focuscheck, tmp_path: Path, arguments: list[str], words: str
) -> None:
    given = [*arguments, "--data-dir", str(tmp_path)] if "check" in arguments else arguments
    said = focuscheck(*given)
    assert said.status == 2
    assert words in said.err
    assert "Traceback" not in said.err


def test_help_lists_every_command_and_the_exit_statuses(focuscheck: Focuscheck) -> None:
    text = focuscheck("--help").out
    for word in ("run", "station", "page", "check", "chart", "sfr", "score", "0 PASS", "4 INVALID"):
        assert word in text


def test_an_unwritable_data_folder_is_named_before_anything_is_measured(
    focuscheck: Focuscheck, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    said = focuscheck("check", *COARSE, "--data-dir", str(tmp_path / "file" / "below"))
    assert said.status == 5
    assert "cannot be written" in said.err
    assert said.err.count("\n") == 1


@pytest.mark.parametrize("command", ["run", "page"])
def test_a_port_in_use_is_named(
    focuscheck: Focuscheck, tmp_path: Path, taken_port: int, command: str
) -> None:
    where = ["--data-dir", str(tmp_path), "--host", "127.0.0.1", "--port", str(taken_port)]
    said = focuscheck(command, *where)
    assert said.status == 2
    assert f"Port {taken_port} is taken" in said.err


def test_a_second_station_in_one_data_folder_is_refused(focuscheck: Focuscheck, tmp_path: Path) -> None:
    with sole_station(tmp_path):
        for command in ("run", "station", "check"):
            where = ["--data-dir", str(tmp_path), "--host", "127.0.0.1", "--port", str(free_port())]
            said = focuscheck(command, *where)
            assert said.status == 2
            assert "A station already works in" in said.err


def test_picamera2_missing_is_a_sentence(
    focuscheck: Focuscheck, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "picamera2", None)
    arguments = ["check", *COARSE, "--camera", "picamera2", "--data-dir", str(tmp_path)]
    said = focuscheck(*arguments)
    assert said.status == 4
    assert "picamera2" in said.err


def test_a_crash_never_looks_like_a_verdict(
    focuscheck: Focuscheck, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("appliance.station.service.running_station", lambda settings: 1 // 0)
    said = focuscheck("check", *COARSE, "--data-dir", str(tmp_path))
    assert said.status == 5
    assert "--debug" in said.err
    assert "Traceback" not in said.err


def test_check_goes_through_the_station_that_runs(
    focuscheck: Focuscheck,
    make_settings: SettingsFactory,
    bench_frame: Frame,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scoring_by(monkeypatch, lambda frames, setup: RESULT)
    camera = HeldCamera(bench_frame)
    camera.gate.set()
    with rig_of(make_settings(), camera) as rig:
        server = StationServer(rig.settings.socket, rig.station)
        server.start()
        where = ["--data-dir", str(rig.settings.data_dir)]
        said = focuscheck("check", "--json", "--lens", "FC-9", *where)
        assert said.status == 1
        answer = said.json
        assert (answer["check"], answer["lens"], answer["verdict"]) == (1, "FC-9", "FAIL_BACK")
        assert answer["reasons"][0]["code"] == "BACK_FOCUS"
        said = focuscheck("check", *where)
        assert said.status == 1
        assert "Stored as check 2." in said.out
        rig.station.select_lens("FC-7")
        assert "Stored as check 3 of lens FC-7." in focuscheck("check", *where).out
        said = focuscheck("check", "--lens", " ", *where)
        assert (said.status, "--lens needs" in said.err) == (2, True)
        said = focuscheck("check", "--focal-length-mm", "50", *where)
        assert (said.status, "would not use --focal-length-mm" in said.err) == (2, True)
        camera.frame = CameraError("No frame came.")
        said = focuscheck("check", *where)
        assert (said.status, said.err) == (4, "No frame came.\n")
        server.close()
    assert camera.captures == 4


def test_check_alone_measures_the_simulated_bench(focuscheck: Focuscheck, tmp_path: Path) -> None:
    where = ["--data-dir", str(tmp_path), "--simulated-focus-error-mm", "-30"]
    said = focuscheck("check", "--json", *COARSE, *where)
    assert (said.status, said.json["verdict"]) == (1, "FAIL_FRONT")
    assert said.json["focus_error_mm"] < -25
    assert (tmp_path / "focuscheck.sqlite3").exists()


def test_a_lens_cap_is_invalid_and_never_a_verdict_on_the_lens(
    focuscheck: Focuscheck, tmp_path: Path
) -> None:
    where = ["--data-dir", str(tmp_path), "--simulated-mishap", "lens cap"]
    said = focuscheck("check", "--json", *COARSE, *where)
    assert said.status == 4
    assert said.json["verdict"] == "INVALID"
    assert said.json["focus_error_mm"] is None


def test_run_starts_both_takes_enter_for_the_button_and_text_for_a_scan_and_stops_cleanly(
    tmp_path: Path,
) -> None:
    port = free_port()
    where = ["--data-dir", str(tmp_path), "--host", "127.0.0.1", "--port", str(port)]
    process = start(
        "run",
        *where,
        *COARSE,
        "--simulated-mishap",
        "lens cap",
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    lines: queue.Queue[str] = queue.Queue()
    assert process.stdout is not None
    assert process.stdin is not None
    threading.Thread(
        target=lambda out: [lines.put(line) for line in out], args=(process.stdout,), daemon=True
    ).start()
    try:
        _read_until(lines, rf"page is at  http://127\.0\.0\.1:{port}")
        _read_until(lines, "OLED: READY")
        process.stdin.write("http://192.0.2.7:8080/l/FC-7\n")
        process.stdin.flush()
        _read_until(lines, "OLED: READY, FC-7")
        process.stdin.write("\n")
        process.stdin.flush()
        _read_until(lines, "OLED: INVALID")
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/checks", timeout=PATIENCE_S) as answer:
            history = answer.read().decode()
            assert "INVALID" in history
            assert "FC-7" in history
        children = _children_of(process.pid)
        assert len(children) == 2
    finally:
        process.send_signal(signal.SIGINT)
        status = process.wait(PATIENCE_S)
    assert status == 0
    assert process.stderr is not None
    assert process.stderr.read() == ""
    _read_until(lines, "have stopped")
    assert not any(Path(f"/proc/{child}").exists() for child in children)
    assert not (tmp_path / "station.sock").exists()
    with socket.socket() as again:
        again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        again.bind(("127.0.0.1", port))


def _read_until(lines: "queue.Queue[str]", pattern: str) -> None:
    while not re.search(pattern, line := lines.get(timeout=PATIENCE_S)):
        assert line is not None


def _children_of(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(text) for text in children.read_text().split()]


def test_station_and_page_end_when_the_program_that_started_them_is_killed(tmp_path: Path) -> None:
    where = ["--data-dir", str(tmp_path)]
    process = start("station", "--until-stdin-closes", *where, *COARSE, stdin=subprocess.PIPE)
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(PATIENCE_S) == 0

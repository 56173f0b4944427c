"""Leaving: whatever native code other threads are in, a process of ours ends in order and with its own exit status."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import tomllib
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest
from command import bench, start
from conftest import PATIENCE_S, SettingsFactory, until

from appliance.errors import StationDownError, UsageError
from appliance.station.client import StationClient
from appliance.store import open_store
from appliance.web.housekeeping import Housekeeper
from appliance.web.webhook import Courier

LENS_CAP = [*bench(6.2), "--simulated-mishap", "lens cap"]
PROJECT = Path(__file__).parents[2] / "pyproject.toml"
MODULE, _, FUNCTION = tomllib.loads(PROJECT.read_text())["project"]["scripts"]["focuscheck"].partition(":")
ENTRIES = {
    "python -m appliance": "import runpy; runpy.run_module('appliance', run_name='__main__')",
    "focuscheck": f"import sys, {MODULE}; sys.exit({MODULE}.{FUNCTION}())",
}

IN_OPENCV = """
import threading, cv2, numpy

def blur():
    picture = numpy.zeros((500, 500), numpy.float32)
    while True:
        cv2.GaussianBlur(picture, (0, 0), 4.0)

cv2.setNumThreads(1)
threading.Thread(target=blur, daemon=True).start()
"""
"""Begins a thread that is always in OpenCV: a Python that takes itself apart around it aborts."""


@contextmanager
def busy(*arguments: str, entry: str = "python -m appliance") -> Iterator[subprocess.Popen[str]]:
    """The command as a process with a thread in OpenCV; both streams are pipes."""
    process = subprocess.Popen(
        [sys.executable, "-c", IN_OPENCV + ENTRIES[entry], *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("entry", list(ENTRIES))
@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["--version"], 0, "focuscheck "),
        (["config", "check", "--config", "/no/such.toml"], UsageError.exit_status, "is not there"),
        (["chekc"], 2, "invalid choice"),
    ],
)
def test_a_command_says_all_and_keeps_its_exit_status(
    entry: str, arguments: list[str], status: int, words: str
) -> None:
    with busy(*arguments, entry=entry) as process:
        said = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, words in "".join(said)) == (status, True)


def test_a_check_on_the_simulated_bench_keeps_its_exit_status(tmp_path: Path) -> None:
    with busy("check", *LENS_CAP, "--data-dir", str(tmp_path)) as process:
        out, err = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, err) == (4, "")
    assert out.endswith("Stored as check 1.\n")
    assert not (tmp_path / "focuscheck.sqlite3-wal").exists()


def test_a_station_that_is_stopped_finishes_its_check_closes_the_records_and_ends_with_0(
    tmp_path: Path,
) -> None:
    client = StationClient(tmp_path / "station.sock")

    def pressed() -> bool:
        with suppress(StationDownError):
            client.press("FC-0117")
            return True
        return False

    with busy("station", *LENS_CAP, "--data-dir", str(tmp_path)) as process:
        until(pressed)
        process.send_signal(signal.SIGTERM)
        said = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, said) == (0, ("", ""))
    assert not (tmp_path / "station.sock").exists()
    assert not (tmp_path / "focuscheck.sqlite3-wal").exists()
    with closing(open_store(tmp_path)) as store:
        check = store.latest("FC-0117")
        assert check is not None
        assert store.count() == 1
    kept = sorted(file.suffix for file in (tmp_path / "pictures").iterdir())
    assert kept == [".gz", ".jpg", ".png"], "preview, raw photo, and the record beside them"


def test_a_page_that_is_stopped_closes_the_records_and_ends_with_0(tmp_path: Path) -> None:
    open_store(tmp_path).close()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    def answers() -> bool:
        with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/checks", timeout=5):
            return True
        return False

    with busy("page", "--host", "127.0.0.1", "--port", str(port), "--data-dir", str(tmp_path)) as process:
        until(answers)
        assert (tmp_path / "focuscheck.sqlite3-wal").exists()
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, "Traceback" in err) == (0, False)
    assert not (tmp_path / "focuscheck.sqlite3-wal").exists()


def test_what_the_page_does_beside_answering_has_ended_once_it_is_stopped(
    make_settings: SettingsFactory,
) -> None:
    before = threading.active_count()
    for worker in (Courier(lambda: None), Housekeeper(lambda: None, make_settings())):
        worker.start()
        assert threading.active_count() == before + 1
        worker.stop()
        assert threading.active_count() == before


def test_a_command_whose_reader_has_gone_ends_quietly_and_not_with_0() -> None:
    buffered = {name: text for name, text in os.environ.items() if name != "PYTHONUNBUFFERED"}
    reader, writer = os.pipe()
    os.close(reader)
    process = start("--help", stdout=writer, stderr=subprocess.PIPE, text=True, env=buffered)
    os.close(writer)
    _, err = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, err) == (5, "")


LIGHT_IN_OPENCV = """
import sys, tempfile, threading, cv2, numpy
from appliance.bench import photo
from appliance.config import load_settings
from appliance.devices.simulated_camera import SimulatedCamera

begun = threading.Event()

def light(projection):
    picture = numpy.zeros((500, 500), numpy.float32)
    for _ in range(300):
        cv2.GaussianBlur(picture, (0, 0), 4.0)
        begun.set()
    return picture

photo.light_on_pixels = light
SimulatedCamera(load_settings(environment={}, overrides={"data_dir": tempfile.gettempdir()})).close()
begun.wait()
sys.exit(3)
"""


def test_any_other_program_waits_for_the_simulated_bench_instead_of_aborting() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LIGHT_IN_OPENCV],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert (done.returncode, done.stderr) == (3, "")

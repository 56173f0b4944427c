"""Station and page as systemd sees them: real processes, a harness that speaks sd_notify, and kills."""

from __future__ import annotations

import http.server
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from command import bench, start
from conftest import PATIENCE_S, SettingsFactory, until

from appliance.commands import _page_pulse
from appliance.errors import CameraHangsError
from appliance.station.client import StationClient
from appliance.station.notify import Notifier
from appliance.station.state import Phase

SIMULATED = bench(6.2)


class Systemd:
    """The end of the notification socket that systemd holds."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "notify"
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(self.path))
        self._socket.settimeout(PATIENCE_S)
        self.heard: list[str] = []

    def wait_for(self, message: str) -> float:
        """Wait for a message; returns when it came."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            text = self._socket.recv(4096).decode()
            self.heard.append(text)
            if text == message:
                return time.monotonic()
        raise AssertionError(f"{message} did not come, but {self.heard[-5:]}")

    def silent_for(self, seconds: float, message: str) -> bool:
        """Whether ``message`` does not come for so long, after what is on its way."""
        self._on_its_way()
        time.sleep(seconds)
        return message not in self._on_its_way()

    def _on_its_way(self) -> list[str]:
        """Every message that is there already."""
        came: list[str] = []
        while select.select([self._socket], [], [], 0)[0]:
            came.append(self._socket.recv(4096).decode())
        return came

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[Systemd]:
    manager = Systemd(tmp_path)
    yield manager
    manager.close()


def service(systemd: Systemd, data_dir: Path, *arguments: str) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "NOTIFY_SOCKET": str(systemd.path)}
    return start(*arguments, "--data-dir", str(data_dir), env=environment, stdin=subprocess.DEVNULL)


def test_the_station_says_ready_feeds_the_watchdog_and_says_that_it_stops(
    systemd: Systemd, tmp_path: Path
) -> None:
    process = service(systemd, tmp_path / "data", "station", *SIMULATED)
    try:
        systemd.wait_for("READY=1")
        first = systemd.wait_for("WATCHDOG=1")
        assert systemd.wait_for("WATCHDOG=1") - first < 5.0
        assert any(text.startswith("STATUS=READY, press TEST, ") for text in systemd.heard)
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 0
    systemd.wait_for("STOPPING=1")


def test_a_station_whose_loop_stands_still_feeds_no_watchdog(systemd: Systemd, tmp_path: Path) -> None:
    process = service(systemd, tmp_path / "data", "station", *SIMULATED)
    try:
        systemd.wait_for("READY=1")
        process.send_signal(signal.SIGSTOP)
        assert systemd.silent_for(3.0, "WATCHDOG=1")
        process.send_signal(signal.SIGCONT)
        systemd.wait_for("WATCHDOG=1")
    finally:
        process.kill()
        process.wait(PATIENCE_S)


def test_a_killed_station_is_followed_by_one_that_works_in_the_same_folder(
    systemd: Systemd, tmp_path: Path
) -> None:
    data_dir = tmp_path / "data"
    for _ in range(2):
        process = service(systemd, data_dir, "station", *SIMULATED, "--simulated-mishap", "lens cap")
        systemd.wait_for("READY=1")
        client = StationClient(data_dir / "station.sock")
        until(lambda client=client: client.state().phase is Phase.READY)  # type: ignore[misc]
        assert client.check()["verdict"] == "INVALID"
        process.kill()
        process.wait(PATIENCE_S)
    process = service(systemd, data_dir, "station", *SIMULATED, "--simulated-mishap", "lens cap")
    systemd.wait_for("READY=1")
    try:
        until(lambda: client.state().phase is Phase.READY)
        assert client.check()["check"] == 3
    finally:
        process.terminate()
        process.wait(PATIENCE_S)


HANGS = """
import threading
from appliance import cli
from appliance.devices.simulated_camera import SimulatedCamera
from appliance.station import service

class Hanging(SimulatedCamera):
    def capture(self):
        threading.Event().wait()

service.open_camera = Hanging
cli.command()
"""


def test_a_station_whose_camera_hangs_ends_itself_for_systemd_and_the_next_says_why(
    systemd: Systemd, tmp_path: Path
) -> None:
    data_dir = tmp_path / "data"
    hurry = ["--capture-timeout-s", "0.05", "--score-timeout-s", "0.5", "--frames-at-most", "1"]
    process = subprocess.Popen(
        [sys.executable, "-c", HANGS, "station", "--data-dir", str(data_dir), *SIMULATED, *hurry],
        env={**os.environ, "NOTIFY_SOCKET": str(systemd.path)},
    )
    try:
        systemd.wait_for("READY=1")
        client = StationClient(data_dir / "station.sock")
        until(lambda: client.state().phase is Phase.READY)
        client.press()
        assert process.wait(PATIENCE_S) == CameraHangsError.exit_status != 0
    finally:
        process.kill()
        process.wait(PATIENCE_S)
    process = service(systemd, data_dir, "station", *SIMULATED)
    try:
        systemd.wait_for("READY=1")
        until(lambda: client.state().phase is Phase.READY)
        assert "hangs" in client.state().notice
    finally:
        process.kill()
        process.wait(PATIENCE_S)


def test_the_page_is_ready_once_it_answers_and_a_killed_one_is_followed_by_one_that_does(
    systemd: Systemd, tmp_path: Path
) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    for _ in range(2):
        process = service(systemd, tmp_path / "data", "page", "--host", "127.0.0.1", "--port", str(port))
        try:
            systemd.wait_for("READY=1")
            with socket.create_connection(("127.0.0.1", port), timeout=5):
                pass
        finally:
            process.kill()
            process.wait(PATIENCE_S)


class Answering(http.server.BaseHTTPRequestHandler):
    """A page that answers while it may."""

    may = threading.Event()

    def do_HEAD(self) -> None:
        assert self.may.wait(PATIENCE_S)
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_the_page_s_watchdog_is_fed_by_its_answers_and_by_nothing_else(
    systemd: Systemd, make_settings: SettingsFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_page_pulse, "PULSE_S", 0.02)
    monkeypatch.setattr(_page_pulse, "ANSWER_S", 0.2)
    Answering.may.clear()
    ended = threading.Event()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answering) as page:
        threading.Thread(target=page.serve_forever, daemon=True).start()
        settings = make_settings(host="127.0.0.1", port=page.server_port)
        _page_pulse.start_pulse(settings, Notifier({"NOTIFY_SOCKET": str(systemd.path)}), ended.wait)
        assert systemd.silent_for(0.5, "READY=1")
        Answering.may.set()
        systemd.wait_for("READY=1")
        systemd.wait_for("WATCHDOG=1")
        Answering.may.clear()
        until(lambda: systemd.silent_for(0.5, "WATCHDOG=1"))  # the last answer may have been on its way
        assert systemd.silent_for(1.0, "WATCHDOG=1")
        Answering.may.set()
        systemd.wait_for("WATCHDOG=1")
        ended.set()
        page.shutdown()


def test_without_systemd_nothing_is_said_and_a_dead_socket_does_no_harm(tmp_path: Path) -> None:
    assert not Notifier({}).wanted
    Notifier({}).ready()
    Notifier({"NOTIFY_SOCKET": str(tmp_path / "gone")}).alive()
    abstract = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    abstract.bind("\0focuscheck-test-notify")
    Notifier({"NOTIFY_SOCKET": "@focuscheck-test-notify"}).status("well")
    assert abstract.recv(100) == b"STATUS=well"
    abstract.close()

"""Phones that vanish, programs that hold connections open, a station that hangs: the page answers all the same."""

from __future__ import annotations

import os
import socket
import struct
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from conftest import PATIENCE_S, SettingsFactory, until
from page_fixtures import ready

from appliance.errors import StationDownError, StationSilentError
from appliance.station.listen import listening_socket
from appliance.station.protocol import socket_address
from appliance.web import guarded_server, shared_station
from appliance.web.app import create_app
from appliance.web.server import make_server
from appliance.web.shared_station import SharedStation

HALF_OPEN = 120


@pytest.fixture
def served(make_settings: SettingsFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, int]]:
    """A page at work; head and body get a second."""
    monkeypatch.setattr(guarded_server, "HEAD_S", 1.0)
    monkeypatch.setattr(guarded_server, "BODY_GRACE_S", 1.0)
    settings = make_settings(host="127.0.0.1")
    bound = listening_socket("127.0.0.1", 0 or free_port())
    where = bound.getsockname()
    app = create_app(settings)
    server = make_server(app, bound, settings)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield where
    server.close()
    app.extensions["history"].close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def get(where: tuple[str, int], path: str = "/healthz") -> int:
    try:
        with urllib.request.urlopen(f"http://{where[0]}:{where[1]}{path}", timeout=PATIENCE_S) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def closed(connection: socket.socket) -> bool:
    """Whether the other end has hung up, once there is something to read."""
    connection.settimeout(PATIENCE_S)
    try:
        return connection.recv(1) == b""
    except ConnectionError:
        return True


def test_half_open_requests_of_one_address_hold_nobody_up(served: tuple[str, int]) -> None:
    with ExitStack() as held:
        waiting = []
        for number in range(HALF_OPEN):
            connection = held.enter_context(socket.create_connection(served))
            connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n" if number % 2 else b"")
            waiting.append(connection)
        assert get(served) == 503  # the page's own answer: no station works here
        assert closed(waiting[0])


def test_a_head_and_a_body_must_come_in_time(served: tuple[str, int]) -> None:
    with socket.create_connection(served) as slow, socket.create_connection(served) as slower:
        slow.sendall(b"GET / HTTP/1.1\r\nHost: loc")
        slower.sendall(b"POST /pair HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\nname=")
        assert closed(slow)
        assert closed(slower)


def test_a_connection_that_only_waits_for_its_next_request_stays(served: tuple[str, int]) -> None:
    with socket.create_connection(served) as patient:
        for _ in range(2):
            patient.sendall(b"HEAD /static/icon.svg HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert b"200 OK" in patient.recv(4096)
            assert get(served) == 503


def test_addresses_take_turns() -> None:
    class Channel:
        def __init__(self, address: str, number: int) -> None:
            self.address, self.number = address, number

    queue = guarded_server.TakingTurns()
    for number in range(3):
        queue.append(Channel("greedy", number))
    queue.append(Channel("modest", 0))
    order = []
    while queue:
        channel = queue.popleft()
        order.append((channel.address, channel.number))
    assert order == [("greedy", 0), ("modest", 0), ("greedy", 1), ("greedy", 2)]


def test_a_request_whose_sender_hung_up_is_not_served(
    served: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    served_paths: list[str] = []
    busy, go_on = threading.Barrier(7), threading.Event()

    def service(task: object) -> None:
        path = task.request.path  # type: ignore[attr-defined]
        served_paths.append(path)
        if path == "/held":
            busy.wait(PATIENCE_S)
            assert go_on.wait(PATIENCE_S)
        task.close_on_finish = True  # type: ignore[attr-defined]

    monkeypatch.setattr("waitress.task.WSGITask.service", service)
    with ExitStack() as held:
        for _ in range(6):  # as many as there are threads
            held.enter_context(socket.create_connection(served)).sendall(b"GET /held HTTP/1.0\r\n\r\n")
        busy.wait(PATIENCE_S)
        gone = socket.create_connection(served)
        gone.sendall(b"GET /gone HTTP/1.0\r\n\r\n")
        gone.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        gone.close()
        stays = held.enter_context(socket.create_connection(served))
        stays.sendall(b"GET /stays HTTP/1.0\r\n\r\n")
        go_on.set()
        assert closed(stays)
    assert served_paths == 6 * ["/held"] + ["/stays"]


class Mute:
    """A station that takes connections and says nothing, until it is given something to say."""

    def __init__(self, path: Path) -> None:
        self.says: bytes | None = None
        self._socket = socket.socket(socket.AF_UNIX)
        path.parent.mkdir(parents=True, exist_ok=True)
        with socket_address(path) as address:
            self._socket.bind(address)
        self._socket.listen(4)
        self._held: list[socket.socket] = []
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self._held.append(connection)
            if self.says is not None:
                connection.recv(4096)
                connection.sendall(self.says)

    def close(self) -> None:
        self._socket.close()


def test_a_station_that_hangs_is_told_as_silent_and_asked_by_one_thread_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import json

    for name, seconds in (
        ("SILENT_S", 0.2),
        ("STATE_ANSWER_S", 0.1),
        ("ANSWER_S", 0.2),
        ("ASK_SELDOM_S", 0.1),
    ):
        monkeypatch.setattr(shared_station, name, seconds)
    path = tmp_path / "station.sock"
    shared = SharedStation(path)
    shared.start()
    with pytest.raises(StationDownError) as down:
        shared.state()
    assert not isinstance(down.value, StationSilentError)
    mute = Mute(path)
    mute.says = json.dumps({"ok": ready().to_dict()}).encode() + b"\n"
    until(lambda: heard(shared))
    assert shared.state().oled_text == ready().oled_text
    mute.says = None
    until(lambda: not heard(shared))
    for ask in (shared.state, shared.press, lambda: shared.select_lens("FC-1")):
        with pytest.raises(StationSilentError, match="has not answered for"):
            ask()
    mute.says = json.dumps({"ok": ready().to_dict()}).encode() + b"\n"
    until(lambda: heard(shared))
    shared.stop()
    mute.close()


def heard(shared: SharedStation) -> bool:
    try:
        shared.state()
    except StationDownError:
        return False
    return True


def test_not_all_threads_of_the_page_wait_for_a_station_that_just_began_to_hang(tmp_path: Path) -> None:
    path = tmp_path / "station.sock"
    mute = Mute(path)
    shared = SharedStation(path)  # its thread does not run, so that it does not know yet
    refused: list[Exception] = []

    def press() -> None:
        try:
            shared.press()
        except StationSilentError as error:
            refused.append(error)

    begun = time.monotonic()
    waiting = [threading.Thread(target=press) for _ in range(5)]
    for thread in waiting:
        thread.start()
    for thread in waiting:
        thread.join(PATIENCE_S)
    assert len(refused) == 5
    assert sum("slow to answer" in str(error) for error in refused) >= 2
    assert time.monotonic() - begun < PATIENCE_S
    mute.close()
    assert os.path.exists(path)

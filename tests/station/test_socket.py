"""How others speak to the station."""

import json
import socket
import threading
from pathlib import Path

import pytest
from conftest import PATIENCE_S, HeldCamera, Rig, SettingsFactory, rig_of

from appliance.errors import CameraError, StationBusyError, StationDownError, UsageError
from appliance.frame import Frame
from appliance.station.client import StationClient
from appliance.station.protocol import socket_address
from appliance.station.server import StationServer
from appliance.station.service import sole_station
from appliance.station.state import Phase


def ask(path: Path, line: bytes) -> dict[str, object]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(PATIENCE_S)
        with socket_address(path) as address:
            connection.connect(address)
        connection.sendall(line + b"\n")
        answer: dict[str, object] = json.loads(connection.makefile("rb").readline())
        return answer


def serving(rig: Rig, path: Path) -> StationServer:
    server = StationServer(path, rig.station)
    server.start()
    return server


def test_state_press_and_errors_cross_the_socket(make_settings: SettingsFactory, bench_frame: Frame) -> None:
    camera = HeldCamera(CameraError("No frame came."))
    with rig_of(make_settings(), camera) as rig:
        server = serving(rig, rig.settings.socket)
        client = StationClient(rig.settings.socket)
        assert client.state().phase is Phase.READY
        client.press()
        with pytest.raises(StationBusyError, match="wait for the verdict"):
            client.press()
        camera.gate.set()
        rig.wait(Phase.FAULT)
        with pytest.raises(CameraError, match=r"No frame came\."):
            client.check("FC-1")
        client.select_lens(" FC-2 ")
        rig.station.wait_for(lambda state: state.lens_tag == "FC-2", PATIENCE_S)
        server.close()
        assert not rig.settings.socket.exists()
        with pytest.raises(StationDownError):
            client.state()


def test_nonsense_on_the_socket_is_answered_with_a_sentence(
    make_settings: SettingsFactory, bench_frame: Frame
) -> None:
    with rig_of(make_settings(), HeldCamera(bench_frame)) as rig:
        server = serving(rig, rig.settings.socket)
        for line in (
            b"{",
            b"[]",
            b"7",
            b'{"command": "explode"}',
            b"\xff\xfe",
            b'{"command": "lens", "lens": 7}',
        ):
            answer = ask(rig.settings.socket, line)
            assert answer["error"] == "UsageError"
            assert str(answer["text"]).endswith(".")
        long_tag = json.dumps({"command": "lens", "lens": "x" * 41}).encode()
        assert ask(rig.settings.socket, long_tag)["error"] == "UsageError"
        assert StationClient(rig.settings.socket).state().lens_tag is None
        server.close()


def test_a_socket_path_too_long_for_the_kernel_works(
    make_settings: SettingsFactory, bench_frame: Frame, tmp_path: Path
) -> None:
    deep = tmp_path / ("d" * 90) / ("e" * 90)
    with rig_of(make_settings(data_dir=deep), HeldCamera(bench_frame)) as rig:
        server = serving(rig, rig.settings.socket)
        assert StationClient(rig.settings.socket).state().phase is Phase.READY
        server.close()


def test_idle_clients_do_not_keep_others_out(make_settings: SettingsFactory, bench_frame: Frame) -> None:
    with rig_of(make_settings(), HeldCamera(bench_frame)) as rig:
        server = serving(rig, rig.settings.socket)
        idle = []
        for _ in range(20):
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            with socket_address(rig.settings.socket) as address:
                connection.connect(address)
            idle.append(connection)
        assert StationClient(rig.settings.socket).state().phase is Phase.READY
        for connection in idle:
            connection.close()
        server.close()


def test_many_clients_at_once_are_all_answered(make_settings: SettingsFactory, bench_frame: Frame) -> None:
    with rig_of(make_settings(), HeldCamera(bench_frame)) as rig:
        server = serving(rig, rig.settings.socket)
        phases: list[Phase] = []
        asking = [
            threading.Thread(target=lambda: phases.append(StationClient(rig.settings.socket).state().phase))
            for _ in range(12)
        ]
        for thread in asking:
            thread.start()
        for thread in asking:
            thread.join(PATIENCE_S)
        assert phases == [Phase.READY] * 12
        server.close()


def test_two_stations_cannot_work_in_one_data_folder(tmp_path: Path) -> None:
    with sole_station(tmp_path), pytest.raises(UsageError, match="already works"), sole_station(tmp_path):
        pass
    with sole_station(tmp_path):
        pass

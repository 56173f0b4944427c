"""``focuscheck run`` starts a station again that ended itself, and only such a one."""

import subprocess
import sys

import pytest
from conftest import PATIENCE_S, SettingsFactory

from appliance.errors import CameraError
from appliance.station import supervisor
from appliance.station.supervisor import MOST_RESTARTS, _Children


def ended_with(status: int) -> "subprocess.Popen[bytes]":
    process = subprocess.Popen([sys.executable, "-c", f"raise SystemExit({status})"], stdin=subprocess.PIPE)
    process.wait(PATIENCE_S)
    return process


@pytest.fixture
def children(make_settings: SettingsFactory, monkeypatch: pytest.MonkeyPatch) -> _Children:
    made = _Children(make_settings(), False)

    def start(command: str) -> None:
        made._processes[command] = ended_with(CameraError.exit_status)

    monkeypatch.setattr(made, "start", start)
    return made


def test_a_station_that_ended_itself_is_started_again_but_not_for_ever(children: _Children) -> None:
    children.start("station")
    assert [children.restart_station() for _ in range(MOST_RESTARTS + 1)] == [True] * MOST_RESTARTS + [False]


def test_after_a_while_the_count_begins_anew(children: _Children, monkeypatch: pytest.MonkeyPatch) -> None:
    children.start("station")
    assert all(children.restart_station() for _ in range(MOST_RESTARTS))
    later = supervisor.time.monotonic() + supervisor.RESTART_WINDOW_S + 1
    monkeypatch.setattr(supervisor.time, "monotonic", lambda: later)
    assert children.restart_station()


@pytest.mark.parametrize("status", [0, 2, 5])
def test_a_station_that_ended_for_another_reason_stays_ended(children: _Children, status: int) -> None:
    children._processes["station"] = ended_with(status)
    assert not children.restart_station()

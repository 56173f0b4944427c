"""Shared by the tests: settings of their own, one frame of the bench, a camera that can be held, a station at work."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from command import Focuscheck
from gpiozero.pins.mock import MockFactory

from appliance.config import Settings, load_settings
from appliance.devices.gpio_panel import GpioPanel
from appliance.devices.oled import SimulatedOled
from appliance.devices.simulated_camera import SimulatedCamera
from appliance.focus import score
from appliance.focus.result import Setup
from appliance.frame import Frame
from appliance.station.daemon import Station
from appliance.station.events import Devices
from appliance.station.state import Phase
from appliance.store import Store, open_store

PATIENCE_S = 120.0
COARSE = {"pixel_pitch_um": 3.1}
"""The HQ camera's area with a quarter of its pixels: the same physics, four times as fast."""

SettingsFactory = Callable[..., Settings]


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("FOCUSCHECK_"):
            monkeypatch.delenv(name)


@pytest.fixture
def make_settings(tmp_path: Path) -> SettingsFactory:
    def make(**values: Any) -> Settings:
        given = {
            "data_dir": tmp_path / "data",
            "camera": "simulated",
            "panel": "simulated",
            "display": "simulated",
        }
        return load_settings(overrides={**given, **COARSE, **values}, environment={})

    return make


@pytest.fixture
def focuscheck(capsys: pytest.CaptureFixture[str]) -> Focuscheck:
    """The command, given in this process."""
    return Focuscheck(capsys)


@pytest.fixture(scope="session")
def bench_frame(tmp_path_factory: pytest.TempPathFactory) -> Frame:
    """A photo of the simulated bench with 6 mm back focus."""
    values = {"data_dir": tmp_path_factory.mktemp("bench"), "simulated_focus_error_mm": 6.0, **COARSE}
    return SimulatedCamera(load_settings(overrides=values, environment={})).capture()


@dataclass
class HeldCamera:
    """A camera that gives ``frame`` (or raises it) once ``gate`` is open."""

    frame: Frame | Exception
    gate: threading.Event = field(default_factory=threading.Event)
    description: str = "camera of the tests"
    captures: int = 0
    closed: int = 0

    def capture(self) -> Frame:
        assert self.gate.wait(PATIENCE_S)
        self.captures += 1
        if isinstance(self.frame, Exception):
            raise self.frame
        return self.frame

    def glance(self) -> Frame:
        return self.capture()

    def close(self) -> None:
        self.closed += 1


def scoring_by(monkeypatch: pytest.MonkeyPatch, judge: Callable[[list[Frame], Setup], Any]) -> None:
    """Have ``judge`` give the results of photos in the place of the measurement."""

    class Scoring:
        def __init__(self, setup: Setup) -> None:
            self.setup = setup
            self.frames: list[Frame] = []

        def add(self, frame: Frame) -> None:
            self.frames.append(frame)

        def result(self) -> Any:
            return judge(self.frames, self.setup)

    monkeypatch.setattr(score, "Scoring", Scoring)


@dataclass
class Rig:
    """A station at work with everything it is wired to."""

    station: Station
    settings: Settings
    store: Store
    pins: MockFactory
    display: SimulatedOled

    def push(self, closed: bool) -> None:
        """Push the TEST button down or let it go, and wait until the station has seen it."""
        pin = self.pins.pin(self.settings.button_pin)
        pin.drive_low() if closed else pin.drive_high()
        self.station.wait_for(lambda state: state.button_down is closed, PATIENCE_S)

    def press(self) -> None:
        """Press and let go."""
        self.push(True)
        self.push(False)

    def wait(self, phase: Phase) -> None:
        self.station.wait_for(lambda state: state.phase is phase, PATIENCE_S)

    def lit(self) -> dict[str, bool]:
        """Which lamps are on."""
        lamps = {"green": self.settings.green_lamp_pin, "red": self.settings.red_lamp_pin}
        return {name: bool(self.pins.pin(pin).state) for name, pin in lamps.items()}


@contextmanager
def rig_of(
    settings: Settings,
    camera: Any,
    open_display: Any = None,
    simulated: bool = True,
    **wired: Any,
) -> Iterator[Rig]:
    """Run a station with ``camera`` until the block ends; an exception as ``camera`` is raised on opening it.

    ``wired``: further devices, by their names in :class:`Devices`.
    """

    def open_camera() -> Any:
        if isinstance(camera, Exception):
            raise camera
        return camera

    pins, display, store = MockFactory(), SimulatedOled(settings), open_store(settings.data_dir)
    panel = GpioPanel(settings, pins)
    devices = Devices(open_camera, open_display or (lambda: display), panel, simulated=simulated, **wired)
    station = Station(settings, devices, store, "http://192.0.2.7:8080")
    loop = threading.Thread(target=station.run, daemon=True)
    loop.start()
    try:
        station.wait_for(lambda state: state.phase is not Phase.STARTING, PATIENCE_S)
        yield Rig(station, settings, store, pins, display)
    finally:
        station.stop()
        loop.join(PATIENCE_S)
        station._jobs.join(20.0)  # a thread still at work would be torn down with the interpreter
        store.close()
        pins.reset()


def until(condition: Callable[[], bool]) -> None:
    """Wait for something outside a station, at most as long as patience lasts."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)

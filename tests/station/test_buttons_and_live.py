"""Long presses, FOCUS, focus assist, alignment, shut-down, pairing, scanning: what the station does beside checks."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

import numpy as np
import pytest
from conftest import PATIENCE_S, HeldCamera, Rig, SettingsFactory, rig_of, until
from PIL import Image

from appliance.checks.align import Alignment
from appliance.checks.focus_assist import AssistFigures
from appliance.devices.oled import SimulatedOled
from appliance.devices.scanner import SimulatedScanner
from appliance.errors import CameraError, CameraHangsError, NoFocusMotorError, StationBusyError, UsageError
from appliance.frame import Frame
from appliance.station import jobs, view
from appliance.station.client import StationClient
from appliance.station.display_keeper import DIM, DisplayKeeper
from appliance.station.screens import Screen, start
from appliance.station.server import StationServer
from appliance.station.state import Phase

HOLDS = {"hold_focus_ms": 250, "hold_shutdown_ms": 1000, "stuck_button_s": 6}


@dataclass
class LiveCamera:
    """A camera that always answers, with a motor if told to."""

    frame: Frame
    has_motor: bool = False
    description: str = "camera of the tests"
    glances: int = 0
    captures: int = 0
    closed: int = 0
    error: Exception | None = None
    running: threading.Event = field(default_factory=threading.Event)

    def capture(self) -> Frame:
        self.captures += 1
        return self.glance()

    def glance(self) -> Frame:
        time.sleep(0.01)  # its own rate: a hundred frames a second
        self.glances += 1
        if self.error is not None:
            raise self.error
        return self.frame

    def focus(self) -> float:
        if not self.has_motor:
            raise NoFocusMotorError("The lens on this camera is focused by hand: it has no motor.")
        assert self.running.wait(PATIENCE_S)
        return 2.5

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def camera() -> LiveCamera:
    made = LiveCamera(Frame(np.full((64, 64), 300, np.uint16), "rggb", 256, 4095))
    made.running.set()
    return made


@pytest.fixture(autouse=True)
def _quick_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    class Quick:
        def __init__(self, setup: object) -> None:
            self.peak = 9.0

        def reset_peak(self) -> None:
            self.peak = 5.0

        def look(self, frame: Frame) -> AssistFigures:
            return AssistFigures(True, 5.0, 4.0, 6.0, self.peak, 1.5, 0.1, "nearer", 40)

    monkeypatch.setattr(jobs, "FocusAssist", Quick)
    monkeypatch.setattr(view, "align", lambda frame, setup: Alignment((), "No chart."))


def hold(rig: Rig, phase: Phase) -> None:
    rig.push(True)
    rig.wait(phase)
    rig.push(False)


def test_a_long_press_starts_focus_assist_and_another_ends_it(
    make_settings: SettingsFactory, camera: LiveCamera
) -> None:
    with rig_of(make_settings(**HOLDS), camera) as rig:
        hold(rig, Phase.ASSIST)
        shown = "FOCUS ASSIST 5.0, turn NEARER"  # told a moment after the figures
        state = rig.station.wait_for(lambda state: state.oled_text == shown, PATIENCE_S)
        assert state.live is not None
        assert (state.live["turn"], state.live["middle"]) == ("nearer", 5.0)
        until(lambda: camera.glances > 3)
        assert camera.captures == 1, "only the first frame may cost a search of the exposure"
        hold(rig, Phase.READY)
        assert rig.station.state.live is None
        stopped = camera.glances
        until(lambda: not any(thread.name == "assist" for thread in threading.enumerate()))
        assert camera.glances <= stopped + 1


def test_a_display_slower_than_the_camera_skips_figures_and_no_press_waits_behind_them(
    make_settings: SettingsFactory, camera: LiveCamera
) -> None:
    settings, slow = make_settings(), threading.Event()
    slow.set()

    class Slow(SimulatedOled):
        def show(self, picture: Image.Image) -> None:
            assert slow.wait(PATIENCE_S)
            super().show(picture)

    with rig_of(settings, camera, lambda: Slow(settings)) as rig:
        rig.station.live("assist", True)
        rig.station.wait_for(lambda state: state.live is not None, PATIENCE_S)
        slow.clear()
        seen = camera.glances
        until(lambda: camera.glances > seen + 50)
        assert rig.station._events.qsize() <= 2
        slow.set()
        rig.press()
        rig.wait(Phase.RESULT)


def test_a_short_press_out_of_focus_assist_makes_a_check(
    make_settings: SettingsFactory, camera: LiveCamera
) -> None:
    with rig_of(make_settings(), camera) as rig:
        rig.station.live("assist", True)
        rig.station.wait_for(lambda state: state.live is not None, PATIENCE_S)
        rig.press()
        rig.wait(Phase.RESULT)
        assert rig.station.state.verdict == "INVALID"
        assert rig.store.count() == 1


def test_live_sessions_end_by_themselves(make_settings: SettingsFactory, camera: LiveCamera) -> None:
    with rig_of(make_settings(live_timeout_s=10), camera) as rig:
        rig.station.live("align", True)
        rig.station.wait_for(lambda state: state.live is not None, PATIENCE_S)
        assert "ALIGN" in rig.station.state.oled_text
        rig.station._actions.phase_ends = 0.0
        rig.wait(Phase.READY)


def test_a_live_session_whose_camera_fails_says_so(
    make_settings: SettingsFactory, camera: LiveCamera
) -> None:
    with rig_of(make_settings(), camera) as rig:
        camera.error = CameraError("No frame came.")
        rig.station.live("assist", True)
        rig.wait(Phase.FAULT)
        assert rig.station.state.fault == "No frame came."
        assert camera.closed == 1
        camera.error = None
        rig.station.live("assist", True)
        rig.station.wait_for(lambda state: state.live is not None, PATIENCE_S)


def test_a_hanging_camera_ends_the_station_and_the_next_one_says_why(
    make_settings: SettingsFactory, camera: LiveCamera
) -> None:
    settings = make_settings()
    camera.error = CameraHangsError("The camera stopped answering.")
    with rig_of(settings, camera) as rig:
        rig.press()
        until(lambda: rig.station.exit_status == CameraHangsError.exit_status)
    camera.error = None
    with rig_of(settings, camera) as rig:
        state = rig.station.wait_for(lambda state: state.oled_text.startswith("STARTED AFRESH"), PATIENCE_S)
        assert state.notice == "The camera stopped answering."
    with rig_of(settings, camera) as rig:
        assert rig.station.state.notice == ""


@pytest.mark.parametrize("can", [True, False])
def test_very_long_press_then_a_press_switches_off(
    make_settings: SettingsFactory, camera: LiveCamera, can: bool
) -> None:
    called: list[bool] = []
    power_off = (lambda: called.append(True)) if can else None
    with rig_of(make_settings(**HOLDS), camera, power_off=power_off) as rig:
        hold(rig, Phase.SHUTDOWN)
        assert rig.station.state.oled_text.startswith("SWITCH OFF?")
        rig.press()
        expected = "OFF" if can else "STAYS ON"
        rig.station.wait_for(lambda state: state.oled_text.startswith(expected), PATIENCE_S)
    assert called == [True] * can
    assert camera.glances <= 100
    assert rig.station.state.check is None


def test_switching_off_is_forgotten_without_a_second_press(
    make_settings: SettingsFactory, camera: LiveCamera
) -> None:
    with rig_of(make_settings(**HOLDS), camera) as rig:
        hold(rig, Phase.SHUTDOWN)
        rig.station._actions.phase_ends = 0.0
        rig.wait(Phase.READY)


def test_a_stuck_button_is_shown_until_it_comes_up_and_the_page_can_still_test(
    make_settings: SettingsFactory, camera: LiveCamera
) -> None:
    with rig_of(make_settings(**HOLDS), camera) as rig:
        rig.push(True)
        state = rig.station.wait_for(lambda state: state.stuck_button == "TEST", PATIENCE_S)
        rig.station.wait_for(lambda state: state.oled_text.startswith("BUTTON STUCK?"), PATIENCE_S)
        assert state.phase in (Phase.SHUTDOWN, Phase.READY)
        rig.station.press().result(PATIENCE_S)
        rig.push(False)
        rig.station.wait_for(lambda state: state.stuck_button == "", PATIENCE_S)
        assert rig.store.count() == 1


def test_focus_drives_a_motor_and_otherwise_starts_focus_assist(
    make_settings: SettingsFactory, camera: LiveCamera
) -> None:
    camera.has_motor = True
    with rig_of(make_settings(), camera) as rig:
        pin = rig.pins.pin(rig.settings.focus_button_pin)
        pin.drive_low()
        until(lambda: rig.station._buttons.focus.down)
        pin.drive_high()
        rig.station.wait_for(lambda state: state.lens_position_dpt == 2.5, PATIENCE_S)
        rig.wait(Phase.READY)
        camera.has_motor = False
        rig.station.focus()
        rig.wait(Phase.FAULT)
        assert "no motor" in rig.station.state.fault


def test_holding_test_while_the_motor_focuses_is_answered_with_busy(
    make_settings: SettingsFactory, camera: LiveCamera
) -> None:
    camera.has_motor = True
    camera.running.clear()
    with rig_of(make_settings(**HOLDS), camera) as rig:
        rig.station.focus()
        rig.station.wait_for(lambda state: state.stage == "focusing", PATIENCE_S)
        rig.push(True)
        rig.station.wait_for(lambda state: state.oled_text.startswith("BUSY"), PATIENCE_S)
        assert rig.station.state.phase is Phase.MEASURING
        rig.push(False)
        camera.running.set()
        rig.station.wait_for(lambda state: state.lens_position_dpt == 2.5, PATIENCE_S)
        rig.press()
        rig.wait(Phase.RESULT)


def test_the_chart_s_lamp_is_lit_while_the_camera_looks(
    make_settings: SettingsFactory, bench_frame: Frame
) -> None:
    held = HeldCamera(bench_frame)
    settings = make_settings()
    with rig_of(settings, held) as rig:
        lamp = rig.pins.pin(settings.strobe_pin)
        assert not lamp.state
        rig.press()
        until(lambda: bool(lamp.state))
        held.gate.set()
        rig.wait(Phase.RESULT)
        until(lambda: not lamp.state)


def test_the_socket_speaks_of_all_of_it(make_settings: SettingsFactory, camera: LiveCamera) -> None:
    with rig_of(make_settings(), camera) as rig:
        server = StationServer(rig.settings.socket, rig.station)
        server.start()
        client = StationClient(rig.settings.socket)
        client.live("assist", True)
        rig.station.wait_for(lambda state: state.live is not None, PATIENCE_S)
        assert client.state().live is not None
        client.reset_peak()
        rig.station.wait_for(lambda state: state.live is not None and state.live["peak"] == 5.0, PATIENCE_S)
        client.live("assist", False)
        rig.wait(Phase.READY)
        client.scan("http://192.0.2.7:8080/l/FC%2042")
        state = rig.station.wait_for(lambda state: state.scans == 1, PATIENCE_S)
        assert state.lens_tag == "FC 42"
        client.scan("\x07" * 3)
        rig.station.wait_for(lambda state: state.oled_text.startswith("NOT A TAG"), PATIENCE_S)
        assert client.state().lens_tag == "FC 42"
        for pin in ("12345", "1234567", "abcdef", "١٢٣٤٥٦"):
            with pytest.raises(UsageError, match="six digits"):
                client.pair(pin)
        client.pair("493027", 60)
        state = rig.station.wait_for(lambda state: state.pin_shown, PATIENCE_S)
        assert "493027" not in str(client.state().to_dict())
        client.pair(None)
        rig.station.wait_for(lambda state: not state.pin_shown, PATIENCE_S)
        assert client.state().health is not None
        server.close()


def test_nothing_live_begins_during_a_check(make_settings: SettingsFactory, bench_frame: Frame) -> None:
    held = HeldCamera(bench_frame)
    with rig_of(make_settings(), held) as rig:
        rig.press()
        rig.wait(Phase.MEASURING)
        for wish in (lambda: rig.station.live("align", True), rig.station.focus):
            with pytest.raises(StationBusyError):
                wish()
        held.gate.set()
        rig.wait(Phase.RESULT)


def test_a_scan_during_a_check_is_for_the_next_one(
    make_settings: SettingsFactory, bench_frame: Frame
) -> None:
    held = HeldCamera(bench_frame)
    scanner = SimulatedScanner()
    with rig_of(make_settings(), held, scanner=scanner) as rig:
        done = rig.station.press()
        scanner.scan("FC-7")
        rig.station.wait_for(lambda state: state.lens_tag == "FC-7", PATIENCE_S)
        held.gate.set()
        assert done.result(PATIENCE_S).lens_tag is None
        assert rig.station.press().result(PATIENCE_S).lens_tag == "FC-7"


class Clockwork:
    """A display keeper on a simulated OLED."""

    def __init__(self, display: SimulatedOled) -> None:
        self.display = display
        self.keeper = DisplayKeeper(lambda: display, display.size_px, 60.0, 120.0, 1800.0)

    def lit(self) -> np.ndarray:  # type: ignore[type-arg]
        return np.array(self.display.picture)


def test_the_picture_moves_against_burn_in_and_the_display_dims_and_wakes(
    make_settings: SettingsFactory,
) -> None:
    work = Clockwork(SimulatedOled(make_settings()))
    screen = start((128, 64), "0.1.0")
    work.keeper.show(screen, 0.0)
    first = work.lit()
    seen = set()
    for second in range(0, 1200, 10):
        work.keeper.tick(float(second))
        seen.add(work.lit().tobytes())
    assert len(seen) == 9
    always = np.ones_like(first)
    for picture in seen:
        always &= np.frombuffer(picture, first.dtype).reshape(first.shape)
    assert always.sum() < 0.35 * first.sum()
    assert work.display.bright == DIM
    work.keeper.tick(1900.0)
    assert work.display.bright == 0.0
    work.keeper.wake(1901.0)
    assert work.display.bright == 1.0
    work.keeper.tick(2100.0)
    assert work.display.bright == DIM
    work.keeper.show(Screen(screen.picture, "another"), 2101.0)
    assert work.display.bright == 1.0


@pytest.mark.parametrize("simulated", [True, False])
def test_only_a_simulated_bench_tells_a_pin_in_the_terminal(
    make_settings: SettingsFactory, bench_frame: Frame, capsys: pytest.CaptureFixture[str], simulated: bool
) -> None:
    with rig_of(make_settings(), HeldCamera(bench_frame), simulated=simulated) as rig:
        rig.station.show_pin("493027", 60)
        rig.station.wait_for(lambda state: state.pin_shown, PATIENCE_S)
        rig.station.stop()
    assert ("PIN for the phone: 493 027" in capsys.readouterr().out) is simulated

"""The station's states, on mock pins: what a press does, and what goes wrong without taking the station with it."""

import sqlite3
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import cv2
import numpy as np
import pytest
from conftest import PATIENCE_S, HeldCamera, SettingsFactory, rig_of, scoring_by, until

from appliance.devices.oled import OledGoneError, SimulatedOled
from appliance.devices.thermometer import SimulatedThermometer
from appliance.errors import CameraError, NotKeptError, StationBusyError, StorageError
from appliance.focus.result import Reason, Result, Verdict
from appliance.frame import Frame
from appliance.station import screens
from appliance.station.measure import take_and_score
from appliance.station.state import Phase
from appliance.store.house import Body, Lens
from appliance.store.retention import Rules


def judged(verdict: Verdict, noise_um: float = 1.0) -> Result:
    budget_um = {"noise": noise_um, "pose": 1.0}
    return Result(
        verdict, (Reason("TEST", "Said by the test."),), 3.0, 1.0, None, 5.6, 1.87, 43.8, budget_um=budget_um
    )


@pytest.fixture
def verdicts(monkeypatch: pytest.MonkeyPatch) -> list[Result]:
    """Results that the measurement gives in turn, the last one for ever."""
    results = [judged(Verdict.PASS)]
    scoring_by(monkeypatch, lambda frames, setup: results.pop(0) if len(results) > 1 else results[0])
    return results


def test_a_second_press_while_measuring_is_answered_busy_and_not_queued(
    make_settings: SettingsFactory, bench_frame: Frame, verdicts: list[Result]
) -> None:
    camera = HeldCamera(bench_frame)
    with rig_of(make_settings(), camera) as rig:
        rig.press()
        rig.wait(Phase.MEASURING)
        rig.press()
        state = rig.station.wait_for(lambda state: state.busy_presses == 1, PATIENCE_S)
        assert state.oled_text.startswith("BUSY")
        with pytest.raises(StationBusyError):
            rig.station.press()
        camera.gate.set()
        rig.wait(Phase.RESULT)
        rig.station.stop()
    assert camera.captures == 1


@pytest.mark.parametrize(
    ("verdict", "lit"),
    [
        (Verdict.PASS, {"green": True, "red": False}),
        (Verdict.FAIL_BACK, {"green": False, "red": True}),
        (Verdict.FAIL_FRONT, {"green": False, "red": True}),
        (Verdict.INVALID, {"green": False, "red": False}),
    ],
)
def test_lamps_and_oled_say_the_verdict(
    make_settings: SettingsFactory,
    bench_frame: Frame,
    verdicts: list[Result],
    verdict: Verdict,
    lit: dict[str, bool],
) -> None:
    verdicts[:] = [judged(verdict)]
    camera = HeldCamera(bench_frame)
    camera.gate.set()
    with rig_of(make_settings(), camera) as rig:
        rig.press()
        rig.wait(Phase.RESULT)
        assert rig.lit() == lit
        assert rig.station.state.oled_text.startswith(verdict.words)
        assert rig.display.picture is not None


def test_a_verdict_is_on_the_disk_before_it_is_shown(
    make_settings: SettingsFactory, bench_frame: Frame, verdicts: list[Result]
) -> None:
    settings = make_settings()
    camera = HeldCamera(bench_frame)
    camera.gate.set()
    stored_when_shown: list[int] = []

    class Watching(SimulatedOled):
        def show(self, picture: Any) -> None:
            if rig_box and rig_box[0].station.state.phase is Phase.MEASURING:
                with sqlite3.connect(settings.data_dir / "focuscheck.sqlite3") as other:
                    stored_when_shown.append(other.execute("select count(*) from checks").fetchone()[0])
            super().show(picture)

    rig_box: list[Any] = []
    display = Watching(settings)
    with rig_of(settings, camera, lambda: display) as rig:
        rig_box.append(rig)
        rig.press()
        rig.wait(Phase.RESULT)
    assert stored_when_shown[-1] == 1  # the picture that replaced MEASURING was the verdict's


def test_what_cannot_be_stored_is_a_fault_and_not_a_verdict(
    make_settings: SettingsFactory,
    bench_frame: Frame,
    verdicts: list[Result],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    camera = HeldCamera(bench_frame)
    camera.gate.set()
    with rig_of(make_settings(), camera) as rig:
        with monkeypatch.context() as disk:
            disk.setattr("os.fsync", _full_disk)
            with pytest.raises(StorageError):
                rig.station.press().result(PATIENCE_S)
        assert rig.station.state.phase is Phase.FAULT
        assert rig.station.state.verdict is None
        assert rig.store.count() == 0
        assert list((rig.settings.data_dir / "pictures").iterdir()) == []
        rig.press()
        rig.wait(Phase.RESULT)
        assert rig.store.count() == 1


def test_a_house_may_choose_to_be_told_a_verdict_that_is_not_kept(
    make_settings: SettingsFactory,
    bench_frame: Frame,
    monkeypatch: pytest.MonkeyPatch,
    verdicts: list[Result],
) -> None:
    camera = HeldCamera(bench_frame)
    camera.gate.set()
    with rig_of(make_settings(when_not_kept="show"), camera) as rig:
        with monkeypatch.context() as disk:
            disk.setattr("os.fsync", _full_disk)
            with pytest.raises(
                NotKeptError, match=r"^PASS, \+3\.0 ± 1\.0 mm, but NOT KEPT\. .*No space left"
            ):
                rig.station.press().result(PATIENCE_S)
        assert rig.station.state.phase is Phase.FAULT
        assert "NOT KEPT" in rig.station.state.oled_text
        assert rig.station.state.check is None
        assert rig.store.count() == 0


def _full_disk(_descriptor: int) -> None:
    raise OSError(28, "No space left on device")


def test_a_lost_camera_is_named_and_opened_again_at_the_next_press(
    make_settings: SettingsFactory, bench_frame: Frame, verdicts: list[Result]
) -> None:
    camera = HeldCamera(CameraError("The camera gave no frame within 10 s."))
    camera.gate.set()
    with rig_of(make_settings(), camera) as rig:
        rig.press()
        rig.wait(Phase.FAULT)
        assert rig.station.state.fault == "The camera gave no frame within 10 s."
        assert rig.lit() == {"green": False, "red": True}
        assert camera.closed == 1
        camera.frame = bench_frame
        rig.press()
        rig.wait(Phase.RESULT)


def test_a_station_without_camera_says_so_and_goes_on_answering(make_settings: SettingsFactory) -> None:
    with rig_of(make_settings(), CameraError("No camera is connected.")) as rig:
        assert rig.station.state.phase is Phase.FAULT
        assert rig.station.state.oled_text == "NO CAMERA: No camera is connected."
        with pytest.raises(CameraError):
            rig.station.press().result(PATIENCE_S)


def test_a_lost_oled_never_stops_a_check(
    make_settings: SettingsFactory, bench_frame: Frame, verdicts: list[Result]
) -> None:
    class Unplugged(SimulatedOled):
        def show(self, picture: Any) -> None:
            raise OledGoneError("121 Remote I/O error")

    settings = make_settings()
    camera = HeldCamera(bench_frame)
    camera.gate.set()
    with rig_of(settings, camera, lambda: Unplugged(settings)) as rig:
        rig.press()
        rig.wait(Phase.RESULT)
        assert rig.station.state.display_lost
        assert rig.station.state.verdict == "PASS"


def test_an_oled_that_comes_back_shows_the_present_state(
    make_settings: SettingsFactory, bench_frame: Frame
) -> None:
    settings = make_settings()
    display = SimulatedOled(settings)
    tries: list[int] = []

    def absent_at_first() -> SimulatedOled:
        tries.append(1)
        if len(tries) < 2:
            raise OledGoneError("no SSD1306 on I²C 1:0x3c")
        return display

    with rig_of(settings, HeldCamera(bench_frame), absent_at_first) as rig:
        assert rig.station.state.display_lost
        until(lambda: not rig.station.state.display_lost)
        assert display.picture is not None
        assert rig.station.state.phase is Phase.READY


def test_frames_are_added_while_they_may_settle_a_retest(
    make_settings: SettingsFactory, bench_frame: Frame, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []

    def judge(frames: list[Frame], setup: Any) -> Result:
        seen.append(len(frames))
        return judged(Verdict.PASS if len(frames) == 8 else Verdict.RETEST, noise_um=4 / len(frames) ** 0.5)

    scoring_by(monkeypatch, judge)
    camera = HeldCamera(bench_frame)
    camera.gate.set()
    with rig_of(make_settings(frames_at_most=8), camera) as rig:
        rig.press()
        rig.wait(Phase.RESULT)
    assert camera.captures == 8
    assert seen == [1, 2, 4, 8]


def test_every_stage_of_many_photos_fits_the_display_and_comes_nearer_the_end(
    make_settings: SettingsFactory, bench_frame: Frame, monkeypatch: pytest.MonkeyPatch
) -> None:
    scoring_by(monkeypatch, lambda frames, setup: judged(Verdict.RETEST, noise_um=9.0))
    camera = HeldCamera(bench_frame)
    camera.gate.set()
    settings, stages = make_settings(frames_at_first=12, frames_at_most=12), []
    take_and_score(camera, settings, settings.setup(), stages.append)
    assert stages[-1] == "measuring 12 of 12"
    assert max(map(len, stages)) <= screens.CHARACTERS_PER_LINE
    bars = [np.asarray(screens.measuring((128, 64), stage).picture)[56:60].sum() for stage in stages]
    assert all(earlier < later for earlier, later in pairwise(bars))


@pytest.mark.parametrize(("noise_um", "photos"), [(2.0, 2), (0.3, 1)])
def test_no_frames_are_added_that_would_not_narrow_the_uncertainty(
    make_settings: SettingsFactory, bench_frame: Frame, verdicts: list[Result], noise_um: float, photos: int
) -> None:
    verdicts[:] = [judged(Verdict.RETEST, noise_um), judged(Verdict.RETEST, 0.3)]
    camera = HeldCamera(bench_frame)
    camera.gate.set()
    with rig_of(make_settings(frames_at_most=8), camera) as rig:
        rig.press()
        rig.wait(Phase.RESULT)
        assert rig.station.state.verdict == "RETEST"
    assert camera.captures == photos


def test_an_error_inside_is_a_fault_and_the_station_lives(
    make_settings: SettingsFactory,
    bench_frame: Frame,
    verdicts: list[Result],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    camera = HeldCamera(bench_frame)
    camera.gate.set()
    with rig_of(make_settings(), camera) as rig:
        with monkeypatch.context() as broken:
            scoring_by(broken, lambda frames, setup: 1 // 0)
            rig.press()
            rig.wait(Phase.FAULT)
        assert "log" in rig.station.state.fault
        rig.press()
        rig.wait(Phase.RESULT)


def test_a_camera_that_hangs_ends_the_station_so_that_it_can_be_started_afresh(
    make_settings: SettingsFactory, bench_frame: Frame
) -> None:
    settings = make_settings(capture_timeout_s=0.05, score_timeout_s=0.05, frames_at_most=1)
    camera = HeldCamera(bench_frame)
    with rig_of(settings, camera) as rig:
        rig.press()
        rig.wait(Phase.FAULT)
        assert "hangs" in rig.station.state.fault
        until(lambda: rig.station.exit_status != 0)
        camera.gate.set()


def test_a_lens_selected_is_the_lens_of_the_presses_that_follow(
    make_settings: SettingsFactory, bench_frame: Frame, verdicts: list[Result]
) -> None:
    camera = HeldCamera(bench_frame)
    camera.gate.set()
    with rig_of(make_settings(), camera) as rig:
        rig.station.select_lens("FC-0042")
        rig.station.wait_for(lambda state: "FC-0042" in state.oled_text, PATIENCE_S)
        assert rig.station.press().result(PATIENCE_S).lens_tag == "FC-0042"
        assert rig.station.press("OTHER-1").result(PATIENCE_S).lens_tag == "OTHER-1"
        assert rig.station.press().result(PATIENCE_S).lens_tag == "FC-0042"


@pytest.mark.parametrize(
    ("own", "body_coc_um", "judged_by"),
    [
        ({}, None, (25.0, 2.8, 15.0, None)),
        ({"coc_um": 6.0}, None, (25.0, 2.8, 6.0, None)),
        ({"coc_um": 6.0, "tolerance_um": 12.5}, 4.0, (25.0, 2.8, 4.0, 12.5)),
        ({"focal_min_mm": 50.0, "max_aperture": 1.4}, None, (50.0, 1.4, 15.0, None)),
        ({"focal_min_mm": 24.0, "focal_max_mm": 70.0, "max_aperture": 4.0}, None, (40.0, 4.0, 15.0, None)),
    ],
)
def test_a_lens_is_judged_by_what_the_records_say_of_it_and_of_the_body(
    make_settings: SettingsFactory,
    bench_frame: Frame,
    monkeypatch: pytest.MonkeyPatch,
    own: dict[str, float],
    body_coc_um: float | None,
    judged_by: tuple[float, ...],
) -> None:
    used: list[Any] = []
    scoring_by(monkeypatch, lambda frames, setup: used.append(setup) or judged(Verdict.PASS))
    camera = HeldCamera(bench_frame)
    camera.gate.set()
    with rig_of(make_settings(), camera, simulated=False) as rig:
        at = datetime.now(UTC)
        with rig.store.session() as session:
            session.add(Lens(tag="FC-1", created_at=at, **own))
            session.add(Body(tag="B-1", created_at=at, coc_um=body_coc_um))
        rig.station.select_lens("FC-1")
        rig.station.select_body("B-1")
        if "focal_max_mm" in own:  # nobody but the one at the bench knows where a zoom stands
            rig.station.set_up(40.0, None)
        stored = rig.station.press().result(PATIENCE_S)
        setup = used[0]
        assert (setup.focal_length_mm, setup.f_number, setup.coc_um, setup.tolerance_um) == judged_by
        assert stored.setup == setup
        assert (stored.lens_tag, stored.body_tag, stored.station) == ("FC-1", "B-1", "Station 1")


def test_on_a_simulated_bench_the_lens_is_the_one_in_the_settings(
    make_settings: SettingsFactory, bench_frame: Frame, verdicts: list[Result]
) -> None:
    camera = HeldCamera(bench_frame)
    camera.gate.set()
    with rig_of(make_settings(), camera) as rig:
        with rig.store.session() as session:
            session.add(Lens(tag="FC-1", created_at=datetime.now(UTC), focal_min_mm=50.0, coc_um=7.0))
        setup = rig.station.press("FC-1").result(PATIENCE_S).setup
        assert (setup.focal_length_mm, setup.coc_um) == (25.0, 7.0)


def test_a_body_is_taken_off_with_its_lens_and_known_by_its_own_label(
    make_settings: SettingsFactory, bench_frame: Frame, verdicts: list[Result]
) -> None:
    camera = HeldCamera(bench_frame)
    camera.gate.set()
    with rig_of(make_settings(), camera) as rig:
        with rig.store.session() as session:
            session.add(Body(tag="B-1", created_at=datetime.now(UTC)))
        rig.station.scan("FC-1")
        rig.station.scan("B-1")
        rig.station.wait_for(lambda state: state.body_tag == "B-1", PATIENCE_S)
        assert rig.station.state.lens_tag == "FC-1"
        assert rig.station.press("FC-9").result(PATIENCE_S).body_tag is None  # said of another lens
        assert rig.station.press().result(PATIENCE_S).body_tag == "B-1"
        rig.station.scan("FC-2")
        rig.station.wait_for(lambda state: state.lens_tag == "FC-2", PATIENCE_S)
        assert rig.station.state.body_tag is None


def test_the_raw_photo_is_kept_as_the_sensor_gave_it_and_never_holds_up_a_verdict(
    make_settings: SettingsFactory, bench_frame: Frame, verdicts: list[Result]
) -> None:
    verdicts[:] = [judged(Verdict.FAIL_BACK), judged(Verdict.PASS)]
    frame = replace(bench_frame, metadata={"SensorTemperature": 31.5})
    camera = HeldCamera(frame)
    camera.gate.set()
    with rig_of(make_settings(), camera) as rig:
        failed, passed = (rig.station.press().result(PATIENCE_S) for _ in range(2))
        assert failed.raw_file is None  # the answer came first
        until(lambda: all(check.raw_file for check in rig.store.newest_first(2)))
        kept = rig.store.get(failed.sequence)
        assert kept is not None
        picture = rig.store.picture(kept.raw_file or "")
        assert picture is not None
        assert np.array_equal(cv2.imread(str(picture), cv2.IMREAD_UNCHANGED), frame.plane)
        assert (kept.camera["bayer"], kept.camera["black"]) == (frame.bayer, frame.black)
        assert kept.temperature_c == 31.5
        assert rig.store.prune(Rules(raw_days=0, reserve_mb=0), datetime.now(UTC)) == 1
        assert [check.raw_file is None for check in rig.store.newest_first(2)] == [True, False]
    assert passed.sequence == failed.sequence + 1


@pytest.mark.parametrize(("says", "kept_c"), [(19.5, 19.5), (OSError("no DS18B20 on the 1-Wire bus"), 31.5)])
def test_a_check_keeps_the_temperature_of_the_bench_or_else_that_of_the_sensor(
    make_settings: SettingsFactory,
    bench_frame: Frame,
    verdicts: list[Result],
    says: float | OSError,
    kept_c: float,
) -> None:
    class Thermometer(SimulatedThermometer):
        def celsius(self) -> float:
            if isinstance(says, OSError):
                raise says
            return says

    camera = HeldCamera(replace(bench_frame, metadata={"SensorTemperature": 31.5}))
    camera.gate.set()
    with rig_of(make_settings(), camera, thermometer=Thermometer()) as rig:
        rig.station.wait_for(lambda state: state.health is not None, PATIENCE_S)
        assert "simulated thermometer" in rig.station.state.devices
        assert rig.station.press().result(PATIENCE_S).temperature_c == kept_c


def test_a_raw_photo_that_cannot_be_stored_costs_no_check(
    make_settings: SettingsFactory,
    bench_frame: Frame,
    verdicts: list[Result],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    camera = HeldCamera(bench_frame)
    camera.gate.set()
    tried: list[int] = []

    def full(sequence: int, *_: Any) -> None:
        tried.append(sequence)
        raise StorageError("no room")

    with rig_of(make_settings(), camera) as rig:
        monkeypatch.setattr(rig.store, "add_raw", full)
        for _ in range(2):
            rig.station.press().result(PATIENCE_S)
        until(lambda: len(tried) == 2)
        assert rig.station.state.phase is Phase.RESULT
        assert rig.store.count() == 2

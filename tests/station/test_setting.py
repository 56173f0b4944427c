"""A zoom is asked at which focal length it stands, on the station and on the phone, and judged by the answer alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import PATIENCE_S, HeldCamera, Rig, SettingsFactory, rig_of, scoring_by, until
from examples import RESULT

from appliance.errors import FocalLengthNeededError, UsageError
from appliance.focus.result import Setup
from appliance.frame import Frame
from appliance.station.client import StationClient
from appliance.station.server import StationServer
from appliance.station.state import Phase, StationState
from appliance.store import Store, open_store
from appliance.store.clock import now
from appliance.store.house import Lens


def furnish(folder: Path) -> None:
    """A zoom of 24–70 mm f/2.8, a prime, and a zoom of which only the short end is known."""
    store: Store = open_store(folder)
    with store.session() as session:
        for tag, low, high, widest in (
            ("Z-1", 24.0, 70.0, 2.8),
            ("Z-2", 70.0, 200.0, None),
            ("P-1", 50.0, None, 1.4),
        ):
            lens = Lens(tag=tag, created_at=now().wall, focal_min_mm=low, focal_max_mm=high)
            lens.max_aperture = widest
            session.add(lens)
    store.close()


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> list[Setup]:
    """What each check was judged by."""
    seen: list[Setup] = []

    def judge(_frames: list[Frame], setup: Setup) -> Any:
        seen.append(setup)
        return RESULT

    scoring_by(monkeypatch, judge)
    return seen


@pytest.fixture
def rig(make_settings: SettingsFactory, bench_frame: Frame) -> Iterator[Rig]:
    settings = make_settings()
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    furnish(settings.data_dir)
    camera = HeldCamera(bench_frame)
    camera.gate.set()
    with rig_of(settings, camera, simulated=False) as opened:
        yield opened


def put(rig: Rig, tag: str | None) -> None:
    rig.station.select_lens(tag)
    rig.station.wait_for(lambda state: state.lens_tag == tag, PATIENCE_S)


def focus_button(rig: Rig) -> None:
    pin = rig.pins.pin(rig.settings.focus_button_pin)
    before = rig.station.state.version
    pin.drive_low()
    until(lambda: rig.station._buttons.focus.down)
    pin.drive_high()
    rig.station.wait_for(lambda state: state.version > before, PATIENCE_S)


def offered(rig: Rig, focal_mm: float) -> None:
    def shown(state: StationState) -> bool:
        return (
            state.phase is Phase.WHICH
            and state.which_mm == focal_mm
            and f"{focal_mm:g} mm" in state.oled_text
        )

    rig.station.wait_for(shown, PATIENCE_S)


def test_a_press_for_a_zoom_asks_which_focal_length_and_judges_by_the_answer(
    rig: Rig, judged: list[Setup]
) -> None:
    put(rig, "Z-1")
    rig.press()
    offered(rig, 24.0)
    assert judged == []
    for focal_mm in (40.0, 70.0, 24.0, 40.0, 70.0):
        focus_button(rig)
        offered(rig, focal_mm)
    rig.press()
    rig.station.wait_for(lambda state: state.phase is Phase.READY, PATIENCE_S)
    assert rig.station.state.focal_length_mm == 70.0
    assert rig.station.state.oled_text.startswith("READY, Z-1, 70 mm")
    assert judged == [], "the press that takes the answer takes no photo"
    rig.press()
    rig.wait(Phase.RESULT)
    assert (judged[-1].focal_length_mm, judged[-1].f_number) == (70.0, 2.8)
    check = rig.store.latest("Z-1")
    assert check is not None
    assert check.setup.focal_length_mm == 70.0


def test_the_phone_says_focal_length_and_stop_and_they_stay_for_that_lens_alone(
    rig: Rig, judged: list[Setup]
) -> None:
    put(rig, "Z-1")
    rig.station.set_up(24.0, 4.0)
    for _ in range(2):
        rig.station.press().result(PATIENCE_S)
    assert [(setup.focal_length_mm, setup.f_number) for setup in judged] == [(24.0, 4.0)] * 2
    put(rig, "P-1")
    assert (rig.station.state.focal_length_mm, rig.station.state.f_number) == (None, None)
    rig.station.press().result(PATIENCE_S)
    assert (judged[-1].focal_length_mm, judged[-1].f_number) == (50.0, 1.4)
    put(rig, "Z-1")
    with pytest.raises(FocalLengthNeededError, match="Z-1 is a zoom: say"):
        rig.station.press()
    offered(rig, 24.0)


def test_a_zoom_that_is_not_on_the_bench_is_not_judged_at_the_focal_length_of_the_one_that_is(
    rig: Rig, judged: list[Setup]
) -> None:
    put(rig, "Z-1")
    rig.station.set_up(50.0, None)
    with pytest.raises(FocalLengthNeededError, match="Z-2 is a zoom: put it on the bench first"):
        rig.station.press("Z-2")
    assert rig.station.state.phase is Phase.READY
    rig.station.press("P-1").result(PATIENCE_S)
    assert judged[-1].focal_length_mm == 50.0
    assert judged[-1].f_number == 1.4


@pytest.mark.parametrize(
    ("focal_mm", "f_number", "said"),
    [
        (75.0, None, "no focal length of 75 mm: it goes from 24 to 70"),
        (20.0, None, "no focal length of 20 mm"),
        (50.0, 2.0, "no f-number of 2: it goes from 2.8 to 64"),
        (50.0, 90.0, "no f-number of 90"),
    ],
)
def test_a_setting_that_the_lens_does_not_have_is_refused(
    rig: Rig, focal_mm: float, f_number: float | None, said: str
) -> None:
    put(rig, "Z-1")
    with pytest.raises(UsageError, match=said):
        rig.station.set_up(focal_mm, f_number)
    assert rig.station.state.focal_length_mm is None
    rig.station.set_up(70.5, 2.8)  # engraved ends are rounded
    assert rig.station.state.focal_length_mm == 70.5


def test_the_question_goes_away_with_another_lens_and_by_a_long_press(rig: Rig, judged: list[Setup]) -> None:
    put(rig, "Z-1")
    rig.press()
    offered(rig, 24.0)
    put(rig, "Z-2")
    rig.station.wait_for(lambda state: state.phase is Phase.READY, PATIENCE_S)
    rig.press()
    offered(rig, 70.0)
    rig.station.live("assist", False)
    rig.station.wait_for(lambda state: state.phase is Phase.READY, PATIENCE_S)
    put(rig, None)
    rig.station.press().result(PATIENCE_S)
    assert judged[-1].focal_length_mm == rig.settings.focal_length_mm


def test_what_a_lens_is_set_to_crosses_the_socket(rig: Rig) -> None:
    server = StationServer(rig.settings.socket, rig.station)
    server.start()
    client = StationClient(rig.settings.socket)
    client.select_lens("Z-1")
    client.set_up(70, 5.6)
    assert (client.state().focal_length_mm, client.state().f_number) == (70.0, 5.6)
    with pytest.raises(UsageError, match="focal_length_mm is a number"):
        client.set_up("wide", None)  # type: ignore[arg-type]
    with pytest.raises(FocalLengthNeededError, match="Z-2"):
        client.press("Z-2")
    server.close()

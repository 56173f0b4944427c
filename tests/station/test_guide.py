"""A guided check at the station: presses go to its step, and it is at that step again after any end of the station."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import PATIENCE_S, HeldCamera, Rig, SettingsFactory, rig_of, scoring_by
from guides.toy import TOY, result

from appliance.errors import UsageError
from appliance.focus.result import Result, Setup, Verdict
from appliance.frame import Frame
from appliance.guides import catalogue
from appliance.station.state import Phase
from appliance.store.models import Check


@pytest.fixture
def shifts(monkeypatch: pytest.MonkeyPatch) -> dict[float, Result]:
    """What a photo gives, by the focal length it was taken at."""
    monkeypatch.setattr(catalogue, "procedures", lambda: {"toy": TOY})
    given = {24.0: result(3.0), 70.0: result(2.0), 25.0: result(1.0)}
    scoring_by(monkeypatch, lambda frames, setup: given[setup.focal_length_mm])
    return given


@pytest.fixture
def open_camera(bench_frame: Frame) -> HeldCamera:
    camera = HeldCamera(bench_frame)
    camera.gate.set()
    return camera


def at_step(rig: Rig, key: str | None) -> dict[str, Any]:
    """Wait until the guided check stands at this step; None for its finding."""

    def there(state: Any) -> bool:
        view = state.guide
        return state.phase is Phase.GUIDE and view is not None and (view["step"] or {}).get("key") == key

    view = rig.station.wait_for(there, PATIENCE_S).guide
    assert view is not None
    return view


def begin(rig: Rig) -> dict[str, Any]:
    rig.station.select_lens("FC-1")
    return rig.station.guide("start", {"procedure": "toy"})


def test_presses_lead_through_a_guided_check_to_its_finding(
    make_settings: SettingsFactory, open_camera: HeldCamera, shifts: dict[float, Result]
) -> None:
    with rig_of(make_settings(), open_camera) as rig:
        assert begin(rig)["step"]["key"] == "mark"
        assert rig.station.state.oled_text.startswith("1/4 WHICH MARK")
        rig.press()  # takes the default
        at_step(rig, "set")
        rig.press()  # confirms the deed
        at_step(rig, "wide")
        assert "24 MM" in rig.station.state.oled_text
        rig.press()
        at_step(rig, "tele")
        rig.press()
        view = at_step(rig, None)
        assert (view["status"], view["finding"]["word"]) == ("done", "PASS")
        assert rig.station.state.oled_text.startswith("PASS +3.0 ± 1.7 µm")
        rig.press()  # the finding is taken off the bench
        rig.wait(Phase.READY)
        with rig.store.reading() as session:
            kept = session.query(Check).order_by(Check.sequence).all()
            assert [(c.purpose, c.focal_length_mm, c.lens.tag) for c in kept] == [
                ("toy", 24.0, "FC-1"), ("toy", 70.0, "FC-1"),
            ]  # fmt: skip


STEPS = ["mark", "set", "wide", "tele", None]


@pytest.mark.parametrize("ends_at", range(4))
def test_a_station_that_ended_goes_on_at_the_step_where_it_stood(
    ends_at: int, make_settings: SettingsFactory, open_camera: HeldCamera, shifts: dict[float, Result]
) -> None:
    settings = make_settings()
    with rig_of(settings, open_camera) as rig:
        begin(rig)
        for key in STEPS[1 : ends_at + 1]:
            rig.press()
            at_step(rig, key)
    with rig_of(settings, open_camera) as rig:
        at_step(rig, STEPS[ends_at])
        for key in STEPS[ends_at + 1 :]:
            rig.press()
            view = at_step(rig, key)
        assert view["finding"]["figures"][0]["value"] == 3.0
        assert rig.store.count() == 2, "no photo lost, none taken twice"


def test_another_lens_pauses_it_and_it_can_be_gone_on_with(
    make_settings: SettingsFactory, open_camera: HeldCamera, shifts: dict[float, Result]
) -> None:
    with rig_of(make_settings(), open_camera) as rig:
        uuid = begin(rig)["uuid"]
        rig.station.scan("FC-2")
        rig.station.wait_for(lambda state: state.phase is Phase.READY and state.guide is None, PATIENCE_S)
        check = rig.station.press().result(PATIENCE_S)
        assert check.lens_tag == "FC-2"
        rig.station.select_lens("FC-1")
        assert rig.station.guide("resume", {"uuid": uuid})["step"]["key"] == "mark"


def test_a_check_of_a_lens_named_otherwise_is_a_check_of_its_own(
    make_settings: SettingsFactory, open_camera: HeldCamera, shifts: dict[float, Result]
) -> None:
    with rig_of(make_settings(), open_camera) as rig:
        begin(rig)
        check = rig.station.press("FC-9").result(PATIENCE_S)
        assert (check.lens_tag, rig.station.state.phase) == ("FC-9", Phase.RESULT)
        view = rig.station.guide("view", {})
        assert view["step"]["key"] == "mark"


def test_what_cannot_be_done_is_refused_and_changes_nothing(
    make_settings: SettingsFactory, open_camera: HeldCamera, shifts: dict[float, Result]
) -> None:
    with rig_of(make_settings(), open_camera) as rig:
        for do, fields, said in (
            ("start", {"procedure": "toy"}, "Scan the lens first"),
            ("start", {"procedure": "none"}, "There are: toy"),
            ("answer", {"step": "mark"}, "No guided check is on the bench"),
            ("resume", {"uuid": "none"}, "there is none"),
        ):
            with pytest.raises(UsageError, match=said):
                rig.station.guide(do, fields)
        begin(rig)
        for do, fields, said in (
            ("answer", {"step": "mark", "values": {"mark_m": "99"}}, "0.3 to 10 m"),
            ("answer", {"step": "gone"}, "no such step"),
            ("answer", {"step": "mark", "values": 7}, "by the names"),
            ("done", {"step": "mark"}, "not done by hand"),
            ("dance", {}, "knows no 'dance'"),
        ):
            with pytest.raises(UsageError, match=said):
                rig.station.guide(do, fields)
        assert rig.station.guide("view", {})["step"]["key"] == "mark"


def test_a_photo_that_cannot_be_measured_is_said_and_taken_again(
    make_settings: SettingsFactory, open_camera: HeldCamera, shifts: dict[float, Result]
) -> None:
    with rig_of(make_settings(), open_camera) as rig:
        begin(rig)
        rig.press()
        rig.press()
        at_step(rig, "wide")
        shifts[24.0] = result(None, Verdict.INVALID)
        rig.press()
        state = rig.station.wait_for(lambda s: bool(s.guide and s.guide["problem"]), PATIENCE_S)
        assert state.guide is not None
        assert (state.guide["step"]["key"], state.guide["problem"]) == ("wide", "Said by the test.")
        shifts[24.0] = result(3.0)
        rig.wait(Phase.GUIDE)
        rig.press()
        assert at_step(rig, "tele")["problem"] == ""


def test_the_lens_is_judged_by_what_the_step_sets_and_by_nothing_else(
    make_settings: SettingsFactory,
    open_camera: HeldCamera,
    shifts: dict[float, Result],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[Setup] = []

    def judge(frames: list[Frame], setup: Setup) -> Result:
        seen.append(setup)
        return result(1.0)

    scoring_by(monkeypatch, judge)
    with rig_of(make_settings(f_number=4.0), open_camera) as rig:
        begin(rig)
        rig.station.guide("skip", {"step": "mark"})
        rig.station.guide("skip", {"step": "set"})
        rig.station.press().result(PATIENCE_S)
        assert (seen[0].focal_length_mm, seen[0].f_number) == (24.0, 4.0)

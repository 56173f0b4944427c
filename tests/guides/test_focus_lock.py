"""The focus lock: series by hand, proof after the shutter button was set, misses without a lock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from appliance.focus.result import Setup, Verdict
from appliance.guides._series import Pattern, behaviour
from appliance.guides.brands import BRANDS
from appliance.guides.case import BodyFacts, Case, LensFacts, Observation
from appliance.guides.focus_lock import PROCEDURE, steps
from tests.benchmark import guide_focus_lock
from tests.benchmark.trials import Options

SETUP = Setup(50.0, 2.0, 4.0)
AT = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)
TOLERANCE, NOISE = 30.0, 0.5
QUIET = (0.3, -0.4, 0.6, -0.2, 0.1, -0.5, 0.4, -0.3)


def shot(step: str, shift: float | None, **figures: float) -> Observation:
    verdict = Verdict.RETEST if shift is not None else Verdict.FAIL_BACK
    budget = {"noise": NOISE, "pose": 1.0}
    error = None if shift is None else shift / 0.6
    return Observation(step, 1, AT, SETUP, verdict, shift, error, 1, TOLERANCE, 0.026, budget, figures)


def with_series(case: Case, shifts: Sequence[float | None], prefix: str = "lock-1") -> Case:
    for k, shift in enumerate(shifts, 1):
        case = case.with_photo(shot(f"{prefix}-{k}", shift))
    return case


def start(mode: str = "lock", brand: str = "nikon") -> Case:
    case = Case(SETUP, LensFacts(), BodyFacts("B1"))
    return case.with_answers("setup", mode=mode, brand=brand, shots=8).with_done("focus-1")


@pytest.mark.parametrize(
    ("added", "pattern", "size"),
    [
        (np.zeros(8), Pattern.HELD, 0.0),
        (np.linspace(0, 14, 8), Pattern.DRIFT, 14.0),
        (np.array([0, 0, 0, -12, -12, -12, -12, -12]), Pattern.JUMP, -12.0),
        (np.array([5, -7, 9, 0, -4, 8, -9, 3]), Pattern.EACH_SHOT, None),
    ],
)
def test_a_series_is_told_as_what_it_is(added: np.ndarray, pattern: Pattern, size: float | None) -> None:
    found = behaviour((added + np.array(QUIET)).tolist(), NOISE)
    assert found.pattern is pattern
    if size is not None:
        assert found.size.value == pytest.approx(size, abs=1.0)


def test_focus_that_stays_passes() -> None:
    finding = PROCEDURE.analyse(with_series(start(), QUIET))
    assert finding.verdict is Verdict.PASS
    assert not finding.causes
    figure = finding.figure("change_um")
    assert figure is not None
    assert figure.interval is not None
    assert figure.interval[0] < 0 < figure.interval[1]


@pytest.mark.parametrize("brand", [brand for brand in BRANDS if brand.shutter_off])
def test_a_shutter_button_that_focuses_is_told_with_the_brands_menu(brand) -> None:  # type: ignore[no-untyped-def]
    finding = PROCEDURE.analyse(with_series(start(brand=brand.key), [5, -7, 9, 0, -4, 8, -9, 3]))
    assert finding.named("REFOCUS")
    assert (finding.verdict, finding.word) == (Verdict.FAIL_BACK, "FAIL")
    assert brand.shutter_off in finding.next_action


def test_after_the_shutter_button_was_set_the_test_is_done_again_and_proves_it() -> None:
    case = with_series(start(), [5, -7, 9, 0, -4, 8, -9, 3])
    keys = [step.key for step in steps(case)]
    assert "shutter-off" in keys
    assert keys[-1] == "lock-2-8"
    case = with_series(case.with_done("shutter-off").with_done("focus-2"), QUIET, "lock-2")
    finding = PROCEDURE.analyse(case)
    assert finding.verdict is Verdict.PASS
    assert "now" in finding.headline
    left_out = replace(with_series(start(), [5, -7, 9, 0, -4, 8, -9, 3]), skipped=frozenset({"shutter-off"}))
    assert steps(left_out)[-1].key == "shutter-off"


def test_a_jump_is_told_with_its_place_and_side() -> None:
    finding = PROCEDURE.analyse(with_series(start(), [v - 60 * (k >= 5) for k, v in enumerate(QUIET)]))
    assert finding.named("FOCUS_JUMP")
    assert "before shot 6" in finding.headline
    assert "nearer" in finding.headline
    assert finding.word == "FAIL"


def test_a_drift_within_tolerance_is_told_and_passes() -> None:
    finding = PROCEDURE.analyse(with_series(start(), [v + 1.5 * k for k, v in enumerate(QUIET)]))
    assert finding.named("FOCUS_DRIFT")
    assert "farther" in finding.headline
    assert finding.verdict is Verdict.PASS


def test_shots_beyond_the_chart_are_lost_focus() -> None:
    finding = PROCEDURE.analyse(with_series(start(), [*QUIET[:7], None]))
    assert finding.named("FOCUS_LOST")
    assert finding.word == "FAIL"


def test_too_few_or_mixed_shots_give_no_verdict() -> None:
    assert PROCEDURE.analyse(Case(SETUP)).verdict is Verdict.INVALID
    assert PROCEDURE.analyse(with_series(start(), QUIET[:5])).verdict is Verdict.INVALID
    assert PROCEDURE.analyse(with_series(start(), [None] * 8)).verdict is Verdict.INVALID
    case = with_series(start(), QUIET)
    other = replace(case.photos["lock-1-2"], setup=replace(SETUP, f_number=4.0))
    assert PROCEDURE.analyse(case.with_photo(other)).verdict is Verdict.INVALID


def test_without_a_lock_each_shot_outside_tolerance_is_counted() -> None:
    shifts: list[float | None] = [1.0, 5.0, -2.0, 90.0, 0.0, 4.0, None, 3.0]
    case = with_series(start("each"), shifts, "each").with_answers("seen", hunted=0, failed=0, seconds=None)
    finding = PROCEDURE.analyse(case)
    figure = finding.figure("missed_percent")
    assert figure is not None
    assert figure.value == pytest.approx(25.0)
    assert figure.interval == pytest.approx((3.185, 65.086), abs=0.01)  # Clopper and Pearson, two of eight
    assert finding.named("AF_MISSED")
    assert finding.word == "FAIL"


def test_hunting_and_time_are_as_seen_or_as_the_camera_tells() -> None:
    case = with_series(start("each"), QUIET, "each")
    seen = PROCEDURE.analyse(case.with_answers("seen", hunted=3, failed=0, seconds=2.5))
    assert seen.named("AF_HUNTING")
    assert seen.named("AF_SLOW")
    calm = PROCEDURE.analyse(case.with_answers("seen", hunted=0, failed=0, seconds=0.4))
    assert calm.verdict is Verdict.PASS
    assert not calm.causes
    for k in (1, 2, 3):
        case = case.with_photo(shot(f"each-{k}", QUIET[k - 1], af_hunts=4, af_seconds=2.0))
    assert PROCEDURE.analyse(case.with_answers("seen", hunted=0, failed=0)).named("AF_HUNTING")


def test_cameras_drawn_at_random_are_told_as_promised() -> None:
    table = guide_focus_lock.table(Options(count=80, seed=3))
    rows = {row.case: row for row in table.rows}
    assert rows["REFOCUS named where it is"].holds
    assert rows["faultless runs with a fault named"].holds

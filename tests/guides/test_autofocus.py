"""The autofocus pair: figures by hand, which way fine-tune is told, what is asked again, and a slice of many runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from appliance.focus.result import Setup, Verdict
from appliance.guides.autofocus import PROCEDURE, steps
from appliance.guides.brands import BRANDS, brand_of, brand_of_maker
from appliance.guides.case import BodyFacts, Case, LensFacts, Observation, Past
from appliance.guides.finding import Finding
from tests.benchmark import guide_autofocus
from tests.benchmark.trials import Options

SETUP = Setup(50.0, 2.0, 4.0, distance_mm=2000.0)
AT = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)
TOLERANCE = 30.0
NEAR_FAR = (-1.0, 1.0, -1.2, 1.3, -0.8, 0.9, -1.0, 0.8)
"""Eight shots, from near and far by turns: means −1 and +1."""


def shot(step: str, shift: float | None, side: int = 1, shared: float = 1.0) -> Observation:
    verdict = Verdict.RETEST if shift is not None else (Verdict.FAIL_BACK if side > 0 else Verdict.FAIL_FRONT)
    budget = {"noise": 0.1, "pose": shared}
    error_mm = None if shift is None else shift / 0.6
    return Observation(step, 1, AT, SETUP, verdict, shift, error_mm, side, TOLERANCE, 0.026, budget)


def with_round(case: Case, shifts: Sequence[float | None], number: int = 1, end: str = "prime") -> Case:
    for k, shift in enumerate(shifts, 1):
        case = case.with_photo(shot(f"{end}-{number}-{k}", shift))
    return case


def start(brand: str = "canon", value: float = 0.0) -> Case:
    case = Case(SETUP, LensFacts(tag="L1"), BodyFacts("B1"))
    return case.with_answers("setup", brand=brand, value_prime=value).with_done("ready-prime")


def found(shift: float, brand: str = "canon", value: float = 0.0) -> Finding:
    return PROCEDURE.analyse(with_round(start(brand, value), [shift + one for one in NEAR_FAR]))


def value(finding: Finding, name: str) -> float:
    figure = finding.figure(name)
    assert figure is not None, name
    return figure.value


def test_mean_and_difference_are_those_of_the_two_sides() -> None:
    finding = found(4.0)
    assert finding.verdict is Verdict.PASS
    assert value(finding, "focus_error_um") == pytest.approx(4.0)
    assert value(finding, "approach_um") == pytest.approx(2.0)
    assert not finding.causes


@pytest.mark.parametrize("brand", ["canon", "nikon", "sony", "sigma-dock"])
def test_back_focus_needs_a_negative_number_where_the_sign_is_known(brand: str) -> None:
    back, front = found(60.0, brand), found(-60.0, brand)
    assert (back.verdict, front.verdict) == (Verdict.FAIL_BACK, Verdict.FAIL_FRONT)
    assert back.named("AF_BACK_FOCUS")
    assert value(back, "correction_units") < 0 < value(front, "correction_units")
    assert value(back, "correction_um") < 0 < value(front, "correction_um")
    assert "nearer" in back.next_action
    assert "farther" in front.next_action


@pytest.mark.parametrize("brand", [brand.key for brand in BRANDS if not brand.sign])
def test_no_signed_number_is_told_where_the_sign_is_not_known(brand: str) -> None:
    finding = found(60.0, brand)
    assert finding.figure("correction_units") is None
    assert value(finding, "correction_steps") > 0
    assert "nearer" in finding.next_action
    assert "set" not in finding.next_action


def test_the_first_change_is_small_and_starts_from_what_is_set() -> None:
    # Nikon: 5 µm a step, 60 µm off: twelve steps, of which five come first
    step = steps(with_round(start("nikon", 3.0), [60.0 + one for one in NEAR_FAR]))[-1]
    assert step.key == "set-prime-1"
    assert step.inputs[0].default == pytest.approx(-2.0)


def test_the_retest_shows_the_true_step_and_the_next_change_uses_it() -> None:
    case = with_round(start("nikon"), [60.0 + one for one in NEAR_FAR])
    case = case.with_answers("set-prime-1", value=-5.0)
    case = with_round(case, [45.0 + one for one in NEAR_FAR], 2)  # 15 µm in five steps: 3 µm each
    step = steps(case)[-1]
    assert step.inputs[0].default == pytest.approx(-15.0)  # 15 steps are missing, ten at once are the most
    finding = PROCEDURE.analyse(case)
    assert value(finding, "um_per_step") == pytest.approx(3.0)
    assert value(finding, "before_um") == pytest.approx(60.0)


def test_focus_that_moves_the_wrong_way_is_asked_about_and_no_number_is_told() -> None:
    case = with_round(start("canon"), [60.0 + one for one in NEAR_FAR]).with_answers("set-prime-1", value=5.0)
    case = with_round(case, [40.0 + one for one in NEAR_FAR], 2)
    finding = PROCEDURE.analyse(case)
    assert finding.verdict is Verdict.RETEST
    assert finding.named("WRONG_WAY")
    assert finding.figure("correction_units") is None


def test_fine_tune_at_its_end_is_one_for_the_service() -> None:
    finding = found(60.0, "canon", -20.0)
    assert finding.named("OUT_OF_RANGE")
    assert "SERVICE" in finding.advice
    assert finding.figure("correction_units") is None


def test_missed_shots_are_counted_and_do_not_move_the_mean() -> None:
    shifts: list[float | None] = [*NEAR_FAR]
    shifts[4] = 120.0
    finding = PROCEDURE.analyse(with_round(start(), shifts))
    assert finding.named("AF_MISSED")
    assert value(finding, "missed") == 1
    assert value(finding, "focus_error_um") == pytest.approx(0.0, abs=0.2)
    assert finding.verdict is Verdict.RETEST
    shifts[5] = None  # beyond the chart: only its side is known
    finding = PROCEDURE.analyse(with_round(start(), shifts))
    assert value(finding, "missed") == 2
    assert finding.verdict is Verdict.FAIL_BACK
    assert finding.word == "FAIL"


def test_one_missed_shot_asks_for_more() -> None:
    shifts: list[float | None] = [*NEAR_FAR]
    shifts[4] = 120.0
    keys = [step.key for step in steps(with_round(start(), shifts))]
    assert keys[-1] == "prime-1-16"


def test_scatter_is_no_offset_and_gets_no_fine_tune() -> None:
    finding = PROCEDURE.analyse(with_round(start(), [-60, 55, 40, -70, 65, -50, 20, 80]))
    assert finding.named("AF_SCATTER")
    assert finding.word == "FAIL"
    assert "FINE_TUNE" not in finding.advice


def test_too_few_or_mixed_shots_give_no_verdict() -> None:
    assert PROCEDURE.analyse(start()).verdict is Verdict.INVALID
    assert PROCEDURE.analyse(with_round(start(), NEAR_FAR[:6])).verdict is Verdict.INVALID
    case = with_round(start(), NEAR_FAR)
    other = replace(case.photos["prime-1-3"], setup=replace(SETUP, focal_length_mm=70.0))
    assert PROCEDURE.analyse(case.with_photo(other)).verdict is Verdict.INVALID
    moved = replace(case.photos["prime-1-3"], magnification=0.03)
    finding = PROCEDURE.analyse(case.with_photo(moved))
    assert finding.verdict is Verdict.INVALID
    assert "moved" in finding.headline


def test_shots_left_out_leave_too_few() -> None:
    case = with_round(start(), NEAR_FAR[:7])
    case = replace(case, skipped=frozenset({"prime-1-8"}))
    assert PROCEDURE.analyse(case).verdict is Verdict.INVALID


def test_both_ends_of_a_zoom_have_their_own_round_and_the_worse_one_decides() -> None:
    lens = LensFacts(tag="Z", focal_min_mm=24.0, focal_max_mm=70.0)
    case = Case(SETUP, lens, BodyFacts("B1")).with_answers("setup", brand="canon", value_wide=0, value_tele=2)
    case = with_round(case.with_done("ready-wide"), NEAR_FAR, end="wide")
    assert PROCEDURE.analyse(case).verdict is Verdict.INVALID
    case = with_round(case.with_done("ready-tele"), [60.0 + one for one in NEAR_FAR], end="tele")
    finding = PROCEDURE.analyse(case)
    assert finding.verdict is Verdict.FAIL_BACK
    assert "tele end" in finding.headline
    assert value(finding, "wide_focus_error_um") == pytest.approx(0.0)
    assert value(finding, "tele_correction_units") < 0
    assert steps(case)[-1].key == "set-tele-1"


def test_what_was_set_is_shown_at_the_next_visit_of_the_same_body_only() -> None:
    earlier = found(0.0, "canon", -4.0)
    past = Past("u", AT, Finding.from_dict(earlier.to_dict()), "B1")
    case = Case(SETUP, LensFacts(tag="L1"), BodyFacts("B1"), past=(past,))
    ask = steps(case)[0]
    assert "-4" in ask.text
    assert ask.inputs[-1].default == pytest.approx(-4.0)
    other = replace(case, body=BodyFacts("B2"))
    assert "-4" not in steps(other)[0].text


def test_every_brand_has_a_source_and_makers_are_found_by_name() -> None:
    assert all(brand.source for brand in BRANDS)
    assert brand_of_maker("Canon Inc.").key == "canon"
    assert brand_of_maker("OM Digital Solutions").key == "olympus"
    assert brand_of_maker("").key == "other"
    assert brand_of("no such").key == "other"
    # a step of Canon's at f/2.8: an eighth of 84 µm
    assert brand_of("canon").step_at(2.8) == pytest.approx(10.5)


def test_pairs_drawn_at_random_are_told_as_promised() -> None:
    table = guide_autofocus.table(Options(count=60, seed=3))
    rows = {row.case: row for row in table.rows}
    assert rows["wrong direction of a correction"].holds
    assert rows["faultless runs with a fault named"].holds
    assert rows["focus_error_um: truth in the 95 % interval"].holds

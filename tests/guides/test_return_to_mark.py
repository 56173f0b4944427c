"""Return to mark: backlash and slip by hand, marks kept between visits, and the table of marks as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from math import sqrt

import pytest

from appliance.focus.result import Setup, Verdict
from appliance.guides.case import Case, LensFacts, Observation, Past
from appliance.guides.finding import Finding
from appliance.guides.return_to_mark import PROCEDURE, csv_of, steps
from tests.benchmark import guide_return_to_mark
from tests.benchmark.trials import Options

SETUP = Setup(50.0, 2.0, 4.0)
AT = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)
TOLERANCE = 40.0
NEAR, FAR = (-3.0, -2.0, -4.0, -3.0, -3.0), (3.0, 4.0, 2.0, 3.0, 3.0)
"""Means −3 and +3: a backlash of +6; scatter √(4/8)."""


def shot(step: str, shift: float, magnification: float = 0.026, focal: float = 50.0) -> Observation:
    setup = replace(SETUP, focal_length_mm=focal)
    budget = {"noise": 0.05, "pose": 1.0}
    error_mm = shift / 1000 / magnification**2
    return Observation(
        step, 1, AT, setup, Verdict.RETEST, shift, error_mm, 1, TOLERANCE, magnification, budget
    )


def by_turns(near: Sequence[float] = NEAR, far: Sequence[float] = FAR) -> list[float]:
    return [value for pair in zip(near, far, strict=True) for value in pair]


def visit(shifts: Sequence[float], drive: str = "ring", mark: str = "A", past: tuple[Past, ...] = ()) -> Case:
    case = Case(SETUP, LensFacts("L1", focus_drive=drive), past=past)
    case = case.with_answers("setup", mode="repeat", mark=mark, returns=len(shifts) // 2, marks=5)
    for k, shift in enumerate(shifts, 1):
        case = case.with_photo(shot(f"return-{k}", shift))
    return case.with_done("set-mark")


def value(finding: Finding, name: str) -> float:
    figure = finding.figure(name)
    assert figure is not None, name
    return figure.value


def test_backlash_is_from_far_minus_from_near_and_scatter_is_within_one_way() -> None:
    finding = PROCEDURE.analyse(visit(by_turns()))
    assert finding.verdict is Verdict.PASS
    assert not finding.causes
    assert value(finding, "backlash_um") == pytest.approx(6.0)
    assert value(finding, "scatter_um") == pytest.approx(sqrt(4 / 8), abs=0.01)
    assert value(finding, "mark_um") == pytest.approx(0.0)
    assert value(PROCEDURE.analyse(visit(by_turns(FAR, NEAR))), "backlash_um") == pytest.approx(-6.0)


def test_a_backlash_worth_telling_is_named_with_its_side() -> None:
    finding = PROCEDURE.analyse(visit(by_turns(far=[v + 27 for v in FAR])))
    assert finding.named("BACKLASH")
    assert "farther" in finding.causes[0].text
    assert "same side" in finding.next_action
    within = PROCEDURE.analyse(visit(by_turns(far=[v + 18 for v in FAR])))
    assert (within.verdict, within.named("BACKLASH")) == (Verdict.PASS, True)
    assert "SERVICE" not in within.advice, "what keeps its tolerance stays in service"


def test_returns_that_scatter_fail() -> None:
    finding = PROCEDURE.analyse(visit(by_turns((-60, 55, 20, -70, 50), (65, -50, 30, -60, 80))))
    assert finding.named("RETURN_SCATTER")
    assert finding.word == "FAIL"


@pytest.mark.parametrize(
    ("drive", "code"),
    [("ring", "SLIP_STEP"), ("motor", "SLIP_STEP"), ("", "SLIP_STEP"), ("by wire", "WIRE_DRIFT")],
)
def test_a_step_is_slip_of_a_gear_and_drift_of_a_lens_that_focuses_by_wire(drive: str, code: str) -> None:
    shifts = [v + 30 * (k >= 6) for k, v in enumerate(by_turns())]
    finding = PROCEDURE.analyse(visit(shifts, drive))
    assert [cause.code for cause in finding.causes] == [code]
    assert value(finding, "slip_um") == pytest.approx(30.0, abs=1.5)
    assert "farther, from return 7 on" in finding.causes[0].text
    # what slipped is not taken for backlash
    assert value(finding, "backlash_um") == pytest.approx(6.0, abs=1.5)


def test_a_trend_is_told_apart_from_a_step() -> None:
    finding = PROCEDURE.analyse(visit([v - 3 * k for k, v in enumerate(by_turns())]))
    assert finding.named("SLIP_TREND")
    assert value(finding, "slip_um") == pytest.approx(-27.0, abs=2.0)
    assert "nearer, little by little" in finding.causes[0].text


def test_a_mark_is_kept_and_compared_at_the_next_visit() -> None:
    first = PROCEDURE.analyse(visit(by_turns()))
    past = Past("u", AT, Finding.from_dict(first.to_dict()))
    same = PROCEDURE.analyse(visit(by_turns(), past=(past,)))
    assert value(same, "moved_um") == pytest.approx(0.0)
    assert same.verdict is Verdict.PASS
    moved = PROCEDURE.analyse(visit([v - 60 for v in by_turns()], past=(past,)))
    assert value(moved, "moved_um") == pytest.approx(-60.0)
    assert moved.named("MARK_MOVED")
    assert "nearer" in moved.causes[0].text
    assert moved.word == "FAIL"


def test_marks_have_names_and_other_marks_stay_as_they_were() -> None:
    first = PROCEDURE.analyse(visit(by_turns(), mark="near"))
    past = Past("u", AT, Finding.from_dict(first.to_dict()))
    other = PROCEDURE.analyse(visit([v + 80 for v in by_turns()], mark="far", past=(past,)))
    assert other.figure("moved_um") is None
    assert set(other.data["marks"]) == {"near", "far"}
    assert "near" in steps(visit(by_turns(), past=(past,)))[0].text
    assert steps(visit(by_turns(), past=(past,)))[0].inputs[1].default == "near"


def test_a_mark_at_another_distance_is_not_compared() -> None:
    first = PROCEDURE.analyse(visit(by_turns()))
    past = Past("u", AT, Finding.from_dict(first.to_dict()))
    case = visit(by_turns(), past=(past,))
    moved = {key: replace(photo, magnification=0.04) for key, photo in case.photos.items()}
    assert PROCEDURE.analyse(replace(case, photos=moved)).figure("moved_um") is None


def test_too_few_or_mixed_returns_give_no_verdict() -> None:
    assert PROCEDURE.analyse(Case(SETUP)).verdict is Verdict.INVALID
    assert PROCEDURE.analyse(visit(by_turns()[:6])).verdict is Verdict.INVALID
    case = visit(by_turns())
    assert PROCEDURE.analyse(case.with_photo(shot("return-3", -3.0, focal=70.0))).verdict is Verdict.INVALID
    assert PROCEDURE.analyse(case.with_photo(shot("return-3", -3.0, 0.03))).verdict is Verdict.INVALID


def magnification(sensor_mm: float) -> float:
    """Of a thin lens of 50 mm: o from o + f o / (o − f) = sensor distance, then f / (o − f)."""
    o = (sensor_mm + sqrt(sensor_mm**2 - 4 * sensor_mm * 50)) / 2
    return 50 / (o - 50)


def table(distances_m: Sequence[float], names: Sequence[str], said: Sequence[float] | None = None) -> Case:
    case = Case(SETUP).with_answers("setup", mode="calibrate", mark="A", returns=5, marks=len(names))
    for k, (metres, name) in enumerate(zip(distances_m, names, strict=True), 1):
        m = magnification(1000 * metres)
        case = case.with_answers(f"mark-{k}", mark=name, distance_m=(said or distances_m)[k - 1])
        for side, shift in (("near", 10.0), ("far", 16.0)):
            wobble = 0.2 if (k % 2) == (side == "far") else -0.2
            case = case.with_photo(shot(f"mark-{k}-{side}", shift + wobble, m))
    return case


def test_a_table_gives_where_focus_lies_not_where_the_star_stands() -> None:
    finding = PROCEDURE.analyse(table([1.0, 1.5, 2.5, 4.0], ["100", "200", "300", "400"]))
    assert finding.verdict is Verdict.PASS
    # 13 µm at the sensor are 13 / (1000 m²) mm at the chart, behind the star
    expected = 1.0 + 13.0 / magnification(1000) ** 2 / 1e6
    assert value(finding, "mark_1_m") == pytest.approx(expected, abs=2e-5)
    assert value(finding, "backlash_um") == pytest.approx(6.0, abs=0.5)


def test_the_table_is_exported_as_csv() -> None:
    finding = PROCEDURE.analyse(table([1.0, 1.5, 2.5, 4.0], ["100", "200", "300", "400"]))
    again = Finding.from_dict(finding.to_dict())
    rows = list(csv.DictReader(io.StringIO(csv_of(again))))
    assert [row["mark"] for row in rows] == ["100", "200", "300", "400"]
    assert float(rows[0]["distance_m"]) == pytest.approx(value(finding, "mark_1_m"), abs=1e-4)
    assert float(rows[0]["distance_ft"]) == pytest.approx(float(rows[0]["distance_m"]) / 0.3048, abs=1e-3)
    assert float(rows[0]["from_far_m"]) > float(rows[0]["from_near_m"])
    assert csv_of(PROCEDURE.analyse(visit(by_turns()))).count("\r\n") == 1


def test_a_distance_that_the_photo_contradicts_is_asked_again() -> None:
    finding = PROCEDURE.analyse(table([1.0, 1.5, 2.5], ["1", "2", "3"], said=[1.0, 1.5, 3.0]))
    assert finding.verdict is Verdict.INVALID
    assert "mark 3" in finding.headline


def test_numbers_out_of_order_and_names_twice_are_told() -> None:
    out = PROCEDURE.analyse(table([1.0, 2.5, 1.5], ["10", "20", "30"]))
    assert out.named("NOT_MONOTONE")
    assert out.verdict is Verdict.RETEST
    words = PROCEDURE.analyse(table([1.0, 2.5, 1.5], ["door", "chair", "bed"]))
    assert words.verdict is Verdict.PASS
    twice = PROCEDURE.analyse(table([1.0, 1.5, 2.5], ["10", "10", "30"]))
    assert twice.verdict is Verdict.INVALID
    assert PROCEDURE.analyse(table([1.0, 1.5], ["10", "20"])).verdict is Verdict.INVALID


def test_rings_drawn_at_random_are_told_as_promised() -> None:
    told = guide_return_to_mark.table(Options(count=80, seed=3))
    rows = {row.case: row for row in told.rows}
    assert rows["backlash_um: truth in the 95 % interval"].holds
    assert rows["faultless runs with a fault named"].holds

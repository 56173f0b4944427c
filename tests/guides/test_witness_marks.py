"""The witness-marks check says what hand calculation says, and nothing where there is nothing to say."""

import pytest

from appliance.focus.result import Setup, Verdict
from appliance.guides.case import Case, LensFacts, Observation
from appliance.guides.witness_marks import PROCEDURE
from tests.benchmark.guide_witness_marks import draw
from tests.guides.cases import held_to_the_screen, photo, with_photos

START = Case(Setup(50.0, 2.8, 1.55), LensFacts(focal_min_mm=50))
FAR_MM, NEAR_MM = 2000.0, 500.0
OBJECT_MM = {FAR_MM: 1948.683, NEAR_MM: 443.649}
"""Lens to star for 2 m and 0.5 m from the sensor: (d + √(d² − 4 d f))/2."""
I2 = {FAR_MM: 51.317**2, NEAR_MM: 56.351**2}


def settings(
    number: int, distance_mm: float, shift_um: float, spread_um: float, count: int
) -> list[Observation]:
    """Settings of one mark that scatter by ± ``spread_um`` about a shift."""
    signs = {3: (1, -1, 0), 4: (1, -1, 1, -1)}[count]
    return [
        photo(
            f"mark-{number}-{k}", shift_um + sign * spread_um, object_mm=OBJECT_MM[distance_mm],
            distance_mm=distance_mm, sequence=10 * number + k,
        )
        for k, sign in enumerate(signs, 1)
    ]  # fmt: skip


def one(shift_um: float, spread_um: float = 2.0) -> Case:
    case = START.with_answers("marks", first=2.0, second=None, third=None, unit="m").with_done("place-1")
    return with_photos(case, *settings(1, FAR_MM, shift_um, spread_um, 4))


def two(flange_um: float, scale_dpt: float, spread_um: float = 1.0) -> Case:
    case = START.with_answers("marks", first=2.0, second=0.5, third=None, unit="m")
    for number, distance in ((1, FAR_MM), (2, NEAR_MM)):
        shift = -flange_um + scale_dpt * I2[distance]
        case = with_photos(case, *settings(number, distance, shift, spread_um, 3)).with_done(
            f"place-{number}"
        )
    return case


def value(case: Case, name: str) -> float:
    figure = PROCEDURE.analyse(case).figure(name)
    assert figure is not None, name
    return figure.value


def test_focus_behind_the_mark_needs_thicker_shims() -> None:
    """z = +70 µm: the sensor is too near, so the lens must move away from it by 70 µm."""
    found = PROCEDURE.analyse(one(70.0))
    assert found.verdict is Verdict.FAIL_BACK
    assert [cause.code for cause in found.causes] == ["MARKS_OFF", "FLANGE_OR_SCALE"]
    assert found.figure("shim_change_um").value == pytest.approx(70.0)  # type: ignore[union-attr]
    assert "0.070 mm thicker" in found.next_action


def test_focus_before_the_mark_needs_thinner_shims() -> None:
    found = PROCEDURE.analyse(one(-70.0))
    assert found.verdict is Verdict.FAIL_FRONT
    assert "0.070 mm thinner" in found.next_action
    assert found.figure("ring_turn_deg").value == pytest.approx(-70 / 770 * 360, rel=1e-3)  # type: ignore[union-attr]


def test_the_distance_off_is_told_as_millimetres_at_the_chart() -> None:
    """70 µm × (1948.7/51.32)² / 1000 = 101 mm in first order; exactly 1/(1/o − z/i²) − o = 106.5 mm."""
    assert value(one(70.0), "focus_error_mm") == pytest.approx(106.5, abs=0.5)


def test_the_interval_is_students_t_of_the_settings() -> None:
    """± 6 µm four times: s = √(4 × 36/3) = 6.93, of the mean 3.46 µm; t(3) = 3.182: 11.0 µm.

    The rest is pose and lens 0.5 µm and the tape, 1 mm × (51.3/1948.7)² = 0.69 µm: 1.96 × 0.85 = 1.68; together 11.1.
    """
    figure = PROCEDURE.analyse(one(0.0, 6.0)).figure("mark_1_um")
    assert figure is not None
    assert figure.u95 == pytest.approx(11.15, abs=0.1)


def test_marks_that_hold_pass() -> None:
    found = PROCEDURE.analyse(one(3.0))
    assert found.verdict is Verdict.PASS
    assert not found.causes


def test_a_ring_that_cannot_be_set_well_is_too_close_to_tell() -> None:
    assert PROCEDURE.analyse(one(0.0, 40.0)).verdict is Verdict.RETEST


def test_two_marks_far_apart_tell_flange_from_scale() -> None:
    """i² is 2633 and 3175 mm²: F and D₀ are the line through both."""
    case = two(400.0, 0.0)
    assert value(case, "flange_error_um") == pytest.approx(400.0, rel=0.02)
    assert PROCEDURE.analyse(case).named("FLANGE")
    assert not PROCEDURE.analyse(case).named("SCALE")
    case = two(0.0, 0.12)
    assert value(case, "scale_error_dpt") == pytest.approx(0.12, rel=0.02)
    found = PROCEDURE.analyse(case)
    assert found.named("SCALE")
    assert not found.named("FLANGE")
    assert found.figure("shim_change_um") is None
    assert found.advice == ("SERVICE",)


def test_marks_that_no_shim_puts_right_go_to_service() -> None:
    case = START.with_answers("marks", first=2.0, second=0.5, third=None, unit="m")
    photos = [*settings(1, FAR_MM, 80.0, 1.0, 3), *settings(2, NEAR_MM, -80.0, 1.0, 3)]
    found = PROCEDURE.analyse(with_photos(case, *photos))
    assert "SHIM" not in found.advice
    assert "service" in found.next_action


@pytest.mark.parametrize("kept", [0, 1, 3])
def test_too_few_settings_give_no_verdict(kept: int) -> None:
    whole = one(70.0)
    photos = {key: whole.photos[key] for key in list(whole.photos)[:kept]}
    case = with_photos(START.with_answers("marks", first=2.0, unit="m"), *photos.values())
    assert PROCEDURE.analyse(case).verdict is Verdict.INVALID


def test_a_setting_beyond_the_chart_spoils_the_mean_and_is_not_left_out_of_it() -> None:
    case = one(70.0).with_photo(photo("mark-1-2", None, object_mm=OBJECT_MM[FAR_MM], side=1))
    found = PROCEDURE.analyse(case)
    assert found.verdict is Verdict.INVALID
    assert "does not always lie on the chart" in found.headline


def test_settings_all_beyond_the_chart_give_the_direction() -> None:
    case = START.with_answers("marks", first=2.0, unit="m")
    behind = [photo(f"mark-1-{k}", None, object_mm=OBJECT_MM[FAR_MM], side=1) for k in range(1, 5)]
    found = PROCEDURE.analyse(with_photos(case, *behind))
    assert found.verdict is Verdict.FAIL_BACK
    assert "0.05 mm thicker" in found.next_action


@pytest.mark.parametrize(
    ("after", "code"), [(2.0, None), (140.0, "WRONG_WAY"), (70.0, "NOT_ADJUSTED"), (-60.0, "MARKS_OFF")]
)
def test_the_proof_says_what_the_adjustment_did(after: float, code: str | None) -> None:
    case = one(70.0).with_answers("adjust", way="shim")
    proof = [
        photo(f"proof-{k}", after + sign, object_mm=OBJECT_MM[FAR_MM], distance_mm=FAR_MM)
        for k, sign in enumerate((1, -1, 1, -1), 1)
    ]
    assert [step.key for step in PROCEDURE.steps(case)][-4:] == [p.step for p in proof]
    found = PROCEDURE.analyse(with_photos(case, *proof))
    assert [cause.code for cause in found.causes] == ([] if code is None else [code])
    assert (found.verdict is Verdict.PASS) == (code is None)
    assert {series.style for series in found.plots[0].series} == {"before", "points"}


def test_feet_are_read_as_feet() -> None:
    case = START.with_answers("marks", first=6.0, second=2.0, third=None, unit="ft")
    steps = {step.key: step for step in PROCEDURE.steps(case)}
    assert steps["mark-1-1"].distance_mm == pytest.approx(1828.8)
    assert "610 mm" in steps["place-2"].text


def test_every_step_fits_the_screens() -> None:
    for seed in range(0, 200, 10):
        for step in PROCEDURE.steps(draw(seed)[0]):
            held_to_the_screen(step)


def test_drawn_benches_are_judged_as_promised() -> None:
    """A slice of the benchmark: nothing wrongly directed, intervals that hold, no fault named of a sound lens."""
    inside = total = 0
    for seed in range(60):
        case, truth = draw(seed)
        found = PROCEDURE.analyse(case)
        assert not (truth.faultless and found.causes), seed
        for name, true in truth.directions.items():
            figure = found.figure(name)
            assert figure is None or figure.value * true > 0, seed
        figure, true = found.figure("mark_1_um"), truth.figures.get("mark_1_um")
        if figure is not None and true is not None:
            total += 1
            inside += abs(figure.value - true) <= (figure.u95 or 0.0)
    assert total > 30
    assert inside >= 0.85 * total

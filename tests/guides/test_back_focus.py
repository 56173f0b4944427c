"""The back-focus check of a zoom says what hand calculation says, and nothing where there is nothing to say."""

from dataclasses import replace

import pytest

from appliance.focus.result import Setup, Verdict
from appliance.guides.back_focus import PROCEDURE, inner_marks_mm
from appliance.guides.case import Case, LensFacts, Observation
from tests.benchmark.guide_back_focus import draw
from tests.guides.cases import held_to_the_screen, photo, with_photos

START = Case(Setup(70.0, 2.8, 1.55), LensFacts(focal_min_mm=24, focal_max_mm=70))
STAR_MM = 2000.0
I2 = {f: (f * STAR_MM / (STAR_MM - f)) ** 2 for f in (24.0, 40.0, 70.0)}
"""Squares of the image distances 24.2915, 40.8163 and 72.5389 mm."""


def series(
    flange_um: float, ring_dpt: float, cam_um: float = 0.0, slip_um: float = 0.0, prefix: str = ""
) -> list[Observation]:
    """Four photos of z = −F + D₀ i² + c, the last of a ring that moved by ``slip_um`` at tele."""
    z = {f: -flange_um + ring_dpt * I2[f] + (cam_um if f == 40.0 else 0.0) for f in I2}
    return [
        photo(f"{prefix}tele-1", z[70.0], 70.0, sequence=1),
        photo(f"{prefix}at-40", z[40.0], 40.0, sequence=2),
        photo(f"{prefix}at-24", z[24.0], 24.0, sequence=3),
        photo(f"{prefix}tele-2", z[70.0] + slip_um, 70.0, sequence=4),
    ]


def run(*photos: Observation, inner: str = "1") -> Case:
    case = START.with_answers("range", wide_mm=24.0, tele_mm=70.0, inner=inner).with_done("focus-1")
    return with_photos(case, *photos)


def value(case: Case, name: str) -> float:
    figure = PROCEDURE.analyse(case).figure(name)
    assert figure is not None, name
    return figure.value


def test_a_sensor_too_far_away_needs_thinner_shims_and_a_negative_turn() -> None:
    """F = +60 µm, focused at tele: D₀ = 60 / 72.54² = 0.0114; at 24 mm z = −60 + 0.0114 × 590 = −53.3 µm: in front."""
    case = run(*series(60.0, 60 / I2[70.0]))
    assert case.photos["at-24"].shift_um == pytest.approx(-53.27, abs=0.01)
    found = PROCEDURE.analyse(case)
    assert found.verdict is Verdict.FAIL_FRONT
    assert [cause.code for cause in found.causes] == ["FLANGE"]
    assert value(case, "flange_error_um") == pytest.approx(60.0, abs=0.1)
    assert value(case, "shim_change_um") == pytest.approx(-60.0, abs=0.1)
    assert value(case, "ring_turn_deg") == pytest.approx(-60 / 770 * 360, abs=0.1)
    adjust = {step.key: step for step in PROCEDURE.steps(case.with_answers("reading"))}["adjust"]
    assert "0.060 mm thinner" in adjust.text
    assert "28° towards the sensor" in adjust.text


def test_a_sensor_too_near_needs_thicker_shims() -> None:
    found = PROCEDURE.analyse(run(*series(-60.0, -60 / I2[70.0])))
    assert found.verdict is Verdict.FAIL_BACK
    assert "too near to the lens" in found.causes[0].text
    assert "thicker" in found.next_action


def test_how_well_it_was_focused_by_eye_is_no_error_of_the_lens() -> None:
    """A ring 0.004 dioptres off (21 µm at tele, 2.4 µm at wide) leaves F and c at nothing."""
    case = run(*series(0.0, 0.004))
    assert PROCEDURE.analyse(case).verdict is Verdict.PASS
    assert value(case, "flange_error_um") == pytest.approx(0.0, abs=0.05)
    assert value(case, "ring_dpt") == pytest.approx(0.004, rel=0.01)


def test_the_interval_is_that_of_the_line_through_both_ends() -> None:
    """Own terms hypot(0.5, 0.3, 0.4) = 0.707 µm at wide, hypot(0.354, 0.3, 0.4) at tele; r = 590/5262 = 0.1121.

    F = −(z_w − r z_t)/(1 − r), u = hypot(0.707, 0.1121 × 0.612)/0.8879 = 0.800 µm.
    """
    figure = PROCEDURE.analyse(run(*series(0.0, 0.0))).figure("flange_error_um")
    assert figure is not None
    assert figure.u95 == pytest.approx(1.96 * 0.800, rel=0.01)


def test_a_chart_that_bulges_goes_into_the_ring_and_not_into_the_flange() -> None:
    bulging = [replace(p, budget_um={**p.budget_um, "chart_flatness": p.um_per_mm}) for p in series(0.0, 0.0)]
    plain, found = PROCEDURE.analyse(run(*series(0.0, 0.0))), PROCEDURE.analyse(run(*bulging))
    before, after = (f.figure("flange_error_um") for f in (plain, found))
    assert before is not None
    assert after is not None
    assert after.u95 == pytest.approx(before.u95, rel=0.02)
    rings = [f.figure("ring_dpt") for f in (plain, found)]
    assert rings[1].u95 > 1.5 * rings[0].u95  # type: ignore[union-attr,operator]


def test_a_cam_is_named_at_its_focal_length_and_no_shim_is_advised() -> None:
    found = PROCEDURE.analyse(run(*series(0.0, 0.0, cam_um=80.0)))
    assert [cause.code for cause in found.causes] == ["CAM"]
    assert "+80 µm at 40 mm" in found.causes[0].text
    assert found.figure("shim_change_um") is None
    assert found.advice == ("SERVICE",)


def test_a_ring_that_moved_gives_no_flange() -> None:
    found = PROCEDURE.analyse(run(*series(60.0, 60 / I2[70.0], slip_um=30.0)))
    assert (found.verdict, found.causes[0].code) == (Verdict.RETEST, "RING_MOVED")
    assert found.figure("flange_error_um") is None
    beyond = photo("tele-2", None, 70.0, side=1)
    assert PROCEDURE.analyse(run(*series(0.0, 0.0)[:3], beyond)).named("RING_MOVED")


def test_two_focal_lengths_say_what_they_cannot_tell() -> None:
    photos = [p for p in series(60.0, 60 / I2[70.0]) if p.step != "at-40"]
    found = PROCEDURE.analyse(run(*photos, inner="0"))
    assert found.figure("cam_um") is None
    assert "cannot tell this from a worn zoom" in found.causes[0].text
    clean = PROCEDURE.analyse(run(*[p for p in series(0.0, 0.0) if p.step != "at-40"], inner="0"))
    assert "worn zoom cam looks the same" in clean.headline


@pytest.mark.parametrize("kept", [0, 1, 2, 3])
def test_a_run_that_is_not_whole_gives_no_verdict(kept: int) -> None:
    found = PROCEDURE.analyse(run(*series(60.0, 60 / I2[70.0])[:kept]))
    assert found.verdict is Verdict.INVALID
    assert found.next_action


def test_photos_of_two_lenses_are_refused() -> None:
    photos = series(0.0, 0.0)
    mixed = [replace(photos[0], lens_tag="A-1"), *(replace(p, lens_tag="B-2") for p in photos[1:])]
    found = PROCEDURE.analyse(run(*mixed))
    assert found.verdict is Verdict.INVALID
    assert "A-1, B-2" in found.headline


def test_focus_beyond_the_chart_at_wide_is_told_by_its_side_and_the_others() -> None:
    photos = series(60.0, 60 / I2[70.0])
    photos[2] = photo("at-24", None, 24.0, side=-1)
    assert value(run(*photos), "flange_error_um") == pytest.approx(60.0, abs=0.1)
    photos[2] = photo("at-24", None, 24.0, side=1)
    assert PROCEDURE.analyse(run(*photos)).named("CONTRADICTION")


def test_focus_beyond_the_chart_everywhere_gives_the_direction_and_asks_for_longer_focal_lengths() -> None:
    tele = series(0.0, 0.0)
    beyond = [photo("at-40", None, 40.0, side=-1), photo("at-24", None, 24.0, side=-1)]
    case = run(tele[0], *beyond)
    assert "at-50" in [step.key for step in PROCEDURE.steps(case)]
    found = PROCEDURE.analyse(run(tele[0], *beyond, tele[3]))
    assert (found.verdict, found.causes[0].code) == (Verdict.FAIL_FRONT, "FLANGE")
    assert "thinner by 0.05 mm" in found.next_action


def test_the_proof_compares_before_and_after() -> None:
    case = run(*series(60.0, 60 / I2[70.0])).with_answers("reading").with_answers("adjust", way="shim")
    keys = [step.key for step in PROCEDURE.steps(case)]
    assert keys[-4:] == ["focus-2", "proof-tele-1", "proof-at-24", "proof-tele-2"]
    after = [p for p in series(5.0, 0.0, prefix="proof-") if p.step != "proof-at-40"]
    found = PROCEDURE.analyse(with_photos(case, *after))
    assert found.verdict is Verdict.PASS
    assert not found.causes
    assert found.figure("flange_after_um").value == pytest.approx(5.0, abs=0.1)  # type: ignore[union-attr]
    assert found.figure("flange_change_um").value == pytest.approx(-55.0, abs=0.1)  # type: ignore[union-attr]
    assert {series.style for series in found.plots[0].series} >= {"before", "points"}


@pytest.mark.parametrize(("after", "code"), [(120.0, "WRONG_WAY"), (60.0, "NOT_ADJUSTED"), (-60.0, "FLANGE")])
def test_a_proof_that_fails_says_how(after: float, code: str) -> None:
    case = run(*series(60.0, 60 / I2[70.0])).with_answers("adjust", way="shim")
    photos = [p for p in series(after, 0.0, prefix="proof-") if p.step != "proof-at-40"]
    found = PROCEDURE.analyse(with_photos(case, *photos))
    assert [cause.code for cause in found.causes] == [code]
    assert found.figure("shim_change_um").value == pytest.approx(-after, abs=0.1)  # type: ignore[union-attr]


def test_the_scale_is_judged_by_what_the_ring_reads() -> None:
    """Ring at the star (2 m + 72.5 mm from the sensor), reading 2.5 m: o(2.5 m) = 2427.9 mm.

    S = 1000/2427.9 − 1000/2000 = −0.0881: it focuses nearer than it says.
    """
    case = run(*series(0.0, 0.0)).with_answers("reading", distance=2.5, unit="m")
    assert value(case, "scale_error_dpt") == pytest.approx(-0.0881, abs=0.0002)
    found = PROCEDURE.analyse(case)
    assert [cause.code for cause in found.causes] == ["SCALE"]
    feet = run(*series(0.0, 0.0)).with_answers("reading", distance=6.8, unit="ft")
    assert PROCEDURE.analyse(feet).verdict is Verdict.PASS


def test_focal_lengths_between_the_ends_are_engraved_ones() -> None:
    assert inner_marks_mm(24, 70, 1) == (40,)
    assert inner_marks_mm(24, 70, 2) == (35, 50)
    assert inner_marks_mm(70, 75, 3) == ()


def test_every_step_fits_the_screens() -> None:
    for seed in range(0, 400, 10):
        case, _ = draw(seed)
        for step in PROCEDURE.steps(case):
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
        figure, true = found.figure("flange_error_um"), truth.figures.get("flange_error_um")
        if figure is not None and true is not None:
            total += 1
            inside += abs(figure.value - true) <= (figure.u95 or 0.0)
    assert total > 30
    assert inside >= 0.85 * total

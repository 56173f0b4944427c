"""What turns with the lens and what stays: by hand, in every direction, and where photos are missing."""

from __future__ import annotations

from dataclasses import replace
from math import hypot

import numpy as np
import pytest

from appliance.bench import Lens, Scene
from appliance.bench.world import Faults, World
from appliance.focus.result import Verdict
from appliance.guides.case import Case
from appliance.guides.finding import Finding
from appliance.guides.tilt import PROCEDURE, ROUNDS, TURNS
from tests.benchmark import guide_tilt
from tests.benchmark.guide_shots import Shots
from tests.benchmark.trials import Options

SHAKE = (0.2, -0.2, 0.0)


def case_of(turns: str, tilts_um: dict[int, float], cone: float = 1.0, **more: object) -> Case:
    """Tilts at the seen corner by turn; the rounds differ by 0.2 µm."""
    shots = Shots()
    case = Case(shots.setup).with_answers("plan", turns=turns, circle="super35")
    for number in range(1, ROUNDS[turns] + 1):
        for turn in TURNS[turns]:
            figures = {
                "field_tilt_corner_um": tilts_um[turn] / cone + SHAKE[number - 1],
                "field_tilt_corner_um_u95": 0.1,
                "field_curvature_corner_um": -5.0,
                "field_curvature_corner_um_u95": 0.4,
                "cone_ratio": cone,
            }
            seen = shots.observed(
                f"turn-{turn}-{number}", 0.0, np.random.default_rng(1), picture_px=(4056, 3040)
            )
            case = case.with_photo(replace(seen, figures=figures, **more))  # type: ignore[arg-type]
    return case


def value(finding: Finding, name: str) -> float:
    figure = finding.figure(name)
    assert figure is not None
    return figure.value


def test_half_turns_by_hand() -> None:
    finding = PROCEDURE.analyse(case_of("half", {0: 7.0, 180: -3.0}))
    # half the difference turns with the lens, half the sum stays
    assert value(finding, "lens_tilt_corner_um") == pytest.approx(5.0)
    assert value(finding, "bench_tilt_corner_um") == pytest.approx(2.0)
    # six photos, two unknowns: s² = 2 (0.04 + 0.04) / 4, t(0.975, 4) = 2.776, and 3 % of 5 µm for the f-number
    u95 = finding.figure("lens_tilt_corner_um").u95  # type: ignore[union-attr]
    assert u95 == pytest.approx(hypot(2.776 * 0.2 / 6**0.5, 1.96 * 0.15), rel=1e-3)


def test_it_is_told_at_the_client_s_corner_and_how_much_of_that_was_seen() -> None:
    finding = PROCEDURE.analyse(case_of("half", {0: 5.0, 180: -5.0}))
    # HQ camera: 7.857 mm of 31.1 mm
    assert value(finding, "seen_percent") == pytest.approx(25.3, abs=0.1)
    assert value(finding, "lens_tilt_edge_um") == pytest.approx(5.0 * 31.1 / 7.857, rel=1e-3)


def test_quarter_turns_tell_the_direction() -> None:
    # lens_x 3, lens_y −4, bench 1: b(90°) = 1 + 4, b(270°) = 1 − 4
    finding = PROCEDURE.analyse(case_of("quarter", {0: 4.0, 90: 5.0, 180: -2.0, 270: -3.0}))
    assert value(finding, "lens_tilt_corner_um") == pytest.approx(3.0)
    assert value(finding, "lens_tilt_y_corner_um") == pytest.approx(-4.0)
    assert value(finding, "bench_tilt_corner_um") == pytest.approx(1.0)
    assert value(finding, "lens_tilt_edge_um") == pytest.approx(5.0 * 31.1 / 7.857, rel=1e-3)


@pytest.mark.parametrize(
    ("tilts", "code"), [({0: 20.0, 180: -20.0}, "LENS_TILTED"), ({0: 20.0, 180: 20.0}, "BENCH_TILTED")]
)
def test_what_matters_at_the_client_s_corner_is_named(tilts: dict[int, float], code: str) -> None:
    finding = PROCEDURE.analyse(case_of("half", tilts))
    assert [cause.code for cause in finding.causes] == [code]
    assert finding.word == "FAIL"


def test_near_the_tolerance_is_too_close_to_tell_and_below_it_passes() -> None:
    assert (
        PROCEDURE.analyse(case_of("half", {0: 11.0, 180: -11.0})).verdict is Verdict.RETEST
    )  # 43.5 of 43.8 µm
    assert PROCEDURE.analyse(case_of("half", {0: 2.0, 180: -2.0})).verdict is Verdict.PASS


def test_a_tilt_along_the_slope_does_not_pass_for_one_across_it() -> None:
    assert value(
        PROCEDURE.analyse(case_of("half", {0: 5.0, 180: -5.0}, cone=0.9)), "lens_tilt_corner_um"
    ) == pytest.approx(5.0)


def test_coma_in_most_photos_is_a_decentred_lens() -> None:
    assert not PROCEDURE.analyse(case_of("half", {0: 0.0, 180: 0.0})).named("LENS_DECENTRED")
    case = case_of("half", {0: 0.0, 180: 0.0}, reasons=("DECENTRED",))
    photos = {
        step: replace(photo, figures={**photo.figures, "decentring_coma_waves": 0.9})
        for step, photo in case.photos.items()
    }
    assert PROCEDURE.analyse(replace(case, photos=photos)).named("LENS_DECENTRED")


@pytest.mark.parametrize(
    "left_out", [("turn-180-1", "turn-180-2", "turn-180-3"), ("turn-0-2", "turn-0-3", "turn-180-3")]
)
def test_without_both_turns_or_repeats_there_is_no_verdict(left_out: tuple[str, ...]) -> None:
    case = case_of("half", {0: 20.0, 180: -20.0})
    photos = {step: photo for step, photo in case.photos.items() if step not in left_out}
    assert PROCEDURE.analyse(replace(case, photos=photos)).verdict is Verdict.INVALID


def test_the_simulated_bench_turns_the_lens_s_tilt_and_not_its_own() -> None:
    faults = Faults(lens_tilt_x_mrad=3.0, lens_tilt_y_mrad=2.0, bench_tilt_y_mrad=1.0)
    world = World(Scene(Lens(50.0, 2.8)), faults)
    seen = {turn: world.scene({"turn_deg": turn}).lens for turn in (0, 90, 180)}
    assert (seen[0].sensor_tilt_x_mrad, seen[0].sensor_tilt_y_mrad) == pytest.approx((3.0, 3.0))
    assert (seen[180].sensor_tilt_x_mrad, seen[180].sensor_tilt_y_mrad) == pytest.approx((-3.0, -1.0))
    # farther at the right becomes farther below, clockwise
    assert (seen[90].sensor_tilt_x_mrad, seen[90].sensor_tilt_y_mrad) == pytest.approx((2.0, -2.0))


def test_a_slice_of_the_benchmark_holds() -> None:
    rows = guide_tilt.table(Options(1, 300, 11, None, None)).rows
    assert [row.case for row in rows if row.fails] == []

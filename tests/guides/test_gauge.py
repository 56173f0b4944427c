"""The gauge study: a published study's figures, hand-computed tables, and what is said where photos are missing."""

from __future__ import annotations

from math import sqrt

import numpy as np
import pytest

from appliance.focus.result import Verdict
from appliance.guides.case import Case
from appliance.guides.gauge import PROCEDURE, key
from appliance.guides.gauge_analysis import study
from tests.benchmark import guide_gauge
from tests.benchmark.guide_shots import Shots
from tests.benchmark.trials import Options

AIAG = """
 0.29 -0.56 1.34 0.47 -0.80  0.02 0.59 -0.31 2.26 -1.36
 0.41 -0.68 1.17 0.50 -0.92 -0.11 0.75 -0.20 1.99 -1.25
 0.64 -0.58 1.27 0.64 -0.84 -0.21 0.66 -0.17 2.01 -1.31
 0.08 -0.47 1.19 0.01 -0.56 -0.20 0.47 -0.63 1.80 -1.68
 0.25 -1.22 0.94 1.03 -1.20  0.22 0.55  0.08 2.12 -1.62
 0.07 -0.68 1.34 0.20 -1.28  0.06 0.83 -0.34 2.19 -1.50
 0.04 -1.38 0.88 0.14 -1.46 -0.29 0.02 -0.46 1.77 -1.49
-0.11 -1.13 1.09 0.20 -1.07 -0.67 0.01 -0.56 1.45 -1.77
-0.15 -0.96 0.67 0.11 -1.45 -0.49 0.21 -0.49 1.87 -2.16
"""
"""The study of the AIAG's manual (4th ed., figure III-B 15): three appraisers × three trials, ten parts a row."""


def shots_of(table: np.ndarray, shots: Shots) -> Case:
    lenses, operators, mounts = table.shape
    case = Case(shots.setup).with_answers("plan", lenses=lenses, operators=operators, mounts=mounts)
    case = case.with_answers("tags")
    rng = np.random.default_rng(1)
    for place in np.ndindex(table.shape):
        step = key(*(k + 1 for k in place))
        case = case.with_photo(shots.observed(step, float(table[place]), rng))
    return case


def test_the_manual_s_own_study_gives_the_manual_s_figures() -> None:
    rows = np.array([[float(v) for v in line.split()] for line in AIAG.strip().splitlines()])
    found = study(rows.reshape(3, 3, 10).transpose(2, 0, 1))
    # mean squares as printed there: parts 9.81799, appraisers 1.58363, interaction 0.01994, equipment 0.04598
    assert found.repeatability.value == pytest.approx(sqrt(0.04598), abs=1e-4)
    assert found.gauge.value == pytest.approx(sqrt((1.58363 + 9 * 0.01994 + 20 * 0.04598) / 30), abs=1e-4)
    assert found.parts_um == pytest.approx(sqrt((9.81799 - 0.01994) / 9), abs=1e-4)
    assert found.p_interaction == pytest.approx(0.974, abs=0.001)
    assert found.p_operators < 1e-6  # F = 34.4 and more
    assert found.distinct_categories in (4, 5)
    assert found.outlier is None


def test_two_lenses_two_mounts_by_hand() -> None:
    # cells 0, 2 and 10, 12: variance 2 each, so repeatability √2; cell means 1 and 11, lenses √(50 − 1)
    found = study(np.array([[[0.0, 2.0]], [[10.0, 12.0]]]))
    assert found.repeatability.value == pytest.approx(sqrt(2))
    assert found.parts_um == pytest.approx(sqrt((100 - 2) / 2))
    # χ² with 2 degrees of freedom: −2 ln of the tail, exactly
    assert found.repeatability.low == pytest.approx(sqrt(2 * 2 / (-2 * np.log(0.025))))
    assert found.repeatability.high == pytest.approx(sqrt(2 * 2 / (-2 * np.log(0.975))))


def test_an_operator_who_sets_lenses_elsewhere_is_named_and_counts_in_later_checks() -> None:
    rng = np.random.default_rng(7)
    table = rng.normal(0, 1.0, (3, 2, 3))
    table[:, 1] += 12.0
    finding = PROCEDURE.analyse(shots_of(table, Shots(noise_um=0.05)))
    assert finding.named("OPERATORS_DIFFER")
    # one of two operators 12 µm off is 12/√2 as a standard deviation
    assert finding.data["remount_u_um"] == pytest.approx(12 / sqrt(2), rel=0.2)


def test_a_bench_coarser_than_its_tolerance_says_so_without_a_direction() -> None:
    table = np.random.default_rng(3).normal(0, 60, (3, 2, 3))
    finding = PROCEDURE.analyse(shots_of(table, Shots()))
    assert finding.named("GAUGE_TOO_COARSE")
    assert finding.word == "FAIL"
    fine = PROCEDURE.analyse(shots_of(table / 60, Shots()))
    assert fine.verdict is Verdict.PASS
    assert fine.causes == ()


def test_the_photos_own_noise_is_taken_out_of_the_remount() -> None:
    table = np.zeros((4, 2, 3))
    finding = PROCEDURE.analyse(shots_of(table, Shots(noise_um=1.0)))
    assert finding.figure("repeatability_um").value == pytest.approx(1.0, rel=0.4)  # type: ignore[union-attr]
    assert finding.data["remount_u_um"] < 0.75


def test_one_photo_beside_its_repeats_is_to_be_done_again() -> None:
    table = np.random.default_rng(5).normal(0, 1, (3, 2, 3))
    table[1, 0, 2] += 15
    finding = PROCEDURE.analyse(shots_of(table, Shots()))
    assert finding.named("OUTLIER")
    assert "Lens 2, operator 1" in finding.causes[-1].text
    assert finding.verdict is Verdict.RETEST


@pytest.mark.parametrize("kept", [0, 1, 5])
def test_without_two_mounts_of_every_lens_there_is_no_verdict(kept: int) -> None:
    case = shots_of(np.zeros((3, 2, 3)), Shots())
    few = dict(list(case.photos.items())[:kept])
    finding = PROCEDURE.analyse(Case(case.setup, answers=case.answers, photos=few))
    assert finding.verdict is Verdict.INVALID


def test_an_operator_who_left_early_is_left_out() -> None:
    table = np.random.default_rng(9).normal(0, 1, (3, 2, 3))
    case = shots_of(table, Shots(noise_um=0.0))
    kept = {step: photo for step, photo in case.photos.items() if not step.startswith("o2-m2")}
    kept = {step: photo for step, photo in kept.items() if not step.startswith("o2-m3")}
    finding = PROCEDURE.analyse(Case(case.setup, answers=case.answers, photos=kept))
    alone = study(table[:, :1])
    assert finding.figure("repeatability_um").value == pytest.approx(alone.repeatability.value, rel=0.01)  # type: ignore[union-attr]
    assert finding.figure("reproducibility_um") is None


def test_a_slice_of_the_benchmark_holds() -> None:
    rows = guide_gauge.table(Options(1, 300, 11, None, None)).rows
    assert [row.case for row in rows if row.fails] == []

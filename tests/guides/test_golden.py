"""The golden lens: a reference, mornings that belong to it, and what moved where one does not."""

from __future__ import annotations

from dataclasses import replace
from math import sqrt

import numpy as np
import pytest

from appliance.focus.result import Verdict
from appliance.guides.case import Case, Past
from appliance.guides.golden import PROCEDURE
from appliance.guides.golden_chart import Chart, Reference, chart_of
from tests.benchmark import guide_golden
from tests.benchmark.guide_golden import Morning, kept
from tests.benchmark.guide_shots import START, Shots
from tests.benchmark.trials import Options


def bench(seed: int = 1, seat_um: float = 1.0) -> tuple[Morning, Case]:
    shots = Shots(noise_um=0.3)
    morning = Morning(shots, seat_um, np.random.default_rng(seed))
    case = Case(shots.setup)
    return morning, replace(case, past=kept(PROCEDURE.analyse(morning.check(case, "check")), ()))


def test_the_first_time_a_reference_is_taken_whatever_was_answered() -> None:
    _, case = bench()
    data = case.past[0].finding.data
    assert data["kind"] == "reference"
    assert data["reference"]["n"] == 6
    assert data["moved"] is False


def test_limits_by_hand() -> None:
    reference = Reference(2.0, 1.5, 6, 0.04, 1e-6, 45.0, 0.05, 1250.0)
    chart = Chart(reference, (), 1.5, 5.0)
    # Student's t of 0.99865 with 5 degrees of freedom is 5.507 (tables of t for three sigmas)
    assert chart.limit_um == pytest.approx(5.507 * 1.5 * sqrt(7 / 6), rel=1e-3)
    level, limit = chart.ewma_um(7.0)
    assert level == pytest.approx(0.2 * 5.0)
    assert limit == pytest.approx(5.507 * 1.5 * sqrt(0.2**2 + 1 / 6), rel=1e-3)  # λ/(2−λ)(1−0.64) = 0.04
    assert chart.u95_um(1) == pytest.approx(2.571 * 1.5 * sqrt(7 / 6), rel=1e-3)


def test_scatter_pools_the_reference_with_successive_mornings() -> None:
    _, case = bench()
    first = case.past[0].finding.data["reference"]
    past = case.past
    for value in (first["mean_um"], first["mean_um"] + 3.0):
        past = kept(
            replace(past[-1].finding, data={"kind": "check", "first_um": value, "charted": True}), past
        )
    chart = chart_of(replace(case, past=past))
    assert chart is not None
    assert chart.mornings_um == (first["mean_um"], first["mean_um"] + 3.0), "oldest first"
    assert chart.s_um**2 == pytest.approx((5 * first["s_um"] ** 2 + 2 / 3 * 4.5) / (5 + 2 / 3))


@pytest.mark.parametrize("moved_um", [-25.0, 25.0])
def test_a_bench_that_moved_is_told_with_its_side_and_only_after_a_second_mount(moved_um: float) -> None:
    morning, case = bench()
    case = morning.check(case, "check", moved_um)
    assert set(case.photos) == {"check-1", "check-2"}
    finding = PROCEDURE.analyse(case)
    assert finding.named("BENCH_MOVED")
    assert finding.verdict is (Verdict.FAIL_BACK if moved_um > 0 else Verdict.FAIL_FRONT)
    assert finding.data["moved"] is True
    offset = finding.figure("offset_um")
    assert offset is not None
    assert offset.value == pytest.approx(moved_um, abs=3.0)  # three scatters of a mount
    alone = replace(case, photos={"check-1": case.photos["check-1"]})
    assert PROCEDURE.analyse(alone).verdict is Verdict.INVALID


def test_one_mount_amiss_does_not_stop_the_house() -> None:
    morning, case = bench()
    case = case.with_answers("kind", kind="check")
    for key, off in (("check-1", 25.0), ("check-2", 0.0), ("check-3", 0.0)):
        assert key in {step.key for step in PROCEDURE.steps(case)}
        case = case.with_photo(morning._photo(key, off, 0.0, 0.0))
    assert len(PROCEDURE.steps(case)) == 4
    finding = PROCEDURE.analyse(case)
    assert finding.verdict is Verdict.PASS
    assert finding.causes == ()


def test_a_chart_that_stands_nearer_is_the_chart_s_fault_and_not_the_bench_s() -> None:
    morning, case = bench()
    finding = PROCEDURE.analyse(morning.check(case, "check", nearer_mm=15.0))  # 1/24² × 15 mm = 26 µm
    assert [cause.code for cause in finding.causes] == ["CHART_MOVED"]
    assert "nearer to" in finding.causes[0].text
    assert finding.figure("chart_um").value == pytest.approx(26, abs=1.0)  # type: ignore[union-attr]
    assert "CHART_TILTED" in {
        cause.code for cause in PROCEDURE.analyse(morning.check(case, "check", tilted_deg=-3.0)).causes
    }


def test_a_tenth_of_the_tolerance_is_no_matter_on_a_bench_that_would_see_less() -> None:
    morning, case = bench(seat_um=0.02)
    morning.shots = replace(morning.shots, noise_um=0.02)
    case = replace(case, past=())
    case = replace(case, past=kept(PROCEDURE.analyse(morning.check(case, "check")), ()))
    assert PROCEDURE.analyse(morning.check(case, "check", 3.5)).verdict is Verdict.PASS  # of 43.8 µm
    assert PROCEDURE.analyse(morning.check(case, "check", 5.5)).named("BENCH_MOVED")


def test_a_new_reference_starts_anew() -> None:
    morning, case = bench()
    finding = PROCEDURE.analyse(morning.check(case, "check", 25.0))
    case = replace(case, past=kept(finding, case.past))
    case = replace(case, past=kept(PROCEDURE.analyse(morning.check(case, "reference", 25.0)), case.past))
    assert PROCEDURE.analyse(morning.check(case, "check", 25.0)).verdict is Verdict.PASS


def test_without_photos_or_with_half_a_reference_there_is_no_verdict() -> None:
    morning, case = bench()
    assert PROCEDURE.analyse(case.with_answers("kind", kind="check")).verdict is Verdict.INVALID
    half = morning.check(case, "reference")
    half = replace(half, photos=dict(list(half.photos.items())[:3]))
    assert PROCEDURE.analyse(half).verdict is Verdict.INVALID
    assert isinstance(case.past[0], Past)
    assert case.past[0].at == START


def test_a_slice_of_the_benchmark_holds() -> None:
    rows = guide_golden.table(Options(1, 100, 11, None, None)).rows
    assert [row.case for row in rows if row.fails] == []

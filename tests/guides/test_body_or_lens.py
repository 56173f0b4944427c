"""Whose error it is: by hand for two by two, for one of each, for pairs that do not hang together."""

from __future__ import annotations

from dataclasses import replace
from math import sqrt

import numpy as np
import pytest

from appliance.focus.result import Verdict
from appliance.guides.body_or_lens import PROCEDURE, key
from appliance.guides.case import Case
from appliance.guides.finding import Finding
from appliance.guides.pairs import Pair, groups, shares
from tests.benchmark import guide_body_or_lens
from tests.benchmark.guide_shots import Shots
from tests.benchmark.trials import Options

SEATS = (0.6, -0.6)


def case_of(table: list[list[float]], times: int = 2, left_out: tuple[tuple[int, int], ...] = ()) -> Case:
    """Image shifts by lens (rows) and body; the mounts of a pair differ by 1.2 µm."""
    shots = Shots(noise_um=0.0)
    plan = {"lenses": len(table), "bodies": len(table[0]), "times": times}
    case = Case(shots.setup).with_answers("plan", **plan).with_answers("tags", lens_1="FC-7")
    rng = np.random.default_rng(1)
    for i, row in enumerate(table, 1):
        for j, shift in enumerate(row, 1):
            for k in range(1, times + 1):
                if (i, j) not in left_out:
                    seen = shots.observed(key(i, j, k), shift + (SEATS[k - 1] if times > 1 else 0.0), rng)
                    case = case.with_photo(seen)
    return case


def found(table: list[list[float]], **more: object) -> Finding:
    return PROCEDURE.analyse(case_of(table, **more))  # type: ignore[arg-type]


def value(finding: Finding, name: str) -> float:
    figure = finding.figure(name)
    assert figure is not None
    return figure.value


def test_two_by_two_by_hand() -> None:
    pairs = [Pair(1, 1, 10.0), Pair(2, 1, 2.0), Pair(1, 2, 13.0), Pair(2, 2, 3.0)]
    told = shares(pairs, 40.0)
    # lens 1 is 9 above lens 2; residuals are all ± 0.5, so s² = 4 × 0.25 with one degree of freedom
    by = {(e.kind, e.number): e for e in told.effects}
    assert by["lens", 1].value - by["lens", 2].value == pytest.approx(9.0)
    assert by["body", 2].value - by["body", 1].value == pytest.approx(2.0)
    assert told.scatter_um == pytest.approx(1.0)
    assert told.common_um == pytest.approx(7.0)


def test_an_effect_s_interval_by_hand() -> None:
    pairs = [Pair(lens, 1, z + seat) for lens, z in ((1, 90.0), (2, 0.0), (3, 0.0)) for seat in (-1.0, 1.0)]
    told = shares(pairs, 40.0)
    # in order: lenses 2 and 3 and the body, which is 0 by definition with one body: −L = 0, 0, B = 0
    odd = told.effects[0]
    assert odd.value == pytest.approx(90.0)
    # s² = 6/3; L1 by two photos, the others' mean of three by (2·(1/2) + 0)/9; t(0.975, 3) = 3.182
    assert odd.u95 == pytest.approx(3.182 * sqrt(2.0) * sqrt(1 / 2 + 2 * (1 / 2) / 9), rel=1e-3)


@pytest.mark.parametrize("size", [-100.0, 100.0])
def test_one_lens_that_is_off_on_every_body_is_the_lens(size: float) -> None:
    finding = found([[size, size + 2], [0.0, 2.0]])
    assert [cause.code for cause in finding.causes] == ["LENS_OFF"]
    assert "Lens 1 (FC-7)" in finding.headline
    assert finding.verdict is (Verdict.FAIL_BACK if size > 0 else Verdict.FAIL_FRONT)


def test_one_body_on_which_every_lens_is_off_is_the_body() -> None:
    finding = found([[100.0, 1.0], [99.0, 0.0]])
    assert [cause.code for cause in finding.causes] == ["BODY_OFF"]
    assert value(finding, "body_1_um") == pytest.approx(99.0, abs=1.5)


@pytest.mark.parametrize("table", [[[100.0], [101.0]], [[100.0, 99.0], [101.0, 100.0]], [[90.0] * 2] * 3])
def test_all_lenses_off_is_the_body_or_the_bench_and_no_lens(table: list[list[float]]) -> None:
    finding = found(table)
    assert [cause.code for cause in finding.causes] == ["ALL_LENSES_OFF"]
    assert finding.advice[0] == "ALL_LENSES_OFF"
    assert finding.verdict is Verdict.FAIL_BACK


def test_a_lens_off_on_two_bodies_needs_no_other_lens() -> None:
    assert [cause.code for cause in found([[100.0, 99.0]]).causes] == ["LENS_OFF"]


def test_one_of_each_cannot_be_told_apart() -> None:
    finding = found([[100.0]])
    assert finding.verdict is Verdict.INVALID
    assert "add another lens or body" in finding.headline


def test_pairs_that_do_not_hang_together_name_the_pair_that_joins_them() -> None:
    assert len(groups([Pair(1, 1, 0), Pair(2, 2, 0), Pair(2, 1, 0)])) == 1
    finding = found([[100.0, 0.0], [0.0, 0.0]], left_out=((1, 2), (2, 1)))
    assert finding.verdict is Verdict.INVALID
    assert "1 more would join them. Measure lens 1 on body 2" in finding.headline
    assert found([[100.0, 0.0], [0.0, 0.0]], left_out=((1, 2),)).verdict is not Verdict.INVALID


def test_too_few_repeats_to_know_the_scatter_give_no_verdict() -> None:
    assert found([[100.0, 100.0], [0.0, 0.0]], times=1).verdict is Verdict.INVALID


def test_near_the_tolerance_it_says_how_many_more_pairs_settle_it() -> None:
    finding = found([[44.3, 44.3], [0.0, 0.0]])  # ± 43.8 µm
    assert finding.verdict is Verdict.RETEST
    assert value(finding, "more_pairs") >= 1
    assert "more pairs" in finding.next_action


def test_a_pair_that_departs_from_the_sum_is_named() -> None:
    assert found([[0.0, 0.0], [0.0, 25.0]]).named("PAIR_DIFFERS")


def test_what_is_in_order_passes() -> None:
    finding = found([[3.0, 5.0], [-2.0, 0.0]])
    assert finding.verdict is Verdict.PASS
    assert finding.causes == ()
    assert replace(finding).word == "PASS"


def test_each_photo_is_booked_to_its_own_lens() -> None:
    steps = {step.key: step for step in PROCEDURE.steps(case_of([[0.0], [0.0]]))}
    assert steps[key(1, 1, 1)].lens_tag == "FC-7"
    assert steps[key(2, 1, 1)].lens_tag is None


def test_a_slice_of_the_benchmark_holds() -> None:
    rows = guide_body_or_lens.table(Options(1, 300, 11, None, None)).rows
    assert [row.case for row in rows if row.fails] == []

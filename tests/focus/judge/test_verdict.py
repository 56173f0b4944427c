"""Guard bands of ISO 14253-1: PASS and FAIL only where the uncertainty leaves no doubt."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from appliance.focus.judge.verdict import decide, stricter_tolerance_um, tolerance_um
from appliance.focus.judge.wording import describe_result, label, plain
from appliance.focus.lens.parameters import APERTURE_RATIO, LENS
from appliance.focus.reasons import REASONS, reason
from appliance.focus.result import Curve, EdgePoint, Reason, Result, Setup, Verdict


@pytest.mark.parametrize(
    ("error", "u", "verdict"),
    [
        (0.0, 1.0, Verdict.PASS),
        (8.0, 1.0, Verdict.PASS),
        (8.5, 1.0, Verdict.RETEST),
        (10.0, 0.01, Verdict.RETEST),
        (-11.0, 1.0, Verdict.RETEST),
        (11.7, 1.0, Verdict.FAIL_BACK),
        (-11.7, 1.0, Verdict.FAIL_FRONT),
        (0.0, 7.0, Verdict.RETEST),
    ],
)
def test_the_guard_band_decides(error: float, u: float, verdict: Verdict) -> None:
    assert decide(error, u, 10.0) is verdict


def test_without_a_tolerance_it_is_working_f_number_times_c_and_says_so() -> None:
    value, text = tolerance_um(Setup(25, 2.8, 1.55, coc_um=15), 1 / 24)
    assert value == pytest.approx(43.75)
    assert "43.8" in text
    assert "15 µm" in text
    assert tolerance_um(Setup(25, 2.8, 1.55, tolerance_um=12), 1 / 24)[0] == 12


def test_exit_statuses_are_those_of_the_manual() -> None:
    assert [v.exit_status for v in Verdict] == [0, 1, 1, 3, 4]


def test_every_reason_is_a_full_sentence_or_more() -> None:
    for code, text in REASONS.items():
        assert code.isupper()
        assert text.endswith(".") or text.endswith("}"), code
        assert text[0].isupper() or text[0] == "{"


def test_a_reason_is_filled_with_its_values() -> None:
    assert "35 mm" in reason("WRONG_LENS", measured=35.2, given=50).text


def test_a_result_survives_storage() -> None:
    edge = EdgePoint(1, 2, 3, 4, -0.5, 0.2, 0.002, 0.7, 0.01, True, True)
    result = Result(
        Verdict.FAIL_BACK,
        (Reason("BACK_FOCUS", "x"),),
        focus_error_mm=3.0,
        aim_px=(1.0, 2.0),
        picture_px=(10, 20),
        edges=(edge,),
        curve=Curve(0.16, (0.0, 1.0), (0.5, 0.6)),
        budget_um={"noise": 0.1},
    )
    assert Result.from_dict(result.to_dict(edges=True)) == result
    assert "edges" not in result.to_dict()


def test_a_shift_that_is_only_uncertainty_turns_no_ring() -> None:
    figures = {"flange_error_um": 0.5, "ring_turn_deg": -0.23, "ring_turn_deg_u95": 0.6}
    words = describe_result(Result(Verdict.PASS, (), figures=figures))
    assert "leave the back-focus ring as it is" in words
    turned = describe_result(Result(Verdict.PASS, (), figures={**figures, "ring_turn_deg": -4.0}))
    assert "too far from the lens" in turned
    assert "moves the lens towards the sensor" in turned


def test_a_figure_s_name_carries_its_unit_to_the_reader() -> None:
    assert label("flange_error_um") == "flange error, µm"
    assert label("ring_turn_deg_u95") == "ring turn ± (95 %), °"
    assert label("focus_error_depths_of_focus") == "focus error, depths of focus"
    assert label("reduced_chi2").startswith("misfit of the curve")
    assert label("astigmatism_um_u95") == "astigmatism all over the field ± (95 %), µm"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (-0.0, "0"),
        (5.21e-05, "0"),
        (-0.000912, "−0.0009"),
        (0.04567, "0.0457"),
        (0.4567, "0.457"),
        (1.00034, "1"),
        (-12.345, "−12.3"),
        (12345.0, "12300"),
    ],
)
def test_figures_are_plain_numbers(value: float, text: str) -> None:
    assert plain(value) == text


@pytest.mark.parametrize(("ratio", "expected"), [(1.4, 1 / 1.4), (1.0, 1.0), (0.7, 1.0)])
def test_where_the_photo_contradicts_the_stop_the_stricter_tolerance_holds(
    ratio: float, expected: float
) -> None:
    setup = Setup(25, 4.0, 1.55, coc_um=15)
    shape = np.zeros(len(LENS))
    shape[APERTURE_RATIO] = ratio
    fit = SimpleNamespace(shape=shape)
    given, _ = tolerance_um(setup, 1 / 24)
    value, text = stricter_tolerance_um(setup, 1 / 24, fit)  # type: ignore[arg-type]
    assert value == pytest.approx(expected * given)
    assert ("the photo shows f/2.9" in text) == (ratio > 1)
    given_um = replace(setup, tolerance_um=12.0)
    assert stricter_tolerance_um(given_um, 1 / 24, fit)[0] == 12.0  # type: ignore[arg-type]

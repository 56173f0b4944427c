"""The aperture series: focus against the widest stop, the sharpest stop, and depth of field by the curve."""

from __future__ import annotations

from dataclasses import replace
from math import pi

import numpy as np
import pytest
from guides.toy import AT, SETUP, photo
from scipy.special import j1

from appliance.focus.result import Curve, Verdict
from appliance.guides._aperture_fit import _disc, depth_of_field_mm
from appliance.guides.aperture_series import PROCEDURE, WAYS, chosen_stops
from appliance.guides.case import Case, LensFacts, Observation
from appliance.guides.finding import Finding

LENS = LensFacts("FC-50", focal_min_mm=50.0, focal_max_mm=50.0, max_aperture=2.0)
STOPS = {"widest": 2.0, "smallest": 5.6}


def seen(key: str, stop: float, shift_um: float, mtf50_cpp: float) -> Observation:
    budget = {"noise": 0.3, "pose": 0.4, "chart_flatness": 1.0}
    return replace(
        photo(key, shift_um), setup=replace(SETUP, f_number=stop), tolerance_um=stop * 15, budget_um=budget,
        mtf50_cpp=mtf50_cpp, at=AT,
    )  # fmt: skip


def finding(shifts: list[float], sharp: list[float], back: list[float] | None = None) -> Finding:
    case = Case(SETUP, LENS).with_answers("stops", **STOPS).with_done("focus")
    for way, row in zip(WAYS, (shifts, back or shifts), strict=True):
        for k, stop in enumerate(chosen_stops(case)):
            case = case.with_photo(seen(f"stop{k}-{way}", stop, row[k], sharp[k]))
    return PROCEDURE.analyse(case)


SHARP = [0.10, 0.13, 0.15, 0.14]


def test_stops_are_the_widest_and_full_stops_to_the_smallest() -> None:
    case = Case(SETUP, LENS).with_answers("stops", widest=1.8, smallest=8.0)
    assert chosen_stops(case) == (1.8, 2.0, 2.8, 4.0, 5.6, 8.0)
    assert chosen_stops(Case(SETUP, LENS).with_answers("stops", **STOPS)) == (2.0, 2.8, 4.0, 5.6)


def test_a_lens_whose_focus_stays_passes_wherever_it_was_focused() -> None:
    found = finding([20.0, 20.5, 21.0, 20.0], SHARP)
    assert found.verdict is Verdict.PASS
    shift = found.figure("focus_shift_um")
    assert shift is not None
    assert shift.value == pytest.approx(0.0)
    # the noise of four photos, each counting a half, and the pose of two stops; the chart's flatness drops out
    assert shift.u95 == pytest.approx(1.96 * (4 * 0.15**2 + 2 * 0.4**2) ** 0.5)
    assert "Sharpest at f/4" in found.headline


@pytest.mark.parametrize(("shift", "verdict"), [(60.0, Verdict.FAIL_BACK), (-60.0, Verdict.FAIL_FRONT)])
def test_focus_that_leaves_its_depth_of_focus_is_named_with_its_side(shift: float, verdict: Verdict) -> None:
    found = finding([0.0, shift, shift, shift], SHARP)
    assert found.verdict is verdict
    assert found.named("FOCUS_SHIFT")
    assert ("behind" in found.causes[0].text) == (shift > 0)


def test_a_shift_within_a_smaller_stops_depth_of_focus_is_no_fault() -> None:
    assert (
        finding([0.0, 30.0, 45.0, 60.0], SHARP).verdict is Verdict.PASS
    )  # 42, 60 and 84 µm are allowed there
    assert finding([0.0, 42.0, 45.0, 60.0], SHARP).verdict is Verdict.RETEST


def test_a_ring_that_moved_is_told_and_nothing_concluded() -> None:
    found = finding([0.0, 0.0, 0.0, 0.0], SHARP, back=[50.0, 50.0, 50.0, 0.0])
    assert found.verdict is Verdict.INVALID
    assert found.named("RING_MOVED")


def test_half_a_series_says_how_many_photos_are_missing() -> None:
    case = Case(SETUP, LENS).with_answers("stops", **STOPS).with_done("focus")
    case = case.with_photo(seen("stop0-there", 2.0, 0.0, 0.1))
    assert "7 of 8 photos are missing" in PROCEDURE.analyse(case).headline


def test_depth_of_field_of_a_geometrical_blur_is_n_c_over_m_squared() -> None:
    m, f_number, coc_um, cpp = 0.04, 2.0, 15.0, 0.05
    depth = np.linspace(-60, 60, 481)
    blur_um = 1000 * np.abs(depth) * m * m / (f_number * (1 + m))  # of a small shift, at the sensor
    x = np.maximum(pi * blur_um * cpp / SETUP.pixel_pitch_um, 1e-9)
    curve = Curve(cpp, tuple(depth.tolist()), tuple((0.8 * 2 * j1(x) / x).tolist()))
    setup = replace(SETUP, coc_um=coc_um, f_number=f_number)
    found = depth_of_field_mm(replace(photo("a", 0.0), setup=setup, curve=curve))
    assert found == pytest.approx(f_number * coc_um * (1 + m) / m**2 / 1000, rel=2e-3)
    short = Curve(cpp, curve.depth_mm[200:280], curve.contrast[200:280])
    assert depth_of_field_mm(replace(photo("a", 0.0), setup=setup, curve=short)) is None


def test_the_disc_is_the_bessel_functions() -> None:
    for x in (0.1, 1.0, 2.5, 3.4):
        assert _disc(x) == pytest.approx(2 * j1(x) / x, rel=1e-12)

"""Breathing: the picture's size against focus, by hand-worked scales; never taken for a focus error."""

from __future__ import annotations

from dataclasses import replace
from math import sqrt

import pytest
from guides.toy import AT, SETUP

from appliance.focus.result import Verdict
from appliance.guides.breathing import MARKS, PROCEDURE, WAYS
from appliance.guides.case import Case, LensFacts, Observation
from appliance.guides.run import counts
from appliance.guides.there_and_back import there_and_back

LENS = LensFacts("FC-50", focal_min_mm=50.0, focal_max_mm=50.0)
MARKS_M = {"near_m": 1.1, "middle_m": 1.25, "far_m": 1.4}


def photo(step: str, m: float | None, error_mm: float | None) -> Observation:
    side = 0 if error_mm is None else (1 if error_mm > 0 else -1)
    return Observation(step, 1, AT, SETUP, Verdict.FAIL_BACK, None, error_mm, side, 40.0, m)


def case(there: list[float], back: list[float], limit: float | None = None, turned: bool = True) -> Case:
    found = Case(SETUP, LENS).with_answers("marks", **MARKS_M, limit_percent=limit).with_done("ready")
    for way, scales in zip(WAYS, (there, back), strict=True):
        for mark, m, error in zip(
            MARKS, scales, (-150.0, 1.0, 150.0) if turned else (1.0, 1.0, 1.0), strict=True
        ):
            found = found.with_photo(photo(f"{mark}-{way}", m, error))
    return found


def test_the_picture_grows_by_what_the_scales_say() -> None:
    finding = PROCEDURE.analyse(case([0.0404, 0.0402, 0.0400], [0.0404, 0.0402, 0.0400]))
    figure = finding.figure("breathing_percent")
    assert figure is not None
    assert figure.value == pytest.approx(1.0, abs=1e-9)
    assert finding.verdict is Verdict.PASS
    assert "no focus error" in finding.headline
    whole = finding.figure("moving_as_a_whole_percent")
    assert whole is not None
    # by the thin lens: o from d = o + f o / (o − f): 1045.08 and 1346.41 mm, i = 52.512 and 51.929 mm
    assert whole.value == pytest.approx(1.124, abs=0.01)


def test_the_interval_comes_from_what_did_not_return() -> None:
    exact = [0.0404, 0.0402, 0.0400]
    finding = PROCEDURE.analyse(case(exact, [exact[0] * 1.001, exact[1] * 0.999, exact[2] * 1.001]))
    figure = finding.figure("breathing_percent")
    assert figure is not None
    # pairs differ by 0.1 %, so one value has 0.1 / √2 %; the difference of two means has as much; t₃ = 3.182
    assert figure.u95 == pytest.approx(3.182 * 0.1 / sqrt(2), rel=0.02)


@pytest.mark.parametrize(
    ("limit", "verdict", "named"),
    [(2.0, Verdict.PASS, False), (0.2, Verdict.FAIL_BACK, True), (1.0, Verdict.RETEST, False)],
)
def test_a_house_that_gave_a_limit_is_told_whether_the_lens_keeps_it(
    limit: float, verdict: Verdict, named: bool
) -> None:
    finding = PROCEDURE.analyse(case([0.0404, 0.0402, 0.0400], [0.04041, 0.04019, 0.04001], limit))
    assert (finding.verdict, finding.named("BREATHING")) == (verdict, named)
    assert finding.word == ("FAIL" if named else verdict.words)


def test_a_ring_that_was_not_turned_is_no_lens_that_does_not_breathe() -> None:
    finding = PROCEDURE.analyse(case([0.04, 0.04, 0.04], [0.04, 0.04, 0.04], turned=False))
    assert finding.verdict is Verdict.INVALID
    assert finding.named("RING_NOT_TURNED")


def test_one_way_alone_and_marks_in_the_wrong_order_conclude_nothing() -> None:
    whole = case([0.0404, 0.0402, 0.04], [0.0404, 0.0402, 0.04])
    half = replace(whole, photos={k: v for k, v in whole.photos.items() if k.endswith("there")})
    assert PROCEDURE.analyse(half).verdict is Verdict.INVALID
    assert "3 of 6" in PROCEDURE.analyse(half).headline
    turned = whole.with_answers("marks", near_m=1.4, middle_m=1.25, far_m=1.1, limit_percent=None)
    assert PROCEDURE.analyse(turned).named("MARKS_UNCLEAR")


def test_a_photo_out_of_focus_counts_as_long_as_it_shows_the_scale() -> None:
    step = next(s for s in PROCEDURE.steps(case([1] * 3, [1] * 3)) if s.key == "near-there")
    assert counts(step, replace(photo("near-there", 0.04, None), verdict=Verdict.INVALID))
    assert not counts(step, replace(photo("near-there", None, None), verdict=Verdict.INVALID))


def test_pairs_tell_scatter_and_a_trend() -> None:
    pairs = there_and_back([1.0, 2.0, 3.0], [1.2, 2.2, 3.2])
    assert pairs.trend.value == pytest.approx(0.2)
    assert pairs.sd == pytest.approx(0.2 / sqrt(2))
    assert pairs.difference(2, 0).value == pytest.approx(2.0)
    assert pairs.difference(2, 0).u == pytest.approx(pairs.sd)

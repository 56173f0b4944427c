"""A lens whose iris stands elsewhere than was said: named at once, and never passed on the strength of the mark."""

from __future__ import annotations

import re

import pytest

from appliance.bench import Lens, Scene, Sensor, photograph
from appliance.focus.lens.response import Problem
from appliance.focus.printed_chart import ANY_CHART, Print
from appliance.focus.result import Result, Setup, Verdict
from appliance.focus.score import score_frames
from appliance.frame import Frame

PITCH_UM = 6.2


def _photo(focal_mm: float, stop: float, distance_mm: float, focus_mm: float) -> Frame:
    scene = Scene(
        Lens(focal_mm, stop, focus_mm),
        object_distance_mm=distance_mm,
        sensor=Sensor(1014, 760, PITCH_UM),
        roll_deg=1.5,
    )
    photo = photograph(scene, 3)
    return Frame(photo.mosaic, photo.bayer, photo.black, photo.white)


def _scored(frame: Frame, focal_mm: float, given: float, coc_um: float = 15.0) -> Result:
    true_print = {ANY_CHART: Print(100.0, 0.0)}
    return score_frames([frame], Setup(focal_mm, given, PITCH_UM, coc_um=coc_um, prints=true_print))


@pytest.mark.parametrize(
    ("focal_mm", "distance_mm", "given", "real"),
    [(25, 650, 2.0, 11.0), (50, 1250, 2.0, 22.0), (25, 650, 5.6, 2.0)],
)
def test_a_stop_far_from_the_given_one_is_named_in_bounded_work(
    focal_mm: float, distance_mm: float, given: float, real: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = _photo(focal_mm, real, distance_mm, 5.0)
    pieces, evaluate = [], Problem.evaluate

    def counted(self: Problem, *arguments: object) -> object:
        pieces.append(len(self.y))
        return evaluate(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Problem, "evaluate", counted)
    ordinary = _scored(frame, focal_mm, real)
    assert ordinary.verdict is not Verdict.INVALID
    of_ordinary = sum(pieces)
    pieces.clear()
    result = _scored(frame, focal_mm, given)
    assert result.verdict is Verdict.INVALID
    assert [reason.code for reason in result.reasons] == ["WRONG_F_NUMBER"]
    told = re.search(r"about f/([\d.]+)", result.reasons[0].text)
    assert told
    assert float(told[1]) == pytest.approx(real, rel=0.2)
    assert sum(pieces) < 3 * of_ordinary


def test_a_pass_does_not_rest_on_a_stop_that_the_photo_contradicts() -> None:
    # 1.2 depths of focus at f/2.8 are 0.85 at f/4
    frame = _photo(25, 2.8, 650, 22.0)
    right, wrong = _scored(frame, 25, 2.8, coc_um=10.0), _scored(frame, 25, 4.0, coc_um=10.0)
    assert right.verdict is Verdict.FAIL_BACK
    assert wrong.verdict is Verdict.FAIL_BACK
    assert "CHECK_F_NUMBER" in {reason.code for reason in wrong.reasons}
    assert right.tolerance_um is not None
    assert wrong.tolerance_um is not None
    assert wrong.tolerance_um == pytest.approx(right.tolerance_um, rel=0.05)
    assert wrong.image_shift_um is not None
    assert wrong.tolerance_um < wrong.image_shift_um < wrong.tolerance_um * 4 / 2.8

"""The printed chart: a wrong scale that is known measures right, and the print's own spread is measured."""

from __future__ import annotations

from dataclasses import asdict, replace
from functools import cache
from math import sqrt

import pytest

from appliance.bench import Chart, Lens, Scene, Sensor, photograph
from appliance.errors import BarReadingError, BlurReadingError
from appliance.focus.judge.wording import describe_result
from appliance.focus.printed_chart import (
    ANY_CHART,
    Print,
    blur_seen,
    blur_to_keep,
    checked_bar,
    checked_blur,
)
from appliance.focus.result import Result, Setup, Verdict
from appliance.focus.score import score_frames
from appliance.frame import Frame

HALF = Sensor(2028, 1520, 3.1)
TITLE = "a4-general v1"
ERROR_MM = 12.0


@cache
def shrunk() -> Frame:
    """A chart that came out at 97.2 %, with 12 mm back focus at 650 mm."""
    scene = Scene(
        Lens(25, 2.8, focus_error_mm=ERROR_MM),
        sensor=HALF,
        object_distance_mm=650,
        chart=Chart(print_scale=0.972),
    )
    photo = photograph(scene, 1)
    return Frame(photo.mosaic, photo.bayer, photo.black, photo.white)


def scored(prints: dict[str, Print], **more: float) -> Result:
    return score_frames([shrunk()], Setup(25, 2.8, HALF.pitch_um, prints=prints, **more))


def test_a_chart_at_97_percent_whose_bar_was_read_measures_in_true_millimetres() -> None:
    known, unknown = scored({TITLE: Print(97.2, 0.1)}), scored({})
    assert known.focus_error_mm is not None
    assert unknown.focus_error_mm is not None
    assert known.focus_error_mm == pytest.approx(ERROR_MM, abs=0.1)
    assert unknown.focus_error_mm == pytest.approx(ERROR_MM / 0.972, rel=0.008)
    true_m = 25 / (650 - 25)
    assert known.magnification == pytest.approx(true_m, rel=0.001)
    assert unknown.magnification == pytest.approx(0.972 * true_m, rel=0.001)
    assert known.figures["print_scale_percent"] == pytest.approx(97.2)
    assert known.edges[0].depth_mm == pytest.approx(0.972 * unknown.edges[0].depth_mm, rel=0.003)


def test_the_ruler_s_uncertainty_is_in_the_budget_as_a_share_of_the_error() -> None:
    known = scored({TITLE: Print(97.2, 0.486)})  # half a per cent
    assert known.image_shift_um is not None
    assert known.image_shift_um_u95 is not None
    assert known.budget_um["print_scale"] == pytest.approx(0.005 * abs(known.image_shift_um), rel=0.03)
    together = sqrt(sum(u * u for u in known.budget_um.values()))
    assert known.image_shift_um_u95 == pytest.approx(1.96 * together)


@pytest.mark.parametrize(
    ("distance_mm", "share"), [(None, 0.02), (25 * (1 + 0.972 / 25) ** 2 * 25 / 0.972, 0.0087)]
)
def test_a_size_that_nobody_measured_is_in_the_budget_too(distance_mm: float | None, share: float) -> None:
    result = scored({}, distance_mm=distance_mm)
    assert result.budget_um["print_scale"] == pytest.approx(share * abs(result.image_shift_um or 0), rel=0.03)


def test_a_chart_fitted_to_the_page_without_anybody_knowing_is_within_the_interval() -> None:
    result = scored({})
    assert result.focus_error_mm is not None
    assert 0.3 < abs(result.focus_error_mm - ERROR_MM) < (result.focus_error_mm_u95 or 0)


def test_a_chart_whose_bar_was_not_read_is_said_to_be_unmeasured() -> None:
    assert "its bar was not measured" in describe_result(scored({}))
    assert "its bar was not measured" in describe_result(scored({"a3-general v1": Print(97.2, 0.1)}))
    assert "printed at 97.2 %, by its bar of 97.2 mm" in describe_result(
        scored({ANY_CHART: Print(97.2, 0.1)})
    )


def test_the_distance_agrees_with_the_bar_that_was_read_and_disagrees_with_a_wrong_one() -> None:
    distance = {"distance_mm": 676.0}
    assert scored({}, **distance).reasons[0].code == "WRONG_SCALE"
    right = scored({TITLE: Print(97.2, 0.1)}, **distance)
    assert right.verdict is Verdict.PASS
    assert "by its bar" in right.print_text
    wrong = scored({TITLE: Print(102.0, 0.1)}, **distance)
    assert wrong.reasons[0].code == "SCALE_DISAGREES"
    assert "bar of 102 mm" in wrong.reasons[0].text


def test_a_distance_that_agrees_is_said_to_stand_in_for_the_bar() -> None:
    text = scored({}, distance_mm=25 * (1 + 0.972 / 25) ** 2 * 25 / 0.972).print_text
    assert "its bar was not measured; the distance given agrees with 100 %" in text


@pytest.mark.parametrize("bar", [94.9, 105.1, 9.98, 998.0, float("nan"), float("inf"), 0.0, -100.0])
def test_a_reading_more_than_5_percent_off_is_refused_as_a_slip(bar: float) -> None:
    with pytest.raises(BarReadingError, match="most likely a slip"):
        checked_bar(bar)


@pytest.mark.parametrize("bar", [95.0, 99.8, 100.2, 105.0])
def test_a_reading_that_can_be_is_taken_with_the_ruler_s_uncertainty(bar: float) -> None:
    assert checked_bar(bar) == (bar, pytest.approx(0.2 / 1.96))
    with pytest.raises(BarReadingError, match="read to within"):
        checked_bar(bar, 0.0)


def close_up(blur_um: float, distance_mm: float, prints: dict[str, Print] | None = None) -> Result:
    scene = Scene(
        Lens(25, 4.0), sensor=HALF, object_distance_mm=distance_mm, chart=Chart(print_blur_um=blur_um)
    )
    photo = photograph(scene, 3)
    frame = Frame(photo.mosaic, photo.bayer, photo.black, photo.white)
    return score_frames([frame], Setup(25, 4.0, HALF.pitch_um, prints=prints or {}))


@pytest.mark.parametrize("blur_um", [20.0, 40.0])
def test_close_up_the_print_s_spread_is_found_within_2_u(blur_um: float) -> None:
    blur, u = blur_to_keep(close_up(blur_um, 300).figures)
    assert abs(blur - blur_um) <= 2 * u
    assert u <= 0.2 * blur_um


def test_what_was_kept_of_the_print_is_not_found_again_but_measured_anew() -> None:
    """A wrong record narrows the fit; the figure for the records is that of the photo alone."""
    result = close_up(40.0, 300, {TITLE: Print(blur_um=25.0, blur_u_um=3.0)})
    blur, u = blur_to_keep(result.figures)
    assert abs(blur - 40.0) <= 3 * u
    assert blur - 25.0 > 4 * u


def test_from_afar_the_spread_is_not_kept_and_the_sentence_says_what_to_do() -> None:
    for figures in (close_up(20.0, 650).figures, {}):
        with pytest.raises(BlurReadingError, match="Take the photo closer"):
            blur_to_keep(figures)


def test_the_prior_is_taken_out_of_a_blur_exactly() -> None:
    """Photo and prior as two Gaussian readings of the variance; what the fit makes of both is their weighted mean."""
    own, own_sd, sigma, sd = 0.0016, 0.0002, 0.03, 0.01
    prior_sd = 2 * sigma * sd + sd * sd
    weights = 1 / own_sd**2, 1 / prior_sd**2
    mean = (own * weights[0] + sigma**2 * weights[1]) / sum(weights)
    seen = blur_seen(mean, 1 / sum(weights), 1.0, (sigma, sd), 1.0)
    assert seen == (pytest.approx(40.0), pytest.approx(1e3 * own_sd / (2 * 0.04), rel=1e-3))
    assert blur_seen(mean, 1 / sum(weights), 3.0, (sigma, sd), 1.0) is None  # a lens beyond the model
    assert blur_seen(sigma**2, prior_sd**2, 1.0, (sigma, sd), 1.0) is None  # nothing but the prior


def test_a_known_spread_narrows_what_later_checks_suppose() -> None:
    setup = Setup(25, 2.8, 1.55, print_blur_um=60.0, prints={TITLE: Print(blur_um=32.0, blur_u_um=2.0)})
    assert (setup.with_print_of(TITLE).print_blur_um, setup.with_print_of(TITLE).print_blur_u_um) == (
        32.0,
        2.0,
    )
    other = setup.with_print_of("a3-general v1")
    assert (other.print_blur_um, other.print_blur_u_um, other.prints) == (60.0, None, {})


@pytest.mark.parametrize("blur", [0.5, 501.0, float("nan"), -20.0])
def test_a_spread_that_no_print_has_is_refused(blur: float) -> None:
    with pytest.raises(BlurReadingError, match="between 1 and 500"):
        checked_blur(blur)
    with pytest.raises(BlurReadingError, match="above zero"):
        checked_blur(30.0, 0.0)
    assert checked_blur(40.0) == (40.0, 4.0)
    assert checked_blur(20.0) == (20.0, 3.0)


def test_a_set_up_with_its_prints_survives_storage() -> None:
    setup = Setup(25, 2.8, 1.55, prints={TITLE: Print(97.2, 0.1, 30.0, 3.0), "a3-general v1": Print()})
    assert Setup.from_dict(asdict(setup)) == setup
    before_prints = {name: value for name, value in asdict(setup).items() if not name.startswith("print")}
    assert Setup.from_dict(before_prints) == replace(setup, prints={})

"""The whole measurement on the simulated bench, which shares no formula with it, and on a world without diffraction."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from appliance.bench import Chart, Exposable, Lens, Light, Mishap, Scene, Sensor, photograph
from appliance.bench.geometry import Projection
from appliance.bench.photo import expose
from appliance.chart.drawing import raster
from appliance.chart.layout import layout
from appliance.focus import measure, score
from appliance.focus.judge.verdict import judge
from appliance.focus.judge.wording import describe_result
from appliance.focus.lens.defocus import DefocusScale
from appliance.focus.measure import Measurement, measure_frame
from appliance.focus.printed_chart import ANY_CHART, Print
from appliance.focus.refusals import too_dark, wrong_bayer
from appliance.focus.result import Result, Setup, Verdict
from appliance.focus.score import score_frames
from appliance.frame import Frame
from appliance.pictures import read_frame

SHARED = Path(__file__).parents[3] / "shared" / "data"
HALF = Sensor(2028, 1520, 3.1)
"""The HQ camera's area with a quarter of its pixels."""


def depth_of_field_mm(scene: Scene) -> float:
    """Single-side depth of field N c (1 + m) / m² with c = one pixel, mm."""
    f, n = scene.lens.focal_length_mm, scene.lens.f_number
    m = f / (scene.object_distance_mm - f)
    return n * scene.sensor.pitch_um * 1e-3 * (1 + m) / m**2


def setup_of(scene: Scene, **more: Any) -> Setup:
    told = {"prints": {ANY_CHART: Print(100.0, 0.0)}, **more}
    return Setup(scene.lens.focal_length_mm, scene.lens.f_number, scene.sensor.pitch_um, **told)


def scored(scene: Scene, seed: int = 1, **more: Any) -> Result:
    photo = photograph(scene, seed)
    frame = Frame(photo.mosaic, photo.bayer, photo.black, photo.white)
    return score_frames([frame], setup_of(scene, **more))


def bench(
    focal: float = 25, f_number: float = 2.8, distance: float = 650, error_dof: float = 0, **more: Any
) -> Scene:
    scene = Scene(Lens(focal, f_number), sensor=HALF, object_distance_mm=distance, **more)
    error = error_dof * depth_of_field_mm(scene)
    return replace(scene, lens=replace(scene.lens, focus_error_mm=error))


@pytest.mark.parametrize(
    ("focal", "f_number", "distance", "tilt", "roll", "error_dof"),
    [
        (25, 2.8, 650, 45, 0, 3.0),
        (25, 2.8, 650, 45, 0, -3.0),
        (50, 1.4, 1500, 40, 5, 2.0),
        (12, 4.0, 420, 50, -5, -1.0),
        (100, 5.6, 2600, 45, 3, 0.5),
    ],
)
def test_focus_is_found_within_a_fortieth_of_the_depth_of_field(
    focal: float, f_number: float, distance: float, tilt: float, roll: float, error_dof: float
) -> None:
    scene = bench(focal, f_number, distance, error_dof, tilt_deg=tilt, roll_deg=roll)
    result = scored(scene)
    dof = depth_of_field_mm(scene)
    assert result.focus_error_mm is not None
    assert result.focus_error_mm_u95 is not None
    error = result.focus_error_mm - error_dof * dof
    assert abs(error) <= 0.025 * dof
    assert abs(error) <= 2.0 * result.focus_error_mm_u95
    assert result.magnification == pytest.approx(focal / (distance - focal), rel=0.003)
    assert result.chart_tilt_deg == pytest.approx(tilt, abs=0.05)
    assert result.focal_length_measured_mm == pytest.approx(focal, rel=0.01)


def best_focus_mm(scene: Scene) -> float:
    """Depth behind the aim point, on its column of the picture, in the plane of least RMS wavefront error, mm.

    A curvature of the field does not count, a tilt does.
    """
    flat = Projection(replace(scene, lens=replace(scene.lens, field_curvature_um=0.0)))
    column, aim_y = flat.pixels([scene.chart.layout.aim_mm])[0]
    y = aim_y + np.linspace(-0.5, 0.5, 4001) * scene.sensor.height
    places = np.stack([np.full_like(y, column), y], axis=1)
    off_um = flat.w020_um_at_pixels(places) + 0.55 * scene.lens.spherical_waves
    order = np.argsort(off_um)
    inverse = np.interp(0.0, off_um[order], flat.inverse_depths(places)[order])
    return float(1 / inverse - scene.object_distance_mm)


@pytest.mark.parametrize("motion_px", [(1.2, 1.2), (1.2, -1.2), (1.7, 0.0), (0.5, 0.5), (0.8, -0.8)])
def test_a_smear_in_any_direction_widens_the_interval_and_moves_nothing(
    motion_px: tuple[float, float],
) -> None:
    scene = bench(40, 3.6, 540, -7.0, tilt_deg=38, yaw_deg=14, roll_deg=7, mishap=Mishap(motion_px=motion_px))
    result = scored(scene)
    assert result.focus_error_mm is not None
    assert result.focus_error_mm_u95 is not None
    error = result.focus_error_mm - scene.lens.focus_error_mm
    assert abs(error) < 1.5 * result.focus_error_mm_u95
    assert abs(error) < 0.04 * depth_of_field_mm(scene)


@pytest.mark.parametrize("along_slope", [True, False])
def test_aberrations_curvature_tilt_and_distortion_together_leave_best_focus_where_it_is(
    along_slope: bool,
) -> None:
    tilts = {"sensor_tilt_x_mrad" if along_slope else "sensor_tilt_y_mrad": 10.0}
    scene = bench(19.4, 2.6, 434, 6.0, tilt_deg=42, roll_deg=2)
    lens = replace(
        scene.lens, spherical_waves=0.5, field_curvature_um=-50.0, distortion_percent=-3.0, **tilts
    )
    scene = replace(scene, lens=lens)
    result = scored(scene)
    dof = depth_of_field_mm(scene)
    best = best_focus_mm(scene)
    assert result.focus_error_mm is not None
    assert result.focus_error_mm_u95 is not None
    assert abs(best - scene.lens.focus_error_mm) > 0.2 * dof, (
        "paraxial focus on the axis is not what is meant"
    )
    assert abs(result.focus_error_mm - best) <= 0.02 * dof
    assert abs(result.focus_error_mm - best) <= 1.5 * result.focus_error_mm_u95
    assert result.figures["spherical_w040_waves"] == pytest.approx(0.5, abs=0.01)
    assert result.figures["distortion_corner_percent"] == pytest.approx(-3.0, abs=0.01)
    if not along_slope:  # a tilt along it is one with the blur's growth, in whose units curvature is told
        assert result.figures["field_curvature_corner_um"] == pytest.approx(-50.0, abs=1.0)
        half_diagonal_mm = np.hypot(HALF.width, HALF.height) * HALF.pitch_um / 2000
        assert abs(result.figures["field_tilt_corner_um"]) == pytest.approx(10.0 * half_diagonal_mm, abs=1.0)


@pytest.mark.parametrize("spherical_waves", [-0.5, 0.5])
def test_much_spherical_aberration_of_a_lens_stopped_down_leaves_best_focus_where_it_is(
    spherical_waves: float,
) -> None:
    # its halo reaches the next ink, and its sensor is far from where best focus would have it
    scene = bench(17.5, 8.4, 601, tilt_deg=42.7)
    best = 12.0
    for _ in range(6):  # the bench is told where rays near the axis meet
        lens = replace(scene.lens, spherical_waves=spherical_waves)
        scene = replace(scene, lens=lens)
        o, off = scene.object_distance_mm, scene.lens.focus_error_mm
        paraxial = 1 / (1 / (o + off) + 1 / (o + best) - 1 / (o + best_focus_mm(scene))) - o
        scene = replace(scene, lens=replace(lens, focus_error_mm=paraxial))
    assert abs(best_focus_mm(scene) - best) < 1e-3
    assert abs(scene.lens.focus_error_mm - best) > 90
    dof = depth_of_field_mm(scene)
    errors = [(scored(scene, seed).focus_error_mm or np.inf) - best for seed in (1, 2, 3)]
    assert abs(np.mean(errors)) < 0.015 * dof
    result = scored(scene)
    assert abs(errors[0]) < 1.5 * (result.focus_error_mm_u95 or 0.0)
    assert result.figures["spherical_w040_waves"] == pytest.approx(spherical_waves, abs=0.01)


def test_the_cone_is_that_of_a_sensor_where_rays_near_the_axis_meet() -> None:
    _, frame = _photo()
    seen = measure_frame(frame, setup_of(bench(error_dof=2.0)))
    assert isinstance(seen, Measurement)
    pose, setup = seen.pose.pose, Setup(25.0, 2.8, HALF.pitch_um)
    plain = DefocusScale.of(setup, pose)
    o, m = plain.object_distance_mm, plain.magnification
    farther = DefocusScale.of(setup, pose, float(plain.from_depth(np.array([0.25 * o]))[0]))
    # i = m o and 1/f = 1/i + 1/(1.25 o): by hand, the pupil being f / N across
    f = 1 / (1 / (m * o) + 1 / (1.25 * o))
    assert farther.working_f_number == pytest.approx(m * o / (f / 2.8), rel=1e-9)


@cache
def _photo() -> tuple[Scene, Frame]:
    scene = bench(error_dof=2.0)
    photo = photograph(scene, 1)
    return scene, Frame(photo.mosaic, photo.bayer, photo.black, photo.white)


def test_a_tight_tolerance_fails_back_and_a_wide_one_passes() -> None:
    scene, frame = _photo()
    assert score_frames([frame], setup_of(scene, tolerance_um=5)).verdict is Verdict.FAIL_BACK
    result = score_frames([frame], setup_of(scene))
    assert result.verdict is Verdict.PASS
    assert [r.code for r in result.reasons] == ["IN_TOLERANCE"]


def test_an_error_is_told_in_every_unit_with_one_sign() -> None:
    scene, frame = _photo()
    result = score_frames([frame], setup_of(scene))
    figures, e, o, f = result.figures, scene.lens.focus_error_mm, 650.0, 25.0
    aim_um, best_um = (1000 / (1 / f - 1 / distance) for distance in (o, o + e))  # Gauss, without our optics
    shift_um = aim_um - best_um
    assert result.image_shift_um == pytest.approx(shift_um, rel=0.03)
    assert figures["focus_error_dioptres"] == pytest.approx(1000 / o - 1000 / (o + e), rel=0.02)
    depth_um = 2.8 * (1 + f / (o - f)) * 15
    assert figures["focus_error_depths_of_focus"] == pytest.approx(shift_um / depth_um, rel=0.03)
    assert figures["flange_error_um"] == -result.image_shift_um
    assert figures["ring_turn_deg"] == pytest.approx(shift_um / 770 * 360, rel=0.03)
    assert figures["ring_turn_deg_u95"] > 360 / 770 * (result.image_shift_um_u95 or 0)
    words = describe_result(result)
    for said in ("dioptres", "the sensor sits too near to the lens", "moves the lens away from the sensor"):
        assert said in words


def test_an_error_at_the_tolerance_is_a_retest_that_says_what_to_do() -> None:
    scene, frame = _photo()
    first = score_frames([frame], setup_of(scene))
    assert first.image_shift_um is not None
    result = score_frames([frame], setup_of(scene, tolerance_um=first.image_shift_um))
    assert result.verdict is Verdict.RETEST
    assert "Most of the uncertainty is noise: add light" in result.reasons[0].text


def test_a_retest_names_how_many_photos_settle_it() -> None:
    scene, frame = _photo()
    one = score_frames([frame], setup_of(scene))
    assert one.image_shift_um is not None
    noise = one.budget_um["noise"]
    rest = np.sqrt(sum(u * u for name, u in one.budget_um.items() if name != "noise"))
    gap = 1.65 * np.hypot(noise / np.sqrt(3), rest)  # as wide as three photos need
    setup = setup_of(scene, tolerance_um=one.image_shift_um + 1.001 * gap)
    assert "About 3 photos" in score_frames([frame], setup).reasons[0].text
    assert score_frames([frame] * 2, setup).verdict is Verdict.RETEST
    assert score_frames([frame] * 3, setup).verdict is Verdict.PASS


def test_what_photos_cannot_average_is_named() -> None:
    scene, frame = _photo()
    first = score_frames([frame], setup_of(scene))
    assert first.image_shift_um is not None
    setup = setup_of(scene, tolerance_um=first.image_shift_um + 1.0, chart_flatness_mm=20.0)
    result = score_frames([frame], setup)
    assert result.verdict is Verdict.RETEST
    assert "mount it flatter" in result.reasons[0].text


def test_photos_are_measured_once_however_often_they_are_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    scene, frame = _photo()
    seen: list[Frame] = []

    def counted(frame: Frame, setup: Setup) -> Any:
        seen.append(frame)
        return measure_frame(frame, setup)

    monkeypatch.setattr(score, "measure_frame", counted)
    scoring = score.Scoring(setup_of(scene))
    with pytest.raises(ValueError, match="at least one"):
        scoring.result()
    for photos in (1, 2):
        scoring.add(frame)
        assert scoring.result().frames_used == photos
    dark = Frame(np.full_like(frame.plane, 256), frame.bayer, frame.black, frame.white)
    scoring.add(dark)
    assert [r.code for r in scoring.result().reasons] == ["TOO_DARK"]
    scoring.add(frame)
    assert scoring.result().verdict is Verdict.INVALID
    assert len(seen) == 3


def test_more_frames_lower_the_noise_but_not_the_rest() -> None:
    scene, frame = _photo()
    one = score_frames([frame], setup_of(scene, remount_u_um=0.5))
    four = score_frames([frame] * 4, setup_of(scene, remount_u_um=0.5))
    assert four.budget_um["noise"] == pytest.approx(one.budget_um["noise"] / 2, rel=1e-6)
    assert four.budget_um["remount"] == one.budget_um["remount"]


def test_photos_of_one_lens_scatter_as_stated() -> None:
    scene = bench(error_dof=2.0)
    setup = setup_of(scene)
    light = Exposable(scene).light
    measured = []
    for seed in range(1, 7):  # another sensor each: no pattern is shared
        one = replace(scene, sensor=replace(HALF, pattern_seed=seed))
        seen = measure_frame(Frame(expose(light, one, seed), HALF.bayer, HALF.black, HALF.white), setup)
        assert isinstance(seen, Measurement)
        measured.append(seen)
    stated = np.sqrt(np.mean([x.noise_mm**2 + x.pose_mm**2 for x in measured]))
    scatter = np.std([x.focus_mm for x in measured], ddof=1)
    assert 0.4 * stated < scatter < 1.8 * stated  # 1 in 1,000 of six would be outside by chance
    together = judge(measured, setup)
    assert together.frames_used == 6
    assert together.focus_error_mm == pytest.approx(
        scene.lens.focus_error_mm, abs=0.01 * depth_of_field_mm(scene)
    )
    widest = max(judge([x], setup).focus_error_mm_u95 or 0.0 for x in measured)
    assert (together.focus_error_mm_u95 or 0.0) < widest


def test_the_sensor_s_own_pattern_does_not_average() -> None:
    scene, frame = _photo()
    one, many = (score_frames([frame] * photos, setup_of(scene)).budget_um for photos in (1, 8))
    assert one["sensor_pattern"] == many["sensor_pattern"] > 0.3 * one["noise"]
    assert many["noise"] == pytest.approx(one["noise"] / np.sqrt(8))


def _measured() -> tuple[Measurement, Setup]:
    scene, frame = _photo()
    seen = measure_frame(frame, setup_of(scene))
    assert isinstance(seen, Measurement)
    return seen, setup_of(scene)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ([{"focus_mm": 8.0}, {"focus_mm": -8.0}], "-8.00 to +8.00 mm"),
        ([{"focus_mm": 8.0}, {"focus_mm": 8.1}, {"focus_mm": 9.5}], "+8.00 to +9.50 mm"),
        ([{"beyond": 1, "noise_mm": 50.0}, {"beyond": -1, "noise_mm": 50.0}], "before the chart in one"),
        ([{"focus_mm": 8.0, "beyond": 0}, {"focus_mm": 60.0, "beyond": 1}], "+8.00 to +60.00 mm"),
        ([{}, {"layout": layout("a3")}], "they show the charts a3-general"),
    ],
)
def test_photos_that_contradict_each_other_are_refused(changes: list[dict[str, Any]], said: str) -> None:
    seen, setup = _measured()
    result = judge([replace(seen, **change) for change in changes], setup)
    assert (result.verdict, result.reasons[0].code) == (Verdict.INVALID, "FRAMES_DISAGREE")
    assert said in result.reasons[0].text


def test_photos_whose_scatter_is_more_than_their_noise_widen_the_interval() -> None:
    seen, setup = _measured()
    u_mm = float(np.hypot.reduce([seen.noise_mm, seen.pose_mm, seen.model_mm]))
    pair = [replace(seen, focus_mm=seen.focus_mm + side * 2 * u_mm) for side in (-1, 1)]
    alike, apart = judge([seen, seen], setup).budget_um["noise"], judge(pair, setup).budget_um["noise"]
    # chi-square of two photos, each 2 u from their mean
    assert apart == pytest.approx(alike * np.sqrt(8) * u_mm / seen.noise_mm, rel=1e-3)


def test_focus_about_the_chart_s_end_is_on_it_where_all_photos_together_are_sure_of_it() -> None:
    seen, setup = _measured()
    end = seen.reach_mm[1]
    u = 0.05 * end
    margin = 1.65 * u * np.sqrt(0.15 + 0.85 / 2)  # of noise that averages, but for the sensor's pattern
    for middle, on_it in ((end - 1.1 * margin, True), (end - 0.9 * margin, False), (end + 0.2 * u, False)):
        pair = [
            replace(seen, focus_mm=middle + side * u, beyond=int(middle + side * u > end), noise_mm=u)
            for side in (-0.5, 0.5)
        ]
        assert (judge(pair, setup).focus_error_mm is not None) is on_it


def test_focus_that_may_lie_off_the_chart_never_passes() -> None:
    seen, setup = _measured()
    for part, u_mm, told in ((0.5, 0.1, True), (0.5, 0.6, False), (-0.1, 1.0, False)):
        end = seen.reach_mm[1]
        unsure = replace(seen, focus_mm=part * end, noise_mm=u_mm * end)
        result = judge([unsure], replace(setup, tolerance_um=10_000))
        assert (result.verdict, result.focus_error_mm is not None) == (
            (Verdict.PASS, True) if told else (Verdict.INVALID, False)
        )
        if not told:
            assert [r.code for r in result.reasons] == ["BEYOND_CHART", "CHART_TOO_SMALL"]
            assert result.focus_error_mm_at_least is None  # nor is the side known


def test_of_a_chart_whose_star_is_outside_the_picture_that_is_said() -> None:
    scene = replace(bench(error_dof=1.0), aim_offset_px=(0.0, 0.55 * HALF.height))
    result = scored(scene)
    assert (result.verdict, [r.code for r in result.reasons]) == (Verdict.INVALID, ["CHART_CROPPED"])
    assert "Aim at the star" in result.reasons[0].text


@pytest.mark.parametrize("bow_mm", [-2.0, 2.0])
def test_a_bent_sheet_stays_within_the_flatness_that_was_told(bow_mm: float) -> None:
    scene = bench(error_dof=4.0)
    scene = replace(scene, chart=replace(scene.chart, bow_mm=bow_mm))
    flat, told = scored(scene), scored(scene, chart_flatness_mm=1.0)
    assert flat.focus_error_mm is not None
    assert flat.focus_error_mm_u95 is not None
    error = abs(flat.focus_error_mm - scene.lens.focus_error_mm)
    assert error > 0.5 * flat.focus_error_mm_u95, "a sheet that is bent is to be seen here"
    assert error < (told.focus_error_mm_u95 or 0.0)


def test_an_aim_that_is_not_well_known_counts_at_the_aim_not_where_focus_lies() -> None:
    scene, frame = _photo()
    seen = measure_frame(frame, setup_of(scene))
    assert isinstance(seen, Measurement)
    f, o = scene.lens.focal_length_mm, scene.object_distance_mm
    away = replace(
        seen,
        focus_mm=0.5 * o,
        reach_mm=(-o, o),
        noise_mm=1e-6,
        pose_mm=0.0,
        model_mm=0.0,
        magnification=1 / (1 / f - 1 / (1.5 * o)) / o,
    )
    result = judge([away], setup_of(scene, aim_u_mm=1.0))
    image_mm = 1 / (1 / f - 1 / o)
    # by hand: the plane in focus stays, and the aim point's own image moves by i² / o² of the aim's error
    assert result.image_shift_um_u95 == pytest.approx(1.96 * 1000 * image_mm**2 / o**2, rel=1e-3)
    assert result.focus_error_mm_u95 == pytest.approx(1.96, rel=1e-3)


def test_a_tolerance_under_four_remounts_is_refused_by_name() -> None:
    scene, frame = _photo()
    result = score_frames([frame], setup_of(scene, remount_u_um=3.0, tolerance_um=10.0))
    assert result.verdict is Verdict.INVALID
    assert result.reasons[0].code == "TOLERANCE_TOO_TIGHT"
    seen, setup = _measured()
    beyond = judge(
        [replace(seen, focus_mm=90.0, beyond=1)], replace(setup, remount_u_um=3.0, tolerance_um=10.0)
    )
    assert beyond.reasons[0].code == "TOLERANCE_TOO_TIGHT"
    assert beyond.focus_error_mm is None


@pytest.mark.parametrize("waves", [0.12, -0.38, 0.55])
def test_astigmatism_that_grows_towards_the_corners_is_measured_and_moves_nothing(waves: float) -> None:
    scene = bench(error_dof=2.0)
    scene = replace(scene, lens=replace(scene.lens, astigmatism_waves=waves))
    result = scored(scene)
    assert result.focus_error_mm is not None
    assert result.focus_error_mm_u95 is not None
    error = result.focus_error_mm - scene.lens.focus_error_mm
    assert abs(error) < min(0.02 * depth_of_field_mm(scene), 1.5 * result.focus_error_mm_u95)
    # tangential less sagittal focus, as image-side shift: 8 N² λ per wave, and the other way round
    um = -waves * 8 * (2.8 * (1 + 25 / 625)) ** 2 * 0.55
    assert result.figures["astigmatism_corner_um"] == pytest.approx(um, rel=0.03)


@pytest.mark.parametrize(
    ("f_number", "codes"),
    [
        (2.5, {"IN_TOLERANCE"}),
        # a tenth less light at the rim looks like sixth order to a lens of that stop
        (3.1, {"IN_TOLERANCE", "FURTHER_ABERRATIONS"}),
        (3.9, {"IN_TOLERANCE", "CHECK_F_NUMBER"}),
        (5.6, {"WRONG_F_NUMBER"}),
        (1.2, {"WRONG_F_NUMBER"}),
    ],
)
def test_blur_that_grows_as_at_another_stop_is_named(f_number: float, codes: set[str]) -> None:
    scene, frame = _photo()
    result = score_frames([frame], replace(setup_of(scene), f_number=f_number))
    assert {r.code for r in result.reasons} == codes
    for told in re.findall(r"about f/([\d.]+)", result.reasons[-1].text):
        assert float(told) == pytest.approx(2.8, rel=0.1)


def test_a_distance_that_no_lens_focuses_at_is_named() -> None:
    scene, frame = _photo()
    result = score_frames([frame], setup_of(scene, distance_mm=80.0))
    assert [r.code for r in result.reasons] == ["WRONG_DISTANCE"]


@pytest.mark.parametrize("exposure", [1.4, 12.0])
def test_too_much_light_is_named_even_where_it_hides_the_chart(exposure: float) -> None:
    assert scored(bench(light=Light(exposure=exposure))).reasons[0].code == "CLIPPED"


@pytest.mark.parametrize("told", ["grbg", "gbrg", "bggr", "rggb"])
def test_another_bayer_order_is_named_where_it_takes_other_pixels_for_green(told: str) -> None:
    rng = np.random.default_rng(1)
    levels = np.tile([[0.55, 1.0], [1.0, 0.65]], (300, 400))  # rggb
    plane = np.round(256 + 2000 * levels + rng.normal(0, 15, levels.shape)).astype(np.uint16)
    found = wrong_bayer(Frame(plane, told, 256.0, 4095.0))  # type: ignore[arg-type]
    assert (found is not None) == (told in ("grbg", "gbrg"))
    assert found is None or found.code == "WRONG_BAYER"


@pytest.mark.parametrize("bayer", ["rggb", "grbg", "gbrg", "bggr"])
def test_a_lamp_without_red_is_not_too_dark_in_any_order(bayer: str) -> None:
    frame = Frame(np.zeros((60, 60), np.uint16), bayer, 0.0, 1000.0)
    for k, colour in enumerate(bayer):
        frame.plane[k // 2 :: 2, k % 2 :: 2] = 400 if colour == "g" else 5
    assert too_dark(frame) is None


@pytest.mark.parametrize("marked_mm", [24.5, 25.5])
def test_a_lens_that_is_not_quite_as_marked_is_no_wrong_scale(marked_mm: float) -> None:
    scene, frame = _photo()
    distance_mm = scene.object_distance_mm + 1 / (1 / 25 - 1 / scene.object_distance_mm)
    setup = replace(setup_of(scene, distance_mm=distance_mm), focal_length_mm=marked_mm)
    result = score_frames([frame], setup)
    assert result.reasons[0].code not in {"WRONG_SCALE", "WRONG_LENS"}


def test_a_mosaic_and_its_bayer_order_do_not_matter() -> None:
    scene = bench(error_dof=2.0)
    for order in ("bggr", "grbg"):
        turned = replace(scene, sensor=replace(HALF, bayer=order))
        result = scored(turned)
        assert result.focus_error_mm == pytest.approx(
            2 * depth_of_field_mm(scene), abs=0.05 * depth_of_field_mm(scene)
        )


@pytest.mark.parametrize(("side", "verdict"), [(1, Verdict.FAIL_BACK), (-1, Verdict.FAIL_FRONT)])
def test_focus_beyond_the_chart_fails_on_the_right_side_with_a_true_bound(
    side: int, verdict: Verdict
) -> None:
    scene = bench(50, 4.0, 1250)
    beyond = side * 100.0
    result = scored(replace(scene, lens=replace(scene.lens, focus_error_mm=beyond)), tolerance_um=20)
    assert result.verdict is verdict
    assert result.focus_error_mm is None
    assert result.focus_error_mm_at_least is not None
    assert 0 < result.focus_error_mm_at_least * side <= abs(beyond)


def test_a_bound_is_no_surer_than_the_focus_it_comes_from() -> None:
    scene = bench(50, 4.0, 1250, 1.0)
    photo = photograph(scene, 1)
    setup = setup_of(scene, tolerance_um=20)
    seen = measure_frame(Frame(photo.mosaic, photo.bayer, photo.black, photo.white), setup)
    assert isinstance(seen, Measurement)
    end, u = seen.reach_mm[1], 0.02 * seen.reach_mm[1]
    for found, bound in (
        (end + 0.5 * u, end - 2.5 * u),
        (end + 5 * u, end),
        (2.9 * u, None),
        (-0.1 * end, None),
    ):
        beyond = replace(seen, focus_mm=found, noise_mm=u, pose_mm=0.0, model_mm=0.0, beyond=1)
        assert judge([beyond], setup).focus_error_mm_at_least == pytest.approx(bound, abs=0.05 * u)


def test_focus_beyond_infinity_fails_only_where_that_is_sure() -> None:
    scene, frame = _photo()
    seen = measure_frame(frame, setup_of(scene))
    assert isinstance(seen, Measurement)
    waves = DefocusScale.of(setup_of(scene), seen.pose.pose)
    infinity_mm = float(waves.to_depth(np.array(2 * waves.waves_per_inverse_mm / scene.object_distance_mm)))
    f = scene.lens.focal_length_mm
    shift_um = 1000 * (1 / (1 / f - 1 / scene.object_distance_mm) - f)  # Gauss, without our optics
    end = seen.reach_mm[1]
    for u_um, told in (
        (0.1 * shift_um, (Verdict.FAIL_BACK, end)),
        (0.5 * shift_um, (Verdict.INVALID, None)),
    ):
        noise_mm = u_um / waves.um_per_wave * waves.mm_per_wave(infinity_mm)
        beyond = replace(seen, focus_mm=infinity_mm, noise_mm=noise_mm, pose_mm=0.0, model_mm=0.0, beyond=1)
        result = judge([beyond], setup_of(scene, tolerance_um=0.5 * shift_um))
        assert (result.verdict, result.focus_error_mm_at_least) == told


@pytest.mark.parametrize("depth_mm", [-200.0, 0.0, 400.0])
def test_a_wave_is_as_many_mm_as_the_slope_of_its_depth(depth_mm: float) -> None:
    scene, frame = _photo()
    seen = measure_frame(frame, setup_of(scene))
    assert isinstance(seen, Measurement)
    waves = DefocusScale.of(setup_of(scene), seen.pose.pose)
    q = waves.from_depth(np.array([depth_mm - 0.1, depth_mm + 0.1]))
    assert waves.mm_per_wave(depth_mm) == pytest.approx(0.2 / (q[1] - q[0]), rel=1e-5)


@pytest.mark.parametrize("part", [-0.3, 0.1, 0.4])
def test_far_from_the_aim_shift_and_interval_are_those_of_the_conjugates(part: float) -> None:
    scene, frame = _photo()
    seen = measure_frame(frame, setup_of(scene))
    assert isinstance(seen, Measurement)
    f, o = scene.lens.focal_length_mm, scene.object_distance_mm

    def image_mm(distance_mm: float) -> float:  # Gauss, without our optics
        return 1 / (1 / f - 1 / distance_mm)

    focus_mm, u_mm = part * o, 0.001 * o
    away = replace(
        seen,
        focus_mm=focus_mm,
        reach_mm=(-o, o),
        noise_mm=u_mm,
        pose_mm=0.0,
        model_mm=0.0,
        magnification=image_mm(o + focus_mm) / o,
    )
    result = judge([away], setup_of(scene))
    ends_um = [1000 * image_mm(o + focus_mm + side * 1.96 * u_mm) for side in (-1, 1)]
    shift_um = 1000 * (image_mm(o) - image_mm(o + focus_mm))
    assert result.focus_error_mm_u95 == pytest.approx(1.96 * u_mm)
    assert result.image_shift_um_u95 == pytest.approx((ends_um[0] - ends_um[1]) / 2, rel=0.05)
    # i² ΔD, where the difference of conjugates is i i' ΔD
    assert result.image_shift_um == pytest.approx(shift_um * image_mm(o) / image_mm(o + focus_mm), rel=1e-6)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"mishap": Mishap(lens_cap=True)}, "TOO_DARK"),
        ({"light": Light(exposure=1.4)}, "CLIPPED"),
        ({"tilt_deg": 8.0}, "TILT_OUT_OF_RANGE"),
        ({"light": Light(flicker=0.15, flicker_rows=300)}, "FLICKER"),
        ({"mishap": Mishap(motion_px=(9.0, 0.0))}, "MOTION_BLUR"),
        ({"lens": Lens(62, 1.5, focus_error_mm=-230.0), "object_distance_mm": 3120.0}, "TOO_BLURRED"),
    ],
)
def test_an_unfit_photo_is_refused_by_name(change: dict[str, Any], code: str) -> None:
    result = scored(replace(bench(), **change))
    assert result.verdict is Verdict.INVALID
    assert result.reasons[0].code == code
    assert result.focus_error_mm is None


def test_a_curve_that_rests_on_few_edges_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure, "MIN_EDGES", 100_000)
    (found,) = scored(bench()).reasons
    assert found.code == "FEW_EDGES"
    assert 20 < int(found.text.split()[1]) < 100_000


@pytest.mark.parametrize(
    ("scene", "code"),
    [
        (replace(bench(distance=1300), aim_offset_px=(0.0, 1000.0)), "CHART_CROPPED"),
        (bench(distance=2500), "CHART_TOO_FAR"),
    ],
)
def test_a_chart_outside_the_picture_and_one_too_small_in_it_are_told_apart(scene: Scene, code: str) -> None:
    (found,) = scored(scene).reasons
    assert found.code == code


def test_another_lens_than_given_is_named() -> None:
    scene = bench(35, 2.8, 900)
    photo = photograph(scene, 1)
    frame = Frame(photo.mosaic, photo.bayer, photo.black, photo.white)
    result = score_frames([frame], replace(setup_of(scene), focal_length_mm=50.0))
    assert result.reasons[0].code == "WRONG_LENS"
    assert "35 mm" in result.reasons[0].text


def test_a_sensor_out_of_square_is_measured_and_taken_for_no_anamorphic_lens() -> None:
    scene = bench(13.4, 1.9, 718, 0.5, tilt_deg=42.6, roll_deg=2.7, yaw_deg=2.4, chart=Chart(layout("a3")))
    scene = replace(scene, lens=replace(scene.lens, sensor_tilt_y_mrad=10.0, distortion_percent=-3.0))
    result = scored(scene)
    assert result.focus_error_mm is not None, result.reasons
    assert abs(result.focus_error_mm - scene.lens.focus_error_mm) < 0.05 * depth_of_field_mm(scene)
    assert result.chart_tilt_deg == pytest.approx(42.6 + 0.1, abs=0.2)
    assert result.focal_length_measured_mm == pytest.approx(13.4, rel=0.01)


def test_an_anamorphic_lens_is_named() -> None:
    scene = bench(25, 2.8, 650)
    result = scored(replace(scene, lens=replace(scene.lens, squeeze=1.33)))
    assert result.reasons[0].code == "ANAMORPHIC"


def test_a_view_that_no_flat_chart_gives_is_refused_not_explained_by_a_crooked_sensor() -> None:
    scene = bench(25.7, 9.5, 428, -4.0, tilt_deg=43.5, yaw_deg=24.4, roll_deg=7.5)
    result = scored(replace(scene, lens=replace(scene.lens, squeeze=2.0)))
    assert result.verdict == Verdict.INVALID
    assert result.reasons[0].code in ("NOT_FLAT", "ANAMORPHIC")


def test_a_chart_of_which_only_a_distant_band_is_sharp_is_still_found() -> None:
    chart = Chart(layout("a3", 8.0), print_blur_um=17.0)
    scene = bench(70.7, 2.32, 1448, tilt_deg=48.3, roll_deg=1.8, yaw_deg=-1.0, chart=chart)
    scene = replace(scene, lens=replace(scene.lens, focus_error_mm=-28.0))
    result = scored(scene)
    assert result.focus_error_mm is not None, result.reasons
    assert abs(result.focus_error_mm + 28.0) < 2.0 * (result.focus_error_mm_u95 or 0) < 1.0


def test_close_up_a_soft_print_leaves_edges_of_both_directions() -> None:
    chart = Chart(layout("a3", 3.15), print_blur_um=33.0)
    result = scored(bench(92.0, 10.6, 801, tilt_deg=47.0, roll_deg=-1.0, chart=chart))
    used = [edge.across_tilt for edge in result.edges if edge.used]
    assert 0.2 < np.mean(used) < 0.8


def test_a_chart_printed_at_97_percent_is_named_when_the_distance_is_known() -> None:
    scene = bench()
    scene = replace(scene, chart=Chart(print_scale=0.97))
    result = scored(scene, distance_mm=650 + 26.0, prints={})
    assert result.reasons[0].code == "WRONG_SCALE"
    assert "97." in result.reasons[0].text or "96." in result.reasons[0].text
    right = scored(bench(), distance_mm=650 + 26.0, prints={})
    assert right.verdict is Verdict.PASS


def test_a_lens_far_out_of_focus_is_no_wrong_scale() -> None:
    # the sensor is 2 % nearer to this lens than where the aim point would be sharp, and the chart that much smaller
    scene = bench(13.4, 8.0, 500)
    scene = replace(scene, lens=replace(scene.lens, focus_error_mm=1500.0))
    result = scored(scene, distance_mm=500 + 1 / (1 / 13.4 - 1 / 500), tolerance_um=50.0)
    assert (result.verdict, result.reasons[0].code) == (Verdict.FAIL_BACK, "BEYOND_CHART")


@pytest.mark.parametrize(("first", "code"), [(960, "WRONG_CHART"), (None, "NO_CHART")])
def test_a_board_of_other_fiducials_is_another_chart(first: int | None, code: str) -> None:
    board = np.full((760, 1014), 50000, np.uint16)
    dictionary = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_5X5_1000)
    for k in range(6):
        marker = (
            np.zeros((140, 140))
            if first is None
            else cv2.aruco.generateImageMarker(dictionary, first + k, 140)
        )
        row, column = 100 + 300 * (k // 3), 100 + 300 * (k % 3)
        board[row : row + 140, column : column + 140] = 5000 + 45000 * (marker > 0)
    result = score_frames([Frame(board)], Setup(25, 2.8, 1.55))
    assert [r.code for r in result.reasons] == [code]


def test_a_grey_picture_without_a_chart_is_no_chart() -> None:
    noise = np.random.default_rng(0).integers(20000, 40000, (760, 1014)).astype(np.uint16)
    result = score_frames([Frame(noise)], Setup(25, 2.8, 1.55))
    assert (result.verdict, result.reasons[0].code) == (Verdict.INVALID, "NO_CHART")


@pytest.mark.skipif(
    not (SHARED / "through-focus").exists(), reason="the real through-focus pictures are not here"
)
def test_a_real_circuit_board_is_no_chart() -> None:
    for path in sorted((SHARED / "through-focus").glob("*.JPG"))[::4]:
        result = score_frames([read_frame(path)], Setup(25, 2.8, 1.55))
        assert (result.verdict, result.reasons[0].code) == (Verdict.INVALID, "NO_CHART")


def _geometric_photo(
    focal: float, f_number: float, distance: float, error_dof: float
) -> tuple[np.ndarray, float]:
    """The chart's PNG warped by a pinhole, each band of rows blurred by a disc of its depth: no diffraction at all."""
    pitch, width, height, dpi = 3.1e-3, 2028, 1520, 300
    m = focal / (distance - focal)
    dof = f_number * pitch * (1 + m) / m**2
    sensor = 1 / (1 / focal - 1 / (distance + error_dof * dof))
    chart = layout("a4")
    paper = raster(chart, dpi).astype(np.float32) / 255
    c = np.sqrt(0.5)
    mm = 25.4 / dpi
    to_mm = np.array([[mm, 0, mm / 2 - chart.aim_mm[0]], [0, mm, mm / 2 - chart.aim_mm[1]], [0, 0, 1]])
    view = np.array([[1, 0, 0], [0, c, 0], [0, -c, distance]])
    lens = np.array([[sensor / pitch, 0, (width - 1) / 2], [0, sensor / pitch, (height - 1) / 2], [0, 0, 1]])
    fine = np.diag([2.0, 2.0, 1.0]) + [[0, 0, 0.5], [0, 0, 0.5], [0, 0, 0]]
    flags = cv2.INTER_LINEAR
    sharp = cv2.warpPerspective(
        paper, fine @ lens @ view @ to_mm, (2 * width, 2 * height), flags=flags, borderValue=0.3
    )
    blurred = np.empty_like(sharp)
    for top in range(0, 2 * height, 8):
        v = ((top + 3.5) / 2 - height / 2) * pitch / sensor
        along = v * distance / (c + v * c)
        image = 1 / (1 / focal - 1 / (distance - along * c))
        diameter = 2 * focal / f_number * abs(image - sensor) / image / pitch
        kernel = _disc(max(diameter, 0.05))
        reach = len(kernel) // 2
        a, b = max(0, top - reach), min(2 * height, top + 8 + reach)
        blurred[top : top + 8] = cv2.filter2D(sharp[a:b], -1, kernel)[top - a : top - a + 8]
    small = cv2.resize(blurred, (width, height), interpolation=cv2.INTER_AREA)
    noise = np.random.default_rng(0).standard_normal(small.shape) * 0.004
    return np.clip((0.05 + 0.75 * small + noise) * 65535, 0, 65535).astype(np.uint16), dof


def _disc(diameter: float) -> np.ndarray:
    n, s = int(np.ceil(diameter / 2)) + 1, 16
    g = (np.arange((2 * n + 1) * s) + 0.5) / s - (n + 0.5)
    disc = ((g[:, None] ** 2 + g[None, :] ** 2) <= (diameter / 2) ** 2).astype(np.float32)
    kernel = disc.reshape(2 * n + 1, s, 2 * n + 1, s).mean(axis=(1, 3))
    kernel[n, n] += 1e-12
    return np.asarray(kernel / kernel.sum())


@pytest.mark.parametrize("error_dof", [-2.5, 0.7, 3.0])
def test_a_world_of_blur_discs_is_measured_too(error_dof: float) -> None:
    picture, dof = _geometric_photo(25, 2.8, 650, error_dof)
    result = score_frames([Frame(picture)], Setup(25, 2.8, 3.1))
    assert result.focus_error_mm == pytest.approx(error_dof * dof, abs=0.05 * dof)
    assert result.chart_tilt_deg == pytest.approx(45, abs=0.05)

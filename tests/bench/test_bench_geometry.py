"""Points of the paper lie where a pinhole puts them, and are out of focus as a thin lens leaves them."""

from dataclasses import replace
from math import cos, radians, sin, sqrt, tan

import cv2
import numpy as np
import pytest
from bench_truth import AIM

from appliance.bench import Chart, Lens, Projection, Scene, Sensor, object_distance_mm
from appliance.bench.geometry import truth_of

PAPER = np.random.default_rng(1).uniform((20, 30), (190, 270), (50, 2))


def test_without_a_turn_it_is_similar_triangles() -> None:
    scene = Scene(Lens(40, 4), object_distance_mm=800, tilt_deg=30)
    x, y = 13.0, -21.0  # right of and above the aim point: farther away
    image = 1 / (1 / 40 - 1 / 800)
    depth = 800 + 21 * sin(radians(30))
    expected = np.array([x, y * cos(radians(30))]) * image / depth / 0.00155 + (4055 / 2, 3039 / 2)
    assert Projection(scene).pixels([AIM + (x, y)])[0] == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(("tilt", "yaw", "roll"), [(45, 0, 0), (38, 9, -4), (52, -14, 14)])
def test_it_agrees_with_opencv(tilt: float, yaw: float, roll: float) -> None:
    sensor = Sensor()
    lens = Lens(25, 4, focus_error_mm=7, distortion_percent=2.5)
    scene = Scene(lens, Chart(), sensor, object_distance_mm=700, tilt_deg=tilt, yaw_deg=yaw, roll_deg=roll)
    rotation = np.eye(3)
    # OpenCV's axes are x right, y down, z away: a right-handed turn about x takes the bottom away, one about y the left
    for axis, angle in (((1, 0, 0), -tilt), ((0, 1, 0), -yaw), ((0, 0, 1), roll)):
        rotation = cv2.Rodrigues(np.array(axis, float) * radians(angle))[0] @ rotation
    image = 1 / (1 / 25 - 1 / 707)
    scale = image / 0.00155
    camera = np.array([[scale, 0, 4055 / 2], [0, scale, 3039 / 2], [0, 0, 1.0]])
    corner = sqrt(4056**2 + 3040**2) / 2 / scale
    bend = np.array([0.025 / corner**2, 0, 0, 0, 0])
    flat = np.concatenate([PAPER - AIM, np.zeros((len(PAPER), 1))], axis=1)
    turned, _ = cv2.Rodrigues(rotation)
    expected, _ = cv2.projectPoints(flat, turned, np.array([0, 0, 700.0]), camera, bend)
    seen = np.linalg.norm(expected[:, 0] - (4055 / 2, 3039 / 2), axis=1) < 1.4 * sqrt(4056**2 + 3040**2) / 2
    assert seen.sum() > 20
    assert np.abs(Projection(scene).pixels(PAPER) - expected[:, 0])[seen].max() < 1e-6


def test_the_top_of_the_paper_is_farther_away_and_yaw_takes_the_right_hand_side_away() -> None:
    truth = truth_of(Projection(Scene(tilt_deg=45)))
    assert truth.depths_mm([AIM + (0, -10), AIM, AIM + (0, 10)]) == pytest.approx([sqrt(50), 0, -sqrt(50)])
    turned = truth_of(Projection(Scene(tilt_deg=0, yaw_deg=10)))
    assert turned.depths_mm([AIM + (10, 0)]) == pytest.approx([10 * sin(radians(10))])
    assert turned.obliquity_deg == pytest.approx(10)


def test_positive_roll_turns_the_picture_clockwise() -> None:
    aim, right = Projection(Scene(tilt_deg=0, roll_deg=10)).pixels([AIM, AIM + (10, 0)])
    step = right - aim
    assert step[1] / step[0] == pytest.approx(tan(radians(10)))


@pytest.mark.parametrize("distortion", [-4.0, 0.0, 4.0])
def test_pixels_and_paper_are_inverses(distortion: float) -> None:
    lens = Lens(
        50, 2.8, distortion_percent=distortion, sensor_tilt_x_mrad=10, sensor_tilt_y_mrad=-8, squeeze=1.33
    )
    scene = Scene(lens, roll_deg=5, yaw_deg=-10, aim_offset_px=(120, -80))
    projection = Projection(scene)
    pixels = np.random.default_rng(2).uniform((0, 0), (4055, 3039), (40, 2))
    assert np.abs(projection.pixels(projection.paper_points(pixels)) - pixels).max() < 1e-6
    paper = projection.paper_points(pixels)
    assert projection.w020_um_at_pixels(pixels) == pytest.approx(projection.w020_um_at_paper(paper), abs=1e-9)


def test_distortion_is_stated_at_the_corner() -> None:
    scene = Scene(Lens(50, 4, distortion_percent=3), tilt_deg=0)
    projection, ideal = Projection(scene), Projection(replace(scene, lens=Lens(50, 4)))
    corner = ideal.paper_points([(0, 0)])
    centre = np.array([4055 / 2, 3039 / 2])
    stretched = np.linalg.norm(projection.pixels(corner)[0] - centre) / np.linalg.norm(centre)
    assert stretched == pytest.approx(1.03, rel=1e-4)


def test_defocus_is_that_of_a_thin_lens() -> None:
    scene = Scene(Lens(50, 2.0, focus_error_mm=20), object_distance_mm=1000)
    point = AIM + (0, -30)
    depth = 1000 + 30 * sin(radians(45))
    sensor, image = (1 / (1 / 50 - 1 / o) for o in (1020, depth))
    # the marginal ray's optical path against the sphere about the sensor, to second order in the pupil
    expected = 1000 * 12.5**2 / 2 * (1 / image - 1 / sensor)
    truth = truth_of(Projection(scene))
    assert truth.w020_um([point])[0] == pytest.approx(expected, rel=1e-12)
    blur_radius_um = 1000 * 12.5 * abs(image - sensor) / image
    assert blur_radius_um == pytest.approx(4 * truth.working_f_number * abs(expected), rel=1e-3)


@pytest.mark.parametrize("focus_error", [-15.0, 8.0])
def test_truth_has_the_signs_of_the_lens(focus_error: float) -> None:
    truth = truth_of(Projection(Scene(Lens(50, 2.8, focus_error_mm=focus_error), yaw_deg=5, roll_deg=3)))
    assert truth.crossing_mm == pytest.approx(focus_error, abs=1e-6)
    assert np.sign(truth.image_shift_um) == np.sign(focus_error)
    small_shift = truth.magnification**2 * focus_error * 1000
    assert truth.image_shift_um == pytest.approx(small_shift, rel=0.05)


def test_under_corrected_spherical_puts_the_least_wavefront_error_nearer() -> None:
    truth = truth_of(Projection(Scene(Lens(50, 2.8, focus_error_mm=5, spherical_waves=0.5))))
    assert truth.crossing_mm == pytest.approx(5, abs=1e-6)
    # W020 = -W040: 8 N² W040 on the image side, over m² on the object side
    shift = 8 * truth.working_f_number**2 * 0.5 * 0.55 / 1000 / truth.magnification**2
    assert truth.crossing_least_rms_mm == pytest.approx(5 - shift, rel=0.02)


def test_sensor_tilt_moves_focus_by_side() -> None:
    # bottom of the picture farther from the lens: focuses nearer there
    scene = Scene(Lens(50, 2.8, sensor_tilt_x_mrad=10), tilt_deg=0)
    w020 = Projection(scene).w020_um_at_pixels([(2027.5, 0), (2027.5, 1519.5), (2027.5, 3039)])
    # at the bottom the image of the flat chart lies before the sensor
    assert w020[0] < -1e-3 < 0 < 1e-3 < w020[2]
    assert w020[1] == pytest.approx(0, abs=1e-6)
    scene = Scene(Lens(50, 2.8, field_curvature_um=30), tilt_deg=0)
    corner = Projection(scene).w020_um_at_pixels([(0, 0)])[0]
    number = scene.image_distance_mm / (50 / 2.8)
    assert corner == pytest.approx(-30 / (8 * number**2), rel=0.01)


def test_distances_count_from_the_sensor() -> None:
    scene = Scene(Lens(50, 2.8), object_distance_mm=object_distance_mm(50, 1500))
    assert scene.distance_mm == pytest.approx(1500)
    with pytest.raises(ValueError, match="cannot focus"):
        object_distance_mm(50, 199)


def test_a_bent_paper_is_met_where_it_bends_to() -> None:
    scene = Scene(chart=Chart(bow_mm=2.0, print_scale=0.98), yaw_deg=7, roll_deg=3)
    projection = Projection(scene)
    corner = projection.positions([(0, 0), AIM]) - Projection(
        replace(scene, chart=Chart(print_scale=0.98))
    ).positions([(0, 0), AIM])
    assert np.linalg.norm(corner, axis=1) == pytest.approx([2.0, 0.0], abs=1e-9)
    assert corner[0, 2] > 0
    pixels = np.random.default_rng(2).uniform((0, 0), (4055, 3039), (40, 2))
    assert np.abs(projection.pixels(projection.paper_points(pixels)) - pixels).max() < 1e-6
    paper = projection.paper_points(pixels)
    assert projection.w020_um_at_pixels(pixels) == pytest.approx(projection.w020_um_at_paper(paper), abs=1e-7)


def test_a_shrunk_print_is_seen_smaller() -> None:
    shrunk = Projection(Scene(chart=Chart(print_scale=0.97), tilt_deg=0))
    true = Projection(Scene(tilt_deg=0))
    size = [np.ptp(p.pixels([AIM, AIM + (10, 0)])[:, 0]) for p in (shrunk, true)]
    assert size[0] / size[1] == pytest.approx(0.97)

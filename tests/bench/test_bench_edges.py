"""An edge in a photo is the textbook's edge: diffraction, defocus, print and pixel, to 0.1 % of the contrast."""

from dataclasses import replace

import numpy as np
import pytest
from bench_truth import AIM, Array, chart_of, defocused_otf, edge_profile, edge_scene

from appliance.bench import Chart, Exposable, Lens, Projection, Scene, Sensor, photograph

SMALL = Sensor(width=1014, height=760, pitch_um=6.2)


def _around_edge(scene: Scene, angle_deg: float, reach_px: float = 20) -> tuple[Array, Array, Array]:
    """Light, distance from the edge (> 0 on paper) and the edge's normal for the pixels around the aim point."""
    light = Exposable(scene).light.astype(float)
    projection = Projection(scene)
    turned = np.radians(angle_deg)
    along_paper = np.array([-np.sin(turned), np.cos(turned)])
    aim, beyond = projection.pixels([AIM, AIM + 1e-4 * along_paper])
    along = (beyond - aim) / np.linalg.norm(beyond - aim)
    normal = np.array([-along[1], along[0]])
    y, x = np.mgrid[0 : light.shape[0], 0 : light.shape[1]]
    distance = (x - aim[0]) * normal[0] + (y - aim[1]) * normal[1]
    place = (x - aim[0]) * along[0] + (y - aim[1]) * along[1]
    chosen = (np.abs(distance) < reach_px) & (np.abs(place) < 25)
    return light[chosen], distance[chosen], normal


@pytest.mark.parametrize(
    ("f_number", "waves", "angle_deg", "blur_um"),
    [
        (1.4, 0.0, 5.0, 0.0),
        (1.4, -1.5, 191.0, 20.0),
        (2.8, 0.0, 101.0, 0.0),
        (2.8, 1.0, 40.0, 25.0),
        (5.6, 0.5, -11.0, 0.0),
        (11.0, 0.3, 281.0, 30.0),
    ],
)
def test_an_edge_square_to_the_axis_has_the_textbook_profile(
    f_number: float, waves: float, angle_deg: float, blur_um: float
) -> None:
    scene = edge_scene(angle_deg, f_number, waves, print_blur_um=blur_um)
    light, distance, normal = _around_edge(scene, angle_deg)
    magnification = 1 / (1 / 50 - 1 / (1000 + scene.lens.focus_error_mm)) / 1000
    expected = edge_profile(
        distance,
        normal,
        working_f_number=magnification * 1000 / (50 / f_number),
        w020_waves=waves,
        sigma_px=blur_um * magnification / 1.55,
    )
    assert np.abs(light - expected).max() < 1e-3
    assert abs(np.mean(light - expected)) < 3e-4


def _mtf(light: Array, distance: Array, frequency: Array) -> Array:
    """Modulation of an edge by direct regression: the profile's fine bins, differenced, transformed."""
    bins = np.arange(-18.125, 18.2, 0.25)
    index = np.digitize(distance, bins)
    means = np.array([light[index == k].mean() for k in range(1, len(bins))])
    places = (bins[1:-1])[:, None] * frequency
    difference = np.diff(means)[:, None] * np.exp(-2j * np.pi * places)
    return np.asarray(np.abs(difference.sum(axis=0)))


def test_the_tilted_chart_has_the_blur_of_its_own_depth_at_every_frequency() -> None:
    angle = 11.0
    scene = edge_scene(angle, 2.8, 0.7, tilt_deg=45.0, print_blur_um=15.0)
    light, distance, normal = _around_edge(scene, angle)
    number = scene.image_distance_mm / (50 / 2.8)
    magnification = scene.image_distance_mm / 1000
    spread = np.array([1.0, np.cos(np.pi / 4)]) * normal
    sigma = 15.0 * magnification / 1.55 * np.linalg.norm(spread)
    expected = edge_profile(distance, normal, number, 0.7, float(sigma))
    frequency = np.array([0.05, 0.1, 0.2, 0.3])
    assert np.abs(_mtf(light, distance, frequency) - _mtf(expected, distance, frequency)).max() < 0.002
    cutoff = 1.55 / (0.55 * number)
    assert abs(defocused_otf(0.1 / cutoff, 0.7)) > 0.5  # the comparison is of something


@pytest.mark.parametrize(
    ("angle_deg", "waves", "object_mm"),
    [
        (101.0, 8.0, 1000.0),
        (281.0, -8.0, 1000.0),
        (101.0, 2.0, 1000.0),
        (281.0, 0.5, 1000.0),
        (101.0, 8.0, 400.0),
        (281.0, -8.0, 400.0),
    ],
)
def test_an_edge_has_its_own_blur_though_that_of_its_surroundings_grows(
    angle_deg: float, waves: float, object_mm: float
) -> None:
    # rays: through one point of the pupil, a plane is seen in perspective; so all pupil points see the edge where its
    # own blur puts it, however much blur changes beside it
    print_um = 10.0 * object_mm / 1000
    scene = edge_scene(
        angle_deg, 1.4, waves, tilt_deg=45.0, print_blur_um=print_um, object_distance_mm=object_mm
    )
    light, distance, normal = _around_edge(scene, angle_deg, reach_px=35)
    projection = Projection(scene)
    aim = projection.pixels([AIM])[0]
    w020 = projection.w020_um_at_pixels(np.array([aim - (0, 10), aim + (0, 10)]))
    number = scene.image_distance_mm / (50 / 1.4)
    growth = 4 * number * abs(w020[1] - w020[0]) / 20 / 1.55
    assert growth > 0.015 * (1000 / object_mm), "blur was meant to grow"
    magnification = scene.image_distance_mm / object_mm
    sigma = print_um * magnification / 1.55 * np.linalg.norm(np.array([1.0, np.cos(np.pi / 4)]) * normal)
    off = light - edge_profile(distance, normal, number, waves, float(sigma))
    of_place = np.digitize(distance, np.arange(-35, 36, 5.0))
    means = np.array([off[of_place == k].mean() for k in range(1, 15)])
    assert np.abs(means).max() < 5e-4, (
        "0.0023 at 8 waves, 1 m, where every pixel has the blur of its own place"
    )


def _steepness(light: Array) -> float:
    return float(np.abs(np.diff(light, axis=0)).max())


@pytest.mark.parametrize("focus_error_mm", [-12.0, 12.0])
def test_back_focus_sharpens_the_far_top_half_and_front_focus_the_near_bottom_half(
    focus_error_mm: float,
) -> None:
    far = [AIM + (-40, -40), AIM + (40, -40), AIM + (40, -20), AIM + (-40, -20)]
    near = [AIM + (-40, 20), AIM + (40, 20), AIM + (40, 40), AIM + (-40, 40)]
    chart = Chart(chart_of(far, near), print_blur_um=0.0)
    scene = Scene(
        Lens(50, 2.0, focus_error_mm=focus_error_mm),
        chart,
        replace(SMALL, width=300),
        object_distance_mm=1000,
    )
    light = Exposable(scene).light.astype(float)
    top, bottom = _steepness(light[:380]), _steepness(light[380:])
    assert (top > 1.5 * bottom) if focus_error_mm > 0 else (bottom > 1.5 * top)


def test_equal_defocus_before_and_behind_the_focus_blurs_equally() -> None:
    pictures = [Exposable(edge_scene(11, 2.8, waves)).light for waves in (1.0, -1.0)]
    # the magnification differs by the change of image distance alone
    assert np.abs(pictures[0] - pictures[1]).max() < 2e-3


def test_under_corrected_spherical_is_sharper_on_its_own_side() -> None:
    before, behind = (
        _steepness(Exposable(edge_scene(101, 2.0, waves, spherical_waves=1.0)).light) for waves in (-1.0, 1.0)
    )
    assert before > 1.3 * behind


def test_astigmatism_blurs_radial_and_tangential_edges_at_different_depths() -> None:
    # at the corner's direction, an edge across the radius is blurred by the tangential focus alone
    offset = (500.0, 0.0)
    sharp = {}
    for angle in (0.0, 90.0):
        for waves in (-1.5, 1.5):
            scene = edge_scene(angle + 4, 2.8, waves, size=(1220, 60), astigmatism_waves=4.0)
            scene = replace(scene, aim_offset_px=offset)
            light = Exposable(scene).light[:, 1080:1140].astype(float)
            sharp[angle, waves] = max(np.abs(np.diff(light, axis=k)).max() for k in (0, 1))
    assert sharp[0.0, -1.5] > 1.5 * sharp[0.0, 1.5]
    assert sharp[90.0, 1.5] > 1.5 * sharp[90.0, -1.5]


def test_nothing_is_off_by_a_fraction_of_a_pixel() -> None:
    # a chart that equals itself when turned by 180° about the axis gives a picture that does
    half = [AIM + (-4, -3), AIM + (5, -4), AIM + (3, 0), AIM + (-5, 1)]
    turned = [2 * AIM - point for point in half]
    for size in ((151, 141), (150, 140)):
        sensor = Sensor(*size, bayer=None)
        chart = Chart(chart_of(half + turned), print_blur_um=10.0)
        scene = Scene(Lens(50, 2.0, focus_error_mm=2), chart, sensor, object_distance_mm=1000, tilt_deg=0)
        light = Exposable(scene).light
        assert np.abs(light - light[::-1, ::-1]).max() < 5e-4


def test_blur_moves_light_and_loses_none() -> None:
    spot = [AIM + (-6, -4), AIM + (6, -4), AIM + (5, 5), AIM + (-4, 4)]
    ink = {}
    for focus_error in (0.0, 30.0):
        chart = Chart(chart_of(spot), paper_reflectance=1.0, ink_reflectance=0.0, background_reflectance=1.0)
        scene = Scene(
            Lens(50, 4, focus_error_mm=focus_error), chart, SMALL, object_distance_mm=1000, tilt_deg=0
        )
        scale = scene.magnification / (SMALL.pitch_um / 1000)
        ink[focus_error] = (1 - Exposable(scene).light.astype(float)).sum() / scale**2
    area = 0.5 * abs(sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(spot, spot[1:] + spot[:1], strict=True)))
    assert ink[0.0] == pytest.approx(area, rel=1e-3)
    assert ink[30.0] == pytest.approx(area, rel=2e-3)


def test_an_even_chart_is_even() -> None:
    chart = Chart(chart_of([(0, 0), (0.001, 0), (0, 0.001)]), background_reflectance=0.85)
    light = Exposable(Scene(Lens(50, 1.4, focus_error_mm=5), chart, SMALL)).light
    assert np.abs(light - 1).max() < 1e-4


def test_the_tiles_leave_no_seams() -> None:
    whole = Scene(Lens(25, 1.4, focus_error_mm=3, field_curvature_um=20), object_distance_mm=500, roll_deg=4)
    light = {}
    for width, height in ((1100, 900), (1300, 1000)):
        # the field curvature is stated at the corner: the same surface, larger sensor
        larger = (width**2 + height**2) / (1100**2 + 900**2)
        lens = replace(whole.lens, field_curvature_um=20 * larger)
        scene = replace(whole, lens=lens, sensor=Sensor(width=width, height=height))
        light[width] = Exposable(scene).light
    assert np.abs(light[1300][50:-50, 100:-100] - light[1100]).max() < 3e-3


def test_the_same_seed_gives_the_same_photo() -> None:
    scene = Scene(Lens(50, 4), sensor=replace(SMALL, width=200, height=150))
    first, again, other = photograph(scene, 3), photograph(scene, 3), photograph(scene, 4)
    assert first.mosaic.dtype == np.uint16
    assert np.array_equal(first.mosaic, again.mosaic)
    assert not np.array_equal(first.mosaic, other.mosaic)

"""The sensor's numbers have the noise, the colours and the faults that were asked for."""

from dataclasses import replace

import numpy as np
import pytest

from appliance.bench import Bench, Chart, Exposable, Lens, Light, Mishap, Scene, Sensor, photograph
from appliance.bench.photo import expose

PATCH = Sensor(width=400, height=300, bayer=None, full_well_e=2626, pixel_gain_spread=0.0085, black=64)
FLAT = np.full((300, 400), 1.0, np.float32)


def _scene(sensor: Sensor = PATCH, **light: float) -> Scene:
    return Scene(sensor=sensor, light=Light(**light))


@pytest.mark.parametrize("level", [0.165, 0.835])
def test_variance_is_shot_and_read_noise(level: float) -> None:
    step = (4095 - 64) / 2626
    electrons = level * 2626
    pair = [expose(FLAT, _scene(exposure=level), seed).astype(float) for seed in (1, 2)]
    assert np.mean(pair) == pytest.approx(64 + electrons * step, rel=2e-3)
    # the pixels' gains are the same in both photos and cancel
    noise = np.var(pair[0] - pair[1]) / 2
    assert noise == pytest.approx((electrons + 2.5**2) * step**2 + 1 / 12, rel=0.02)
    fixed = np.mean((pair[0] - pair[0].mean()) * (pair[1] - pair[1].mean()))
    assert np.sqrt(fixed) / (electrons * step) == pytest.approx(0.0085, rel=0.1)


def test_without_noise_it_only_rounds() -> None:
    values = expose(FLAT, _scene(replace(PATCH, noise=False), exposure=0.5), 1)
    assert np.all(values == round(64 + 0.5 * (4095 - 64)))


def test_too_much_light_clips_and_a_lens_cap_leaves_black() -> None:
    assert np.mean(expose(FLAT, _scene(exposure=1.5), 1) == 4095) > 0.999
    scene = replace(_scene(), mishap=Mishap(lens_cap=True))
    dark = photograph(scene, 1).mosaic.astype(float)
    assert dark.mean() == pytest.approx(64, abs=0.1)
    assert dark.std() == pytest.approx(2.5 * (4095 - 64) / 2626, rel=0.05)


@pytest.mark.parametrize(("bayer", "green"), [("rggb", (0, 1)), ("grbg", (0, 0))])
def test_colours_lie_where_the_order_says(bayer: str, green: tuple[int, int]) -> None:
    sensor = replace(PATCH, bayer=bayer, noise=False)
    values = expose(FLAT, _scene(sensor, gain_red=0.5, gain_blue=0.6), 1).astype(float) - 64
    assert values[green[0] :: 2, green[1] :: 2].mean() == pytest.approx(0.7 * 4031, abs=1)
    assert sorted(round(values[j, i] / (0.7 * 4031), 2) for j in (0, 1) for i in (0, 1)) == [
        0.5,
        0.6,
        1.0,
        1.0,
    ]


def test_flicker_changes_rows_and_its_phase_from_photo_to_photo() -> None:
    scene = _scene(replace(PATCH, noise=False), flicker=0.1, flicker_rows=100)
    first, second = (expose(FLAT, scene, seed).astype(float) for seed in (1, 2))
    assert np.ptp(first, axis=1).max() == 0
    assert np.ptp(first[:, 0]) / np.mean(first - 64) == pytest.approx(0.2, rel=0.02)
    assert np.abs(first - second).max() > 50


def test_light_falls_off_to_the_corner_and_slopes() -> None:
    scene = Scene(lens=Lens(50, 8, fall_off=1 / 3), sensor=replace(PATCH, width=401, height=301), tilt_deg=0)
    chart = Chart(replace(scene.chart.layout, ink=scene.chart.layout.ink[:1]))
    light = Exposable(replace(scene, chart=chart)).light
    assert light[150, 200] == pytest.approx(1, abs=1e-3)
    assert light[0, 0] == pytest.approx(1 / 3, rel=0.01)
    sloping = Exposable(replace(scene, chart=chart, lens=Lens(50, 8), light=Light(slope_x=0.5))).light
    assert sloping[150, 400] / sloping[150, 0] == pytest.approx(3, rel=0.01)


def test_a_hand_covers_its_corner_only() -> None:
    scene = Scene(sensor=PATCH)
    covered = replace(scene, mishap=Mishap(hand=((0, 0), (0.3, 0), (0.3, 0.4), (0, 0.4))))
    clear, hidden = Exposable(scene).light, Exposable(covered).light
    assert hidden[40, 40] == pytest.approx(0.4 / 0.85, rel=0.01)
    assert np.array_equal(clear[200:, 220:], hidden[200:, 220:])


def test_motion_blurs_along_itself() -> None:
    still = Scene(Lens(50, 8), sensor=replace(PATCH, width=600, height=500))
    shaken = replace(still, mishap=Mishap(motion_px=(8.0, 0.0)))
    steep = [[np.abs(np.diff(Exposable(s).light, axis=k)).max() for k in (0, 1)] for s in (still, shaken)]
    assert steep[1][1] < 0.5 * steep[0][1]
    assert steep[1][0] > 0.8 * steep[0][0]


def test_the_full_range_has_black_at_zero_and_white_at_65535() -> None:
    photo = photograph(_scene(replace(PATCH, noise=False), exposure=1.2), 1)
    full = photo.full_range()
    assert full.dtype == np.uint16
    assert full.max() == 65535
    assert np.all(np.abs(full - (photo.mosaic - 64.0) * 65535 / 4031) <= 0.5)


def test_every_press_is_a_new_photo_of_the_same_scene() -> None:
    benches = [Bench(Scene(sensor=PATCH), seed=5) for _ in range(2)]
    first, second = benches[0].press(), benches[0].press()
    assert not np.array_equal(first.mosaic, second.mosaic)
    assert np.abs(first.mosaic.mean() - second.mosaic.mean()) < 2
    assert np.array_equal(benches[1].press().mosaic, first.mosaic)


def test_the_ring_and_the_mount_change_the_truth() -> None:
    bench = Bench(Scene(sensor=PATCH))
    bench.focus(-6.0)
    assert bench.press().truth.focus_error_mm == -6.0
    bench.mount(Lens(25, 4))
    assert bench.press().truth.focus_error_mm == 0.0
    bench.hang(Chart(print_blur_um=60.0))
    assert bench.scene.chart.print_blur_um == 60.0

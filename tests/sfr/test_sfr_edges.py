"""A batch of predicted edges: found where they are, measured whatever bends or lights them, refused by name."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
import edge_truth as truth
from edge_truth import F64

from appliance.sfr import REASONS, EdgeBatch, measure_edges

SIGMA = 0.75
GAUSS = truth.gaussian_profile(SIGMA)


def disc_profile(radius: float) -> Callable[[F64], F64]:
    """A uniform defocus disc."""

    def profile(u: F64) -> F64:
        h = np.clip(u / radius, -1, 1)
        return 0.5 + (h * np.sqrt(1 - h * h) + np.arcsin(h)) / np.pi

    return profile


def picture(
    angle_deg: float,
    profile: Callable[[F64], F64] = GAUSS,
    size: int = 180,
    offset: float = 0.3,
    bend: float = 0.0,
    light: Callable[[F64, F64], F64] | None = None,
) -> F64:
    across, _ = truth.geometry(angle_deg, (size, size), offset, bend)
    signal = truth.DARK + (truth.LIGHT - truth.DARK) * profile(across)
    if light is not None:
        y, x = np.mgrid[:size, :size] - size / 2
        signal = signal * light(x, y)
    return signal


def measure(
    plane: F64, angle_deg: float, length: float = 100, half_width: float = 30, **kwargs: object
) -> EdgeBatch:
    """Measured from a prediction 2.5 px and 1° off."""
    segment = truth.segment_of(angle_deg + 1.0, plane.shape, length, 0.3 + 2.5)
    return measure_edges(plane.astype(np.float32), segment[None], half_width, **kwargs)  # type: ignore[arg-type]


EXPECTED_OFFSET = -2.5 / np.cos(np.radians(1.0))


@pytest.mark.parametrize("angle", [5.0, 41.0, 85.0, 95.0, 139.0, -5.0, -30.0, -93.5, 174.0])
def test_an_edge_is_found_in_every_quadrant_and_either_way_round(angle: float) -> None:
    edge = measure(picture(angle), angle)
    assert edge.measured.all()
    assert edge.offset_px[0] == pytest.approx(EXPECTED_OFFSET, abs=0.002)
    assert edge.angle_deg[0] == pytest.approx(angle, abs=0.005)
    assert edge.rising[0]
    falling = measure(1 - picture(angle), angle)
    assert not falling.rising[0]
    assert falling.offset_px[0] == pytest.approx(EXPECTED_OFFSET, abs=0.002)
    assert falling.mtf50_cpp[0] == pytest.approx(edge.mtf50_cpp[0], rel=1e-3)


@pytest.mark.parametrize("radius", [3.0, 7.5, 15.0])
def test_a_defocus_disc_does_not_move_the_edge(radius: float) -> None:
    half_width = max(30, int(3 * radius))
    edge = measure(picture(83.0, disc_profile(radius), 240), 83.0, half_width=half_width)
    assert edge.offset_px[0] == pytest.approx(EXPECTED_OFFSET, abs=0.01)
    # J1(2πfR) / (πfR) is one half at 2πfR = 2.2151
    assert edge.mtf50_cpp[0] == pytest.approx(2.2151 / (2 * np.pi * radius), rel=0.003)


def test_beyond_a_phase_reversal_the_signed_response_is_negative() -> None:
    edge = measure(picture(83.0, disc_profile(7.5), 240), 83.0)
    reversed_part = edge.sfr[0][(edge.frequency_cpp > 0.09) & (edge.frequency_cpp < 0.14)]
    assert np.all(reversed_part < -0.05)


def test_positions_scatter_as_stated_and_without_bias() -> None:
    rng = np.random.default_rng(2)
    errors, scores = [], []
    for _ in range(60):
        angle = 90 + rng.uniform(3, 40) * rng.choice([-1, 1])
        edge = measure(truth.noisy(picture(angle), rng), angle, length=60)
        errors.append(edge.offset_px[0] - EXPECTED_OFFSET)
        scores.append(errors[-1] / edge.offset_px_sd[0])
    assert abs(np.mean(errors)) < 0.005
    assert 0.7 < np.std(scores) < 1.2


def test_a_bent_edge_is_as_sharp_as_a_straight_one() -> None:
    edge = measure(picture(84.0, bend=1e-4), 84.0)
    assert edge.bend_per_px[0] == pytest.approx(1e-4, rel=0.01)
    assert edge.mtf50_cpp[0] == pytest.approx(0.18740 / SIGMA, rel=0.002)


@pytest.mark.parametrize("length", [25, 100])
@pytest.mark.parametrize("direction", [0.0, 50.0, 120.0, 240.0])
def test_light_that_falls_off_changes_neither_response_nor_position(length: int, direction: float) -> None:
    a = np.radians(direction)
    plane = picture(96.0, light=lambda x, y: 1 + 5e-4 * (x * np.cos(a) + y * np.sin(a)))
    edge = measure(plane, 96.0, length=length)
    assert edge.mtf50_cpp[0] == pytest.approx(0.18740 / SIGMA, rel=0.002)
    assert edge.offset_px[0] == pytest.approx(EXPECTED_OFFSET, abs=0.003)


def test_greens_of_different_gain_do_not_roughen_the_edge() -> None:
    plane = picture(86.0)
    plane[1::2] *= 1.02
    edge = measure(plane, 86.0, lattice="rggb")
    assert edge.mtf50_cpp[0] == pytest.approx(0.18740 / SIGMA, rel=0.003)


def test_levels_and_noise_are_in_the_planes_units() -> None:
    rng = np.random.default_rng(4)
    edge = measure(truth.noisy(picture(85.0), rng), 85.0)
    gain = 4095 / truth.FULL_SCALE_E
    assert edge.dark[0] == pytest.approx(truth.DARK * 4095, rel=0.01)
    assert edge.light[0] == pytest.approx(truth.LIGHT * 4095, rel=0.01)
    for noise, level in ((edge.noise_dark[0], truth.DARK), (edge.noise_light[0], truth.LIGHT)):
        electrons = level * truth.FULL_SCALE_E
        expected = np.sqrt(electrons + truth.READ_NOISE_E**2 + (truth.GAIN_SPREAD * electrons) ** 2) * gain
        assert noise == pytest.approx(expected, rel=0.06)
    assert edge.contrast_to_noise[0] == pytest.approx(45.4, rel=0.06)


def test_neighbouring_frequencies_share_their_errors() -> None:
    rng = np.random.default_rng(6)
    plane = np.concatenate([truth.noisy(picture(85.0), rng) for _ in range(80)])
    one = truth.segment_of(85.0, (180, 180), 100, 0.3)
    r = measure_edges(plane, [one + [0, i * 180, 0, i * 180] for i in range(80)], 30)
    observed, stated = np.corrcoef(r.sfr[:, 8], r.sfr[:, 9])[0, 1], np.mean(r.covariance[:, 8, 9])
    stated /= np.sqrt(np.mean(r.covariance[:, 8, 8]) * np.mean(r.covariance[:, 9, 9]))
    assert observed == pytest.approx(stated, abs=0.1)


def test_edges_of_a_batch_do_not_know_of_each_other() -> None:
    plane = np.concatenate([picture(85.0), picture(50.0)]).astype(np.float32)
    segments = [
        truth.segment_of(85.0, (180, 180), 100),
        truth.segment_of(50.0, (180, 180), 60) + [0, 180, 0, 180],
    ]
    both = measure_edges(plane, segments, [30.0, 20.0])
    for i, half_width in enumerate((30.0, 20.0)):
        alone = measure_edges(plane, [segments[i]], half_width)
        assert alone.mtf50_cpp[0] == pytest.approx(both.mtf50_cpp[i], rel=1e-6)


def test_leaving_the_sfr_out_changes_nothing_else() -> None:
    rng = np.random.default_rng(2)
    planes = [truth.noisy(picture(85.0, disc_profile(r)), rng) for r in (1.0, 3.0, 6.0)]
    plane = np.concatenate(planes).astype(np.float32)
    along = [truth.segment_of(85.0, (180, 180), 80) + [0, 180 * k, 0, 180 * k] for k in range(3)]
    whole, less = (measure_edges(plane, along, 30, **more) for more in ({}, {"frequency_cpp": ()}))
    assert less.sfr.shape == (3, 0)
    for name in ("mtf50_cpp", "mtf50_cpp_sd", "offset_px", "light", "spread_px", "measured"):
        np.testing.assert_array_equal(getattr(less, name), getattr(whole, name))


def refused(plane: F64, segment: list[float] | F64, half_width: float = 20, **kwargs: object) -> str:
    batch = measure_edges(plane.astype(np.float32), [segment], half_width, **kwargs)  # type: ignore[arg-type]
    reason = str(batch.reason[0])
    assert reason in REASONS
    if not batch.measured[0]:
        assert np.isnan(batch.mtf50_cpp[0])
        assert np.isnan(batch.sfr[0]).all()
    return reason


def test_what_cannot_be_measured_is_refused_by_name() -> None:
    rng = np.random.default_rng(1)
    good, along = picture(85.0), truth.segment_of(85.0, (180, 180), 80)
    assert refused(good, [10.0, 10.0, 14.0, 30.0 - 15]) == "TOO_SHORT"
    assert refused(good, [170.0, 20.0, 190.0, 160.0]) == "OUTSIDE"
    assert refused(500 + 10 * rng.standard_normal((180, 180)), along) == "LOW_CONTRAST"
    assert refused(np.minimum(truth.noisy(good * 1.25, rng), 4095), along, white=4095) == "CLIPPED"
    assert refused(picture(90.0), truth.segment_of(90.0, (180, 180), 80)) == "ANGLE"
    assert refused(picture(83.0, disc_profile(15)), truth.segment_of(83.0, (180, 180), 80)) == "TOO_NARROW"


def test_a_blank_or_broken_picture_raises_nothing() -> None:
    for plane in (np.zeros((180, 180)), np.full((180, 180), 7.0), np.full((180, 180), np.nan)):
        batch = measure_edges(plane, [truth.segment_of(85.0, (180, 180), 80)] * 2, 20)
        assert not batch.measured.any()
    assert len(measure_edges(np.zeros((180, 180)), np.empty((0, 4)), 20)) == 0

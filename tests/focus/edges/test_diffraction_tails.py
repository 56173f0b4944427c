"""What other print adds to the profile of an edge, against Fourier optics on a picture of the printed chart."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import map_coordinates  # type: ignore[import-untyped]

sys.path.insert(0, str(Path(__file__).parents[2] / "sfr"))
import edge_truth as truth
from edge_truth import F64

from appliance.chart.layout import layout
from appliance.chart.pose import Pose
from appliance.chart.segments import SegmentPlan, plan_segments
from appliance.focus.edges.diffraction_tails import diffraction_tails

AIRY_PX, SCALE, SIZE, FINER = 4.0, 5.0, 900, 3
CHART = layout("a4")


def _pose() -> Pose:
    middle = np.array([SIZE / 2 - 0.5, SIZE / 2 - 0.5])
    # beside the star: the squares that most edges are cut from
    return Pose(
        np.zeros(3), middle, SCALE, 1 / 500, 0.0, (SIZE, SIZE), (CHART.aim_mm[0], CHART.aim_mm[1] + 60)
    )


def _light(pose: Pose, waves: float) -> F64:
    """The chart through a lens out of focus by so many waves, FINER samples a pixel; 1 is paper, 0 is ink."""
    ink = np.zeros((SIZE * FINER, SIZE * FINER))
    for polygon in CHART.ink:
        corners = (pose.project(np.array(polygon)) + 0.5) * FINER - 0.5
        low = np.clip(np.floor(corners.min(axis=0)) - 2, 0, SIZE * FINER).astype(int)
        high = np.clip(np.ceil(corners.max(axis=0)) + 3, 0, SIZE * FINER).astype(int)
        y, x = np.mgrid[low[1] : high[1], low[0] : high[0]]
        covered = np.ones(x.shape)
        following = np.roll(corners, -1, axis=0)
        turn = np.sign((corners[:, 0] * following[:, 1] - corners[:, 1] * following[:, 0]).sum())
        for (x1, y1), (x2, y2) in zip(corners, following, strict=True):
            inside = turn * ((x2 - x1) * (y - y1) - (y2 - y1) * (x - x1)) / np.hypot(x2 - x1, y2 - y1)
            covered *= np.clip(inside + 0.5, 0, 1)
        ink[low[1] : high[1], low[0] : high[0]] += covered
    frequency = np.fft.fftfreq(SIZE * FINER, 1 / FINER)
    radius = np.hypot(frequency[:, None], frequency[None, : SIZE * FINER // 2 + 1])
    table = np.linspace(0, 1 / AIRY_PX, 201)
    passed = np.interp(radius, table, truth.airy_otf(table, 1 / AIRY_PX, waves), right=0.0)
    return np.asarray(np.fft.irfft2(np.fft.rfft2(1 - ink) * passed, ink.shape))


def _half_plane(u: F64, waves: float) -> F64:
    nodes, weights = np.polynomial.legendre.leggauss(400)
    nodes, weights = (nodes + 1) / 2 / AIRY_PX, weights / 2 / AIRY_PX
    response = truth.airy_otf(nodes, 1 / AIRY_PX, waves)
    return np.asarray(0.5 + np.sin(2 * np.pi * np.outer(u, nodes)) @ (weights * response / (np.pi * nodes)))


def _pieces(pose: Pose) -> SegmentPlan:
    count = len(CHART.edges)
    plan = plan_segments(
        CHART.edges, pose, np.full(count, 6.0), np.full(count, 14.0), np.full(count, 60.0), pieces=1
    )
    central = np.abs(plan.px.reshape(-1, 2, 2).mean(axis=1) - SIZE / 2).max(axis=1) < 120
    return plan.take(central)


def _seen(pose: Pose, plan: SegmentPlan, u: F64, waves: float) -> F64:
    """(n, K) what the picture has beside half planes."""
    light = _light(pose, waves)
    seen = np.empty((len(plan), len(u)))
    for k, (x1, y1, x2, y2) in enumerate(plan.px):
        along = np.array([x2 - x1, y2 - y1])
        normal = np.array([along[1], -along[0]]) / np.hypot(*along)
        t = (np.arange(80) + 0.5) / 80
        points = np.array([x1, y1]) + t[:, None, None] * along + u[None, :, None] * normal
        places = (points[..., ::-1] + 0.5) * FINER - 0.5
        profile = map_coordinates(light, places.reshape(-1, 2).T, order=3).reshape(80, -1).mean(axis=0)
        seen[k] = profile - _half_plane(u, waves)
    return seen


def _rms(values: F64) -> float:
    return float(np.sqrt(np.mean(values**2)))


def test_other_print_is_foreseen_as_fourier_optics_has_it() -> None:
    pose = _pose()
    plan = _pieces(pose)
    assert len(plan) > 12
    u = np.arange(-12.0, 12.1, 1.5)
    foreseen = diffraction_tails(CHART, pose, plan, AIRY_PX, u, halo=False).far
    seen = _seen(pose, plan, u, 0.0)
    assert np.abs(seen).max() > 0.01, "the other print was meant to matter"
    assert np.corrcoef(seen.ravel(), foreseen.ravel())[0, 1] > 0.99
    assert _rms(seen - foreseen) < 0.1 * _rms(seen)


def test_a_halo_brings_other_print_nearer_as_fourier_optics_has_it() -> None:
    pose, waves = _pose(), 0.3
    plan = _pieces(pose)
    u = np.arange(-9.0, 9.1, 1.5)
    light, seen = diffraction_tails(CHART, pose, plan, AIRY_PX, u, halo=True), _seen(pose, plan, u, waves)
    foreseen = light.of(np.full(len(plan), 4 * AIRY_PX * waves))
    assert _rms(seen - light.far) > 0.05 * _rms(seen), "the halo was meant to matter"
    assert _rms(seen - foreseen) < 0.4 * _rms(seen - light.far)


def test_it_is_proportional_to_the_blur_of_diffraction() -> None:
    pose = _pose()
    plan = _pieces(pose)
    u = np.linspace(-10, 10, 9)
    once, twice = (diffraction_tails(CHART, pose, plan, airy_px, u, halo=True) for airy_px in (1.0, 2.0))
    assert twice.far == pytest.approx(2.0 * once.far)
    assert twice.per_halo_px2 == pytest.approx(2.0 * once.per_halo_px2)


def test_ink_behind_the_lens_or_far_outside_a_bent_picture_casts_no_light() -> None:
    # seen from 40 mm at 50 degrees, most of the sheet lies behind the lens; strong distortion folds what lies far out
    middle = np.array([SIZE / 2 - 0.5, SIZE / 2 - 0.5])
    turn = np.array([np.radians(50.0), 0.0, 0.0])
    pose = Pose(turn, middle, 30.0, 1 / 40, -0.04, (SIZE, SIZE), CHART.aim_mm)
    count = len(CHART.edges)
    plan = plan_segments(
        CHART.edges, pose, np.full(count, 6.0), np.full(count, 14.0), np.full(count, 60.0), pieces=1
    )
    assert len(plan) > 12
    light = diffraction_tails(CHART, pose, plan, 1.0, np.arange(-12.0, 12.1, 1.5), halo=True)
    assert np.abs(light.of(np.ones(len(plan)))).max() < 0.02


@pytest.mark.parametrize("scale", [60.0, 120.0])
def test_a_view_with_little_print_in_it_is_foreseen_too(scale: float) -> None:
    middle = np.array([SIZE / 2 - 0.5, SIZE / 2 - 0.5])
    aim = CHART.aim_mm
    pose = Pose(np.zeros(3), middle, scale, 1 / 60, 0.0, (SIZE, SIZE), (aim[0] + 12.0, aim[1] + 12.0))
    inside = pose.sees(np.array([p for polygon in CHART.outlines for p in polygon]))
    assert 4 < inside.sum() < 4 * 170, "few polygons were meant to be in view"
    count = len(CHART.edges)
    plan = plan_segments(
        CHART.edges, pose, np.full(count, 6.0), np.full(count, 14.0), np.full(count, 60.0), pieces=1
    )
    assert len(plan) >= 1
    light = diffraction_tails(CHART, pose, plan, 1.0, np.arange(-12.0, 12.1, 1.5), halo=True)
    assert np.abs(light.of(np.ones(len(plan)))).max() < 0.01


def test_a_piece_whose_own_square_is_not_seen_whole_is_named_by_no_number() -> None:
    pose, u = _pose(), np.arange(-12.0, 12.1, 1.5)
    plan = _pieces(pose)
    # one piece lies beyond the picture, where no side of any polygon runs
    lost = replace(plan, px=np.concatenate([plan.px[:1] + 1e5, plan.px[1:]]))
    light = diffraction_tails(CHART, pose, lost, AIRY_PX, u, halo=False).far
    assert np.isnan(light[0]).all()
    assert light[1:] == pytest.approx(diffraction_tails(CHART, pose, plan, AIRY_PX, u, halo=False).far[1:])

"""What the estimator makes of an edge whose response is known: told beforehand, and measured on a picture of it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import j1  # type: ignore[import-untyped]

sys.path.insert(0, str(Path(__file__).parent))
import edge_truth as truth
from edge_truth import F64

from appliance.sfr import EdgeBatch, measure_edges
from appliance.sfr.predict import nodes_of, predicted

FREQUENCY = np.arange(0.04, 0.41, 0.04)
HALF_WIDTH = 24.0


def disc_with_halo(frequency: F64, radius: float, halo: float, share: float) -> F64:
    """Response of a small defocus disc in a large one, as spherical aberration leaves on one side of focus."""

    def disc(r: float) -> F64:
        x = 2 * np.pi * r * np.maximum(frequency, 1e-9)
        return np.asarray(2 * j1(x) / x)

    return (1 - share) * disc(radius) + share * disc(halo)


def disc_edge(u: F64, radius: float) -> F64:
    h = np.clip(u / radius, -1, 1)
    return np.asarray(0.5 + (h * np.sqrt(1 - h * h) + np.arcsin(h)) / np.pi)


def measured_and_foreseen(
    plane: F64, response: Callable[[F64], F64], top_cpp: float, airy_px: float, window_px: float
) -> tuple[EdgeBatch, F64]:
    """The edge of a picture measured, and what is foreseen of its ``response``; the edge runs at 7°."""
    segment = truth.segment_of(7.0, plane.shape, 120, 0.3)
    options: dict[str, Any] = {"airy_px": airy_px, "window_px": window_px}
    batch = measure_edges(plane, segment[None], HALF_WIDTH, frequency_cpp=FREQUENCY, **options)
    nodes = nodes_of(top_cpp, np.array([HALF_WIDTH]))
    index, half_width = np.array([0]), np.array([HALF_WIDTH])
    return batch, predicted(response(nodes[0])[None], nodes, batch, index, half_width, **options)[0]


def picture(profile: Callable[[F64], F64]) -> F64:
    across, _ = truth.geometry(7.0, (180, 180), 0.3)
    return np.asarray(truth.DARK + (truth.LIGHT - truth.DARK) * profile(across))


@pytest.mark.parametrize(("radius", "halo", "share"), [(1.5, 9.0, 0.2), (2.0, 12.0, 0.15), (1.2, 7.0, 0.3)])
def test_the_bias_of_a_short_window_is_foreseen(radius: float, halo: float, share: float) -> None:
    def profile(u: F64) -> F64:
        return (1 - share) * disc_edge(u, radius) + share * disc_edge(u, halo)

    def response(frequency: F64) -> F64:
        return disc_with_halo(frequency, radius, halo, share)

    batch, foreseen = measured_and_foreseen(picture(profile), response, 2.0, 1e-6, 6.0)
    true = response(FREQUENCY)
    assert np.abs(batch.sfr[0] - true).max() > 0.02, "the window was meant to cut something off"
    assert np.abs(batch.sfr[0] - foreseen).max() < 0.15 * np.abs(batch.sfr[0] - true).max()


def test_nothing_is_foreseen_where_the_window_holds_all() -> None:
    def response(frequency: F64) -> F64:
        return np.asarray(np.exp(-2 * (np.pi * frequency) ** 2))

    _, foreseen = measured_and_foreseen(picture(truth.gaussian_profile(1.0)), response, 1.5, 1e-6, 8.0)
    assert foreseen == pytest.approx(response(FREQUENCY), abs=5e-4)


@pytest.mark.parametrize(("cutoff", "waves"), [(0.26, 0.0), (0.26, 0.2), (0.5, 0.3)])
def test_the_slow_tails_of_diffraction_take_no_contrast(cutoff: float, waves: float) -> None:
    optics = truth.Optical.of(cutoff, waves)

    def response(frequency: F64) -> F64:
        return optics.sfr(frequency, 7.0)

    plane = picture(optics.profile(7.0))
    batch, foreseen = measured_and_foreseen(plane, response, cutoff, 1 / cutoff, 10.5)
    passed = 0.9 * cutoff > FREQUENCY
    assert np.abs(batch.sfr[0] - foreseen)[passed].max() < 4e-4
    contrast = batch.light[0] - batch.dark[0]
    assert contrast == pytest.approx(truth.LIGHT - truth.DARK, rel=5e-3)

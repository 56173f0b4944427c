"""What the estimator makes of an edge whose response is known: told beforehand, and measured on a picture of it."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.special import j1  # type: ignore[import-untyped]

sys.path.insert(0, str(Path(__file__).parent))
import edge_truth as truth
from edge_truth import F64

from appliance.sfr import measure_edges
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


@pytest.mark.parametrize(("radius", "halo", "share"), [(1.5, 9.0, 0.2), (2.0, 12.0, 0.15), (1.2, 7.0, 0.3)])
def test_the_bias_of_a_short_window_is_foreseen(radius: float, halo: float, share: float) -> None:
    across, _ = truth.geometry(7.0, (180, 180), 0.3)
    profile = (1 - share) * disc_edge(across, radius) + share * disc_edge(across, halo)
    plane = truth.DARK + (truth.LIGHT - truth.DARK) * profile
    segment = truth.segment_of(7.0, plane.shape, 120, 0.3)
    batch = measure_edges(
        plane.astype(np.float32),
        segment[None],
        HALF_WIDTH,
        frequency_cpp=FREQUENCY,
        airy_px=1e-6,
        window_px=6.0,
    )
    nodes = nodes_of(2.0, np.array([HALF_WIDTH]))
    response = disc_with_halo(nodes[0], radius, halo, share)[None]
    index, half_width = np.array([0]), np.array([HALF_WIDTH])
    foreseen = predicted(response, nodes, batch, index, half_width, 1e-6, 6.0)[0]
    true = disc_with_halo(FREQUENCY, radius, halo, share)
    assert np.abs(batch.sfr[0] - true).max() > 0.02, "the window was meant to cut something off"
    assert np.abs(batch.sfr[0] - foreseen).max() < 0.15 * np.abs(batch.sfr[0] - true).max()


def test_nothing_is_foreseen_where_the_window_holds_all() -> None:
    across, _ = truth.geometry(7.0, (180, 180), 0.3)
    plane = truth.DARK + (truth.LIGHT - truth.DARK) * truth.gaussian_profile(1.0)(across)
    segment = truth.segment_of(7.0, plane.shape, 120, 0.3)
    batch = measure_edges(
        plane.astype(np.float32),
        segment[None],
        HALF_WIDTH,
        frequency_cpp=FREQUENCY,
        airy_px=1e-6,
        window_px=8.0,
    )
    nodes = nodes_of(1.5, np.array([HALF_WIDTH]))
    response = np.exp(-2 * (np.pi * nodes[0]) ** 2)[None]
    foreseen = predicted(response, nodes, batch, np.array([0]), np.array([HALF_WIDTH]), 1e-6, 8.0)[0]
    assert foreseen == pytest.approx(np.exp(-2 * (np.pi * FREQUENCY) ** 2), abs=5e-4)

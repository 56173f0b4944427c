"""The responses are right: bias, scatter and stated intervals on edges of exactly known SFR."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
import accuracy
from accuracy import Outcome, diffraction, gaussian, run

EDGES = 160


@cache
def noisy_gaussian(mtf50: float, length: int = 100) -> Outcome:
    return run(gaussian(mtf50, length=length), EDGES)


@pytest.mark.parametrize("mtf50", accuracy.GAUSSIAN_LIMITS)
def test_gaussian_edges_in_noise_come_out_unbiased_and_within_the_stated_scatter(mtf50: float) -> None:
    sd, within = accuracy.GAUSSIAN_LIMITS[mtf50]
    outcome = noisy_gaussian(mtf50)
    assert abs(outcome.bias) <= 0.002
    assert outcome.sd <= sd
    assert outcome.within95 <= within


def test_short_edges_scatter_no_more_than_their_length_explains() -> None:
    assert noisy_gaussian(0.25, 50).sd <= 0.0135


def test_the_stated_interval_of_mtf50_holds_the_truth_as_often_as_it_says() -> None:
    outcomes = [noisy_gaussian(f) for f in accuracy.GAUSSIAN_LIMITS] + [
        noisy_gaussian(0.25, 50),
        noisy_gaussian(0.25, 25),
        run(diffraction(0.5, 0.0, noise=True), 80),
    ]
    scores = np.concatenate([o.score for o in outcomes])
    assert 0.93 <= np.mean(np.abs(scores) < 1.96) <= 0.97


def test_the_stated_variance_of_the_whole_curve_is_that_of_its_errors() -> None:
    scores = noisy_gaussian(0.25).curve_score
    assert 0.93 <= np.mean(np.abs(scores) < 1.96) <= 0.97
    assert np.all(np.abs(scores.std(axis=0) - 1) < 0.2)


@pytest.mark.parametrize("waves", [0.0, 1.0])
@pytest.mark.parametrize("cutoff", [0.5, 1.0])
def test_diffraction_with_and_without_defocus_is_unbiased(cutoff: float, waves: float) -> None:
    outcome = run(diffraction(cutoff, waves), 16)
    assert abs(outcome.bias) <= 0.003
    assert np.abs(outcome.curve).max() <= 0.01


def test_without_noise_a_gaussian_curve_is_exact_to_nyquist_at_any_angle() -> None:
    outcome = run(gaussian(0.25, noise=False, angles_deg=(3.0, 42.0)), 24)
    assert np.abs(outcome.curve).max() <= 0.001
    assert np.abs(outcome.error).max() <= 0.001


def test_green_sites_of_a_mosaic_are_measured_without_demosaicing() -> None:
    assert abs(run(gaussian(0.25, lattice="rggb"), EDGES).bias) <= 0.004
    for lattice in ("bggr", "grbg", "gbrg"):
        clean = run(gaussian(0.25, lattice=lattice, noise=False), 4)
        assert np.abs(clean.error).max() <= 0.002


@pytest.mark.parametrize("name", accuracy.REFERENCES_CPP)
def test_real_edges_agree_with_two_independent_tools(name: str) -> None:
    deviations = accuracy.real_edges()
    if name not in deviations:
        pytest.skip("the folder of real pictures is not here")
    assert abs(deviations[name]) <= 0.02


def test_the_table_of_the_benchmark_states_a_figure_for_every_requirement() -> None:
    rows = accuracy.rows(4)
    assert len({row.case for row in rows}) == len(rows) >= 16
    assert all(row.required and row.reached for row in rows)


def test_a_known_diffraction_blur_serves_as_well_as_one_told_from_the_tails() -> None:
    clean = run(diffraction(0.5, 1.0, airy_px=2.0), 4)
    assert np.abs(clean.error).max() <= 0.003

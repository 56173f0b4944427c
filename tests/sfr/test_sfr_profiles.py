"""Profiles held against those of a known lens: what is seen of it, how sure, and how near to all that pixels hold."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from scipy.special import j1  # type: ignore[import-untyped]

sys.path.insert(0, str(Path(__file__).parent))
import edge_truth as truth
from edge_truth import F64

from appliance.sfr import EsfPriors, Profiles, SfrFit, fit_sfr, measure_edges

FREQUENCY = np.array([0.02, 0.04, 0.06, 0.08, 0.10, *np.arange(0.12, 0.41, 0.04)])
SHAPE = (180, 180)
LENGTH_PX = 120.0
TOP_CPP = 0.8
SOFT_PX = 0.7


def disc(frequency: F64, radius: float) -> F64:
    x = 2 * np.pi * radius * np.maximum(frequency, 1e-9)
    return np.asarray(2 * j1(x) / x)


def disc_profile(u: F64, radius: float) -> F64:
    h = np.clip(u / radius, -1, 1)
    return np.asarray(0.5 + (h * np.sqrt(1 - h * h) + np.arcsin(h)) / np.pi)


def picture(profile: Callable[[F64], F64], angle_deg: float = 7.0, offset: float = 0.3) -> F64:
    across, _ = truth.geometry(angle_deg, SHAPE, offset)
    return np.asarray(truth.DARK + (truth.LIGHT - truth.DARK) * profile(across))


def kept(
    plane: F64, half_width: float, airy_px: float = 1e-6, angle_deg: float = 7.0, offset: float = 0.3
) -> Profiles:
    segment = truth.segment_of(angle_deg, SHAPE, LENGTH_PX, offset)
    batch = measure_edges(
        plane, segment[None], half_width, frequency_cpp=FREQUENCY, airy_px=airy_px, mtf50=False, profiles=True
    )
    assert batch.measured[0]
    assert batch.profiles is not None
    return batch.profiles


def far_off(comparison: SfrFit, response: Callable[[F64], F64]) -> F64:
    """(n, k) what is seen less what a known lens would have shown."""
    count = len(comparison.sfr)
    return comparison.sfr - comparison.seen(np.tile(response(comparison.nodes_cpp), (count, 1)))


def informed(comparison: SfrFit, response: Callable[[float], Callable[[F64], F64]], value: float) -> F64:
    """(n, 2): how far the best ``value`` of a lens's one parameter is from this one, and its standard deviation."""
    step = 1e-4 * value
    count = len(comparison.sfr)
    change = (response(value + step)(comparison.nodes_cpp) - response(value - step)(comparison.nodes_cpp)) / (
        2 * step
    )
    slope = comparison.slope(np.tile(change, (count, 1))[:, :, None])[:, :, 0]
    weighted = np.einsum("nkl,nl->nk", np.linalg.inv(comparison.covariance), slope)
    information = (weighted * slope).sum(axis=1)
    off = (weighted * far_off(comparison, response(value))).sum(axis=1) / information
    return np.stack([off, 1 / np.sqrt(information)], axis=1)


def soft_disc(radius: float) -> Callable[[F64], F64]:
    """Response of a defocus disc, softened as by a print: what has no hard rim ends below TOP_CPP."""
    return lambda f: disc(f, radius) * np.exp(-2 * np.square(SOFT_PX * np.pi * f))


def soft_disc_profile(radius: float) -> Callable[[F64], F64]:
    t, w = np.polynomial.hermite_e.hermegauss(61)
    return lambda u: np.asarray(
        sum(v * disc_profile(u + SOFT_PX * x, radius) for x, v in zip(t, w / w.sum(), strict=True))
    )


@pytest.mark.parametrize(("radius", "half_width"), [(2.0, 12.0), (6.0, 20.0), (6.0, 12.0), (12.0, 30.0)])
def test_a_defocus_disc_is_measured_even_in_a_strip_that_it_nearly_fills(
    radius: float, half_width: float
) -> None:
    profiles = kept(picture(soft_disc_profile(radius)), half_width)
    ((off, _),) = informed(fit_sfr(profiles, FREQUENCY, TOP_CPP), soft_disc, radius)
    assert abs(off) < 2e-3 * radius


@pytest.mark.parametrize(("cutoff", "waves"), [(0.26, 0.3), (0.5, 0.6)])
def test_defocus_is_measured_through_the_slow_tails_of_diffraction(cutoff: float, waves: float) -> None:
    def response(defocus: float) -> Callable[[F64], F64]:
        optics = truth.Optical.of(cutoff, defocus)
        return lambda f: optics.sfr(f, 7.0)

    profiles = kept(picture(truth.Optical.of(cutoff, waves).profile(7.0)), 24.0, 1 / cutoff)
    ((off, _),) = informed(fit_sfr(profiles, FREQUENCY[cutoff * 0.9 > FREQUENCY], cutoff), response, waves)
    assert abs(off) < 2e-3 * waves


def test_light_that_changes_across_the_edge_is_no_blur() -> None:
    black = truth.DARK / (truth.LIGHT - truth.DARK)

    def uneven(u: F64) -> F64:
        return (soft_disc_profile(3.0)(u) + black) * (1 + 5e-4 * u) - black

    comparison = fit_sfr(kept(picture(uneven), 16.0), FREQUENCY, TOP_CPP)
    ((off, _),) = informed(comparison, soft_disc, 3.0)
    assert abs(off) < 3e-3 * 3.0


def test_stray_light_that_is_known_of_does_no_harm() -> None:
    def stray(u: F64) -> F64:
        return np.asarray(-0.004 * np.tanh(u / 6))

    profiles = kept(picture(lambda u: soft_disc_profile(3.0)(u) + stray(u)), 18.0)
    ((ignored, _),) = informed(fit_sfr(profiles, FREQUENCY, TOP_CPP), soft_disc, 3.0)
    beforehand = replace(EsfPriors.nothing(profiles), beside=stray(profiles.u)[None])
    ((known, _),) = informed(fit_sfr(profiles, FREQUENCY, TOP_CPP, beforehand), soft_disc, 3.0)
    assert abs(known) < 1e-3 * 3.0
    assert abs(known) < 0.3 * abs(ignored)


def noisy_comparison(sigma: float, half_width: float, count: int, seed: int) -> SfrFit:
    """``count`` noisy edges of one Gaussian blur at many angles and offsets; the picture is in parts of full scale."""
    rng = np.random.default_rng(seed)
    rows: list[Profiles] = []
    for _ in range(count):
        angle, offset = float(rng.uniform(4, 12)), float(rng.uniform(-0.5, 0.5))
        plane = truth.noisy(picture(truth.gaussian_profile(sigma), angle, offset), rng) / 4095
        rows.append(kept(plane, half_width, 1e-6, angle, offset))
    together = Profiles(
        rows[0].u,
        *(
            np.concatenate([getattr(r, name) for r in rows])
            for name in [f.name for f in fields(Profiles)][1:]
        ),
    )
    return fit_sfr(together, FREQUENCY, TOP_CPP)


def gaussian(sigma: float) -> Callable[[F64], F64]:
    return lambda f: np.exp(-2 * np.square(sigma * np.pi * f))


def test_the_covariance_is_that_of_the_scatter_and_nothing_is_off_in_the_mean() -> None:
    comparison = noisy_comparison(2.0, 16.0, 300, 1)
    off = far_off(comparison, gaussian(2.0))
    chi2 = float(np.einsum("nk,nkl,nl->", off, np.linalg.inv(comparison.covariance), off))
    assert chi2 / comparison.count.sum() == pytest.approx(1.0, abs=0.1)
    error, sd = informed(comparison, gaussian, 2.0).T
    assert np.std(error / sd) == pytest.approx(1.0, abs=0.12)
    assert abs(error.mean()) < 3 * sd.mean() / np.sqrt(len(sd))


def test_it_tells_of_a_blur_most_of_what_the_pixels_hold() -> None:
    """Against Fisher's information of the pixels themselves, with both levels and the edge's place free."""
    sigma, half_width = 2.0, 16.0
    told = 1 / np.square(informed(noisy_comparison(sigma, half_width, 60, 2), gaussian, sigma)[:, 1])

    across, along = truth.geometry(8.0, SHAPE, 0.0)
    u = across[(np.abs(along) < LENGTH_PX / 2) & (np.abs(across) < half_width)]
    profile, rise = truth.gaussian_profile(sigma), truth.LIGHT - truth.DARK

    def by(move: Callable[[float], F64]) -> F64:
        return (move(1e-4) - move(-1e-4)) / 2e-4

    blur, place = by(lambda s: truth.gaussian_profile(sigma + s)(u)), by(lambda s: profile(u + s))
    signal = truth.DARK + rise * profile(u)
    terms = np.stack([rise * blur, 1 - profile(u), profile(u), rise * place, u * signal])
    variance = (
        signal / truth.FULL_SCALE_E
        + (truth.READ_NOISE_E / truth.FULL_SCALE_E) ** 2
        + np.square(truth.GAIN_SPREAD * signal)
    )
    pixels = 1 / np.linalg.inv((terms / variance) @ terms.T)[0, 0]
    assert 0.85 * pixels < np.mean(told) < 1.05 * pixels


def test_what_is_known_of_levels_and_place_makes_a_narrow_strip_tell_more_and_nothing_else() -> None:
    radius, half_width = 10.0, 13.0
    segment = truth.segment_of(7.0, SHAPE, LENGTH_PX, 0.3)
    batch = measure_edges(
        picture(soft_disc_profile(radius)), segment[None], half_width, frequency_cpp=FREQUENCY, airy_px=1e-6,
        profiles=True,
    )  # fmt: skip
    assert batch.profiles is not None
    contrast, one = batch.light - batch.dark, np.ones(1)
    assert abs(contrast[0] / (truth.LIGHT - truth.DARK) - 1) > 0.05, "the strip was meant to be too narrow"
    profiles = batch.profiles.between(truth.DARK / contrast, truth.LIGHT / contrast)
    nothing = EsfPriors.nothing(profiles)
    ((off, sd),) = informed(fit_sfr(profiles, FREQUENCY, TOP_CPP, nothing), soft_disc, radius)
    there = (batch.profiles.found_px - batch.offset_px) * profiles.shift_term
    known = EsfPriors(there, 1e-3 * one, 1e-3 * one, 0.01 * one)
    ((off_known, sd_known),) = informed(fit_sfr(profiles, FREQUENCY, TOP_CPP, known), soft_disc, radius)
    assert sd_known < 0.7 * sd
    assert abs(off) < 5e-3 * radius
    assert abs(off_known) < 2e-3 * radius


def test_a_place_that_is_known_beforehand_is_where_the_bins_have_it() -> None:
    # the bins are moved aside; as much in `beside` takes the shift out again, however sure of the place one is
    plane, shift = picture(truth.gaussian_profile(2.0)), 0.05
    profiles = kept(plane, 14.0)
    moved = replace(profiles, residual=profiles.residual + shift * profiles.shift_term)
    known = replace(EsfPriors.nothing(moved), place_sd=np.array([1e-4]), beside=shift * moved.shift_term)
    ((off, _),) = informed(fit_sfr(moved, FREQUENCY, TOP_CPP, known), gaussian, 2.0)
    assert abs(off) < 2e-3
    ignored = replace(known, beside=np.zeros_like(known.beside))
    ((wrong, _),) = informed(fit_sfr(moved, FREQUENCY, TOP_CPP, ignored), gaussian, 2.0)
    assert abs(wrong) > 2 * abs(off)


def test_levels_that_are_off_show_as_is_said() -> None:
    profiles = kept(picture(truth.gaussian_profile(2.5)), 14.0)
    known = replace(EsfPriors.nothing(profiles), dark_sd=np.array([1e-3]), light_sd=np.array([1e-3]))
    before = fit_sfr(profiles, FREQUENCY, TOP_CPP, known)
    for side, shape in enumerate((1 - profiles.step, profiles.step)):
        higher = replace(profiles, residual=profiles.residual + 1e-3 * shape)
        after = fit_sfr(higher, FREQUENCY, TOP_CPP, known)
        assert (after.sfr - before.sfr) / 1e-3 == pytest.approx(before.by_levels[..., side], abs=1e-6)
        assert np.abs(before.by_levels[..., side]).max() > 0.1


def test_light_thrown_to_one_side_tells_nothing_where_the_lens_may_be_lopsided() -> None:
    profiles = kept(picture(truth.gaussian_profile(2.0)), 14.0)
    thrown = 0.05 * np.exp(-np.abs(profiles.u) / 3)
    aside = replace(profiles, residual=profiles.residual + thrown, noise_light=2 * profiles.noise_dark)
    straight = replace(aside, residual=profiles.residual)
    for antisymmetric_only, least, most in ((False, 1e-3, np.inf), (True, 0.0, 1e-9)):
        some, none = (
            fit_sfr(p, FREQUENCY, TOP_CPP, antisymmetric_only=antisymmetric_only).sfr
            for p in (aside, straight)
        )
        assert least <= np.abs(some - none).max() < most


def test_a_strip_of_one_side_alone_tells_nothing_of_a_lopsided_lens_and_does_no_harm() -> None:
    profiles = kept(picture(truth.gaussian_profile(2.0)), 14.0)
    for side in (profiles.u < 1, profiles.u > -1):
        half = replace(profiles, count=profiles.count * side)
        seen = fit_sfr(half, FREQUENCY, TOP_CPP, antisymmetric_only=True)
        assert np.isfinite(seen.sfr).all()
        assert np.linalg.eigvalsh(seen.covariance).min() > 0

"""Levels and gradients of light from the levels of edges, against fields of light that are known."""

from __future__ import annotations

import numpy as np
import pytest

from appliance.arrays import Array
from appliance.focus.edges.illumination import fit_field, predict_levels
from appliance.sfr import Profiles
from appliance.sfr._gaussian import cumulative

WIDTH_PX, HEIGHT_PX = 4056, 3040


def places(count: int, seed: int = 1) -> tuple[Array, Array]:
    rng = np.random.default_rng(seed)
    turned = rng.uniform(0, 2 * np.pi, count)
    return rng.uniform((0, 0), (WIDTH_PX, HEIGHT_PX), (count, 2)), np.stack(
        [np.cos(turned), np.sin(turned)], axis=1
    )


def falloff(place_px: Array) -> tuple[Array, Array]:
    """cos⁴ light that falls to a third in the corners, beside a lamp from one side; and its gradient's logarithm."""
    centre = np.array([WIDTH_PX, HEIGHT_PX]) / 2
    away = place_px - centre
    tangent2 = (np.sqrt(3.0) - 1) / (centre @ centre)
    r2 = (away**2).sum(axis=1)
    lamp = np.array([1e-4, -5e-5])
    light = (1 + tangent2 * r2) ** -2 * np.exp(away @ lamp)
    return light, -4 * tangent2 * away / (1 + tangent2 * r2)[:, None] + lamp


def test_the_gradient_of_a_vignetted_field_is_found_to_a_tenth_of_what_is_stated() -> None:
    place, towards = places(400)
    light, slope = falloff(place)
    noise = 0.002 * np.random.default_rng(2).standard_normal(len(light))
    field = fit_field(place, np.log(900 * light) + noise, np.full(len(light), 0.002))
    off = ((field.at(place)[1] - slope) * towards).sum(axis=1)
    assert np.sqrt(np.mean(off**2)) < field.slope_sd
    assert field.slope_sd < 1e-4
    assert np.abs((slope * towards).sum(axis=1)).max() > 3e-4, "there was hardly a gradient to find"


def test_levels_are_better_known_together_and_as_well_as_is_said() -> None:
    place, _ = places(400)
    light, _ = falloff(place)
    off, stated = [], []
    for seed in range(12):
        noise = 0.01 * np.random.default_rng(seed).standard_normal(len(light))
        field = fit_field(place, np.log(light) + noise, np.full(len(light), 0.01))
        off.append(field.at(place)[0] - np.log(light))
        stated.append(field.sd)
    assert np.std(off) < 0.25 * 0.01
    assert 0.8 < np.sqrt(np.mean((np.array(off) / stated) ** 2)) < 1.2


def test_paper_that_is_blotchy_is_trusted_no_more_than_it_deserves() -> None:
    place, _ = places(400)
    rng = np.random.default_rng(4)
    light, _ = falloff(place)
    blotches = 0.02 * rng.standard_normal(len(light))
    field = fit_field(
        place, np.log(light) + blotches + 0.003 * rng.standard_normal(len(light)), np.full(len(light), 0.003)
    )
    off = np.log(light) + blotches - field.at(place)[0]
    assert 0.8 < np.sqrt(np.mean((off / field.sd) ** 2)) < 1.25


def test_a_field_that_is_not_smooth_is_trusted_less() -> None:
    place, towards = places(300)
    light = np.where(place[:, 0] > 1700, 1.0, 0.8)
    field = fit_field(place, np.log(light), np.full(len(light), 1e-4))
    found = (field.at(place)[1] * towards).sum(axis=1)
    assert field.slope_sd > 1.5e-4
    assert np.mean(np.abs(found) < 2 * field.slope_sd) > 0.95, "the light is even on either side of the step"


def test_a_few_odd_levels_do_not_count() -> None:
    place, _ = places(200)
    light, slope = falloff(place)
    light[::20] *= 0.7
    field = fit_field(place, np.log(light), np.full(len(light), 1e-3))
    assert field.at(place)[1] == pytest.approx(slope, abs=1e-4)


@pytest.mark.parametrize("count", [20, 30, 60])
def test_few_edges_get_a_simple_field(count: int) -> None:
    place, _ = places(count)
    field = fit_field(place, 1e-4 * place[:, 0], np.full(count, 1e-6))
    assert field.at(place)[1] == pytest.approx(np.tile((1e-4, 0.0), (count, 1)), abs=1e-8)


def test_without_levels_nothing_is_known() -> None:
    place, _ = places(100)
    field = fit_field(place, np.zeros(100), np.full(100, np.inf))
    assert (field.sd >= 1).all()


@pytest.mark.parametrize("fall", [5e-3, -5e-3])
def test_an_edge_far_outside_a_field_of_others_has_a_level_that_is_a_number(fall: float) -> None:
    # edges whose neighbours say nothing: there the field falls, or rises, without end
    place, towards = places(60)
    place[:2] = (60 * WIDTH_PX, -60 * HEIGHT_PX)
    u = (np.arange(320) - 159.5) / 8
    rise = np.tile(cumulative(u / 1.5), (60, 1))
    count = np.full((60, 320), 12.0)
    count[:2] = 0.0
    profiles = Profiles(
        u, count, np.zeros((60, 320)), np.full(60, 1.5), np.full(60, 0.15),
        np.full(60, 0.03), np.full(60, 0.03), np.full(60, 1e-4), np.full(60, 3e-4), np.zeros(60),
    )  # fmt: skip
    contrast = 700 * np.exp(-fall * place[:, 0].clip(0, WIDTH_PX))
    with np.errstate(divide="raise", invalid="raise"):
        levels = predict_levels(profiles, contrast, place, towards, rise - (u > 0), 0.3)
    assert np.isfinite([levels.dark, levels.light, levels.dark_sd, levels.light_sd]).all()


def test_levels_are_foretold_beside_edges_that_blur_hides() -> None:
    # ink of one density in uneven light; every other edge is so blurred that its strip shows no level at all
    place, towards = places(240)
    paper, _ = falloff(place)
    u = (np.arange(320) - 159.5) / 8
    sigma = np.where(np.arange(240) % 2, 9.0, 1.5)
    rise = cumulative(u / sigma[:, None])
    noise = np.random.default_rng(5).standard_normal((240, 320)) * 0.01
    guessed = np.where(np.arange(240) % 2, 1.1, 1.0)  # what a narrow strip takes for the contrast
    seen = (0.15 + rise + noise) / guessed[:, None]
    profiles = Profiles(
        u, np.full((240, 320), 12.0), seen - 0.15 - rise, sigma, np.full(240, 0.15),
        np.full(240, 0.03), np.full(240, 0.03), np.full(240, 1e-4), np.full(240, 3e-4), np.zeros(240),
    )  # fmt: skip
    contrast = 700 * paper * guessed
    levels = predict_levels(profiles, contrast, place, towards, rise - (u > 0), 0.3)
    hidden = sigma > 5
    for found, sd, true in ((levels.light, levels.light_sd, 1.15), (levels.dark, levels.dark_sd, 0.15)):
        off = ((found * guessed) - true)[hidden]
        assert np.sqrt(np.mean(off**2)) < 5e-3, "a twentieth of what the strips themselves took for granted"
        assert np.sqrt(np.mean((off / (sd * guessed)[hidden]) ** 2)) < 1.6

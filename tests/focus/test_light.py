"""The light's gradient from the levels of edges, against fields of light that are known."""

from __future__ import annotations

import numpy as np
import pytest

from appliance.chart.pose import Array
from appliance.focus.light import gradients

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
    noise = 1 + 0.002 * np.random.default_rng(2).standard_normal(len(light))
    found, sd = gradients(place, 900 * light * noise, towards)
    off = found - (slope * towards).sum(axis=1)
    assert np.sqrt(np.mean(off**2)) < sd
    assert sd < 1e-4
    assert np.abs((slope * towards).sum(axis=1)).max() > 3e-4, "there was hardly a gradient to find"


def test_a_field_that_is_not_smooth_is_trusted_less() -> None:
    place, towards = places(300)
    light = np.where(place[:, 0] > 1700, 1.0, 0.8)
    found, sd = gradients(place, light, towards)
    assert sd > 1.5e-4
    assert np.mean(np.abs(found) < 2 * sd) > 0.95, "the light is even on either side of the step"


def test_a_few_odd_levels_do_not_count() -> None:
    place, towards = places(200)
    light, slope = falloff(place)
    light[::20] *= 0.7
    found, _ = gradients(place, light, towards)
    assert found == pytest.approx((slope * towards).sum(axis=1), abs=6e-5)


@pytest.mark.parametrize("count", [12, 30, 60])
def test_few_edges_get_a_simple_field(count: int) -> None:
    place, towards = places(count)
    light = np.exp(1e-4 * place[:, 0])
    found, _ = gradients(place, light, towards)
    assert found == pytest.approx(1e-4 * towards[:, 0], abs=1e-8)

"""Blurred ink against rays that are followed one by one, and its derivatives against differences."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from appliance.focus.image.defocused_chart import DefocusedChart, View, defocused_chart
from appliance.focus.lens.defocus import DefocusScale
from appliance.focus.lens.parameters import (
    AMPLITUDE,
    COMMON_VARIANCE,
    CONSTANT_ASTIGMATISM,
    FIELD_ASTIGMATISM,
    LENS,
    NOMINAL,
    PRINT_VARIANCE,
    SPHERICAL,
    Parameter,
)

BIN_PX, ROWS, COLUMNS = 4.0, 120, 100
WAVES = DefocusScale(
    object_distance_mm=400.0,
    magnification=0.2,
    working_f_number=2.0,
    waves_per_inverse_mm=1e5,
    blur_px_per_wave=2.8,
    airy_px=0.35,
)
GROWTH = np.array([0.0, 0.048])
"""Waves per px: the radius of blur grows by 0.067 px per px down the picture."""
SCALE = np.array([[20.0, 0.5], [-0.3, 14.0]])
PERFECT = NOMINAL * (1 - np.eye(len(NOMINAL))[PRINT_VARIANCE])


def defocus_at(y_px: np.ndarray) -> np.ndarray:
    return 6.0 + GROWTH[1] * y_px


def view(extra: float = 0.0, place: tuple[float, float] = (0.0, 0.0)) -> View:
    y = (np.arange(ROWS) + 0.5) * BIN_PX
    defocus = np.repeat(defocus_at(y)[:, None], COLUMNS, axis=1)
    return View(
        defocus + extra,
        GROWTH,
        lambda _: SCALE,
        BIN_PX,
        np.full(COLUMNS, place[0]),
        np.full(ROWS, place[1]),
    )


def ink(x_px: np.ndarray, y_px: np.ndarray) -> np.ndarray:
    """Smooth blotches, so that no cell is cut."""
    return 0.5 + 0.25 * np.sin(x_px / 8) * np.cos(y_px / 10) + 0.25 * np.cos((x_px + y_px) / 10)


def cells() -> tuple[np.ndarray, np.ndarray]:
    y, x = (np.mgrid[0:ROWS, 0:COLUMNS] + 0.5) * BIN_PX
    return x, y


def seen(shape: np.ndarray = PERFECT, extra: float = 0.0) -> DefocusedChart:
    return defocused_chart(ink(*cells()), view(extra), shape, WAVES)


INNER = (slice(30, 90), slice(30, 70))


def by_rays(radial: float = 0.0, place: tuple[float, float] = (0.0, 0.0)) -> np.ndarray:
    """What inner cells see by rays, of a lens whose defocus is less by ((n · r)² − r²/2) ``radial`` along n."""
    x, y = (part[INNER] for part in cells())
    r = np.array(place)
    more = -radial * (np.outer(r, r) - (r @ r) / 2 * np.eye(2))
    half = WAVES.blur_px_per_wave / 2
    total = np.zeros(x.shape)
    for radius in np.sqrt((np.arange(24) + 0.5) / 24):
        for angle in 2 * np.pi * (np.arange(48) + 0.5) / 48:
            pupil = radius * np.array([np.cos(angle), np.sin(angle)])
            extra = half * more @ pupil
            # v = u − s b(v), b linear along y
            v_y = (y - extra[1] - pupil[1] * half * 6.0) / (1 + pupil[1] * half * GROWTH[1])
            total += ink(x - extra[0] - pupil[0] * half * defocus_at(v_y), v_y)
    return total / (24 * 48)


def test_every_cell_sees_the_ink_that_its_rays_come_from() -> None:
    expected = by_rays()
    assert np.ptp(expected) > 0.15
    # what is left is diffraction
    assert seen().value[INNER] == pytest.approx(expected, abs=0.004)


@pytest.mark.parametrize("place", [(0.8, 0.0), (0.0, 0.8), (0.6, 0.6), (-0.6, 0.6), (0.7, 0.3)])
def test_astigmatism_that_grows_with_the_radius_is_that_of_rays(place: tuple[float, float]) -> None:
    step = 0.5
    difference = (by_rays(step, place) - by_rays(-step, place)) / (2 * step)
    derivative = defocused_chart(ink(*cells()), view(place=place), PERFECT, WAVES).by_shape[
        FIELD_ASTIGMATISM
    ][INNER]
    assert np.abs(difference).max() > 1e-3
    assert float((derivative * difference).sum() / (difference**2).sum()) == pytest.approx(1, abs=0.1)
    assert np.abs(derivative - difference).max() < 0.25 * np.abs(difference).max()


def alike(derivative: np.ndarray, difference: np.ndarray) -> float:
    """1 where a derivative is as large as a difference; what is left is small: derivatives leave the growth out."""
    inner = (slice(30, -30), slice(30, -30))
    derivative, difference = derivative[inner], difference[inner]
    assert np.abs(difference).max() > 1e-3
    assert np.abs(derivative - difference).max() < 0.25 * np.abs(difference).max()
    return float((derivative * difference).sum() / (difference**2).sum())


@pytest.mark.parametrize(
    "index", [SPHERICAL, CONSTANT_ASTIGMATISM, PRINT_VARIANCE, COMMON_VARIANCE, LENS[AMPLITUDE.start]]
)
def test_derivatives_by_the_lens_are_differences(index: Parameter) -> None:
    step = {PRINT_VARIANCE: 2e-3, COMMON_VARIANCE: 0.5}.get(index, 0.02)
    up, down = (seen(PERFECT + side * step * np.eye(len(PERFECT))[index]).value for side in (1, -1))
    assert alike(seen().by_shape[index], (up - down) / (2 * step)) == pytest.approx(1, abs=0.05)


def test_the_derivative_by_defocus_is_a_difference() -> None:
    difference = (seen(extra=0.02).value - seen(extra=-0.02).value) / 0.04
    assert alike(seen().by_defocus, difference) == pytest.approx(1, abs=0.02)


def test_print_blur_counts_at_the_scale_of_its_own_depth() -> None:
    printed = PERFECT + 0.04 * np.eye(len(PERFECT))[PRINT_VARIANCE]
    there = view()
    near = replace(there, paper_to_px=lambda w: SCALE * (1.5 if w > 18.0 else 1.0))
    plain, nearer = (defocused_chart(ink(*cells()), v, printed, WAVES).value for v in (there, near))
    changed = np.abs(nearer - plain).max(axis=1)
    assert changed[:40].max() < 0.05 * changed[80:].max()

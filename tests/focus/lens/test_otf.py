"""The pupil's table against analytic and brute-force truth."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import j1

from appliance.focus.lens.otf import OtfTable, otf, otf_and_slopes
from appliance.focus.lens.spline import Spline


def test_without_aberration_it_is_the_diffraction_limit() -> None:
    s = np.array([0.05, 0.3, 0.6, 0.95])
    exact = 2 / np.pi * (np.arccos(s) - s * np.sqrt(1 - s * s))
    assert otf(s, np.zeros(1), np.zeros(1))[0, :, 0] == pytest.approx(exact, abs=1e-5)


def test_far_from_focus_it_tends_to_the_transform_of_a_disc() -> None:
    s, waves = 0.02, 6.0
    argument = 8 * np.pi * waves * s
    disc = 2 * j1(argument) / argument
    assert otf(np.array([s]), np.array([waves]), np.zeros(1))[0, 0, 0] == pytest.approx(disc, abs=0.03)


@pytest.mark.parametrize(("defocus", "spherical"), [(0.0, 0.5), (1.0, 0.0), (-0.7, 0.5), (2.0, -0.75)])
def test_it_is_the_autocorrelation_of_the_pupil(defocus: float, spherical: float) -> None:
    radius, size = 150, 700
    y, x = np.mgrid[-size // 2 : size // 2, -size // 2 : size // 2] / radius
    rho2 = x * x + y * y
    pupil = (rho2 <= 1) * np.exp(2j * np.pi * (defocus * rho2 + spherical * rho2**2))
    auto = np.fft.ifft2(np.abs(np.fft.fft2(pupil)) ** 2)
    auto = (auto / auto[0, 0]).real
    for s in (0.1, 0.3, 0.7):
        value = otf(np.array([s]), np.array([defocus]), np.array([spherical]))[0, 0, 0]
        assert value == pytest.approx(auto[0, round(2 * radius * s)], abs=0.004)


def test_interpolation_is_as_good_as_the_integral_and_so_are_its_derivatives() -> None:
    table = OtfTable(np.array([0.1, 0.3, 0.5]), 3.0)
    values, by_spherical = table.at_spherical(0.31)
    w = np.array([-2.13, -0.4, 0.017, 1.77])
    value, slope = values(w)
    exact = otf(table.s, w, np.array([0.31]))[0].T
    assert value == pytest.approx(exact, abs=1e-3)
    step = 1e-2
    up, down = (otf(table.s, w + d, np.array([0.31]))[0].T for d in (step, -step))
    assert slope == pytest.approx((up - down) / (2 * step), abs=0.02)
    up, down = (otf(table.s, w, np.array([0.31 + d]))[0].T for d in (step, -step))
    assert by_spherical(w)[0] == pytest.approx((up - down) / (2 * step), abs=0.03)


def test_a_spline_is_exact_for_a_cubic_and_bends_without_a_jump() -> None:
    grid = np.linspace(-2, 3, 11)
    place = np.array([-1.9, -0.3, 0.0, 1.234, 2.9])
    value, slope = Spline.of(grid, 2 * grid**3 - grid)(place)
    assert value == pytest.approx(2 * place**3 - place, abs=1e-9)
    assert slope == pytest.approx(6 * place**2 - 1, abs=1e-9)
    wave = Spline.of(grid, np.cos(3 * grid))
    step = 1e-5
    bend = [
        (wave(np.array([0.5 + d + step]))[1] - wave(np.array([0.5 + d - step]))[1])[0] for d in (-2e-5, 2e-5)
    ]
    assert bend[0] == pytest.approx(bend[1], rel=0.01)


@pytest.mark.parametrize(("defocus", "spherical"), [(0.3, 0.0), (-2.0, 0.4), (7.0, -0.5)])
def test_one_lens_at_many_frequencies_agrees_with_the_table_and_its_slopes_with_differences(
    defocus: float, spherical: float
) -> None:
    s, step = np.array([0.0, 0.01, 0.2, 0.7, 1.0, 1.4]), 0.01
    value, by_defocus, by_spherical = otf_and_slopes(s, defocus, spherical)
    around = np.array([-step, 0.0, step])
    table = otf(s, defocus + around, spherical + around)
    assert value == pytest.approx(table[1, :, 1], abs=1e-5)
    assert by_defocus == pytest.approx((table[1, :, 2] - table[1, :, 0]) / (2 * step), abs=2e-3)
    assert by_spherical == pytest.approx((table[2, :, 1] - table[0, :, 1]) / (2 * step), abs=2e-3)

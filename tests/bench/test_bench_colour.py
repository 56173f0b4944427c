"""Colour on the bench: each wavelength is blurred at its own focus, and spectra add up."""

from __future__ import annotations

import numpy as np
import pytest

from appliance.bench.local import colour_w020_um
from appliance.bench.otf import circular_pupil_otf, otf_table, table_range
from appliance.bench.scene import Lens
from appliance.bench.spectra import green_under_white_led

ROWS = table_range(-1.0, 1.0)


def test_green_light_is_some_ninety_nanometres_wide_about_the_filter() -> None:
    wavelength, weight = np.array(green_under_white_led(7)).T
    mean = float((wavelength * weight).sum())
    width = 2.3548 * float(np.sqrt((weight * np.square(wavelength - mean)).sum()))
    assert weight.sum() == pytest.approx(1)
    assert 0.53 < mean < 0.56
    assert 0.06 < width < 0.1


def test_red_light_that_comes_to_focus_farther_off_has_less_w020() -> None:
    lens = Lens(wavelengths_um=((0.48, 1.0), (0.55, 1.0), (0.62, 1.0)), axial_colour_um=64.0)
    # a focus z = 32 µm behind the sensor, at f/4: W020 = −z / 8 N²
    assert colour_w020_um(lens, 4.0) == pytest.approx((0.25, 0.0, -0.25))
    assert colour_w020_um(Lens(), 4.0) == ()


def test_the_table_is_the_mean_of_each_wavelengths_own_transfer_function() -> None:
    light = ((0.5, 0.4), (0.6, 0.6))
    own_um = (0.2, -0.3)
    table = otf_table(4.0, 3.0, light, 0.0, ROWS, 0.0, False, own_um)
    defocus = np.array([-0.6, -0.1, 0.0, 0.35])
    frequency = np.array([0.05, 0.15, 0.3])
    got = table.at(defocus, np.zeros(4), table.at_frequencies(frequency, table.values))
    wanted = np.zeros((4, 3))
    for (wavelength, weight), shift in zip(light, own_um, strict=True):
        waves = (defocus + shift) / wavelength
        wanted += weight * circular_pupil_otf(frequency * wavelength * 4.0 / 3.0, waves)
    assert got == pytest.approx(wanted, abs=2e-4)


def test_the_plane_of_best_focus_in_colour_is_sharpest() -> None:
    light = green_under_white_led(5)
    lens = Lens(wavelengths_um=light, axial_colour_um=40.0)
    own_um = colour_w020_um(lens, 2.8)
    table = otf_table(2.8, 3.0, light, 0.0, ROWS, 0.0, False, own_um)
    defocus = np.linspace(-0.4, 0.4, 801)
    low = np.array([0.02])
    response = table.at(defocus, np.zeros(801), table.at_frequencies(low, table.values))[:, 0]
    wavelength, weight = np.array(light).T
    pull = weight / wavelength**2
    # at low frequencies the response falls with the variance of the wavefront's slopes, whatever the wavelength
    best = float(defocus[np.argmax(response)])
    assert best == pytest.approx(-float((weight * own_um).sum()), abs=0.02)
    assert best == pytest.approx(-float((pull * own_um).sum() / pull.sum()), abs=0.03)

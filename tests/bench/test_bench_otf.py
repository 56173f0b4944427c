"""The lens's transfer function is Hopkins' integral, and the table of it loses nothing."""

from math import acos, pi, sqrt

import numpy as np
import pytest
from bench_truth import defocused_otf
from scipy.special import j1

from appliance.bench.otf import circular_pupil_otf, otf_table, table_range


def test_without_aberration_it_is_the_diffraction_limit() -> None:
    s = np.linspace(0, 0.999, 50)
    expected = [2 / pi * (acos(x) - x * sqrt(1 - x * x)) for x in s]
    assert circular_pupil_otf(s, [0.0])[0] == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("waves", [0.3, -1.7, 6.0, 15.0])
def test_defocus_is_hopkins_integral(waves: float) -> None:
    s = np.array([0.03, 0.2, 0.5, 0.8])
    assert circular_pupil_otf(s, [waves])[0] == pytest.approx([defocused_otf(x, waves) for x in s], abs=1e-7)


def test_far_out_of_focus_it_is_the_geometric_disc() -> None:
    waves = 25.0
    s = np.array([0.002, 0.005, 0.01])
    argument = 8 * pi * waves * s  # 2 π × disc radius × frequency, with radius 4 N W and s = λ N × frequency
    assert circular_pupil_otf(s, [waves])[0] == pytest.approx(2 * j1(argument) / argument, abs=0.02)


@pytest.mark.parametrize(
    ("s", "w020", "w040", "cross"), [(0.3, 0.5, 0.5, 0.0), (0.5, 1.0, 0.7, 0.0), (0.2, -2.0, -0.5, 0.4)]
)
def test_it_is_the_correlation_of_two_pupils(s: float, w020: float, w040: float, cross: float) -> None:
    n = 1000
    x, y = np.meshgrid(*[(np.arange(-n, n) + 0.5) / n] * 2)
    both = ((x + s) ** 2 + y**2 < 1) & ((x - s) ** 2 + y**2 < 1)

    def wave(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return w020 * (x**2 + y**2) + w040 * (x**2 + y**2) ** 2 + 2 * cross * x * y

    expected = np.sum(np.cos(2 * pi * (wave(x + s, y) - wave(x - s, y))), where=both) / n**2 / pi
    assert circular_pupil_otf([s], [w020], w040, cross)[0, 0] == pytest.approx(expected, abs=1e-4)


def test_the_table_agrees_with_the_integral_between_its_nodes() -> None:
    rows = table_range(-1.0, 1.5)
    table = otf_table(2.0, 1.55, ((0.55, 1.0),), 0.2, rows, 0.15)
    defocus, cross = np.array([-0.97, -0.123, 0.017, 0.9, 1.45]), np.array([0.0, 0.11, 0.14, 0.07, 0.05])
    frequency = np.array([0.03, 0.11, 0.37, 0.9])
    found = table.at(defocus, cross, table.at_frequencies(frequency, table.values))
    for k in range(len(defocus)):
        expected = circular_pupil_otf(
            frequency * 0.55 * 2.0 / 1.55, defocus[k : k + 1] / 0.55, 0.2 / 0.55, cross[k] / 0.55
        )
        assert found[k] == pytest.approx(expected[0], abs=4e-4)


def test_several_wavelengths_add_up() -> None:
    rows = table_range(-1.0, 1.0)
    mixed = otf_table(4.0, 1.55, ((0.5, 1.0), (0.6, 3.0)), 0.0, rows, 0.0)
    f, w = np.array([0.2]), np.array([0.4])
    expected = sum(
        share * defocused_otf(0.2 * wavelength * 4 / 1.55, 0.4 / wavelength)
        for wavelength, share in ((0.5, 0.25), (0.6, 0.75))
    )
    assert mixed.at(w, np.zeros(1), mixed.at_frequencies(f, mixed.values))[0, 0] == pytest.approx(
        expected, abs=2e-4
    )

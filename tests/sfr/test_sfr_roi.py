"""An edge in a region of any picture is found and measured, or refused by name."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
import edge_truth as truth

from appliance.errors import PictureError, UsageError
from appliance.sfr import linear_grey, measure_roi


def scene(angle_deg: float, shape: tuple[int, int] = (90, 70), seed: int | None = 1) -> truth.F64:
    across, _ = truth.geometry(angle_deg, shape, 2.0)
    signal = truth.DARK + (truth.LIGHT - truth.DARK) * truth.gaussian_profile(0.75)(across)
    return signal * 4095 if seed is None else truth.noisy(signal, np.random.default_rng(seed))


@pytest.mark.parametrize("angle", [*np.arange(3.0, 43.0, 6.5), 48.5, 60.0, 84.0, 87.0])
@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("lattice", [None, "grbg"])
def test_the_edge_is_found_in_any_direction(angle: float, sign: int, lattice: str | None) -> None:
    for turn in (0.0, 180.0):
        edge = measure_roi(scene(sign * angle + turn), lattice=lattice)  # type: ignore[arg-type]
        assert edge.measured, edge.reason
        assert (edge.angle_deg - sign * angle + 90) % 180 - 90 == pytest.approx(0.0, abs=0.2)
        assert edge.mtf50_cpp == pytest.approx(0.18740 / 0.75, abs=4.5 * edge.mtf50_cpp_sd)


def test_the_angle_to_the_nearest_axis_is_signed() -> None:
    assert measure_roi(scene(95.0)).angle_to_axis_deg == pytest.approx(5.0, abs=0.1)
    assert measure_roi(scene(-7.0)).angle_to_axis_deg == pytest.approx(-7.0, abs=0.1)


def test_a_region_is_measured_where_it_lies() -> None:
    plane = np.zeros((300, 400))
    plane[100:190, 201:271] = scene(85.0, seed=None)
    edge = measure_roi(plane, (201, 100, 70, 90))
    whole = measure_roi(scene(85.0, seed=None))
    assert edge.mtf50_cpp == pytest.approx(whole.mtf50_cpp, rel=1e-6)
    assert edge.middle_px[0] == pytest.approx(whole.middle_px[0] + 201)
    assert edge.middle_px[1] == pytest.approx(whole.middle_px[1] + 100)


def test_a_region_outside_the_picture_or_tiny_is_refused_with_a_sentence() -> None:
    for roi in ((50, 0, 70, 90), (-1, 0, 20, 20), (0, 0, 5, 50)):
        with pytest.raises(UsageError, match="region"):
            measure_roi(scene(85.0), roi)


def test_a_region_without_an_edge_is_refused() -> None:
    rng = np.random.default_rng(0)
    assert not measure_roi(np.full((80, 80), 9.0)).measured
    assert not measure_roi(500 + 20 * rng.standard_normal((80, 80))).measured


def test_eight_bits_are_srgb_unless_said_to_be_linear() -> None:
    picture = np.full((4, 4, 3), 128, dtype=np.uint8)
    assert linear_grey(picture) == pytest.approx(0.2159, abs=1e-3)
    assert linear_grey(picture, linear=True) == pytest.approx(128 / 255, abs=1e-5)


def test_sixteen_bits_are_linear_and_opacity_is_ignored() -> None:
    picture = np.zeros((4, 4, 4), dtype=np.uint16)
    picture[..., 1] = 65535
    assert linear_grey(picture) == pytest.approx(0.7154, abs=1e-4)
    picture[..., 3] = 65535
    assert linear_grey(picture) == pytest.approx(0.7154, abs=1e-4)


def test_what_is_no_picture_is_refused() -> None:
    with pytest.raises(PictureError):
        linear_grey(np.zeros((0, 5)))

"""Thin-lens relations against worked figures of the trade and exact conjugates."""

from __future__ import annotations

from math import inf

import pytest

from appliance import optics


def test_a_magnification_of_1_to_24_is_reached_at_25_focal_lengths() -> None:
    assert optics.magnification(25, 625) == pytest.approx(1 / 24)
    assert optics.image_distance_mm(25, 1 / 24) == pytest.approx(625 / 24)


def test_image_shift_is_the_exact_difference_of_conjugates_to_first_order() -> None:
    focal, aim, error = 50.0, 1250.0, 2.0
    exact_um = 1000 * (1 / (1 / focal - 1 / aim) - 1 / (1 / focal - 1 / (aim + error)))
    image = optics.image_distance_mm(focal, optics.magnification(focal, aim))
    assert optics.image_shift_um(error, aim, image) == pytest.approx(exact_um, rel=2e-4)
    assert optics.image_shift_um(error, aim, image) > 0
    assert optics.image_shift_um(-error, aim, image) < 0


def test_leaving_out_1_plus_m_squared_would_be_8_5_percent_off_at_1_to_24() -> None:
    image = optics.image_distance_mm(25, 1 / 24)
    right = optics.image_shift_um(1.0, 625.0, image)
    assert right / (25**2 * optics.focus_error_dioptres(1.0, 625.0)) == pytest.approx(1.085, abs=0.001)


def test_shift_and_error_are_inverse() -> None:
    shift = optics.image_shift_um(-7.5, 900.0, 52.0)
    assert optics.focus_error_mm_from_image_shift(shift, 900.0, 52.0) == pytest.approx(-7.5, rel=1e-12)


def test_a_shift_to_infinity_and_beyond_is_an_infinite_error() -> None:
    to_infinity_um = 10.0**2 * 1000 / 1000.0  # i²/o
    assert optics.focus_error_mm_from_image_shift(0.99 * to_infinity_um, 1000.0, 10.0) == pytest.approx(
        99_000
    )
    for part in (1.0, 1.2):
        assert optics.focus_error_mm_from_image_shift(part * to_infinity_um, 1000.0, 10.0) == inf


def test_depth_of_field_is_depth_of_focus_over_m_squared() -> None:
    m = 1 / 24
    focus_um = optics.depth_of_focus_um(2.8, m, 15)
    assert focus_um == pytest.approx(43.75)
    assert optics.depth_of_field_mm(2.8, m, 15) == pytest.approx(focus_um * 24**2 / 1000)


def test_a_distance_from_the_sensor_gives_the_conjugate_from_the_lens() -> None:
    o = optics.object_distance_from_sensor_distance_mm(25, 676.0)
    assert o == pytest.approx(650, rel=1e-6)
    with pytest.raises(ValueError, match="four focal lengths"):
        optics.object_distance_from_sensor_distance_mm(100, 399)


def test_a_back_focus_has_the_sensor_too_near_and_its_ring_moves_the_lens_away() -> None:
    assert optics.flange_error_um(21.0) == -21.0  # domain: flange_error_um = - image_shift_um
    # half a turn of 0.77 mm; the sensor too near wants the lens away: a positive turn
    assert optics.ring_turn_deg(-385.0) == pytest.approx(180.0)
    assert optics.ring_turn_deg(385.0) == pytest.approx(-180.0)
    assert optics.depths_of_focus(21.0, 42.0) == 0.5


def test_the_trade_s_ten_micrometres_of_flange_are_4_7_degrees_of_the_ring() -> None:
    assert optics.ring_turn_deg(-10.0) == pytest.approx(4.675, abs=0.001)  # 10 / 770 × 360
    # 1 µm of uncertainty alone; and none but the ring's own 0.75 to 0.79 mm, which is 1.5 %
    assert optics.ring_turn_u_deg(0.0, 1.0) == pytest.approx(0.4675, abs=1e-4)
    assert optics.ring_turn_u_deg(-10.0, 0.0) == pytest.approx(4.675 * 0.02 / 3**0.5 / 0.77, rel=0.01)


def test_a_millimetre_at_25_focal_lengths_is_2_6_thousandths_of_a_dioptre() -> None:
    # 1/0.625 - 1/0.626 1/m, by hand
    assert optics.focus_error_dioptres(1.0, 625.0) == pytest.approx(0.002556, abs=1e-6)
    assert optics.focus_error_dioptres(-1.0, 625.0) < 0


@pytest.mark.parametrize("error_mm", [-120.0, -30.0, 0.0, 45.5, 300.0, 1e9])
def test_the_aim_point_s_distances_are_found_in_a_picture_out_of_focus(error_mm: float) -> None:
    focal, object_mm = 16.83, 454.45
    sensor_mm = 1 / (1 / focal - 1 / (object_mm + error_mm))
    found = optics.aim_distances_mm(focal, sensor_mm / object_mm, error_mm)
    assert found == pytest.approx((object_mm, 1 / (1 / focal - 1 / object_mm)), rel=1e-12)


@pytest.mark.parametrize("error_mm", [-300.0, 0.0, 250.0, 1e9])
def test_the_slope_of_the_image_shift_is_that_of_the_shift(error_mm: float) -> None:
    step_mm = 1e-4 * (900.0 + error_mm)
    low, high = (optics.image_shift_um(error_mm + side * step_mm, 900.0, 52.0) for side in (-1, 1))
    slope = optics.image_shift_um_per_mm(error_mm, 900.0, 52.0)
    assert slope == pytest.approx((high - low) / (2 * step_mm), rel=1e-3)

"""Covered parts of cells against areas known otherwise."""

from __future__ import annotations

import numpy as np
import pytest

from appliance.chart.coverage import coverage


def test_an_upright_rectangle_covers_its_area_of_every_cell() -> None:
    covered = coverage(np.array([[[1.25, 1.5], [3.5, 1.5], [3.5, 4.25], [1.25, 4.25]]]), 6, 5)
    across, down = np.array([0, 0.75, 1, 0.5, 0]), np.array([0, 0.5, 1, 1, 0.25, 0])
    assert covered == pytest.approx(np.outer(down, across), abs=1e-12)


def test_a_triangle_that_leaves_the_grid_on_all_sides_covers_what_points_inside_it_say() -> None:
    triangle = np.array([[-2.3, 0.2], [7.7, -3.1], [5.2, 9.9]])
    fine = 200
    y, x = (np.mgrid[0 : 6 * fine, 0 : 6 * fine] + 0.5) / fine
    inside = np.ones(x.shape, bool)
    for a, b in zip(triangle, np.roll(triangle, -1, axis=0), strict=True):
        inside &= (b[0] - a[0]) * (y - a[1]) - (b[1] - a[1]) * (x - a[0]) >= 0
    expected = inside.reshape(6, fine, 6, fine).mean(axis=(1, 3))
    assert coverage(triangle[None], 6, 6) == pytest.approx(expected, abs=1e-4)


def test_a_hole_the_other_way_around_takes_its_area_back() -> None:
    square = np.array([[0.5, 0.5], [7.5, 0.5], [7.5, 7.5], [0.5, 7.5]])
    hole = (square[::-1] - 4) * 0.4 + 4
    covered = coverage(np.array([square, hole]), 8, 8)
    assert covered.sum() == pytest.approx(7 * 7 - 2.8**2)
    assert covered[3:5, 3:5] == pytest.approx(np.zeros((2, 2)), abs=1e-12)

"""Polygons are sampled exactly, wherever they lie."""

import numpy as np
import pytest

from appliance.bench.raster import Outlines, rasterise


def _outlines(polygon: list[tuple[float, float]], step: float = 1.0) -> Outlines:
    points = np.array(polygon, float)
    following = np.roll(points, -1, axis=0)
    turn = np.sign(np.sum(points[:, 0] * following[:, 1] - following[:, 0] * points[:, 1]))
    return Outlines(points, following, np.full(len(points), step * turn))


def _spline(t: np.ndarray) -> np.ndarray:
    a = np.abs(t)
    return np.where(a < 1, 2 / 3 - a**2 + a**3 / 2, np.where(a < 2, (2 - a) ** 3 / 6, 0))


TRIANGLE = [(3.3, 2.1), (17.8, 5.4), (6.2, 14.9)]


@pytest.mark.parametrize("samples", [1, 2])
def test_samples_are_the_convolution_with_a_cubic_spline(samples: int) -> None:
    found = rasterise(_outlines(TRIANGLE), (0.0, 0.0), (18 * samples, 21 * samples), samples, 0.0)
    fine = 20
    y, x = np.mgrid[0 : 20 * fine, 0 : 23 * fine] / fine - 1.0 + 0.5 / fine
    (ax, ay), (bx, by), (cx, cy) = TRIANGLE
    inside = np.ones_like(x)
    for px, py, qx, qy in ((ax, ay, bx, by), (bx, by, cx, cy), (cx, cy, ax, ay)):
        inside *= ((qx - px) * (y - py) - (qy - py) * (x - px)) > 0
    for row, column in ((5, 7), (2, 4), (9, 9), (14, 6), (6, 16), (12, 2)):
        weight = _spline((y - row) * samples) * _spline((x - column) * samples) * (samples / fine) ** 2
        assert found[row * samples, column * samples] == pytest.approx(np.sum(inside * weight), abs=3e-3)


def test_either_turn_of_the_outline_fills_the_same() -> None:
    size, origin = (40, 50), (-2.0, -3.0)
    one, other = (rasterise(_outlines(p), origin, size, 2, 0.2) for p in (TRIANGLE, TRIANGLE[::-1]))
    assert one == pytest.approx(other, abs=1e-6)
    assert one.max() == pytest.approx(1.2, abs=1e-6)
    assert one.min() == pytest.approx(0.2, abs=1e-6)


def test_the_sum_of_samples_is_the_area() -> None:
    found = rasterise(_outlines(TRIANGLE), (-3.0, -3.0), (600, 50), 2, 0.0)
    (ax, ay), (bx, by), (cx, cy) = TRIANGLE
    area = abs((bx - ax) * (cy - ay) - (by - ay) * (cx - ax)) / 2
    assert found.sum() / 4 == pytest.approx(area, rel=1e-5)


def test_what_lies_outside_the_canvas_counts_only_where_it_covers_it() -> None:
    cover = [(-500.0, -300.0), (700.0, -310.0), (690.0, 900.0), (-480.0, 905.0)]
    assert rasterise(_outlines(cover), (0.0, 0.0), (30, 40), 1, 0.0) == pytest.approx(1.0, abs=1e-6)
    for beside in ((-60.0, 5.0), (60.0, 5.0), (5.0, -60.0), (5.0, 60.0)):
        moved = [(x + beside[0], y + beside[1]) for x, y in TRIANGLE]
        assert rasterise(_outlines(moved), (0.0, 0.0), (30, 40), 1, 0.0) == pytest.approx(0.0, abs=1e-6)


def test_a_picture_does_not_depend_on_where_its_canvas_begins() -> None:
    whole = rasterise(_outlines(TRIANGLE), (0.0, 0.0), (40, 60), 2, 0.0)
    part = rasterise(_outlines(TRIANGLE), (5.0, 4.0), (12, 20), 2, 0.0)
    assert part == pytest.approx(whole[8:20, 10:30], abs=1e-6)

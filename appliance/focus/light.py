"""How the light on the chart changes from place to place, from the light sides of its edges."""

from __future__ import annotations

import numpy as np

from appliance.chart.pose import Array

DEGREE, EDGES_PER_TERM = 4, 6
LEAST_GRADIENT_SD = 5e-5
"""Standard deviation of the relative change per px that remains, where light is as smooth as can be."""
NEIGHBOUR_PX = 100.0
"""What an even field leaves of the levels is taken to change over such a distance."""
ROUNDS, HUBER = 5, 2.5


def gradients(place_px: Array, light: Array, towards_light: Array) -> tuple[Array, float]:
    """Relative change of light per px across each of n edges towards its light side, (n,), and its standard deviation.

    A polynomial of up to fourth degree is fitted to the log of the levels.

    Parameters
    ----------
    place_px:
        (n, 2) where the edges are.
    light:
        (n,) levels of their light sides, > 0, in any unit.
    towards_light:
        (n, 2) unit normals.
    """
    degree = DEGREE
    while degree > 1 and _terms(degree) * EDGES_PER_TERM > len(light):
        degree -= 1
    centre, size = place_px.mean(axis=0), max(float(np.ptp(place_px, axis=0).max()) / 2, 1.0)
    xy = (place_px - centre) / size
    basis, by_x, by_y = _polynomial(xy, degree)
    level = np.log(light)
    weight = np.ones(len(level))
    for _ in range(ROUNDS):
        coefficient = np.linalg.lstsq(basis * weight[:, None], level * weight, rcond=None)[0]
        left = np.abs(level - basis @ coefficient)
        scale = 1.4826 * float(np.median(left)) + 1e-9
        weight = np.sqrt(np.minimum(1.0, HUBER * scale / np.maximum(left, 1e-12)))
    slope = np.stack([by_x @ coefficient, by_y @ coefficient], axis=1) / size
    return (slope * towards_light).sum(axis=1), float(np.hypot(LEAST_GRADIENT_SD, scale / NEIGHBOUR_PX))


def _terms(degree: int) -> int:
    return (degree + 1) * (degree + 2) // 2


def _polynomial(xy: Array, degree: int) -> tuple[Array, Array, Array]:
    """(n, terms) all monomials of the places (n, 2), and their derivatives by x and y."""
    x, y = xy.T
    powers = [(i, j) for i in range(degree + 1) for j in range(degree + 1 - i)]
    value = [x**i * y**j for i, j in powers]
    by_x = [i * x ** max(i - 1, 0) * y**j for i, j in powers]
    by_y = [j * x**i * y ** max(j - 1, 0) for i, j in powers]
    return np.stack(value, axis=1), np.stack(by_x, axis=1), np.stack(by_y, axis=1)

"""The lowest frequency at which the SFR of an edge is one half."""

from __future__ import annotations

import numpy as np

from appliance.sfr._esf import Esf
from appliance.sfr._gaussian import F64
from appliance.sfr._pixels import I64
from appliance.sfr._response import signed_modulus, transform, variance

SEARCH_CPP = np.arange(0, 155) / 128
"""Where MTF50 is looked for; fine enough for cubic interpolation of any SFR that a strip can hold."""
BLOCK = 20
"""So many of them are looked at in turn, from the lowest, by the edges whose MTF50 was not found yet."""


def mtf50(s: Esf) -> tuple[F64, F64]:
    """MTF50 of n edges, cycles per pixel, and its standard deviation, (n,) each; NaN where it is not reached."""
    value, sd = np.full(len(s.sigma), np.nan), np.full(len(s.sigma), np.nan)
    left, first = np.arange(len(s.sigma)), 0
    while len(left) and first + 3 < len(SEARCH_CPP):
        block = SEARCH_CPP[first : first + BLOCK]
        last = first + BLOCK >= len(SEARCH_CPP)
        response = transform(s, block)
        sfr = signed_modulus(response)
        # a crossing is told from two points before it and one after
        below = sfr < 0.5
        below[:, : 2 if first else 1] = False
        if not last:
            below[:, -1] = False
        found = below.any(axis=1) & ~np.isnan(sfr).any(axis=1)
        k = np.clip(np.argmax(below, axis=1), 2, len(block) - 2)
        place, slope = _crossing(sfr, k)
        noise, rows = variance(s, response), np.arange(len(k))
        # rounding may leave less than nothing of a difference of large parts, which then is not known
        noise = np.where(noise > 0, noise, np.nan)
        spread = np.sqrt(noise[rows, k - 1] * (1 - place) + noise[rows, k] * place)
        spacing = float(SEARCH_CPP[1])
        value[left[found]] = (block[k - 1] + place * spacing)[found]
        sd[left[found]] = (spread / -slope * spacing)[found]
        if found.any():
            left, s = left[~found], s.take(np.flatnonzero(~found))
        first += BLOCK - 3
    return value, sd


def _crossing(sfr: F64, k: I64) -> tuple[F64, F64]:
    """Where a cubic through four of the points (n, m) is one half, 0…1 from k − 1 to ``k`` (n,), and its slope."""
    rows = np.arange(len(k))
    y0, y1, y2, y3 = (sfr[rows, k + j] for j in (-2, -1, 0, 1))
    # Lagrange's cubic, about the second point; Newton from the straight line's crossing
    c1, c2, c3 = -y0 / 3 - y1 / 2 + y2 - y3 / 6, (y0 + y2) / 2 - y1, (y3 - y0) / 6 + (y1 - y2) / 2
    x = (y1 - 0.5) / np.where(y1 > y2, y1 - y2, 1)
    slope = c1
    for _ in range(3):
        slope = np.minimum(c1 + x * (2 * c2 + 3 * c3 * x), -1e-4)
        x = np.clip(x - (y1 - 0.5 + x * (c1 + x * (c2 + c3 * x))) / slope, 0, 1)
    return x, slope

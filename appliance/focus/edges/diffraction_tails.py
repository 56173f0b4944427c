"""What the diffraction tails of all other print add to the profile of an edge.

Any lens with a sharp-edged aperture has an optical transfer function that starts with the slope −4 λN/π, whatever its
aberrations; so its point spread falls as h(r) = λN / (π³ r³), far from the middle. An edge that ends, and ink that has
a far side and neighbours, is therefore not quite the half plane that an edge spread function is about: its dark side
is lighter and its light side darker, by up to 0.02 of the contrast at f/11, more where the chart is farther away and
drawn smaller, which would pull focus.

Rays of the pupil's rim that arrive R from the middle (spherical aberration, defocus) bring the tails nearer: there
h(r) is larger by (1/(1 − R/r)² + 1/(1 + R/r)²) / 2 = 1 + 3 R²/r² + …, from the two points of the rim that the light
at r comes from. For a lens with a halo the integral of 1/r⁵ is wanted, too.

The integral of 1/r³ over a polygon is a sum over its sides (Gauss' theorem for the field r/r³ in the plane):
−Σ (sin β − sin α) / d, d being the distance of a side's line and α, β the directions to the side's ends from its
normal. From within, the same sum is minus the integral over all that lies outside. That of 1/r⁵, for the field
r/r⁵, has sin γ (2 + cos² γ) / 9 d³ in place of sin γ / d.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from appliance.arrays import Array, Array32
from appliance.chart.layout import Layout
from appliance.chart.pose import Pose
from appliance.chart.segments import SegmentPlan

ALONG, ALONG_WEIGHTS = np.array([-1, 0, 1]) * np.sqrt(3 / 5) / 2, np.array([5, 8, 5]) / 18
"""Gauss' points along a piece, in parts of its length from the middle."""
ACROSS = np.cos(np.pi * (np.arange(5) + 0.5) / 5)
"""Chebyshev nodes across a strip, in half widths."""
POWERS = np.arange(4)
"""Powers of the polynomial through the nodes: one fewer than there are nodes."""
FIT = np.linalg.pinv(ACROSS[:, None] ** POWERS)
"""(powers, nodes) from values at the nodes to coefficients."""
NEAR_POLYGONS, FAR_POLYGONS = 20, 60
"""So many polygons are summed side by side, so many more are taken for points; ink beyond is a veil over a piece."""
PIECES_PER_CHUNK = 64
"""Pieces summed at once: keeps intermediate arrays within a Raspberry Pi's second-level cache."""
NEAREST_PX, OWN_PX = 1e-3, 5.0
"""Distance below which a side counts as this far, and how near the middle of a piece its own side must lie: a
piece's own side lies on it, any other a square's width away."""


@dataclass(frozen=True)
class DiffractionTails:
    """Light beyond that of a half plane about n pieces of edges at K distances, in parts of the contrast.

    ``far`` (n, K) for any lens, and ``per_halo_px2`` (n, K) what a halo adds for each px² of its radius squared.
    Not finite for a piece whose own square is not seen whole.
    """

    far: Array
    per_halo_px2: Array

    def of(self, halo_px: Array) -> Array:
        """(n, K) of a lens that throws its rim's rays so far, (n,)."""
        return np.asarray(self.far + self.per_halo_px2 * np.square(halo_px)[:, None])

    def take(self, index: Any) -> DiffractionTails:
        """About the pieces of an index array."""
        return DiffractionTails(self.far[index], self.per_halo_px2[index])


def diffraction_tails(
    layout: Layout, pose: Pose, plan: SegmentPlan, airy_px: float, u: Array, halo: bool
) -> DiffractionTails:
    """Stray light at distances ``u`` (K,) px from n pieces of edges; positive ``u`` is the light side.

    ``airy_px`` is λN in px. What a halo adds is 0 where the lens has none.
    """
    polygons = polygons_mm(layout)
    points = polygons.reshape(-1, 2)
    seen = pose.sees(points).reshape(polygons.shape[:2]).all(axis=1)
    polygons = pose.project(points).reshape(polygons.shape)[seen]
    following = np.roll(polygons, -1, axis=1)
    area = (polygons[..., 0] * following[..., 1] - polygons[..., 1] * following[..., 0]).sum(axis=1) / 2
    middle = polygons.mean(axis=1)
    chunks = [
        plan.take(c)
        for c in np.split(np.arange(len(plan)), range(PIECES_PER_CHUNK, len(plan), PIECES_PER_CHUNK))
    ]
    values = [_at_points(polygons, area, middle, chunk, halo) for chunk in chunks]
    scaled = np.clip(u / plan.half_width_px[:, None], -1, 1)
    far, near = (
        airy_px / np.pi**3 * _along(np.concatenate(part), scaled) for part in zip(*values, strict=True)
    )
    return DiffractionTails(far, 3 * near)


def _along(value: Array, scaled: Array) -> Array:
    """(n, K) the polynomials through values (n, ACROSS) at ``scaled`` (n, K)."""
    profile = np.zeros_like(scaled)
    for coefficient in (value @ FIT.T).T[::-1]:
        profile *= scaled
        profile += coefficient[:, None]
    return profile


@cache
def polygons_mm(layout: Layout) -> Array:
    """(p, 4, 2) corners of all outlines, ink on the right hand; a triangle's last corner comes twice."""
    return np.array([(*p, *p[-1:] * (4 - len(p))) for p in layout.outlines])


def _at_points(
    polygons: Array, area: Array, middle: Array, plan: SegmentPlan, halo: bool
) -> tuple[Array, Array]:
    """(n, ACROSS) −∫ r⁻³ and −∫ r⁻⁵ over the ink less those of the half plane, mean along each of a few pieces."""
    ends = plan.px.reshape(-1, 2, 2)
    centre, along = ends.mean(axis=1), ends[:, 1] - ends[:, 0]
    normal = np.stack([along[:, 1], -along[:, 0]], axis=1) / np.hypot(*along.T)[:, None]
    across = ACROSS * plan.half_width_px[:, None]
    points = (
        centre[:, None, None]
        + ALONG[:, None, None] * along[:, None, None]
        + across[:, None, :, None] * normal[:, None, None]
    )
    extent = np.hypot(*(polygons - middle[:, None]).T).max(axis=0)
    away = np.hypot(middle[:, 0] - centre[:, :1], middle[:, 1] - centre[:, 1:]) - extent
    # a view so close that few polygons are in it has none farther away
    ranks = [k for k in (NEAR_POLYGONS, NEAR_POLYGONS + FAR_POLYGONS) if k < away.shape[1]]
    order = np.argpartition(away, ranks, axis=1) if ranks else np.argsort(away, axis=1)
    near, far = order[:, :NEAR_POLYGONS], order[:, NEAR_POLYGONS : NEAR_POLYGONS + FAR_POLYGONS]
    # about each piece's own centre single precision will do
    value, closer = _beyond_half_plane(
        (polygons[near] - centre[:, None, None]).astype(np.float32),
        (points - centre[:, None, None]).astype(np.float32),
        across.astype(np.float32),
        halo,
    )
    x, y = (middle[far, i][:, None, None] - points[..., None, i] for i in (0, 1))
    away = x * x + y * y
    value -= np.einsum("nacp,np->nac", 1 / (away * np.sqrt(away)), area[far])
    rest = order[:, NEAR_POLYGONS + FAR_POLYGONS :]
    away = np.square(middle[rest] - centre[:, None]).sum(axis=-1)
    veil = (area[rest] / (away * np.sqrt(away))).sum(axis=1)
    return np.asarray(ALONG_WEIGHTS @ value - veil[:, None]), np.asarray(ALONG_WEIGHTS @ closer)


def _beyond_half_plane(
    polygons: Array32, points: Array32, across: Array32, halo: bool
) -> tuple[Array, Array]:
    """(n, a, c) −∫ r⁻³ and −∫ r⁻⁵ over polygons (n, p, 4, 2) less the half plane's, at points (n, a, c, 2).

    These lie ``across`` (n, c); all places are told from the centre of each piece. Without a ``halo`` the second is 0.
    """
    start = polygons.reshape(len(polygons), -1, 2)
    end = np.roll(polygons, -1, axis=2).reshape(start.shape)
    direction = end - start
    length = np.maximum(np.hypot(direction[..., 0], direction[..., 1]), 1e-9)
    direction = direction / length[..., None]
    normal = np.stack([direction[..., 1], -direction[..., 0]], axis=-1)
    along = -(start * direction).sum(axis=-1)
    distance = np.abs((start * normal).sum(axis=-1))
    distance = np.where((along > 0) & (along < length), distance, np.inf)
    own = np.argmin(distance, axis=1)

    def along_and_off(axis: Array32) -> Array32:
        """(n, a, c, s) how far the sides' starts lie beyond the points along unit vectors (n, s, 2)."""
        there = points.reshape(len(points), -1, 2) @ axis.transpose(0, 2, 1)
        lead = (start * axis).sum(axis=-1)[:, None, None]
        return np.asarray(lead - there.reshape(*points.shape[:3], -1), np.float32)

    a, d = along_and_off(direction), along_and_off(normal)
    b = a + length[:, None, None]
    square = d * d
    far_a, far_b = np.sqrt(a * a + square), np.sqrt(b * b + square)
    d = np.where(np.abs(d) < NEAREST_PX, NEAREST_PX, d)
    value = (b / np.maximum(far_b, NEAREST_PX) - a / np.maximum(far_a, NEAREST_PX)) / d

    piece = np.arange(len(own))
    own_a, own_b = a[piece, ..., own], b[piece, ..., own]
    u = across[:, None]
    long_a, long_b = np.sqrt(own_a**2 + u * u), np.sqrt(own_b**2 + u * u)
    off_b, off_a = np.maximum(long_b + own_b, NEAREST_PX), np.maximum(long_a - own_a, NEAREST_PX)
    value[piece, ..., own] = u * (1 / (long_b * off_b) + 1 / (long_a * off_a))
    # a piece whose own square is not seen whole has no half plane to take away
    value[distance[piece, own] > OWN_PX] = np.nan
    total = value.sum(axis=-1).astype(np.float64)
    if not halo:
        return total, np.zeros_like(total)
    closer = _closer(a, b, d, far_a, far_b)
    closer[piece, ..., own] = u * (_lack(long_b, own_b) + _lack(long_a, -own_a))
    return total, closer.sum(axis=-1).astype(np.float64) / 9


def _closer(a: Array32, b: Array32, d: Array32, far_a: Array32, far_b: Array32) -> Array32:
    """9 times what a side adds to −∫ r⁻⁵ that runs from ``a`` to ``b`` at the distance ``d``; all of one shape.

    Its sin γ (2 + cos² γ) is ± 2 at the end of a line far longer than d, so that what it lacks to that is summed.
    """
    lack_a, lack_b = (np.abs(d) * _lack(far, np.abs(side)) for far, side in ((far_a, a), (far_b, b)))
    between = np.where(a * b < 0, 4 / np.abs(d) ** 3 - lack_a - lack_b, np.sign(a) * (lack_a - lack_b))
    return np.asarray(between * np.sign(d), np.float32)


def _lack(far: Array32, side: Array32) -> Array32:
    """What sin γ (2 + cos² γ) lacks to 2 at the end of a side, over d⁴, without cancelling."""
    far = np.maximum(far, NEAREST_PX)
    return np.asarray((2 * far + side) / (far**3 * np.square(np.maximum(far + side, NEAREST_PX))), np.float32)

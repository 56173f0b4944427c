"""What the diffraction tails of all other print add to the profile of an edge.

Any lens with a sharp-edged aperture has an optical transfer function that starts with the slope −4 λN/π, whatever its
aberrations; so its point spread falls as h(r) = λN / (π³ r³), far from the middle. An edge that ends, and ink that has
a far side and neighbours, is therefore not quite the half plane that an edge spread function is about: its dark side
is lighter and its light side darker, by up to 0.02 of the contrast at f/11, more where the chart is farther away and
drawn smaller, which would pull focus.

The integral of 1/r³ over a polygon is a sum over its sides (Gauss' theorem for the field r/r³ in the plane):
−Σ (sin β − sin α) / d, d being the distance of a side's line and α, β the directions to the side's ends from its
normal. From within, the same sum is minus the integral over all that lies outside.
"""

from __future__ import annotations

import numpy as np

from appliance.chart.layout import Layout
from appliance.chart.pose import Array, Pose
from appliance.chart.segments import SegmentPlan

ALONG = np.array([-np.sqrt(3 / 5), 0.0, np.sqrt(3 / 5)]) / 2
ALONG_WEIGHTS = np.array([5, 8, 5]) / 18
ACROSS = np.cos(np.pi * (np.arange(6) + 0.5) / 6)
POWERS = np.arange(4)
REACH_PITCHES = 5.0
"""Ink farther away is an even veil, which no edge notices."""
NEAREST_PX = 1e-3


def stray(layout: Layout, pose: Pose, plan: SegmentPlan, airy_px: float, u: Array) -> Array:
    """Light beyond that of a half plane at distances ``u`` (K,) px from n pieces of edges, in parts of the contrast.

    Positive ``u`` is the light side; ``airy_px`` is λN in px. Returns (n, K).
    """
    start, end, middle = _sides(layout, pose)
    ends_px = plan.px.reshape(-1, 2, 2)
    direction = ends_px[:, 1] - ends_px[:, 0]
    length = np.hypot(*direction.T)
    direction = direction / length[:, None]
    normal = np.stack([direction[:, 1], -direction[:, 0]], axis=1)
    centre = ends_px.mean(axis=1)
    reach = REACH_PITCHES * layout.pitch_mm * plan.scale_px_per_mm
    result = np.empty((len(plan), len(u)))
    for k in range(len(plan)):
        near = np.flatnonzero((np.abs(middle - centre[k]) < reach[k]).all(axis=1))
        across = ACROSS * plan.half_width_px[k]
        points = (
            centre[k] + (ALONG * length[k])[:, None, None] * direction[k] + across[None, :, None] * normal[k]
        )
        value = ALONG_WEIGHTS @ _beyond_half_plane(start[near], end[near], points, across, centre[k])
        scaled = np.clip(u / plan.half_width_px[k], -1, 1)
        inner = np.linalg.lstsq(ACROSS[:, None] ** POWERS, value, rcond=None)[0]
        result[k] = scaled[:, None] ** POWERS @ inner
    return result * airy_px / np.pi**3


def _sides(layout: Layout, pose: Pose) -> tuple[Array, Array, Array]:
    """Both ends (m, 2) of every side of all ink in the picture, ink on the right hand, and its polygon's middle."""
    starts, ends, middles = [], [], []
    corners = np.concatenate([np.array(polygon) for polygon in layout.ink])
    projected = pose.project(corners)
    place = 0
    for polygon in layout.ink:
        points = projected[place : place + len(polygon)]
        place += len(polygon)
        following = np.roll(points, -1, axis=0)
        area = (points[:, 0] * following[:, 1] - points[:, 1] * following[:, 0]).sum()
        starts.append(points if area > 0 else following)
        ends.append(following if area > 0 else points)
        middles.append(np.broadcast_to(points.mean(axis=0), points.shape))
    return np.concatenate(starts), np.concatenate(ends), np.concatenate(middles)


def _beyond_half_plane(start: Array, end: Array, points: Array, across: Array, centre: Array) -> Array:
    """(a, c) −∫ r⁻³ over the ink, less that of the half plane, at points (a, c, 2) at ``across`` (c,) from the edge."""
    direction = end - start
    length = np.maximum(np.hypot(*direction.T), 1e-9)
    direction = direction / length[:, None]
    normal = np.stack([direction[:, 1], -direction[:, 0]], axis=1)
    along = ((centre - start) * direction).sum(axis=1)
    distance = np.abs(((centre - start) * normal).sum(axis=1))
    own = int(np.argmin(np.where((along > 0) & (along < length), distance, np.inf)))
    to_start = start - points[..., None, :]
    a = (to_start * direction).sum(axis=-1)
    d = (to_start * normal).sum(axis=-1)
    b = a + length
    far_a, far_b = np.hypot(a, d), np.hypot(b, d)
    d = np.where(np.abs(d) < NEAREST_PX, NEAREST_PX, d)
    value = (b / far_b - a / far_a) / d
    u = across[None, :]
    own_a, own_b = far_a[..., own], far_b[..., own]
    value[..., own] = u * (1 / (own_b * (own_b + b[..., own])) + 1 / (own_a * (own_a - a[..., own])))
    return np.asarray(value.sum(axis=-1))

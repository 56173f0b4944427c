"""The straight dark-to-light edges of a chart: the sides of squares, the borders of fiducials, the star's spokes.

Edges come in fours, the sides of one dark quadrilateral, clockwise on paper; a side that is no edge of its own has no
clearance. All lengths are in millimetres.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import cos, pi, sin

import numpy as np
import numpy.typing as npt

Point = tuple[float, float]
Polygon = tuple[Point, ...]
Box = tuple[float, float, float, float, float]
"""Centre x, y, half width, half height in mm, turn in degrees."""

WHOLE_CLEARANCE, SHARED_INK = 0.8, 0.45
"""How much of what is free beside an edge a strip may take; ink between two edges is for both of them."""
STAR_PARTS = (0.3, 0.44, 0.66, 1.0)
"""Radii, in parts of the star's, between which its spokes count as edges of their own: they are wider farther out."""


@dataclass(frozen=True)
class PrintedEdge:
    """A straight dark-to-light edge; walking from point 1 to point 2 with y down, dark lies on the right hand.

    ``clearance_mm`` is free of other ink on the light side, ``depth_of_ink_mm`` the ink's width on the dark side, of
    which a strip may take ``ink_share``; ``open_start`` and ``open_end`` say where the edge goes on in the same line.
    """

    id: str
    x1_mm: float
    y1_mm: float
    x2_mm: float
    y2_mm: float
    clearance_mm: float
    depth_of_ink_mm: float
    across_tilt: bool
    """True for near-horizontal edges (constant depth once the chart is tilted)."""
    ink_share: float = SHARED_INK
    open_start: bool = False
    open_end: bool = False

    @property
    def room_mm(self) -> float:
        """How far either side of the edge other ink begins."""
        return min(self.clearance_mm, self.depth_of_ink_mm)

    @property
    def strip_mm(self) -> float:
        """How far either side of the edge a strip may reach."""
        return min(WHOLE_CLEARANCE * self.clearance_mm, self.ink_share * self.depth_of_ink_mm)

    def printed_at(self, scale: float) -> PrintedEdge:
        """The same edge with all lengths ``scale`` times as large."""
        return replace(self, **{name: getattr(self, name) * scale for name in _LENGTHS})


_LENGTHS = ("x1_mm", "y1_mm", "x2_mm", "y2_mm", "clearance_mm", "depth_of_ink_mm")


def clearances(polygons: Sequence[Polygon], boxes: Sequence[Box], first: int = 0) -> npt.NDArray[np.float64]:
    """(polygons, 4) distance in mm from every side of every quadrilateral to the nearest of all other boxes.

    The quadrilaterals have boxes themselves, in the same order, from number ``first`` on.
    """
    corners = np.array(polygons)
    steps = np.linspace(0, 1, 5)[:, None]
    sides = np.stack([corners, np.roll(corners, -1, axis=1)], axis=2)
    points = sides[:, :, :1] * (1 - steps) + sides[:, :, 1:] * steps
    place = np.array(boxes)
    c, s = np.cos(np.radians(place[:, 4])), np.sin(np.radians(place[:, 4]))
    least = np.empty((len(polygons), 4))
    for k in range(len(polygons)):
        dx, dy = (points[k, ..., None, axis] - place[:, axis] for axis in (0, 1))
        outside_x = np.maximum(np.abs(c * dx + s * dy) - place[:, 2], 0)
        outside_y = np.maximum(np.abs(c * dy - s * dx) - place[:, 3], 0)
        distance = np.hypot(outside_x, outside_y)
        distance[..., first + k] = np.inf
        least[k] = distance.min(axis=(1, 2))
    return least


def sides_of(
    name: str, corners: Polygon, clearance: npt.NDArray[np.float64], ink: float, ink_share: float = SHARED_INK
) -> Iterator[PrintedEdge]:
    """The four sides of a near-upright quadrilateral, the top one first; ``clearance`` (4,), depth of ``ink``."""
    for k, label in enumerate("nesw"):
        (x1, y1), (x2, y2) = corners[k], corners[(k + 1) % 4]
        across = label in "ns"
        yield PrintedEdge(f"{name}{label}", x1, y1, x2, y2, float(clearance[k]), ink, across, ink_share)


def spokes_of(aim: Point, radius: float, cycles: int) -> Iterator[PrintedEdge]:
    """The long sides of a star's spokes, in parts: the farther from the middle, the more room there is beside them."""
    step = pi / cycles
    for k in range(cycles):
        a, b = 2 * k * step, (2 * k + 1) * step
        for part, (inner, outer) in enumerate(pairwise(STAR_PARTS)):
            corners = [
                (aim[0] + r * radius * cos(t), aim[1] + r * radius * sin(t))
                for r, t in ((inner, a), (outer, a), (outer, b), (inner, b))
            ]
            width = inner * radius * sin(step)
            last = part == len(STAR_PARTS) - 2
            for side, (label, angle) in enumerate((("a", a), ("o", a), ("b", b), ("i", b))):
                room = width if label in "ab" else 0.0
                yield PrintedEdge(
                    f"star{k}{label}{part}",
                    *corners[side],
                    *corners[(side + 1) % 4],
                    room,
                    width,
                    abs(sin(angle)) < abs(cos(angle)),
                    WHOLE_CLEARANCE,
                    open_start=label == "a" or not last,
                    open_end=label == "b" or not last,
                )

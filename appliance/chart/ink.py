"""The shapes that charts are printed from: squares, fiducials, the star, a ruler; polygons in mm, y down."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import cos, pi, radians, sin

import cv2
import numpy as np
import numpy.typing as npt

from appliance.chart.edges import Point, Polygon

DICTIONARY_ID = cv2.aruco.DICT_5X5_1000
MARKER_MODULES = 7
STAR_CYCLES = 36


@dataclass(frozen=True)
class Fiducial:
    """An upright ArUco marker: id, centre and side in mm."""

    id: int
    x_mm: float
    y_mm: float
    side_mm: float

    @property
    def corners_mm(self) -> npt.NDArray[np.float64]:
        """(4, 2) corners: top left, top right, bottom right, bottom left, as ArUco orders them."""
        h = self.side_mm / 2
        return np.array([(-h, -h), (h, -h), (h, h), (-h, h)]) + (self.x_mm, self.y_mm)


def turned_square(x: float, y: float, side: float, turn_deg: float) -> Polygon:
    """A square about its centre."""
    c, s, h = cos(radians(turn_deg)), sin(radians(turn_deg)), side / 2
    # clockwise on paper (y down) from the top left corner: ink on the right hand of every side
    return tuple((x + c * u - s * v, y + s * u + c * v) for u, v in ((-h, -h), (h, -h), (h, h), (-h, h)))


def marker_runs(marker: Fiducial, dark: bool) -> Iterator[Polygon]:
    """The dark, or the light, parts of a marker: runs of modules, row by row."""
    dictionary = cv2.aruco.getPredefinedDictionary(DICTIONARY_ID)
    picture = cv2.aruco.generateImageMarker(dictionary, marker.id, MARKER_MODULES)
    wanted = (picture == 0) == dark
    cell = marker.side_mm / MARKER_MODULES
    left, top = marker.x_mm - marker.side_mm / 2, marker.y_mm - marker.side_mm / 2
    for row in range(MARKER_MODULES):
        column = 0
        while column < MARKER_MODULES:
            if not wanted[row, column]:
                column += 1
                continue
            start = column
            while column < MARKER_MODULES and wanted[row, column]:
                column += 1
            yield rectangle(
                left + start * cell, top + row * cell, left + column * cell, top + (row + 1) * cell
            )


def rectangle(x1: float, y1: float, x2: float, y2: float) -> Polygon:
    """An upright rectangle from its left, top, right and bottom."""
    return ((x1, y1), (x2, y1), (x2, y2), (x1, y2))


def clockwise(polygon: Polygon) -> Polygon:
    """The same outline with what it encloses on the right hand, y down."""
    turns = zip(polygon, (*polygon[1:], polygon[0]), strict=True)
    return polygon if sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in turns) > 0 else polygon[::-1]


def star(aim: Point, radius: float) -> Iterator[Polygon]:
    """A Siemens star, and four pointers at it."""
    inner = radius * 0.04
    step = pi / STAR_CYCLES
    for k in range(STAR_CYCLES):
        a, b = 2 * k * step, (2 * k + 1) * step
        yield tuple(
            (aim[0] + r * cos(t), aim[1] + r * sin(t))
            for r, t in ((inner, a), (radius, a), (radius, b), (inner, b))
        )
    for k in range(4):  # four pointers make the star findable as the aim mark when it is all blur
        t = k * pi / 2
        tip, base, half = radius * 1.06, radius * 1.2, radius * 0.07
        yield tuple(
            (aim[0] + r * cos(t) - w * sin(t), aim[1] + r * sin(t) + w * cos(t))
            for r, w in ((tip, 0.0), (base, -half), (base, half))
        )


def ruler(x: float, y: float, length: int) -> Iterator[Polygon]:
    """A line with a tick at every mm, the left end of which is given."""
    yield rectangle(x, y - 0.15, x + length, y)
    for mm in range(length + 1):
        tick = 3.0 if mm % 10 == 0 else 2.2 if mm % 5 == 0 else 1.5
        yield rectangle(x + mm - 0.06, y, x + mm + 0.06, y + tick)

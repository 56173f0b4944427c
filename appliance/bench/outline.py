"""The chart's polygons as outlines in the picture."""

from __future__ import annotations

from math import inf, sqrt

import numpy as np
import numpy.typing as npt

from appliance.bench.geometry import Projection
from appliance.bench.raster import Outlines

Array = npt.NDArray[np.float64]

_NEAREST_MM = 2.0
_MOST_SAGITTA_PX = 5e-4


def chart_outlines(projection: Projection) -> Outlines:
    """Outlines of paper and ink in pixels, in units of the paper's reflectance.

    Straight edges are cut into pieces short enough to follow their bend through the lens's distortion to 0.0005 px.
    """
    chart = projection.scene.chart
    width, height = chart.layout.paper_mm
    paper = np.array([(0, 0), (width, 0), (width, height), (0, height)], float)
    background = chart.background_reflectance / chart.paper_reflectance
    ink = chart.ink_reflectance / chart.paper_reflectance
    starts, ends, steps = [], [], []
    for polygon, step in [
        (paper, 1 - background),
        *((np.array(p, float), ink - 1) for p in chart.layout.ink),
    ]:
        seen = _in_front(projection, polygon)
        if len(seen) < 3:
            continue
        following = np.roll(seen, -1, axis=0)
        # twice the signed area: > 0 if clockwise as seen, when the left side goes up
        turn = np.sum(seen[:, 0] * following[:, 1] - following[:, 0] * seen[:, 1])
        starts.append(seen)
        ends.append(following)
        steps.append(np.full(len(seen), step * np.sign(turn)))
    return _projected(projection, np.concatenate(starts), np.concatenate(ends), np.concatenate(steps))


def _in_front(projection: Projection, polygon: Array) -> Array:
    """The part of a polygon that lies before the lens (Sutherland-Hodgman against one plane)."""
    over = projection.positions(polygon)[:, 2] - _NEAREST_MM
    if np.all(over > 0):
        return polygon
    points = []
    for k in range(len(polygon)):
        previous = k - 1
        if (over[k] > 0) != (over[previous] > 0):
            t = over[previous] / (over[previous] - over[k])
            points.append(polygon[previous] + t * (polygon[k] - polygon[previous]))
        if over[k] > 0:
            points.append(polygon[k])
    return np.array(points).reshape(-1, 2)


def _projected(projection: Projection, start: Array, end: Array, step: Array) -> Outlines:
    longest_px = _longest_straight_px(projection)
    if longest_px < inf:
        length = np.linalg.norm(projection.pixels(end) - projection.pixels(start), axis=1)
        pieces = np.clip(np.ceil(length / longest_px), 1, 5000).astype(np.int64)
        index = np.repeat(np.arange(len(pieces)), pieces)
        part = np.arange(len(index)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
        run = (end - start)[index]
        t = (part / pieces[index])[:, None]
        after = ((part + 1) / pieces[index])[:, None]
        start, end, step = start[index] + t * run, start[index] + after * run, step[index]
    return Outlines(projection.pixels(start), projection.pixels(end), step)


def _longest_straight_px(projection: Projection) -> float:
    """Length over which an edge bends by less than the sagitta allowed, from distortion and the paper's bow."""
    scene = projection.scene
    corner_px = scene.sensor.half_diagonal_mm * 1000 / scene.sensor.pitch_um
    distortion = 6 * abs(scene.lens.distortion_percent) / 100 / corner_px
    bow = 2 * abs(projection.bow_per_mm2) * scene.sensor.pitch_um / 1000 / scene.magnification
    bend = distortion + bow  # one over the radius of curvature, per pixel
    return sqrt(8 * _MOST_SAGITTA_PX / bend) if bend else inf

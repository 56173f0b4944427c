"""How much of each cell of a grid is covered by polygons: exactly, by areas."""

from __future__ import annotations

import numpy as np

from appliance.arrays import Array


def coverage(polygons: Array, rows: int, columns: int) -> Array:
    """(rows, columns) parts of the cells of a grid that polygons (p, k, 2) cover.

    Corners (x, y) are in cells from the grid's own corner. An area counts positive where its corners run clockwise
    with y down, and negative where they run the other way around, as holes do.

    Each side, cut wherever it leaves a cell, adds its height in that cell to all cells to the right of it, and of its
    own cell the part to the right of it.
    """
    start = polygons.reshape(-1, 2)
    end = np.roll(polygons, -1, axis=1).reshape(-1, 2)
    near = (np.minimum(start, end) < (columns, rows)).all(axis=1) & (np.maximum(start[:, 1], end[:, 1]) > 0)
    start, end = start[near], end[near]
    side, t0, t1 = _cut(start, end)
    along = end[side] - start[side]
    middle = start[side] + along * ((t0 + t1) / 2)[:, None]
    height = -along[:, 1] * (t1 - t0)
    row = np.floor(middle[:, 1]).astype(int)
    column = np.clip(np.floor(middle[:, 0]).astype(int), -1, columns)
    inside = (row >= 0) & (row < rows) & (column < columns)
    row, column, height = row[inside], column[inside], height[inside]
    right = np.where(column >= 0, column + 1 - middle[inside, 0], 0.0)
    # one column more on either side takes what lies beyond the grid
    place = row * (columns + 2) + column + 1
    size = rows * (columns + 2)
    steps = np.bincount(place, height * right, size) + np.bincount(place + 1, height * (1 - right), size)
    return np.asarray(steps.reshape(rows, columns + 2).cumsum(axis=1)[:, 1:-1])


def _cut(start: Array, end: Array) -> tuple[Array, Array, Array]:
    """Sides (s, 2) cut at all grid lines: the side of each piece, and where along it, 0 … 1, it begins and ends."""
    sides, places = [np.arange(len(start)).repeat(2)], [np.tile([0.0, 1.0], len(start))]
    for axis in (0, 1):
        a, b = start[:, axis], end[:, axis]
        first = np.floor(np.minimum(a, b)).astype(int) + 1
        count = np.maximum(np.ceil(np.maximum(a, b)).astype(int) - first, 0)
        side = np.repeat(np.arange(len(start)), count)
        line = first[side] + np.arange(len(side)) - np.repeat(np.cumsum(count) - count, count)
        sides.append(side)
        places.append((line - a[side]) / (b - a)[side])
    side, place = np.concatenate(sides), np.concatenate(places)
    order = np.lexsort((place, side))
    side, place = side[order], place[order]
    same = side[1:] == side[:-1]
    return side[:-1][same], place[:-1][same], place[1:][same]

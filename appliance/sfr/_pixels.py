"""Which pixels see an edge: the strip of samples along a line, with each sample's distance from it.

A strip is a stack of picture rows (or columns, for edges nearer the horizontal), all of the same number of samples, so
that a whole batch of edges is one rectangular array and distances are linear in the sample number.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from appliance.frame import Bayer
from appliance.sfr._gaussian import F32, F64

I64 = npt.NDArray[np.int64]
GREEN_PARITY: dict[str, int] = {"rggb": 1, "bggr": 1, "grbg": 0, "gbrg": 0}
"""(x + y) mod 2 of the green sites, by colour order of the top left 2 × 2 block."""


@dataclass(frozen=True)
class Lines:
    """A batch of n nearly straight edges, each in its own frame; all members have shape (n,), float64.

    ``x, y`` is the middle, ``along_x, along_y`` the unit vector along the edge, and the normal is that vector turned
    so that x turns into y: (−along_y, along_x). ``bend`` is the curvature term: the edge lies at the distance
    ``bend · t²`` along the normal, t being the distance from the middle along the edge. Lengths in pixels.
    """

    x: F64
    y: F64
    along_x: F64
    along_y: F64
    length: F64
    bend: F64

    def __len__(self) -> int:
        return len(self.x)

    def take(self, index: Any) -> Lines:
        """The lines of an index array or mask, in its order."""
        return Lines(
            self.x[index], self.y[index], self.along_x[index], self.along_y[index], self.length[index],
            self.bend[index],
        )  # fmt: skip

    def moved(self, offset: F64, slope: F64, bend: F64) -> Lines:
        """The lines shifted by ``offset`` along their normals, turned by atan(``slope``), with a new ``bend``."""
        scale = 1.0 / np.hypot(1.0, slope)
        return replace(
            self,
            x=self.x - offset * self.along_y,
            y=self.y + offset * self.along_x,
            along_x=(self.along_x - slope * self.along_y) * scale,
            along_y=(self.along_y + slope * self.along_x) * scale,
            bend=bend,
        )

    def flipped(self, which: npt.NDArray[np.bool_]) -> Lines:
        """The lines with direction and normal reversed where ``which`` is true."""
        sign = np.where(which, -1.0, 1.0)
        return replace(self, along_x=self.along_x * sign, along_y=self.along_y * sign, bend=self.bend * sign)


@dataclass(frozen=True)
class Strip:
    """The samples of a batch of lines as R rows of M samples; ``first_row`` (n,) is each line's first row.

    ``value, distance, along`` are (R, M) float32: pixel value, signed distance along the normal from the (bent)
    edge, and distance along the edge, px. ``usable`` (R, M) marks samples inside the picture, the edge's length and
    the half width. ``edge, crossing_t, odd`` are (R,): the line's number, where the row crosses the edge, and the
    parity of the row in the picture.
    """

    first_row: I64
    edge: I64
    crossing_t: F64
    odd: npt.NDArray[np.bool_]
    value: F32
    distance: F32
    along: F32
    usable: npt.NDArray[np.bool_]


def segments_to_lines(segments_px: F64) -> Lines:
    """Lines from (n, 4) end points x1, y1, x2, y2."""
    x1, y1, x2, y2 = segments_px.T
    length = np.hypot(x2 - x1, y2 - y1)
    safe = np.where(length > 0, length, 1.0)
    return Lines(
        (x1 + x2) / 2, (y1 + y2) / 2,
        np.where(length > 0, (x2 - x1) / safe, 1.0), (y2 - y1) / safe, length, np.zeros(len(length)),
    )  # fmt: skip


def samples_per_row(lines: Lines, half_width: F64, lattice: Bayer | None) -> I64:
    """(n,) number of samples in a row of each line's strip."""
    steep = np.maximum(np.abs(lines.along_x), np.abs(lines.along_y))
    pace = 1 if lattice is None else 2
    return np.asarray(2 * half_width / (steep * pace), dtype=np.int64) + 2


def strip(plane: npt.NDArray[Any], lines: Lines, half_width: F64, lattice: Bayer | None) -> Strip:
    """Read the samples within ``half_width`` (n,) px of each line from a (h, w) plane."""
    upright = np.abs(lines.along_y) >= np.abs(lines.along_x)
    # "major" runs along the rows of the strip's stack, "minor" along a row
    centre_major, centre_minor = _turned(lines.x, lines.y, upright)
    along_major, along_minor = _turned(lines.along_x, lines.along_y, upright)
    normal_major, normal_minor = _turned(-lines.along_y, lines.along_x, upright)
    reach = lines.length / 2 * np.abs(along_major) + half_width * np.abs(normal_major)
    low = np.ceil(centre_major - reach).astype(np.int64)
    count = np.maximum(np.floor(centre_major + reach).astype(np.int64) - low + 1, 1)
    first_row = np.concatenate([[0], np.cumsum(count)[:-1]])
    edge = np.repeat(np.arange(len(lines)), count)
    major = np.arange(int(count.sum())) - first_row[edge] + low[edge]
    offset_major = major - centre_major[edge]

    step = 1 if lattice is None else 2
    crossing_minor = offset_major * (along_minor / along_major)[edge]
    start = np.ceil(centre_minor[edge] + crossing_minor - (half_width / np.abs(normal_minor))[edge])
    minor = start.astype(np.int64)
    if lattice is not None:
        minor += (minor + major + GREEN_PARITY[lattice]) % 2
    offset_minor = minor - centre_minor[edge]
    number = np.arange(int(samples_per_row(lines, half_width, lattice).max()))

    def linear(by_major: F64, by_minor: F64) -> F32:
        """(R, M) lengths along one direction, even in the sample's number."""
        first = (offset_major * by_major[edge] + offset_minor * by_minor[edge]).astype(np.float32)
        out = (step * by_minor[edge]).astype(np.float32)[:, None] * number.astype(np.float32)
        out += first[:, None]
        return np.asarray(out, np.float32)

    along, distance = linear(along_major, along_minor), linear(normal_major, normal_minor)
    if np.any(lines.bend):
        bent = np.square(along)
        bent *= lines.bend.astype(np.float32)[edge][:, None]
        distance -= bent
    usable = np.abs(along) <= (lines.length / 2).astype(np.float32)[edge][:, None]
    usable &= np.abs(distance) <= half_width.astype(np.float32)[edge][:, None]
    value = _values(plane, upright[edge], major, minor, step * number, usable)
    return Strip(
        first_row, edge, offset_major / along_major[edge], major % 2 == 1, value, distance, along, usable
    )


def _turned(x: F64, y: F64, upright: npt.NDArray[np.bool_]) -> tuple[F64, F64]:
    """Coordinates (n,) along the stack of a line's rows, and along a row."""
    return np.where(upright, y, x), np.where(upright, x, y)


def _values(
    plane: npt.NDArray[Any],
    upright: npt.NDArray[np.bool_],
    major: I64,
    minor: I64,
    steps: I64,
    usable: npt.NDArray[np.bool_],
) -> F32:
    """(R, M) the plane's values ``steps`` (M,) on from the first sample of each row, (R,) ``major`` and ``minor``.

    What lies outside the plane, or has no value there, is marked in ``usable`` (R, M) as not to be used.
    """
    height, width = plane.shape
    minor_size = height + (width - height) * upright
    major_size = height + width - minor_size
    stride, row_stride = np.where(upright, 1, width), np.where(upright, width, 1)
    flat, value = plane.ravel(), np.empty(usable.shape, np.float32)
    if np.all((major >= 0) & (major < major_size) & (minor >= 0) & (minor + steps[-1] < minor_size)):
        first = major * row_stride + minor * stride
        for way, rows in ((1, upright), (width, ~upright)):
            if rows.any():
                # rows of evenly spaced samples, taken as a whole: several times as fast as one by one
                spaced = sliding_window_view(flat, int(steps[-1]) * way + 1)[:, :: int(steps[1]) * way]
                value[rows] = spaced[first[rows]]
    else:
        there = minor[:, None] + steps
        usable &= (there >= 0) & (there < minor_size[:, None])
        usable &= ((major >= 0) & (major < major_size))[:, None]
        np.clip(there, 0, minor_size[:, None] - 1, out=there)
        index = there * stride[:, None]
        index += (np.clip(major, 0, major_size - 1) * row_stride)[:, None]
        value[:] = np.take(flat, index)
    if plane.dtype.kind == "f" and not np.isfinite(value.sum(dtype=np.float64)):
        usable &= np.isfinite(value)
        value = np.where(usable, value, np.float32(0))
    return value

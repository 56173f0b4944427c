"""Which pixels see an edge: the strip of samples along a line, with each sample's distance from it.

A strip is a stack of picture rows (or columns, for edges nearer the horizontal), all of the same number of samples, so
that a whole batch of edges is one rectangular array and distances are linear in the sample number.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from appliance.frame import Bayer
from appliance.sfr._normal import F32, F64

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
    height, width = plane.shape
    upright = np.abs(lines.along_y) >= np.abs(lines.along_x)
    normal_x, normal_y = -lines.along_y, lines.along_x
    # "major" runs along the rows of the strip's stack, "minor" along a row
    centre_major = np.where(upright, lines.y, lines.x)
    centre_minor = np.where(upright, lines.x, lines.y)
    along_major = np.where(upright, lines.along_y, lines.along_x)
    along_minor = np.where(upright, lines.along_x, lines.along_y)
    normal_major = np.where(upright, normal_y, normal_x)
    normal_minor = np.where(upright, normal_x, normal_y)

    reach = lines.length / 2 * np.abs(along_major) + half_width * np.abs(normal_major)
    low = np.ceil(centre_major - reach).astype(np.int64)
    count = np.maximum(np.floor(centre_major + reach).astype(np.int64) - low + 1, 1)
    first_row = np.concatenate([[0], np.cumsum(count)[:-1]])
    edge = np.repeat(np.arange(len(lines)), count)
    major = np.arange(int(count.sum())) - first_row[edge] + low[edge]

    step = 1 if lattice is None else 2
    m = int(samples_per_row(lines, half_width, lattice).max())
    offset_major = major - centre_major[edge]
    crossing_minor = offset_major * (along_minor / along_major)[edge]
    start = np.ceil(centre_minor[edge] + crossing_minor - (half_width / np.abs(normal_minor))[edge])
    minor0 = start.astype(np.int64)
    if lattice is not None:
        minor0 += (minor0 + major + GREEN_PARITY[lattice]) % 2
    offset_minor = minor0 - centre_minor[edge]

    number = np.arange(m)
    number32 = number.astype(np.float32)[None, :]

    def linear(by_major: F64, by_minor: F64) -> F32:
        """(R, M) lengths along one direction, even in the sample's number."""
        first = (offset_major * by_major[edge] + offset_minor * by_minor[edge]).astype(np.float32)[:, None]
        out = (step * by_minor[edge]).astype(np.float32)[:, None] * number32
        out += first
        return np.asarray(out, np.float32)

    along, distance = linear(along_major, along_minor), linear(normal_major, normal_minor)
    if np.any(lines.bend):
        bent = np.square(along)
        bent *= lines.bend.astype(np.float32)[edge][:, None]
        distance -= bent
    usable = np.abs(along) <= (lines.length / 2).astype(np.float32)[edge][:, None]
    usable &= np.abs(distance) <= half_width.astype(np.float32)[edge][:, None]
    minor_size = np.where(upright, width, height)[edge]
    major_size = np.where(upright, height, width)[edge]
    last = minor0 + step * (m - 1)
    if (major.min() < 0) or np.any(major >= major_size) or (minor0.min() < 0) or np.any(last >= minor_size):
        minor = minor0[:, None] + step * number[None, :]
        usable &= (minor >= 0) & (minor < minor_size[:, None])
        usable &= ((major >= 0) & (major < major_size))[:, None]
        np.clip(minor, 0, minor_size[:, None] - 1, out=minor)
        major_in = np.clip(major, 0, major_size - 1)
        index = minor * np.where(upright, 1, width)[edge][:, None]
        index += (major_in * np.where(upright, width, 1)[edge])[:, None]
    else:
        stride = np.where(upright, 1, width)[edge]
        index = (major * np.where(upright, width, 1)[edge] + minor0 * stride)[:, None] + (
            step * stride[:, None] * number[None, :]
        )
    value = np.take(plane.ravel(), index, mode="clip").astype(np.float32, copy=False)
    if plane.dtype.kind == "f" and not np.isfinite(value.sum(dtype=np.float64)):
        usable &= np.isfinite(value)
        value = np.where(usable, value, np.float32(0))
    return Strip(
        first_row, edge, offset_major / along_major[edge], major % 2 == 1, value, distance, along, usable
    )

"""Where the edge lies: from a prediction a few pixels off to a line known to a few thousandths of a pixel.

The edge spread function is fitted by a cumulative normal of free width. The fit is symmetric about the edge, so for any
symmetric spread the position is unbiased whatever the spread's true shape.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from appliance.frame import Bayer
from appliance.robust import scaled_solution
from appliance.sfr._gaussian import F32, F64, cumulative_fast
from appliance.sfr._pixels import I64, Lines, Strip, strip

BLOCKS = 4
"""Pieces along the edge that the coarse fit tells apart."""
BEND_PRIOR_PER_PX = 3e-4
"""Standard deviation expected of ``bend``: 4 % distortion bends an edge by about 5e-5 / px."""
RIDGE = 1e-9
"""Faint damping of each edge's normal equations, so that a degenerate edge cannot raise."""
MIN_SIGMA_PX = 0.2
MAX_COARSE_STEPS = 8
MAX_ROUNDS, SETTLED_PX, SETTLED_WIDTH = 3, 0.003, 0.02
"""An edge is done with when a round moves its ends and its middle by less than this, and its width by less than that
part of it: the next would move it by a hundredth as much."""


@dataclass(frozen=True)
class Fit:
    """A batch of located edges; members (n,) float64.

    ``sigma`` is the width of the fitted normal spread (px), ``dark`` the level before and ``contrast`` the rise across
    the edge along the normal, ``light_slope`` the relative change of light per px along the edge, ``green_ratio``
    the gain of the mosaic's green sites in odd rows over those in even rows (1 without a mosaic).
    """

    lines: Lines
    sigma: F64
    dark: F64
    contrast: F64
    light_slope: F64
    green_ratio: F64

    def take(self, index: Any) -> Fit:
        """The fits of an index array."""
        return Fit(
            self.lines.take(index), self.sigma[index], self.dark[index], self.contrast[index],
            self.light_slope[index], self.green_ratio[index],
        )  # fmt: skip

    def put(self, index: I64, other: Fit) -> Fit:
        """These fits, but those of an index array taken from ``other``."""
        source = np.arange(len(self.sigma))
        source[index] = len(source) + np.arange(len(index))
        return join([self, other]).take(source)


def join(fits: Sequence[Fit]) -> Fit:
    """One batch of several, in their order."""
    lines = Lines(*(np.concatenate([getattr(f.lines, m.name) for f in fits]) for m in fields(Lines)))
    return Fit(lines, *(np.concatenate([getattr(f, m.name) for f in fits]) for m in fields(Fit)[1:]))


def coarse(plane: npt.NDArray[Any], lines: Lines, half_width: F64, lattice: Bayer | None) -> Fit:
    """Locate edges to about 0.05 px from predictions a few pixels and a degree or two off.

    Works on means over cells of 1 px across and an eighth of the edge along, so that it costs one pass over the
    pixels; the light's slope along the edge and the balance of the two greens come out of the same means.
    """
    n = len(lines)
    s = strip(plane, lines, half_width, lattice)
    reach = int(np.ceil(half_width.max()))
    cells = 2 * reach
    block = np.clip(((s.crossing_t / lines.length[s.edge]) + 0.5) * BLOCKS, 0, BLOCKS - 1).astype(np.int64)
    two = 1 if lattice is None else 2
    row_key = ((s.edge * two + (s.odd if two == 2 else 0)) * BLOCKS + block) * (cells + 1) + 1
    cell = np.floor(s.distance).astype(np.int64)
    cell += reach
    np.clip(cell, -1, cells - 1, out=cell)
    cell[~s.usable] = -1
    cell += row_key[:, None]
    size = n * two * BLOCKS * (cells + 1)
    shape = (n, two, BLOCKS, cells + 1)
    key = cell.ravel()
    count = np.bincount(key, minlength=size).reshape(shape)[..., 1:].astype(np.float64)
    total = np.bincount(key, s.value.ravel(), minlength=size).reshape(shape)[..., 1:].astype(np.float64)
    fit = _fit_cells(count.sum(axis=1), total.sum(axis=1), lines, half_width, reach)
    if two == 2:
        fit = replace(fit, green_ratio=_green_ratio(count, total))
    return fit


def _fit_cells(count: F64, total: F64, lines: Lines, half_width: F64, reach: int) -> Fit:
    """Gauss–Newton on (n, BLOCKS, cells) sums: offset, slope, width, levels, light slope."""
    n, _, cells = count.shape
    u = np.arange(cells, dtype=np.float64) - (reach - 0.5)
    t = ((np.arange(BLOCKS) + 0.5) / BLOCKS - 0.5)[None, :] * lines.length[:, None]
    offset, sigma, dark, contrast = _first_guess(count, total, u, half_width)
    slope, light = np.zeros(n), np.zeros(n)
    mean = (total / np.maximum(count, 1)).astype(np.float32)
    weight = count.reshape(n, 1, -1).astype(np.float32)
    u32, t32 = u.astype(np.float32), t.astype(np.float32)[:, :, None]
    jac = np.empty((n, 6, BLOCKS, cells), np.float32)
    flat = jac.reshape(n, 6, -1)

    def each(values: F64) -> F32:
        return values.astype(np.float32)[:, None, None]

    for step in range(MAX_COARSE_STEPS):
        wide = np.sqrt(np.square(sigma) + 1 / 12)
        z = np.asarray((u32 - each(offset) - each(slope) * t32) / each(wide), np.float32)
        phi, rise = np.exp(np.float32(-0.5) * z * z), cumulative_fast(z.copy())
        model = each(dark) + each(contrast) * rise
        jac[:, 0], jac[:, 1] = 1, rise
        np.multiply(each(-0.3989423 * contrast / wide), phi, out=jac[:, 2])
        np.multiply(jac[:, 2], t32, out=jac[:, 3])
        np.multiply(jac[:, 2], z * each(wide), out=jac[:, 4])
        np.multiply(model, t32, out=jac[:, 5])
        weighted = flat * weight
        residual = (mean - model * (1 + each(light) * t32)).reshape(n, -1, 1)
        normal, right = weighted @ flat.transpose(0, 2, 1), (weighted @ residual)[..., 0]
        delta = scaled_solution(normal.astype(np.float64), right.astype(np.float64), RIDGE)
        dark, contrast = dark + delta[:, 0], contrast + delta[:, 1]
        most = wide * (1.0 if step else 0.5)
        offset = np.clip(offset + np.clip(delta[:, 2], -most, most), -half_width, half_width)
        tip = most / (lines.length / 2)
        slope = np.clip(slope + np.clip(delta[:, 3], -tip, tip), -0.5, 0.5)
        wide = wide * np.exp(np.clip(delta[:, 4], -0.5, 0.5))
        sigma = np.sqrt(np.clip(np.square(wide) - 1 / 12, MIN_SIGMA_PX**2, np.square(half_width)))
        light = np.clip(light + np.clip(delta[:, 5], -0.01, 0.01), -0.02, 0.02)
        if (np.abs(delta[:, 2]) + np.abs(delta[:, 3]) * lines.length < 0.02 * wide).all():
            break
    located = lines.moved(offset, slope, np.zeros(n))
    falls = contrast < 0
    return Fit(
        located.flipped(falls), sigma, np.where(falls, dark + contrast, dark), np.abs(contrast),
        np.where(falls, -light, light), np.ones(n),
    )  # fmt: skip


def _first_guess(count: F64, total: F64, u: F64, half_width: F64) -> tuple[F64, F64, F64, F64]:
    """Offset, width, level before and rise, from the squared slope of the profile across the edge."""
    many = count.sum(axis=1)
    profile = total.sum(axis=1) / np.maximum(many, 1)
    seen = many > 0
    left = np.argmax(seen, axis=1)
    right = seen.shape[1] - 1 - np.argmax(seen[:, ::-1], axis=1)
    place = np.arange(len(u))[None, :]
    rows = np.arange(len(profile))
    profile = np.where(place < left[:, None], profile[rows, left][:, None], profile)
    profile = np.where(place > right[:, None], profile[rows, right][:, None], profile)
    slope = np.zeros_like(profile)
    slope[:, 1:-1] = profile[:, 2:] - profile[:, :-2]
    middle = u + 0.0
    quarter = np.maximum((right - left) // 4, 1)
    ahead = np.where(place > (right - quarter)[:, None], profile, 0).sum(axis=1)
    ahead /= np.maximum((place > (right - quarter)[:, None]).sum(axis=1), 1)
    behind = np.where(place < (left + quarter)[:, None], profile, 0).sum(axis=1)
    behind /= np.maximum((place < (left + quarter)[:, None]).sum(axis=1), 1)
    rise = ahead - behind
    power = np.square(np.maximum(slope * np.where(rise < 0, -1.0, 1.0)[:, None], 0))
    power[power < 0.1 * power.max(axis=1, keepdims=True)] = 0
    mass = np.maximum(power.sum(axis=1), 1e-300)
    offset = (power * middle).sum(axis=1) / mass
    spread = np.sqrt((power * np.square(middle[None, :] - offset[:, None])).sum(axis=1) / mass)
    return offset, np.clip(1.4 * spread, 0.6, half_width / 2), behind, rise


def _green_ratio(count: F64, total: F64) -> F64:
    """Gain of odd over even rows from (n, 2, BLOCKS, cells) sums: cells that both rows saw, each weighed by both."""
    both = count[:, 0] * count[:, 1] / np.maximum(count[:, 0] + count[:, 1], 1)
    even, odd = (np.where(both > 0, total[:, i] / np.maximum(count[:, i], 1), 0) for i in (0, 1))
    flat = both * np.square(even)
    top = (both * even * odd).sum(axis=(1, 2))
    return np.asarray(np.where(top > 0, top / np.maximum(flat.sum(axis=(1, 2)), 1e-300), 1.0))


def corrected(s: Strip, fit: Fit) -> F32:
    """Sample values freed of the greens' imbalance and of the light's slope along the edge, (R, M)."""
    light = fit.light_slope.astype(np.float32)[s.edge][:, None] * s.along
    light += np.float32(1)
    np.divide(s.value, light, out=light)
    if np.any(fit.green_ratio != 1):
        # the two greens meet at their common mean
        mean = (1 + fit.green_ratio) / 2
        row = np.where(s.odd, (mean / np.maximum(fit.green_ratio, 0.1))[s.edge], mean[s.edge])
        light *= row.astype(np.float32)[:, None]
    return light


def refine(plane: npt.NDArray[Any], fit: Fit, half_width: F64, lattice: Bayer | None) -> Fit:
    """Pixel-exact Gauss–Newton on the samples near the edge, with the bend, until every edge has settled."""
    todo = np.arange(len(fit.sigma))
    for _ in range(MAX_ROUNDS):
        last = fit.take(todo)
        core = np.minimum(3.0 * last.sigma + 1.0, half_width[todo])
        closer, moved_px = _one_round(strip(plane, last.lines, core, lattice), last, core)
        fit = fit.put(todo, closer)
        wider = np.abs(closer.sigma - last.sigma) / last.sigma
        todo = todo[(moved_px > SETTLED_PX) | (wider > SETTLED_WIDTH)]
        if not len(todo):
            break
    return fit


def _row_sums(s: Strip, fit: Fit) -> tuple[dict[tuple[int, int], F64], list[F64], F64]:
    """Sums over each row of the products of 1, rise, φ(z) and z φ(z), of these with the residual, and of its square."""
    # one weight for all: any that differs between the sides would move an edge whose spread is not quite normal
    weight = s.usable.astype(np.float32)
    z = s.distance / fit.sigma.astype(np.float32)[s.edge][:, None]
    shape = np.square(z)
    shape *= np.float32(-0.5)
    np.exp(shape, out=shape)
    shape *= weight
    rise = cumulative_fast(z.copy())
    residual = corrected(s, fit)
    residual -= fit.contrast.astype(np.float32)[s.edge][:, None] * rise
    residual -= fit.dark.astype(np.float32)[s.edge][:, None]
    residual *= weight
    rise *= weight
    z *= shape
    base = [weight, rise, shape, z]
    rows = {(0, i): np.einsum("rm->r", a).astype(np.float64) for i, a in enumerate(base)}
    right = [np.einsum("rm->r", residual).astype(np.float64)]
    for i in range(1, 4):
        right.append(np.einsum("rm,rm->r", base[i], residual).astype(np.float64))
        for j in range(i, 4):
            rows[i, j] = np.einsum("rm,rm->r", base[i], base[j]).astype(np.float64)
    return rows, right, np.einsum("rm,rm->r", residual, residual).astype(np.float64)


def _one_round(s: Strip, fit: Fit, core: F64) -> tuple[Fit, F64]:
    """The fits one step on, and how far that moved the edges at most along their lengths, (n,) px."""
    rows, right, square = _row_sums(s, fit)
    t = s.crossing_t
    # parameters: dark, contrast, width, then offset times 1, t, t²
    base_of = (0, 1, 3, 2, 2, 2)
    power_of = (0, 0, 0, 0, 1, 2)
    powers = [np.ones_like(t), t, t * t, t**3, t**4]
    n = len(fit.sigma)
    normal = np.empty((n, 6, 6))
    gradient = np.empty((n, 6))
    for p in range(6):
        gradient[:, p] = np.add.reduceat(right[base_of[p]] * powers[power_of[p]], s.first_row)
        for q in range(p, 6):
            pair = (min(base_of[p], base_of[q]), max(base_of[p], base_of[q]))
            normal[:, p, q] = normal[:, q, p] = np.add.reduceat(
                rows[pair] * powers[power_of[p] + power_of[q]], s.first_row
            )
    unit = 0.3989423 * fit.contrast / fit.sigma  # offsets and width enter as −contrast φ(z)/σ
    factor = np.stack([np.ones(n), np.ones(n), -unit, -unit, -unit, -unit], axis=1)
    normal *= factor[:, :, None] * factor[:, None, :]
    gradient *= factor
    misfit = np.add.reduceat(square, s.first_row)
    number = np.maximum(np.add.reduceat(rows[0, 0], s.first_row), 1)
    stiffness = misfit / number / BEND_PRIOR_PER_PX**2
    normal[:, 5, 5] += stiffness
    gradient[:, 5] -= stiffness * fit.lines.bend
    delta = scaled_solution(normal, gradient, RIDGE)
    most = fit.sigma
    offset = np.clip(delta[:, 3], -most, most)
    slope = np.clip(delta[:, 4], -2 * most / fit.lines.length, 2 * most / fit.lines.length)
    bend_most = 4 * most / np.square(fit.lines.length)
    bend = np.clip(delta[:, 5], -bend_most, bend_most)
    sigma = fit.sigma * np.exp(np.clip(delta[:, 2] / fit.sigma, -0.5, 0.5))
    closer = replace(
        fit,
        lines=fit.lines.moved(offset, slope, fit.lines.bend + bend),
        sigma=np.clip(sigma, MIN_SIGMA_PX, core * 2),
        dark=fit.dark + delta[:, 0],
        contrast=np.maximum(fit.contrast + delta[:, 1], 1e-9),
    )
    half = fit.lines.length / 2
    moved_px = np.abs(offset) + np.abs(slope) * half + np.abs(bend) * half**2
    return closer, np.asarray(moved_px)

"""What lies outside an edge's window: its tail model, and rings in which the window may grow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from appliance.robust import scaled_inverse
from appliance.sfr._gaussian import F64

WINDOW_FLAT_SIGMA = 3.0
WINDOW_END_SIGMA = 4.2
RING_RATIO = 1.35
CELL = 4
"""Bins in a cell, over which residuals are averaged to tell signal from noise."""
RING_FREEDOM = 4.0
"""How many independent values the unmodelled structure of a ring is taken to have."""


def step_down(u: F64, start: F64, end: F64) -> F64:
    """(n, K) smooth step over |u|: 1 up to ``start`` (n,), 0 from ``end`` on."""
    x = np.clip((np.abs(u)[None, :] - start[:, None]) / np.maximum(end - start, 1e-9)[:, None], 0, 1)
    return np.asarray(1 - x * x * x * (x * (6 * x - 15) + 10))


@dataclass(frozen=True)
class Tail:
    """Weighted normal equations of the tail: ``weighted`` (n, 4, K), ``data`` (n, 4, 4) and ``right`` (n, 4)."""

    weighted: F64
    data: F64
    right: F64

    @classmethod
    def of(cls, columns: F64, weight: F64, residual: F64) -> Tail:
        weighted = columns * weight[:, None, :]
        return cls(
            weighted, weighted @ columns.transpose(0, 2, 1), (weighted @ residual[:, :, None])[:, :, 0]
        )

    def inverse(self, precision: F64) -> F64:
        """(n, 4, 4) inverse of the equations with the prior's ``precision`` (n, 4) added."""
        diagonal = np.arange(4)
        normal = self.data.copy()
        normal[:, diagonal, diagonal] += precision
        return scaled_inverse(normal)

    def slow_term(self, precision: F64) -> tuple[F64, F64]:
        """The 1/u term's coefficient and its variance, (n,) each."""
        inverse = self.inverse(precision)
        row = inverse[:, 2, :]
        return (row * self.right).sum(axis=1), np.einsum("np,npq,nq->n", row, self.data, row)

    def plausible(self, precision: F64, most: F64, shrink: bool) -> F64:
        """``precision`` with the 1/u term's own: as wide as that is significant, none where it exceeds ``most``."""
        value, variance = self.slow_term(precision)
        out = precision.copy()
        if shrink:
            power = np.maximum(np.square(value) - 2 * variance, 1e-10)
            out[:, 2] = np.maximum(1 / power, out[:, 2])
            value, _ = self.slow_term(out)
        out[(value > most) | (value < 0), 2] = 1e12
        return out


@dataclass(frozen=True)
class Rings:
    """Partition of the tails of n edges into R rings: ``share`` (n, R, K) of each bin, in ``cells`` (n, R, C) a mean.

    ``size`` (n, R) bins and ``total`` (n, R) cells in each, with ``slack`` (n, R) what noise may add to its energy.
    """

    share: F64
    cells: F64
    size: F64
    total: F64
    slack: F64

    @classmethod
    def of(cls, u: F64, start: F64, last: F64, count: F64) -> Rings:
        """From ``start`` (n,) outwards, ``last`` begins the outermost; cells without a sample are out."""
        share = _rings(u[len(u) // 2 :], start, last)
        share = np.concatenate([share[..., ::-1], share], axis=2)
        cells = cells_of(share) / CELL * (cells_of(count) > 0)[:, None]
        slack = 2.0 * np.sqrt(2 * np.square(cells).sum(axis=2))
        return cls(share, cells, share.sum(axis=2), cells.sum(axis=2), slack)

    def significance(self, left: F64, count: F64, variance: F64) -> tuple[F64, F64]:
        """Share 0…1 of each ring's residual ``left`` (n, K) that is signal, and that signal's power, (n, R) each."""
        many = cells_of(count)
        mean_square = np.square(cells_of(left * count) / np.maximum(many, 1))
        noise = np.where(many > 0, cells_of(variance * count) / np.maximum(many, 1), 1)
        energy = (self.cells @ (mean_square * many / noise)[:, :, None])[:, :, 0]
        share = np.clip(1 - (self.total + self.slack) / np.maximum(energy, 1e-12), 0, 1)
        power = (self.cells @ mean_square[:, :, None])[:, :, 0]
        return share, share * power / np.maximum(self.total, 1e-12)


def _rings(size: F64, start: F64, last: F64) -> F64:
    """(n, R, K) rings at distances ``size`` (K,) from the edge; the outermost is all that is left."""
    rings: list[F64] = []
    inner_flat, inner_end = start * (WINDOW_FLAT_SIGMA / WINDOW_END_SIGMA), start
    most = int(np.ceil(np.log(np.maximum(last / start, 1)).max() / np.log(RING_RATIO) + 1e-9))
    before = step_down(size, inner_flat, inner_end)
    for _ in range(most):
        flat = np.minimum(inner_flat * RING_RATIO, 0.85 * last)
        end = np.minimum(inner_end * RING_RATIO, last)
        now = np.maximum(step_down(size, flat, np.maximum(end, flat + 0.5)), before)
        rings.append(now - before)
        before, inner_flat, inner_end = now, flat, end
    rings.append(1 - before)
    return np.stack(rings, axis=1)


def cells_of(x: F64) -> F64:
    """Sums over cells of half a pixel, (…, K) to (…, C)."""
    parts = [x[..., first : x.shape[-1] // CELL * CELL : CELL] for first in range(CELL)]
    return np.asarray(parts[0] + parts[1] + parts[2] + parts[3])

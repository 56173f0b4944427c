"""Where blur is too wide for strips about single edges, the picture itself is compared with what a lens would make.

Far from focus neighbouring edges run into each other, and no strip holds one of them alone; yet how fast blur grows on
both sides of focus tells where it began. Out there a picture can be looked at in large cells. Near a lens that is
nearly right it is linear in changes of the lens, of light and ink (smooth fields), of where the pose has the chart (a
smooth field, too) and of how far ink spreads. All but the lens is done away with, and what is left is one quadratic
form more for the fit of the strips, whose own cells are not looked at here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from appliance.arrays import Array, Index, Mask
from appliance.chart.layout import Layout
from appliance.chart.pose import Pose
from appliance.chart.segments import SegmentPlan
from appliance.focus.image.binned import (
    BIN_PX,
    BinnedFrame,
    bin_frame,
    bin_ink,
    pattern_mask,
    shape_of,
    strip_mask,
)
from appliance.focus.image.defocus_map import defocus_map_of
from appliance.focus.image.defocused_chart import DefocusedChart, Picture, View, defocused_chart
from appliance.focus.lens.data import QuadraticLikelihood
from appliance.focus.lens.defocus import DefocusScale
from appliance.focus.lens.fitted import FittedLens
from appliance.focus.lens.parameters import (
    AMPLITUDE,
    APERTURE_RATIO,
    CURVATURE,
    FOCUS,
    SHAPE_PARAMETERS,
    SPHERICAL,
    TILT_X,
    Parameter,
    places,
)
from appliance.frame import Frame
from appliance.robust import (
    chebyshev_field,
    chebyshev_terms,
    huber_weights,
    reweighted,
    scaled_pseudo_inverse,
)

MIN_RADIUS_PX, MAX_RADIUS_PX = 7.0, 75.0
"""Cells count where blur is so wide; narrower than a cell, it leaves what changes too fast for cells to tell."""
MIN_PART, MIN_SIDES, RIM = 0.2, 0.12, 0.1
"""There must be as many, as a part of the picture, and as many of those that printed sides run through, whose ink is
neither nothing nor all by more than the last figure: blank paper and the inside of ink tell nothing."""
MARGIN_CELLS = 16
"""The chart goes on beyond the picture, and blur brings it in, from as far as its radius and some more."""
LIGHT_DEGREE, INK_DEGREE, PLACE_DEGREE = 4, 2, 2
"""Degrees of the polynomials of light (as in `edges/illumination.py`), of ink's density and of where the pose has
the chart: folds and distortion that the pose leaves are of the second."""
LIGHT_SAMPLE, LIGHT_ROUNDS, HUBER = 7, 6, 2.5
"""Every seventh bin tells of the light; rounds of reweighting and Huber's threshold as in
`edges/illumination.py`."""
BIN_ERROR = 1e-3
"""Standard deviation of what no model knows of a cell, in parts of the contrast."""
BLOCK_CELLS, SIGMAS, PART, ROUNDS = 8, 5.0, 0.3, 5
"""Blocks of so many cells squared are left out if they fit worse than most: a hand, a glint, a fold."""
STRIPE_CELLS = 4 * BLOCK_CELLS
"""Rows of cells that are looked at at once."""
APART = np.full(SHAPE_PARAMETERS, 1e-9)
"""By how much a lens may look different in blurred parts and in strips, standard deviations: by trial on the simulated
bench; all members but the three below are the same in both."""
APART[[*places((APERTURE_RATIO, SPHERICAL)), AMPLITUDE.start]] = 1e-3, 4e-3, 0.02
MIN_GOOD, MAX_CHI2 = 0.7, 2.0
"""If fewer blocks fit, or all fit no better, nothing is told."""


def likelihood_of_image(
    frame: Frame, layout: Layout, pose: Pose, strips: SegmentPlan, waves: DefocusScale, fit: FittedLens
) -> QuadraticLikelihood | None:
    """What the widely blurred parts of a photo say of the lens of a fit; None if there is too little of them.

    ``strips`` are those that the fit comes from.
    """
    rows, columns = shape_of(frame.plane.shape)
    field_map = defocus_map_of(layout, pose, waves, fit, rows, columns, MARGIN_CELLS)
    if field_map is None:
        return None
    inner = (slice(MARGIN_CELLS, MARGIN_CELLS + rows), slice(MARGIN_CELLS, MARGIN_CELLS + columns))
    radius_px = np.abs(field_map.defocus[inner]) * waves.blur_px_per_wave / 2
    chosen = (radius_px >= MIN_RADIUS_PX) & (radius_px <= MAX_RADIUS_PX)
    chosen &= pattern_mask(layout, pose, rows, columns) & ~strip_mask(strips, rows, columns)
    if chosen.mean() < MIN_PART:
        return None
    ink = bin_ink(layout, pose, rows, columns, MARGIN_CELLS)
    sides = np.abs(ink[inner] - 0.5) < 0.5 - RIM
    if (chosen & sides).sum() < MIN_SIDES * sides.sum():
        return None
    binned = bin_frame(frame)
    chosen &= binned.clear
    if chosen.mean() < MIN_PART:
        return None
    growth = (
        np.array([np.median(np.gradient(field_map.defocus[inner], axis=k)[chosen]) for k in (1, 0)]) / BIN_PX
    )
    view = View(
        field_map.defocus,
        growth,
        field_map.paper_to_px,
        BIN_PX,
        field_map.from_centre[0],
        field_map.from_centre[1],
    )
    seen = defocused_chart(ink, view, fit.shape, waves)
    kappa = float(fit.shape[APERTURE_RATIO])
    by_shape = seen.by_shape | {
        FOCUS: -kappa * seen.by_defocus,
        TILT_X: (-kappa * field_map.x * seen.by_defocus).astype(np.float32),
        CURVATURE: (-kappa * field_map.r2 * seen.by_defocus).astype(np.float32),
        APERTURE_RATIO: (field_map.by_aperture_ratio * seen.by_defocus).astype(np.float32),
    }
    return _Linear(binned, chosen, seen, by_shape, inner).evidence(fit.shape)


@dataclass(frozen=True)
class _Fitted:
    """Normal matrix (p, p), right side and solution (p,), of the cells of the ``good`` blocks (blocks,)."""

    normal: Array
    right: Array
    solution: Array
    good: Mask
    reduced_chi2: float


class _Linear:
    """A picture in cells as a linear model: of the lens first, then of light, ink, place and the ink's spread."""

    def __init__(
        self,
        binned: BinnedFrame,
        chosen: Mask,
        seen: DefocusedChart,
        by_shape: dict[Parameter, Picture],
        inner: tuple[slice, slice],
    ) -> None:
        self.binned, self.chosen = binned, chosen
        members = sorted(by_shape, key=Parameter.__index__)
        self.indices = places(members)
        self.ink = seen.value[inner]
        self.by_shape = [by_shape[member][inner] for member in members]
        self.by_place = [np.asarray(np.gradient(seen.value, axis=k))[inner] for k in (1, 0)]
        self.by_gain = seen.by_gain[inner]
        rows, columns = chosen.shape
        self.blocks = (rows // BLOCK_CELLS + 1, columns // BLOCK_CELLS + 1)
        self.u, self.v = np.linspace(-1, 1, columns), np.linspace(-1, 1, rows)
        self.light = self.contrast = np.zeros(chosen.shape)
        self.least_variance = 0.0

    def _look_at_light(self, good: Mask) -> None:
        """Find the (rows, columns) light of blank paper, and by how much ink darkens it, from ``good`` (blocks,)."""
        sample = np.argwhere(self.chosen)[::LIGHT_SAMPLE]
        row, column = sample[good[self._block(*sample.T)]].T
        powers = chebyshev_terms(self.u[column], self.v[row], LIGHT_DEGREE)
        both = np.concatenate([powers, -powers * self.ink[row, column, None]], axis=1)

        def reweigh(left: Array) -> Array:
            return np.sqrt(huber_weights(left, HUBER * float(np.median(left))))

        coefficient, _ = reweighted(
            both, self.binned.seen[row, column], np.ones(len(row)), reweigh, LIGHT_ROUNDS
        )
        of_light, of_contrast = coefficient[: powers.shape[1]], coefficient[powers.shape[1] :]
        self.light = self._field(of_light, LIGHT_DEGREE)
        # no finer than the linear model can put right again
        few = chebyshev_terms(self.u[column], self.v[row], INK_DEGREE)
        part = (powers @ of_contrast) / (powers @ of_light)
        of_part = np.asarray(np.linalg.lstsq(few, part, rcond=None)[0], float)
        self.contrast = self.light * self._field(of_part, INK_DEGREE)
        self.least_variance = (BIN_ERROR * float(np.median(self.contrast[row, column]))) ** 2

    def _field(self, coefficient: Array, degree: int) -> Array:
        """(rows, columns) a polynomial of the whole picture."""
        return chebyshev_field(coefficient, self.u, self.v, degree)

    def _block(self, row: Index, column: Index) -> Index:
        """(n,) blocks that cells are in."""
        return np.asarray(row // BLOCK_CELLS * self.blocks[1] + column // BLOCK_CELLS)

    def _stripes(self) -> Iterator[tuple[Array, Array, Array, Index]]:
        """Cells of some rows after the others: columns (n, p), residual and weight (n,), and the block of each."""
        for top in range(0, self.chosen.shape[0], STRIPE_CELLS):
            row, column = np.nonzero(self.chosen[top : top + STRIPE_CELLS])
            row = row + top
            if not len(row):
                continue
            at = (row, column)
            ink, light, contrast = self.ink[at], self.light[at], self.contrast[at]
            expected = light - contrast * ink
            u, v = self.u[column], self.v[row]
            few = chebyshev_terms(u, v, PLACE_DEGREE)
            parts = [
                np.stack([-contrast * by[at] for by in self.by_shape], axis=1),
                chebyshev_terms(u, v, LIGHT_DEGREE) * (expected / light)[:, None],
                chebyshev_terms(u, v, INK_DEGREE) * (-light * ink)[:, None],
                *(few * (-contrast * by[at])[:, None] for by in self.by_place),
                (-contrast * self.by_gain[at])[:, None],
            ]
            variance = self.binned.variance(expected) + self.least_variance
            residual = self.binned.seen[at] - expected
            yield (
                np.concatenate(parts, axis=1),
                residual,
                1 / variance,
                self._block(row, column),
            )

    def _like_most(self, chi2: Array, usual: float, count: Array) -> Mask:
        """(blocks,) False for blocks that fit worse than usual, and all around them."""
        strange = chi2 > usual * (1 + SIGMAS * np.sqrt(2 / np.maximum(count, 1))) + PART
        around = cv2.dilate(strange.reshape(self.blocks).astype(np.uint8), np.ones((3, 3), np.uint8))
        return np.asarray(around.ravel() == 0)

    def _equations(self, good: Mask) -> tuple[Array, Array]:
        """Normal matrix (p, p) and right side (p,) of the cells of ``good`` (blocks,)."""
        normals, rights = [], []
        for matrix, residual, weight, block in self._stripes():
            weighted = (matrix * (weight * good[block])[:, None]).T
            normals.append(weighted @ matrix)
            rights.append(weighted @ residual)
        return np.sum(normals, axis=0), np.sum(rights, axis=0)

    def _fit_of_blocks(self, solution: Array) -> tuple[Array, Array]:
        """(blocks,) cells and chi-square of each block."""
        blocks = int(np.prod(self.blocks))
        count, chi2 = np.zeros(blocks), np.zeros(blocks)
        for matrix, residual, weight, block in self._stripes():
            left = residual - matrix @ solution
            count += np.bincount(block, minlength=blocks)
            chi2 += np.bincount(block, weight * left**2, minlength=blocks)
        return count, chi2

    def _pulls(self, solution: Array) -> Array:
        """(blocks, p) how each block pulls at the solution."""
        pulls = np.zeros((int(np.prod(self.blocks)), len(solution)))
        for matrix, residual, weight, block in self._stripes():
            order = np.argsort(block, kind="stable")
            here, first = np.unique(block[order], return_index=True)
            pull = matrix * (weight * (residual - matrix @ solution))[:, None]
            pulls[here] = np.add.reduceat(pull[order], first, axis=0)
        return pulls

    def _fitted(self) -> _Fitted | None:
        """Fit all blocks, and again without those that do not fit, until none is left out or comes back."""
        good = np.ones(int(np.prod(self.blocks)), bool)
        for _ in range(ROUNDS):
            self._look_at_light(good)
            if not (self.light[self.chosen] > 0).all():
                return None
            normal, right = self._equations(good)
            solution = _solved(normal, right)
            count, chi2 = self._fit_of_blocks(solution)
            held, each = count > 0, chi2 / np.maximum(count, 1)
            usual = float(np.median(each[good & held]))
            last, good = good & held, held & self._like_most(each, usual, count)
            if np.array_equal(good, last):
                break
        if usual > MAX_CHI2 or good.sum() < MIN_GOOD * held.sum():
            return None
        return _Fitted(normal, right, solution, good, float(chi2[good].sum() / count[good].sum()))

    def evidence(self, shape: Array) -> QuadraticLikelihood | None:
        """What the picture says of a lens near ``shape``; None if it does not look like the chart through any lens."""
        fitted = self._fitted()
        if fitted is None:
            return None
        k, normal, right = len(self.indices), fitted.normal, fitted.right
        gain = normal[:k, k:] @ scaled_pseudo_inverse(normal[k:, k:], 1e-10)
        information, pull = normal[:k, :k] - gain @ normal[k:, :k], right[:k] - gain @ right[k:]
        pulls = self._pulls(fitted.solution)[fitted.good]
        own = pulls[:, :k] - pulls[:, k:] @ gain.T
        # errors that neighbouring cells share show in how much whole blocks pull
        alike = float(np.mean((own**2).sum(axis=0) / np.diag(information)))
        chi2 = max(fitted.reduced_chi2, alike, 1.0)
        index = np.ix_(self.indices, self.indices)
        every, along = np.zeros((SHAPE_PARAMETERS,) * 2), np.zeros(SHAPE_PARAMETERS)
        every[index], along[self.indices] = information / chi2, pull / chi2
        # another look at the same lens: A for shape, not quite that of the strips, is (1/A + D) for theirs
        loose = np.eye(SHAPE_PARAMETERS) - every @ np.linalg.inv(every + np.diag(1 / APART**2))
        return QuadraticLikelihood(shape, loose @ every, loose @ along, chi2)


def _solved(normal: Array, right: Array) -> Array:
    d = 1 / np.sqrt(np.maximum(np.diag(normal), 1e-30))
    return np.asarray(d * np.linalg.lstsq(normal * d[:, None] * d, right * d, rcond=1e-12)[0])

"""Where the cells of a picture lie, as focus sees it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.polynomial.chebyshev import chebvander

from appliance.arrays import Array
from appliance.chart.layout import Layout
from appliance.chart.pose import Pose
from appliance.focus.edges.geometry import where
from appliance.focus.image.binned import BIN_PX
from appliance.focus.lens.defocus import DefocusScale
from appliance.focus.lens.fitted import FittedLens
from appliance.focus.lens.parameters import APERTURE_RATIO, CURVATURE, TILT_X

DEGREE, POINTS, REACH, MIN_POINTS = 6, (40, 60), 0.3, 100
"""Degree of the polynomials in the place; points that they go through, along x and y; how far beyond the picture, in
pictures; and how few points are too few. By trial: what they leave is far below a bin's noise."""


@dataclass(frozen=True)
class DefocusMap:
    """The lens's defocus over the cells of a picture with its margin, and what it depends on (rows, columns)."""

    defocus: Array
    by_aperture_ratio: Array
    x: Array
    r2: Array
    column_defocus: Array
    column_scales: Array
    from_centre: tuple[Array, Array]
    """(columns,) and (rows,) places of cells from the picture's centre, half diagonals."""

    def paper_to_px(self, defocus: float) -> Array:
        """(2, 2) scale in px per mm where the chart's middle column has that defocus."""
        scale = [np.interp(defocus, self.column_defocus, s) for s in self.column_scales]
        return np.reshape(scale, (2, 2))


def defocus_map_of(
    layout: Layout, pose: Pose, waves: DefocusScale, fit: FittedLens, rows: int, columns: int, margin: int
) -> DefocusMap | None:
    """For rows and columns of cells and a margin all around them; None if little of the chart is in view.

    They are polynomials through points of the chart in or near the picture.
    """
    extent = np.array([layout.columns, layout.rows]) * layout.pitch_mm
    steps = np.meshgrid(*(np.linspace(-0.75, 0.75, n) for n in POINTS))
    points = pose.aim_mm + np.stack([s.ravel() for s in steps], axis=1) * extent
    points = points[pose.sees(points)]
    place = pose.project(points) / pose.picture_px - 0.5
    near = (np.abs(place) < 0.5 + REACH).all(axis=1)
    if np.count_nonzero(near) < MIN_POINTS:
        return None
    values = np.stack(where(pose, points[near], waves, fit.best_focus_waves), axis=1)
    across, down = (chebvander(s, DEGREE) for s in place[near].T)
    basis = (across[:, :, None] * down[:, None, :]).reshape(len(across), -1)
    coefficient = np.linalg.lstsq(basis, values, rcond=1e-9)[0].T.reshape(-1, DEGREE + 1, DEGREE + 1)
    width, height = pose.picture_px
    cells_px = [(np.arange(-margin, n + margin) + 0.5) * BIN_PX - 0.5 for n in (columns, rows)]
    along_x, along_y = (
        chebvander(px / size - 0.5, DEGREE) for px, size in zip(cells_px, (width, height), strict=True)
    )
    centre_x, centre_y = (
        (px - middle) / pose.half_diagonal_px for px, middle in zip(cells_px, pose.centre_px, strict=True)
    )
    # where there is no chart, a polynomial may be anything
    q, x, r2, distortion_defocus = (
        np.clip(along_y @ c.T @ along_x.T, v.min(), v.max())
        for c, v in zip(coefficient, values.T, strict=True)
    )
    kappa = float(fit.shape[APERTURE_RATIO])
    off = q - fit.best_focus_waves - fit.shape[TILT_X] * x - fit.shape[CURVATURE] * r2
    column = pose.aim_mm + np.outer(np.linspace(-0.5, 0.5, 101) * extent[1], (0.0, 1.0))
    column = column[pose.sees(column)]
    there = kappa * (waves.from_depth(pose.depth_mm(column)) - fit.best_focus_waves)
    order = np.argsort(there)
    scales = pose.paper_to_px(column).reshape(-1, 4)[order].T
    return DefocusMap(
        kappa * off + (kappa - 1) * distortion_defocus,
        off + distortion_defocus,
        x,
        r2,
        there[order],
        scales,
        (centre_x, centre_y),
    )

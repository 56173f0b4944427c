"""What photos of a zoom at several focal lengths say of flange, focus ring and cam: see :mod:`.back_focus`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from appliance.guides.case import Observation
from appliance.guides.estimates import (
    SIGNIFICANT,
    Quantity,
    covariance_of,
    least_squares,
    measured,
    with_shared,
)

FOCAL_MARK_U = 0.012
"""Relative standard uncertainty of a zoom's marked focal length: it is set by eye to a mark that is itself rounded,
together within 2 % (rectangular distribution, 2 %/√3)."""
MOVED_SHARE = 0.25
"""A ring that moved by less than this part of the tolerance does not spoil the run: it widens the intervals."""


@dataclass(frozen=True)
class ZoomFit:
    """Flange error (µm), the ring's distance from where the star is (dioptres), cam residuals (µm) by focal length.

    ``cam`` is empty with two focal lengths. ``moved`` is by how much tele differs between the first and the last photo,
    None where it was taken once.
    """

    flange_um: Quantity
    ring_dpt: Quantity
    cam_um: Mapping[float, Quantity]
    moved_um: Quantity | None
    tolerance_um: float
    """At the widest focal length that has a figure."""
    tele_image_mm: float
    """Image distance at the longest focal length, mm."""

    @property
    def ring_moved(self) -> bool:
        """Whether the focus ring surely moved, and by so much that the rest cannot be trusted."""
        return self.moved_um is not None and surely_moved(self.moved_um, self.tolerance_um)

    @property
    def worst_cam(self) -> tuple[float, Quantity] | None:
        """Focal length and value of the greatest cam residual for its uncertainty."""
        if not self.cam_um:
            return None
        return max(self.cam_um.items(), key=lambda item: abs(item[1].value))

    def shift_um(self, image_mm: float) -> float:
        """The image shift that flange and ring give at an image distance, cam left out."""
        return -self.flange_um.value + self.ring_dpt.value * image_mm**2


def surely_moved(moved: Quantity, tolerance_um: float) -> bool:
    """Whether photos that differ by this are of a focus ring that moved by so much that it counts."""
    return abs(moved.value) > max(SIGNIFICANT * moved.u, MOVED_SHARE * tolerance_um)


def moved_at_tele(photos: Sequence[Observation]) -> Quantity | None:
    """By how much the last photo at the longest focal length differs from the first, µm; None if one has no figure."""
    tele = max(photo.setup.focal_length_mm for photo in photos)
    at = [p for p in photos if p.setup.focal_length_mm == tele and p.image_shift_um is not None]
    if len(at) < 2:
        return None
    pair = [at[0], at[-1]]
    z = measured([photo.shift_um for photo in pair], covariance_of(pair))
    return z.combined([-1.0, 1.0]).quantity(0)


def fit_zoom(photos: Sequence[Observation]) -> ZoomFit:
    """Flange, ring and cam from photos with figures, in the order in which they were taken.

    Raises
    ------
    ValueError
        If they are of fewer than two focal lengths.
    """
    focal = [photo.setup.focal_length_mm for photo in photos]
    wide, tele = min(focal), max(focal)
    inner = sorted(set(focal) - {wide, tele})
    image_mm = np.array([photo.distances_mm[1] for photo in photos])
    z = measured([photo.shift_um for photo in photos], covariance_of(photos))
    moved = moved_at_tele(photos)
    design = np.column_stack([-np.ones(len(z.values)), image_mm**2, *(np.equal(focal, f) for f in inner)])
    covariance = z.covariance
    first = least_squares(design, z.values, covariance)
    # the ring may have moved between first and last photo by what they show: on average by half of it, in dioptres
    half = 0.0 if moved is None else moved.value / 2
    slip = [half * (i / image_mm[0]) ** 2 * (f != tele) for i, f in zip(image_mm, focal, strict=True)]
    marks = [2 * FOCAL_MARK_U * first.value(1) * image_mm**2 * np.equal(focal, f) for f in set(focal)]
    covariance = covariance + with_shared(np.zeros(len(focal)), [slip, *marks])
    fit = least_squares(design, z.values, covariance)
    return ZoomFit(
        fit.quantity(0),
        fit.quantity(1),
        {f: fit.quantity(k) for k, f in enumerate(inner, 2)},
        moved,
        _tolerance_um(photos, wide),
        float(max(image_mm)),
    )


def _tolerance_um(photos: Sequence[Observation], focal_length_mm: float) -> float:
    known = [p.tolerance_um for p in photos if p.setup.focal_length_mm == focal_length_mm and p.tolerance_um]
    if not known:
        raise ValueError("a photo has no tolerance")
    return known[0]

"""What photos at engraved distances say of flange and focus scale of a prime: see :mod:`.witness_marks`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import sqrt

import numpy as np

from appliance.arrays import Array
from appliance.guides.case import COVERAGE_95, Observation
from appliance.guides.estimates import Quantity, covariance_of, coverage_95

TAPE_U_MM = 1.0
"""Standard uncertainty of a distance put up with a steel tape from the sensor's mark: read and held within 2 mm, most
likely in the middle (triangular distribution, 2 mm/√6 = 0.8 mm, rounded up)."""
MEANS_APART = ("noise", "aim")
"""Terms that the scatter of the settings holds already, and the aim that the tape stands for."""


@dataclass(frozen=True)
class Mark:
    """One engraved distance: its photos' mean, in µm at the sensor, > 0: focus behind the mark."""

    distance_mm: float
    shift_um: Quantity
    image_mm: float
    focus_mm: float
    """Where focus lies behind the star, mm, on average."""
    tolerance_um: float
    count: int


@dataclass(frozen=True)
class MarkFit:
    """All marks, nearest last. Uncertainties are widened so that 1.96 of them hold the truth in 95 % of few repeats.

    ``flange_um`` and ``scale_dpt`` are None where one distance, or distances too alike, cannot tell them apart.
    ``common_um`` is the shift that all have in common, as one shim would take it away; ``left_um`` is the greatest that
    it would leave.
    """

    marks: tuple[Mark, ...]
    common_um: Quantity
    left_um: float
    flange_um: Quantity | None
    scale_dpt: Quantity | None
    setting_dpt: float
    """Scatter (1 σ) of setting the ring, dioptres."""
    dof: int

    @property
    def tolerance_um(self) -> float:
        """The least tolerance of all marks, µm."""
        return min(mark.tolerance_um for mark in self.marks)

    @property
    def worst(self) -> Mark:
        """The mark that is farthest off."""
        return max(self.marks, key=lambda mark: abs(mark.shift_um.value))

    @property
    def off(self) -> tuple[Mark, ...]:
        """Marks that are surely beyond tolerance."""
        return tuple(mark for mark in self.marks if mark.shift_um.beyond(mark.tolerance_um))


def fit_marks(photos: Mapping[float, Sequence[Observation]]) -> MarkFit:
    """Marks, flange and scale from the photos with figures by engraved distance, mm; each at least twice in all.

    Raises
    ------
    ValueError
        If no distance was set twice: then nothing tells how well the ring can be set.
    """
    known = {d: photos[d] for d in sorted(photos, reverse=True) if photos[d]}
    setting_dpt, dof = _scatter(list(known.values()))
    z = np.array([np.mean([p.shift_um for p in group]) for group in known.values()])
    image = np.array([np.mean([p.distances_mm[1] for p in group]) for group in known.values()])
    own = np.diag([(setting_dpt * i * i) ** 2 / len(g) for i, g in zip(image, known.values(), strict=True)])
    shared = _shared(known, z)
    marks = tuple(
        Mark(
            distance,
            _quantity(np.eye(len(z))[k], z, own, shared, dof),
            float(image[k]),
            float(np.mean([p.focus_error_mm or 0.0 for p in group])),
            group[0].tolerance_um or 0.0,
            len(group),
        )
        for k, (distance, group) in enumerate(known.items())
    )
    common = _gain(np.ones((len(z), 1)), own + shared)[0]
    shim = _quantity(common, z, own, shared, dof)
    flange, scale = _apart(image, z, own, shared, dof)
    left = float(np.max(np.abs(z - shim.value)))
    return MarkFit(marks, shim, left, flange, scale, setting_dpt, dof)


def _scatter(groups: Sequence[Sequence[Observation]]) -> tuple[float, int]:
    """Pooled scatter of the settings, dioptres, and its degrees of freedom."""
    squares, dof = 0.0, 0
    for group in groups:
        dpt = np.array([p.shift_um / p.distances_mm[1] ** 2 for p in group])
        squares += float(np.sum((dpt - dpt.mean()) ** 2))
        dof += len(group) - 1
    if dof < 1:
        raise ValueError("no mark was set twice")
    # photos alone scatter so much, however well a few happen to agree
    noise = np.mean([(p.u_photo_um / p.distances_mm[1] ** 2) ** 2 for group in groups for p in group])
    return sqrt(max(squares / dof, float(noise))), dof


def _shared(groups: Mapping[float, Sequence[Observation]], z: Array) -> Array:
    """Covariance of what does not average out: tape, pose, lens, chart and mount."""
    stand_in = []
    for shift, group in zip(z, groups.values(), strict=True):
        budget = {name: u for name, u in group[0].budget_um.items() if name not in MEANS_APART}
        stand_in.append(replace(group[0], image_shift_um=float(shift), budget_um=budget))
    distances = list(groups)
    apart = covariance_of(stand_in, same=lambda photo: distances[stand_in.index(photo)])
    per_mm = np.array([photo.um_per_mm for photo in stand_in])
    return apart + np.diag((TAPE_U_MM * per_mm) ** 2)


def _gain(design: Array, covariance: Array) -> Array:
    """(p, n) weights with which least squares takes the parameters from the values."""
    weight = np.linalg.inv(covariance)
    return np.asarray(np.linalg.solve(design.T @ weight @ design, design.T @ weight))


def _quantity(weights: Array, z: Array, own: Array, shared: Array, dof: int) -> Quantity:
    """A linear combination, its uncertainty widened for the few settings that the scatter was found from."""
    own_u, shared_u = (sqrt(max(float(weights @ part @ weights), 0.0)) for part in (own, shared))
    own_u *= coverage_95(dof) / COVERAGE_95
    return Quantity(float(weights @ z), sqrt(own_u**2 + shared_u**2))


def _apart(
    image: Array, z: Array, own: Array, shared: Array, dof: int
) -> tuple[Quantity | None, Quantity | None]:
    """Flange and scale by z = −F + D₀ i², or None where the distances are too alike."""
    if len(z) < 2 or np.ptp(image) < 1e-3 * image.max():
        return None, None
    gain = _gain(np.column_stack([-np.ones(len(z)), image**2]), own + shared)
    flange, scale = (_quantity(row, z, own, shared, dof) for row in gain)
    return flange, scale

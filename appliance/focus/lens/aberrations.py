"""Faults that a lens may have beyond the fitted shape: what each would change in the responses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from appliance.arrays import Array
from appliance.focus.lens.data import Geometry
from appliance.focus.lens.parameters import (
    APERTURE_RATIO,
    CONSTANT_ASTIGMATISM,
    FIELD_ASTIGMATISM,
    FOCUS,
    SPHERICAL,
    Parameter,
)

FIELD_UM, SPHERICAL_WAVES, CONE, SQUARED_COMA = 30.0, 0.5, 0.2, 0.2
"""Standard deviations of the strengths: µm of focus on the image side at the corner, waves, parts of the cone, and
square waves of coma at the corner."""

Field = Callable[[Geometry], Array]


@dataclass(frozen=True)
class Slopes:
    """Slopes of n pieces ``at``: (n, k, p) by the shape, (n, k) by W060, and (n, k) by squares of coma.

    ``along`` is by coma that lies along an edge's normal, ``across`` by coma that lies across it.
    """

    at: Geometry
    by_shape: Array
    by_sixth: Array
    along: Array
    across: Array


@dataclass(frozen=True)
class Aberration:
    """A further fault: (n, k) how it changes responses, per strength, and the ``sd`` of its strength.

    Where it changes a ``member`` of the shape, ``field`` is by how much at each piece, (n,) per strength; the ``sd``
    of what moves FOCUS is in µm on the image side, its strength in waves as all others. Astigmatism is ``oblique``,
    too: (n,) waves of x y per strength, x along the normal. A ``square`` is not negative.
    """

    column: Callable[[Slopes], Array]
    sd: float
    member: Parameter | None = None
    field: Field | None = None
    square: bool = False
    oblique: Field | None = None

    def changes(self, member: Parameter, data: Geometry) -> Array:
        """(n,) by how much the member of the shape is changed, per strength."""
        return self.field(data) if self.field and self.member == member else np.zeros(len(data.q))


def _in_place(data: Geometry) -> tuple[Array, Array]:
    return data.place[:, 0], data.place[:, 1]


def _towards_corners(data: Geometry) -> Array:
    return np.asarray(np.square(data.place).sum(axis=1))


def _across_tilt(data: Geometry) -> Array:
    return data.place[:, 0]


def _along_tilt(data: Geometry) -> Array:
    return data.place[:, 1]


def _by(member: Parameter, sd: float, field: Field) -> Aberration:
    """A member of the shape that is not the same all over the picture."""
    return Aberration(
        lambda slopes: slopes.by_shape[..., member] * field(slopes.at)[:, None], sd, member, field
    )


def _focus(field: Field) -> Aberration:
    return _by(FOCUS, FIELD_UM, field)


def _astigmatism(direction: int, field: Field = lambda data: np.ones(len(data.q))) -> Aberration:
    aberration = _focus(lambda data: field(data) * data.azimuth[:, direction])
    return replace(aberration, oblique=lambda data: field(data) * oblique_of_azimuth(data)[:, direction])


def oblique_of_azimuth(data: Geometry) -> Array:
    """(n, 2) waves of x y, x along a piece's normal, per wave of what moves its focus by ``azimuth``."""
    return np.stack([-2 * data.azimuth[:, 1], 2 * data.azimuth[:, 0]], axis=1)


def oblique_astigmatism(data: Geometry, shape: Array) -> Array:
    """(n,) nominal waves of x y, x along a piece's normal, of the astigmatism of a shape."""
    x, y = data.place.T
    field_astigmatism_weight = data.azimuth[:, 1] * (y * y - x * x) - 2 * data.azimuth[:, 0] * x * y
    return np.asarray(
        shape[CONSTANT_ASTIGMATISM] * oblique_of_azimuth(data)[:, 0]
        - 2 * shape[FIELD_ASTIGMATISM] * field_astigmatism_weight
    )


Directions = Callable[[Geometry], tuple[Array, Array]]


def _even_across(data: Geometry) -> tuple[Array, Array]:
    return np.ones(len(data.q)), np.zeros(len(data.q))


def _even_along(data: Geometry) -> tuple[Array, Array]:
    return np.zeros(len(data.q)), np.ones(len(data.q))


def _coma(one: Directions, other: Directions) -> Aberration:
    """The product of two parts of a lens's coma: (a · n) (b · n) of it is along an edge's normal n, the rest across."""

    def column(slopes: Slopes) -> Array:
        (ax, ay), (bx, by), azimuth = one(slopes.at), other(slopes.at), slopes.at.azimuth
        along = (
            ax * bx * (0.5 - azimuth[:, 0])
            + ay * by * (0.5 + azimuth[:, 0])
            + (ax * by + ay * bx) * azimuth[:, 1]
        )
        whole = ax * bx + ay * by
        both = along[:, None] * slopes.along + (whole - along)[:, None] * slopes.across
        return both if one is other else 2 * both

    return Aberration(column, SQUARED_COMA, square=one is other)


EVEN_COMA = ("coma across the tilt", "coma along the tilt", "coma askew to the tilt")
"""That of a decentred lens."""
CATALOGUE: dict[str, Aberration] = {
    "field curvature of the fourth power": _focus(lambda data: _towards_corners(data) ** 2),
    "a twist": _focus(lambda data: _across_tilt(data) * _along_tilt(data)),
    "astigmatism askew to the tilt": _astigmatism(1),
    "astigmatism that changes across the tilt": _astigmatism(0, _across_tilt),
    "astigmatism that changes along the tilt": _astigmatism(0, _along_tilt),
    "astigmatism askew to the tilt that changes across the tilt": _astigmatism(1, _across_tilt),
    "astigmatism askew to the tilt that changes along the tilt": _astigmatism(1, _along_tilt),
    **{
        f"{what} {where}": _by(member, sd, field)
        for what, member, sd in (
            ("spherical aberration that changes", SPHERICAL, SPHERICAL_WAVES),
            ("mechanical vignetting", APERTURE_RATIO, CONE),
        )
        for where, field in (
            ("towards the corners", _towards_corners),
            ("across the tilt", _across_tilt),
            ("along the tilt", _along_tilt),
        )
    },
    "spherical aberration of sixth order": Aberration(lambda slopes: slopes.by_sixth, SPHERICAL_WAVES),
    EVEN_COMA[0]: _coma(_even_across, _even_across),
    EVEN_COMA[1]: _coma(_even_along, _even_along),
    EVEN_COMA[2]: _coma(_even_across, _even_along),
    "coma towards the corners": _coma(_in_place, _in_place),
    "coma that changes across the tilt": _coma(_in_place, _even_across),
    "coma that changes along the tilt": _coma(_in_place, _even_along),
}
"""What a lens may have; in words that follow "seems to have"."""

"""Faults that a lens may have beyond the fitted shape: what each would change in the responses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from appliance.focus.segments import ASTIGMATISM, FOCUS, KAPPA, RADIAL, SPHERICAL, Array, Geometry

FIELD_UM, SPHERICAL_WAVES, CONE, SQUARED_COMA = 30.0, 0.5, 0.2, 0.2
"""Standard deviations of the strengths: µm of focus on the image side at the corner, waves, parts of the cone, and
square waves of coma at the corner."""

Places = Callable[[Geometry], Array]


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
class Term:
    """A further fault: (n, k) how it changes responses, per strength, and the ``sd`` of its strength.

    Where it changes a ``member`` of the shape, ``places`` is by how much at each piece, (n,) per strength; the ``sd``
    of what moves FOCUS is in µm on the image side, its strength in waves as all others. Astigmatism is ``crossed``,
    too: (n,) waves of x y per strength, x along the normal. A ``square`` is not negative.
    """

    column: Callable[[Slopes], Array]
    sd: float
    member: int | None = None
    places: Places | None = None
    square: bool = False
    crossed: Places | None = None

    def changes(self, member: int, data: Geometry) -> Array:
        """(n,) by how much the member of the shape is changed, per strength."""
        return self.places(data) if self.places and self.member == member else np.zeros(len(data.q))


def _in_place(data: Geometry) -> tuple[Array, Array]:
    return data.place[:, 0], data.place[:, 1]


def _towards_corners(data: Geometry) -> Array:
    return np.asarray(np.square(data.place).sum(axis=1))


def _across_tilt(data: Geometry) -> Array:
    return data.place[:, 0]


def _along_tilt(data: Geometry) -> Array:
    return data.place[:, 1]


def _by(member: int, sd: float, places: Places) -> Term:
    """A member of the shape that is not the same all over the picture."""
    return Term(lambda slopes: slopes.by_shape[..., member] * places(slopes.at)[:, None], sd, member, places)


def _focus(places: Places) -> Term:
    return _by(FOCUS, FIELD_UM, places)


def _astigmatism(direction: int, places: Places = lambda data: np.ones(len(data.q))) -> Term:
    term = _focus(lambda data: places(data) * data.turn[:, direction])
    return replace(term, crossed=lambda data: places(data) * crossed_turn(data)[:, direction])


def crossed_turn(data: Geometry) -> Array:
    """(n, 2) waves of x y, x along a piece's normal, per wave of what moves its focus by ``turn``."""
    return np.stack([-2 * data.turn[:, 1], 2 * data.turn[:, 0]], axis=1)


def crossed_by_shape(data: Geometry, shape: Array) -> Array:
    """(n,) nominal waves of x y, x along a piece's normal, of the astigmatism of a shape."""
    x, y = data.place.T
    radial = data.turn[:, 1] * (y * y - x * x) - 2 * data.turn[:, 0] * x * y
    return np.asarray(shape[ASTIGMATISM] * crossed_turn(data)[:, 0] - 2 * shape[RADIAL] * radial)


Directions = Callable[[Geometry], tuple[Array, Array]]


def _even_across(data: Geometry) -> tuple[Array, Array]:
    return np.ones(len(data.q)), np.zeros(len(data.q))


def _even_along(data: Geometry) -> tuple[Array, Array]:
    return np.zeros(len(data.q)), np.ones(len(data.q))


def _coma(one: Directions, other: Directions) -> Term:
    """The product of two parts of a lens's coma: (a · n) (b · n) of it is along an edge's normal n, the rest across."""

    def column(slopes: Slopes) -> Array:
        (ax, ay), (bx, by), turn = one(slopes.at), other(slopes.at), slopes.at.turn
        along = ax * bx * (0.5 - turn[:, 0]) + ay * by * (0.5 + turn[:, 0]) + (ax * by + ay * bx) * turn[:, 1]
        whole = ax * bx + ay * by
        both = along[:, None] * slopes.along + (whole - along)[:, None] * slopes.across
        return both if one is other else 2 * both

    return Term(column, SQUARED_COMA, square=one is other)


EVEN_COMA = ("coma across the tilt", "coma along the tilt", "coma askew to the tilt")
"""That of a decentred lens."""
TERMS: dict[str, Term] = {
    "field curvature of the fourth power": _focus(lambda data: _towards_corners(data) ** 2),
    "a twist": _focus(lambda data: _across_tilt(data) * _along_tilt(data)),
    "astigmatism askew to the tilt": _astigmatism(1),
    "astigmatism that changes across the tilt": _astigmatism(0, _across_tilt),
    "astigmatism that changes along the tilt": _astigmatism(0, _along_tilt),
    "astigmatism askew to the tilt that changes across the tilt": _astigmatism(1, _across_tilt),
    "astigmatism askew to the tilt that changes along the tilt": _astigmatism(1, _along_tilt),
    **{
        f"{what} {where}": _by(member, sd, places)
        for what, member, sd in (
            ("spherical aberration that changes", SPHERICAL, SPHERICAL_WAVES),
            ("mechanical vignetting", KAPPA, CONE),
        )
        for where, places in (
            ("towards the corners", _towards_corners),
            ("across the tilt", _across_tilt),
            ("along the tilt", _along_tilt),
        )
    },
    "spherical aberration of sixth order": Term(lambda slopes: slopes.by_sixth, SPHERICAL_WAVES),
    EVEN_COMA[0]: _coma(_even_across, _even_across),
    EVEN_COMA[1]: _coma(_even_along, _even_along),
    EVEN_COMA[2]: _coma(_even_across, _even_along),
    "coma towards the corners": _coma(_in_place, _in_place),
    "coma that changes across the tilt": _coma(_in_place, _even_across),
    "coma that changes along the tilt": _coma(_in_place, _even_along),
}
"""What a lens may have; in words that follow "seems to have"."""

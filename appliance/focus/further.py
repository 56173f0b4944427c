"""What a photo shows of a lens beyond the fitted shape: faults that enter only where the edges tell of them.

The shape has the first orders of what lenses have: focus that changes as the radius squared, one spherical aberration
and one cone of light for the whole picture. A real lens has more, and what fits it badly moves focus. Each of
:data:`TERMS` is what one further fault would change; those that explain what the fit leaves over, the strongest first,
are taken out of the data, and the shape is fitted anew. A part of how far that moves focus counts as unknown.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from appliance.focus.model import (
    FOCUS,
    KAPPA,
    SPHERICAL,
    Array,
    Geometry,
    Model,
    defocus,
    split,
)
from appliance.focus.pupil import Spline, by_squared_coma, by_w060
from appliance.focus.solve import Solution, huber_weights

CONVINCING = 20.0
"""By how much a term must lower −2 log posterior."""
MOST_TERMS, STEP_WAVES = 8, 0.05
EXACT_PART, LINEAR_PART = 0.05, 0.15
"""What of a move of focus stays unknown, of all and of what is known to first order only; by simulations."""

FIELD_UM, SPHERICAL_WAVES, CONE, SQUARED_COMA = 30.0, 0.5, 0.2, 0.2
"""Standard deviations of the strengths: µm of focus on the image side at the corner, waves, parts of the cone, and
square waves of coma at the corner."""

Places = Callable[[Geometry], Array]


@dataclass(frozen=True)
class Slopes:
    """Slopes of n pieces ``at``: (n, k, p) by the shape, (n, k) by W060, and (n, k) by the square of coma.

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

    Where it changes a ``member`` of the shape, ``places`` is by how much at each piece, (n,) per strength; that of
    FOCUS is in µm on the image side. A ``square`` is not negative.
    """

    column: Callable[[Slopes], Array]
    sd: float
    member: int | None = None
    places: Places | None = None
    square: bool = False

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
    return _focus(lambda data: places(data) * data.turn[:, direction])


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


TERMS: dict[str, Term] = {
    "field curvature of the fourth power": _focus(lambda data: _towards_corners(data) ** 2),
    "a bend across the tilt": _focus(lambda data: _across_tilt(data) ** 2),
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
    "coma across the tilt": _coma(_even_across, _even_across),
    "coma along the tilt": _coma(_even_along, _even_along),
    "coma askew to the tilt": _coma(_even_across, _even_along),
    "coma towards the corners": _coma(_in_place, _in_place),
    "coma that changes across the tilt": _coma(_in_place, _even_across),
    "coma that changes along the tilt": _coma(_in_place, _even_along),
}
"""What a lens may have; in words that follow "seems to have"."""
_SQUARES = np.array([term.square for term in TERMS.values()])


@dataclass(frozen=True)
class Further:
    """Those ``chosen`` of :data:`TERMS` with their ``strength`` (e,), and q's variance by them.

    What is known to first order only moves q by ``q_linear``.
    They move best focus by ``moved`` (n,) waves, change W040 by ``spherical`` (n,) and responses by ``value`` (n, k).
    """

    chosen: tuple[int, ...]
    strength: Array
    moved: Array
    spherical: Array
    value: Array
    q_variance: float
    q_linear: float

    @property
    def names(self) -> tuple[str, ...]:
        """What was found, in words."""
        return tuple(list(TERMS)[index] for index in self.chosen)

    @property
    def coma_waves(self) -> float:
        """W131 that is the same all over the picture, as no centred lens has it."""
        across, along, askew = (
            float(self.strength[self.names.index(name)]) if name in self.names else 0.0
            for name in (f"coma {where} the tilt" for where in ("across", "along", "askew to"))
        )
        return float(np.sqrt(max(across + along, 2 * abs(askew))))


def nothing(model: Model) -> Further:
    """A lens of which no more is known."""
    none = np.zeros(len(model.y))
    return Further((), np.zeros(0), none, none, np.zeros_like(model.y), 0.0, 0.0)


def found(model: Model, fit: Solution, before: Further, um_per_wave: float) -> Further:
    """What the leftover of a ``fit`` to data less what was found ``before`` tells: that, and new terms that convince.

    Each time all is linear about the fit: an iteration of a few fits is meant.
    """
    value, jacobian = model.evaluate(fit.v)
    columns = _columns(model, fit.v, jacobian, before.spherical)
    terms = list(TERMS.values())
    sd = np.array([term.sd / (um_per_wave if term.member == FOCUS else 1) for term in terms])
    residual = np.einsum("nkl,nl->nk", model.whitener, value - model.y)
    root = np.sqrt(huber_weights(residual))[..., None]
    left = (root[..., 0] * residual).ravel()
    by_terms = (root * (model.whitener @ columns)).reshape(-1, columns.shape[-1])
    by_fit = (root * (model.whitener @ jacobian)).reshape(-1, jacobian.shape[-1])
    covariance = np.linalg.pinv(fit.normal)
    mixed = by_fit.T @ by_terms
    information = by_terms.T @ by_terms - mixed.T @ covariance @ mixed + np.diag(1 / sd**2)
    strength = np.zeros(len(sd))
    strength[list(before.chosen)] = before.strength
    pull = -by_terms.T @ left - strength / sd**2
    scale = max(fit.reduced_chi2, 1.0)
    chosen = _chosen(information, pull, list(before.chosen), CONVINCING * scale)
    if not chosen:
        return nothing(model)
    inverse = np.linalg.inv(information[np.ix_(chosen, chosen)])
    strength = strength[chosen] + inverse @ pull[chosen]
    moved, spherical = (
        np.sum(
            [s * terms[k].changes(member, model.data) for k, s in zip(chosen, strength, strict=True)], axis=0
        )
        for member in (FOCUS, SPHERICAL)
    )
    linear = [terms[k].member != FOCUS for k in chosen]
    value = columns[..., np.array(chosen)[linear]] @ strength[linear]
    if spherical.any():
        value += _curved(model, fit.v) * (spherical * (spherical / 2 - before.spherical))[:, None]
    by_focus = (covariance @ mixed)[FOCUS, chosen]
    return Further(
        tuple(chosen),
        strength,
        moved,
        spherical,
        value,
        float(by_focus @ inverse @ by_focus) * scale,
        float(by_focus[linear] @ strength[linear]),
    )


def _chosen(information: Array, pull: Array, chosen: list[int], least: float) -> list[int]:
    """Terms one by one: always the one that explains most of what those before leave, as long as it convinces."""
    while len(chosen) < MOST_TERMS:
        inverse = np.linalg.inv(information[np.ix_(chosen, chosen)]) if chosen else np.zeros((0, 0))
        crossed = information[:, chosen]
        rest = pull - crossed @ inverse @ pull[chosen]
        own = np.diag(information) - np.einsum("ec,cd,ed->e", crossed, inverse, crossed)
        gain = np.where(_SQUARES & (rest < 0), 0.0, np.square(rest) / np.maximum(own, 1e-12))
        gain[chosen] = 0.0
        best = int(np.argmax(gain))
        if gain[best] < least:
            break
        chosen = [*chosen, best]
    return chosen


def _curved(model: Model, v: Array) -> Array:
    """(n, k) second derivative of the responses by W040."""
    shape, _ = split(v, len(model.data.frequency_cpp))
    up, down = (shape + sign * STEP_WAVES * (np.arange(len(shape)) == SPHERICAL) for sign in (1, -1))
    slopes = [model.curves.at(each)[1][..., SPHERICAL] for each in (up, down)]
    return np.asarray((slopes[0] - slopes[1]) / (2 * STEP_WAVES))


def _columns(model: Model, v: Array, jacobian: Array, spherical: Array) -> npt.NDArray[np.float64]:
    """(n, k, terms) derivatives of the responses by the strengths, where W040 is more by ``spherical`` (n,)."""
    shape, _ = split(v, len(model.data.frequency_cpp))
    if spherical.any():
        jacobian = jacobian.copy()
        jacobian[..., SPHERICAL] += _curved(model, v) * spherical[:, None]
    slopes = Slopes(model.data, jacobian, *_by_pupil(model, shape))
    return np.stack([term.column(slopes) for term in TERMS.values()], axis=-1)


def _by_pupil(model: Model, shape: Array) -> tuple[Array, Array, Array]:
    """(n, k) derivatives by W060, and by the square of W131 along and across the edges' normals.

    W060 is ρ⁶ − 3/2 ρ⁴ + 3/5 ρ², which moves neither the plane of least RMS error nor W040. So balanced it throws light
    no farther, and what is foreseen beside the responses stays; nor does coma move that plane.
    """
    table, w040 = model.curves.table, float(shape[SPHERICAL])
    w = shape[KAPPA] * defocus(model.data, shape) - w040
    _, by_shape, gain = model.curves.at(shape)
    sixth, along, across = (
        gain * Spline.of(table.w020, slope).values(w)
        for slope in (by_w060(table.s, table.w020, w040), *by_squared_coma(table.s, table.w020, w040))
    )
    balance = 0.9 * by_shape[..., FOCUS] / shape[KAPPA] - 1.5 * by_shape[..., SPHERICAL]
    return np.asarray(sixth + balance), along, across

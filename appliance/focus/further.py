"""What a photo shows of a lens beyond the fitted shape: faults that enter only where the edges tell of them.

The shape has the first orders of what lenses have: focus that changes as the radius squared, one spherical aberration
and one cone of light for the whole picture. A real lens has more, and what fits it badly moves focus. Each fault of
``faults.py`` changes responses in its own way; those that explain what the fit leaves over, the strongest first, are
taken out of the data, and the shape is fitted anew. A part of how far that moves focus counts as unknown.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from appliance.focus.faults import EVEN_COMA, TERMS, Slopes, Term, crossed_by_shape
from appliance.focus.model import Model, split
from appliance.focus.pupil import CROSSED_ORDERS, Spline, by_squares, by_w060
from appliance.focus.segments import FOCUS, KAPPA, SPHERICAL, Array, Geometry, defocus
from appliance.focus.solve import Solution, huber_weights

CONVINCING = 20.0
"""By how much a term must lower −2 log posterior."""
MOST_TERMS, STEP_WAVES = 8, 0.05
"""So many faults are told apart in one photo; second derivatives are differences over so much W040."""
LEAST_CROSSED, MOST_CROSSED = 0.02, 1.2
"""Less crossed astigmatism blurs nothing to speak of; more, in waves, is not described."""
EXACT_PART, LINEAR_PART = 0.05, 0.15
"""What of a move of focus stays unknown, of all and of what is known to first order only; by simulations."""

_SQUARES = np.array([term.square for term in TERMS.values()])


@dataclass(frozen=True)
class Further:
    """Those ``chosen`` of the faults with their ``strength`` (e,).

    They move best focus by ``moved`` (n,) waves; what they change beside that, W040 by ``spherical`` (n,) waves among
    it, is ``value`` (n, k) in the responses.
    In the fit they move focus by ``q_linear`` as far as they are known to first order only, and add ``q_variance``.
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
            float(self.strength[self.names.index(name)]) if name in self.names else 0.0 for name in EVEN_COMA
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
    told = _told(model, fit, before, um_per_wave)
    scale = max(fit.reduced_chi2, 1.0)
    chosen = _chosen(told, list(before.chosen), CONVINCING * scale)
    if not chosen:
        return replace(nothing(model), value=_by_crossing(_crossed(model, fit.v), told.crossed))
    strength, inverse = _solved(told, chosen)
    terms = [list(TERMS.values())[index] for index in chosen]
    linear = [term.member != FOCUS for term in terms]
    by_focus = told.by_focus[chosen]
    more = Further(
        chosen=tuple(chosen),
        strength=strength,
        moved=_changed(terms, strength, FOCUS, model.data),
        spherical=_changed(terms, strength, SPHERICAL, model.data),
        value=told.columns[..., np.array(chosen)[linear]] @ strength[linear],
        q_variance=float(by_focus @ inverse @ by_focus) * scale,
        q_linear=float(by_focus[linear] @ strength[linear]),
    )
    value = more.value + _by_crossing(_crossed(model, fit.v, more), told.crossed)
    if more.spherical.any():
        bend = more.spherical * (more.spherical / 2 - before.spherical)
        value += _curved(model, fit.v) * bend[:, None]
    return replace(more, value=value)


@dataclass(frozen=True)
class _Told:
    """What the leftover of a fit says of all terms at once, linear about what is known of them.

    ``columns`` (n, k, t) are what they change, ``crossed`` (n, CROSSED_ORDERS, k) the coefficients of the powers of
    crossed astigmatism. The fit being free to follow, ``information`` (t, t) and ``pull`` (t,)
    are of their strengths, and each moves focus by ``by_focus`` (t,).
    """

    columns: Array
    crossed: Array
    information: Array
    pull: Array
    by_focus: Array


def _told(model: Model, fit: Solution, before: Further, um_per_wave: float) -> _Told:
    value, jacobian = model.evaluate(fit.v)
    terms = list(TERMS.values())
    slopes, crossed = _slopes(model, fit.v, jacobian, before.spherical)
    columns = np.stack([term.column(slopes) for term in terms], axis=-1)
    by_crossed = fit.v[KAPPA] * _slope_of_crossing(_crossed(model, fit.v, before), crossed)
    for index, term in enumerate(terms):
        if term.crossed:
            columns[..., index] += term.crossed(model.data)[:, None] * by_crossed
    residual = np.einsum("nkl,nl->nk", model.whitener, value - model.y)
    root = np.sqrt(huber_weights(residual))[..., None]
    left = (root[..., 0] * residual).ravel()
    by_terms = (root * (model.whitener @ columns)).reshape(-1, columns.shape[-1])
    by_fit = (root * (model.whitener @ jacobian)).reshape(-1, jacobian.shape[-1])
    covariance = np.linalg.pinv(fit.normal)
    mixed = by_fit.T @ by_terms
    tightness = 1 / np.array([term.sd / (um_per_wave if term.member == FOCUS else 1) for term in terms]) ** 2
    strength = np.zeros(len(terms))
    strength[list(before.chosen)] = before.strength
    information = by_terms.T @ by_terms - mixed.T @ covariance @ mixed + np.diag(tightness)
    pull = -by_terms.T @ left - strength * tightness + information @ strength
    return _Told(columns, crossed, information, pull, (covariance @ mixed)[FOCUS])


def _changed(terms: list[Term], strength: Array, member: int, data: Geometry) -> Array:
    """(n,) by how much the terms change a member of the shape."""
    each = [much * term.changes(member, data) for term, much in zip(terms, strength, strict=True)]
    return np.asarray(np.sum(each, axis=0))


def _chosen(told: _Told, chosen: list[int], least: float) -> list[int]:
    """Those of the ``chosen`` that still convince, and the one that explains most of what they leave, if that does.

    One at a time, as all is linear only near the truth. Squares are not negative. The strongest come first.
    """
    gone: list[int] = []
    while chosen:
        strength, inverse = _solved(told, chosen)
        gain = np.square(strength) / np.diag(inverse)
        gain[_SQUARES[chosen] & (strength < 0)] = 0.0
        weakest = int(np.argmin(gain))
        if gain[weakest] >= least:
            break
        gone.append(chosen[weakest])
        chosen = [*chosen[:weakest], *chosen[weakest + 1 :]]
    strength, inverse = _solved(told, chosen)
    crossed = told.information[:, chosen]
    rest = told.pull - crossed @ strength
    own = np.diag(told.information) - np.einsum("ec,cd,ed->e", crossed, inverse, crossed)
    gain = np.where(_SQUARES & (rest < 0), 0.0, np.square(rest) / np.maximum(own, 1e-12))
    gain[[*chosen, *gone]] = 0.0
    best = int(np.argmax(gain))
    if gain[best] >= least and len(chosen) < MOST_TERMS:
        chosen = [*chosen, best]
    strength, inverse = _solved(told, chosen)
    return [chosen[k] for k in np.argsort(-np.abs(strength) / np.sqrt(np.diag(inverse)))]


def _solved(told: _Told, chosen: list[int]) -> tuple[Array, Array]:
    """Strengths (c,) of the chosen terms, and their covariance (c, c)."""
    if not chosen:
        return np.zeros(0), np.zeros((0, 0))
    inverse = np.linalg.inv(told.information[np.ix_(chosen, chosen)])
    return np.asarray(inverse @ told.pull[chosen]), np.asarray(inverse, float)


def crossing(model: Model, v: Array) -> Array:
    """(n, k) what the shape's astigmatism blurs that lies askew to the edges; 0 where that is hardly anything."""
    crossed = _crossed(model, v)
    if np.abs(crossed).max() < LEAST_CROSSED:
        return np.zeros_like(model.y)
    shape, _ = split(v, len(model.data.frequency_cpp))
    table, (_, _, gain) = model.curves.table, model.curves.at(shape)
    *_, by_crossed = by_squares(table.s, table.w020, float(shape[SPHERICAL]))
    return _by_crossing(
        crossed, gain[:, None] * Spline.of(table.w020, by_crossed).values(_w020(model, shape))
    )


def _by_crossing(crossed: Array, coefficients: Array) -> Array:
    """(n, k) what so many waves (n,) of crossed astigmatism change; 0 where they are hardly any."""
    if np.abs(crossed).max() < LEAST_CROSSED:
        return np.zeros((len(crossed), coefficients.shape[-1]))
    powers = np.power(np.square(crossed)[:, None], np.arange(1, CROSSED_ORDERS + 1))
    return np.asarray(np.einsum("no,nok->nk", powers, coefficients))


def _slope_of_crossing(crossed: Array, coefficients: Array) -> Array:
    order = np.arange(1, CROSSED_ORDERS + 1)
    powers = 2 * order * np.power(crossed[:, None], 2 * order - 1)
    return np.asarray(np.einsum("no,nok->nk", powers, coefficients))


def _crossed(model: Model, v: Array, known: Further | None = None) -> Array:
    """(n,) waves of x y, x along a piece's normal."""
    crossed = crossed_by_shape(model.data, v)
    terms = list(TERMS.values())
    for strength, index in zip(known.strength, known.chosen, strict=True) if known else ():
        places = terms[index].crossed
        crossed = crossed + strength * places(model.data) if places else crossed
    return np.asarray(np.clip(v[KAPPA] * crossed, -MOST_CROSSED, MOST_CROSSED))


def _curved(model: Model, v: Array) -> Array:
    """(n, k) second derivative of the responses by W040."""
    shape, _ = split(v, len(model.data.frequency_cpp))
    up, down = (shape + sign * STEP_WAVES * (np.arange(len(shape)) == SPHERICAL) for sign in (1, -1))
    slopes = [model.curves.at(each)[1][..., SPHERICAL] for each in (up, down)]
    return np.asarray((slopes[0] - slopes[1]) / (2 * STEP_WAVES))


def _slopes(model: Model, v: Array, jacobian: Array, spherical: Array) -> tuple[Slopes, Array]:
    """Slopes where W040 is more by ``spherical`` (n,), and (n, CROSSED_ORDERS, k) of crossed astigmatism's powers.

    W060 is ρ⁶ − 3/2 ρ⁴ + 3/5 ρ², which moves neither the plane of least RMS error nor W040. So balanced it throws light
    no farther, and what is foreseen beside the responses stays; nor does coma move that plane.
    """
    shape, _ = split(v, len(model.data.frequency_cpp))
    table, w040, w = model.curves.table, float(shape[SPHERICAL]), _w020(model, shape)
    _, by_shape, gain = model.curves.at(shape)
    *coma, by_crossed = by_squares(table.s, table.w020, w040)
    sixth, along, across = (
        gain * Spline.of(table.w020, slope).values(w) for slope in (by_w060(table.s, table.w020, w040), *coma)
    )
    sixth += 0.9 * by_shape[..., FOCUS] / shape[KAPPA] - 1.5 * by_shape[..., SPHERICAL]
    if spherical.any():
        jacobian = jacobian.copy()
        jacobian[..., SPHERICAL] += _curved(model, v) * spherical[:, None]
    crossed = gain[:, None] * Spline.of(table.w020, by_crossed).values(w)
    return Slopes(model.data, jacobian, sixth, along, across), np.asarray(crossed)


def _w020(model: Model, shape: Array) -> Array:
    """(n,) defocus of each piece's middle, waves."""
    actual = shape[KAPPA] * defocus(model.data, shape) + (shape[KAPPA] - 1) * model.data.bow
    return np.asarray(actual - shape[SPHERICAL])

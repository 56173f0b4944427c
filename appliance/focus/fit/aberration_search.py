"""What a photo shows of a lens beyond the fitted shape: faults that enter only where the edges tell of them.

The shape has the first orders of what lenses have: focus that changes as the radius squared, one spherical aberration
and one cone of light for the whole picture. A real lens has more, and what fits it badly moves focus. Each fault of
``aberrations.py`` changes responses in its own way; those that explain what the fit leaves over, the strongest first,
are taken out of the data, and the shape is fitted anew. A part of how far that moves focus counts as unknown.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from appliance.arrays import Array
from appliance.focus.fit.least_squares import HUBER, Solution
from appliance.focus.lens.aberrations import CATALOGUE, EVEN_COMA, Aberration, Slopes, oblique_astigmatism
from appliance.focus.lens.data import Geometry, defocus_of
from appliance.focus.lens.otf import OBLIQUE_ORDERS, by_squares, by_w060
from appliance.focus.lens.parameters import APERTURE_RATIO, FOCUS, SPHERICAL, Parameter
from appliance.focus.lens.response import Problem, split
from appliance.focus.lens.spline import Spline
from appliance.robust import huber_weights

MIN_COST_DECREASE = 20.0
"""By how much a term must lower −2 log posterior."""
MAX_ABERRATIONS, STEP_WAVES = 8, 0.05
"""So many faults are told apart in one photo; second derivatives are differences over so much W040."""
MIN_OBLIQUE_WAVES, MAX_OBLIQUE_WAVES = 0.02, 1.2
"""Less crossed astigmatism blurs nothing to speak of; more, in waves, is not described."""
EXACT_PART, LINEAR_PART = 0.05, 0.15
"""What of a move of focus stays unknown, of all and of what is known to first order only; by simulations."""

_SQUARES = np.array([aberration.square for aberration in CATALOGUE.values()])


@dataclass(frozen=True)
class SelectedAberrations:
    """Those ``chosen`` of the faults with their ``strength`` (e,).

    They move best focus by ``defocus`` (n,) waves; what they change beside that, W040 by ``spherical`` (n,) waves among
    it, is ``value`` (n, k) in the responses.
    In the fit they move focus by ``focus_by_linear`` as far as they are known to first order only, and add
    ``focus_variance``.
    """

    chosen: tuple[int, ...]
    strength: Array
    defocus: Array
    spherical: Array
    value: Array
    focus_variance: float
    focus_by_linear: float

    @property
    def names(self) -> tuple[str, ...]:
        """What was found, in words."""
        return tuple(list(CATALOGUE)[index] for index in self.chosen)

    @property
    def coma_waves(self) -> float:
        """W131 that is the same all over the picture, as no centred lens has it."""
        across, along, askew = (
            float(self.strength[self.names.index(name)]) if name in self.names else 0.0 for name in EVEN_COMA
        )
        return float(np.sqrt(max(across + along, 2 * abs(askew))))


def none_found(problem: Problem) -> SelectedAberrations:
    """A lens of which no more is known."""
    none = np.zeros(len(problem.y))
    return SelectedAberrations((), np.zeros(0), none, none, np.zeros_like(problem.y), 0.0, 0.0)


def select(
    problem: Problem, fit: Solution, before: SelectedAberrations, um_per_wave: float
) -> SelectedAberrations:
    """What the leftover of a ``fit`` to data less what was found ``before`` tells: that, and new terms that convince.

    Each time all is linear about the fit: an iteration of a few fits is meant.
    """
    score = _score(problem, fit, before, um_per_wave)
    scale = max(fit.reduced_chi2, 1.0)
    chosen = _chosen(score, list(before.chosen), MIN_COST_DECREASE * scale)
    if not chosen:
        return replace(none_found(problem), value=_by_oblique(_oblique(problem, fit.v), score.oblique))
    strength, inverse = _solved(score, chosen)
    aberrations = [list(CATALOGUE.values())[index] for index in chosen]
    linear = [aberration.member != FOCUS for aberration in aberrations]
    by_focus = score.by_focus[chosen]
    more = SelectedAberrations(
        chosen=tuple(chosen),
        strength=strength,
        defocus=_changed(aberrations, strength, FOCUS, problem.data),
        spherical=_changed(aberrations, strength, SPHERICAL, problem.data),
        value=score.columns[..., np.array(chosen)[linear]] @ strength[linear],
        focus_variance=float(by_focus @ inverse @ by_focus) * scale,
        focus_by_linear=float(by_focus[linear] @ strength[linear]),
    )
    value = more.value + _by_oblique(_oblique(problem, fit.v, more), score.oblique)
    if more.spherical.any():
        bend = more.spherical * (more.spherical / 2 - before.spherical)
        value += _second_by_w040(problem, fit.v) * bend[:, None]
    return replace(more, value=value)


@dataclass(frozen=True)
class _Score:
    """What the leftover of a fit says of all terms at once, linear about what is known of them.

    ``columns`` (n, k, t) are what they change, ``oblique`` (n, CROSSED_ORDERS, k) the coefficients of the powers of
    crossed astigmatism. The fit being free to follow, ``information`` (t, t) and ``pull`` (t,)
    are of their strengths, and each moves focus by ``by_focus`` (t,).
    """

    columns: Array
    oblique: Array
    information: Array
    pull: Array
    by_focus: Array


def _score(problem: Problem, fit: Solution, before: SelectedAberrations, um_per_wave: float) -> _Score:
    value, jacobian = problem.evaluate(fit.v)
    aberrations = list(CATALOGUE.values())
    slopes, oblique = _slopes(problem, fit.v, jacobian, before.spherical)
    columns = np.stack([aberration.column(slopes) for aberration in aberrations], axis=-1)
    by_oblique = fit.v[APERTURE_RATIO] * _slope_by_oblique(_oblique(problem, fit.v, before), oblique)
    for index, aberration in enumerate(aberrations):
        if aberration.oblique:
            columns[..., index] += aberration.oblique(problem.data)[:, None] * by_oblique
    residual = np.einsum("nkl,nl->nk", problem.whitener, value - problem.y)
    root = np.sqrt(huber_weights(residual, HUBER))[..., None]
    left = (root[..., 0] * residual).ravel()
    by_aberrations = (root * (problem.whitener @ columns)).reshape(-1, columns.shape[-1])
    by_fit = (root * (problem.whitener @ jacobian)).reshape(-1, jacobian.shape[-1])
    covariance = np.linalg.pinv(fit.normal)
    mixed = by_fit.T @ by_aberrations
    tightness = (
        1
        / np.array(
            [aberration.sd / (um_per_wave if aberration.member == FOCUS else 1) for aberration in aberrations]
        )
        ** 2
    )
    strength = np.zeros(len(aberrations))
    strength[list(before.chosen)] = before.strength
    information = by_aberrations.T @ by_aberrations - mixed.T @ covariance @ mixed + np.diag(tightness)
    pull = -by_aberrations.T @ left - strength * tightness + information @ strength
    return _Score(columns, oblique, information, pull, (covariance @ mixed)[FOCUS])


def _changed(aberrations: list[Aberration], strength: Array, member: Parameter, data: Geometry) -> Array:
    """(n,) by how much the terms change a member of the shape."""
    each = [
        much * aberration.changes(member, data)
        for aberration, much in zip(aberrations, strength, strict=True)
    ]
    return np.asarray(np.sum(each, axis=0))


def _chosen(score: _Score, chosen: list[int], least: float) -> list[int]:
    """Those of the ``chosen`` that still convince, and the one that explains most of what they leave, if that does.

    One at a time, as all is linear only near the truth. Squares are not negative. The strongest come first.
    """
    gone: list[int] = []
    while chosen:
        strength, inverse = _solved(score, chosen)
        gain = np.square(strength) / np.diag(inverse)
        gain[_SQUARES[chosen] & (strength < 0)] = 0.0
        weakest = int(np.argmin(gain))
        if gain[weakest] >= least:
            break
        gone.append(chosen[weakest])
        chosen = [*chosen[:weakest], *chosen[weakest + 1 :]]
    strength, inverse = _solved(score, chosen)
    oblique = score.information[:, chosen]
    rest = score.pull - oblique @ strength
    own = np.diag(score.information) - np.einsum("ec,cd,ed->e", oblique, inverse, oblique)
    gain = np.where(_SQUARES & (rest < 0), 0.0, np.square(rest) / np.maximum(own, 1e-12))
    gain[[*chosen, *gone]] = 0.0
    best = int(np.argmax(gain))
    if gain[best] >= least and len(chosen) < MAX_ABERRATIONS:
        chosen = [*chosen, best]
    strength, inverse = _solved(score, chosen)
    return [chosen[k] for k in np.argsort(-np.abs(strength) / np.sqrt(np.diag(inverse)))]


def _solved(score: _Score, chosen: list[int]) -> tuple[Array, Array]:
    """Strengths (c,) of the chosen terms, and their covariance (c, c)."""
    if not chosen:
        return np.zeros(0), np.zeros((0, 0))
    inverse = np.linalg.inv(score.information[np.ix_(chosen, chosen)])
    return np.asarray(inverse @ score.pull[chosen]), np.asarray(inverse, float)


def oblique_correction(problem: Problem, v: Array) -> Array:
    """(n, k) what the shape's astigmatism blurs that lies askew to the edges; 0 where that is hardly anything."""
    oblique = _oblique(problem, v)
    if np.abs(oblique).max() < MIN_OBLIQUE_WAVES:
        return np.zeros_like(problem.y)
    shape, _ = split(v, len(problem.data.frequency_cpp))
    table, (_, _, gain) = problem.curves.table, problem.curves.at(shape)
    *_, by_oblique = by_squares(table.s, table.w020, float(shape[SPHERICAL]))
    return _by_oblique(
        oblique, gain[:, None] * Spline.of(table.w020, by_oblique).values(_defocus_of_middle(problem, shape))
    )


def _by_oblique(oblique: Array, coefficients: Array) -> Array:
    """(n, k) what so many waves (n,) of crossed astigmatism change; 0 where they are hardly any."""
    if np.abs(oblique).max() < MIN_OBLIQUE_WAVES:
        return np.zeros((len(oblique), coefficients.shape[-1]))
    powers = np.power(np.square(oblique)[:, None], np.arange(1, OBLIQUE_ORDERS + 1))
    return np.asarray(np.einsum("no,nok->nk", powers, coefficients))


def _slope_by_oblique(oblique: Array, coefficients: Array) -> Array:
    order = np.arange(1, OBLIQUE_ORDERS + 1)
    powers = 2 * order * np.power(oblique[:, None], 2 * order - 1)
    return np.asarray(np.einsum("no,nok->nk", powers, coefficients))


def _oblique(problem: Problem, v: Array, known: SelectedAberrations | None = None) -> Array:
    """(n,) waves of x y, x along a piece's normal."""
    oblique = oblique_astigmatism(problem.data, v)
    aberrations = list(CATALOGUE.values())
    for strength, index in zip(known.strength, known.chosen, strict=True) if known else ():
        field = aberrations[index].oblique
        oblique = oblique + strength * field(problem.data) if field else oblique
    return np.asarray(np.clip(v[APERTURE_RATIO] * oblique, -MAX_OBLIQUE_WAVES, MAX_OBLIQUE_WAVES))


def _second_by_w040(problem: Problem, v: Array) -> Array:
    """(n, k) second derivative of the responses by W040."""
    shape, _ = split(v, len(problem.data.frequency_cpp))
    up, down = (shape + sign * STEP_WAVES * np.eye(len(shape))[SPHERICAL] for sign in (1, -1))
    slopes = [problem.curves.at(each)[1][..., SPHERICAL] for each in (up, down)]
    return np.asarray((slopes[0] - slopes[1]) / (2 * STEP_WAVES))


def _slopes(problem: Problem, v: Array, jacobian: Array, spherical: Array) -> tuple[Slopes, Array]:
    """Slopes where W040 is more by ``spherical`` (n,), and (n, CROSSED_ORDERS, k) of crossed astigmatism's powers.

    W060 is ρ⁶ − 3/2 ρ⁴ + 3/5 ρ², which moves neither the plane of least RMS error nor W040. So balanced it throws light
    no farther, and what is foreseen beside the responses stays; nor does coma move that plane.
    """
    shape, _ = split(v, len(problem.data.frequency_cpp))
    table, w040, w = problem.curves.table, float(shape[SPHERICAL]), _defocus_of_middle(problem, shape)
    _, by_shape, gain = problem.curves.at(shape)
    *coma, by_oblique = by_squares(table.s, table.w020, w040)
    sixth, along, across = (
        gain * Spline.of(table.w020, slope).values(w) for slope in (by_w060(table.s, table.w020, w040), *coma)
    )
    sixth += 0.9 * by_shape[..., FOCUS] / shape[APERTURE_RATIO] - 1.5 * by_shape[..., SPHERICAL]
    if spherical.any():
        jacobian = jacobian.copy()
        jacobian[..., SPHERICAL] += _second_by_w040(problem, v) * spherical[:, None]
    oblique = gain[:, None] * Spline.of(table.w020, by_oblique).values(w)
    return Slopes(problem.data, jacobian, sixth, along, across), np.asarray(oblique)


def _defocus_of_middle(problem: Problem, shape: Array) -> Array:
    """(n,) defocus of each piece's middle, waves."""
    actual = (
        shape[APERTURE_RATIO] * defocus_of(problem.data, shape)
        + (shape[APERTURE_RATIO] - 1) * problem.data.distortion_defocus
    )
    return np.asarray(actual - shape[SPHERICAL])

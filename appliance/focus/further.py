"""What a photo shows of a lens beyond the fitted shape: faults that enter only where the edges tell of them.

The shape has the first orders of what lenses have: focus that changes as the radius squared, one spherical aberration
and one cone of light for the whole picture. A real lens has more, and what fits it badly moves focus. Each of
:data:`TERMS` is what one further fault would change; those that explain what the fit leaves over, the strongest first,
are taken out of the data, and the shape is fitted anew. Half of how far that moves focus counts as unknown.
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
from appliance.focus.pupil import Spline, by_w060
from appliance.focus.solve import Solution, huber_weights

CONVINCING = 15.0
"""By how much a term must lower −2 log posterior."""
MOST_TERMS = 6
MOVED_PART = 0.25
"""What of a move of focus stays unknown, as all is linear; by simulations."""

_X, _Y = 0, 1
Places = Callable[[Geometry], Array]


def _focus_terms() -> dict[str, Places]:
    def astigmatism(axis: int, direction: int) -> Places:
        return lambda d: d.place[:, axis] * d.turn[:, direction]

    return {
        "field curvature of the fourth power": lambda d: np.square(d.place).sum(axis=1) ** 2,
        "a bend across the tilt": lambda d: d.place[:, _X] ** 2,
        "a twist": lambda d: d.place[:, _X] * d.place[:, _Y],
        "astigmatism askew to the tilt": lambda d: d.turn[:, 1],
        "astigmatism that changes across the tilt": astigmatism(_X, 0),
        "astigmatism that changes along the tilt": astigmatism(_Y, 0),
        "astigmatism askew to the tilt that changes across the tilt": astigmatism(_X, 1),
        "astigmatism askew to the tilt that changes along the tilt": astigmatism(_Y, 1),
    }


_FIELDS: dict[str, Places] = {
    "towards the corners": lambda d: np.square(d.place).sum(axis=1),
    "across the tilt": lambda d: d.place[:, _X],
    "along the tilt": lambda d: d.place[:, _Y],
}
TERMS: dict[str, tuple[int | None, Places]] = {
    **{name: (FOCUS, places) for name, places in _focus_terms().items()},
    **{f"spherical aberration that changes {name}": (SPHERICAL, places) for name, places in _FIELDS.items()},
    **{f"mechanical vignetting {name}": (KAPPA, places) for name, places in _FIELDS.items()},
    "spherical aberration of sixth order": (None, lambda d: np.ones(len(d.q))),
}
"""What each term changes, a member of the shape or W060, and by how much at each piece, (n,) of its strength."""
FIELD_UM, SPHERICAL_WAVES, CONE = 30.0, 0.5, 0.2
"""Standard deviations of the strengths: µm of focus on the image side at the corner, waves, parts of the cone."""


@dataclass(frozen=True)
class Further:
    """Those ``chosen`` of :data:`TERMS`, their ``strength`` (e,), what they change (n, k), and q's variance by them."""

    chosen: tuple[int, ...]
    strength: Array
    value: Array
    q_variance: float

    @property
    def names(self) -> tuple[str, ...]:
        """What was found, in words."""
        return tuple(list(TERMS)[index] for index in self.chosen)


def nothing(model: Model) -> Further:
    """A lens of which no more is known."""
    return Further((), np.zeros(0), np.zeros_like(model.y), 0.0)


def found(model: Model, fit: Solution, before: Further, um_per_wave: float) -> Further:
    """What the leftover of a ``fit`` to data less what was found ``before`` tells: that, and new terms that convince.

    All is linear about the fit: an iteration of two or three fits is meant.
    """
    value, jacobian = model.evaluate(fit.v)
    columns = _columns(model, fit.v, jacobian)
    sd = np.array([_sd(source, um_per_wave) for source, _ in TERMS.values()])
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
    step = inverse @ pull[chosen]
    by_focus = (covariance @ mixed)[FOCUS, chosen]
    return Further(
        tuple(chosen),
        strength[chosen] + step,
        columns[..., chosen] @ (strength[chosen] + step),
        float(by_focus @ inverse @ by_focus) * scale,
    )


def _chosen(information: Array, pull: Array, chosen: list[int], least: float) -> list[int]:
    """Terms one by one: always the one that explains most of what those before leave, as long as it convinces."""
    while len(chosen) < MOST_TERMS:
        inverse = np.linalg.inv(information[np.ix_(chosen, chosen)]) if chosen else np.zeros((0, 0))
        crossed = information[:, chosen]
        rest = pull - crossed @ inverse @ pull[chosen]
        own = np.diag(information) - np.einsum("ec,cd,ed->e", crossed, inverse, crossed)
        gain = np.square(rest) / np.maximum(own, 1e-12)
        gain[chosen] = 0.0
        best = int(np.argmax(gain))
        if gain[best] < least:
            break
        chosen = [*chosen, best]
    return chosen


def _sd(source: int | None, um_per_wave: float) -> float:
    if source == FOCUS:
        return FIELD_UM / um_per_wave
    return CONE if source == KAPPA else SPHERICAL_WAVES


def _columns(model: Model, v: Array, jacobian: Array) -> npt.NDArray[np.float64]:
    """(n, k, terms) derivatives of the responses by the strengths."""
    shape, _ = split(v, len(model.data.frequency_cpp))
    sixth = _by_sixth(model, shape)
    return np.stack(
        [
            (sixth if source is None else jacobian[..., source]) * places(model.data)[:, None]
            for source, places in TERMS.values()
        ],
        axis=-1,
    )


def _by_sixth(model: Model, shape: Array) -> Array:
    """(n, k) derivative by W060 (ρ⁶ − 3/2 ρ⁴ + 3/5 ρ²), which moves neither the plane of least RMS error nor W040.

    So balanced it throws light no farther, and what is foreseen beside the responses stays.
    """
    table = model.curves.table
    w = shape[KAPPA] * defocus(model.data, shape) - shape[SPHERICAL]
    spline = Spline.of(table.w020, by_w060(table.s, table.w020, float(shape[SPHERICAL])))
    _, by_shape, gain = model.curves.at(shape)
    balance = 0.9 * by_shape[..., FOCUS] / shape[KAPPA] - 1.5 * by_shape[..., SPHERICAL]
    return np.asarray(gain * spline.values(w) + balance)

"""A fitted lens: where it focuses, how well that is known, and what it was found to be."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from appliance.arrays import Array
from appliance.focus.lens.otf import OtfTable
from appliance.focus.lens.parameters import APERTURE_RATIO, EVEN_TERMS, FOCUS, SHAPE_PARAMETERS, SPHERICAL
from appliance.focus.trace import Step


@dataclass(frozen=True)
class FittedLens:
    """Outcome of the fit.

    ``best_focus_waves``, ``best_focus_sd_waves`` (from noise) and ``model_sd_waves`` (from what no model knows, see
    ``model_error.py``, and how far looser priors and ``aberrations`` moved focus) in waves; ``parameters`` (p,) all
    that was fitted, ``shape`` the first of them (see ``parameters.py``), with their ``covariance`` (p, p) scaled by the
    reduced chi-square;
    ``piece_chi2`` (n,) is that of each piece; ``log_amplitude`` (k,) is the log of all that blurs alike, at the median
    scale; ``coma_waves`` is that of a decentred lens.
    """

    best_focus_waves: float
    best_focus_sd_waves: float
    model_sd_waves: float
    parameters: Array
    shape: Array
    log_amplitude: Array
    even: Array
    even_scale: float
    covariance: Array
    reduced_chi2: float
    piece_chi2: Array
    aberrations: tuple[str, ...] = ()
    coma_waves: float = 0.0
    trace: tuple[Step, ...] = field(default=(), compare=False)
    """How the fit came about."""

    @property
    def paraxial_focus_waves(self) -> float:
        """Where rays near the axis meet, W020 = 0, in waves."""
        return self.best_focus_waves + float(self.shape[SPHERICAL] / self.shape[APERTURE_RATIO])

    def moved(self, waves: float) -> FittedLens:
        """The same with all depths ``waves`` farther away."""
        parameters = self.parameters.copy()
        parameters[FOCUS] += waves
        return replace(
            self,
            best_focus_waves=self.best_focus_waves + waves,
            parameters=parameters,
            shape=parameters[:SHAPE_PARAMETERS],
        )


def curve(fit: FittedLens, table: OtfTable, q: Array) -> Array:
    """(n, k) SFR of the fitted model on the optical axis at depths ``q`` (n,) in waves."""
    w = fit.shape[APERTURE_RATIO] * (q - fit.best_focus_waves)
    value, _ = table.at_spherical(fit.shape[SPHERICAL])[0](w - fit.shape[SPHERICAL])
    phase = np.outer(np.clip(fit.even_scale * w, -np.pi, np.pi), np.arange(1, EVEN_TERMS + 1))
    return np.asarray(np.exp(fit.log_amplitude) * (value + np.cos(phase) @ fit.even), float)

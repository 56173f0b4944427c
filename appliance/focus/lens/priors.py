"""What the through-focus fit is told beforehand: the priors of all its parameters, and how far its model may be off."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from appliance.arrays import Array
from appliance.focus.lens.parameters import EVEN, EVEN_TERMS, Conditions, lens_priors


@dataclass(frozen=True)
class Priors(Conditions):
    """Conditions that the parameters' priors follow from, and the model's own error.

    ``model_error`` is a standard error of the model's SFR, and ``misfit`` (see ``model_error.py``) one that is as
    smooth as a lens's own faults: both are added in quadrature to every standard deviation. A lens is ``faulty`` if it
    was seen to have more than the shape describes.
    """

    model_error: float = 0.0002
    misfit: float = 0.0
    faulty: bool = False

    @property
    def error(self) -> float:
        """Both errors of the model's SFR."""
        return float(np.hypot(self.model_error, self.misfit))

    def vectors(self, frequencies: int) -> tuple[Array, Array]:
        """Mean and standard deviation (p,) of all parameters of a fit to so many frequencies."""
        shape_mean, shape_sd = lens_priors(self)
        even_mean, even_sd = EVEN.prior(self)
        order = np.repeat(np.arange(1, EVEN_TERMS + 1), frequencies)
        return (
            np.concatenate([shape_mean, np.full(len(order), even_mean)]),
            np.concatenate([shape_sd, even_sd / order**2]),
        )

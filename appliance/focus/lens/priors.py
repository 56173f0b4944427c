"""What the through-focus fit is told beforehand of lens, chart and bench: the priors of all its parameters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from appliance.focus.lens.data import Array
from appliance.focus.lens.parameters import (
    AMPLITUDE,
    APERTURE_RATIO,
    COMMON_VARIANCE,
    CONSTANT_ASTIGMATISM,
    CURVATURE,
    FIELD_ASTIGMATISM,
    FOCUS,
    LEVELS,
    MOTION_COS2,
    MOTION_SIN2,
    PRINT_VARIANCE,
    PRIOR_MEAN,
    SHAPE_PARAMETERS,
    SPHERICAL,
    TILT_X,
)
from appliance.focus.lens.response import EVEN_TERMS

AMPLITUDE_SD, LEVELS_SD = 0.15, 1e-3
PRIOR_SD = np.full(SHAPE_PARAMETERS, np.nan)
PRIOR_SD[[FOCUS, APERTURE_RATIO, PRINT_VARIANCE]] = np.inf, 0.15, 0.0015
PRIOR_SD[AMPLITUDE], PRIOR_SD[LEVELS] = AMPLITUDE_SD, LEVELS_SD
"""Standard deviations of the shape's priors; the others depend on the lens, see :class:`Priors` and below."""
SPHERICAL_SD_USUAL, SPHERICAL_SD_LOOSE = 0.05, 0.6
"""Priors of W040 in waves: most lenses have little; one that has much must convince."""
MOTION_SD_USUAL, MOTION_SD_LOOSE = 0.03, 1.0
"""Priors of the smear, px²: a bench stands still, within 0.6 px; one that does not must convince as well."""
USUAL_UP_TO_UM = 70.0
"""Image-side shift per wave (8 N² λ) at f/4; beyond, the usual W040 narrows as 1/N²."""
FIELD_TILT_UM, FIELD_CURVATURE_UM, CONSTANT_ASTIGMATISM_UM, FIELD_ASTIGMATISM_UM = 40.0, 60.0, 15.0, 25.0
"""Priors of the focus surface at the picture's corner (tilt, curvature), of an even astigmatism, and of one that grows
as the radius squared, at the corner: µm image side."""
SENSOR_VARIANCE_PX2, LENS_VARIANCE_PX2 = 0.05, 0.3
"""Priors of the variance that light spreading in the sensor, and a fast lens, add at all depths alike."""
EVEN_SD = 0.01 / np.arange(1, EVEN_TERMS + 1) ** 2
MIN_EVEN, EVEN_SD_LOOSE = 0.1, 0.3
"""Priors of the even terms for a lens that follows the model, smaller for the finer ones and stopped down by no more
than a part, and for a lens that does not."""


@dataclass(frozen=True)
class Priors:
    """What the fit is told beforehand.

    ``print_sigma_mm`` is the print's Gaussian spread on paper and its standard uncertainty, mm; ``um_per_wave`` the
    image-side shift of focus per wave of defocus, 8 N² λ in µm; ``model_error`` an error of the model's SFR, and
    ``misfit`` (see ``misfit.py``) one that is as smooth as a lens's own faults: both are added in quadrature to
    every standard deviation. A lens is ``faulty`` if it was seen to have more than the shape describes.
    """

    print_sigma_mm: tuple[float, float] = (0.03, 0.03)
    um_per_wave: float = 10.0
    model_error: float = 0.0002
    misfit: float = 0.0
    faulty: bool = False

    @property
    def error(self) -> float:
        """Both errors of the model's SFR."""
        return float(np.hypot(self.model_error, self.misfit))

    @property
    def print_variance(self) -> tuple[float, float]:
        """The print's variance on paper and its standard uncertainty, mm²."""
        sigma, u = self.print_sigma_mm
        return sigma**2, 2 * sigma * u + u**2

    @property
    def usual_spherical(self) -> float:
        """Standard deviation of the usual W040: what a lens has of it falls fast as it is stopped down."""
        return SPHERICAL_SD_USUAL * self.stopped_down

    @property
    def stopped_down(self) -> float:
        """What is left of a lens's own faults when it is stopped down: 1 at f/4 and wider, falling as 1/N²."""
        return min(1.0, USUAL_UP_TO_UM / self.um_per_wave)

    def priors(self, frequencies: int) -> tuple[Array, Array]:
        """Mean and standard deviation (p,) of all parameters."""
        k = frequencies
        even_sd = EVEN_SD * max(self.stopped_down, MIN_EVEN)
        mean = np.concatenate([PRIOR_MEAN, np.zeros(EVEN_TERMS * k)])
        sd = np.concatenate([PRIOR_SD, np.repeat(even_sd, k)])
        field = np.array([FIELD_TILT_UM, FIELD_CURVATURE_UM, CONSTANT_ASTIGMATISM_UM, FIELD_ASTIGMATISM_UM])
        sd[[TILT_X, CURVATURE, CONSTANT_ASTIGMATISM, FIELD_ASTIGMATISM]] = field / self.um_per_wave
        mean[PRINT_VARIANCE], sd[PRINT_VARIANCE] = self.print_variance
        sd[SPHERICAL], sd[[MOTION_COS2, MOTION_SIN2]] = self.usual_spherical, MOTION_SD_USUAL
        sd[COMMON_VARIANCE] = np.hypot(SENSOR_VARIANCE_PX2, LENS_VARIANCE_PX2 * self.stopped_down)
        return mean, sd

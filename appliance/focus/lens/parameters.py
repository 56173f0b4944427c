"""The parameters of a lens as the through-focus fit has them."""

from __future__ import annotations

import numpy as np

(
    FOCUS,
    SPHERICAL,
    APERTURE_RATIO,
    PRINT_VARIANCE,
    TILT_X,
    CURVATURE,
    CONSTANT_ASTIGMATISM,
    FIELD_ASTIGMATISM,
    MOTION_COS2,
    MOTION_SIN2,
    COMMON_VARIANCE,
) = range(11)
AMPLITUDE_POWERS, AMPLITUDE_CPP, HIGHEST_AMPLITUDE_CPP = (1, 3, 4), 0.3, 0.5
"""Powers of frequency, relative to the second figure, in the log of all that blurs alike and is no Gaussian; constant
beyond the third."""
AMPLITUDE = slice(COMMON_VARIANCE + 1, COMMON_VARIANCE + 1 + len(AMPLITUDE_POWERS))
LEVELS = slice(AMPLITUDE.stop, AMPLITUDE.stop + 2)
"""By how much the foretold dark and light levels are off at all edges, in parts of the contrast."""
SHAPE_PARAMETERS = LEVELS.stop
"""Indices of the shape's members."""
PRIOR_MEAN = np.array([0.0, 0.0, 1.0, 0.0009, *[0.0] * (SHAPE_PARAMETERS - 4)])
MIN_APERTURE_RATIO, MAX_APERTURE_RATIO = 0.3, 2.0

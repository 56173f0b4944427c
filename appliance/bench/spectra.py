"""Light in colour: what reaches a mosaic's green pixels from a white LED, as wavelengths with weights."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

_FWHM_PER_SIGMA = 2.3548
LED_BLUE, LED_PHOSPHOR = (0.452, 0.022, 0.55), (0.580, 0.125, 1.0)
"""Centre and full width at half maximum in µm, and height, of the two humps of a white LED of some 4000 K: the shape of
illuminant LED-B3 of CIE 015:2018."""
GREEN_FILTER = (0.532, 0.100)
"""Centre and full width at half maximum in µm of the green pixels' response, filter and silicon together: what makers'
curves of the HQ camera's and like sensors show, drawn as a normal curve."""


def _hump(wavelength_um: Array, centre_um: float, width_um: float) -> Array:
    return np.asarray(np.exp(-0.5 * np.square((wavelength_um - centre_um) * _FWHM_PER_SIGMA / width_um)))


def green_under_white_led(count: int = 7) -> tuple[tuple[float, float], ...]:
    """Wavelengths (µm) and weights of the light that green pixels see under a white LED; ``count`` of them.

    Midpoints of equal steps from 0.47 to 0.61 µm, which leave out 3 % of the light. The weights add up to 1.
    """
    edges = np.linspace(0.47, 0.61, count + 1)
    middle = (edges[:-1] + edges[1:]) / 2
    led = sum(height * _hump(middle, centre, width) for centre, width, height in (LED_BLUE, LED_PHOSPHOR))
    seen = led * _hump(middle, *GREEN_FILTER)
    seen = seen / seen.sum()
    return tuple((float(w), float(part)) for w, part in zip(middle, seen, strict=True))

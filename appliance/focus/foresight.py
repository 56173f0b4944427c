"""How a lens's response looks to the data: the through-focus fit's model, as a comparison of profiles would see it.

What profiles tell at the frequencies of the fit is not quite the SFR there: frequencies between play a part, so do ink
nearby and what a narrow strip cannot tell. All of that is known for a known lens. So the model is shown to the data as
the comparison would have seen it; that this depends on the lens is part of the fit's derivatives.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from appliance.focus.model import LENS_BLUR, PRINT, Array, Curves, Foreseen, Segments
from appliance.focus.near import Look
from appliance.focus.pupil import PupilTable
from appliance.focus.through import ThroughFocus


class Foresight:
    """What the comparison adds to the responses of a look at lenses of any shape."""

    def __init__(self, data: Segments, look: Look, w020_max: float) -> None:
        self.data, self.comparison = data, look.comparison
        self.frequency_cpp = np.concatenate([self.comparison.nodes_cpp, data.frequency_cpp])
        normal = look.batch.normal[look.index]
        self.aperture = np.sinc(self.frequency_cpp * normal[:, :1]) * np.sinc(
            self.frequency_cpp * normal[:, 1:]
        )
        table = PupilTable(self.frequency_cpp * look.waves.airy_px, w020_max)
        self.curves = Curves(data, self.frequency_cpp, table)

    def of(self, fit: ThroughFocus) -> Segments:
        """The data with what is foreseen of the fitted lens."""
        count = len(self.comparison.nodes_cpp)
        value, slope, _ = self.curves.at(fit.shape, self._log_amplitude(fit))
        value, slope = value * self.aperture, slope * self.aperture[:, :, None]
        aperture = self.aperture[:, count:]
        more = (self.comparison.seen(value[:, :count]) - value[:, count:]) / aperture
        by_shape = self.comparison.slope(slope[:, :count]) - slope[:, count:]
        return replace(self.data, foreseen=Foreseen(fit.shape, more, by_shape / aperture[:, :, None]))

    def _log_amplitude(self, fit: ThroughFocus) -> Array:
        """What is in the fit's amplitude beside its shape, as smooth in frequency as a lens is.

        What zigzags is the comparison's own, and would be foreseen twice.
        """
        data = self.data
        mean = float(np.median(data.scale_px_per_mm**2))
        known = -2 * np.pi**2 * data.frequency_cpp**2 * (mean * fit.shape[PRINT] + fit.shape[LENS_BLUR])
        seen = np.sqrt(np.mean(np.square(data.sfr) / np.einsum("nkk->nk", data.covariance), axis=0))
        own = np.square(data.frequency_cpp) * seen
        rest = float(own @ ((fit.log_amplitude - known) * seen) / (own @ own))
        return np.asarray(rest * np.square(np.minimum(self.frequency_cpp, data.frequency_cpp[-1])))

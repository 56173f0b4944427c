"""How a lens's response looks to the data: the through-focus fit's model, as a comparison of profiles would see it.

What profiles tell at the frequencies of the fit is not quite the SFR there: frequencies between play a part, so do ink
nearby and what a narrow strip cannot tell. All of that is known for a known lens. So the model is shown to the data as
the comparison would have seen it; that this depends on the lens is part of the fit's derivatives.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from appliance.arrays import Array
from appliance.focus.lens.data import LinearPrediction, Segments
from appliance.focus.lens.fitted import FittedLens
from appliance.focus.lens.parameters import LEVELS
from appliance.focus.lens.response import Curves
from appliance.sfr import SfrFit


@dataclass(frozen=True)
class StripPrediction:
    """What a comparison of n strips adds to the responses of lenses of any shape.

    ``curves`` and the pixel's ``aperture`` (n, f) are at the comparison's nodes, and then at the frequencies of the
    ``data``.
    """

    data: Segments
    comparison: SfrFit
    curves: Curves
    aperture: Array

    def take(self, index: Any) -> StripPrediction:
        """Of the strips of an index array."""
        data = self.data.take(index)
        curves = Curves(data, self.curves.frequency_cpp, self.curves.table)
        return StripPrediction(data, self.comparison.take(index), curves, self.aperture[index])

    def of(self, fit: FittedLens) -> Segments:
        """The data with what is foreseen of the fitted lens."""
        count = len(self.comparison.nodes_cpp)
        value, slope, _ = self.curves.at(fit.shape)
        value, slope = value * self.aperture, slope * self.aperture[:, :, None]
        aperture = self.aperture[:, count:]
        seen = self.comparison
        more = (
            seen.seen(value[:, :count]) + seen.by_levels @ fit.shape[LEVELS] - value[:, count:]
        ) / aperture
        by_shape = seen.slope(slope[:, :count]) - slope[:, count:]
        by_shape[..., LEVELS] = seen.by_levels
        return replace(
            self.data,
            prediction=LinearPrediction(
                fit.shape, np.asarray(more), np.asarray(by_shape / aperture[:, :, None])
            ),
        )

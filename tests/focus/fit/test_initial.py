"""Where the survey has focus: one place, or two that explain it as well."""

from __future__ import annotations

import numpy as np
import pytest

from appliance.focus.fit.initial import AMBIGUOUS_CHI2, _ambiguous


@pytest.mark.parametrize(
    ("apart", "worse", "ambiguous"),
    [
        (3.0, 0.9 * AMBIGUOUS_CHI2, True),  # another focus, nearly as good
        (3.0, 1.1 * AMBIGUOUS_CHI2, False),  # another one, that explains the survey far worse
        (0.6, 0.5 * AMBIGUOUS_CHI2, False),  # the same focus twice
    ],
)
def test_two_places_that_are_as_good_are_ambiguous(apart: float, worse: float, ambiguous: bool) -> None:
    candidates = np.arange(-5.0, 5.01, 0.1)
    chi2 = np.full(len(candidates), 1000.0)
    for place, least in ((0.0, 500.0), (apart, 500.0 + worse)):
        chi2 = np.minimum(chi2, least + 4000.0 * np.square(candidates - place))
    assert _ambiguous(candidates, chi2, apart=1.0) is ambiguous

"""Where focus lies by the survey: the start of all that is finer, or the answer where nothing near focus is seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from appliance.arrays import Array
from appliance.focus.edges.geometry import segments_of
from appliance.focus.edges.survey import STRIP_PX, Survey
from appliance.focus.fit import through_focus
from appliance.focus.lens.data import Segments
from appliance.focus.lens.defocus import DefocusScale
from appliance.focus.lens.fitted import FittedLens
from appliance.focus.lens.otf import OtfTable
from appliance.focus.lens.priors import Priors
from appliance.focus.printed_chart import spread_mm
from appliance.focus.reasons import reason
from appliance.focus.result import Reason, Setup

AMBIGUOUS_CHI2 = 30.0
"""How much worse the next best focus must explain the survey."""
SURVEY_MODEL_ERROR = 0.01
"""Standard error of the survey's SFR beside noise: windows, and ink nearby that its strips do not allow for, change
it by about a hundredth (`edges/diffraction_tails.py`: up to 0.02 at f/11)."""


@dataclass(frozen=True)
class InitialFit:
    """Where the survey, by each edge's own SFR, has focus."""

    data: Segments
    table: OtfTable
    priors: Priors
    waves: DefocusScale
    fit: FittedLens

    @classmethod
    def of(cls, setup: Setup, seen: Survey) -> InitialFit | Reason:
        """Search all depths that the survey reaches, and some more, for focus; AMBIGUOUS if two are as good."""
        pose = seen.pose.pose
        small = setup.with_pitch(setup.pixel_pitch_um * seen.reduction)
        waves = DefocusScale.of(small, pose.reduced(seen.reduction, pose.picture_px))
        data = segments_of(pose, seen.plan, seen.batch, waves, seen.reduction)
        widest = max(1.5, 2.2 * STRIP_PX / waves.blur_px_per_wave)
        table = OtfTable(data.frequency_cpp * waves.airy_px, widest)
        extra = min(6.0, 12 / waves.blur_px_per_wave)
        step = min(0.25, 0.7 / waves.blur_px_per_wave)
        candidates = np.arange(data.q.min() - extra, data.q.max() + extra + step, step)
        print_mm = spread_mm(setup.print_blur_um, setup.print_blur_u_um)
        priors = Priors(print_mm, waves.um_per_wave, SURVEY_MODEL_ERROR)
        start, chi2 = through_focus.search(data, table, candidates, priors)
        if _ambiguous(candidates, chi2, 2.5 / waves.blur_px_per_wave):
            return reason("AMBIGUOUS")
        return cls(
            data,
            table,
            priors,
            waves,
            through_focus.fit(data, table, start, priors, through_focus.SURVEYED),
        )


def _ambiguous(candidates: Array, chi2: Array, apart: float) -> bool:
    """Whether another focus position, well apart from the best, explains the survey nearly as well."""
    best = int(np.argmin(chi2))
    inner = np.flatnonzero((chi2[1:-1] < chi2[:-2]) & (chi2[1:-1] <= chi2[2:])) + 1
    others = inner[np.abs(candidates[inner] - candidates[best]) > apart]
    return bool(others.size and chi2[others].min() - chi2[best] < AMBIGUOUS_CHI2)

"""The strips about edges near focus: what is known of them beforehand, and what they say of a lens."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from appliance.arrays import Array, Mask
from appliance.chart.layout import Layout
from appliance.chart.pose import Pose
from appliance.chart.segments import SegmentPlan
from appliance.focus.edges.diffraction_tails import DiffractionTails, diffraction_tails
from appliance.focus.edges.geometry import aperture, geometry_of, passed_frequencies, seen_at
from appliance.focus.edges.illumination import Levels, predict_levels
from appliance.focus.edges.positions import position_residuals
from appliance.focus.edges.predicted import StripPrediction
from appliance.focus.edges.survey import FREQUENCY_CPP, STRIP_PX
from appliance.focus.lens.data import defocus_of
from appliance.focus.lens.defocus import DefocusScale
from appliance.focus.lens.fitted import FittedLens
from appliance.focus.lens.otf import OtfTable
from appliance.focus.lens.parameters import APERTURE_RATIO, SPHERICAL
from appliance.focus.lens.response import Curves
from appliance.sfr import EdgeBatch, EsfPriors, Profiles, expected, fit_sfr, nodes_of

SKEW_PER_GROWTH, STRUCTURE_PER_GROWTH = 0.03, 0.003
"""Where blur grows across an edge, its profile is that of its own blur to first order of that growth; this is left."""
UNEVEN_AT_1_PX = 0.006
"""An edge that crosses few rows or columns of pixels is seen at some places more often than at others, which a profile
in bins does not know: standard deviation of that, in parts of the contrast, where it crosses one."""
MAX_LEVEL_SD, MIN_OF_CONTRAST = 0.05, 0.5
"""Levels that are known worse than this part of the contrast, or that are nothing like an edge's own, are not used."""
HALO_SHARE = 0.5
"""A halo is not taken to reach farther than this part of the way to other ink, where its tails are still tails."""
HIGHEST_CPP = 0.8
"""Where the response of any lens ends, as far as a profile in a noisy picture can tell."""


@dataclass(frozen=True)
class Strips:
    """Measured pieces of n edges with their ``profiles`` in K bins, in the picture of one pose.

    ``diffraction_tails`` is what other print adds to the profiles; the edges should be ``there_px`` (n,) from the bins'
    origins, give or take ``place_sd``. ``table`` is the pupil's at the nodes that profiles are made of, ``nodes_cpp``,
    and then at the frequencies that the fit looks at, ``frequency_cpp``.
    """

    pose: Pose
    plan: SegmentPlan
    batch: EdgeBatch
    waves: DefocusScale
    profiles: Profiles
    tails: DiffractionTails
    there_px: Array
    place_sd: float
    nodes_cpp: Array
    frequency_cpp: Array
    table: OtfTable

    @classmethod
    def of(
        cls, layout: Layout, pose: Pose, plan: SegmentPlan, batch: EdgeBatch, waves: DefocusScale, halo: bool
    ) -> Strips:
        """The strips of measured pieces; ``halo`` if the lens has so much spherical aberration that it has one."""
        assert batch.profiles is not None
        growth = _growth(pose, waves, plan, batch.normal)
        profiles = replace(
            batch.profiles,
            structure=np.hypot.reduce(
                [batch.profiles.structure, STRUCTURE_PER_GROWTH * growth, UNEVEN_AT_1_PX / plan.crossed_px**2]
            ),
            skew=np.hypot(batch.profiles.skew, SKEW_PER_GROWTH * growth),
        )
        off_px, place_sd = position_residuals(pose, plan, batch)
        nodes_cpp, _ = nodes_of(_top_cpp(waves), float(profiles.u[-1]))
        frequency_cpp = FREQUENCY_CPP[passed_frequencies(waves)]
        every_cpp = np.concatenate([nodes_cpp, frequency_cpp])
        return cls(
            pose=pose,
            plan=plan,
            batch=batch,
            waves=waves,
            profiles=profiles,
            tails=diffraction_tails(layout, pose, plan, waves.airy_px, profiles.u, halo),
            there_px=profiles.found_px + _side(batch) * off_px,
            place_sd=place_sd,
            nodes_cpp=nodes_cpp,
            frequency_cpp=frequency_cpp,
            table=OtfTable(every_cpp * waves.airy_px, widest_waves(plan, waves)),
        )

    def take(self, index: Any) -> Strips:
        """The strips of an index array."""
        return replace(
            self,
            plan=self.plan.take(index),
            batch=self.batch.take(index),
            profiles=self.profiles.take(index),
            tails=self.tails.take(index),
            there_px=self.there_px[index],
        )

    def compared(self, fit: FittedLens, antisymmetric_only: bool = False) -> StripPrediction:
        """What the strips say, light and ink being foretold with the lens of a fit in view.

        ``antisymmetric_only`` if it may throw more light to one side.
        """
        geometry = geometry_of(self.pose, self.plan, self.waves, fit.best_focus_waves)
        every_cpp = np.concatenate([self.nodes_cpp, self.frequency_cpp])
        curves, pixel = Curves(geometry, every_cpp, self.table), aperture(every_cpp, self.batch.normal)
        sfr, _, _ = curves.at(fit.shape)
        top_cpp, nodes = _top_cpp(self.waves), slice(0, len(self.nodes_cpp))
        rim_waves = fit.shape[APERTURE_RATIO] * defocus_of(geometry, fit.shape) + fit.shape[SPHERICAL]
        widest_px = HALO_SHARE * self.plan.half_width_px
        other = self.tails.of(np.minimum(4 * self.waves.airy_px * np.abs(rim_waves), widest_px))
        profiles, known = self._known(expected((sfr * pixel)[:, nodes], top_cpp, self.profiles.u), other)
        comparison = fit_sfr(profiles, self.frequency_cpp, top_cpp, known, antisymmetric_only)
        data = seen_at(geometry, self.batch.normal, self.frequency_cpp, comparison)
        return StripPrediction(data, comparison, curves, pixel)

    def _known(self, step: Array, other: Array) -> tuple[Profiles, EsfPriors]:
        """Profiles between the levels that are foretold, and all that is known of them beforehand.

        ``step`` (n, K) are the profiles of such edges as far as the lens is known by now, from 0 to 1, ``other`` (n, K)
        what other print adds.
        """
        batch, profiles = self.batch, self.profiles
        levels = predict_levels(
            profiles,
            batch.light - batch.dark,
            batch.middle_px,
            _side(batch)[:, None] * batch.normal,
            step - (profiles.u > 0) + other,
            self.waves.airy_px,
        )
        profiles, trusted = _levelled(profiles, levels)
        contrast = levels.light - levels.dark
        beside = other + levels.gradient[:, None] * profiles.gradient_term
        return profiles, EsfPriors(
            beside + self.there_px[:, None] * profiles.shift_term,
            np.where(trusted, levels.dark_sd / contrast, np.inf),
            np.where(trusted, levels.light_sd / contrast, np.inf),
            np.full(len(self.plan), self.place_sd),
            levels.gradient_sd,
        )


def _top_cpp(waves: DefocusScale) -> float:
    """Where the response of the lens ends, as far as profiles can tell, cycles per px."""
    return min(1 / waves.airy_px, HIGHEST_CPP)


def _side(batch: EdgeBatch) -> Array:
    """(n,) 1 where an edge rises along its normal, −1 where it falls."""
    return np.where(batch.rising, 1.0, -1.0)


def widest_waves(plan: SegmentPlan, waves: DefocusScale) -> float:
    """Defocus that fills the widest strip, and more: how far tables must go."""
    return max(1.5, 2.2 * max(float(plan.half_width_px.max()), STRIP_PX) / waves.blur_px_per_wave)


def _levelled(profiles: Profiles, levels: Levels) -> tuple[Profiles, Mask]:
    """The profiles between the levels that are foretold, and (n,) where those can be trusted; else they stay."""
    contrast = levels.light - levels.dark
    worst = np.maximum(levels.dark_sd, levels.light_sd)
    trusted = (contrast > MIN_OF_CONTRAST) & (worst < MAX_LEVEL_SD * contrast)
    dark = np.where(trusted, levels.dark, profiles.dark)
    light = np.where(trusted, levels.light, profiles.dark + 1)
    return profiles.between(dark, light), trusted


def _growth(pose: Pose, waves: DefocusScale, plan: SegmentPlan, normal: Array) -> Array:
    """(n,) by how much the radius of blur grows per px across each of n pieces."""
    middle = plan.middle_mm
    step = np.linalg.solve(pose.paper_to_px(middle), normal[:, :, None])[:, :, 0]
    q = [waves.from_depth(pose.depth_mm(middle + side * step)) for side in (-0.5, 0.5)]
    return np.asarray(np.abs(q[1] - q[0]) * waves.blur_px_per_wave / 2)

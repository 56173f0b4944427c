"""Focus locks through whole photos: twenty cameras that hold, drift, jump or focus anew, six shots each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from appliance.guides.case import BodyFacts, Case, LensFacts
from appliance.guides.focus_lock import PROCEDURE
from appliance.guides.procedure import Step
from tests.benchmark import guide_photos, guided
from tests.benchmark.guide_focus_lock import camera, truth_of
from tests.benchmark.guide_photos import photographed_base
from tests.benchmark.guide_walk import defaults
from tests.benchmark.report import Table
from tests.benchmark.trials import Options

RUNS, SHOTS = 20, 6
NOISE_UM = (0.6, 1.0)
"""A photo's own noise with this sensor, roughly: what faults are drawn by."""


def draw(seed: int) -> tuple[Case, guided.Truth]:
    """A run with its truth; a camera that focuses anew is left so, to spare photos."""
    told = camera(
        seed,
        f_numbers=(1.4, 2.0),
        coc_um=(12.0, 15.0),
        distances=(25.0, 27.0),
        noise_um=NOISE_UM,
        counts=(SHOTS,),
    )

    def answer(step: Step, case: Case) -> Mapping[str, Any]:
        if step.key == "setup":
            return {**defaults(step, case), "mode": told.mode, "shots": SHOTS}
        return {**defaults(step, case), "hunted": told.hunted}

    world = replace(told.world, base=photographed_base(told.world.base))
    case = guide_photos.walk(
        PROCEDURE,
        Case(told.setup, LensFacts(max_aperture=told.setup.f_number), BodyFacts("B1")),
        world,
        answer,
        until=lambda step: step.key == "shutter-off",
    )
    return case, truth_of(replace(told, world=world), case)


def table(options: Options) -> Table:
    """The table of ``--only guide_photos_focus_lock``."""
    count = min(options.count or RUNS, RUNS)
    return guided.table("guide_photos_focus_lock", PROCEDURE, draw, replace(options, count=count))

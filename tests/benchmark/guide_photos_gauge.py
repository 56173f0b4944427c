"""Gauge studies through whole photos: three lenses, two operators, two mounts each, of benches fine and coarse."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import hypot
from typing import Any

import numpy as np

from appliance.bench.world import Faults, World
from appliance.focus.printed_chart import ANY_CHART, Print
from appliance.focus.result import Setup
from appliance.guides.case import Case
from appliance.guides.gauge import PROCEDURE
from appliance.guides.procedure import Step
from tests.benchmark import guide_photos, guided
from tests.benchmark.guide_walk import bench, defaults
from tests.benchmark.report import Table
from tests.benchmark.trials import Options

RUNS = 20


def draw(seed: int) -> tuple[Case, guided.Truth]:
    """A study with its truth; an operator who sets lenses elsewhere in every third."""
    rng = np.random.default_rng([20, 12, 1, seed])
    mount_um = float(rng.uniform(1.5, 4))
    apart = 12 * mount_um if seed % 3 == 0 else 0.0
    faults = Faults(
        lens_um={k: float(rng.uniform(-8, 8)) for k in (1.0, 2.0, 3.0)},
        operator_um={2.0: apart},
        remount_um=mount_um,
    )
    world = World(bench(50.0, 2.8, 1250.0), faults, seed)

    def answer(step: Step, case: Case) -> Mapping[str, Any]:
        return {"lenses": 3, "operators": 2, "mounts": 2} if step.key == "plan" else defaults(step, case)

    setup = Setup(50.0, 2.8, 6.2, prints={ANY_CHART: Print(100.0, 0.0)})
    case = guide_photos.walk(PROCEDURE, Case(setup), world, answer)
    noise_um = float(np.mean([photo.u_photo_um for photo in case.photos.values()]))
    named = frozenset({"OPERATORS_DIFFER"} if apart else ())
    return case, guided.Truth({"repeatability_um": hypot(mount_um, noise_um)}, named, not apart)


def table(options: Options) -> Table:
    """The table of ``--only guide_photos_gauge``."""
    count = min(options.count or RUNS, RUNS)
    return guided.table("guide_photos_gauge", PROCEDURE, draw, replace(options, count=count))

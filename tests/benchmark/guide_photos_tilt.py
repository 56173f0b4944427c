"""Lenses turned in their mounts, through whole photos: tilted, on a tilted bench, or neither."""

from __future__ import annotations

from dataclasses import replace
from math import hypot

import numpy as np

from appliance.bench.world import Faults, World
from appliance.focus.printed_chart import ANY_CHART, Print
from appliance.focus.result import Setup
from appliance.guides.case import Case
from appliance.guides.tilt import CIRCLES_MM, PROCEDURE
from tests.benchmark import guide_photos, guided
from tests.benchmark.guide_walk import bench
from tests.benchmark.report import Table
from tests.benchmark.trials import Options

RUNS = 20
_KINDS = ("lens", "bench", "none")


def draw(seed: int) -> tuple[Case, guided.Truth]:
    """A run of half turns with its truth: the sensor's tilt is the field's with the other sign."""
    rng = np.random.default_rng([20, 9, 1, seed])
    kind = _KINDS[seed % len(_KINDS)]
    scene = replace(bench(50.0, 2.8, 1250.0), roll_deg=0.0)
    sensor = scene.sensor
    seen_mm = hypot(sensor.width, sensor.height) * sensor.pitch_um / 2000
    limit_mrad = 15 * 2.8 * 1.04 / (CIRCLES_MM["super35"] / 2)
    size = float(rng.choice((-1, 1)) * rng.uniform(1.6, 2.5)) * limit_mrad
    small = float(rng.uniform(-0.2, 0.2)) * limit_mrad
    faults = Faults(
        lens_tilt_y_mrad=size if kind == "lens" else small,
        bench_tilt_y_mrad=size if kind == "bench" else small,
    )
    setup = Setup(50.0, 2.8, sensor.pitch_um, prints={ANY_CHART: Print(100.0, 0.0)})
    case = guide_photos.walk(PROCEDURE, Case(setup), World(scene, faults, seed))
    codes = {"lens": "LENS_TILTED", "bench": "BENCH_TILTED"}
    own = -faults.lens_tilt_y_mrad * seen_mm
    return case, guided.Truth(
        {"lens_tilt_corner_um": own},
        frozenset({codes[kind]} if kind in codes else ()),
        kind == "none",
        {"lens_tilt_corner_um": own} if kind == "lens" else {},
    )


def table(options: Options) -> Table:
    """The table of ``--only guide_photos_tilt``."""
    count = min(options.count or RUNS, RUNS)
    return guided.table("guide_photos_tilt", PROCEDURE, draw, replace(options, count=count))

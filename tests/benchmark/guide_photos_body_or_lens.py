"""Lenses on bodies through whole photos: two by two, twice each, one lens or body off, all off, or none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from appliance.bench.world import Faults, World
from appliance.focus.printed_chart import ANY_CHART, Print
from appliance.focus.result import Setup
from appliance.guides.body_or_lens import PROCEDURE
from appliance.guides.case import Case
from tests.benchmark import guide_photos, guided
from tests.benchmark.guide_walk import bench
from tests.benchmark.report import Table
from tests.benchmark.trials import Options

RUNS = 20
_KINDS = ("lens", "body", "bench", "none")
_CODES = {"lens": "LENS_OFF", "body": "BODY_OFF", "bench": "ALL_LENSES_OFF"}


def draw(seed: int) -> tuple[Case, guided.Truth]:
    """A run with its truth; errors of 1.7 to 2.5 tolerances, within what the chart shows."""
    rng = np.random.default_rng([20, 8, 1, seed])
    kind = _KINDS[seed % len(_KINDS)]
    size = float(rng.choice((-1, 1)) * rng.uniform(1.7, 2.5)) * 2.8 * 1.04 * 15
    lenses, bodies = ({k: float(rng.uniform(-5, 5)) for k in (1.0, 2.0)} for _ in range(2))
    if kind == "lens":
        lenses[1.0] += size
    elif kind == "body":
        bodies[2.0] += size
    faults = Faults(lens_um=lenses, body_um=bodies, bench_um=size if kind == "bench" else 0.0, remount_um=1.0)
    setup = Setup(50.0, 2.8, 6.2, prints={ANY_CHART: Print(100.0, 0.0)})
    case = guide_photos.walk(PROCEDURE, Case(setup), World(bench(50.0, 2.8, 1250.0), faults, seed))
    return case, guided.Truth({}, frozenset({_CODES[kind]} if kind in _CODES else ()), kind == "none")


def table(options: Options) -> Table:
    """The table of ``--only guide_photos_body_or_lens``."""
    count = min(options.count or RUNS, RUNS)
    return guided.table("guide_photos_body_or_lens", PROCEDURE, draw, replace(options, count=count))

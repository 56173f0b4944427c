"""Table ``guide_photos_witness_marks``: witness marks of primes through whole photos of the simulated bench."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from appliance.bench import Chart
from appliance.bench.world import World
from appliance.chart.layout import layout
from appliance.focus.printed_chart import ANY_CHART, Print
from appliance.focus.result import Setup
from appliance.guides.case import Case
from appliance.guides.witness_marks import PROCEDURE
from tests.benchmark import guided
from tests.benchmark.adversarial import SMALL
from tests.benchmark.guide_bench import PhotoBench
from tests.benchmark.guide_witness_marks import COC_UM, go_through, truth_of, world_of
from tests.benchmark.report import Table
from tests.benchmark.trials import Options

NAME = "guide_photos_witness_marks"
RUNS = 20
FOCAL_LENGTHS_MM = (35.0, 50.0)
NEAREST, FARTHEST = 12, 36
"""Marks, in focal lengths, at which the squares of a general A4 chart suit a sensor of a megapixel."""


def draw(seed: int) -> tuple[Case, guided.Truth]:
    """One run through photos."""
    rng = np.random.default_rng([20, 102, seed])
    while True:
        world, chosen, kind = world_of(rng, seed)
        f = world.base.lens.focal_length_mm
        chosen = [m for m in chosen if NEAREST * f < 1000 * m < FARTHEST * f][:2]
        if f in FOCAL_LENGTHS_MM and chosen and "gross" not in kind:
            break
    lens = world.base.lens
    scene = replace(
        world.base,
        sensor=replace(SMALL, pattern_seed=seed),
        chart=Chart(layout("a4")),
        roll_deg=float(rng.uniform(-3, 3)),
    )
    world = World(scene, world.faults, seed)
    prints = {ANY_CHART: Print(100.0, 0.0)}
    setup = Setup(lens.focal_length_mm, lens.f_number, SMALL.pitch_um, COC_UM, prints=prints)
    case = go_through(chosen, setup, PhotoBench(world, setup, seed), rng.random() < 0.3)
    return case, truth_of(world, case, kind == "clean")


def table(options: Options) -> Table:
    """Twenty runs."""
    count = min(options.count or RUNS, RUNS)
    return guided.table(NAME, PROCEDURE, draw, replace(options, count=count))

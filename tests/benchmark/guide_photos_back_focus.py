"""Table ``guide_photos_back_focus``: back focus of zooms through whole photos of the simulated bench."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from appliance.bench import Chart, Scene
from appliance.bench.world import World
from appliance.chart.layout import layout
from appliance.guides.back_focus import PROCEDURE
from appliance.guides.case import Case
from tests.benchmark import guided
from tests.benchmark.adversarial import SMALL
from tests.benchmark.guide_back_focus import Zoom, go_through, truth_of, zoom_of
from tests.benchmark.guide_bench import PhotoBench
from tests.benchmark.report import Table
from tests.benchmark.trials import Options

NAME = "guide_photos_back_focus"
RUNS = 20
MOST_RATIO, MOST_MM = 3.0, 120.0
"""At the wide end of zooms of a larger ratio the squares of one and the same chart are too small for a sensor of a
megapixel; longer ones would need more of a chart than A3."""
CHART = layout("a3", 25.0)


def drawn(seed: int) -> tuple[Zoom, np.random.Generator]:
    """A zoom of the drawn table of moderate ratio, before a real chart."""
    rng = np.random.default_rng([20, 101, seed])
    while True:
        zoom = zoom_of(rng, seed)
        if zoom.tele <= min(MOST_RATIO * zoom.wide, MOST_MM):
            break
    scene: Scene = replace(
        zoom.world.base,
        sensor=replace(SMALL, pattern_seed=seed),
        chart=Chart(CHART),
        object_distance_mm=float(rng.uniform(22, 28)) * zoom.tele,
        roll_deg=float(rng.uniform(-3, 3)),
    )
    setup = replace(zoom.setup, pixel_pitch_um=SMALL.pitch_um)
    return replace(zoom, world=World(scene, zoom.world.faults, seed), setup=setup), rng


def draw(seed: int) -> tuple[Case, guided.Truth]:
    """One run through photos."""
    zoom, rng = drawn(seed)
    case = go_through(zoom, PhotoBench(zoom.world, zoom.setup, seed), rng)
    return case, truth_of(zoom, case)


def table(options: Options) -> Table:
    """Twenty runs."""
    count = min(options.count or RUNS, RUNS)
    return guided.table(NAME, PROCEDURE, draw, replace(options, count=count))

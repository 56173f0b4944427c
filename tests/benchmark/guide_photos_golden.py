"""Golden lenses through whole photos: a reference, then a morning on which bench or chart has moved, or nothing has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from appliance.bench.world import Faults, World
from appliance.focus.printed_chart import ANY_CHART, Print
from appliance.focus.result import Setup
from appliance.guides.case import Case, Past
from appliance.guides.golden import PROCEDURE
from appliance.guides.procedure import Step
from tests.benchmark import guide_photos, guided
from tests.benchmark.guide_walk import START, bench
from tests.benchmark.report import Table
from tests.benchmark.trials import Options

RUNS = 20
_KINDS: tuple[tuple[str, dict[str, float]], ...] = (
    ("BENCH_MOVED", {"bench_um": 22.0}),
    ("CHART_MOVED", {"chart_nearer_percent": 1.0}),
    ("CHART_TILTED", {"chart_tilted_deg": 3.0}),
    ("", {}),
)


def draw(seed: int) -> tuple[Case, guided.Truth]:
    """A morning with its truth, each with a reference of its own."""
    rng = np.random.default_rng([20, 11, 1, seed])
    code, moved = _KINDS[seed % len(_KINDS)]
    sign, size = float(rng.choice((-1, 1))), float(rng.uniform(1, 1.5))
    before = Faults(remount_um=1.0)
    today = replace(before, **{name: sign * size * value for name, value in moved.items()})
    scene, setup = bench(50.0, 2.8, 1250.0), Setup(50.0, 2.8, 6.2, prints={ANY_CHART: Print(100.0, 0.0)})

    def answer(step: Step, case: Case) -> Mapping[str, Any]:
        return {"kind": "check" if case.past else "reference"}

    reference = guide_photos.walk(PROCEDURE, Case(setup), World(scene, before, seed), answer)
    past = (Past("", START, PROCEDURE.analyse(reference)),)
    case = guide_photos.walk(PROCEDURE, Case(setup, past=past), World(scene, today, seed + 10**8), answer)
    figures = {"offset_um": today.bench_um} if code in ("", "BENCH_MOVED") else {}
    return case, guided.Truth(figures, frozenset({code} if code else ()), not code)


def table(options: Options) -> Table:
    """The table of ``--only guide_photos_golden``."""
    count = min(options.count or RUNS, RUNS)
    return guided.table("guide_photos_golden", PROCEDURE, draw, replace(options, count=count))

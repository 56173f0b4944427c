"""The aperture series through whole photos: twenty lenses, three stops there and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from appliance.bench.world import World
from appliance.guides.aperture_series import PROCEDURE, chosen_stops
from appliance.guides.case import Case
from appliance.guides.procedure import Step
from tests.benchmark import guided
from tests.benchmark.guide_aperture_series import LeastBlur, lens, shift_against_widest
from tests.benchmark.guide_bench import PhotoBench, photo_setup, run
from tests.benchmark.report import Table
from tests.benchmark.trials import Options

RUNS = 20


def answers(step: Step, case: Case) -> Mapping[str, Any]:
    """Three stops: photos are dear."""
    widest = case.setup.f_number
    return {"widest": widest, "smallest": 2 * widest * 1.05}


def draw(seed: int) -> tuple[Case, guided.Truth]:
    """A run that is over, and what is true of it."""
    world, case, _, rng = lens(seed)
    faults = replace(world.faults, spherical_waves=float(rng.uniform(-0.6, 0.6)))
    base = replace(world.base, roll_deg=1.5)
    setup = photo_setup(base, coc_um=case.setup.coc_um)
    done = run(
        PROCEDURE, Case(setup, case.lens), PhotoBench(World(base, faults, seed), setup, seed).take, answers
    )
    last = len(chosen_stops(done)) - 1
    true = shift_against_widest(LeastBlur(base, faults, seed), done, last)
    return done, guided.Truth({"focus_shift_um": true}, faultless=False)


def table(options: Options) -> Table:
    """The table of ``--only guide_photos_aperture_series``."""
    count = min(options.count or RUNS, RUNS)
    return guided.table("guide_photos_aperture_series", PROCEDURE, draw, replace(options, count=count))

"""Temperature's own analysis: warm-up series and histories of lenses that move as drawn, with remounts and drifts.

Histories have seasons, checks at the temperature of their day, and a remount's scatter that is even, not normal.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np

from appliance.bench.world import Faults, World
from appliance.focus.result import Setup
from appliance.guides.case import Case, LensFacts, Trend
from appliance.guides.temperature import PROCEDURE, RANGE_K, STAGES
from tests.benchmark import guided
from tests.benchmark.guide_bench import Accuracy, DrawnBench, shift_um
from tests.benchmark.guide_walk import START, bench
from tests.benchmark.report import Table
from tests.benchmark.trials import Options

PROMISED_U = 5.0


def history(
    rng: np.random.Generator, count: int, um_per_k: float, remount_um: float, newest_k: float | None
) -> tuple[Trend, ...]:
    """Checks of some years; the newest at a temperature of its own, where one is given."""
    days = np.sort(rng.uniform(0, 900, count))
    celsius = 20 + 6 * np.sin(2 * np.pi * days / 365) + rng.normal(0, 1.5, count)
    if newest_k is not None:
        celsius[-1] = 20 + newest_k
    shift = um_per_k * (celsius - 20) + remount_um * np.sqrt(3) * rng.uniform(-1, 1, count) + 4.0
    return tuple(
        Trend(k + 1, START - timedelta(days=float(1000 - day)), float(z), 0.8, float(t), 50.0)
        for k, (day, z, t) in enumerate(zip(days, shift, celsius, strict=True))
    )


def draw(seed: int) -> tuple[Case, guided.Truth]:
    """A run that is over, and what is true of it."""
    rng = np.random.default_rng(seed)
    kind = str(rng.choice(["none", "none", "sensitive", "drift", "explains"]))
    focal, f_number = 50.0, float(rng.choice([2.0, 2.8, 4.0]))
    setup = Setup(focal, f_number, 6.2, coc_um=float(rng.uniform(12, 25)))
    tolerance = f_number * 1.043 * setup.coc_um
    accuracy = Accuracy(noise_um=float(rng.uniform(0.2, 0.8)))
    # of seven photos over 10 K the slope is known to about noise / (10 K · √(3·4/7))
    u = accuracy.noise_um / (10 * np.sqrt(12 / 7))
    um_per_k = float(rng.uniform(-0.4, 0.4)) * tolerance / RANGE_K
    if kind == "sensitive":
        um_per_k = float(rng.choice([-1, 1])) * (
            tolerance / RANGE_K * float(rng.uniform(1.05, 2)) + 3 * PROMISED_U * u
        )
    if kind == "explains":
        um_per_k = float(rng.choice([-1, 1])) * float(rng.uniform(0.5, 0.8)) * tolerance / RANGE_K
    remount = abs(um_per_k) * 10 / 12 if kind == "explains" else float(rng.uniform(0.5, 3.0))
    count = int(rng.integers(12, 40)) if kind == "explains" else int(rng.choice([0, 3, 8, 15, 40]))
    newest = float(rng.choice([-1, 1])) * 22.0 if kind == "explains" else None
    trend = history(rng, count, um_per_k, remount, newest)
    world = World(bench(focal, f_number, 1250.0), Faults(temperature_um_per_k=um_per_k), seed)
    case = Case(setup, LensFacts("FC-T", focal_min_mm=focal), trend=trend).with_answers(
        "how", source="station"
    )
    case = case.with_done("wait-warm").with_done("wait-cool")
    taker = DrawnBench(world, accuracy, rng, setup)
    steps = {step.key: step for step in PROCEDURE.steps(case)}
    moved = (
        float(rng.choice([-1, 1])) * (0.25 * tolerance + 6 * accuracy.noise_um) if kind == "drift" else 0.0
    )
    for stage in STAGES:
        photo = taker.take(steps[stage])
        t = 18.0 + float(steps[stage].bench["warmer_k"]) + float(rng.normal(0, 0.05))
        gone = moved if stage.startswith("cool") else 0.0
        case = case.with_photo(replace(photo, temperature_c=t, image_shift_um=photo.shift_um + gone))
    faults = {
        "sensitive": {"TEMPERATURE_SENSITIVE"},
        "drift": {"DRIFT"},
        "explains": {"TEMPERATURE_EXPLAINS"},
    }
    true = _true_um_per_k(world, setup)
    figures = {} if kind == "drift" else {"temperature_um_per_k": true}
    return case, guided.Truth(figures, frozenset(faults.get(kind, set())), kind == "none")


def _true_um_per_k(world: World, setup: Setup) -> float:
    """What the bench's lens does for 10 K, by its own conjugates, per kelvin."""
    cold, warm = (world.scene({"warmer_k": k}) for k in (0.0, 10.0))
    f = setup.focal_length_mm
    ends = [shift_um(f, s.magnification, s.lens.focus_error_mm) for s in (cold, warm)]
    return (ends[1] - ends[0]) / 10


def table(options: Options) -> Table:
    """The table of ``--only guide_temperature``."""
    # that temperature explains a change is true of a faultless lens too, whose newest check was a hot day's
    return guided.table("guide_temperature", PROCEDURE, draw, options, harmless=["TEMPERATURE_EXPLAINS"])

"""The aperture series' own analysis, on lenses with spherical aberration and rings that slip; and through photos.

Where least blur lies at each stop follows from the bench's lens (its aberration falls as the fourth power of the
aperture), not from the procedure; the iris closes a little off its marks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from appliance.bench import Scene
from appliance.bench.world import Faults, World
from appliance.focus.result import Setup
from appliance.guides.aperture_series import PROCEDURE, chosen_stops
from appliance.guides.case import Case, LensFacts
from appliance.guides.procedure import Step
from tests.benchmark import guided
from tests.benchmark.guide_bench import Accuracy, DrawnBench, run, shift_um
from tests.benchmark.guide_walk import bench
from tests.benchmark.report import Table
from tests.benchmark.trials import Options

PROMISED_U = 4.0
SLIP_SHARE = 1.0
"""A ring that moves is drawn to move by so many depths of focus at least."""


@dataclass(frozen=True)
class LeastBlur(World):
    """A world whose scenes focus where their blur is least, as a photo shows it, not where paraxial rays meet.

    ``slips_um`` is what the ring slips, in µm of image shift, before the way back.
    """

    slips_um: float = 0.0

    def scene(
        self, bench: Mapping[str, Any], focal_length_mm: float | None = None, f_number: float | None = None
    ) -> Scene:
        told = super().scene(bench, focal_length_mm, f_number)
        o = told.object_distance_mm
        slipped = self.slips_um if str(bench.get("setting", "")).endswith("back") else 0.0
        f, e = told.lens.focal_length_mm, told.lens.focus_error_mm
        image = 1 / (1 / f - 1 / (o + e)) - (self.best_focus_um(told.lens) + slipped) / 1000
        return replace(told, lens=replace(told.lens, focus_error_mm=1 / (1 / f - 1 / image) - o))


def lens(seed: int) -> tuple[LeastBlur, Case, Accuracy, np.random.Generator]:
    """One lens on the bench, faultless but for what its kind of draw is of."""
    rng = np.random.default_rng(seed)
    focal, widest = float(rng.choice([25.0, 35.0, 50.0, 85.0])), float(rng.choice([1.4, 2.0, 2.8]))
    base = bench(focal, widest, 25 * focal * float(rng.uniform(1.0, 1.5)))
    faults = Faults(focusing_um=float(rng.uniform(0, 10)), iris_percent=float(rng.uniform(-5, 5)))
    setup = Setup(focal, widest, 6.2, coc_um=float(rng.uniform(12, 25)))
    accuracy = Accuracy(
        noise_um=float(rng.uniform(0.2, 1.0)),
        pose_um=float(rng.uniform(0.1, 0.6)),
        lens_model_um=float(rng.uniform(0.1, 0.8)),
    )
    facts = LensFacts("FC-A", focal_min_mm=focal, focal_max_mm=focal, max_aperture=widest)
    return LeastBlur(base, faults, seed), Case(setup, facts), accuracy, rng


def answers(step: Step, case: Case) -> Mapping[str, Any]:
    return {asked.name: asked.default for asked in step.inputs}


def shift_against_widest(world: LeastBlur, case: Case, k: int) -> float:
    """True focus at stop ``k`` against the widest, µm, with nothing else in the way."""
    chosen = chosen_stops(case)
    scenes = [world.scene({"focused_at_f": chosen[0]}, None, chosen[j]) for j in (0, k)]
    f = case.setup.focal_length_mm
    widest, there = (shift_um(f, s.magnification, s.lens.focus_error_mm) for s in scenes)
    return there - widest


def draw(seed: int) -> tuple[Case, guided.Truth]:
    """A run that is over, and what is true of it."""
    world, case, accuracy, rng = lens(seed)
    kind = str(rng.choice(["none", "shift", "moved"]))
    case = case.with_answers("stops", **answers(PROCEDURE.steps(case)[0], case))
    stops = chosen_stops(case)
    coc, f = case.setup.coc_um, world.base.lens
    u = float(np.hypot(accuracy.noise_um, np.hypot(accuracy.pose_um, accuracy.lens_model_um)) * np.sqrt(2))
    if kind == "shift":
        sign = float(rng.choice([-1.0, 1.0]))
        # best focus moves by up to about 8 N² λ W040: enough of it to leave the depth of focus at the second stop
        for waves in np.arange(0.5, 40.0, 0.5):
            world = replace(world, faults=replace(world.faults, spherical_waves=float(sign * waves)))
            if abs(shift_against_widest(world, case, 1)) > stops[1] * coc * 1.05 + PROMISED_U * u:
                break
    if kind == "moved":
        tolerance = stops[-1] * coc * 1.05
        world = replace(world, slips_um=float(rng.choice([-1, 1])) * (tolerance * SLIP_SHARE + 5 * u))
    truth = {} if kind == "moved" else {"focus_shift_um": shift_against_widest(world, case, len(stops) - 1)}
    drawn = DrawnBench(world, accuracy, rng, case.setup)
    case = run(PROCEDURE, Case(case.setup, case.lens), drawn.take, answers)
    faults = {"shift": {"FOCUS_SHIFT"}, "moved": {"RING_MOVED"}}.get(kind, set())
    assert f.f_number == stops[0]
    return case, guided.Truth(truth, frozenset(faults), kind == "none")


def table(options: Options) -> Table:
    """The table of ``--only guide_aperture_series``."""
    return guided.table("guide_aperture_series", PROCEDURE, draw, options)

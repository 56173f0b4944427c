"""The focus lock's own analysis, on cameras that hold, drift, jump or focus anew, drawn at random."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import hypot, sqrt
from typing import Any

import numpy as np

from appliance.bench.world import Faults, World
from appliance.focus.result import Setup
from appliance.guides.case import BodyFacts, Case, LensFacts
from appliance.guides.focus_lock import PROCEDURE
from appliance.guides.procedure import Step
from tests.benchmark import guided, truth
from tests.benchmark.guide_walk import bench, defaults, scatter, shift_of, walk
from tests.benchmark.report import Table
from tests.benchmark.trials import Options

RUNS = 2000
"""So that each figure, which only some kinds of run have, is judged on five hundred."""
KINDS = (
    "held",
    "held",
    "held",
    "refocus",
    "refocus, set",
    "drift",
    "jump",
    "each",
    "each, misses",
    "each, hunts",
)


@dataclass(frozen=True)
class Camera:
    """A camera and lens on the bench, and what the procedure is told of them."""

    kind: str
    world: World
    setup: Setup
    shots: int
    noise_um: float
    """As the photos' budget says."""
    true_noise_um: float
    hunted: int
    seed: int

    @property
    def mode(self) -> str:
        return "each" if self.kind.startswith("each") else "lock"


def camera(
    seed: int,
    f_numbers: Sequence[float] = (1.4, 2.0, 2.8, 4.0),
    coc_um: tuple[float, float] = (12.0, 30.0),
    distances: tuple[float, float] = (25.0, 50.0),
    noise_um: tuple[float, float] = (0.2, 1.5),
    counts: Sequence[int] = (8, 10, 12),
) -> Camera:
    """One camera; its fault is of a size promised to be named, or none; ``distances`` in focal lengths."""
    rng = np.random.default_rng(seed)
    kind = str(rng.choice(KINDS))
    focal = float(rng.choice([24.0, 35.0, 50.0, 85.0]))
    f_number = float(rng.choice(f_numbers))
    setup = Setup(focal, f_number, 6.2, coc_um=float(rng.uniform(*coc_um)))
    scene = bench(focal, f_number, focal * float(rng.uniform(*distances)))
    tolerance = f_number * (1 + truth.magnification(scene)) * setup.coc_um
    noise, shots = float(rng.uniform(*noise_um)), int(rng.choice(counts))
    true_noise, way = noise * float(rng.uniform(0.9, 1.15)), float(rng.choice([-1.0, 1.0]))
    quiet = tolerance * float(rng.uniform(0.03, 0.12))
    faults: dict[str, Any] = {
        "af_scatter_um": quiet,
        "af_error_um": tolerance * float(rng.uniform(-0.3, 0.3)),
    }
    moved = max(10 * noise, tolerance / 8) * float(rng.uniform(1, 4))
    hunted = 0
    if kind.startswith("refocus"):
        scattered = 6 * noise * float(rng.uniform(1, 4))
        faults |= {
            "shutter_focuses": True,
            "af_scatter_um": scattered,
            "af_motor_um": scattered * float(rng.uniform(0, 1)),
        }
    elif kind == "drift":
        faults["lock_drift_um_per_shot"] = way * moved / (shots - 1)
    elif kind == "jump":
        faults |= {"lock_jump_um": way * moved, "lock_jump_at": int(rng.integers(1, shots))}
    elif kind == "each, misses":
        faults |= {"af_miss_percent": 15.0, "af_miss_um": 2 * tolerance}
    elif kind == "each, hunts":
        hunted = int(rng.integers(2, shots + 1))
    return Camera(kind, World(scene, Faults(**faults), seed), setup, shots, noise, true_noise, hunted, seed)


def draw(seed: int) -> tuple[Case, guided.Truth]:
    """A run with its truth."""
    told = camera(seed)

    def answer(step: Step, case: Case) -> Mapping[str, Any]:
        if step.key == "setup":
            return {**defaults(step, case), "mode": told.mode, "shots": told.shots}
        return {**defaults(step, case), "hunted": told.hunted}

    scattered = scatter(seed, told.true_noise_um, 1.0, budget_own_um=told.noise_um)
    case = walk(
        PROCEDURE,
        Case(told.setup, LensFacts(), BodyFacts("B1")),
        told.world,
        scattered,
        answer,
        lambda step: told.kind == "refocus" and step.key == "shutter-off",
    )
    return case, truth_of(told, case)


def truth_of(told: Camera, case: Case) -> guided.Truth:
    """What is true of a run."""
    f, world = told.world.faults, told.world
    if told.kind == "refocus":
        # i² ΔD and µm behind the sensor differ by a part in 10⁴ of what is looked for here
        return guided.Truth(
            {"scatter_um": hypot(f.af_scatter_um, f.af_motor_um / sqrt(12))}, frozenset({"REFOCUS"})
        )
    if told.kind in ("drift", "jump"):
        first, last = (world.scene({"lock_shot": k}) for k in (0, int(case.number("setup", "shots")) - 1))
        moved = shift_of(world, last) - shift_of(world, first)
        return guided.Truth(
            {"change_um" if told.kind == "drift" else "jump_um": moved},
            frozenset({f"FOCUS_{told.kind.upper()}"}),
        )
    if told.mode == "lock":
        return guided.Truth({"change_um": 0.0}, faultless=True)
    missed = [
        s for s in case.photos.values() if abs(s.shift_um - f.af_error_um) > 1.9 * (s.tolerance_um or 0.0)
    ]
    faults = {"AF_MISSED"} if missed else set[str]()
    if told.hunted:
        faults.add("AF_HUNTING")
    figures = {} if missed else {"focus_error_um": f.af_error_um, "scatter_um": f.af_scatter_um}
    return guided.Truth(figures, frozenset(faults), told.kind == "each")


def table(options: Options) -> Table:
    """Judged as :mod:`tests.benchmark.guided` says."""
    return guided.table("guide_focus_lock", PROCEDURE, draw, replace(options, count=options.count or RUNS))

"""Breathing's own analysis, on lenses that breathe as drawn, before a bench of exact conjugates; and through photos.

The picture's scale is image distance over object distance at the star, from the bench; the ring is set by hand, each
time a little off, and a photo's scale has a scatter of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from appliance.bench.world import Faults, World
from appliance.focus.result import Setup, Verdict
from appliance.guides.breathing import DEFAULT_DISTANCES, MARKS, PROCEDURE, SMALL_STOP, WAYS
from appliance.guides.case import Case, LensFacts, Observation
from appliance.guides.procedure import Step
from tests.benchmark import guided
from tests.benchmark.guide_walk import START, bench
from tests.benchmark.report import Table
from tests.benchmark.trials import Options

PROMISED = 8.0
"""Standard uncertainties beyond the limit from which on BREATHING is promised."""


@dataclass(frozen=True)
class Drawn:
    """A lens on the bench; ``scale_sd`` is the scatter of a photo's scale, as a fraction."""

    world: World
    case: Case
    scale_sd: float
    scale: float
    """By how much all scales are wrong alike: a print whose size nobody measured."""


def drawn(seed: int) -> tuple[Drawn, np.random.Generator]:
    """One lens with a limit that it keeps, or clearly does not, or none."""
    rng = np.random.default_rng(seed)
    focal = float(rng.choice([25.0, 35.0, 50.0, 85.0, 100.0]))
    base = bench(focal, SMALL_STOP, DEFAULT_DISTANCES * focal * float(rng.uniform(0.9, 1.2)))
    faults = Faults(
        ring_set_dpt=float(rng.uniform(0.002, 0.01)),
        scale_dpt=float(rng.uniform(-0.02, 0.02)),
        breathing_percent_per_dpt=float(rng.uniform(-15, 15)),
    )
    lens = LensFacts("FC-B", focal_min_mm=focal, focal_max_mm=focal)
    setup = Setup(focal, 2.8, 6.2, distance_mm=base.distance_mm)
    case = Case(setup, lens)
    asked = {i.name: i.default for i in PROCEDURE.steps(case)[0].inputs}
    case = case.with_answers("marks", **asked).with_done("ready")
    return Drawn(
        World(base, faults, seed), case, float(rng.uniform(2e-5, 2e-4)), float(rng.normal(1, 0.02))
    ), rng


def seen(drawn: Drawn, step: Step, sequence: int, rng: np.random.Generator) -> Observation:
    """What the photo of that step would give: a scale, and by where focus lies a side."""
    scene = drawn.world.scene(step.bench, step.focal_length_mm, step.f_number)
    error = scene.lens.focus_error_mm
    m = (
        scene.image_distance_mm
        / scene.object_distance_mm
        * drawn.scale
        * (1 + drawn.scale_sd * rng.standard_normal())
    )
    verdict = Verdict.FAIL_BACK if error > 0 else Verdict.FAIL_FRONT
    setup = replace(drawn.case.setup, f_number=SMALL_STOP)
    return Observation(step.key, sequence, START, setup, verdict, None, None, 1 if error > 0 else -1, 40.0, m)


def true_percent(drawn: Drawn) -> float:
    """Breathing from the far mark to the near one with the ring set exactly, %."""
    exact = replace(drawn.world, faults=replace(drawn.world.faults, ring_set_dpt=0.0))
    steps = {step.key: step for step in PROCEDURE.steps(drawn.case)}
    scenes = [exact.scene(steps[f"{mark}-there"].bench, None, None) for mark in ("near", "far")]
    near, far = (scene.image_distance_mm / scene.object_distance_mm for scene in scenes)
    return 100 * (near / far - 1)


def draw(seed: int) -> tuple[Case, guided.Truth]:
    """A run that is over, and what is true of it."""
    one, rng = drawn(seed)
    truth = true_percent(one)
    slope = one.world.faults.breathing_percent_per_dpt or 0.0
    u = 100 * np.hypot(one.scale_sd, one.world.faults.ring_set_dpt * abs(slope) / 100)
    kind = str(rng.choice(["none", "kept", "beyond"]))
    limit = {"none": None, "kept": abs(truth) + float(rng.uniform(10, 30)) * u}.get(
        kind, abs(truth) - PROMISED * u * float(rng.uniform(1, 2))
    )
    beyond = kind == "beyond" and limit is not None and limit > 0
    case = one.case.with_answers("marks", **{**one.case.answers["marks"], "limit_percent": limit})
    if limit is not None and limit <= 0:
        case = case.with_answers("marks", **{**case.answers["marks"], "limit_percent": None})
    for sequence, (way, mark) in enumerate((way, mark) for way in WAYS for mark in MARKS):
        step = next(s for s in PROCEDURE.steps(case) if s.key == f"{mark}-{way}")
        case = case.with_photo(seen(one, step, sequence, rng))
    faults = frozenset({"BREATHING"}) if beyond else frozenset[str]()
    return case, guided.Truth({"breathing_percent": truth}, faults, not beyond)


def table(options: Options) -> Table:
    """The table of ``--only guide_breathing``."""
    return guided.table("guide_breathing", PROCEDURE, draw, options)

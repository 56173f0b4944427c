"""Walks a guided check on the simulated bench without photos: what each step tells to do, and a figure with scatter.

Where the lens focuses comes from :class:`~appliance.bench.world.World`; the figure that a photo of it would give, with
its own and its shared uncertainty, from :mod:`tests.benchmark.truth`, which shares no formula with the product.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from appliance.bench import Scene
from appliance.bench.scene import Chart, Lens, Sensor, object_distance_mm
from appliance.bench.world import World
from appliance.focus.result import Setup, Verdict
from appliance.guides.case import Case, Observation
from appliance.guides.procedure import Procedure, Step, StepKind
from tests.benchmark import truth

START = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)
Answer = Callable[[Step, Case], Mapping[str, Any]]


@dataclass(frozen=True)
class Scatter:
    """Standard uncertainties of a photo's image shift in µm: its own, and what all photos of the run share."""

    own_um: float
    shared_um: float
    shared_draw: float
    rng: np.random.Generator
    reach_mm: float = float("inf")
    """Focus farther than this from the star is seen by its side alone."""
    budget_own_um: float | None = None
    """What the photo's budget says of its own noise, where that is not the truth."""


def bench(focal_length_mm: float, f_number: float, distance_mm: float, pitch_um: float = 6.2) -> Scene:
    """A faultless bench with a lens at a distance from the sensor; about a megapixel."""
    return Scene(
        lens=Lens(focal_length_mm, f_number),
        chart=Chart(),
        sensor=Sensor(
            width=round(4056 * 1.55 / pitch_um), height=round(3040 * 1.55 / pitch_um), pitch_um=pitch_um
        ),
        object_distance_mm=object_distance_mm(focal_length_mm, distance_mm),
    )


def scatter(
    seed: int,
    own_um: float,
    shared_um: float,
    reach_mm: float = float("inf"),
    budget_own_um: float | None = None,
) -> Scatter:
    """Of one run."""
    rng = np.random.default_rng([seed, 1])
    return Scatter(own_um, shared_um, float(rng.standard_normal()), rng, reach_mm, budget_own_um)


def seen(step: Step, sequence: int, scene: Scene, setup: Setup, scattered: Scatter) -> Observation:
    """What the photo of a scene would give."""
    error_mm = scene.lens.focus_error_mm
    own = replace(
        setup,
        focal_length_mm=scene.lens.focal_length_mm,
        f_number=scene.lens.f_number,
        distance_mm=scene.distance_mm,
    )
    by_aperture = scene.lens.f_number * (1 + truth.magnification(scene)) * setup.coc_um
    tolerance = by_aperture if setup.tolerance_um is None else setup.tolerance_um
    at = START + timedelta(seconds=20 * sequence)
    known = scattered.own_um if scattered.budget_own_um is None else scattered.budget_own_um
    budget = {"noise": known, "pose": scattered.shared_um}
    side = 1 if error_mm > 0 else -1
    if abs(error_mm) > scattered.reach_mm:
        verdict = Verdict.FAIL_BACK if side > 0 else Verdict.FAIL_FRONT
        return Observation(
            step.key, sequence, at, own, verdict, None, None, side, tolerance, scene.magnification, budget
        )
    off = (
        scattered.own_um * float(scattered.rng.standard_normal())
        + scattered.shared_um * scattered.shared_draw
    )
    shift = truth.image_shift_um(scene, error_mm) + off
    um_per_mm = 1000 * scene.magnification**2
    return Observation(
        step.key, sequence, at, own, Verdict.RETEST, shift, error_mm + off / um_per_mm, side, tolerance,
        scene.magnification, budget,
    )  # fmt: skip


def defaults(step: Step, case: Case) -> Mapping[str, Any]:
    """Every input as it is proposed."""
    return {asked.name: asked.default for asked in step.inputs}


def walk(
    procedure: Procedure,
    case: Case,
    world: World,
    scattered: Scatter,
    answer: Answer = defaults,
    until: Callable[[Step], bool] = lambda step: False,
    most: int = 200,
) -> Case:
    """The case after all steps were done as told, or before the first step that ``until`` picks."""
    for sequence in range(most):
        step = next((step for step in procedure.steps(case) if not case.handled(step.key)), None)
        if step is None or until(step):
            return case
        if step.kind is StepKind.ASK:
            case = case.with_answers(step.key, **answer(step, case))
        elif step.kind is StepKind.DO:
            case = case.with_done(step.key)
        else:
            scene = world.scene(step.bench, step.focal_length_mm, step.f_number)
            case = case.with_photo(seen(step, sequence, scene, case.setup, scattered))
    raise AssertionError(f"{procedure.name} does not end")


def shift_of(world: World, scene: Scene) -> float:
    """True image shift of a scene, µm."""
    return truth.image_shift_um(scene, scene.lens.focus_error_mm)

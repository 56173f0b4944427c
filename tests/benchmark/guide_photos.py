"""Guided checks through whole photos: each step's scene is photographed by wave optics and scored as a press is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from appliance.bench import Scene, photograph
from appliance.bench.world import World
from appliance.focus.result import Setup
from appliance.focus.score import score_frames
from appliance.frame import Frame
from appliance.guides.case import Case, Observation
from appliance.guides.procedure import Procedure, Step, StepKind
from appliance.guides.run import counts
from tests.benchmark.guide_walk import START, Answer, defaults

SIZE_PX = (760, 570)
"""The middle of the picture: it holds edges enough, and takes half of the time of all of it."""
ROLL_DEG = 1.5
"""No chart hangs so straight that its edges lie along the pixels."""


def photographed_base(scene: Scene) -> Scene:
    """The scene as it is photographed for many runs."""
    width, height = SIZE_PX
    return replace(scene, roll_deg=ROLL_DEG, sensor=replace(scene.sensor, width=width, height=height))


def photographed(world: World, step: Step, setup: Setup, sequence: int) -> Observation:
    """What the step's photo gives."""
    scene = world.scene(step.bench, step.focal_length_mm, step.f_number)
    photo = photograph(scene, world.seed + sequence)
    told = {
        "focal_length_mm": step.focal_length_mm,
        "f_number": step.f_number,
        "distance_mm": step.distance_mm,
    }
    setup = replace(
        setup, pixel_pitch_um=scene.sensor.pitch_um, **{k: v for k, v in told.items() if v is not None}
    )
    result = score_frames([Frame(photo.mosaic, photo.bayer, photo.black, photo.white, {})], setup)
    return Observation.of(step.key, sequence, START + timedelta(seconds=20 * sequence), setup, result)


def walk(
    procedure: Procedure,
    case: Case,
    world: World,
    answer: Answer = defaults,
    most: int = 200,
    until: Callable[[Step], bool] = lambda step: False,
) -> Case:
    """The case after all steps, or before one that ``until`` picks; a photo that does not count ends it there."""
    for sequence in range(1, most):
        step = next((step for step in procedure.steps(case) if not case.handled(step.key)), None)
        if step is None or until(step):
            return case
        if step.kind is StepKind.ASK:
            case = case.with_answers(step.key, **answer(step, case))
        elif step.kind is StepKind.DO:
            case = case.with_done(step.key)
        else:
            photo = photographed(world, step, case.setup, sequence)
            if not counts(step, photo):
                return case
            case = case.with_photo(photo)
    raise AssertionError(f"{procedure.name} does not end")

"""Runs of guided checks on a bench with faults: photos with scatter of known size, or whole ones, step by step.

What a photo would show follows from the simulated bench's scene alone: where the lens focuses, and how large the
picture is. How well it shows it is drawn as the budget says: each photo's noise, what photos of one setting share, and
what the whole run shares (a chart that bulges, a print of another scale, how the lens sits).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from math import hypot, inf
from typing import Any

import numpy as np

from appliance.bench import Exposable, Scene
from appliance.bench.world import World
from appliance.chart.bar import BAR_MM
from appliance.focus.printed_chart import ANY_CHART, Print
from appliance.focus.result import Setup, Verdict
from appliance.focus.score import score_frames
from appliance.guides.case import Case, Observation
from appliance.guides.procedure import Procedure, Step, StepKind
from appliance.guides.run import counts
from tests.benchmark.trials import frame_of

START = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)
Answers = Callable[[Step, Case], Mapping[str, Any]]
MOST_STEPS = 200
EXTRAPOLATED = 0.8
"""Part of a shift beyond the chart that is sure."""


@dataclass(frozen=True)
class Accuracy:
    """Standard uncertainties of one bench: µm at the sensor, or mm at the chart.

    Typical ones of a check at 25 focal lengths, pixel 1.55 µm; larger for longer focal lengths is drawn by the caller.
    """

    noise_um: float = 0.4
    sensor_pattern_um: float = 0.15
    pose_um: float = 0.3
    lens_model_um: float = 0.4
    remount_um: float = 1.0
    chart_flatness_mm: float = 0.1
    print_scale: float = 0.001


@dataclass
class DrawnBench:
    """A bench whose photos are drawn: scene by scene from ``world``, with errors as ``accuracy`` says."""

    world: World
    accuracy: Accuracy
    rng: np.random.Generator
    setup: Setup
    reach_mm: float = inf
    """How far before and behind the aim point the chart reaches."""
    count: int = 0
    settings: dict[object, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        a = self.accuracy
        self.chart_mm = a.chart_flatness_mm * float(self.rng.standard_normal())
        self.stretch = a.print_scale * float(self.rng.standard_normal())

    def take(self, step: Step) -> Observation:
        """The photo of one step."""
        scene = scene_of(self.world, step)
        setup = setup_for(self.setup, step)
        self.count += 1
        a, o, e = self.accuracy, scene.object_distance_mm, scene.lens.focus_error_mm
        setup_shift = 1000 * scene.image_distance_mm**2 * (1 / o - 1 / (o + e))
        if not abs(e) < self.reach_mm:
            return self._beyond(step, setup, scene, setup_shift)
        per_mm = 1000 * (scene.image_distance_mm / (o + e)) ** 2
        setting = (setup.focal_length_mm, setup.f_number, setup.distance_mm)
        if setting not in self.settings:
            u = hypot(a.sensor_pattern_um, a.pose_um, a.lens_model_um)
            self.settings[setting] = u * float(self.rng.standard_normal())
        # changing shims takes the lens off
        mount = ("mount", "flange_change_um" in step.bench)
        if mount not in self.settings:
            self.settings[mount] = a.remount_um * float(self.rng.standard_normal())
        error_um = (
            self.settings[setting] + self.settings[mount] + a.noise_um * float(self.rng.standard_normal())
        )
        seen = e + error_um / per_mm + self.chart_mm + self.stretch * e
        m = scene.magnification * (
            1 - self.stretch
        )  # a chart thought smaller than it is looks nearer, and enlarged
        shift = shift_um(setup.focal_length_mm, m, seen)
        tolerance = setup.f_number * (1 + m) * setup.coc_um
        budget = {
            "noise": a.noise_um,
            "sensor_pattern": a.sensor_pattern_um,
            "pose": a.pose_um,
            "lens_model": a.lens_model_um,
            "remount": a.remount_um,
            "chart_flatness": a.chart_flatness_mm * per_mm,
            "print_scale": a.print_scale * abs(seen) * per_mm,
        }
        return Observation(
            step.key, self.count, START + timedelta(minutes=self.count), setup, Verdict.PASS, shift, seen,
            int(np.sign(seen)), tolerance, m, budget,
        )  # fmt: skip

    def _beyond(self, step: Step, setup: Setup, scene: Scene, shift: float) -> Observation:
        """Focus beyond the chart: a side if that is surely beyond tolerance, else nothing at all."""
        m = scene.magnification
        tolerance = setup.f_number * (1 + m) * setup.coc_um
        fails = abs(shift) * EXTRAPOLATED > tolerance
        side = 1 if shift > 0 else -1
        failed = Verdict.FAIL_BACK if side > 0 else Verdict.FAIL_FRONT
        at = START + timedelta(minutes=self.count)
        verdict = failed if fails else Verdict.INVALID
        return Observation(
            step.key, self.count, at, setup, verdict, None, None, side if fails else 0, tolerance, m
        )  # fmt: skip


@dataclass
class PhotoBench:
    """A bench whose photos are taken and scored whole."""

    world: World
    setup: Setup
    seed: int
    count: int = 0

    def take(self, step: Step) -> Observation:
        """The photo of one step."""
        scene, setup = scene_of(self.world, step), setup_for(self.setup, step)
        self.count += 1
        photo = Exposable(scene).photo(1000 * self.seed + self.count)
        result = score_frames([frame_of(scene, photo.mosaic)], setup)
        return Observation.of(step.key, self.count, START + timedelta(minutes=self.count), setup, result)


def photo_setup(scene: Scene, **changes: Any) -> Setup:
    """The set-up of a house that read its chart's bar exactly."""
    lens = scene.lens
    values = {"prints": {ANY_CHART: Print(BAR_MM, 0.0)}, "chart_flatness_mm": 0.0, **changes}
    return Setup(lens.focal_length_mm, lens.f_number, scene.sensor.pitch_um, **values)


def scene_of(world: World, step: Step) -> Scene:
    """What stands on the bench for a step."""
    return world.scene(step.bench, step.focal_length_mm, step.f_number)


def setup_for(setup: Setup, step: Step) -> Setup:
    """What a step's photo is judged by, as the station does it."""
    return replace(
        setup,
        focal_length_mm=step.focal_length_mm or setup.focal_length_mm,
        f_number=step.f_number or setup.f_number,
        distance_mm=step.distance_mm or setup.distance_mm,
    )


def shift_um(marked_mm: float, m: float, error_mm: float) -> float:
    """Image-side shift of a picture ``m`` as large, out of focus by ``error_mm``, by the marked focal length.

    The object distance o at which a lens of that focal length would give such a picture is found by bisection of its
    conjugates, 1/f = 1/(m o) + 1/(o + e).
    """
    low, high = marked_mm * 0.5, marked_mm * (2 + 2 / m) + 2 * abs(error_mm)
    low = max(low, -error_mm + 1e-6)
    for _ in range(80):
        o = (low + high) / 2
        low, high = (o, high) if 1 / (m * o) + 1 / (o + error_mm) > 1 / marked_mm else (low, o)
    image = marked_mm * o / (o - marked_mm)
    return 1000 * image * image * (1 / o - 1 / (o + error_mm))


def run(procedure: Procedure, case: Case, take: Callable[[Step], Observation], answers: Answers) -> Case:
    """Go through all steps of a procedure as a technician does."""
    for _ in range(MOST_STEPS):
        step = next((step for step in procedure.steps(case) if not case.handled(step.key)), None)
        if step is None:
            return case
        match step.kind:
            case StepKind.ASK:
                given = answers(step, case)
                read = {asked.name: asked.read(given.get(asked.name)) for asked in step.inputs}
                case = case.with_answers(step.key, **read)
            case StepKind.DO:
                case = case.with_done(step.key)
            case StepKind.MEASURE:
                photo = take(step)
                case = case.with_photo(photo) if counts(step, photo) else _skipped(case, step)
    raise AssertionError(f"{procedure.name} never ends: {step}")


def _skipped(case: Case, step: Step) -> Case:
    return replace(case, skipped=case.skipped | {step.key})

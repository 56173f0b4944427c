"""Table ``guide_witness_marks``: primes with faults drawn at random, set to their marks by hand."""

from __future__ import annotations

from dataclasses import replace
from math import inf, log

import numpy as np

from appliance.bench import Lens, Scene
from appliance.bench.world import Faults, World
from appliance.focus.printed_chart import ANY_CHART, Print
from appliance.focus.result import Setup
from appliance.guides.case import COVERAGE_95, Case, LensFacts
from appliance.guides.finding import Finding
from appliance.guides.procedure import Step
from appliance.guides.witness_marks import PROCEDURE
from tests.benchmark import guided
from tests.benchmark.guide_bench import Accuracy, DrawnBench, PhotoBench, run
from tests.benchmark.report import Table
from tests.benchmark.trials import Options

NAME = "guide_witness_marks"
PRIMES = (25.0, 35.0, 50.0, 85.0)
COC_UM = 15.0
KINDS = ("clean", "flange", "scale", "both", "gross flange", "gross scale")
SURE = 3.3
"""What the docstring of the procedure promises: named from tolerance + 3.3 u on."""
ENGRAVED_M = (0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0)


def world_of(rng: np.random.Generator, seed: int) -> tuple[World, list[float], str]:
    """A prime with its marks (m) and what is wrong: in a third nothing but the hands that set ring and tape.

    Errors so gross that marks tell flange from scale come with a chart as deep as need be, see :func:`draw`.
    """
    f = float(rng.choice(PRIMES))
    f_number = float(np.exp(rng.uniform(log(1.4), log(2.8))))
    size = f_number * COC_UM
    kind = str(rng.choice(KINDS, p=[0.35, 0.2, 0.15, 0.15, 0.075, 0.075]))
    marks = [m for m in ENGRAVED_M if 8 * f < 1000 * m < 60 * f]
    near = [m for m in marks if 1000 * m < 14 * f]
    far = [m for m in marks if 1000 * m > 22 * f]
    count = 2 if "gross" in kind else int(rng.choice([1, 2, 3]))
    least, most = (3, 15) if "gross" in kind else (0.2, 5)
    chosen = [float(rng.choice(far)), float(rng.choice(near)), *rng.choice(marks, 1).tolist()][:count]
    faults = Faults(
        flange_um=_size(rng, size, least, most) if kind.endswith(("flange", "both")) else 0.0,
        scale_dpt=_size(rng, size, least, most) / f**2 if kind.endswith(("scale", "both")) else 0.0,
        ring_set_dpt=float(np.exp(rng.uniform(log(0.05), log(0.25)))) * size / f**2,
        tape_mm=1.0,
        shim_part=float(rng.choice([1.0, 1.0, 0.9, 0.0, -1.0])),
    )
    scene = Scene(Lens(focal_length_mm=f, f_number=f_number), object_distance_mm=1000 * chosen[0])
    return World(scene, faults, seed), chosen, kind


def _size(rng: np.random.Generator, size: float, least: float, most: float) -> float:
    return float(rng.choice([-1, 1]) * size * np.exp(rng.uniform(log(least), log(most))))


def draw(seed: int) -> tuple[Case, guided.Truth]:
    """One run with drawn photos."""
    rng = np.random.default_rng([20, 2, seed])
    world, chosen, kind = world_of(rng, seed)
    lens = world.base.lens
    setup = Setup(lens.focal_length_mm, lens.f_number, 1.55, COC_UM, prints={ANY_CHART: Print(100.0, 0.1)})
    accuracy = Accuracy(noise_um=float(rng.uniform(0.2, 1.0)), lens_model_um=float(rng.uniform(0.2, 1.0)))
    bench = DrawnBench(
        world, accuracy, rng, setup, reach_mm=inf if "gross" in kind else float(rng.uniform(100, 250))
    )
    case = go_through(chosen, setup, bench, rng.random() < 0.5)
    return case, truth_of(world, case, kind == "clean")


def go_through(chosen: list[float], setup: Setup, bench: DrawnBench | PhotoBench, adjusts: bool) -> Case:
    """The run of a technician who tests these marks, m."""

    def answers(step: Step, case: Case) -> dict[str, object]:
        if step.key == "marks":
            return dict(zip(("first", "second", "third"), chosen, strict=False))
        return {"way": "shim" if adjusts else "none"}

    return run(PROCEDURE, Case(setup, LensFacts(focal_min_mm=setup.focal_length_mm)), bench.take, answers)


def exact_um(world: World, distance_mm: float, change_um: float = 0.0) -> tuple[float, float]:
    """Shift at a mark, µm, and image distance, mm, were ring and tape set exactly."""
    hands = replace(world.faults, ring_set_dpt=0.0, tape_mm=0.0)
    asked = {"star_at_mm": distance_mm, "ring_mm": distance_mm, "flange_change_um": change_um}
    scene = replace(world, faults=hands).scene(asked)
    o, e, f = scene.object_distance_mm, scene.lens.focus_error_mm, scene.lens.focal_length_mm
    image = f * o / (o - f)
    return 1000 * image**2 * (1 / o - 1 / (o + e)), image


def truth_of(world: World, case: Case, clean: bool) -> guided.Truth:
    """What is true of the run, and what of it is large enough for its own uncertainties to be promised."""
    finding, faults = PROCEDURE.analyse(case), world.faults
    photos = {p.setup.distance_mm or 0.0: p.tolerance_um or 0.0 for p in case.photos.values()}
    true = {d: exact_um(world, d)[0] for d in photos}
    if finding.figure("mark_after_um") is not None:
        return _after(world, case, finding)
    side = {"shim_side": float(np.mean(list(true.values())))}
    if finding.figure("mark_error_um") is None:
        return guided.Truth({}, frozenset(), clean, side)
    distances = sorted(photos, reverse=True)
    figures = {f"mark_{n}_um": true[d] for n, d in enumerate(distances, 1)}
    expected = {
        "MARKS_OFF"
        for n, d in enumerate(distances, 1)
        if abs(true[d]) > promised(finding, f"mark_{n}_um", photos[d])
    }
    tolerance = min(photos.values())
    if finding.figure("flange_error_um") is not None:
        figures |= {"flange_error_um": faults.flange_um, "scale_error_dpt": faults.scale_dpt}
        if abs(faults.flange_um) > promised(finding, "flange_error_um", tolerance):
            expected.add("FLANGE")
        image = max(exact_um(world, d)[1] for d in photos)
        if abs(faults.scale_dpt) > promised(finding, "scale_error_dpt", tolerance / image**2):
            expected.add("SCALE")
    common = float(np.mean(list(true.values())))
    return guided.Truth(
        figures, frozenset(expected), clean, {"shim_change_um": common, "ring_turn_deg": common}
    )


def _after(world: World, case: Case, finding: Finding) -> guided.Truth:
    step = next(step for step in PROCEDURE.steps(case) if step.key == "proof-1")
    true, _ = exact_um(world, step.bench["star_at_mm"], step.bench["flange_change_um"])
    tolerance = case.photos["proof-1"].tolerance_um or 0.0
    part = world.faults.shim_part
    expected = set()
    before, _ = exact_um(world, step.bench["star_at_mm"])
    clear = part == 0 or abs(true - before) > promised(finding, "mark_change_um", 0.0)
    if clear and abs(true) > promised(finding, "mark_after_um", tolerance):
        expected = {"WRONG_WAY" if part < 0 else "NOT_ADJUSTED" if part == 0 else "MARKS_OFF"}
    return guided.Truth({"mark_after_um": true}, frozenset(expected), False, {"shim_change_um": true})


def promised(finding: Finding, name: str, tolerance: float) -> float:
    """From where on a figure's fault is to be named."""
    figure = finding.figure(name)
    assert figure is not None, name
    u = (figure.u95 or 0.0) / COVERAGE_95
    return max(tolerance + SURE * u, 5 * u)


def table(options: Options) -> Table:
    """A thousand runs."""
    return guided.table(NAME, PROCEDURE, draw, options, harmless=())

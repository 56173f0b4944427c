"""Table ``guide_back_focus``: zooms with faults drawn at random, by exact conjugates of thin lenses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import hypot, inf, log
from typing import Any

import numpy as np

from appliance.bench import Lens, Scene
from appliance.bench.world import Faults, World
from appliance.focus.printed_chart import ANY_CHART, Print
from appliance.focus.result import Setup
from appliance.guides.back_focus import PROCEDURE, inner_marks_mm
from appliance.guides.case import COVERAGE_95, Case, LensFacts
from appliance.guides.finding import Finding
from appliance.guides.procedure import Step, StepKind
from tests.benchmark import guided
from tests.benchmark.guide_bench import Accuracy, DrawnBench, PhotoBench, run, scene_of
from tests.benchmark.report import Table
from tests.benchmark.trials import Options

NAME = "guide_back_focus"
ZOOMS = ((18, 80), (24, 70), (24, 105), (28, 76), (17, 120), (70, 200), (45, 120))
COC_UM = 15.0
SURE = 3.3
"""What the docstring of the procedure promises: named from tolerance + 3.3 u on."""


@dataclass(frozen=True)
class Zoom:
    """One zoom on the bench, as drawn."""

    wide: float
    tele: float
    inner: int
    world: World
    setup: Setup
    kind: str

    @property
    def tolerance_um(self) -> float:
        """Tolerance at its wide end."""
        return (
            self.setup.f_number * COC_UM * (1 + self.wide / (self.world.base.object_distance_mm - self.wide))
        )


def zoom_of(rng: np.random.Generator, seed: int) -> Zoom:
    """A zoom: in a third nothing is wrong but the hand that focuses; else flange, cam, scale and slip as they come."""
    wide, tele = (float(f) for f in ZOOMS[rng.integers(len(ZOOMS))])
    f_number = float(np.exp(rng.uniform(log(2), log(4))))
    o = float(rng.uniform(22, 40)) * tele
    scene = Scene(Lens(focal_length_mm=tele, f_number=f_number), object_distance_mm=o)
    inner = int(rng.choice([0, 1, 1, 2]))
    kind = str(rng.choice(["clean", "clean", "flange", "flange", "cam", "scale", "slip", "all"]))
    size = f_number * COC_UM
    marks = inner_marks_mm(wide, tele, inner)
    wrong = {name: _size(rng, size) for name in ("flange", "cam", "scale", "slip") if kind in (name, "all")}
    cam = {wide: 0.0, **{f: 0.0 for f in marks}, tele: 0.0}
    if "cam" in wrong and marks:
        cam[marks[rng.integers(len(marks))]] = wrong["cam"]
    faults = Faults(
        flange_um=wrong.get("flange", 0.0),
        cam_um=cam,
        # a scale is read so coarsely that only a gross error can be seen
        scale_dpt=float(rng.uniform(-0.6, 0.6)) * 1000 / o if "scale" in wrong else 0.0,
        focusing_um=size / 3,
        ring_moved_dpt=wrong.get("slip", 0.0) / (tele * (1 + tele / o)) ** 2 if kind == "slip" else 0.0,
        focal_mark_percent=2.0,
        shim_part=float(rng.choice([1.0, 1.0, 0.9, 0.0, -1.0])),
    )
    setup = Setup(tele, f_number, 1.55, COC_UM, prints={ANY_CHART: Print(100.0, 0.1)})
    return Zoom(wide, tele, inner, World(scene, faults, seed), setup, kind)


def _size(rng: np.random.Generator, size: float) -> float:
    return float(rng.choice([-1, 1]) * size * np.exp(rng.uniform(log(0.2), log(4))))


def draw(seed: int) -> tuple[Case, guided.Truth]:
    """One run with drawn photos."""
    rng = np.random.default_rng([20, 1, seed])
    zoom = zoom_of(rng, seed)
    accuracy = Accuracy(noise_um=float(rng.uniform(0.2, 1.0)), lens_model_um=float(rng.uniform(0.2, 1.0)))
    reach_mm = float(rng.uniform(0.06, 0.12)) * zoom.world.base.object_distance_mm
    bench = DrawnBench(zoom.world, accuracy, rng, zoom.setup, reach_mm)
    case = go_through(zoom, bench, rng)
    return case, truth_of(zoom, case)


def go_through(zoom: Zoom, bench: DrawnBench | PhotoBench, rng: np.random.Generator) -> Case:
    """The run of a technician who reads the ring in most cases, and adjusts in half of those that ask for it."""

    def answers(step: Step, case: Case) -> dict[str, object]:
        if step.key == "range":
            return {"wide_mm": zoom.wide, "tele_mm": zoom.tele, "inner": str(zoom.inner)}
        if step.key == "reading":
            read = zoom.world.reading_mm({"focused_at_mm": zoom.tele}) * (1 + 0.01 * rng.standard_normal())
            legible = 0 < read < 1e5 and rng.random() < 0.67  # a ring does not go far beyond infinity
            return {"distance": read / 304.8, "unit": "ft"} if legible else {}
        return {"way": "shim" if rng.random() < 0.5 else "none"}

    start = Case(zoom.setup, LensFacts(focal_min_mm=zoom.wide, focal_max_mm=zoom.tele))
    return run(PROCEDURE, start, bench.take, answers)


def truth_of(zoom: Zoom, case: Case) -> guided.Truth:
    """What is true of the run, and what of it is large enough for its own uncertainties to be promised."""
    faults, finding = zoom.world.faults, PROCEDURE.analyse(case)
    steps = {step.key: step for step in PROCEDURE.steps(case) if step.kind is StepKind.MEASURE}
    scenes = {key: scene_of(zoom.world, step) for key, step in steps.items()}
    slip_um = _shift(scenes["tele-2"]) - _shift(scenes["tele-1"])
    if finding.named("RING_MOVED") or slip_um:
        named = abs(slip_um) > _slip_promised(case)
        # a slip too small to be named is in the intervals
        figures = {} if finding.named("RING_MOVED") else {"flange_error_um": faults.flange_um}
        return guided.Truth(figures, frozenset({"RING_MOVED"} if named else ()), faultless=not slip_um)
    if finding.figure("flange_error_um") is None:  # too far off to be measured at any focal length but tele
        side = {"flange_side": faults.flange_um}
        return guided.Truth({}, frozenset(), zoom.kind == "clean", side)
    flange, cam = _line(zoom, case, scenes, "")
    figures, expected = _expected(zoom, finding, flange, cam)
    directions = {"shim_change_um": -flange, "ring_turn_deg": -flange}
    if finding.figure("flange_after_um") is not None:
        after, _ = _line(zoom, case, scenes, "proof-")
        figures |= {"flange_after_um": after, "flange_change_um": after - flange}
        directions = {"shim_change_um": -after, "ring_turn_deg": -after}
        expected = (expected - {"FLANGE", "SCALE"}) | _expected_after(zoom, finding, after)
    return guided.Truth(figures, frozenset(expected), zoom.kind == "clean", directions)


def _line(zoom: Zoom, case: Case, scenes: dict[str, Scene], prefix: str) -> tuple[float, dict[float, float]]:
    """True flange error and cam residuals by focal length of one series.

    Where the cam is off at the widest focal length that could be measured, nothing tells that from flange and ring:
    then the truth is the line through the ends' true shifts, and what the others lie off it.
    """
    faults = zoom.world.faults
    told = {
        k: p for k, p in case.photos.items() if k.startswith(f"{prefix}at-") and p.image_shift_um is not None
    }
    focal = {key: photo.setup.focal_length_mm for key, photo in told.items()}
    wide = min(focal, key=lambda key: focal[key])
    if not any(faults.cam_um.values()):
        made = faults.shim_part * float(_step_bench(case, prefix).get("flange_change_um", 0.0))
        return faults.flange_um + made, dict.fromkeys(focal.values(), 0.0)
    zw, iw = _shift(scenes[wide]), _image_mm(scenes[wide])
    zt, it = _shift(scenes[f"{prefix}tele-1"]), _image_mm(scenes[f"{prefix}tele-1"])
    per_dpt = (zt - zw) / (it**2 - iw**2)
    offset = zw - per_dpt * iw**2
    cam = {focal[k]: _shift(scenes[k]) - offset - per_dpt * _image_mm(scenes[k]) ** 2 for k in focal}
    return -offset, cam


def _step_bench(case: Case, prefix: str) -> Mapping[str, Any]:
    return next(step.bench for step in PROCEDURE.steps(case) if step.key == f"{prefix}tele-1")


def _image_mm(scene: Scene) -> float:
    o, f = scene.object_distance_mm, scene.lens.focal_length_mm
    return f * o / (o - f)


def _expected_after(zoom: Zoom, finding: Finding, after: float) -> set[str]:
    u = _u(finding, "flange_after_um")
    if abs(after) <= zoom.tolerance_um + SURE * u:
        return set()
    part = zoom.world.faults.shim_part
    return {"WRONG_WAY"} if part < 0 else {"NOT_ADJUSTED"} if part == 0 else {"FLANGE"}


def _expected(
    zoom: Zoom, finding: Finding, flange: float, cam: dict[float, float]
) -> tuple[dict[str, float], set[str]]:
    faults, tolerance = zoom.world.faults, zoom.tolerance_um
    figures, expected = {"flange_error_um": flange}, set()
    if abs(flange) > _promised(finding, "flange_error_um", tolerance):
        expected.add("FLANGE")
    figure = finding.figure("cam_um")
    if figure is not None:
        at = float(figure.label.removesuffix(" mm").rsplit(" ", 1)[1])
        figures["cam_um"] = cam[at]
        if max(map(abs, cam.values())) > _promised(finding, "cam_um", tolerance):
            expected.add("CAM")
    if finding.figure("scale_error_dpt") is not None:
        figures["scale_error_dpt"] = faults.scale_dpt
        per_dpt = (zoom.tele * (1 + zoom.tele / (zoom.world.base.object_distance_mm - zoom.tele))) ** 2
        if abs(faults.scale_dpt) > _promised(finding, "scale_error_dpt", tolerance / per_dpt):
            expected.add("SCALE")
    return figures, expected


def _promised(finding: Finding, name: str, tolerance: float) -> float:
    u = _u(finding, name)
    return max(tolerance + SURE * u, 5 * u)


def _shift(scene: Scene) -> float:
    o, e, f = scene.object_distance_mm, scene.lens.focus_error_mm, scene.lens.focal_length_mm
    return 1000 * (f * o / (o - f)) ** 2 * (1 / o - 1 / (o + e))


def _u(finding: Finding, name: str) -> float:
    figure = finding.figure(name)
    assert figure is not None, name
    assert figure.u95 is not None, name
    return figure.u95 / COVERAGE_95


def _slip_promised(case: Case) -> float:
    first, last = case.photos["tele-1"], case.photos.get("tele-2")
    if (
        last is None or last.image_shift_um is None
    ):  # beyond the chart, and either told or not measurable at all
        return inf
    u = hypot(first.budget_um["noise"], last.budget_um["noise"])
    return max(SURE * u, (first.tolerance_um or 0.0) / 4) + 1.65 * u


def table(options: Options) -> Table:
    """A thousand runs."""
    return guided.table(NAME, PROCEDURE, draw, options)

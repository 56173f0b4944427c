"""The autofocus pair's own analysis, on pairs of lens and body whose faults are drawn at random."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import hypot, sqrt
from typing import Any

import numpy as np

from appliance.bench.world import Faults, World
from appliance.focus.result import Setup
from appliance.guides.autofocus import PROCEDURE
from appliance.guides.brands import BRANDS, brand_of
from appliance.guides.case import BodyFacts, Case, LensFacts
from appliance.guides.procedure import Step
from tests.benchmark import guided, truth
from tests.benchmark.guide_walk import bench, defaults, scatter, walk
from tests.benchmark.report import Table
from tests.benchmark.trials import Options

KINDS = ("none", "none", "offset", "offset", "offset, set", "scatter", "missed", "approach")


@dataclass(frozen=True)
class Pair:
    """A pair on the bench: what is wrong with it, and the tolerance it is judged by, µm."""

    kind: str
    brand: str
    world: World
    setup: Setup
    tolerance_um: float
    own_um: float
    shared_um: float
    seed: int

    @property
    def scatter_um(self) -> float:
        f = self.world.faults
        return hypot(f.af_scatter_um, self.own_um, f.af_motor_um / sqrt(12))

    def error_um(self, value: float) -> float:
        """True error with that fine-tune, µm as i² ΔD."""
        scene = self.world.base
        shift = self.world.faults.af_error_um + self.world.faults.af_um_per_step * value
        f, o = scene.lens.focal_length_mm, scene.object_distance_mm
        image = 1 / (1 / f - 1 / o)
        return truth.image_shift_um(scene, 1 / (1 / f - 1 / (image - shift / 1000)) - o)


def pair(
    seed: int,
    f_numbers: Sequence[float] = (1.4, 2.0, 2.8, 4.0),
    coc_um: tuple[float, float] = (12.0, 30.0),
    distances: tuple[float, float] = (25.0, 50.0),
) -> Pair:
    """One pair; its fault is of a size that the procedure promises to name, or none. ``distances`` in focal lengths."""
    rng = np.random.default_rng(seed)
    kind = str(rng.choice(KINDS))
    focal = float(rng.choice([24.0, 35.0, 50.0, 85.0, 135.0]))
    f_number = float(rng.choice(f_numbers))
    setup = Setup(focal, f_number, 6.2, coc_um=float(rng.uniform(*coc_um)))
    scene = bench(focal, f_number, focal * float(rng.uniform(*distances)))
    tolerance = f_number * (1 + truth.magnification(scene)) * setup.coc_um
    own, shared = float(rng.uniform(0.2, 1.5)), float(rng.uniform(0.5, 3.0))
    s = tolerance * float(rng.uniform(0.05, 0.2))
    brand = str(rng.choice([one.key for one in BRANDS]))
    sign = 1.0 if brand_of(brand).sign else float(rng.choice([-1.0, 1.0]))
    faults: dict[str, Any] = {
        "af_scatter_um": s,
        "af_motor_um": s * float(rng.uniform(0, 1.5)),
        "af_approach_um": tolerance * float(rng.uniform(-0.1, 0.1)),
        "af_error_um": tolerance * float(rng.uniform(-0.4, 0.4)),
        "af_um_per_step": sign * float(rng.uniform(2.5, 8.0)),
    }
    total, way = hypot(s, own, faults["af_motor_um"] / sqrt(12)), float(rng.choice([-1.0, 1.0]))
    if kind.startswith("offset"):
        least = tolerance + 5 * hypot(total / sqrt(8), shared)
        faults["af_error_um"] = way * float(rng.uniform(least, least + 2 * tolerance))
    elif kind == "scatter":
        faults["af_scatter_um"] = tolerance * float(rng.uniform(1.5, 2.5))
        faults["af_motor_um"] = 0.0
    elif kind == "missed":
        faults |= {"af_miss_percent": 12.0, "af_miss_um": tolerance + 12 * total}
    elif kind == "approach":
        faults["af_approach_um"] = way * (tolerance / 2 + total * float(rng.uniform(4.5, 9.0)))
    return Pair(kind, brand, World(scene, Faults(**faults), seed), setup, tolerance, own, shared, seed)


def technician(told: Pair) -> Any:
    """Answers of someone who does what is said: where no number is told, by the words nearer and farther."""

    def answer(step: Step, case: Case) -> Mapping[str, Any]:
        if step.key == "setup":
            return {**defaults(step, case), "brand": told.brand}
        if not step.key.startswith("set-"):
            return defaults(step, case)
        if step.inputs[0].default is not None:
            return {"value": step.inputs[0].default}
        found = re.search(r"(nearer|farther) by (\d+)", step.text)
        assert found is not None, step.text
        now = case.number(f"set-prime-{int(step.key[-1]) - 1}", "value", case.number("setup", "value_prime"))
        way = (1 if found[1] == "farther" else -1) * np.sign(told.world.faults.af_um_per_step)
        return {"value": now + way * int(found[2])}

    return answer


def draw(seed: int) -> tuple[Case, guided.Truth]:
    """A run with its truth; half of the pairs that are off are left as they were found."""
    told = pair(seed)
    start = Case(told.setup, LensFacts(max_aperture=told.setup.f_number), BodyFacts("B1"))
    stop = told.kind == "offset"
    case = walk(
        PROCEDURE,
        start,
        told.world,
        scatter(seed, told.own_um, told.shared_um),
        technician(told),
        lambda step: stop and step.key.startswith("set-"),
    )
    return case, truth_of(told, case, stop)


def truth_of(told: Pair, case: Case, stopped: bool) -> guided.Truth:
    """What is true of a run; ``stopped`` if a pair that is off was left so."""
    sets = [case.number(key, "value") for key in sorted(case.answers) if key.startswith("set-")]
    error = told.error_um(sets[-1] if sets else 0.0)
    figures = {"focus_error_um": error}
    if told.kind != "scatter" and told.kind != "missed":
        figures["approach_um"] = told.world.faults.af_approach_um
        figures["scatter_um"] = hypot(
            told.world.faults.af_scatter_um, told.world.faults.af_motor_um / sqrt(12)
        )
    faults = set[str]()
    if stopped:
        faults.add("AF_BACK_FOCUS" if error > 0 else "AF_FRONT_FOCUS")
    if told.kind == "scatter":
        faults.add("AF_SCATTER")
    if told.kind == "approach":
        faults.add("AF_APPROACH")
    if told.kind == "missed" and 1 <= missed(told, case) <= 2:
        faults.add("AF_MISSED")
    directions = {"correction_um": -error}
    if brand_of(told.brand).sign:
        directions["correction_units"] = -error
    right = told.kind == "none" or (told.kind == "offset, set" and abs(error) < told.tolerance_um)
    return guided.Truth(figures, frozenset(faults), right, directions)


def missed(told: Pair, case: Case) -> int:
    """Shots of the run that the camera did miss."""
    limit = told.world.faults.af_miss_um * 0.9
    error = told.world.faults.af_error_um
    photos = case.photos.values()
    return sum(photo.image_shift_um is None or abs(photo.shift_um - error) > limit for photo in photos)


def table(options: Options) -> Table:
    """Judged as :mod:`tests.benchmark.guided` says."""
    return guided.table("guide_autofocus", PROCEDURE, draw, options)

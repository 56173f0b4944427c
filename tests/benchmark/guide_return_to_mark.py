"""Returns to a mark and the table of marks, judged on rings and motors whose faults are drawn at random."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import hypot
from typing import Any

import numpy as np

from appliance.bench.world import Faults, World
from appliance.focus.result import Setup
from appliance.guides.case import BodyFacts, Case, LensFacts, Past
from appliance.guides.procedure import Step
from appliance.guides.return_to_mark import PROCEDURE
from tests.benchmark import guided, truth
from tests.benchmark.guide_walk import START, bench, defaults, scatter, walk
from tests.benchmark.report import Table
from tests.benchmark.trials import Options

RUNS = 2000
"""So that each figure, which only some kinds of run have, is judged on enough."""
KINDS = ("none", "none", "backlash", "scatter", "step", "trend", "moved", "calibrate")
LEAST_COUNT = 4
TAPE_LIMIT_MM = 2.5
"""By so much is a tape read wrong at worst."""


@dataclass(frozen=True)
class Ring:
    """A ring with its lens on the bench, and the tolerance it is judged by, µm."""

    kind: str
    world: World
    setup: Setup
    lens: LensFacts
    tolerance_um: float
    own_um: float
    shared_um: float
    returns: int
    tape_m: tuple[float, ...]
    """Where a table's stars are said to stand."""
    seed: int

    @property
    def scatter_um(self) -> float:
        return hypot(self.world.faults.return_scatter_um, self.own_um)


def ring(seed: int) -> Ring:
    """One ring; its fault is of a size that the procedure promises to name, or none."""
    rng = np.random.default_rng(seed)
    kind, way = str(rng.choice(KINDS)), float(rng.choice([-1.0, 1.0]))
    focal = float(rng.choice([25.0, 35.0, 50.0, 85.0]))
    f_number = float(rng.choice([1.4, 2.0, 2.8, 4.0]))
    setup = Setup(focal, f_number, 6.2, coc_um=float(rng.uniform(12, 30)))
    scene = bench(focal, f_number, focal * float(rng.uniform(20, 40)))
    tolerance = f_number * (1 + truth.magnification(scene)) * setup.coc_um
    returns = int(rng.choice([5, 6]))
    own, shared = float(rng.uniform(0.2, 1.0)), float(rng.uniform(0.5, 2.0))
    s = tolerance * float(rng.uniform(0.02, 0.1))
    faults: dict[str, Any] = {
        "return_scatter_um": s,
        "backlash_um": tolerance * float(rng.uniform(-0.2, 0.2)),
        "mark_um": tolerance * float(rng.uniform(-0.5, 0.5)),
    }
    total = hypot(s, own)
    slip = way * max(14 * total, tolerance / 10) * float(rng.uniform(1, 2))
    if kind == "backlash":
        faults["backlash_um"] = way * (tolerance / 2 + total * float(rng.uniform(3, 9)))
    elif kind == "scatter":
        faults["return_scatter_um"] = tolerance * float(rng.uniform(1.3, 2.0))
    elif kind == "step":
        faults |= {"slip_um": slip, "slip_at": int(rng.integers(2, 2 * returns - 1))}
    elif kind == "trend":
        faults["slip_um_per_return"] = slip / (2 * returns - 1)
    tape: tuple[float, ...] = ()
    if kind == "calibrate":
        count = int(rng.integers(LEAST_COUNT, 9))
        true_m = focal / 1000 * np.linspace(20, 60, count) * rng.uniform(0.97, 1.03, count)
        faults |= {"marks_mm": {str(k): 1000 * float(d) for k, d in enumerate(true_m, 1)}, "mark_um": 0.0}
        # the star stands near where the mark focuses
        tape = tuple((true_m * (1 + rng.uniform(-0.01, 0.01, count))).tolist())
    drive = str(rng.choice(["ring", "by wire", ""]))
    lens = LensFacts("L1", focus_drive=drive)
    world = World(scene, Faults(**faults), seed)
    return Ring(kind, world, setup, lens, tolerance, own, shared, returns, tape, seed)


def draw(seed: int) -> tuple[Case, guided.Truth]:
    """A run with its truth; half of those without a fault of their own come back for a second visit."""
    told = ring(seed)
    if told.kind == "calibrate":
        return _table(told)
    case = _visit(told, told.world, seed, ())
    f = told.world.faults
    figures = {"backlash_um": f.backlash_um, "scatter_um": f.return_scatter_um}
    faults = set[str]()
    if told.kind in ("none", "moved"):
        case, moved = _second(told, case)
        figures["moved_um"] = moved
        if told.kind == "moved":
            faults.add("MARK_MOVED")
    if told.kind in ("step", "trend"):
        total = f.slip_um + f.slip_um_per_return * (2 * told.returns - 1)
        figures["slip_um"] = total
        by_wire = told.lens.focus_drive == "by wire"
        faults.add("WIRE_DRIFT" if by_wire else f"SLIP_{told.kind.upper()}")
    if told.kind == "backlash":
        faults.add("BACKLASH")
    if told.kind == "scatter":
        faults.add("RETURN_SCATTER")
    return case, guided.Truth(figures, frozenset(faults), told.kind == "none")


def _visit(told: Ring, world: World, seed: int, past: tuple[Past, ...]) -> Case:
    def answer(step: Step, case: Case) -> Mapping[str, Any]:
        return {**defaults(step, case), "mark": "B", "returns": told.returns}

    start = Case(told.setup, told.lens, BodyFacts(), past=past)
    return walk(PROCEDURE, start, world, scatter(seed, told.own_um, told.shared_um), answer)


def _second(told: Ring, first: Case) -> tuple[Case, float]:
    """A second visit after a rental, on which the mark moved or did not; with by how much it did, µm."""
    rng = np.random.default_rng([told.seed, 2])
    past = Past("first", START, PROCEDURE.analyse(first))
    u = hypot(told.scatter_um / np.sqrt(told.returns), np.sqrt(2) * told.shared_um)
    moved = 0.0
    if told.kind == "moved":
        moved = float(rng.choice([-1.0, 1.0])) * (told.tolerance_um + 5 * u) * float(rng.uniform(1, 2))
    faults = replace(told.world.faults, mark_um=told.world.faults.mark_um + moved)
    world = World(told.world.base, faults, told.seed + 1)
    return _visit(told, world, told.seed + 10**9, (past,)), moved


def _table(told: Ring) -> tuple[Case, guided.Truth]:
    def answer(step: Step, case: Case) -> Mapping[str, Any]:
        if step.key == "setup":
            return {**defaults(step, case), "mode": "calibrate", "marks": len(told.tape_m)}
        k = int(step.key.rsplit("-", 1)[1])
        return {"mark": str(k), "distance_m": told.tape_m[k - 1]}

    scattered = scatter(told.seed, told.own_um, told.shared_um)
    case = walk(PROCEDURE, Case(told.setup, told.lens), told.world, scattered, answer)
    rng = np.random.default_rng([told.seed, 3])
    # the tape was read wrong by this much: where the star truly stands, and so the mark, is that much farther
    off = rng.uniform(-TAPE_LIMIT_MM, TAPE_LIMIT_MM, len(told.tape_m))
    answers = {
        f"mark-{k}": {"mark": str(k), "distance_m": told.tape_m[k - 1] - float(off[k - 1]) / 1000}
        for k in range(1, len(told.tape_m) + 1)
    }
    case = replace(case, answers={**case.answers, **answers})
    known = list(told.world.faults.marks_mm.values())[:LEAST_COUNT]
    figures = {f"mark_{k}_m": d / 1000 for k, d in enumerate(known, 1)}
    figures["backlash_um"] = told.world.faults.backlash_um
    return case, guided.Truth(figures, faultless=True)


def table(options: Options) -> Table:
    """Judged as :mod:`tests.benchmark.guided` says."""
    runs = replace(options, count=options.count or RUNS)
    return guided.table("guide_return_to_mark", PROCEDURE, draw, runs)

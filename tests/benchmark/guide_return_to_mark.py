"""Returns to a mark and the table of marks, judged on rings and motors whose faults are drawn at random."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
from tests.benchmark.guide_walk import START, Answer, bench, defaults, scatter, walk
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


def ring(
    seed: int,
    f_numbers: Sequence[float] = (1.4, 2.0, 2.8, 4.0),
    coc_um: tuple[float, float] = (12.0, 30.0),
    distances: tuple[float, float] = (20.0, 40.0),
    kinds: Sequence[str] = KINDS,
) -> Ring:
    """One ring; its fault is of a size that the procedure promises to name, or none. ``distances`` in focal lengths."""
    rng = np.random.default_rng(seed)
    kind, way = str(rng.choice(kinds)), float(rng.choice([-1.0, 1.0]))
    focal = float(rng.choice([25.0, 35.0, 50.0, 85.0]))
    f_number = float(rng.choice(f_numbers))
    setup = Setup(focal, f_number, 6.2, coc_um=float(rng.uniform(*coc_um)))
    scene = bench(focal, f_number, focal * float(rng.uniform(*distances)))
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
    """A run with its truth; rings without a fault of their own come back for a second visit."""
    told = ring(seed)
    case = _visit(told, told.world, seed, ())
    if told.kind == "calibrate":
        return misread(told, case), truth_of(told)
    if told.kind not in ("none", "moved"):
        return case, truth_of(told)
    case, moved = _second(told, case)
    true = truth_of(told)
    return case, replace(true, figures={**true.figures, "moved_um": moved})


def truth_of(told: Ring) -> guided.Truth:
    """What is true of a first visit."""
    f, kind = told.world.faults, told.kind
    if kind == "calibrate":
        known = list(f.marks_mm.values())[:LEAST_COUNT]
        figures = {f"mark_{k}_m": d / 1000 for k, d in enumerate(known, 1)}
        return guided.Truth({**figures, "backlash_um": f.backlash_um}, faultless=True)
    figures = {"backlash_um": f.backlash_um, "scatter_um": f.return_scatter_um}
    code = {"moved": "MARK_MOVED", "backlash": "BACKLASH", "scatter": "RETURN_SCATTER"}.get(kind, "")
    if kind in ("step", "trend"):
        figures["slip_um"] = f.slip_um + f.slip_um_per_return * (2 * told.returns - 1)
        code = "WIRE_DRIFT" if told.lens.focus_drive == "by wire" else f"SLIP_{kind.upper()}"
    return guided.Truth(figures, frozenset({code} - {""}), kind == "none")


def answers_of(told: Ring) -> Answer:
    """Answers of a technician who tests mark B, or makes the table."""

    def answer(step: Step, case: Case) -> Mapping[str, Any]:
        if step.key == "setup" and told.kind == "calibrate":
            return {**defaults(step, case), "mode": "calibrate", "marks": len(told.tape_m)}
        if step.key == "setup":
            return {**defaults(step, case), "mark": "B", "returns": told.returns}
        k = int(step.key.rsplit("-", 1)[1])
        return {"mark": str(k), "distance_m": told.tape_m[k - 1]}

    return answer


def _visit(told: Ring, world: World, seed: int, past: tuple[Past, ...]) -> Case:
    start = Case(told.setup, told.lens, BodyFacts(), past=past)
    return walk(PROCEDURE, start, world, scatter(seed, told.own_um, told.shared_um), answers_of(told))


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


def misread(told: Ring, case: Case) -> Case:
    """The run with distances as a tape was read that is a little wrong: the stars stood where the photos saw them."""
    rng = np.random.default_rng([told.seed, 3])
    off = rng.uniform(-TAPE_LIMIT_MM, TAPE_LIMIT_MM, len(told.tape_m)) / 1000
    read = {
        f"mark-{k}": {"mark": str(k), "distance_m": true_m + float(off[k - 1])}
        for k, true_m in enumerate(told.tape_m, 1)
    }
    return replace(case, answers={**case.answers, **read})


def table(options: Options) -> Table:
    """Judged as :mod:`tests.benchmark.guided` says."""
    runs = replace(options, count=options.count or RUNS)
    return guided.table("guide_return_to_mark", PROCEDURE, draw, runs)

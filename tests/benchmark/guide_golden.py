"""Table ``guide_golden``: mornings of benches that moved, crept, or did not, after any number of good ones."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from appliance.guides.case import Case, Past
from appliance.guides.finding import Finding
from appliance.guides.golden import PROCEDURE
from appliance.guides.run import Event, EventKind, fold
from tests.benchmark import guided
from tests.benchmark.guide_shots import START, Shots
from tests.benchmark.guided import Truth
from tests.benchmark.report import Table
from tests.benchmark.trials import Options

NAME = "guide_golden"
_KINDS = ("faultless", "bench", "chart", "tilt", "creep")


class Morning:
    """A bench on one morning: moved by µm, its chart nearer by mm and tilted by degrees."""

    def __init__(self, shots: Shots, seat_um: float, rng: np.random.Generator) -> None:
        self.shots, self.seat_um, self.rng, self.number = shots, seat_um, rng, 0

    def check(
        self, case: Case, kind: str, moved_um: float = 0.0, nearer_mm: float = 0.0, tilted_deg: float = 0.0
    ) -> Case:
        """Walk through the procedure as a technician would, mount by mount."""
        events = [Event(EventKind.ANSWER, "kind", {"kind": kind})]
        while (step := fold(PROCEDURE, case, events).step) is not None:
            self.number += 1
            photo = self._photo(step.key, moved_um, nearer_mm, tilted_deg)
            events.append(Event(EventKind.PHOTO, step.key, {}, photo))
        return fold(PROCEDURE, case, events).case

    def _photo(self, key: str, moved_um: float, nearer_mm: float, tilted_deg: float) -> Any:
        shots, rng = self.shots, self.rng
        seat = self.seat_um * float(rng.standard_normal())
        # the ring stays at its mark, the star comes nearer: it focuses behind the star
        near = replace(shots, object_mm=shots.object_mm - nearer_mm)
        by_chart = 1000 * (near.image_mm - shots.image_mm)
        seen = near.observed(key, moved_um + by_chart + seat, rng, self.number)
        return replace(
            seen,
            tolerance_um=shots.tolerance_um,
            magnification=(seen.magnification or 0) * (1 + 1e-5 * float(rng.standard_normal())),
            chart_tilt_deg=45 + tilted_deg + 0.05 * float(rng.standard_normal()),
        )


def kept(finding: Finding, past: tuple[Past, ...]) -> tuple[Past, ...]:
    """The past after one more finding."""
    return (Past("", START, finding), *past)


def draw(seed: int) -> tuple[Case, Truth]:
    """A reference, 0 to 20 good mornings, and this one."""
    rng = np.random.default_rng([20, 11, seed])
    kind = _KINDS[seed % len(_KINDS)]
    shots = Shots(float(rng.uniform(35, 85)), float(rng.uniform(1000, 2000)), noise_um=0.3)
    seat_um = float(rng.uniform(0.5, 2.0) if kind != "creep" else rng.uniform(2, 4))
    bench = Morning(shots, seat_um, rng)
    scatter = float(np.hypot(seat_um, shots.noise_um))
    case = Case(shots.setup)
    case = replace(case, past=kept(PROCEDURE.analyse(bench.check(case, "reference")), ()))
    sign, size = float(rng.choice((-1, 1))), max(10 * scatter, shots.tolerance_um / 8)
    mornings = int(rng.integers(0, 21)) if kind != "creep" else int(rng.integers(25, 35))
    step = sign * max(3 * scatter, 0.17 * shots.tolerance_um) if kind == "creep" else 0.0
    creeps = [step * min(k / 12, 1.0) for k in range(mornings + 1)]
    for day in range(mornings):
        finding = PROCEDURE.analyse(bench.check(case, "check", creeps[day]))
        case = replace(case, past=kept(finding, case.past))
    if kind == "bench":
        moved = sign * size * float(rng.uniform(1, 2))
        return bench.check(case, "check", moved), Truth(
            {"offset_um": moved}, frozenset({"BENCH_MOVED"}), directions={"offset_um": moved}
        )
    if kind == "chart":
        um_per_mm = 1000 * (shots.focal_mm / (shots.object_mm - shots.focal_mm)) ** 2
        nearer = sign * float(rng.uniform(1.3, 4)) * 0.1 * shots.tolerance_um / um_per_mm
        return bench.check(case, "check", nearer_mm=nearer), Truth({}, frozenset({"CHART_MOVED"}))
    if kind == "tilt":
        tilted = sign * float(rng.uniform(1.5, 6))
        return bench.check(case, "check", tilted_deg=tilted), Truth({}, frozenset({"CHART_TILTED"}))
    if kind == "creep":
        today = bench.check(case, "check", creeps[-1])
        caught = PROCEDURE.analyse(today).named("BENCH_MOVED")  # beyond a single morning's limit is named so
        return today, Truth({}, frozenset({"BENCH_MOVED" if caught else "BENCH_DRIFTS"}))
    return bench.check(case, "check"), Truth({"offset_um": 0.0}, faultless=True)


def table(options: Options) -> Table:
    """Judge the golden lens's check."""
    return guided.table(NAME, PROCEDURE, draw, options)

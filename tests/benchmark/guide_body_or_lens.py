"""Table ``guide_body_or_lens``: lenses of several kinds on several bodies, one of them off, all off, or none."""

from __future__ import annotations

import numpy as np

from appliance.guides.body_or_lens import PROCEDURE, key
from appliance.guides.case import Case
from tests.benchmark import guided
from tests.benchmark.guide_shots import Shots
from tests.benchmark.guided import Truth
from tests.benchmark.report import Table
from tests.benchmark.trials import Options

NAME = "guide_body_or_lens"
_KINDS = ("faultless", "lens", "body", "bench")


def draw(seed: int) -> tuple[Case, Truth]:
    """Flange errors move the sensor; each mount seats anew; some pairs do not fit each other and are left out."""
    rng = np.random.default_rng([20, 8, seed])
    kind = _KINDS[seed % len(_KINDS)]
    lenses, bodies, times = int(rng.integers(2, 5)), int(rng.integers(2, 4)), int(rng.integers(2, 4))
    if kind == "lens":
        lenses = max(lenses, 3)
    one_kind = Shots(float(rng.uniform(30, 85)), float(rng.uniform(1200, 2500)), noise_um=0.3)
    allowed, seat = one_kind.tolerance_um, float(rng.uniform(0.02, 0.08)) * one_kind.tolerance_um
    lens_um, body_um = (rng.uniform(-0.15, 0.15, n) * allowed for n in (lenses, bodies))
    size = float(rng.choice((-1, 1)) * rng.uniform(1.7, 3)) * allowed
    odd, bench_um = 0, 0.0
    if kind == "lens":
        odd = int(rng.integers(lenses))
        lens_um[odd] += size
    elif kind == "body":
        odd = int(rng.integers(bodies))
        body_um[odd] += size
    elif kind == "bench":
        bench_um = size
    case = (
        Case(one_kind.setup)
        .with_answers("plan", lenses=lenses, bodies=bodies, times=times)
        .with_answers("tags")
    )
    for body in range(bodies):
        for lens in range(lenses):
            fits = lens == 0 or body == 0 or rng.uniform() > 0.15
            for time in range(times if fits else 0):
                at_seat = seat * float(rng.uniform(-1, 1, 3).sum())
                shift = lens_um[lens] + body_um[body] + bench_um + at_seat
                case = case.with_photo(one_kind.observed(key(lens + 1, body + 1, time + 1), shift, rng))
    return case, _truth(case, kind, lens_um, body_um + bench_um, allowed)


def _truth(case: Case, kind: str, lens_um: np.ndarray, body_um: np.ndarray, allowed: float) -> Truth:
    """Effects against the mean of those in order, told apart by the truth and not by what was measured."""
    blame = np.concatenate([-lens_um, body_um])
    middle = float(np.median(blame))
    figures = {}
    if kind != "bench":  # there nobody can say which half is in order
        zero = float(blame[np.abs(blame - middle) <= 0.5 * allowed].mean())
        figures = {f"lens_{k + 1}_um": float(v + zero) for k, v in enumerate(lens_um)}
        figures |= {f"body_{k + 1}_um": float(v - zero) for k, v in enumerate(body_um)}
    codes = {"lens": {"LENS_OFF"}, "body": {"BODY_OFF"}, "bench": {"ALL_LENSES_OFF"}, "faultless": set()}
    return Truth(figures, frozenset(codes[kind]), faultless=kind == "faultless")


def table(options: Options) -> Table:
    """Judge the pair check."""
    return guided.table(NAME, PROCEDURE, draw, options)

"""Table ``guide_tilt``: lenses and benches tilted in any direction, mounted turned, seating askew by chance."""

from __future__ import annotations

from dataclasses import replace
from math import hypot, tan

import numpy as np
import numpy.typing as npt

from appliance.guides.case import Case
from appliance.guides.tilt import CIRCLES_MM, PROCEDURE, ROUNDS, TURNS
from tests.benchmark import guided
from tests.benchmark.guide_shots import Shots
from tests.benchmark.guided import Truth
from tests.benchmark.report import Table
from tests.benchmark.trials import Options

NAME = "guide_tilt"
_KINDS = ("faultless", "lens", "bench", "coma")
SEEN_MM = hypot(4056, 3040) * 1.55 / 2000
Vector = npt.NDArray[np.float64]


def turned(normal: Vector, degrees: float) -> Vector:
    """A plane's normal (x right, y down, z along the axis) after the lens was turned about the axis, clockwise."""
    angle = np.radians(degrees)
    turn = np.array([(np.cos(angle), -np.sin(angle), 0), (np.sin(angle), np.cos(angle), 0), (0, 0, 1)])
    return np.asarray(turn @ normal)


def normal_of(mrad_x: float, mrad_y: float) -> Vector:
    """The normal of a plane that is farther along the axis at the right and below by these slopes."""
    made = np.array([-tan(mrad_x / 1000), -tan(mrad_y / 1000), 1.0])
    return np.asarray(made / np.linalg.norm(made))


def draw(seed: int) -> tuple[Case, Truth]:
    """Planes as normals, turned about the axis and added: what a photo shows of them is their slope along x."""
    rng = np.random.default_rng([20, 9, seed])
    kind, turns = _KINDS[seed % len(_KINDS)], ("half", "quarter")[seed // 4 % 2]
    shots = Shots(float(rng.uniform(30, 85)), float(rng.uniform(1000, 2500)), float(rng.uniform(2, 4)))
    allowed, client = shots.tolerance_um, CIRCLES_MM["super35"] / 2
    limit_mrad = allowed / client
    lens = np.array([rng.uniform(-0.2, 0.2), rng.uniform(-0.2, 0.2)]) * limit_mrad
    bench = np.array([rng.uniform(-0.3, 0.3), rng.uniform(-0.3, 0.3)]) * limit_mrad
    size = float(rng.choice((-1, 1)) * rng.uniform(1.8, 3)) * limit_mrad
    if kind == "lens":
        way = 0.0 if turns == "half" else float(rng.uniform(0, 2 * np.pi))
        lens = lens + size * np.array([np.cos(way), np.sin(way)])
    elif kind == "bench":
        bench = bench + size * np.array([1.0, 0.0])
    seat = float(rng.uniform(0.02, 0.08)) * limit_mrad
    own, bent = float(rng.uniform(0.05, 0.3)), float(rng.uniform(-20, 20))
    case = Case(shots.setup).with_answers("plan", turns=turns, circle="super35")
    cone = 1 + 0.05 * float(rng.uniform(-1, 1))  # the f-number as marked is rounded
    slope_mrad = 1000 * shots.image_mm / shots.object_mm  # a chart at 45°, as its image slopes
    for turn in TURNS[turns]:
        for number in range(1, ROUNDS[turns] + 1):
            askew = np.array([rng.uniform(-1, 1, 3).sum(), rng.uniform(-1, 1, 3).sum()]) * seat
            normal = turned(normal_of(*(lens + askew)), turn)
            along, down = -1000 * normal[:2] / normal[2] + bench
            kappa = cone * (1 - down / slope_mrad)
            tilt = along * SEEN_MM * cone / kappa + own * float(rng.standard_normal())
            figures = {
                "field_tilt_corner_um": tilt,
                "field_tilt_corner_um_u95": 1.96 * own,
                "field_curvature_corner_um": bent * cone / kappa + 0.3 * float(rng.standard_normal()),
                "field_curvature_corner_um_u95": 0.6,
                "cone_ratio": kappa * (1 + 0.001 * float(rng.standard_normal())),
            }
            reasons: tuple[str, ...] = ()
            if kind == "coma" or rng.uniform() < 0.05:
                figures["decentring_coma_waves"] = float(rng.uniform(0.7, 1.5))
                reasons = ("DECENTRED",)
            seen = shots.observed(f"turn-{turn}-{number}", 0.0, rng, picture_px=(4056, 3040))
            case = case.with_photo(replace(seen, figures=figures, reasons=reasons))
    truth = {"lens_tilt_corner_um": lens[0] * SEEN_MM}
    if turns == "quarter":
        truth["lens_tilt_y_corner_um"] = lens[1] * SEEN_MM
    codes = {"lens": "LENS_TILTED", "bench": "BENCH_TILTED", "coma": "LENS_DECENTRED"}
    named = frozenset({codes[kind]} if kind in codes else ())
    return case, Truth(
        truth,
        named,
        kind == "faultless",
        {"lens_tilt_corner_um": lens[0]} if kind == "lens" and turns == "half" else {},
    )


def table(options: Options) -> Table:
    """Judge the turned lens."""
    return guided.table(NAME, PROCEDURE, draw, options)

"""Tilt and decentring: is it soft on one side because of the lens, or because of the bench?

The surface of best focus over the picture is z = a + b x + c y + d (x² + y²), µm of image shift (> 0 behind), x and y
in half diagonals of the picture. A photo of a chart that slopes along y shows b and d; c is one with the slope, in
whose units b and d are told: how fast blur grows, κ, brings them back to µm, as well as the f-number is known (3 %).
The lens is turned in its mount by θ, clockwise in the picture, and what turns with it is its own:

    b(θ) = bench + lens_x cos θ − lens_y sin θ

with half turns alone for lens_x and bench, with quarter turns for lens_y too. Each turn is mounted anew several times,
and scatter among them gives the intervals (Student's t); what a photo cannot average, by its own fit, is added where it
does not cancel (bench, curvature).

Tilt is a plane and goes on beyond what the bench's small sensor sees; so it is judged where it matters, at the corner
of the client's picture, by guard band. Curvature is not: of that nothing is said beyond the part that was seen.

Names LENS_TILTED and BENCH_TILTED from one and a half tolerances at the client's corner on (where that is ten times the
scatter of mounting there), LENS_DECENTRED where most photos show coma all over the picture. It cannot tell, with half
turns alone, a lens tilted along the chart's slope; nor the bench's own tilt along it at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, hypot, radians, sin, sqrt
from statistics import fmean

import numpy as np

from appliance.focus.result import Reason, Verdict
from appliance.guides.case import COVERAGE_95, Case, Observation
from appliance.guides.finding import Band, Figure, Finding, Plot, Series, not_yet
from appliance.guides.ols import Fit, fitted
from appliance.guides.procedure import Input, Procedure, Step, StepKind

NAME = "tilt"
GUARD = 1.65
"""One-sided 95 % (ISO 14253-1), in standard uncertainties."""
TILT, CURVATURE = "field_tilt_corner_um", "field_curvature_corner_um"
KAPPA = "cone_ratio"
CONE_U = 0.03
"""Standard uncertainty of a cone of light as marked, relative: ISO 517 allows an f-number 5 % either way (over √3)."""
COMA = "decentring_coma_waves"
CIRCLES_MM = {"super35": 31.1, "fullframe": 43.3, "large": 46.3}
"""Diagonals of the pictures that lenses are rented for: Super 35 (24.9 × 18.7), full frame (36 × 24), large format."""
TURNS = {"half": (0, 180), "quarter": (0, 90, 180, 270)}
ROUNDS = {"half": 3, "quarter": 2}
"""How often each turn is mounted: enough degrees of freedom for an interval that is worth having."""
LEAST_DOF = 2

PLAN = Step(
    "plan",
    StepKind.ASK,
    "Turns",
    "Can the lens be mounted turned? Half turns tell left from right; quarter turns tell all directions. For which "
    "camera is it rented?",
    "Press for half turns",
    inputs=(
        Input(
            "turns",
            "Turns",
            "choice",
            default="half",
            choices=(("half", "Half turns, 6 photos"), ("quarter", "Quarter turns, 8 photos")),
        ),
        Input(
            "circle",
            "Client's picture",
            "choice",
            default="super35",
            choices=(("super35", "Super 35"), ("fullframe", "Full frame"), ("large", "Large format")),
        ),
    ),
)
WORDS = {0: "upright", 90: "a quarter turn clockwise", 180: "upside down", 270: "a quarter turn back"}


def steps(case: Case) -> tuple[Step, ...]:
    """The plan, then rounds of turns."""
    if not case.handled("plan"):
        return (PLAN,)
    kind = case.word("plan", "turns", "half")
    photos = [_turn(turn, number) for number in range(1, ROUNDS[kind] + 1) for turn in TURNS[kind]]
    return (PLAN, *photos)


def _turn(turn: int, number: int) -> Step:
    return Step(
        f"turn-{turn}-{number}",
        StepKind.MEASURE,
        f"Turned {turn}°",
        f"Mount the lens anew, {WORDS[turn]} (by its index mark, seen from behind the camera). Focus it on the star, "
        "iris open. Press. Leave camera and chart alone.",
        f"Lens anew,\nturned by {turn}°,\nfocus, TEST",
        bench={"turn_deg": turn, "mount": number},
        optional=number > 1,
    )


def _photos(case: Case) -> list[tuple[int, Observation]]:
    kind = case.word("plan", "turns", "half")
    found = []
    for turn in TURNS[kind]:
        for number in range(1, ROUNDS[kind] + 1):
            photo = case.photos.get(f"turn-{turn}-{number}")
            if photo is not None and TILT in photo.figures:
                found.append((turn, photo))
    return found


@dataclass(frozen=True)
class _Tilts:
    """µm at the seen corner: lens along x (and y), bench; 95 % half-widths; how much larger the client's corner is."""

    lens_x: float
    lens_y: float | None
    bench: float
    lens_u95: float
    bench_u95: float
    curvature: float
    curvature_u95: float
    scatter: float
    lens_y_u95: float
    seen_mm: float
    client_mm: float

    @property
    def scale(self) -> float:
        """From the seen corner to the client's."""
        return self.client_mm / self.seen_mm

    @property
    def edge_u95(self) -> float:
        """Half-width of the 95 % interval of :attr:`lens_edge`."""
        return max(self.lens_u95, self.lens_y_u95) * self.scale

    @property
    def lens_edge(self) -> float:
        """The lens's whole tilt at the client's corner."""
        return hypot(self.lens_x, self.lens_y or 0.0) * self.scale


def analyse(case: Case) -> Finding:
    """What turns with the lens, what stays, and whether either matters to the client."""
    if not case.answered("plan"):
        return not_yet("Say first which turns the lens can be mounted in.")
    photos = _photos(case)
    turns = {turn for turn, _ in photos}
    if not {0, 180} <= turns:
        return not_yet("The lens must be measured upright and upside down: take the photos that are missing.")
    quarter = bool(turns & {90, 270})
    if len(photos) - (3 if quarter else 2) < LEAST_DOF:
        return not_yet(
            "Mount each turn at least twice: one photo of each does not show how mounting scatters."
        )
    seen = {(p.picture_px, p.setup.pixel_pitch_um) for _, p in photos}
    if len(seen) > 1 or next(iter(seen))[0] is None:
        return not_yet("The photos are of different size: take them all with the same camera.")
    tilts = _fit(photos, quarter, CIRCLES_MM[case.word("plan", "circle", "super35")] / 2)
    return _finding(tilts, photos)


def _fit(photos: list[tuple[int, Observation]], quarter: bool, client_mm: float) -> _Tilts:
    rows = [[1.0, cos(radians(t)), *([-sin(radians(t))] if quarter else [])] for t, _ in photos]
    fit: Fit = fitted(np.array(rows), _in_um(photos, TILT))
    weights = np.eye(len(fit.coefficients))
    tilt_u, bend_u = (
        sqrt(fmean((p.figures.get(f"{name}_u95", 0.0) / COVERAGE_95) ** 2 for _, p in photos))
        for name in (TILT, CURVATURE)
    )
    bends = _in_um(photos, CURVATURE)
    bend = fitted(np.ones((len(bends), 1)), bends)
    first = photos[0][1]
    assert first.picture_px is not None
    return _Tilts(
        fit.value(weights[1]),
        fit.value(weights[2]) if quarter else None,
        fit.value(weights[0]),
        hypot(fit.t95 * fit.se(weights[1]), COVERAGE_95 * CONE_U * fit.value(weights[1])),
        hypot(fit.t95 * fit.se(weights[0]), COVERAGE_95 * hypot(tilt_u, CONE_U * fit.value(weights[0]))),
        bend.value([1.0]),
        hypot(bend.t95 * bend.se([1.0]), COVERAGE_95 * bend_u),
        fit.s,
        hypot(fit.t95 * fit.se(weights[-1]), COVERAGE_95 * CONE_U * fit.value(weights[-1])),
        hypot(*first.picture_px) * first.setup.pixel_pitch_um / 2000,
        client_mm,
    )


def _in_um(photos: list[tuple[int, Observation]], name: str) -> list[float]:
    """A figure of the field, told in the slope's units, in µm: a tilt along the slope makes blur grow otherwise."""
    return [p.figures[name] * p.figures.get(KAPPA, 1.0) for _, p in photos]


def _finding(tilts: _Tilts, photos: list[tuple[int, Observation]]) -> Finding:
    tolerance = min((p.tolerance_um for _, p in photos if p.tolerance_um), default=0.0)
    lens, bench = tilts.lens_edge, abs(tilts.bench) * tilts.scale
    guards = [GUARD / COVERAGE_95 * u95 for u95 in (tilts.edge_u95, tilts.bench_u95 * tilts.scale)]
    causes = []
    if lens - guards[0] > tolerance:
        text = f"The lens is tilted: {lens:.0f} µm at the corner of the client's picture, and it turns with the lens."
        causes.append(Reason("LENS_TILTED", text))
    coma = [p.figures[COMA] for _, p in photos if COMA in p.figures and "DECENTRED" in p.reasons]
    if len(coma) > len(photos) / 2:
        text = f"The lens is decentred: coma of {fmean(coma):.1f} waves all over the picture in every turn."
        causes.append(Reason("LENS_DECENTRED", text))
    if bench - guards[1] > tolerance:
        text = f"The bench is tilted: {bench:.0f} µm at that corner stay when the lens is turned. Look at the adapter."
        causes.append(Reason("BENCH_TILTED", text))
    unclear = not causes and (lens + guards[0] > tolerance or bench + guards[1] > tolerance)
    verdict = Verdict.FAIL_BACK if causes else Verdict.RETEST if unclear else Verdict.PASS
    return Finding(
        verdict,
        _headline(tilts, causes, tolerance),
        _figures(tilts, coma),
        tuple(causes),
        tuple({"BENCH_TILTED": "ADAPTER"}.get(cause.code, "SERVICE") for cause in causes)
        or (("RE_SEAT",) if unclear else ()),
        _next(causes, unclear),
        (_plot(photos, tilts),),
        signed=False,
        data={"lens_tilt_um": tilts.lens_x, "bench_tilt_um": tilts.bench, "curvature_um": tilts.curvature},
    )


def _headline(tilts: _Tilts, causes: list[Reason], tolerance: float) -> str:
    if causes:
        return causes[0].text
    return (
        f"The lens's own tilt is {tilts.lens_edge:.0f} ± {tilts.edge_u95:.0f} µm at the client's corner, "
        f"where ± {tolerance:.0f} µm may be."
    )


def _figures(tilts: _Tilts, coma: list[float]) -> tuple[Figure, ...]:
    mrad = tilts.lens_x / tilts.seen_mm
    seen = 100 * tilts.seen_mm / tilts.client_mm
    figures = [
        Figure(
            "lens_tilt_edge_um", "Lens tilt at the client's corner", tilts.lens_edge, tilts.edge_u95, "µm"
        ),
        Figure(
            "bench_tilt_edge_um", "Bench tilt there", tilts.bench * tilts.scale, tilts.bench_u95 * tilts.scale, "µm"
        ),
        Figure("seen_percent", "Seen of the client's image circle", min(seen, 100.0), None, "%"),
        Figure("lens_tilt_corner_um", "Lens tilt, left to right, as seen", tilts.lens_x, tilts.lens_u95, "µm", False),
        Figure("bench_tilt_corner_um", "Bench tilt, as seen", tilts.bench, tilts.bench_u95, "µm", False),
        Figure("lens_tilt_mrad", "Lens tilt", mrad, tilts.lens_u95 / tilts.seen_mm, "mrad", False),
        Figure(
            "curvature_corner_um", "Field curvature, seen corner", tilts.curvature, tilts.curvature_u95, "µm", False
        ),
        Figure("scatter_um", "Scatter of mounting, 1 σ", tilts.scatter, None, "µm", False),
    ]  # fmt: skip
    if tilts.lens_y is not None:
        figures.append(
            Figure(
                "lens_tilt_y_corner_um",
                "Lens tilt, top to bottom",
                tilts.lens_y,
                tilts.lens_y_u95,
                "µm",
                False,
            )
        )
    if coma:
        figures.append(Figure("coma_waves", "Coma all over the picture", fmean(coma), None, "waves", False))
    return tuple(figures)


def _next(causes: list[Reason], unclear: bool) -> str:
    if any(cause.code.startswith("LENS") for cause in causes):
        return "Send the lens to service: an element or its mount sits askew."
    if causes:
        return "Clean and tighten adapter and camera mount, then do this again."
    if unclear:
        return "Too close to tell: seat the lens with more care and do this again, in quarter turns if it can be."
    return "Nothing to do. Corners beyond what was seen need a larger sensor, or the client's own camera."


def _plot(photos: list[tuple[int, Observation]], tilts: _Tilts) -> Plot:
    x, y = tuple(float(t) for t, _ in photos), tuple(_in_um(photos, TILT))
    bars = tuple(p.figures.get(f"{TILT}_u95", 0.0) for _, p in photos)
    line = tuple(float(t) for t in range(0, 361, 15))
    model = tuple(
        tilts.bench + tilts.lens_x * cos(radians(t)) - (tilts.lens_y or 0.0) * sin(radians(t)) for t in line
    )
    series = (Series("Measured", x, y, bars), Series("Lens and bench", line, model, style="line"))
    stays = Band(tilts.bench - tilts.bench_u95, tilts.bench + tilts.bench_u95, "Stays: the bench")
    return Plot(
        "What turns with the lens", "Lens turned by, °", "Tilt at the seen corner, µm", series, (stays,)
    )


PROCEDURE = Procedure(
    name=NAME,
    title="Tilt",
    question="Is it soft on one side?",
    about="The lens is mounted upright and turned. Tilt that turns with it is its own, what stays is the bench's. "
    "It is judged at the corner of the client's picture, and says how much of that was seen.",
    minutes=12,
    steps=steps,
    analyse=analyse,
)

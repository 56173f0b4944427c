"""Breathing: how much the picture grows or shrinks as focus is pulled, told apart from where focus lies.

Model. The chart stays; the ring stands at marks k of engraved distance d_k. The picture's scale there is the
magnification m_k (image over object size at the star), measured from the chart's geometry, which blur does not move.
Breathing from mark a to mark b is 100 (m_b / m_a − 1) %. Each mark is set twice, there and back
(:mod:`appliance.guides.there_and_back`): what differs between both is how well ring and picture return, and gives the
interval (Student's t). Print scale, tilt and distance are the same in all photos and drop out of the ratio.

A thin lens that moves as a whole has m ∝ its image distance, 1 / (1/f − V) for the vergence V = 1/o of its ring: it
grows by about f ΔV. What a lens does beyond that is its design, not its state.

Promises to name: BREATHING where breathing from the farthest to the nearest mark is beyond the limit that the house
gave by eight times its standard uncertainty (which three pairs tell only roughly). RING_NOT_TURNED where focus did not
follow the marks: nothing is concluded then.

Cannot tell: anything of back focus. The picture's size and the plane of focus are two things: a lens may breathe much
and focus exactly where its marks say, and the other way round. Nor what lies beyond the marks that were set.

References: SMPTE and lens makers use the change of the angle of view over the focus range; ISO 517 for focal length.
Guard bands: ISO 14253-1:2017.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log

import numpy as np

from appliance import optics
from appliance.focus.result import Reason, Verdict
from appliance.guides.case import Case, Observation
from appliance.guides.finding import Band, Figure, Finding, Plot, Series, not_yet
from appliance.guides.procedure import Input, Procedure, Step, StepKind
from appliance.guides.repeats import Estimate
from appliance.guides.there_and_back import Series as Pairs
from appliance.guides.there_and_back import there_and_back

MARKS = ("near", "middle", "far")
WAYS = ("there", "back")
SMALL_STOP = 11.0
"""Stopped down, blur hides less of the chart: at f/11 a 50 mm lens a fifth off in distance blurs by 40 px of 1.55 µm,
an eighth of the chart's largest fiducials."""
NEAR, FAR = 0.9, 1.12
"""Marks that are proposed, as shares of the star's distance: the chart's own depth of a tenth keeps focus on it."""
DEFAULT_DISTANCES = 25.0
"""Usual distance of the star, in focal lengths."""


def steps(case: Case) -> tuple[Step, ...]:
    """The steps that are known so far."""
    told = [_marks(case), _ready(case)]
    for way in WAYS:
        told += [_shot(case, mark, way) for mark in (MARKS if way == "there" else MARKS[::-1])]
    return tuple(told)


def _focal_mm(case: Case) -> float:
    return case.lens.focal_max_mm or case.lens.focal_min_mm or case.setup.focal_length_mm


def _marks(case: Case) -> Step:
    star_m = (case.setup.distance_mm or DEFAULT_DISTANCES * _focal_mm(case)) / 1000
    proposed = {"near": NEAR * star_m, "middle": star_m, "far": FAR * star_m}
    inputs = [
        Input(
            f"{mark}_m",
            f"{mark.capitalize()} mark",
            unit="m",
            default=round(proposed[mark], 2),
            low=0.05,
            high=1000,
        )
        for mark in MARKS
    ]
    limit = Input(
        "limit_percent", "Most breathing allowed", unit="%", required=False, low=0.0, high=50, default=None
    )
    return Step(
        "marks",
        StepKind.ASK,
        "Three marks",
        "Choose three focus marks: one nearer than the star, one near it, one beyond it. Distances are as engraved, "
        "from the sensor. Give a limit only if the house has one.",
        "On the phone:\nthree focus marks",
        inputs=(*inputs, limit),
    )


def _ready(case: Case) -> Step:
    return Step(
        "ready",
        StepKind.DO,
        "Stop down",
        f"Stop down to f/{SMALL_STOP:g} and add light. Lock camera and chart: from here on only the focus ring moves.",
        f"f/{SMALL_STOP:g}, more light,\nonly the ring moves",
    )


def _shot(case: Case, mark: str, way: str) -> Step:
    distance_m = case.number("marks", f"{mark}_m")
    again = " again" if way == "back" else ""
    return Step(
        f"{mark}-{way}",
        StepKind.MEASURE,
        f"{mark.capitalize()}{again or ' mark'}",
        f"Turn the ring to {distance_m:g} m{again}, from the side you come from, without going past. Then press TEST.",
        f"Ring to {distance_m:g} m",
        focal_length_mm=_focal_mm(case),
        f_number=SMALL_STOP,
        bench={"ring_mm": 1000 * distance_m, "setting": f"{mark}-{way}"},
        takes_bound=True,
        takes_scale=True,
    )


@dataclass(frozen=True)
class _Measured:
    """Log magnifications × 100 (per cent) of both ways, and the marks' vergences in dioptres; near to far."""

    pairs: Pairs
    vergence_dpt: tuple[float, ...]
    photos: dict[str, Observation]

    @property
    def whole(self) -> Estimate:
        """From the farthest to the nearest mark, per cent of log magnification."""
        return self.pairs.difference(0, len(MARKS) - 1)

    @property
    def per_dioptre(self) -> Estimate:
        """Slope over the marks' vergences, % per dioptre: least squares over the marks' means."""
        v = np.array(self.vergence_dpt)
        centred = v - v.mean()
        return self.pairs.combined(centred / float(centred @ centred))


def analyse(case: Case) -> Finding:
    """What the photos conclude."""
    missing = [f"{mark}-{way}" for way in WAYS for mark in MARKS if f"{mark}-{way}" not in case.photos]
    if missing:
        return not_yet(
            f"{len(missing)} of {len(MARKS) * len(WAYS)} photos are missing: both ways are needed."
        )
    marks_m = [case.number("marks", f"{mark}_m") for mark in MARKS]
    focal = _focal_mm(case)
    if not marks_m[0] < marks_m[1] < marks_m[2] or 1000 * marks_m[0] < 4 * focal:
        return _refused(
            "MARKS_UNCLEAR", "The marks must go from near to far, and none nearer than the lens can focus."
        )
    photos = case.photos
    scales = [[photos[f"{mark}-{way}"].magnification or 0.0 for mark in MARKS] for way in WAYS]
    if not all(value > 0 for row in scales for value in row):
        return not_yet("A photo shows no scale: repeat the step whose chart could not be made out.")
    if not all(_followed([photos[f"{mark}-{way}"] for mark in MARKS]) for way in WAYS):
        return _refused(
            "RING_NOT_TURNED",
            "Focus did not follow the marks, so the ring was not turned, or does not move this lens. Start again.",
        )
    v = [1000 / optics.object_distance_from_sensor_distance_mm(focal, 1000 * d) for d in marks_m]
    logs = [[100 * log(value) for value in row] for row in scales]
    return _concluded(case, _Measured(there_and_back(*logs), tuple(v), dict(photos)), marks_m)


def _refused(code: str, text: str) -> Finding:
    return Finding(Verdict.INVALID, text, causes=(Reason(code, text),), next_action=text, signed=False)


def _followed(photos: list[Observation]) -> bool:
    """Whether focus lies farther at each farther mark, as far as photos tell where it lies."""
    near, far = photos[0], photos[-1]
    if near.focus_error_mm is not None and far.focus_error_mm is not None:
        return far.focus_error_mm > near.focus_error_mm
    return near.side <= 0 <= far.side


def _concluded(case: Case, seen: _Measured, marks_m: list[float]) -> Finding:
    whole, slope = seen.whole, seen.per_dioptre
    percent = 100 * (np.exp(whole.value / 100) - 1)
    breathing = Estimate(float(percent), whole.u * (1 + percent / 100), whole.dof)
    expected = _as_a_whole(_focal_mm(case), seen.vergence_dpt)
    limit = case.answers.get("marks", {}).get("limit_percent")
    span = f"from {marks_m[-1]:g} to {marks_m[0]:g} m"
    grows = "grows" if percent > 0 else "shrinks"
    headline = (
        f"The picture {grows} by {abs(percent):.2f} ± {breathing.u95:.2f} % {span}. This is no focus error."
    )
    verdict, causes, action = _judged(breathing, limit)
    figures = [
        Figure("breathing_percent", f"Breathing {span}", float(percent), breathing.u95, "%"),
        Figure(
            "breathing_percent_per_dpt", "Breathing per dioptre of focus", slope.value, slope.u95, "%/dpt"
        ),
        Figure("moving_as_a_whole_percent", "A lens that moves as a whole", expected, None, "%", main=False),
        Figure(
            "return_percent", "How well ring and picture return (1 σ)", seen.pairs.sd, None, "%", main=False
        ),
    ]
    if limit is not None:
        figures.insert(1, Figure("limit_percent", "Most that is allowed", float(limit), None, "%"))
    return Finding(
        verdict,
        headline,
        tuple(figures),
        causes,
        next_action=action,
        plots=(_plot(seen, marks_m, limit),),
        signed=False,
        data={"breathing_percent": float(percent), "u95": breathing.u95, "marks_m": marks_m},
    )


def _as_a_whole(focal_mm: float, vergence_dpt: tuple[float, ...]) -> float:
    near, far = (1 / (1 / focal_mm - v / 1000) for v in (vergence_dpt[0], vergence_dpt[-1]))
    return 100 * (near / far - 1)


def _judged(breathing: Estimate, limit: object) -> tuple[Verdict, tuple[Reason, ...], str]:
    if limit is None:
        return Verdict.PASS, (), "Nothing to do: the house gave no limit. The figure is kept with the lens."
    verdict = breathing.decide(float(str(limit)))
    if verdict is Verdict.PASS:
        return verdict, (), "Nothing to do."
    if verdict is Verdict.RETEST:
        return verdict, (), "Too close to the limit to tell: set the marks with more care and run it again."
    text = (
        "The picture's size changes more than the house allows while focus is pulled. It is the lens's design, "
        "not back focus: no shim or fine-tune changes it."
    )
    return (
        Verdict.FAIL_BACK,
        (Reason("BREATHING", text),),
        "Rent it out where breathing does no harm, or say so.",
    )


def _plot(seen: _Measured, marks_m: list[float], limit: object) -> Plot:
    reference = float(seen.pairs.means[-1])
    y = tuple(float(100 * (np.exp((value - reference) / 100) - 1)) for value in seen.pairs.means)
    bars = tuple(seen.pairs.difference(k, len(y) - 1).u95 for k in range(len(y)))
    bands = () if limit is None else (Band(-float(str(limit)), float(str(limit)), "allowed"),)
    return Plot(
        "Size of the picture against focus",
        "focus mark, m",
        "size against the far mark, %",
        (Series("measured", seen.vergence_dpt, y, bars),),
        bands,
        tuple((v, f"{d:g}") for v, d in zip(seen.vergence_dpt, marks_m, strict=True)),
    )


PROCEDURE = Procedure(
    name="breathing",
    title="Breathing",
    question="How much does the picture change its size as focus is pulled?",
    about="Three focus marks, there and back, with camera and chart locked. Finds how much the picture grows or "
    "shrinks, and says why that is no focus error.",
    minutes=6,
    steps=steps,
    analyse=analyse,
)

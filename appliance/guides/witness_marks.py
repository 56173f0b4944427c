"""Witness marks of a prime: does focus lie where the ring's engraving says, and if not, is it flange or scale?

Model
-----
The star is put at an engraved distance by tape, from the sensor's mark, and the ring is set to that engraving, in turn
from near and from far: four times at one distance, three times at each of several. With the image distance i (mm), the
image-side shift z (µm, > 0: focus behind the mark) is

    z = −F + D₀ i²

F: flange error, µm, > 0: the sensor sits too far from the lens. D₀: error of the scale in dioptres, > 0: it focuses
farther than engraved. A prime's i changes with distance by its (1 + m) alone, 4 % from 2 m down to 1 m at 50 mm, so the
two are told apart only by marks far apart, one of them as near as the lens goes; the intervals say how well. A scale
that was put on a helicoid turned by some degrees is a constant shift, just as a flange error, and no photo of marks can
tell the two apart; infinity can. What all marks have in common is what a shim takes away, whichever it is.

How well the ring is set is found from the settings themselves (pooled over distances, in dioptres; backlash is in it),
and that part of an interval is Student's t. Effective degrees of freedom (JCGM 100, G.4) would take a scatter that a
few settings happen to show too small for well known. The tape is good for 1 mm (1 σ).

Promises
--------
MARKS_OFF is named where a mark is beyond tolerance by the guard band 1.65 u and 3.3 u from nothing; FLANGE and SCALE
where F, or D₀ i², is so: in 95 of 100 cases from tolerance + 3.3 u and 5 u on, u being the standard uncertainty as
stated (95 % interval / 1.96). Where a mark is off and neither is sure: FLANGE_OR_SCALE. Proof: MARKS_OFF where the mark
is still beyond; instead WRONG_WAY or NOT_ADJUSTED where it changed by more than 5 u of the change, or by nothing.

It cannot tell flange from scale with one distance. With more it can, but only gross errors: one millimetre of tape is
2.5 µm at m = 1/20, and from there to infinity i² changes by a tenth, so that F is known to no better than some 40 µm.
Nor can it tell whose the flange error is: measure a second lens.

References: JCGM 100:2008, G.3 (few repeats); ISO 14253-1:2017 (guard band).
"""

from __future__ import annotations

from appliance.guides._marks import SETTINGS_ALONE, analyse, marks_of, settings_of, shim_um
from appliance.guides._shims import shim_words
from appliance.guides.case import Case
from appliance.guides.procedure import Input, LensKind, Procedure, Step, StepKind

FOCAL_LENGTHS_AWAY = 25
"""Distance that is proposed, in focal lengths: the usual one of a focus check."""
PROOF = "proof"


def steps(case: Case) -> tuple[Step, ...]:
    """The question for the marks, then each; an adjustment and its proof where one shim puts all marks right."""
    found = [_ask(case)]
    if not case.answered("marks"):
        return tuple(found)
    marks = marks_of(case)
    count = settings_of(marks)
    for number, (distance_mm, words) in enumerate(marks, 1):
        found.append(_place(f"place-{number}", distance_mm, words))
        found += [_set(case, f"mark-{number}-{k}", distance_mm, words, k, 0.0) for k in range(1, count + 1)]
    change = shim_um(case)
    if change is None:
        return tuple(found)
    found.append(_adjust(-change))
    if case.word("adjust", "way", "none") != "none" and "adjust" not in case.skipped:
        distance_mm, words = marks[-1]
        found += [
            _set(case, f"{PROOF}-{k}", distance_mm, words, k, change) for k in range(1, SETTINGS_ALONE + 1)
        ]
    return tuple(found)


def _ask(case: Case) -> Step:
    usual = case.setup.distance_mm or FOCAL_LENGTHS_AWAY * case.setup.focal_length_mm
    return Step(
        "marks",
        StepKind.ASK,
        "Which marks?",
        "Which engraved distances shall be tested? Begin with the farthest. One shows whether the marks are right; a "
        "second one as near as the lens goes tells flange from scale.",
        "On the phone:\nwhich marks to test",
        inputs=(
            Input("first", "First mark", default=round(usual / 1000, 1) or 0.5, low=0.1, high=300),
            Input("second", "Second mark, nearer", low=0.1, high=300, required=False),
            Input("third", "Third mark, nearer still", low=0.1, high=300, required=False),
            Input("unit", "Unit", "choice", default="m", choices=(("m", "metres"), ("ft", "feet"))),
        ),
    )


def _place(key: str, distance_mm: float, words: str) -> Step:
    return Step(
        key,
        StepKind.DO,
        f"Star at {words}",
        f"Put the star exactly {words} from the sensor's mark on the camera, with a steel tape, and straight before "
        f"the lens. That is {distance_mm:.0f} mm.",
        f"Star to {words} from\nthe sensor's mark,\nby tape",
        distance_mm=distance_mm,
        bench={"star_at_mm": distance_mm},
        restarts=True,
    )


def _set(case: Case, key: str, distance_mm: float, words: str, number: int, change_um: float) -> Step:
    near = number % 2 == 1
    way = "the near end" if near else "infinity"
    bench: dict[str, float] = {"star_at_mm": distance_mm, "ring_mm": distance_mm, "setting": number}
    if change_um:
        bench |= {"flange_change_um": change_um, "setting": 100 + number}
    return Step(
        key,
        StepKind.MEASURE,
        f"Ring to {words}",
        f"Turn the ring to {way}, then slowly to the {words} engraving. Stop when the lines meet; do not go back. "
        "Hands off, then press.",
        f"Ring to {'near' if near else 'infinity'},\nthen to {words}.\nHands off, press",
        focal_length_mm=case.setup.focal_length_mm,
        distance_mm=distance_mm,
        takes_bound=True,
        bench=bench,
    )


def _adjust(flange_um: float) -> Step:
    return Step(
        "adjust",
        StepKind.ASK,
        "Adjust",
        f"Make the shims between mount and lens {shim_words(flange_um)}: that puts these marks right. If a second lens "
        "is off alike, it is the bench. What was done?",
        f"Shims:\n{shim_words(flange_um)}\nthen press",
        inputs=(
            Input(
                "way",
                "Done",
                "choice",
                default="shim",
                choices=(
                    ("shim", "Shims changed"),
                    ("ring", "Bench's ring turned"),
                    ("none", "Nothing, stop here"),
                ),
            ),
        ),
        optional=True,
    )


PROCEDURE = Procedure(
    name="witness-marks",
    title="Witness marks of a prime",
    question="Do the distance marks tell the truth?",
    about="Set the ring to engraved distances and see where focus lies. It says by how much each mark is off, tells "
    "flange from scale where the distances allow, and how to shim.",
    minutes=8,
    steps=steps,
    analyse=analyse,
    lens=LensKind.PRIME,
    chart_moves=True,
)

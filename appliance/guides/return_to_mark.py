"""Return to mark: how surely a focus ring or follow focus comes back, and at which distance each mark lies.

Model, repeats. Return j from near (−) or far (+) has the image shift x_j = a ± B/2 + slip_j + s_j (µm, > 0 behind the
aim point): a is the mark, B = mean(from far) − mean(from near) the backlash, s_j scatter with standard deviation σ
(of hand, gear and photo; Student's t and χ² for the intervals), slip_j nothing, one step, or a trend over the
returns. The farthest that returns reach from the mark, |B|/2 + 2 σ, is judged by the tolerance T. A mark of the same
name, focal length and distance from an earlier visit is compared by a, with what photos of each visit share.

Model, calibration. At mark k the star stands at D_k from the sensor, by tape. The plane in focus lies at D_k + e_k,
e_k the mean of both ways' focus errors in mm. One backlash and one scatter (µm) hold for all marks; at least four
give an interval worth having.

Promises to name (five returns from each side): BACKLASH from |B| = T/2 + 3 σ on; RETURN_SCATTER from σ = 1.3 T;
SLIP_STEP and SLIP_TREND (WIRE_DRIFT for a lens that focuses by wire) from the larger of 14 σ and T/10 on, two returns
or more on either side of a step; MARK_MOVED from T + 5 of its standard uncertainty.

Cannot tell the hand from the gear, the gear from the lens, nor a step of the last return from one bad return. Focus
by wire that follows the speed of the hand looks like scatter.

References: t, χ² and least squares as in :mod:`appliance.guides.repeats`; guard band ISO 14253-1:2017.
"""

from __future__ import annotations

from appliance.guides._mark_calibration import (
    LEAST_MARKS,
    MOST_MARKS,
    calibration_finding,
    csv_of,
    mark_distance_mm,
    mark_name,
)
from appliance.guides._mark_returns import LEAST_RETURNS, RETURNS, returns_finding
from appliance.guides.case import Case
from appliance.guides.finding import Finding, not_yet
from appliance.guides.procedure import Input, Procedure, Step, StepKind

__all__ = ["PROCEDURE", "analyse", "csv_of", "steps"]

MODES = (("repeat", "How well it comes back"), ("calibrate", "Table: mark to distance"))
MOST_RETURNS = 10
LONGEST_NAME = 12
"""Characters of a mark's name that a step shows."""


def steps(case: Case) -> tuple[Step, ...]:
    """The steps that are known so far."""
    if case.word("setup", "mode", "repeat") == "calibrate":
        return (_setup(case), *(step for k in range(1, _marks(case) + 1) for step in _calibrate(case, k)))
    mark = case.word("setup", "mark", "A")[:LONGEST_NAME]
    count = int(case.number("setup", "returns", RETURNS))
    return (_setup(case), _set_mark(mark), *(_return(mark, j) for j in range(2 * count)))


def analyse(case: Case) -> Finding:
    """The finding of the photos so far."""
    if not case.answered("setup"):
        return not_yet("Say which mark is to be tested.")
    if case.word("setup", "mode") == "calibrate":
        return calibration_finding(case, _marks(case))
    return returns_finding(case)


def _marks(case: Case) -> int:
    return int(case.number("setup", "marks", 5))


def _setup(case: Case) -> Step:
    known = [name for past in case.past for name in past.finding.data.get("marks", {})]
    text = f" Marks kept of this lens: {', '.join(dict.fromkeys(known))}." if known else ""
    return Step(
        "setup",
        StepKind.ASK,
        "Which mark",
        f"Test how well focus returns to one mark, or make a table of marks and distances?{text}"[:300],
        "On the phone:\nwhich mark",
        inputs=(
            Input("mode", "What to do", "choice", default="repeat", choices=MODES),
            Input("mark", "Name of the mark", "text", default=known[0] if known else "A"),
            Input("returns", "Returns from each side", default=RETURNS, low=LEAST_RETURNS, high=MOST_RETURNS),
            Input("marks", "Marks in the table", default=5, low=LEAST_MARKS, high=MOST_MARKS),
        ),
    )


def _set_mark(mark: str) -> Step:
    return Step(
        "set-mark",
        StepKind.DO,
        "Set the mark",
        f"Focus on the star and put mark {mark} there on ring or follow focus; a mark that is there already stays. "
        "Camera and chart stay fixed.",
        f"Star sharp: put mark\n{mark} there.\nKeep camera fixed",
        restarts=True,
    )


def _return(mark: str, j: int) -> Step:
    side = "far" if j % 2 else "near"
    return Step(
        f"return-{j + 1}",
        StepKind.MEASURE,
        f"From {side} {j + 1}",
        f"Return {j + 1}: turn well towards {'infinity' if j % 2 else 'near'}, then back to mark {mark} in one go, "
        "without overshooting. Press.",
        f"From {'infinity' if j % 2 else 'near'}\nback to {mark},\nthen press",
        bench={"return_from": side, "return": j, "mark": mark},
    )


def _calibrate(case: Case, k: int) -> tuple[Step, ...]:
    ask = Step(
        f"mark-{k}",
        StepKind.ASK,
        f"Mark {k}",
        "Set the chart so that the star is about sharp at the next mark. Measure from the camera's "
        "sensor sign to the star. Type the mark, or the motor's number.",
        "Chart to next mark,\nmeasure, type both on\nthe phone",
        inputs=(
            Input("mark", "Mark, or motor's number", "text", default=str(k)),
            Input("distance_m", "Sensor to star", unit="m", low=0.1, high=50),
        ),
    )
    distance, name = mark_distance_mm(case, k), mark_name(case, k)[:LONGEST_NAME]
    return (ask, *(_at_mark(k, name, distance, far) for far in (False, True)))


def _at_mark(k: int, name: str, distance_mm: float | None, far: bool) -> Step:
    side = "far" if far else "near"
    return Step(
        f"mark-{k}-{side}",
        StepKind.MEASURE,
        f"Mark {k} from {side}",
        f"Turn well towards {'infinity' if far else 'near'}, then back to mark {name} in one go. Press.",
        f"From {'infinity' if far else 'near'}\nback to {name},\nthen press",
        distance_mm=distance_mm,
        bench={"return_from": side, "return": 2 * k + far, "mark": name, "star_at_mm": distance_mm},
    )


PROCEDURE = Procedure(
    name="return-to-mark",
    title="Return to mark",
    question="Does focus come back to its mark?",
    about="Returns to a mark from near and from far by turns. Finds scatter, backlash with its sign, slip, and whether "
    "the mark moved since the last visit; or makes a table of marks and distances for a follow focus.",
    minutes=6,
    steps=steps,
    analyse=analyse,
)

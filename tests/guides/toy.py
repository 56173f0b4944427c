"""A small procedure for tests of the engine: a question, a deed, two photos, and a third that the second asks for."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from appliance.focus.result import Reason, Result, Setup, Verdict
from appliance.guides.case import Case, Observation
from appliance.guides.finding import Band, Figure, Finding, Plot, Series, not_yet
from appliance.guides.procedure import Input, Procedure, Step, StepKind

SETUP = Setup(25.0, 2.8, 1.55)
AT = datetime(2026, 3, 3, 12, 0, tzinfo=UTC)


def result(shift_um: float | None, verdict: Verdict = Verdict.PASS, bound_mm: float | None = None) -> Result:
    return Result(
        verdict,
        (Reason("TEST", "Said by the test."),),
        None if shift_um is None else shift_um / 1.7,
        None if shift_um is None else 1.0,
        bound_mm,
        shift_um,
        None if shift_um is None else 1.7,
        43.8,
        magnification=1 / 24,
        budget_um={"noise": 0.6, "pose": 0.6},
    )


def photo(step: str, shift_um: float | None, sequence: int = 1, **more: Any) -> Observation:
    return Observation.of(step, sequence, AT, SETUP, result(shift_um, **more))


def steps(case: Case) -> tuple[Step, ...]:
    number = Input("mark_m", "Engraved distance", unit="m", default=0.6, low=0.3, high=10)
    planned = [
        Step("mark", StepKind.ASK, "WHICH MARK", "Which mark do you test?", inputs=(number,)),
        Step(
            "set",
            StepKind.DO,
            "SET THE MARK",
            "Turn the ring to the mark.",
            "Turn to the mark",
            restarts=True,
        ),
        Step(
            "wide",
            StepKind.MEASURE,
            "WIDE",
            "Press TEST.",
            focal_length_mm=24.0,
            bench={"focused_at_mm": 70.0},
        ),
        Step("tele", StepKind.MEASURE, "TELE", "Press TEST.", focal_length_mm=70.0, takes_bound=True),
    ]
    if "tele" in case.photos and abs(case.photos["tele"].image_shift_um or 99.0) > 10:
        planned.append(Step("again", StepKind.MEASURE, "TELE AGAIN", "Press TEST once more.", optional=True))
    return tuple(planned)


def analyse(case: Case) -> Finding:
    if "wide" not in case.photos:
        return not_yet("The wide end is missing: press TEST there.")
    shift = case.photos["wide"].shift_um
    plot = Plot(
        "Shift",
        "mm",
        "µm",
        (Series("photos", (24.0,), (shift,), (1.7,)),),
        (Band(-10, 10, "good"),),
        ((24.0, "wide"),),
    )
    return Finding(
        Verdict.PASS if abs(shift) < 10 else Verdict.FAIL_BACK,
        f"The wide end is off by {shift:g} µm.",
        (Figure("wide_um", "Wide end", shift, 1.7, "µm"),),
        () if abs(shift) < 10 else (Reason("WIDE_OFF", "The wide end is off."),),
        next_action="Nothing." if abs(shift) < 10 else "Shim it.",
        plots=(plot,),
        data={"mark_m": case.number("mark", "mark_m")},
    )


TOY = Procedure("toy", "Toy check", "Is the toy right?", "It is a toy.", 1, steps, analyse)

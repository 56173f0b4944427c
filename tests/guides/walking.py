"""Walks through any procedure as a technician would: answers, deeds and photos in turn, until nothing is left to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from guides.toy import AT, SETUP, result

from appliance.guides.case import BodyFacts, Case, LensFacts, Observation
from appliance.guides.procedure import LensKind, Procedure, Step, StepKind
from appliance.guides.run import Event, EventKind, Progress, fold

ZOOM = LensFacts("FC-24", "Canon", "24-70", "EF", 24.0, 70.0, 2.8, focus_drive="motor", iris="manual")
PRIME = LensFacts("FC-50", "Zeiss", "CP 50", "PL", 50.0, 50.0, 2.1, focus_drive="ring", iris="manual")
MAX_STEPS = 200
"""No procedure is longer; one that asks for ever is caught here."""


def start_of(procedure: Procedure, **changes: Any) -> Case:
    """A case that the procedure is for."""
    lens = PRIME if procedure.lens is LensKind.PRIME else ZOOM
    return replace(Case(SETUP, lens, BodyFacts("B-1", "Canon", "R5")), **changes)


def answers(step: Step) -> dict[str, Any]:
    """The defaults, and for what has none the first choice or the middle of what is allowed."""
    given: dict[str, Any] = {}
    for asked in step.inputs:
        if asked.default is not None:
            given[asked.name] = asked.default
        elif asked.kind == "choice":
            given[asked.name] = asked.choices[0][0]
        elif asked.kind == "number":
            low, high = asked.low or 0.0, 10.0 if asked.high is None else asked.high
            given[asked.name] = (low + high) / 2
        else:
            given[asked.name] = "some words"
    return {asked.name: asked.read(given[asked.name]) for asked in step.inputs}


def walk(
    procedure: Procedure, start: Case, shift_um: Callable[[Step, int], float | None]
) -> Iterator[tuple[Progress, list[Event]]]:
    """Every place that a run comes to, with the events before it; ``shift_um`` is what step and photo number give."""
    events: list[Event] = []
    for _ in range(MAX_STEPS):
        progress = fold(procedure, start, events)
        yield progress, list(events)
        step = progress.step
        if step is None:
            return
        if step.kind is StepKind.ASK:
            events.append(Event(EventKind.ANSWER, step.key, answers(step)))
        elif step.kind is StepKind.DO:
            events.append(Event(EventKind.DONE, step.key))
        else:
            number = sum(event.kind is EventKind.PHOTO for event in events) + 1
            setup = replace(
                SETUP,
                focal_length_mm=step.focal_length_mm or SETUP.focal_length_mm,
                f_number=step.f_number or SETUP.f_number,
                distance_mm=step.distance_mm,
            )
            tags = {"lens_tag": start.lens.tag, "body_tag": start.body.tag, "temperature_c": 20.0 + number}
            seen = Observation.of(step.key, number, AT, setup, result(shift_um(step, number)), **tags)
            events.append(Event(EventKind.PHOTO, step.key, {}, seen))
    raise AssertionError(f"{procedure.name} does not come to an end")

"""The engine: a run is a list of events, and this folds it into a case, the next step, and how far it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from appliance.errors import UsageError
from appliance.focus.result import Verdict
from appliance.guides.case import Case, Observation
from appliance.guides.finding import Finding
from appliance.guides.procedure import Procedure, Step, StepKind


class EventKind(StrEnum):
    """What can happen in a run."""

    ANSWER = "answer"
    DONE = "done"
    PHOTO = "photo"
    SKIP = "skip"
    REDO = "redo"
    """A step is to be done again; what it gave no longer counts."""


@dataclass(frozen=True)
class Event:
    """Something that happened in a run; events are only ever added."""

    kind: EventKind
    step: str
    data: Mapping[str, Any] = field(default_factory=dict)
    photo: Observation | None = None
    """What a PHOTO event's check gave; built from the stored check."""


@dataclass(frozen=True)
class Progress:
    """Where a run stands: ``step`` is None once nothing is left to do."""

    case: Case
    step: Step | None
    number: int
    """Of the step, from 1."""
    of: int
    """How many steps are known so far."""
    problem: str = ""
    """Why the last photo of this step does not count, as a sentence; empty if it does."""


def fold(procedure: Procedure, start: Case, events: Sequence[Event]) -> Progress:
    """Where a run of ``procedure`` stands after ``events``.

    An event that the procedure does not know (of an older version of it) is passed over.
    """
    case, problem = start, ""
    for event in events:
        case = _after(procedure, case, event)
        problem = _problem(procedure, case, event)
    steps = procedure.steps(case)
    for number, step in enumerate(steps, 1):
        if not case.handled(step.key):
            return Progress(case, step, number, len(steps), problem)
    return Progress(case, None, len(steps), len(steps))


def conclude(procedure: Procedure, case: Case) -> Finding:
    """The finding of what there is, with the advice that its figures bring up."""
    from appliance.guides.advice import advice_for

    finding = procedure.analyse(case)
    codes = tuple(dict.fromkeys((*finding.advice, *advice_for(case, finding))))
    return replace(finding, advice=codes)


def counts(step: Step, photo: Observation) -> bool:
    """Whether a photo settles its step: it has a figure, or a side or scale where that is enough."""
    if step.takes_scale and photo.magnification is not None:
        return True
    if photo.verdict is Verdict.INVALID:
        return False
    return photo.image_shift_um is not None or (step.takes_bound and photo.side != 0)


def answer_of(step: Step, given: Mapping[str, Any]) -> dict[str, Any]:
    """What an answer to an ASK step says, by input.

    Raises
    ------
    UsageError
        If a value is missing or cannot be.
    """
    if step.kind is not StepKind.ASK:
        raise UsageError(f"The step “{step.title}” asks nothing: {step.text}")
    return {asked.name: asked.read(given.get(asked.name)) for asked in step.inputs}


def step_named(procedure: Procedure, case: Case, key: str) -> Step:
    """The step of that key.

    Raises
    ------
    UsageError
        If the run has no such step.
    """
    for step in procedure.steps(case):
        if step.key == key:
            return step
    raise UsageError(
        "This guided check has no such step now. Reload the page, then go on from what it shows."
    )


def _after(procedure: Procedure, case: Case, event: Event) -> Case:
    key = event.step
    match event.kind:
        case EventKind.ANSWER:
            return replace(_without(case, (key,)), answers={**case.answers, key: dict(event.data)})
        case EventKind.DONE:
            return replace(case, done=case.done | {key}, skipped=case.skipped - {key})
        case EventKind.SKIP:
            return replace(case, skipped=case.skipped | {key})
        case EventKind.REDO:
            return _redone(procedure, case, key)
        case EventKind.PHOTO:
            known = {step.key: step for step in procedure.steps(case)}
            if event.photo is None or key not in known or not counts(known[key], event.photo):
                return case
            return replace(case, photos={**case.photos, key: event.photo}, skipped=case.skipped - {key})


def _redone(procedure: Procedure, case: Case, key: str) -> Case:
    steps = procedure.steps(case)
    keys = [step.key for step in steps]
    if key not in keys:
        return case
    at = keys.index(key)
    return _without(case, tuple(keys[at:]) if steps[at].restarts else (key,))


def _without(case: Case, keys: Sequence[str]) -> Case:
    gone = frozenset(keys)
    return replace(
        case,
        answers={key: value for key, value in case.answers.items() if key not in gone},
        photos={key: value for key, value in case.photos.items() if key not in gone},
        done=case.done - gone,
        skipped=case.skipped - gone,
    )


def _problem(procedure: Procedure, case: Case, event: Event) -> str:
    if event.kind is not EventKind.PHOTO or event.photo is None or event.step in case.photos:
        return ""
    photo = event.photo
    if photo.verdict is not Verdict.INVALID and photo.side:
        side = "behind" if photo.side > 0 else "in front of"
        return f"Focus lies {side} the whole chart: bring it nearer to the star, then press again."
    return (
        str(event.data.get("problem", ""))
        or "That photo cannot be measured. Put right what is named, then press again."
    )

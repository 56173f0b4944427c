"""How a measurement came about: stages with their stop rules, and what each of them did."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, Protocol, TypeVar


@dataclass(frozen=True)
class Step:
    """What one stage did: how many ``iterations``, what ``changed``, why it ``stopped``, and its time in seconds.

    ``within`` are the steps of its last fit, if that was one of several stages itself.
    """

    stage: str
    iterations: int
    changed: str
    stopped: str
    seconds: float
    within: tuple[Step, ...] = ()


@dataclass(frozen=True)
class Ran:
    """What a stage says of its own run."""

    iterations: int
    changed: str
    stopped: str
    within: tuple[Step, ...] = ()


class _Traced(Protocol):
    @property
    def trace(self) -> tuple[Step, ...]: ...


S = TypeVar("S", bound=_Traced)


@dataclass(frozen=True)
class Stage(Generic[S]):
    """One stage of a fit: from a state to the next, with its stop ``rule`` in words."""

    name: str
    rule: str
    run: Callable[[S], tuple[S, Ran]]


def run(stages: Sequence[Stage[S]], state: S) -> S:
    """Put a state through stages one after the other; each leaves a step on its ``trace``."""
    for stage in stages:
        start = time.perf_counter()
        state, ran = stage.run(state)
        step = Step(
            stage.name, ran.iterations, ran.changed, ran.stopped, time.perf_counter() - start, ran.within
        )
        # a state is a frozen dataclass; its type has no name for that
        changed: Any = replace(state, trace=(*state.trace, step))  # type: ignore[type-var]
        state = changed
    return state


def timed(stage: str, since: float, changed: str, stopped: str = "done", iterations: int = 1) -> Step:
    """A step that began at ``since`` of :func:`time.perf_counter` and ends now."""
    return Step(stage, iterations, changed, stopped, time.perf_counter() - since)


def explained(trace: Sequence[Step], indent: str = "") -> list[str]:
    """A line for each step, those within it set in below it."""
    lines = []
    for step in trace:
        many = f"{step.iterations} ×" if step.iterations != 1 else ""
        told = f"{1e3 * step.seconds:7.0f} ms {many:>5} {step.changed}; {step.stopped}"
        lines.append(f"{indent}{step.stage:<{26 - len(indent)}}{told}")
        lines += explained(step.within, indent + "  ")
    return lines

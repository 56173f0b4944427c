"""What a procedure is made of: steps that say what to do, and a conclusion drawn from what they gave."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal

from appliance.errors import UsageError

if TYPE_CHECKING:
    from appliance.guides.case import Case
    from appliance.guides.finding import Finding

MAX_STEP_WORDS = 45
"""A step's text is read standing, on a phone's screen in portrait: as many words fit it in the page's own type beside
the buttons (counted on a 360 × 640 px page)."""
MAX_OLED_ROWS, MAX_OLED_COLUMNS = 3, 21
"""What the OLED of 128 × 64 px shows of a step below its title, in its 6 × 12 px type."""


class StepKind(StrEnum):
    """What a step waits for."""

    ASK = "ask"
    """An answer, on the phone or the command line; a press takes the defaults where every input has one."""
    DO = "do"
    """Something done by hand at the bench, confirmed by a press."""
    MEASURE = "measure"
    """A press that takes and scores a photo."""


@dataclass(frozen=True)
class Input:
    """One thing that a step asks for.

    Attributes
    ----------
    kind:
        ``number`` (in ``unit``, within ``low`` … ``high``), ``choice`` (one of ``choices``) or ``text``.
    default:
        What is taken if nothing is said; None where it must be said.
    """

    name: str
    label: str
    kind: Literal["number", "choice", "text"] = "number"
    unit: str = ""
    default: float | str | None = None
    low: float | None = None
    high: float | None = None
    choices: tuple[tuple[str, str], ...] = ()
    """Value and words of each choice."""
    required: bool = True

    def read(self, given: Any) -> float | str | None:
        """The value that ``given`` (text from a form, or JSON) means.

        Raises
        ------
        UsageError
            If it is none, in the words of the label.
        """
        text = "" if given is None else str(given).strip()
        if not text:
            if self.default is None and self.required:
                raise UsageError(f"Say the {self.label.lower()}.")
            return self.default
        if self.kind == "choice":
            if text not in dict(self.choices):
                raise UsageError(f"{self.label} is one of: {', '.join(value for value, _ in self.choices)}.")
            return text
        return self._number(text) if self.kind == "number" else text[:200]

    def _number(self, text: str) -> float:
        try:
            value = float(text.replace("−", "-").replace(",", "."))
        except ValueError:
            raise UsageError(f"{self.label} is a number{f' in {self.unit}' if self.unit else ''}.") from None
        low, high = self.low, self.high
        if value != value or (low is not None and value < low) or (high is not None and value > high):
            limits = f"{'…' if low is None else f'{low:g}'} to {'…' if high is None else f'{high:g}'}"
            raise UsageError(f"{self.label} is {limits} {self.unit}".rstrip() + f", not {text}.")
        return value


@dataclass(frozen=True)
class Step:
    """One step of a procedure.

    Attributes
    ----------
    key:
        Names it within the run, for good: ``tele-1``.
    title:
        At most 16 characters, for the OLED too.
    text:
        What to do, at most ``MAX_STEP_WORDS`` plain words.
    oled:
        The same in at most three rows of 21 characters.
    focal_length_mm, f_number, distance_mm:
        What the lens and bench are set to for this photo, and are judged by; None: as the station says.
    bench:
        What the technician was told to do, as the simulated bench reads it (see :mod:`appliance.bench.world`).
    takes_bound:
        Whether a photo counts that shows only on which side of the chart focus lies.
    takes_scale:
        Whether a photo counts that shows the picture's scale, wherever focus lies.
    optional:
        Whether skipping it leaves the finding whole.
    restarts:
        Whether repeating this step makes those after it to be done anew, because it moves the lens.
    lens_tag, body_tag:
        Whose photo this is, where a run looks at several lenses or bodies; None: the run's own.
    """

    key: str
    kind: StepKind
    title: str
    text: str
    oled: str = ""
    inputs: tuple[Input, ...] = ()
    focal_length_mm: float | None = None
    f_number: float | None = None
    distance_mm: float | None = None
    bench: Mapping[str, Any] = field(default_factory=dict)
    takes_bound: bool = False
    takes_scale: bool = False
    optional: bool = False
    restarts: bool = False
    lens_tag: str | None = None
    body_tag: str | None = None


class LensKind(StrEnum):
    """Which lenses a procedure is for."""

    ANY = "any"
    ZOOM = "zoom"
    PRIME = "prime"


@dataclass(frozen=True)
class Procedure:
    """One guided check.

    ``steps(case)`` gives all steps that are known so far, in order; as answers and photos come in, steps may only be
    added behind those that are done. ``analyse(case)`` draws the conclusion from what there is, at any time; it says by
    the verdict INVALID, and in words, what is missing.
    """

    name: str
    title: str
    question: str
    """What it answers, as a technician asks it."""
    about: str
    """What it does and finds, in two sentences."""
    minutes: int
    """How long it takes at the bench."""
    steps: Callable[[Case], tuple[Step, ...]]
    analyse: Callable[[Case], Finding]
    lens: LensKind = LensKind.ANY
    needs_lens: bool = True
    needs_body: bool = False
    chart_moves: bool = False
    """Whether chart or camera are moved between steps."""

"""The rounds of an autofocus pair: which shots belong to one, what they say, and what to set next."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import hypot, sqrt
from statistics import fmean, median

from appliance.focus.result import Verdict
from appliance.guides.brands import Brand, brand_of
from appliance.guides.case import Case, Observation
from appliance.guides.repeats import Approaches, Estimate, approaches, by_approach, outliers

SHOTS = 8
"""A round's shots, half from near and half from far: with fewer, one missed shot cannot be told from scatter."""
EXTRA = 8
"""Shots more where eight are too few to tell."""
LAST_ROUND = 5
"""A pair that is not inside after four changes of fine-tune is one for the service."""
MOST_MISSED = 2
"""Of eight shots, so many can be told from scatter; more are scatter."""
FIRST_STEPS, LATER_STEPS = 5, 10
"""Most steps of one change: before and after the size of a step was seen on this body."""
CHANCE = 0.002
"""That a shot is called missed in a round of shots that all belong together."""
SAME = 0.03
"""By so much may the magnification of shots of one round differ: focusing alone changes it by less."""


@dataclass(frozen=True)
class Plan:
    """What to set next. ``move_um`` > 0 moves focus farther; ``value`` is None where the brand's sign is not known."""

    move_um: float
    steps: int
    value: float | None
    words: str
    oled: str


@dataclass(frozen=True)
class Judged:
    """One round with what it says. ``shots`` are in order; ``earlier`` is the round before it, of the same end."""

    end: str
    number: int
    value: float
    shots: tuple[Observation, ...]
    brand: Brand
    earlier: Judged | None = None

    @property
    def tolerance_um(self) -> float:
        """As the photos were judged by."""
        return median(shot.tolerance_um or 0.0 for shot in self.shots)

    @cached_property
    def measured(self) -> tuple[Observation, ...]:
        """Shots with a figure."""
        return tuple(shot for shot in self.shots if shot.image_shift_um is not None)

    @cached_property
    def belong(self) -> tuple[bool, ...]:
        """Which of the measured shots are not missed."""
        far = [from_far(shot) for shot in self.measured]
        strange = outliers(
            [shot.shift_um for shot in self.measured],
            by_approach(far),
            CHANCE,
            MOST_MISSED,
            self.tolerance_um,
        )
        return tuple(not odd for odd in strange)

    @property
    def good(self) -> tuple[Observation, ...]:
        """Measured shots that belong together."""
        return tuple(shot for shot, fine in zip(self.measured, self.belong, strict=True) if fine)

    @property
    def missed(self) -> int:
        """Shots far off the others, or beyond the chart."""
        return len(self.shots) - len(self.good)

    @property
    def problem(self) -> str:
        """Why the round gives no figure; empty if it does."""
        if len(self.shots) < SHOTS:
            return f"{SHOTS} shots are needed, half from near and half from far; there are {len(self.shots)}."
        near = sum(not from_far(shot) for shot in self.good)
        if min(near, len(self.good) - near) < 2:
            return "Too few shots from one side show where focus lies. Bring focus nearer to the star, then repeat."
        first = self.shots[0].setup
        if any(
            (s.setup.focal_length_mm, s.setup.f_number) != (first.focal_length_mm, first.f_number)
            for s in self.shots
        ):
            return "The shots were taken at different focal lengths or apertures. Repeat them with one."
        m = [shot.magnification or 0.0 for shot in self.measured]
        if max(m) > min(m) * (1 + SAME):
            return "Camera or chart moved between the shots. Fix both, then repeat."
        return ""

    @cached_property
    def told(self) -> Approaches:
        """What the shots that belong together say; only of a round without a problem."""
        near = [shot.shift_um for shot in self.good if not from_far(shot)]
        far = [shot.shift_um for shot in self.good if from_far(shot)]
        return approaches(near, far, sqrt(fmean(shot.u_photo_um**2 for shot in self.good)))

    @cached_property
    def error(self) -> Estimate:
        """Where the pair focuses, µm: > 0 behind the aim point."""
        return self.told.middle.with_shared(median(shot.u_shared_um for shot in self.good))

    @property
    def verdict(self) -> Verdict:
        """By the pair's error alone."""
        if self.problem:
            return Verdict.INVALID
        verdict = self.error.decide(self.tolerance_um)
        failed = verdict in (Verdict.FAIL_BACK, Verdict.FAIL_FRONT)
        return Verdict.RETEST if failed and not self.error.surely else verdict

    @property
    def failed(self) -> bool:
        """Whether the pair's error is beyond tolerance."""
        return self.verdict in (Verdict.FAIL_BACK, Verdict.FAIL_FRONT)

    @property
    def wants_more(self) -> bool:
        """Whether more shots of this round may settle it."""
        return self.verdict is Verdict.RETEST or (self.verdict is Verdict.PASS and self.missed == 1)

    @cached_property
    def um_per_step(self) -> float | None:
        """µm that one step of this body moves focus (> 0: plus is farther), as the last change showed; else None."""
        before = self.earlier
        if before is None:
            return None
        if before.problem or self.problem or before.value == self.value:
            return before.um_per_step
        moved = self.told.middle.value - before.told.middle.value
        if abs(moved) < 3 * hypot(self.told.middle.u, before.told.middle.u):
            return before.um_per_step
        return moved / (self.value - before.value)

    @property
    def wrong_way(self) -> bool:
        """Whether focus moved against the known sign of the brand: a value was entered or set with the wrong sign."""
        return (
            self.brand.sign != 0 and self.um_per_step is not None and self.um_per_step * self.brand.sign < 0
        )

    @property
    def plan(self) -> Plan | None:
        """What to set next; None where nothing is to be, or no more can be."""
        if not self.failed or self.wrong_way:
            return None
        seen = self.um_per_step
        size = abs(seen) if seen else self.brand.step_at(self.shots[0].setup.f_number)
        count = min(max(round(abs(self.error.value) / size), 1), LATER_STEPS if seen else FIRST_STEPS)
        farther = self.error.value < 0
        value = None
        if self.brand.sign:
            limit = self.brand.limit or 100
            value = max(-limit, min(limit, self.value + (count if farther else -count) * self.brand.sign))
            count = round(abs(value - self.value))
        return _plan(self, count, farther, value) if count else None


def _plan(judged: Judged, count: int, farther: bool, value: float | None) -> Plan:
    way, steps = "farther" if farther else "nearer", "step" if count == 1 else "steps"
    words = f"Move focus {way} by {count} {steps}"
    words += f": set {value:+g}" if value is not None else ", the way this camera's menu says"
    last = f"set {value:+g}" if value is not None else "see the menu for + −"
    return Plan(-judged.error.value, count, value, words, f"Focus {way}\nby {count} {steps}:\n{last}")


def from_far(shot: Observation) -> bool:
    """Whether focus came from infinity for this shot."""
    return side_of(int(shot.step.rsplit("-", 1)[1])) == "far"


def side_of(k: int) -> str:
    """Where focus is thrown to before shot ``k``: by turns, so that a drift does not look like one side."""
    return "near" if k % 2 else "far"


def at_hand(case: Case) -> tuple[str, ...]:
    """Ends of the zoom that are tested, or the one end of a prime."""
    if not case.lens.zoom:
        return ("prime",)
    ends = case.word("setup", "ends", "both")
    return ("wide", "tele") if ends == "both" else (ends,)


def focal_of(case: Case, end: str) -> float:
    """Focal length of an end, mm; the station's where the records say none."""
    lens = case.lens
    known = lens.focal_max_mm if end == "tele" else lens.focal_min_mm
    return known or case.setup.focal_length_mm


def value_in_round(case: Case, end: str, number: int) -> float:
    """The fine-tune that is set in a round."""
    if number == 1:
        return case.number("setup", f"value_{end}")
    return case.number(f"set-{end}-{number - 1}", "value", value_in_round(case, end, number - 1))


def judged_rounds(case: Case, end: str) -> list[Judged]:
    """The rounds of an end that have all their shots, in order."""
    brand, told = brand_of(case.word("setup", "brand")), list[Judged]()
    for number in range(1, LAST_ROUND + 1):
        keys = [f"{end}-{number}-{k}" for k in range(1, SHOTS + EXTRA + 1)]
        if not all(case.handled(key) for key in keys[:SHOTS]):
            break
        shots = tuple(case.photos[key] for key in keys if key in case.photos)
        value = value_in_round(case, end, number)
        told.append(Judged(end, number, value, shots, brand, told[-1] if told else None))
    return told

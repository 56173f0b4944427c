"""What shots say that were each focused anew: misses, hunting, time, scatter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import median

from appliance.focus.result import Reason, Verdict
from appliance.guides._focus_lock_finding import noise_of, plot_of, problem_of, shots_of, tolerance_of
from appliance.guides.case import Case, Observation
from appliance.guides.finding import Figure, Finding, not_yet
from appliance.guides.repeats import ONE_SIDED_95, Approaches, Estimate, approaches, share_interval

GUARD = 1.65
"""Of a single shot's u (ISO 14253-1:2017)."""
SLOW_S = 1.5
"""A motor runs through the whole focus range and back in about a second; longer, and it searched more than once."""
OFTEN = 0.1
"""Of the shots: more than so many (and more than one) that hunt or are not confirmed are named."""
MOST_MISSED = 1
"""One shot that missed may be chance; a second one fails the lens."""


@dataclass(frozen=True)
class _Shots:
    """The shots with what the camera told, or the technician saw, of them."""

    shots: tuple[Observation, ...]
    hunted: int
    failed: int
    seconds: float | None

    @cached_property
    def tolerance_um(self) -> float:
        return tolerance_of(self.shots)

    @cached_property
    def measured(self) -> list[Observation]:
        return [shot for shot in self.shots if shot.image_shift_um is not None]

    @cached_property
    def missed(self) -> int:
        lost = len(self.shots) - len(self.measured)
        return lost + sum(abs(s.shift_um) - GUARD * s.u_um > self.tolerance_um for s in self.measured)

    @cached_property
    def close(self) -> bool:
        """Whether a shot is too near to the tolerance to tell."""
        return any(abs(abs(s.shift_um) - self.tolerance_um) <= GUARD * s.u_um for s in self.measured)

    @cached_property
    def told(self) -> Approaches | None:
        near = [s.shift_um for s in self.measured if int(s.step.rsplit("-", 1)[1]) % 2]
        far = [s.shift_um for s in self.measured if not int(s.step.rsplit("-", 1)[1]) % 2]
        return approaches(near, far, noise_of(self.measured)) if min(len(near), len(far)) > 1 else None

    @property
    def hunts(self) -> bool:
        return self.hunted + self.failed > max(OFTEN * len(self.shots), 1)

    def scatters(self, told: Approaches) -> bool:
        return told.spread.bound(1 - ONE_SIDED_95) > self.tolerance_um / 2

    @property
    def slow(self) -> bool:
        return self.seconds is not None and self.seconds > SLOW_S


def each_finding(case: Case) -> Finding:
    """The finding of shots that were each focused anew."""
    photos = shots_of(case, "each")
    problem = problem_of(photos)
    if problem is not None:
        return problem
    seen = _seen(case, photos)
    told = seen.told
    if told is None:
        return not_yet("Shots from near and from far are needed. Repeat the missing ones.")
    error = told.middle.with_shared(median(s.u_shared_um for s in seen.measured))
    causes, verdict = _causes(seen, told), _verdict(seen, told)
    action = (
        "Clean the contacts, give more light, then test the autofocus pair." if causes else "Nothing to do."
    )
    if verdict is Verdict.RETEST:
        action = "Too close to tell: repeat with more shots."
    count = f"{seen.missed} of {len(photos)} shots outside tolerance"
    return Finding(
        verdict,
        f"Focused for each shot: {count}, scatter {told.spread.value:.1f} µm.",
        tuple(_figures(seen, told, error)),
        tuple(causes),
        ("MORE_LIGHT", "CONTACTS") if causes else (),
        action,
        (plot_of(photos, None),),
        signed=False,
        data={
            "mode": "each",
            "missed": seen.missed,
            "shots": len(photos),
            "scatter_um": told.spread.value,
            "seconds": seen.seconds,
            "body_tag": case.body.tag,
            "brand": case.word("setup", "brand"),
        },
    )


def _verdict(seen: _Shots, told: Approaches) -> Verdict:
    if seen.missed > MOST_MISSED or seen.hunts or seen.scatters(told):
        return Verdict.FAIL_BACK
    return Verdict.RETEST if seen.missed or seen.close else Verdict.PASS


def _causes(seen: _Shots, told: Approaches) -> list[Reason]:
    causes = []
    if seen.missed:
        causes.append(
            Reason("AF_MISSED", f"{seen.missed} of {len(seen.shots)} shots lie outside the tolerance.")
        )
    if seen.scatters(told):
        causes.append(Reason("AF_SCATTER", "Shots differ more than the tolerance allows."))
    if seen.hunts:
        causes.append(Reason("AF_HUNTING", "Autofocus searches, or does not confirm, in too many shots."))
    if seen.slow:
        causes.append(Reason("AF_SLOW", f"Autofocus takes {seen.seconds:.1f} s: more than one search."))
    return causes


def _figures(seen: _Shots, told: Approaches, error: Estimate) -> list[Figure]:
    low, high = share_interval(seen.missed, len(seen.shots))
    spread, share = told.spread, 100 * seen.missed / len(seen.shots)
    figures = [
        Figure("missed_percent", "Shots outside tolerance", share, None, "%", low=100 * low, high=100 * high),
        Figure("focus_error_um", "Autofocus error, mean", error.value, error.u95, "µm"),
        Figure("scatter_um", "Scatter (1 σ)", spread.value, None, "µm", low=spread.low, high=spread.high),
        Figure("hunted", "Shots in which it hunted", seen.hunted, main=bool(seen.hunted)),
        Figure("failed", "Shots without confirmation", seen.failed, main=bool(seen.failed)),
        Figure("tolerance_um", "Tolerance ±", seen.tolerance_um, None, "µm", main=False),
    ]
    if seen.seconds is not None:
        figures.append(Figure("seconds", "Time to focus", seen.seconds, None, "s", main=False))
    return figures


def _seen(case: Case, photos: Sequence[Observation]) -> _Shots:
    """As the camera told (figures af_hunts, af_failed, af_seconds of its photos), else as the technician saw."""
    hunts = [s.figures["af_hunts"] for s in photos if "af_hunts" in s.figures]
    fails = [s.figures["af_failed"] for s in photos if "af_failed" in s.figures]
    times = [s.figures["af_seconds"] for s in photos if "af_seconds" in s.figures]
    said = case.answers.get("seen", {}).get("seconds")
    return _Shots(
        tuple(photos),
        sum(count > 1 for count in hunts) if hunts else int(case.number("seen", "hunted")),
        sum(count > 0 for count in fails) if fails else int(case.number("seen", "failed")),
        median(times) if times else (None if said is None else float(said)),
    )

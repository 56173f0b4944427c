"""What a lens needs at a return visit: by its kind, what was found before, and what is due."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from appliance.focus.result import Verdict
from appliance.guides.case import LensFacts

EVERY_DAYS = 180
"""A guided check of the lens's kind is due after half a year where neither lens nor station say otherwise: each takes
minutes, so not at every return as the one press does."""
OF_ZOOMS = ("back-focus",)
OF_PRIMES = ("witness-marks",)
OF_MOTORS = ("autofocus",)
OF_RINGS = ("return-to-mark",)
MOST = 4


@dataclass(frozen=True)
class LastRun:
    """When a guided check of this lens was last concluded, and how."""

    at: datetime
    verdict: Verdict


@dataclass(frozen=True)
class Proposal:
    """A guided check that this lens needs now, and why."""

    check: str
    why: str


def proposals(
    lens: LensFacts,
    last: Mapping[str, LastRun],
    now: datetime,
    *,
    known: Collection[str],
    check_verdict: Verdict | None = None,
    every_days: int | None = None,
) -> tuple[Proposal, ...]:
    """What this lens needs, most urgent first, at most ``MOST``.

    Parameters
    ----------
    lens:
        What the records say of it.
    last:
        The newest concluded run by procedure.
    known:
        Names of the procedures that there are.
    check_verdict:
        Of the lens's newest plain check.
    every_days:
        After how many days a guided check is due again; None for ``EVERY_DAYS``.
    """
    days = every_days or EVERY_DAYS
    urgent, due = [], []
    for name in (name for name in _of_kind(lens) if name in known):
        run = last.get(name)
        if run is not None and run.verdict in (Verdict.FAIL_BACK, Verdict.FAIL_FRONT):
            urgent.append(Proposal(name, f"It failed this on {run.at:%-d %B %Y}: prove what was put right."))
        elif check_verdict in (Verdict.FAIL_BACK, Verdict.FAIL_FRONT) and name not in OF_RINGS:
            urgent.append(Proposal(name, "Its last check failed: this tells the cause."))
        elif run is not None and run.verdict is not Verdict.PASS:
            urgent.append(Proposal(name, f"It could not be told on {run.at:%-d %B %Y}."))
        elif run is None:
            due.append(Proposal(name, "Never done with this lens."))
        elif now - run.at > timedelta(days=days):
            due.append(Proposal(name, f"Last done on {run.at:%-d %B %Y}; due every {days} days."))
    return tuple((urgent + due)[:MOST])


def _of_kind(lens: LensFacts) -> tuple[str, ...]:
    """Names of the procedures for this kind of lens; none that its facts rule out."""
    by_wire = lens.focus_drive == "by wire"
    names: list[str] = []
    if lens.squeeze != 1.0:
        return ()
    if lens.zoom and not by_wire:
        names += OF_ZOOMS
    if lens.focus_drive == "motor":
        names += OF_MOTORS
    if lens.focal_min_mm is not None and not lens.zoom and not by_wire and lens.focus_drive != "motor":
        names += OF_PRIMES
    if lens.focus_drive in ("", "ring") and lens.focal_min_mm is not None:
        names += OF_RINGS
    return tuple(names)

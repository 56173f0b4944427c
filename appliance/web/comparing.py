"""A comparison in words: how a lens stands against its own past and its model, and since when."""

from __future__ import annotations

from datetime import datetime

from appliance.station.words import MINUS, signed
from appliance.store.compare import Comparison, Figure
from appliance.store.house import Visit
from appliance.store.trend import Middle

NOTABLE_SIGMAS = 3.0
LEAST_SHIFT_UM, LEAST_SOFTER = 1.0, 0.03
"""Smaller differences are not worth a sentence, however sure they are."""


def sentences(comparison: Comparison) -> list[str]:
    """What is to be said, the most important first; never empty once there are checks."""
    if not comparison.samples:
        return []
    said = [
        *_sharpness(comparison.sharpness),
        *_shift(comparison.shift, comparison.samples[-1].tolerance_um),
        *_model(comparison),
    ]
    return said or [_nothing(comparison)]


def _day(moment: datetime) -> str:
    return f"{moment.astimezone():%-d %B %Y}"


def since(figure: Figure) -> str:
    """``, since the return of 3 March 2026 (rental R-77)``."""
    if figure.changed is None:
        return ""
    visit: Visit | None = figure.since
    if visit is None:
        return f", since {_day(figure.changed.at)} (check {figure.changed.sequence})"
    rental = f" (rental {visit.rental})" if visit.rental else ""
    return f", since the {visit.kind} of {_day(visit.started_at)}{rental}"


def _sharpness(figure: Figure) -> list[str]:
    change, base = figure.change, figure.baseline
    if change is not None and change.before and abs(change.amount / change.before) >= LEAST_SOFTER:
        share = change.amount / change.before
        word = "Softer" if share < 0 else "Sharper"
        if change.kind == "drift":
            return [f"{word} than its own past by {abs(share):.0%}, little by little over all its checks."]
        return [f"{word} than its own past by {abs(share):.0%}{since(figure)}."]
    if base is None or figure.latest is None or base.count < 3 or not base.median:
        return []
    share = (figure.latest - base.median) / base.median
    if abs(share) < LEAST_SOFTER or abs(figure.latest - base.median) < NOTABLE_SIGMAS * base.sigma:
        return []
    return [
        f"{'Softer' if share < 0 else 'Sharper'} in its last check than its baseline by {abs(share):.0%}."
    ]


def _shift(figure: Figure, tolerance_um: float | None) -> list[str]:
    change, base = figure.change, figure.baseline
    if change is not None and abs(change.amount) >= LEAST_SHIFT_UM:
        where = "towards back focus" if change.amount > 0 else "towards front focus"
        if change.kind == "drift":
            rate = f"{signed(change.per_month, 1)} µm a month"
            return [f"Focus drifts {where}: {rate}, {signed(change.amount, 1)} µm in all.{_left(change.after, change.per_month, tolerance_um)}"]  # noqa: E501  # fmt: skip
        return [f"Focus has moved {where} by {abs(change.amount):.1f} µm{since(figure)}."]
    if base is None or figure.latest is None or base.count < 3:
        return []
    moved = figure.latest - base.median
    if abs(moved) < max(LEAST_SHIFT_UM, NOTABLE_SIGMAS * base.sigma):
        return []
    return [f"In its last check focus lies {signed(moved, 1)} µm from its baseline."]


def _left(now_um: float, per_month: float, tolerance_um: float | None) -> str:
    if tolerance_um is None or per_month == 0:
        return ""
    months = ((tolerance_um if per_month > 0 else -tolerance_um) - now_um) / per_month
    return f" At this rate it leaves its tolerance in {months:.0f} months." if 1 <= months <= 24 else ""


def _model(comparison: Comparison) -> list[str]:
    said = []
    sharp, shift = comparison.sharpness, comparison.shift
    whose = "the baseline of its model" if comparison.model_kept else ""
    if sharp.model is not None and sharp.latest is not None and sharp.model.median:
        share = (sharp.latest - sharp.model.median) / sharp.model.median
        far = abs(sharp.latest - sharp.model.median) > NOTABLE_SIGMAS * sharp.model.sigma
        word = "softer" if share < 0 else "sharper"
        if far and abs(share) >= LEAST_SOFTER:
            said.append(f"Much {word} than {whose or _others(sharp.model)}, by {abs(share):.0%}.")
        else:
            said.append(f"As sharp as {whose or _others(sharp.model)} ({share:+.0%}).".replace("-", MINUS))
    if shift.model is not None and shift.latest is not None:
        gap = shift.latest - shift.model.median
        if abs(gap) > max(NOTABLE_SIGMAS * shift.model.sigma, LEAST_SHIFT_UM):
            said.append(
                f"Its focus lies {signed(gap, 1)} µm from {whose or 'the middle of its model'}, which is unusual."
            )
    return said


def _others(model: Middle) -> str:
    return f"the {model.count} other copies of its model"


def _nothing(comparison: Comparison) -> str:
    count = len(comparison.samples) - comparison.since_adjustment
    if count < 3:
        return f"Too few checks to compare with its past: {count} since its last adjustment."
    return f"As it always was, over {count} checks."

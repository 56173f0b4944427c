"""Refuses to judge lenses while the golden lens says that the bench has moved, or was not asked in time."""

from __future__ import annotations

from dataclasses import replace

from appliance.config import Settings
from appliance.focus.reasons import reason
from appliance.focus.result import Reason, Result, Verdict
from appliance.store import Store
from appliance.store.clock import Moment
from appliance.store.golden_state import golden_state

OF_FOCUS = ("focus_error_", "flange_error_", "ring_turn_")
"""How the names of figures begin that tell where focus lies."""


def golden_reason(settings: Settings, store: Store, moment: Moment) -> Reason | None:
    """Why no lens can be judged now; None if the golden lens is in order, or there is none."""
    if not settings.golden_lens_tag:
        return None
    with store.reading() as session:
        state = golden_state(session, settings.golden_lens_tag, settings.golden_every_h, moment)
    tag = settings.golden_lens_tag
    if state.overdue:
        since = "was never checked" if state.check_sequence == 0 else f"was checked {_hours(state.age_h)} ago"
        return reason("GOLDEN_OVERDUE", tag=tag, since=since)
    if state.moved:
        return reason("GOLDEN_MOVED", tag=tag, offset=state.offset_um or 0.0)
    return None


def _hours(hours: float) -> str:
    return f"{hours:.0f} hours" if hours < 72 else f"{hours / 24:.0f} days"


def guarded(result: Result, why: Reason | None, refuse: bool) -> Result:
    """A check's result as the golden lens allows it: INVALID and without figures of focus, or with a warning.

    What cannot be measured anyway keeps its own reasons.
    """
    if why is None or result.verdict is Verdict.INVALID:
        return result
    if not refuse:
        return replace(result, reasons=(*result.reasons, why))
    figures = {name: v for name, v in result.figures.items() if not name.startswith(OF_FOCUS)}
    return replace(
        result,
        verdict=Verdict.INVALID,
        reasons=(why,),
        focus_error_mm=None,
        focus_error_mm_u95=None,
        focus_error_mm_at_least=None,
        image_shift_um=None,
        image_shift_um_u95=None,
        figures=figures,
    )

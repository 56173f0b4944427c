"""Lengths at the chart in the viewer's unit, millimetre or inch; figures at the sensor are µm for everybody."""

from __future__ import annotations

from flask import has_request_context, request

from appliance.focus.result import Result
from appliance.station import words

MM_PER_INCH = 25.4


def units() -> str:
    """``mm`` or ``inch``, as this phone prefers."""
    inch = has_request_context() and request.cookies.get("focuscheck_units") == "inch"
    return "inch" if inch else "mm"


def length(value_mm: float | None, u95_mm: float | None = None) -> str:
    """``+3.1 ± 0.6 mm`` or ``+0.122 ± 0.024 in``."""
    if units() == "mm":
        return words.figure(value_mm, u95_mm, "mm")
    if value_mm is None:
        return "–"
    value = words.signed(value_mm / MM_PER_INCH, 3)
    return f"{value} in" if u95_mm is None else f"{value} ± {u95_mm / MM_PER_INCH:.3f} in"


def focus_error(result: Result) -> str:
    """The focus error at the chart; ``beyond +120 mm``, or its side alone, where only that is known."""
    if units() == "mm":
        return words.focus_error(result)
    if result.bounded:
        return words.beyond(result, words.at_least(result, MM_PER_INCH, 2), "in")
    return length(result.focus_error_mm, result.focus_error_mm_u95)


def headline(result: Result) -> str:
    """One sentence on where the lens focuses."""
    if result.bounded and units() == "inch":
        return words.lies(result, words.at_least(result, MM_PER_INCH, 2), "in")
    if result.focus_error_mm is None or units() == "mm":
        return words.headline(result)
    error, u95 = result.focus_error_mm, result.focus_error_mm_u95 or 0.0
    if abs(error) <= u95:
        return f"Focus lies on the aim point as far as can be told: {length(error, u95)}."
    side = "behind" if error > 0 else "in front of"
    return f"Focus lies {abs(error) / MM_PER_INCH:.3f} in {side} the aim point, ± {u95 / MM_PER_INCH:.3f} in."

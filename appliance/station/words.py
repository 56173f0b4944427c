"""A result in words: the sentences and figures that page and OLED share."""

from __future__ import annotations

from math import floor, log10

from appliance.focus.judge.wording import towards_zero
from appliance.focus.result import Result, Verdict

MINUS = "−"
"""A true minus sign, as wide as the plus."""


def decimals(u95: float | None) -> int:
    """Decimal places worth showing beside an uncertainty: two significant digits of it, at most two places."""
    if u95 is None or u95 <= 0:
        return 1
    return min(max(1 - floor(log10(u95)), 0), 2)


def signed(value: float, places: int) -> str:
    """``+3.1`` or ``−0.4``; zero has no sign."""
    text = f"{abs(value):.{places}f}"
    if float(text) == 0:
        return text
    return ("+" if value > 0 else MINUS) + text


def at_least(result: Result, unit_mm: float = 1.0, finest: int = 1) -> str:
    """The bound as ``+120`` or ``−3.4`` units, never more than is known; empty if that is nothing.

    ``finest`` decimals below ten.
    """
    bound = (result.focus_error_mm_at_least or 0.0) / unit_mm
    places = 0 if abs(bound) >= 10 else finest
    least = towards_zero(bound, places)
    return signed(least, places) if least else ""


def figure(value: float | None, u95: float | None, unit: str) -> str:
    """``+3.1 ± 0.6 mm``; a dash if there is no value."""
    if value is None:
        return "–"
    if u95 is None:
        return f"{signed(value, 1)} {unit}"
    places = decimals(u95)
    return f"{signed(value, places)} ± {u95:.{places}f} {unit}"


def lens_setting(focal_length_mm: float | None, f_number: float | None) -> str:
    """``70 mm f/2.8`` as far as either is known."""
    focal = "" if focal_length_mm is None else f"{focal_length_mm:g} mm"
    stop = "" if f_number is None else f"f/{f_number:g}"
    return f"{focal} {stop}".strip()


def headline(result: Result) -> str:
    """One sentence on where the lens focuses."""
    if result.bounded:
        return lies(result, at_least(result), "mm")
    error = result.focus_error_mm
    if error is None:
        return result.reasons[0].text if result.reasons else "The photo could not be measured."
    u95 = result.focus_error_mm_u95 or 0.0
    places = decimals(u95)
    if abs(error) <= u95:
        return f"Focus lies on the aim point as far as can be told: {signed(error, places)} ± {u95:.{places}f} mm."
    return f"Focus lies {abs(error):.{places}f} mm {_side(result)} the aim point, ± {u95:.{places}f} mm."


def focus_error(result: Result) -> str:
    """The focus error at the chart, mm; ``beyond +120 mm``, or its side alone, where only that is known."""
    if result.bounded:
        return beyond(result, at_least(result), "mm")
    return figure(result.focus_error_mm, result.focus_error_mm_u95, "mm")


def beyond(result: Result, least: str, unit: str) -> str:
    """``beyond +120 mm``, or only the side of the aim point where it is not known by what :func:`at_least`."""
    return f"beyond {least} {unit}" if least else f"{_side(result)} the aim point"


def lies(result: Result, least: str, unit: str) -> str:
    """On which side of the aim point focus lies where there is no figure, and by what :func:`at_least`."""
    by = f", by {least.lstrip('+' + MINUS)} {unit} or more" if least else ""
    return f"Focus lies {_side(result)} the aim point{by}; this photo does not show how far."


def _side(result: Result) -> str:
    return "behind" if result.side > 0 else "in front of"


def what_it_means(result: Result) -> str:
    """One sentence on what the verdict means for the person at the bench."""
    tolerance = "" if result.tolerance_um is None else f" (± {result.tolerance_um:.0f} µm at the sensor)"
    return {
        Verdict.PASS: f"The whole of the uncertainty lies within the tolerance{tolerance}.",
        Verdict.FAIL_BACK: f"Back focus beyond the tolerance{tolerance}: move focus nearer, then test again.",
        Verdict.FAIL_FRONT: f"Front focus beyond the tolerance{tolerance}: move focus farther, then test again.",
        Verdict.RETEST: f"Too close to the tolerance{tolerance} to tell. Nothing is said of the lens; test again.",
        Verdict.INVALID: "Nothing is said of the lens. Put right what is named, then test again.",
    }[result.verdict]

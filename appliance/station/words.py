"""A result in words: the sentences and figures that page and OLED share."""

from __future__ import annotations

from math import copysign, floor, log10

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


def at_least(bound: float) -> str:
    """``+120`` or ``−3.4``, towards zero, so that what is promised is not more than is known; empty if that is zero."""
    places = 0 if abs(bound) >= 10 else 1
    text = signed(copysign(floor(abs(bound) * 10**places) / 10**places, bound), places)
    return text if float(text.replace(MINUS, "-")) else ""


def figure(value: float | None, u95: float | None, unit: str) -> str:
    """``+3.1 ± 0.6 mm``; a dash if there is no value."""
    if value is None:
        return "–"
    if u95 is None:
        return f"{signed(value, 1)} {unit}"
    places = decimals(u95)
    return f"{signed(value, places)} ± {u95:.{places}f} {unit}"


def headline(result: Result) -> str:
    """One sentence on where the lens focuses."""
    error, bound = result.focus_error_mm, result.focus_error_mm_at_least
    if error is None and bound is not None:
        by = at_least(bound).lstrip("+" + MINUS)
        far = f", by {by} mm or more" if by else ""
        return f"Focus lies {_side(result)} the aim point{far}; the chart is too small to show how far."
    if error is None:
        return result.reasons[0].text if result.reasons else "The photo could not be measured."
    u95 = result.focus_error_mm_u95 or 0.0
    places = decimals(u95)
    if abs(error) <= u95:
        return f"Focus lies on the aim point as far as can be told: {signed(error, places)} ± {u95:.{places}f} mm."
    return f"Focus lies {abs(error):.{places}f} mm {_side(result)} the aim point, ± {u95:.{places}f} mm."


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

"""A finding's figures in words, for page and paper."""

from __future__ import annotations

from appliance.guides.finding import Figure
from appliance.station.words import MINUS, decimals, signed

_SIGNLESS = (
    "sigma", "scatter", "spread", "mtf", "sharp", "count", "share", "grr", "tolerance", "distance", "stop", "depth",
    "repeatab", "reproduc", "time", "f_number", "limit", "number", "radius", "smallest",
)  # fmt: skip
"""Parts of the names of figures that have no direction: a plus sign before them would ask ``plus what?``."""


def figure_text(figure: Figure) -> str:
    """``+3.1 ± 0.6 µm``; ``2.1 µm (1.5 to 3.4)`` where the interval is uneven; the bare value where it has none."""
    unit = f" {figure.unit}" if figure.unit else ""
    if figure.u95 is not None:
        places = decimals(figure.u95)
        return f"{_value(figure, places)} ± {figure.u95:.{places}f}{unit}"
    if figure.interval is not None:
        low, high = figure.interval
        places = decimals((high - low) / 2)
        ends = " to ".join(_plain(end, places) for end in (low, high))
        return f"{_value(figure, places)}{unit} ({ends})"
    bare = (
        f"{figure.value:.4g}" if abs(figure.value) >= 100 else f"{figure.value:.2f}".rstrip("0").rstrip(".")
    )
    return bare.replace("-0", "0" if float(bare) == 0 else "-0", 1).replace("-", MINUS) + unit


def _value(figure: Figure, places: int) -> str:
    if any(part in figure.name for part in _SIGNLESS):
        return _plain(figure.value, places)
    return signed(figure.value, places)


def _plain(value: float, places: int) -> str:
    return f"{value:.{places}f}".replace("-", MINUS)

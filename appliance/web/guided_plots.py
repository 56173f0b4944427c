"""The page's drawings of focus assist and alignment: sharpness with its peak held, figures against their limits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from appliance.web.svg import svg, tag, text

FULL_SCALES = (5.0, 10.0, 20.0, 35.0, 50.0, 75.0, 100.0)
"""Sharpness at the bars' right end: the first that leaves room beyond the peak, so that the scale seldom jumps."""
_LEFT, _WIDTH = 58.0, 250.0
_ROWS = (("middle", 18.0, 30.0), ("near", 62.0, 18.0), ("far", 88.0, 18.0))


def sharpness_bars(figures: Mapping[str, Any]) -> Markup:
    """Middle with the peak so far, near and far half, all on one scale."""
    peak = float(figures["peak"])
    shown = {name: figures.get(name) for name, _, _ in _ROWS}
    most = max([peak, *(float(value) for value in shown.values() if value is not None)])
    full = next((scale for scale in FULL_SCALES if 1.05 * most <= scale), FULL_SCALES[-1])
    shapes = []
    for name, top, height in _ROWS:
        value = shown[name]
        middle = top + height / 2 + 4
        shapes.append(text(_LEFT - 8, middle, name, anchor="end"))
        shapes.append(tag("rect", x=_LEFT, y=top, width=_WIDTH, height=height, rx=4, class_="track"))
        if value is not None:
            reach = _WIDTH * min(float(value) / full, 1.0)
            shapes.append(
                tag("rect", x=_LEFT, y=top, width=reach, height=height, rx=4, class_=f"fill {name}")
            )
        shapes.append(text(_LEFT + _WIDTH + 8, middle, _short(value), anchor="start"))
    if peak > 0:
        x = _LEFT + _WIDTH * min(peak / full, 1.0)
        shapes.append(tag("line", x1=x, x2=x, y1=14.0, y2=52.0, class_="peak"))
        shapes.append(text(x, 10, f"best {peak:.1f}"))
    told = ", ".join(f"{name} {_short(value)}" for name, value in shown.items())
    return svg(360, 110, f"Sharpness: {told}; best {peak:.1f}", shapes, "sharpness")


def _short(value: float | None) -> str:
    return "–" if value is None else f"{float(value):.1f}"


def limit_gauge(figure: Mapping[str, Any]) -> Markup:
    """One figure of alignment as a needle against its limits; for the eye only, the words stand beside it."""
    low, high = figure["low"], figure["high"]
    if high is None:
        start, end, high = 0.0, 1.0, 1.0
    else:
        start, end = low - (high - low) / 2, high + (high - low) / 2
    share = [min(max((value - start) / (end - start), 0.0), 1.0) for value in (low, high, figure["value"])]
    left, right, needle = (4 + 352 * part for part in share)
    shapes = (
        tag("rect", x=4.0, y=6.0, width=352.0, height=8.0, rx=4, class_="track"),
        tag("rect", x=left, y=6.0, width=right - left, height=8.0, class_="band"),
        tag("circle", cx=needle, cy=10.0, r=6.5, class_="needle good" if figure["good"] else "needle"),
    )
    return tag("svg", Markup("").join(shapes), viewBox="0 0 360 20", aria_hidden="true", class_="limits")

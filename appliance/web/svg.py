"""Writes SVG safely: every text escaped, every number short."""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil, floor, log10

from markupsafe import Markup


def tag(name: str, content: str | Markup = "", **attributes: object) -> Markup:
    """An element; ``class_`` is its class, other underscores become hyphens."""
    parts = []
    for key, value in attributes.items():
        text = f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else value
        parts.append(Markup(' {}="{}"').format(key.rstrip("_").replace("_", "-"), text))
    return Markup("<{0}{1}>{2}</{0}>").format(Markup(name), Markup("").join(parts), content)


def svg(width: float, height: float, label: str, shapes: Iterable[Markup], class_: str) -> Markup:
    """A drawing with its description for those who cannot see it."""
    view = f"0 0 {width:g} {height:g}"
    title = tag("title", label)
    return tag("svg", title + Markup("").join(shapes), viewBox=view, role="img", class_=class_)


def text(x: float, y: float, words: str, class_: str = "label", anchor: str = "middle") -> Markup:
    """A line of text."""
    return tag("text", words, x=x, y=y, class_=class_, text_anchor=anchor)


def ticks(low: float, high: float, count: int) -> list[float]:
    """About ``count`` round numbers between two bounds."""
    rough = (high - low) / count
    power = 10.0 ** floor(log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
    first = ceil(low / step)
    return [k * step for k in range(first, floor(high / step) + 1)]

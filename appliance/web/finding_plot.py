"""Draws a guided check's plots: one drawing for page and PDF, from :class:`~appliance.guides.finding.Plot`."""

from __future__ import annotations

from math import isfinite

from markupsafe import Markup

from appliance.guides.finding import Band, Plot, Series
from appliance.station.words import MINUS
from appliance.web.svg import svg, tag, text, ticks

_LEFT, _RIGHT, _TOP, _BOTTOM = 44.0, 388.0, 26.0, 214.0
_LEGEND_LEFT, _LEGEND_STEP, _CHARACTER = 12.0, 16.0, 6.1
"""Where the legend begins, from line to line, and how wide a character of it is at most, in drawing units."""
_MOST_TITLE = 46
"""Characters of a label that fit the drawing's width."""
COLOURS = 4
"""Series are told apart by colour and by shape, in turn."""
_R = 4.0
BAND_REACH = 2.0
"""A band is shown as far as so many times the spread of the points beyond them: a tolerance of a millimetre must not
press the points into a line."""


def finding_plot(plot: Plot) -> Markup:
    """The plot as SVG; empty if it has no point."""
    if not any(series.x for series in plot.series):
        return Markup("")
    drawing = _Drawing(plot)
    legend, below = drawing.legend()
    shapes = [
        *drawing.bands(),
        *drawing.axes(),
        *(shape for k, series in enumerate(plot.series) for shape in drawing.series(k, series)),
        *legend,
    ]
    told = ", ".join(filter(None, (series.label for series in plot.series)))
    label = f"{plot.title}: {plot.y_label} against {plot.x_label}" + (f"; {told}" if told else "")
    return svg(400, below, label, shapes, "curve-plot finding-plot")


def _number(value: float) -> str:
    return f"{round(value, 9):g}".replace("-", MINUS)


class _Drawing:
    """The plot's frame and scales."""

    def __init__(self, plot: Plot) -> None:
        self.plot = plot
        xs = [x for series in plot.series for x in series.x] + [at for at, _ in plot.x_ticks]
        ys = [y for series in plot.series for end in (-1, 1) for y in _ends(series, end)]
        self.x_low, self.x_high = _widened(min(xs), max(xs), 0.06)
        low, high = min(ys), max(ys)
        spread = high - low or abs(high) or 1.0
        for band in plot.bands:
            low = min(low, max(_finite(band.low, low), low - BAND_REACH * spread))
            high = max(high, min(_finite(band.high, high), high + BAND_REACH * spread))
        self.y_low, self.y_high = _widened(low, high, 0.08)

    def x(self, value: float) -> float:
        return _LEFT + (value - self.x_low) / (self.x_high - self.x_low) * (_RIGHT - _LEFT)

    def y(self, value: float) -> float:
        share = min(max((value - self.y_low) / (self.y_high - self.y_low), 0.0), 1.0)
        return _BOTTOM - share * (_BOTTOM - _TOP)

    def bands(self) -> list[Markup]:
        return [shape for band in self.plot.bands for shape in self._band(band)]

    def _band(self, band: Band) -> list[Markup]:
        top, bottom = self.y(_finite(band.high, self.y_high)), self.y(_finite(band.low, self.y_low))
        shapes = [tag("rect", x=_LEFT, y=top, width=_RIGHT - _LEFT, height=bottom - top, class_="band")]
        if band.label:
            shapes.append(text(_RIGHT - 4, top + 12, band.label, anchor="end"))
        return shapes

    def axes(self) -> list[Markup]:
        shapes = []
        for value in ticks(self.y_low, self.y_high, 5):
            y = self.y(value)
            shapes.append(tag("line", x1=_LEFT, x2=_RIGHT, y1=y, y2=y, class_="grid"))
            shapes.append(text(_LEFT - 5, y + 4, _number(value), anchor="end"))
        if self.y_low < 0 < self.y_high:
            shapes.append(tag("line", x1=_LEFT, x2=_RIGHT, y1=self.y(0.0), y2=self.y(0.0), class_="aim"))
        marks = self.plot.x_ticks or [(v, _number(v)) for v in ticks(self.x_low, self.x_high, 6)]
        for at, words in marks:
            shapes.append(
                tag("line", x1=self.x(at), x2=self.x(at), y1=_BOTTOM, y2=_BOTTOM + 4, class_="aim-tick")
            )
            shapes.append(text(self.x(at), _BOTTOM + 16, words))
        frame = f"M{_LEFT:g} {_TOP:g}V{_BOTTOM:g}H{_RIGHT:g}"
        shapes.append(tag("path", d=frame, class_="axis"))
        shapes.append(text(4, 13, _short(self.plot.y_label), anchor="start"))
        shapes.append(text((_LEFT + _RIGHT) / 2, _BOTTOM + 33, _short(self.plot.x_label)))
        return shapes

    def series(self, k: int, series: Series) -> list[Markup]:
        colour = f"s{k % COLOURS}"
        places = sorted(zip(series.x, series.y, strict=True)) if series.style == "line" else []
        if places:
            path = " ".join(f"{self.x(x):.1f},{self.y(y):.1f}" for x, y in places)
            return [tag("polyline", points=path, class_=f"curve-line {colour}-line")]
        shapes = [] if not series.u95 else [self._bars(series)]
        for x, y in zip(series.x, series.y, strict=True):
            shapes.append(_mark(self.x(x), self.y(y), k, series.style))
        return shapes

    def _bars(self, series: Series) -> Markup:
        bars = (
            f"M{self.x(x):.1f} {self.y(y - u):.1f}V{self.y(y + u):.1f}"
            for x, y, u in zip(series.x, series.y, series.u95, strict=True)
        )
        return tag("path", d="".join(bars), class_="t-bar")

    def legend(self) -> tuple[list[Markup], float]:
        """What each series is, and the drawing's height with it; nothing where there is only one to tell."""
        named = [(k, series) for k, series in enumerate(self.plot.series) if series.label and series.x]
        y = _BOTTOM + 52
        if len(named) < 2:
            return [], y - 10
        shapes, x = [], _LEGEND_LEFT
        for k, series in named:
            width = 18 + _CHARACTER * len(series.label) + 12
            if x > _LEGEND_LEFT and x + width > 400:
                x, y = _LEGEND_LEFT, y + _LEGEND_STEP
            if series.style == "line":
                line = f"{x - 6:.1f},{y - 4:.1f} {x + 6:.1f},{y - 4:.1f}"
                shapes.append(tag("polyline", points=line, class_=f"curve-line s{k % COLOURS}-line"))
            else:
                shapes.append(_mark(x, y - 4, k, series.style))
            shapes.append(text(x + 11, y, series.label, anchor="start"))
            x += width
        return shapes, y + 10


def _ends(series: Series, sign: int) -> list[float]:
    if not series.u95:
        return list(series.y)
    return [y + sign * u for y, u in zip(series.y, series.u95, strict=True)]


def _finite(value: float, otherwise: float) -> float:
    return value if isfinite(value) else otherwise


def _widened(low: float, high: float, share: float) -> tuple[float, float]:
    margin = share * (high - low) or 0.5 * abs(high) or 1.0
    return low - margin, high + margin


def _short(words: str) -> str:
    return words if len(words) <= _MOST_TITLE else words[: _MOST_TITLE - 1] + "…"


def _mark(x: float, y: float, k: int, style: str) -> Markup:
    """One point: a shape of its own for each series, hollow before an adjustment, a cross where it does not count."""
    if style == "outliers":
        left, right, top, bottom = (f"{v:.1f}" for v in (x - _R, x + _R, y - _R, y + _R))
        cross = f"M{left} {top}L{right} {bottom}M{left} {bottom}L{right} {top}"
        return tag("path", d=cross, class_="outlier")
    class_ = "before" if style == "before" else f"s{k % COLOURS}"
    match k % COLOURS:
        case 1:
            return tag("rect", x=x - 3.5, y=y - 3.5, width=7.0, height=7.0, class_=class_)
        case 2:
            corners = f"{x:.1f},{y - 4.8:.1f} {x + 4.4:.1f},{y + 3.4:.1f} {x - 4.4:.1f},{y + 3.4:.1f}"
            return tag("polygon", points=corners, class_=class_)
        case 3:
            corners = f"{x:.1f},{y - 5:.1f} {x + 5:.1f},{y:.1f} {x:.1f},{y + 5:.1f} {x - 5:.1f},{y:.1f}"
            return tag("polygon", points=corners, class_=class_)
    return tag("circle", cx=x, cy=y, r=_R, class_=class_)

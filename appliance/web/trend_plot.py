"""A lens's history as a drawing: each check with its interval, the tolerance, visits and adjustments."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from markupsafe import Markup

from appliance.station.words import signed
from appliance.store.compare import Comparison, Sample
from appliance.store.house import Adjustment, Visit
from appliance.web.svg import svg, tag, text, ticks

_LEFT, _RIGHT, _TOP, _BOTTOM = 38.0, 388.0, 26.0, 196.0
MOST_SHOWN = 120
_COLOURS = {"PASS": "t-pass", "FAIL_BACK": "t-fail", "FAIL_FRONT": "t-fail", "RETEST": "t-retest"}


def trend(comparison: Comparison, visits: Sequence[Visit], adjustments: Sequence[Adjustment]) -> Markup:
    """Focus error at the sensor (µm) against time, front focus below, back focus above.

    The newest ``MOST_SHOWN`` samples are drawn, and what happened between them; empty without a sample.
    """
    samples = comparison.samples[-MOST_SHOWN:]
    if not samples:
        return Markup("")
    plot = _Plot(samples)
    shapes = plot.ground(samples)
    baseline = comparison.shift.baseline
    if baseline is not None and baseline.count >= 3:
        y = plot.y(baseline.median)
        shapes.append(tag("line", x1=_LEFT, x2=_RIGHT, y1=y, y2=y, class_="t-base"))
    for visit in visits:
        shapes += plot.event(visit.started_at, "◂" if visit.kind == "return" else "▸", "t-visit")
    for adjustment in adjustments:
        shapes += plot.event(adjustment.made_at, "✱", "t-adjust")
    shapes += plot.points(samples)
    last = samples[-1]
    label = (
        f"Trend of {len(samples)} checks; the last one {signed(last.image_shift_um, 1)} µm, "
        f"tolerance ± {last.tolerance_um or 0:.0f} µm"
    )
    return svg(400, 232, label, shapes, "trend")


class _Plot:
    def __init__(self, samples: Sequence[Sample]) -> None:
        times = [sample.at for sample in samples]
        self.first, self.last = min(times), max(times)
        if self.last - self.first < timedelta(hours=1):
            self.first, self.last = self.first - timedelta(hours=1), self.last + timedelta(hours=1)
        self.span = (self.last - self.first).total_seconds()
        tolerance = max((sample.tolerance_um or 0.0) for sample in samples)
        reach = max(abs(sample.image_shift_um) + sample.image_shift_um_u95 for sample in samples)
        self.reach = min(max(1.25 * tolerance, 1.1 * reach), 6 * tolerance or 1.1 * reach) or 1.0

    def x(self, at: datetime) -> float:
        share = (at - self.first).total_seconds() / self.span
        return _LEFT + 8 + share * (_RIGHT - _LEFT - 16)

    def y(self, shift_um: float) -> float:
        share = min(max(shift_um / self.reach, -1.0), 1.0)
        return (_TOP + _BOTTOM) / 2 - share * (_BOTTOM - _TOP) / 2

    def ground(self, samples: Sequence[Sample]) -> list[Markup]:
        shapes = []
        tolerance = samples[-1].tolerance_um
        if tolerance:
            top, bottom = self.y(tolerance), self.y(-tolerance)
            shapes.append(
                tag("rect", x=_LEFT, y=top, width=_RIGHT - _LEFT, height=bottom - top, class_="band")
            )
        for value in ticks(-self.reach, self.reach, 5):
            y = self.y(value)
            shapes.append(tag("line", x1=_LEFT, x2=_RIGHT, y1=y, y2=y, class_="grid"))
            shapes.append(text(_LEFT - 4, y + 4, signed(value, 0), anchor="end"))
        axis = f"M{_LEFT:g} {_TOP:g}V{_BOTTOM:g}H{_RIGHT:g}"
        shapes.append(tag("path", d=axis, class_="axis"))
        shapes.append(text(4, 12, "focus error at the sensor, µm (+ back)", anchor="start"))
        for at, anchor in ((self.first, "start"), (self.last, "end")):
            x = _LEFT if anchor == "start" else _RIGHT
            shapes.append(text(x, _BOTTOM + 16, f"{at.astimezone():%-d %b %Y}", anchor=anchor))
        shapes.append(text((_LEFT + _RIGHT) / 2, _BOTTOM + 32, "◂ return   ▸ check-out   ✱ adjusted"))
        return shapes

    def event(self, at: datetime, sign: str, class_: str) -> list[Markup]:
        if not self.first <= at <= self.last:
            return []
        x = self.x(at)
        line = tag("line", x1=x, x2=x, y1=_TOP, y2=_BOTTOM, class_=class_)
        return [line, text(x, _BOTTOM - 4, sign, f"label {class_}-sign")]

    def points(self, samples: Sequence[Sample]) -> list[Markup]:
        bars: list[str] = []
        dots: dict[str, list[str]] = {}
        for sample in samples:
            x, u95 = self.x(sample.at), sample.image_shift_um_u95
            high, low = self.y(sample.image_shift_um + u95), self.y(sample.image_shift_um - u95)
            bars.append(f"M{x:.1f} {high:.1f}V{low:.1f}")
            class_ = _COLOURS.get(sample.verdict, "t-retest")
            dots.setdefault(class_, []).append(f"M{x:.1f} {self.y(sample.image_shift_um):.1f}h0")
        shapes = [tag("path", d="".join(bars), class_="t-bar")]
        shapes += [tag("path", d="".join(parts), class_=f"t-dot {name}") for name, parts in dots.items()]
        return shapes

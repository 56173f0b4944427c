"""The page's drawing of how to read the chart's bar: a steel ruler along it, its 10 mm line at the bar's left end."""

from __future__ import annotations

from markupsafe import Markup

from appliance.chart.bar import BAR_MM
from appliance.web.svg import svg, tag, text

START_MM = 10.0
"""Where the bar begins on the ruler."""
_PX_PER_MM, _LEFT, _RULER_TOP, _RULER_HEIGHT = 2.9, 12.0, 52.0, 52.0


def bar_and_ruler(bar_mm: float | None = None) -> Markup:
    """The bar above the ruler; an example's reading where none is kept."""
    shown = BAR_MM if bar_mm is None else bar_mm
    end = START_MM + shown
    shapes = [
        tag("rect", x=_x(START_MM), y=30.0, width=_x(end) - _x(START_MM), height=16.0, class_="ink"),
        tag("rect", x=2.0, y=_RULER_TOP, width=356.0, height=_RULER_HEIGHT, rx=2, class_="steel"),
    ]
    marks = []
    for mm in range(0, 119):
        tall = 14 if mm % 10 == 0 else 10 if mm % 5 == 0 else 6
        marks.append(f"M{_x(mm):.1f} {_RULER_TOP:g}v{tall}")
        if mm % 10 == 0:
            shapes.append(text(_x(mm), _RULER_TOP + 27, str(mm)))
    shapes.append(tag("path", d="".join(marks), class_="marks"))
    shapes += [
        tag("line", x1=_x(at), x2=_x(at), y1=22.0, y2=_RULER_TOP + 14, class_="sight")
        for at in (START_MM, end)
    ]
    shapes.append(text(_x(START_MM), 16, "its 10 mm line here", anchor="start"))
    shapes.append(text(_x(end), 16, f"read {end:.1f}: bar {shown:.1f} mm", "label strong", anchor="end"))
    shapes.append(text(180, _RULER_TOP + 45, "steel ruler, mm"))
    told = f"A ruler along the bar, its 10 mm line at the left end; the right end reads {end:.1f}, so {shown:.1f} mm."
    return svg(360, 108, told, shapes, "ruler")


def _x(mm: float) -> float:
    return _LEFT + _PX_PER_MM * mm

"""The page's drawings as SVG: tolerance gauge, through-focus curve, edges over the photo."""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil, floor, log10

from markupsafe import Markup, escape

from appliance import optics
from appliance.focus.result import EdgePoint, Result, Setup
from appliance.station.words import MINUS, figure, signed

_EDGE_CLASSES = 5


def _tag(name: str, content: str | Markup = "", **attributes: object) -> Markup:
    parts = []
    for key, value in attributes.items():
        text = f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else value
        parts.append(Markup(' {}="{}"').format(key.rstrip("_").replace("_", "-"), text))
    return Markup("<{0}{1}>{2}</{0}>").format(Markup(name), Markup("").join(parts), content)


def _svg(width: float, height: float, label: str, shapes: Iterable[Markup], class_: str) -> Markup:
    view = f"0 0 {width:g} {height:g}"
    title = _tag("title", label)
    return _tag("svg", title + Markup("").join(shapes), viewBox=view, role="img", class_=class_)


def _text(x: float, y: float, text: str, class_: str = "label", anchor: str = "middle") -> Markup:
    return _tag("text", text, x=x, y=y, class_=class_, text_anchor=anchor)


# Tolerance gauge


def gauge(result: Result) -> Markup:
    """The image-side focus error with its 95 % interval against the tolerance, front focus on the left."""
    tolerance, shift = result.tolerance_um, result.image_shift_um
    if tolerance is None or (shift is None and result.focus_error_mm_at_least is None):
        return Markup("")
    width, height, middle = 360.0, 78.0, 180.0
    u95 = result.image_shift_um_u95 or 0.0
    reach = (
        1.6 * tolerance
        if shift is None
        else min(max(1.6 * tolerance, 1.1 * (abs(shift) + u95)), 8 * tolerance)
    )
    scale = 160 / reach
    shapes = [
        _tag("rect", x=20.0, y=26.0, width=320.0, height=16.0, rx=8, class_="track"),
        _tag(
            "rect",
            x=middle - tolerance * scale,
            y=26.0,
            width=2 * tolerance * scale,
            height=16.0,
            class_="band",
        ),
        _tag("line", x1=middle, x2=middle, y1=20.0, y2=48.0, class_="aim"),
        _text(20, 14, "◄ FRONT", anchor="start"),
        _text(340, 14, "BACK ►", anchor="end"),
        _text(middle, 14, "aim"),
        _text(middle - tolerance * scale, 62, f"{MINUS}{tolerance:.0f}"),
        _text(middle + tolerance * scale, 62, f"+{tolerance:.0f} µm"),
    ]
    shapes += _needle(result, middle, scale, reach)
    spread = figure(shift, result.image_shift_um_u95, "µm")
    label = f"Focus error at the sensor {spread}, tolerance ± {tolerance:.0f} µm"
    return _svg(width, height, label, shapes, "gauge")


def _needle(result: Result, middle: float, scale: float, reach: float) -> list[Markup]:
    shift, u95 = result.image_shift_um, result.image_shift_um_u95 or 0.0
    bound = result.focus_error_mm_at_least
    if shift is None or abs(shift) > reach:
        side = 1 if (shift if shift is not None else bound or 0) > 0 else -1
        tip = middle + side * 166
        points = f"{tip:g},34 {tip - side * 14:g},24 {tip - side * 14:g},44"
        return [_tag("polygon", points=points, class_="needle")]
    x = middle + shift * scale
    low, high = max(x - u95 * scale, 20.0), min(x + u95 * scale, 340.0)
    return [
        _tag("line", x1=low, x2=high, y1=34.0, y2=34.0, class_="interval"),
        _tag("circle", cx=x, cy=34.0, r=6, class_="needle"),
    ]


# Through-focus curve


def through_focus(result: Result, setup: Setup) -> Markup:
    """Contrast against depth: every edge with its 95 % bar, the fitted curve, tolerance, and the focus found."""
    edges = [edge for edge in result.edges if -0.2 < edge.contrast < 1.5]
    if not edges:
        return Markup("")
    limits: tuple[float, ...] = ()
    if result.tolerance_um is not None and result.magnification is not None:
        limits = tuple(_depth_mm(sign * result.tolerance_um, result.magnification, setup) for sign in (-1, 1))
    chart = _Chart(edges, result, limits)
    shapes = [chart.span(*limits, "band")] if len(limits) == 2 else []
    if result.focus_error_mm is not None:
        u95 = result.focus_error_mm_u95 or 0.0
        shapes.append(chart.span(result.focus_error_mm - u95, result.focus_error_mm + u95, "interval-band"))
    shapes += chart.axes()
    shapes += [chart.point(edge) for edge in edges if not edge.used]
    shapes += [chart.point(edge) for edge in edges if edge.used]
    if result.curve is not None:
        path = " ".join(
            f"{chart.x(d):.1f},{chart.y(c):.1f}"
            for d, c in zip(result.curve.depth_mm, result.curve.contrast, strict=True)
            if chart.low <= d <= chart.high
        )
        shapes.append(_tag("polyline", points=path, class_="curve"))
    shapes.append(chart.mark(0.0, "aim", "aim"))
    if result.focus_error_mm is not None:
        shapes.append(chart.mark(result.focus_error_mm, "focus", "focus"))
    found = figure(result.focus_error_mm, result.focus_error_mm_u95, "mm")
    return _svg(400, 288, f"Through-focus curve; focus error {found}", shapes, "curve-plot")


def _depth_mm(shift_um: float, magnification: float, setup: Setup) -> float:
    object_mm = setup.focal_length_mm * (1 + 1 / magnification)
    image_mm = optics.image_distance_mm(setup.focal_length_mm, magnification)
    return optics.focus_error_mm_from_image_shift(shift_um, object_mm, image_mm)


class _Chart:
    """The plot's frame and scales."""

    left, right, top, bottom = 38.0, 384.0, 38.0, 244.0

    def __init__(self, edges: list[EdgePoint], result: Result, limits: tuple[float, ...] = ()) -> None:
        depths = [*(edge.depth_mm for edge in edges), *limits]
        if result.focus_error_mm is not None:
            depths.append(result.focus_error_mm)
        margin = 0.03 * (max(depths) - min(depths) or 1.0)
        self.low, self.high = min(*depths, 0.0) - margin, max(*depths, 0.0) + margin
        self.result = result
        tops = [edge.contrast + 1.96 * edge.contrast_sd for edge in edges if edge.used] or [edges[0].contrast]
        tops += list(result.curve.contrast) if result.curve else []
        self.ceiling = min(max(*tops, 0.1) * 1.08, 1.4)

    def x(self, depth_mm: float) -> float:
        return self.left + (depth_mm - self.low) / (self.high - self.low) * (self.right - self.left)

    def y(self, contrast: float) -> float:
        share = min(max(contrast / self.ceiling, 0.0), 1.0)
        return self.bottom - share * (self.bottom - self.top)

    def span(self, low_mm: float, high_mm: float, class_: str) -> Markup:
        x1, x2 = (min(max(self.x(d), self.left), self.right) for d in (low_mm, high_mm))
        return _tag(
            "rect", x=x1, y=self.top, width=max(x2 - x1, 1.0), height=self.bottom - self.top, class_=class_
        )

    def mark(self, depth_mm: float, class_: str, text: str) -> Markup:
        x = self.x(depth_mm)
        near_aim = text == "focus" and abs(x - self.x(0.0)) < 34
        line = _tag("line", x1=x, x2=x, y1=self.top, y2=self.bottom, class_=class_)
        return line + _text(x, self.top - (14 if near_aim else 4), text, f"label {class_}-label")

    def point(self, edge: EdgePoint) -> Markup:
        x, half = self.x(edge.depth_mm), 1.96 * edge.contrast_sd
        class_ = "point" if edge.used else "point unused"
        bar = _tag(
            "line", x1=x, x2=x, y1=self.y(edge.contrast - half), y2=self.y(edge.contrast + half), class_="bar"
        )
        return _tag("g", bar + _tag("circle", cx=x, cy=self.y(edge.contrast), r=1.8), class_=class_)

    def axes(self) -> list[Markup]:
        shapes = [
            _tag("path", d=f"M{self.left:g} {self.top:g}V{self.bottom:g}H{self.right:g}", class_="axis")
        ]
        for value in _ticks(0.0, self.ceiling, 4):
            y = self.y(value)
            shapes.append(_tag("line", x1=self.left, x2=self.right, y1=y, y2=y, class_="grid"))
            shapes.append(_text(self.left - 5, y + 4, f"{value:g}", anchor="end"))
        for value in _ticks(self.low, self.high, 6):
            shapes.append(_text(self.x(value), self.bottom + 15, signed(value, 0)))
        frequency = f" at {self.result.curve.frequency_cpp:.2g} cycles/pixel" if self.result.curve else ""
        shapes.append(_text(self.left, self.bottom + 33, "◄ nearer", anchor="start"))
        shapes.append(_text((self.left + self.right) / 2, self.bottom + 33, "depth from the aim point, mm"))
        shapes.append(_text(self.right, self.bottom + 33, "farther ►", anchor="end"))
        shapes.append(_text(6, 13, f"contrast{frequency}", anchor="start"))
        return shapes


def _ticks(low: float, high: float, count: int) -> list[float]:
    rough = (high - low) / count
    power = 10.0 ** floor(log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
    first = ceil(low / step)
    return [k * step for k in range(first, floor(high / step) + 1)]


# Photo


def edge_map(result: Result, picture_url: str, preview_px: tuple[int, int] | None) -> Markup:
    """The photo with every edge measured: coloured by sharpness where used, dashed where not."""
    width, height = result.picture_px or preview_px or (4, 3)
    shapes = [_tag("image", href=picture_url, x=0, y=0, width=width, height=height)]
    best = max((edge.contrast for edge in result.edges if edge.used), default=1.0) or 1.0
    for edge in sorted(result.edges, key=lambda edge: edge.used):
        level = min(max(int(edge.contrast / best * _EDGE_CLASSES), 0), _EDGE_CLASSES - 1)
        class_ = f"edge e{level}" if edge.used else "edge unused"
        shapes.append(_tag("line", x1=edge.x1, y1=edge.y1, x2=edge.x2, y2=edge.y2, class_=class_))
    if result.aim_px is not None:
        x, y = result.aim_px
        r = width / 40
        shapes.append(_tag("circle", cx=x, cy=y, r=r, class_="aim-ring"))
        cross = f"M{x - 1.6 * r:.0f} {y:.0f}H{x + 1.6 * r:.0f}M{x:.0f} {y - 1.6 * r:.0f}V{y + 1.6 * r:.0f}"
        shapes.append(_tag("path", d=cross, class_="aim-ring"))
    used = sum(edge.used for edge in result.edges)
    return _svg(width, height, str(escape(f"Photo of the chart with {used} edges used")), shapes, "photo")

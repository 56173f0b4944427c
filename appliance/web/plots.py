"""The page's drawings as SVG: tolerance gauge, through-focus curve, edges over the photo."""

from __future__ import annotations

from statistics import median
from typing import NamedTuple

from markupsafe import Markup, escape

from appliance import optics
from appliance.focus.result import Result, Setup, Verdict
from appliance.station.words import MINUS, figure, signed
from appliance.web.svg import svg, tag, text, ticks

_EDGE_CLASSES = 5
_FARTHEST_LIMIT = 1.5
"""So many times as far from the aim point as the farthest edge an end of the tolerance is drawn, at most."""
_LONGEST_BAR, _LONGER_THAN_MOST = 0.2, 3.0
"""Bars of edges that tell of this frequency are shorter than this, or not so many times longer than most."""


# Tolerance gauge


def gauge(result: Result) -> Markup:
    """The image-side focus error (µm) with its 95 % interval against the tolerance, front focus on the left.

    Empty where there is nothing to draw: no tolerance, or neither a figure nor a side beyond it.
    """
    tolerance, shift = result.tolerance_um, result.image_shift_um
    beyond = result.verdict in (Verdict.FAIL_BACK, Verdict.FAIL_FRONT)
    if tolerance is None or (shift is None and not beyond):
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
        tag("rect", x=20.0, y=26.0, width=320.0, height=16.0, rx=8, class_="track"),
        tag(
            "rect",
            x=middle - tolerance * scale,
            y=26.0,
            width=2 * tolerance * scale,
            height=16.0,
            class_="band",
        ),
        tag("line", x1=middle, x2=middle, y1=20.0, y2=48.0, class_="aim"),
        text(20, 14, "◄ FRONT", anchor="start"),
        text(340, 14, "BACK ►", anchor="end"),
        text(middle, 14, "aim"),
        text(middle - tolerance * scale, 62, f"{MINUS}{tolerance:.0f}"),
        text(middle + tolerance * scale, 62, f"+{tolerance:.0f} µm"),
    ]
    shapes += _needle(result, middle, scale, reach)
    spread = figure(shift, result.image_shift_um_u95, "µm")
    label = f"Focus error at the sensor {spread}, tolerance ± {tolerance:.0f} µm"
    return svg(width, height, label, shapes, "gauge")


def _needle(result: Result, middle: float, scale: float, reach: float) -> list[Markup]:
    shift, u95 = result.image_shift_um, result.image_shift_um_u95 or 0.0
    if shift is None or abs(shift) > reach:
        side = result.side
        tip = middle + side * 166
        points = f"{tip:g},34 {tip - side * 14:g},24 {tip - side * 14:g},44"
        return [tag("polygon", points=points, class_="needle")]
    x = middle + shift * scale
    low, high = max(x - u95 * scale, 20.0), min(x + u95 * scale, 340.0)
    return [
        tag("line", x1=low, x2=high, y1=34.0, y2=34.0, class_="interval"),
        tag("circle", cx=x, cy=34.0, r=6, class_="needle"),
    ]


# Through-focus curve


def through_focus(result: Result, setup: Setup) -> Markup:
    """Contrast against depth (mm): edges with their 95 % bars, the fitted curve, tolerance, and the focus found.

    Edges that alone tell next to nothing at this frequency would hide the others. Empty where no edge was measured.
    """
    dots = _telling(result)
    if not dots:
        return Markup("")
    limits: tuple[float, ...] = ()
    if result.tolerance_um is not None and result.magnification is not None:
        distances = optics.aim_distances_mm(
            setup.focal_length_mm, result.magnification, result.focus_error_mm or 0.0
        )
        # a wide lens may have infinity within its tolerance: no room for that beside the edges
        reach = _FARTHEST_LIMIT * max(*(abs(dot.depth_mm) for dot in dots), abs(result.focus_error_mm or 0.0))
        limits = tuple(
            min(
                max(optics.focus_error_mm_from_image_shift(sign * result.tolerance_um, *distances), -reach),
                reach,
            )
            for sign in (-1, 1)
        )
    chart = _Chart(dots, result, limits)
    shapes = [chart.span(*limits, "band")] if len(limits) == 2 else []
    if result.focus_error_mm is not None:
        u95 = result.focus_error_mm_u95 or 0.0
        shapes.append(chart.span(result.focus_error_mm - u95, result.focus_error_mm + u95, "interval-band"))
    shapes += chart.axes()
    shapes += chart.points(dots)
    if result.curve is not None:
        path = " ".join(
            f"{chart.x(d):.1f},{chart.y(c):.1f}"
            for d, c in zip(result.curve.depth_mm, result.curve.contrast, strict=True)
            if chart.low <= d <= chart.high
        )
        shapes.append(tag("polyline", points=path, class_="curve"))
    shapes.append(chart.mark(0.0, "aim", "aim"))
    if result.focus_error_mm is not None:
        shapes.append(chart.mark(result.focus_error_mm, "focus", "focus"))
    found = figure(result.focus_error_mm, result.focus_error_mm_u95, "mm")
    return svg(400, 288, f"Through-focus curve; focus error {found}", shapes, "curve-plot")


class _Dot(NamedTuple):
    """The contrast of an edge with its 95 % interval, at its depth."""

    depth_mm: float
    contrast: float
    u95: float


def _telling(result: Result) -> list[_Dot]:
    """The edges used, but those that alone tell next to nothing."""
    dots = [
        _Dot(edge.depth_mm, edge.contrast, 1.96 * edge.contrast_sd)
        for edge in result.edges
        if edge.contrast is not None and edge.contrast_sd is not None and -0.2 < edge.contrast < 1.5
    ]
    usual = median(dot.u95 for dot in dots) if dots else 0.0
    return [dot for dot in dots if dot.u95 <= max(_LONGEST_BAR, _LONGER_THAN_MOST * usual)]


class _Chart:
    """The plot's frame and scales."""

    left, right, top, bottom = 38.0, 384.0, 38.0, 244.0

    def __init__(self, dots: list[_Dot], result: Result, limits: tuple[float, ...] = ()) -> None:
        depths = [*(dot.depth_mm for dot in dots), *limits]
        if result.focus_error_mm is not None:
            depths.append(result.focus_error_mm)
        margin = 0.03 * (max(depths) - min(depths) or 1.0)
        self.low, self.high = min(*depths, 0.0) - margin, max(*depths, 0.0) + margin
        self.result = result
        tops = [dot.contrast + dot.u95 for dot in dots]
        tops += list(result.curve.contrast) if result.curve else []
        self.ceiling = min(max(*tops, 0.1) * 1.08, 1.4)

    # drawing units across and down

    def x(self, depth_mm: float) -> float:
        return self.left + (depth_mm - self.low) / (self.high - self.low) * (self.right - self.left)

    def y(self, contrast: float) -> float:
        share = min(max(contrast / self.ceiling, 0.0), 1.0)
        return self.bottom - share * (self.bottom - self.top)

    def span(self, low_mm: float, high_mm: float, class_: str) -> Markup:
        x1, x2 = (min(max(self.x(d), self.left), self.right) for d in (low_mm, high_mm))
        return tag(
            "rect", x=x1, y=self.top, width=max(x2 - x1, 1.0), height=self.bottom - self.top, class_=class_
        )

    def mark(self, depth_mm: float, class_: str, name: str) -> Markup:
        x = self.x(depth_mm)
        near_aim = name == "focus" and abs(x - self.x(0.0)) < 34
        line = tag("line", x1=x, x2=x, y1=self.top, y2=self.bottom, class_=class_)
        return line + text(x, self.top - (14 if near_aim else 4), name, f"label {class_}-label")

    def points(self, dots: list[_Dot]) -> list[Markup]:
        """All edges in two paths, which a hundred edges on a phone need: their bars, and their dots."""
        bars, places = [], []
        for depth_mm, contrast, u95 in dots:
            x = self.x(depth_mm)
            bars.append(f"M{x:.1f} {self.y(contrast - u95):.1f}V{self.y(contrast + u95):.1f}")
            places.append(f"M{x:.1f} {self.y(contrast):.1f}h0")
        return [tag("path", d="".join(bars), class_="bar"), tag("path", d="".join(places), class_="dots")]

    def axes(self) -> list[Markup]:
        shapes = [tag("path", d=f"M{self.left:g} {self.top:g}V{self.bottom:g}H{self.right:g}", class_="axis")]
        for value in ticks(0.0, self.ceiling, 4):
            y = self.y(value)
            shapes.append(tag("line", x1=self.left, x2=self.right, y1=y, y2=y, class_="grid"))
            shapes.append(text(self.left - 5, y + 4, f"{value:g}", anchor="end"))
        for value in ticks(self.low, self.high, 6):
            shapes.append(text(self.x(value), self.bottom + 15, signed(value, 0)))
        frequency = f" at {self.result.curve.frequency_cpp:.2g} cycles/pixel" if self.result.curve else ""
        shapes.append(text(self.left, self.bottom + 33, "◄ nearer", anchor="start"))
        shapes.append(text((self.left + self.right) / 2, self.bottom + 33, "depth from the aim point, mm"))
        shapes.append(text(self.right, self.bottom + 33, "farther ►", anchor="end"))
        shapes.append(text(6, 13, f"contrast{frequency}", anchor="start"))
        return shapes


# Photo


def edge_map(result: Result, picture_url: str, preview_px: tuple[int, int] | None) -> Markup:
    """The photo with every edge measured: coloured by sharpness where used, dashed where not.

    Drawn in pixels of the full picture, whatever the size of the preview at ``picture_url`` (``preview_px``).
    """
    width, height = result.picture_px or preview_px or (4, 3)
    shapes = [tag("image", href=picture_url, x=0, y=0, width=width, height=height)]
    best = max((dot.contrast for dot in _telling(result)), default=1.0) or 1.0
    paths: dict[str, list[str]] = {}
    for edge in sorted(result.edges, key=lambda edge: edge.used):
        level = min(max(int((edge.contrast or 0.0) / best * _EDGE_CLASSES), 0), _EDGE_CLASSES - 1)
        class_ = f"edge e{level}" if edge.used else "edge unused"
        paths.setdefault(class_, []).append(f"M{edge.x1:.0f} {edge.y1:.0f}L{edge.x2:.0f} {edge.y2:.0f}")
    shapes += [tag("path", d="".join(parts), class_=class_) for class_, parts in paths.items()]
    if result.aim_px is not None:
        x, y = result.aim_px
        r = width / 40
        shapes.append(tag("circle", cx=x, cy=y, r=r, class_="aim-ring"))
        cross = f"M{x - 1.6 * r:.0f} {y:.0f}H{x + 1.6 * r:.0f}M{x:.0f} {y - 1.6 * r:.0f}V{y + 1.6 * r:.0f}"
        shapes.append(tag("path", d=cross, class_="aim-ring"))
    used = sum(edge.used for edge in result.edges)
    return svg(width, height, str(escape(f"Photo of the chart with {used} edges used")), shapes, "photo")

"""Draws the page's own SVG on a PDF, so that a report shows exactly what the page does."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from reportlab.lib.colors import HexColor
from reportlab.pdfgen.canvas import Canvas

from appliance.web.pdf_fonts import BOLD, REGULAR, legible

INK, SOFT, LINE = "#15191d", "#59636e", "#d9dee3"
Style = tuple[str | None, str | None, float, tuple[float, ...]]
"""Fill, stroke, width of the stroke and its dashes."""
_STYLES: dict[str, Style] = {
    "band": ("#d6efdf", None, 0, ()),
    "interval-band": ("#f2c14e", None, 0, ()),
    "axis": (None, SOFT, 0.8, ()),
    "grid": (None, LINE, 0.6, ()),
    "aim": (None, SOFT, 1, (4, 3)),
    "focus": (None, INK, 1, ()),
    "curve": (None, INK, 1.6, ()),
    "bar": (None, "#86aed6", 0.8, ()),
    "dots": (None, "#0b5cad", 3.2, ()),
    "unused": (None, "#b9c2ca", 1, ()),
    "t-bar": (None, SOFT, 1, ()),
    "t-pass": (None, "#12703a", 6, ()),
    "t-fail": (None, "#c0271d", 6, ()),
    "t-retest": (None, "#8a5a00", 6, ()),
    "t-base": (None, INK, 1, (6, 4)),
    "t-visit": (None, SOFT, 0.8, (1, 3)),
    "t-adjust": (None, "#0b5cad", 1, ()),
    "track": ("#e3e7ea", None, 0, ()),
    "interval": (None, INK, 5, ()),
    "needle": (INK, "#ffffff", 1.5, ()),
    "e0": (None, "#7b4fd0", 10, ()),
    "e1": (None, "#3f7fe0", 10, ()),
    "e2": (None, "#16a3a3", 10, ()),
    "e3": (None, "#49c24b", 10, ()),
    "e4": (None, "#ffd60a", 10, ()),
    "aim-ring": (None, "#ff4d8d", 8, ()),
    "aim-tick": (None, SOFT, 0.8, ()),
    "before": ("#ffffff", SOFT, 1.3, ()),
    "outlier": (None, "#c0271d", 1.6, ()),
    "s0": ("#0b5cad", None, 0, ()),
    "s1": ("#b3541e", None, 0, ()),
    "s2": ("#12703a", None, 0, ()),
    "s3": ("#7b3fa0", None, 0, ()),
    "s0-line": (None, "#0b5cad", 1.8, ()),
    "s1-line": (None, "#b3541e", 1.8, (5, 2)),
    "s2-line": (None, "#12703a", 1.8, (2, 2)),
    "s3-line": (None, "#7b3fa0", 1.8, (7, 2, 2, 2)),
}


def size_of(svg: str) -> tuple[float, float]:
    """Width and height of a drawing in its own units."""
    box = ElementTree.fromstring(svg).get("viewBox", "0 0 1 1").split()
    return float(box[2]), float(box[3])


def draw_svg(canvas: Canvas, svg: str, x: float, y: float, width: float, picture: str | None = None) -> float:
    """Draw with the top left corner at (x, y), ``width`` points wide; returns the height.

    ``picture`` is the file that stands for the drawing's image.
    """
    root = ElementTree.fromstring(svg)
    wide, high = size_of(svg)
    scale = width / wide
    canvas.saveState()
    canvas.translate(x, y)
    canvas.scale(scale, -scale)
    for element in root.iter():
        _element(canvas, element, picture)
    canvas.restoreState()
    return high * scale


def _number(element: ElementTree.Element, name: str) -> float:
    return float(element.get(name, "0"))


def _element(canvas: Canvas, element: ElementTree.Element, picture: str | None) -> None:
    fill, stroke = _use_style(canvas, (element.get("class") or "").split())
    n = _number
    match element.tag:
        case "rect":
            canvas.rect(
                n(element, "x"), n(element, "y"), n(element, "width"), n(element, "height"), stroke, fill
            )
        case "line":
            canvas.line(n(element, "x1"), n(element, "y1"), n(element, "x2"), n(element, "y2"))
        case "circle":
            canvas.circle(n(element, "cx"), n(element, "cy"), n(element, "r"), stroke, fill)
        case "polyline" | "polygon":
            points = [tuple(map(float, pair.split(","))) for pair in (element.get("points") or "").split()]
            _path(canvas, [[(p[0], p[1]) for p in points]], element.tag == "polygon", fill, stroke)
        case "path":
            _path(canvas, _lines(element.get("d") or ""), False, fill, stroke)
        case "text":
            _text(canvas, element)
        case "image" if picture is not None:
            canvas.saveState()
            canvas.translate(0, n(element, "height"))
            canvas.scale(1, -1)
            canvas.drawImage(picture, 0, 0, n(element, "width"), n(element, "height"))
            canvas.restoreState()


def _use_style(canvas: Canvas, classes: list[str]) -> tuple[int, int]:
    known = [_STYLES[name] for name in classes if name in _STYLES]
    fill, stroke, width, dash = known[-1] if known else (None, SOFT, 1.0, ())
    canvas.setLineWidth(width or 1)
    canvas.setDash(*([list(dash)] if dash else [[]]))
    canvas.setLineCap(1 if not dash else 0)
    if fill:
        canvas.setFillColor(HexColor(fill))
    if stroke:
        canvas.setStrokeColor(HexColor(stroke))
    return int(fill is not None), int(stroke is not None)


def _lines(d: str) -> list[list[tuple[float, float]]]:
    """Lines of a path of M, L, V, H and h."""
    lines: list[list[tuple[float, float]]] = []
    x = y = 0.0
    for letter, rest in re.findall(r"([MLVHh])([^MLVHh]*)", d):
        numbers = [float(text) for text in rest.replace(",", " ").split()]
        if letter in "ML":
            x, y = numbers
        elif letter == "V":
            y = numbers[0]
        else:
            x = numbers[0] if letter == "H" else x + numbers[0]
        if letter == "M":
            lines.append([])
        lines[-1].append((x, y))
    return lines


def _path(
    canvas: Canvas, lines: list[list[tuple[float, float]]], close: bool, fill: int, stroke: int
) -> None:
    path = canvas.beginPath()
    for line in lines:
        if not line:
            continue
        path.moveTo(*line[0])
        for point in line[1:]:
            path.lineTo(*point)
        if close:
            path.close()
    canvas.drawPath(path, stroke=stroke, fill=fill if close else 0)


def _text(canvas: Canvas, element: ElementTree.Element) -> None:
    text = legible(element.text or "")
    bold = "focus-label" in (element.get("class") or "")
    canvas.saveState()
    canvas.translate(_number(element, "x"), _number(element, "y"))
    canvas.scale(1, -1)
    canvas.setFont(BOLD if bold else REGULAR, 10.5)
    canvas.setFillColor(HexColor(INK if bold else SOFT))
    draw = {"start": canvas.drawString, "end": canvas.drawRightString}.get(
        element.get("text-anchor", "start"), canvas.drawCentredString
    )
    draw(0, 0, text)
    canvas.restoreState()

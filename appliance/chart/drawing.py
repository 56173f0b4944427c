"""Draws a chart at true scale: PDF and SVG as vectors, PNG with exact area coverage at any resolution."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from appliance.chart.layout import Layout
from appliance.errors import StorageError, UsageError

DEFAULT_DPI = 600
DPI_RANGE = (72, 1200)
_LINES_PER_PIXEL = 16


def describe(layout: Layout) -> dict[str, Any]:
    """The chart in figures, for ``focuscheck chart --json``: all lengths in mm from the paper's top left corner."""
    return {
        "layout": layout.name,
        "version": layout.version,
        "paper": layout.paper,
        "paper_mm": list(layout.paper_mm),
        "aim_mm": list(layout.aim_mm),
        "pitch_mm": layout.pitch_mm,
        "edges": [
            {
                "id": edge.id,
                "x1_mm": edge.x1_mm,
                "y1_mm": edge.y1_mm,
                "x2_mm": edge.x2_mm,
                "y2_mm": edge.y2_mm,
                "across_tilt": edge.across_tilt,
            }
            for edge in layout.edges
        ],
        "fiducials": [
            {"id": f.id, "x_mm": f.x_mm, "y_mm": f.y_mm, "side_mm": f.side_mm} for f in layout.fiducials
        ],
    }


def draw(layout: Layout, path: Path, dpi: int = DEFAULT_DPI) -> None:
    """Write the chart to ``path``; its suffix chooses PDF, SVG or PNG.

    Raises
    ------
    UsageError
        If the suffix is none of these, or ``dpi`` (PNG only) is outside 72 to 1200.
    StorageError
        If the file cannot be written.
    """
    writers: dict[str, Callable[[], None]] = {
        ".pdf": lambda: _draw_pdf(layout, path),
        ".svg": lambda: _draw_svg(layout, path),
        ".png": lambda: _draw_png(layout, path, dpi),
    }
    writer = writers.get(path.suffix.lower())
    if writer is None:
        raise UsageError(f"The chart can be written as .pdf, .svg or .png; '{path.name}' is none of these.")
    if not DPI_RANGE[0] <= dpi <= DPI_RANGE[1]:
        raise UsageError(f"--dpi must lie between {DPI_RANGE[0]} and {DPI_RANGE[1]}; {dpi} was given.")
    if not path.parent.is_dir():
        raise UsageError(f"There is no folder {path.parent} to write the chart to.")
    try:
        writer()
    except OSError as error:
        raise StorageError(f"The chart cannot be written to {path}: {error.strerror or error}.") from error


def _draw_pdf(layout: Layout, path: Path) -> None:
    width, height = layout.paper_mm
    canvas = Canvas(str(path), pagesize=(width * mm, height * mm), invariant=True)
    canvas.setTitle(f"focuscheck chart {layout.title}")
    canvas.setCreator("focuscheck")
    canvas.setViewerPreference("PrintScaling", "None")  # a viewer's 'fit to page' would falsify the scale
    outline = canvas.beginPath()
    for polygon in layout.ink:
        (x, y), *rest = polygon
        outline.moveTo(x * mm, (height - y) * mm)
        for x, y in rest:
            outline.lineTo(x * mm, (height - y) * mm)
        outline.close()
    canvas.setFillGray(0)
    canvas.drawPath(outline, stroke=0, fill=1)
    for text in layout.texts:
        canvas.setFont("Helvetica", text.size_mm * mm)
        place = canvas.drawCentredString if text.centred else canvas.drawString
        place(text.x_mm * mm, (height - text.y_mm) * mm, text.text)
    canvas.save()


def _draw_svg(layout: Layout, path: Path) -> None:
    width, height = layout.paper_mm
    outline = " ".join(
        "M" + " L".join(f"{x:.5f},{y:.5f}" for x, y in polygon) + " Z" for polygon in layout.ink
    )
    anchor = ' text-anchor="middle"'
    texts = "\n".join(
        f'<text x="{t.x_mm:.3f}" y="{t.y_mm:.3f}" font-size="{t.size_mm}" font-family="Helvetica, Arial, sans-serif"'
        f"{anchor if t.centred else ''}>{escape(t.text)}</text>"
        for t in layout.texts
    )
    path.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}mm" height="{height}mm" '
        f'viewBox="0 0 {width} {height}">\n<title>focuscheck chart {escape(layout.title)}</title>\n'
        f'<rect width="{width}" height="{height}" fill="white"/>\n'
        f'<path d="{outline}" fill="black"/>\n{texts}\n</svg>\n',
        encoding="utf-8",
    )


def _draw_png(layout: Layout, path: Path, dpi: int) -> None:
    picture = Image.fromarray(raster(layout, dpi))
    pen = ImageDraw.Draw(picture)
    for text in layout.texts:
        font = ImageFont.load_default(size=text.size_mm * dpi / 25.4)
        where = (text.x_mm * dpi / 25.4, text.y_mm * dpi / 25.4)
        pen.text(where, text.text, fill=0, font=font, anchor="ms" if text.centred else "ls")
    picture.save(path, dpi=(dpi, dpi), optimize=True)


def raster(layout: Layout, dpi: float) -> npt.NDArray[np.uint8]:
    """All ink but the text as an (h, w) uint8 picture, 255 = paper; each pixel is the mean over its area.

    The paper's top left corner is the outer corner of the first pixel.
    """
    scale = dpi / 25.4
    width, height = (round(side * scale) for side in layout.paper_mm)
    picture = np.empty((height, width), np.uint8)
    polygons = [np.asarray(polygon) * scale for polygon in layout.ink]
    spans = np.array([(p[:, 1].min(), p[:, 1].max()) for p in polygons])
    band = 512
    for top in range(0, height, band):
        rows = min(band, height - top)
        ink = np.zeros((rows, width), np.float32)
        for k in np.flatnonzero((spans[:, 1] > top) & (spans[:, 0] < top + rows)):
            _add_coverage(ink, polygons[k] - (0, top))
        picture[top : top + rows] = np.round(255 * (1 - np.minimum(ink, 1)))
    return picture


def _add_coverage(ink: npt.NDArray[np.float32], polygon: npt.NDArray[np.float64]) -> None:
    """Add the area of a convex polygon (px) that falls on each pixel: exact along rows, 16 lines per row."""
    height, width = ink.shape
    first, last = (max(int(polygon[:, 1].min()), 0), min(int(np.ceil(polygon[:, 1].max())), height))
    left, right = (max(int(polygon[:, 0].min()), 0), min(int(np.ceil(polygon[:, 0].max())), width))
    if first >= last or left >= right:
        return
    lines = first + (np.arange((last - first) * _LINES_PER_PIXEL) + 0.5) / _LINES_PER_PIXEL
    low, high = np.full(lines.shape, np.inf), np.full(lines.shape, -np.inf)
    for (xa, ya), (xb, yb) in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
        if ya == yb:
            continue
        inside = (lines >= min(ya, yb)) & (lines < max(ya, yb))
        x = xa + (lines - ya) * (xb - xa) / (yb - ya)
        low = np.where(inside, np.minimum(low, x), low)
        high = np.where(inside, np.maximum(high, x), high)
    edges = np.arange(left, right + 1, dtype=np.float32)
    reach = np.clip(edges, low[:, None].astype(np.float32), np.maximum(low, high)[:, None].astype(np.float32))
    reach[~np.isfinite(low)] = 0
    covered = np.diff(reach, axis=1).reshape(last - first, _LINES_PER_PIXEL, -1).mean(axis=1)
    ink[first:last, left:right] += covered

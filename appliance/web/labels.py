"""Sheets of labels with a lens's QR code, tag and model, for common label papers."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

import segno
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from appliance.store.house import Lens
from appliance.web.pdf_fonts import BOLD, REGULAR, fitted

QUIET_MODULES = 4
"""The standard's quiet zone."""


@dataclass(frozen=True)
class Sheet:
    """A label paper; lengths in mm, from the top left."""

    title: str
    page: tuple[float, float]
    columns: int
    rows: int
    label: tuple[float, float]
    margin: tuple[float, float]
    pitch: tuple[float, float]


SHEETS = {
    "a4-3x8": Sheet("A4, 3 × 8, 70 × 37 mm", (210, 297), 3, 8, (70, 37), (0, 0.5), (70, 37)),
    "a4-5x13": Sheet(
        "A4, 5 × 13, 38.1 × 21.2 mm", (210, 297), 5, 13, (38.1, 21.2), (4.75, 10.7), (40.6, 21.2)
    ),
    "letter-3x10": Sheet(
        "Letter, 3 × 10, 66.7 × 25.4 mm", (215.9, 279.4), 3, 10, (66.675, 25.4), (4.7625, 12.7), (69.85, 25.4)
    ),
}


def label_url(base: str, tag: str) -> str:
    """Where a label's code leads."""
    return f"{base.rstrip('/')}/l/{quote(tag, safe='')}"


def label_sheets(lenses: Sequence[Lens], base: str, sheet: str, skip: int = 0) -> bytes:
    """PDF of labels, beginning after ``skip`` that are used already."""
    paper = SHEETS[sheet]
    data = io.BytesIO()
    canvas = Canvas(data, pagesize=(paper.page[0] * mm, paper.page[1] * mm), invariant=1)
    canvas.setTitle("Lens labels")
    per_page = paper.columns * paper.rows
    for number, lens in enumerate(lenses, skip % per_page):
        place = number % per_page
        if place == 0 and number:
            canvas.showPage()
        row, column = divmod(place, paper.columns)
        x = paper.margin[0] + column * paper.pitch[0]
        y = paper.page[1] - paper.margin[1] - row * paper.pitch[1] - paper.label[1]
        _label(canvas, lens, label_url(base, lens.tag), x, y, paper.label)
    canvas.save()
    return data.getvalue()


def _label(canvas: Canvas, lens: Lens, url: str, x: float, y: float, size: tuple[float, float]) -> None:
    code = segno.make(url, error="m", micro=False)
    rows = [list(row) for row in code.matrix]
    side = min(size[1] - 3, 0.45 * size[0])
    module = side / (len(rows) + 2 * QUIET_MODULES)
    bottom = y + (size[1] - side) / 2
    canvas.setFillGray(0)
    for k, row in enumerate(rows):
        for j, dark in enumerate(row):
            if dark:
                left = x + 1.5 + (QUIET_MODULES + j) * module
                low = bottom + side - (QUIET_MODULES + k + 1) * module
                canvas.rect(left * mm, low * mm, module * mm, module * mm, stroke=0, fill=1)
    left, width = x + side + 2, size[0] - side - 4
    middle = y + size[1] / 2
    for text, font, points, rise in (
        (lens.tag, BOLD, 13, 2.5),
        (lens.name, REGULAR, 8, -2.5),
        (
            " ".join(part for part in (lens.focal_range, lens.serial and f"SN {lens.serial}") if part),
            REGULAR,
            7,
            -6.5,
        ),
    ):
        size_pt, line = fitted(text, font, points, width * mm)
        canvas.setFont(font, size_pt)
        canvas.drawString(left * mm, (middle + rise) * mm, line)

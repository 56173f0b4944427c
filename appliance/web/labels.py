"""Sheets of labels with a lens's QR code, tag and model, for common label papers."""

from __future__ import annotations

import io
from collections.abc import Sequence
from urllib.parse import quote

import segno
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from appliance.store.house import Lens
from appliance.web.label_sheets import SHEETS
from appliance.web.pdf_fonts import BOLD, REGULAR, fitted

QUIET_MODULES = 4
"""The standard's quiet zone."""


def label_url(base: str, tag: str) -> str:
    """Where a label's code leads."""
    return f"{base.rstrip('/')}/l/{quote(tag, safe='')}"


def label_sheets(lenses: Sequence[Lens], base: str, sheet: str, skip: int = 0) -> bytes:
    """PDF of labels, beginning after ``skip`` that are used already.

    Parameters
    ----------
    lenses:
        One label each, in this order; further sheets are begun as needed.
    base:
        Address of the page, to which ``/l/TAG`` is added.
    sheet:
        A name of :data:`~appliance.web.label_sheets.SHEETS`.
    """
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

"""Fonts of PDFs: the built-in Helvetica has neither Greek nor Cyrillic, so what it lacks is spelt or marked."""

from __future__ import annotations

from reportlab.pdfbase.pdfmetrics import stringWidth

REGULAR, BOLD = "Helvetica", "Helvetica-Bold"
_SPELT = {
    "−": "-",
    "µ": "µ",
    "μ": "µ",
    "–": "-",
    "◄": "<",
    "►": ">",
    "◂": "<",
    "▸": ">",
    "✱": "*",
    "…": "...",
    "‹": "<",
}
LEAST_POINTS = 5.0


def latin(text: str) -> str:
    """``text`` in the characters that the fonts have."""
    spelt = "".join(_SPELT.get(letter, letter) for letter in text)
    return spelt.encode("cp1252", "replace").decode("cp1252")


def fitted(text: str, font: str, points: float, width: float) -> tuple[float, str]:
    """The text's size that fits the width; cut where even the smallest does not."""
    text = latin(text)
    while points > LEAST_POINTS and stringWidth(text, font, points) > width:
        points -= 0.5
    while text and stringWidth(text, font, points) > width:
        text = text[:-1]
    return points, text

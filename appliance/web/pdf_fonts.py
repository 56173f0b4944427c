"""Fonts of PDFs: DejaVu Sans, which has Latin, Greek and Cyrillic; what it lacks is marked, never left out."""

from __future__ import annotations

import unicodedata
from pathlib import Path

from reportlab.pdfbase.pdfmetrics import registerFont, stringWidth
from reportlab.pdfbase.ttfonts import TTFont

REGULAR, BOLD = "DejaVuSans", "DejaVuSans-Bold"
UNKNOWN = "\N{REPLACEMENT CHARACTER}"
LEAST_POINTS = 5.0
_FOLDER = Path(__file__).with_name("fonts")


def _load() -> frozenset[int]:
    """Load the fonts; the letters that both of them have."""
    known = []
    for name in (REGULAR, BOLD):
        font = TTFont(name, str(_FOLDER / f"{name}.ttf"))
        registerFont(font)
        known.append(frozenset(font.face.charToGlyph))
    return known[0] & known[1]


_LETTERS = _load()


def legible(text: str) -> str:
    """``text`` in the letters that the fonts have; any other is replaced by ``UNKNOWN``, which is seen on paper."""
    composed = unicodedata.normalize("NFC", " ".join(text.splitlines()))
    return "".join(letter if _drawn(letter) and ord(letter) in _LETTERS else UNKNOWN for letter in composed)


def _drawn(letter: str) -> bool:
    """Whether a letter can be put on paper in a line from left to right: no control and no other direction."""
    return (
        ord(letter) < 0x10000
        and unicodedata.category(letter) not in ("Cc", "Cf", "Cs", "Co", "Cn")
        and unicodedata.bidirectional(letter) not in ("R", "AL")
    )


def fitted(text: str, font: str, points: float, width: float) -> tuple[float, str]:
    """The text's size in points that fits ``width`` points; cut where even ``LEAST_POINTS`` does not."""
    text = legible(text)
    while points > LEAST_POINTS and stringWidth(text, font, points) > width:
        points -= 0.5
    while text and stringWidth(text, font, points) > width:
        text = text[:-1]
    return points, text

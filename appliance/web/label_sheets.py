"""Label papers that can be bought everywhere."""

from __future__ import annotations

from dataclasses import dataclass


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

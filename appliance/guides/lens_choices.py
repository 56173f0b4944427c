"""What a lens can be set to on the bench, what of it can be tested there, and what a new one may be."""

from __future__ import annotations

from dataclasses import dataclass
from math import log, sqrt

from appliance.guides.case import LensFacts

ENGRAVED_MM = (
    8, 10, 11, 12, 14, 15, 16, 17, 18, 20, 21, 24, 25, 28, 30, 32, 35, 40, 45, 50, 55, 60, 65, 70, 75, 80, 85, 90, 100,
    105, 120, 135, 150, 180, 200, 250, 280, 300, 350, 400, 500, 600, 800,
)  # fmt: skip
"""Focal lengths, mm, that zooms are engraved with: a technician can set these and no others."""
FULL_STOPS = (1.0, 1.4, 2.0, 2.8, 4.0, 5.6, 8.0, 11.0, 16.0, 22.0)
MOST_STOPS = 4
"""Stops offered: from wide open down, where a rental house looks."""
PRIMES_MM = (14, 18, 21, 24, 25, 27, 28, 32, 35, 40, 50, 65, 75, 85, 100, 135)
"""Common prime lenses, mm: the sets of cine primes and the usual photographic ones."""
ZOOMS_MM = (
    (14, 24),
    (15, 40),
    (16, 35),
    (17, 120),
    (18, 80),
    (24, 70),
    (24, 105),
    (28, 76),
    (45, 120),
    (70, 200),
    (100, 400),
)
"""Common zoom lenses, mm, cine and photographic."""
APERTURES = (1.2, 1.3, 1.4, 1.8, 2.0, 2.1, 2.8, 2.9, 3.5, 4.0)
"""Common largest apertures; cine lenses are engraved with T-stops, which are close enough to judge by."""


@dataclass(frozen=True)
class Limit:
    """Something that cannot be tested of a lens on this bench, and what can: said before the press."""

    code: str
    text: str


def zoom_marks_mm(wide_mm: float, tele_mm: float) -> tuple[float, float, float]:
    """Wide, middle and tele of a zoom, mm: its ends, and the engraved mark nearest to their geometric mean."""
    return wide_mm, _nearest_mark(sqrt(wide_mm * tele_mm), wide_mm, tele_mm), tele_mm


def _nearest_mark(wanted_mm: float, low_mm: float, high_mm: float) -> float:
    between = [float(mark) for mark in ENGRAVED_MM if low_mm < mark < high_mm]
    return min(between, key=lambda mark: abs(log(mark / wanted_mm)), default=round(wanted_mm, 1))


def focal_choices_mm(lens: LensFacts) -> tuple[float, ...]:
    """What to set a zoom to for a check, mm; empty for a lens of one focal length, or of none known."""
    if not lens.zoom or lens.focal_min_mm is None or lens.focal_max_mm is None:
        return ()
    return zoom_marks_mm(lens.focal_min_mm, lens.focal_max_mm)


def marked_mm(lens: LensFacts) -> tuple[float, ...]:
    """All marks of a zoom's ring between its ends, mm, that are not among :func:`focal_choices_mm`."""
    first = focal_choices_mm(lens)
    if not first:
        return ()
    return tuple(float(mark) for mark in ENGRAVED_MM if first[0] < mark < first[-1] and mark not in first)


def stop_choices(lens: LensFacts) -> tuple[float, ...]:
    """F-numbers to choose from: the largest aperture first, then the full stops below it; empty if it is not known."""
    widest = lens.max_aperture
    if widest is None:
        return ()
    # a third of a stop from the largest aperture is no other setting worth a check
    slower = [stop for stop in FULL_STOPS if stop > widest * 2 ** (1 / 5)]
    return (widest, *slower[: MOST_STOPS - 1])


def limits_of(lens: LensFacts) -> tuple[Limit, ...]:
    """What cannot be tested of this lens on a bench whose adapter has no contacts, most important first."""
    found = []
    if lens.squeeze != 1.0:
        found.append(
            Limit(
                "ANAMORPHIC",
                f"Anamorphic, {lens.squeeze:g}×: this bench gives no verdict on its focus. Use focus assist to compare "
                "it with another copy by eye.",
            )
        )
    if lens.iris == "electronic":
        found.append(
            Limit(
                "ELECTRONIC_IRIS",
                "Its iris is set by a camera: on the bench's adapter it stays as it was left. Set it wide open on a "
                "camera first; stops cannot be tested here.",
            )
        )
    if lens.focus_drive == "by wire":
        found.append(
            Limit(
                "FOCUS_BY_WIRE",
                "Focus by wire: without power its ring does nothing. Sharpness and tilt can be tested; marks, back "
                "focus and return to mark need its own camera's pictures.",
            )
        )
    return tuple(found)

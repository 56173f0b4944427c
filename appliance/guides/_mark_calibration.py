"""Marks of a ring, follow focus or lens motor against object distance: a table, and as CSV."""

from __future__ import annotations

import csv
import io
from itertools import pairwise
from math import hypot
from typing import Any

from appliance import optics
from appliance.focus.result import Reason, Verdict
from appliance.guides.case import Case, Observation
from appliance.guides.finding import Figure, Finding, Plot, Series, not_yet
from appliance.guides.repeats import Estimate, Fit, fit

LEAST_MARKS, MOST_MARKS = 3, 12
"""With two marks one residual would be all that is known of the scatter."""
TAPE_U_MM = 1.5
"""Standard uncertainty of a distance by tape: both ends read and held to 2.5 mm at worst, rectangular, so 2.5/√3."""
MISFIT = 0.08
"""A distance that a photo's scale contradicts by more is a slip of the tape or of the pen; a zoom's focal length and
breathing account for less."""
MM_PER_FOOT = 304.8
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What begins a formula in spreadsheets (OWASP, CSV injection)."""
COLUMNS = ("mark", "distance_m", "u95_m", "distance_ft", "from_near_m", "from_far_m", "focal_length_mm")


def mark_name(case: Case, k: int) -> str:
    """What mark ``k`` is called."""
    return case.word(f"mark-{k}", "mark", str(k))


def mark_distance_mm(case: Case, k: int) -> float | None:
    """Distance from sensor to star at mark ``k``, mm; None if not said yet."""
    said = case.answers.get(f"mark-{k}", {}).get("distance_m")
    return None if said is None else 1000 * float(said)


def calibration_finding(case: Case, count: int) -> Finding:
    """The table of all marks that have both photos."""
    whole = [k for k in range(1, count + 1) if _pair(case, k)]
    if len(whole) < LEAST_MARKS:
        return not_yet(
            f"{LEAST_MARKS} marks are needed, each from near and from far; there are {len(whole)}."
        )
    for k in whole:
        seen = _seen_distance_mm(case, k)
        if abs(seen / (mark_distance_mm(case, k) or seen) - 1) > MISFIT:
            return not_yet(
                f"The distance at mark {mark_name(case, k)} does not fit its photo, which looks like "
                f"{seen / 1000:.2f} m. Measure again."
            )
    names = [mark_name(case, k) for k in whole]
    if len(set(names)) < len(names):
        return not_yet("Two marks have the same name. Name each one otherwise.")
    rows = _rows(case, whole)
    return _finding(rows, _fit(case, whole), _monotone(rows))


def _finding(rows: list[dict[str, Any]], told: Fit, monotone: bool) -> Finding:
    lash = told.estimate(len(rows))
    text = (
        "The marks' numbers do not rise or fall with distance: two are exchanged, or the motor lost its zero."
    )
    figures = [
        Figure(f"mark_{k}_m", f"Mark {row['mark']}", row["distance_m"], row["u95_m"], "m", main=k <= 4)
        for k, row in enumerate(rows, 1)
    ]
    figures.append(
        Figure("backlash_um", "Backlash, from far minus from near", lash.value, lash.u95, "µm", main=False)
    )
    x, y = tuple(float(k) for k in range(1, len(rows) + 1)), tuple(row["distance_m"] for row in rows)
    series = Series("distance in focus", x, y, tuple(row["u95_m"] for row in rows))
    ticks = tuple((float(k), str(row["mark"])) for k, row in enumerate(rows, 1))
    return Finding(
        Verdict.PASS if monotone else Verdict.RETEST,
        f"{len(rows)} marks from {min(y):.2f} to {max(y):.2f} m"
        + (" are known." if monotone else " contradict each other."),
        tuple(figures),
        () if monotone else (Reason("NOT_MONOTONE", text),),
        () if monotone else ("REPEAT_RUN",),
        "Take the table as CSV into the follow focus or motor."
        if monotone
        else "Repeat the marks out of line.",
        (Plot("Marks and distances", "Mark", "Distance from the sensor (m)", (series,), x_ticks=ticks),),
        signed=False,
        data={"mode": "calibrate", "table": rows},
    )


def csv_of(finding: Finding) -> str:
    """The table of a calibration as CSV: the named columns, one mark a line; the heading alone for another finding.

    A mark's name that a spreadsheet would take for a formula has an apostrophe before it; a number has not.
    """
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, extrasaction="ignore", lineterminator="\r\n")  # RFC 4180
    writer.writeheader()
    for row in finding.data.get("table", ()):
        numbers = {name: f"{row[name]:.4f}" for name in COLUMNS[1:-1]}
        writer.writerow({**row, **numbers, "mark": _safe(str(row["mark"]))})
    return out.getvalue()


def _safe(name: str) -> str:
    return f"'{name}" if name[:1] in FORMULA and _number(name) is None else name


def _number(name: str) -> float | None:
    """A mark that is a number, with point or comma; None if it is a word."""
    try:
        return float(name.replace(",", "."))
    except ValueError:
        return None


def _pair(case: Case, k: int) -> tuple[Observation, Observation] | None:
    near, far = case.photos.get(f"mark-{k}-near"), case.photos.get(f"mark-{k}-far")
    known = mark_distance_mm(case, k) is not None
    return (near, far) if near is not None and far is not None and known else None


def _both(case: Case, k: int) -> tuple[Observation, Observation]:
    pair = _pair(case, k)
    assert pair is not None  # as calibration_finding has seen
    return pair


def _seen_distance_mm(case: Case, k: int) -> float:
    """Distance from sensor to star by the photo's own scale."""
    photo = _both(case, k)[0]
    m, f = photo.magnification or 0.0, photo.setup.focal_length_mm
    object_mm, _ = optics.aim_distances_mm(f, m, photo.focus_error_mm or 0.0)
    return object_mm * (1 + m)


def _fit(case: Case, whole: list[int]) -> Fit:
    """Image shifts by mark and by approach: one backlash and one scatter for all."""
    values, columns = [], [[0.0] * 2 * len(whole) for _ in whole]
    for place, k in enumerate(whole):
        values += [photo.shift_um for photo in _both(case, k)]
        columns[place][2 * place] = columns[place][2 * place + 1] = 1.0
    return fit(values, [*columns, [-0.5, 0.5] * len(whole)])


def _rows(case: Case, whole: list[int]) -> list[dict[str, Any]]:
    told = _fit(case, whole)
    rows = []
    for place, k in enumerate(whole):
        near, far = _both(case, k)
        tape_mm = mark_distance_mm(case, k) or 0.0
        at = [tape_mm + (photo.focus_error_mm or 0.0) for photo in (near, far)]
        shared_mm = (near.u_shared_um + far.u_shared_um) / 2 / near.um_per_mm
        tape_u_mm = 0.0 if "aim" in near.budget_um else TAPE_U_MM
        own_mm = told.estimate(place).u / near.um_per_mm
        distance = Estimate(sum(at) / 2, own_mm, told.dof).with_shared(hypot(shared_mm, tape_u_mm))
        rows.append(
            {
                "mark": mark_name(case, k),
                "distance_m": distance.value / 1000,
                "u95_m": distance.u95 / 1000,
                "distance_ft": distance.value / MM_PER_FOOT,
                "from_near_m": at[0] / 1000,
                "from_far_m": at[1] / 1000,
                "focal_length_mm": near.setup.focal_length_mm,
            }
        )
    return rows


def _monotone(rows: list[dict[str, Any]]) -> bool:
    """Whether distances rise or fall with the marks' numbers; true where marks are not numbers."""
    numbers = [_number(str(row["mark"])) for row in rows]
    if None in numbers:
        return True
    ordered = sorted(zip(numbers, (row["distance_m"] for row in rows), strict=True))
    steps = [b[1] - a[1] for a, b in pairwise(ordered)]
    return all(step > 0 for step in steps) or all(step < 0 for step in steps)

"""Lenses from and to CSV: any order of columns, errors by row, all or nothing."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from appliance.store.house import FOCUS_DRIVES, IN_SERVICE, IRISES, LENS_STATES, Lens
from appliance.store.tags import tag_problem

TEXT = ("serial", "maker", "model", "mount", "notes")
NUMBERS = {
    "focal_min_mm": (1.0, 5000.0),
    "focal_max_mm": (1.0, 5000.0),
    "max_aperture": (0.5, 64.0),
    "coc_um": (0.5, 200.0),
    "tolerance_um": (0.5, 1000.0),
    "check_every_days": (1.0, 3650.0),
    "squeeze": (1.0, 2.5),
}
CHOICES = {"iris": IRISES, "focus_drive": FOCUS_DRIVES}
"""What can be said of a lens by one of a few words; empty where it is not known."""
COLUMNS = ("tag", *TEXT, *NUMBERS, *CHOICES, "status")
LONGEST_TEXT, LONGEST_NOTES = 120, 2000
MOST_ROWS = 20_000
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_ALIASES = {
    "asset": "tag",
    "asset tag": "tag",
    "serial number": "serial",
    "manufacturer": "maker",
    "make": "maker",
    "brand": "maker",
    "focal length": "focal_min_mm",
    "focal length mm": "focal_min_mm",
    "focal min": "focal_min_mm",
    "focal max": "focal_max_mm",
    "aperture": "max_aperture",
    "f number": "max_aperture",
    "circle of confusion": "coc_um",
    "tolerance": "tolerance_um",
    "note": "notes",
    "anamorphic squeeze": "squeeze",
    "diaphragm": "iris",
    "focus drive": "focus_drive",
    "focusing": "focus_drive",
}


@dataclass(frozen=True)
class Row:
    """One line of the file: values by column, and what is wrong with it."""

    line: int
    values: Mapping[str, Any]
    errors: tuple[str, ...]
    new: bool = True


@dataclass(frozen=True)
class Preview:
    """What an import would do; nothing is imported while there are errors."""

    rows: tuple[Row, ...] = ()
    errors: tuple[str, ...] = ()
    """What is wrong with the file as a whole."""
    ignored: tuple[str, ...] = field(default=())
    """Columns that mean nothing here."""

    @property
    def good(self) -> bool:
        """Whether it can be imported."""
        return bool(self.rows) and not self.errors and not any(row.errors for row in self.rows)


def checked(values: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Values of a lens or body as typed, cleaned, and what is wrong with them in words.

    Lengths are in mm or µm as their names say, within :data:`NUMBERS`; a decimal comma is taken. Names that mean
    nothing here are left out.
    """
    clean: dict[str, Any] = {}
    errors: list[str] = []
    for name, value in values.items():
        text = "" if value is None else str(value).strip()
        limit = LONGEST_NOTES if name == "notes" else LONGEST_TEXT
        problem = tag_problem(text) if name == "tag" else ""
        if problem:
            errors.append(f"tag {problem}")
        elif len(text) > limit:
            errors.append(f"{name} is longer than {limit} characters")
        elif not text.isprintable() and not (
            name == "notes" and text.replace("\n", "").replace("\r", "").isprintable()
        ):
            errors.append(f"{name} has characters that do not print")
        elif name in NUMBERS:
            clean[name] = _number(name, text, errors)
            if name == "squeeze" and clean[name] is None:
                clean[name] = 1.0
        elif name in CHOICES:
            clean[name] = text.lower()
            if clean[name] not in CHOICES[name]:
                errors.append(
                    f"{name} is {', '.join(filter(None, CHOICES[name]))} or empty, not {text[:20]!r}"
                )
        elif name == "status":
            clean[name] = text.lower() or IN_SERVICE
            if clean[name] not in LENS_STATES:
                errors.append(f"status is one of {', '.join(LENS_STATES)}, not {text!r}")
        elif name in ("tag", *TEXT):
            clean[name] = text
    if "tag" in values and not clean.get("tag"):
        errors.append("tag is empty")
    low, high = clean.get("focal_min_mm"), clean.get("focal_max_mm")
    if low is not None and high is not None and high < low:
        errors.append("focal_max_mm is less than focal_min_mm")
    return clean, errors


def _number(name: str, text: str, errors: list[str]) -> float | int | None:
    if not text:
        return None
    low, high = NUMBERS[name]
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        errors.append(f"{name} is no number: {text[:20]!r}")
        return None
    if not low <= value <= high:
        errors.append(f"{name} = {value:g} lies outside {low:g} to {high:g}")
        return None
    return round(value) if name == "check_every_days" else value


def read(session: Session, data: bytes) -> Preview:
    """What importing the file (CSV, UTF-8; commas, semicolons or tabs) would do, without doing it; never raises."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return Preview(errors=("The file is not UTF-8 text. Save it as CSV UTF-8.",))
    if "\0" in text:
        return Preview(errors=("The file is not text. Save the sheet as CSV UTF-8.",))
    delimiter = max(",;\t", key=text.split("\n", 1)[0].count)
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as error:
        return Preview(errors=(f"The file is not CSV: {error}.",))
    lines_with_number = [(k, line) for k, line in enumerate(lines, 1) if any(cell.strip() for cell in line)]
    if len(lines_with_number) < 2:
        return Preview(errors=("The file has no rows below its line of column names.",))
    if len(lines_with_number) > MOST_ROWS:
        return Preview(errors=(f"The file has more than {MOST_ROWS} rows; split it.",))
    return _rows(session, lines_with_number)


def _rows(session: Session, lines: list[tuple[int, list[str]]]) -> Preview:
    names = [_column(cell) for cell in lines[0][1]]
    known = [name for name in names if name is not None]
    ignored = tuple(cell for cell, name in zip(lines[0][1], names, strict=True) if name is None)
    if "tag" not in known:
        return Preview(errors=("There is no column named tag.",), ignored=ignored)
    if twice := sorted({name for name in known if known.count(name) > 1}):
        return Preview(errors=(f"The column {twice[0]} is there twice.",), ignored=ignored)
    existing = set(session.scalars(select(Lens.tag)))
    seen: dict[str, int] = {}
    rows = []
    for number, cells in lines[1:]:
        given = {name: _plain(cell) for name, cell in zip(names, cells, strict=False) if name is not None}
        values, errors = checked({"tag": "", **given})
        if len(cells) > len(names):
            errors.append(f"{len(cells)} cells, but only {len(names)} columns")
        tag = values.get("tag", "")
        if tag and tag in seen:
            errors.append(f"tag {tag} is on line {seen[tag]} too")
        seen.setdefault(tag, number)
        rows.append(Row(number, values, tuple(errors), tag not in existing))
    return Preview(tuple(rows), (), ignored)


def _column(cell: str) -> str | None:
    plain = " ".join(cell.strip().lower().replace("_", " ").split())
    name = _ALIASES.get(plain, plain.replace(" ", "_"))
    return name if name in COLUMNS else None


def store(session: Session, preview: Preview, at: datetime) -> tuple[int, int]:
    """Import a good preview; returns how many lenses were added and changed.

    Raises
    ------
    ValueError
        If the preview has errors: nothing is ever half imported.
    """
    if not preview.good:
        raise ValueError("a preview with errors cannot be imported")
    by_tag = {lens.tag: lens for lens in session.scalars(select(Lens))}
    added = 0
    for row in preview.rows:
        lens = by_tag.get(row.values["tag"])
        if lens is None:
            lens = Lens(tag=row.values["tag"], created_at=at)
            session.add(lens)
            added += 1
        for name, value in row.values.items():
            setattr(lens, name, value)
    return added, len(preview.rows) - added


def write(lenses: Iterable[Lens]) -> str:
    """CSV of lenses, which :func:`read` takes back."""
    rows = ([_cell(getattr(lens, name)) for name in COLUMNS] for lens in lenses)
    return table(COLUMNS, rows)


def table(header: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    """CSV text. A leading ``=``, ``+``, ``-`` or ``@`` of a text is kept from being a spreadsheet's formula."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow(header)
    for row in rows:
        writer.writerow([_safe(cell) for cell in row])
    return stream.getvalue()


def _cell(value: Any) -> Any:
    return "" if value is None else value


def _safe(cell: Any) -> Any:
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in _FORMULA else cell


def _plain(cell: str) -> str:
    return cell[1:] if cell[:1] == "'" and cell[1:2] in _FORMULA and len(cell) > 1 else cell

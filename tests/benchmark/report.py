"""Tables of required and reached figures, as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

HEADINGS = ("case", "required", "reached", "holds")


@dataclass(frozen=True)
class Row:
    """One figure.

    ``holds`` None is for a figure that nothing is required of. An ``aim`` is worth reaching, but does not fail the
    benchmark.
    """

    case: str
    required: str
    reached: str
    holds: bool | None = None
    aim: bool = False

    def __post_init__(self) -> None:
        if self.holds is not None:  # a comparison of arrays gives NumPy's own, which is never "is False"
            object.__setattr__(self, "holds", bool(self.holds))

    @property
    def answer(self) -> str:
        if self.holds is None:
            return "–"
        if self.aim:
            return "yes" if self.holds else "not yet (aim)"
        return "yes" if self.holds else "NO"

    @property
    def fails(self) -> bool:
        return self.holds is False and not self.aim


@dataclass(frozen=True)
class Table:
    """Rows with a name, remarks below them, and the seconds each stage of making them took."""

    name: str
    title: str
    rows: Sequence[Row]
    notes: Sequence[str] = ()
    seconds: dict[str, float] = field(default_factory=dict)
    trials: Sequence[dict[str, Any]] = ()

    @property
    def holds(self) -> bool:
        return not any(row.fails for row in self.rows)

    def text(self) -> str:
        cells = [HEADINGS, *((r.case, r.required, r.reached, r.answer) for r in self.rows)]
        widths = [max(len(row[k]) for row in cells) for k in range(len(HEADINGS))]
        lines = [_line(row, widths) for row in cells]
        lines.insert(1, "|" + "|".join("-" * (w + 2) for w in widths) + "|")
        stages = ", ".join(f"{stage} {value:.3g} s" for stage, value in self.seconds.items())
        notes = [f"  {note}" for note in (*self.notes, f"Took: {stages}." if stages else "") if note]
        return "\n".join([f"## {self.name}: {self.title}", "", *lines, "", *notes])

    def to_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "title": self.title,
            "holds": self.holds,
            "rows": [asdict(row) for row in self.rows],
            "notes": list(self.notes),
            "seconds": self.seconds,
            "trials": list(self.trials),
        }


def _line(row: Iterable[str], widths: Sequence[int]) -> str:
    return "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"

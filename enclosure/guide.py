"""The tables of README.md that follow from the code, written between marks so that they can be kept true."""

from __future__ import annotations

import re
from pathlib import Path

from enclosure import mounts, wiring
from enclosure.checks import printed_size_mm
from enclosure.params import Params
from enclosure.parts import printed_parts, tools

README = Path(__file__).with_name("README.md")


def prints(p: Params) -> str:
    """What to print."""
    rows = ["| Part | Pieces | Size on the bed, mm | Print it |", "|---|---:|---|---|"]
    for part in [*printed_parts(p), *tools(p)]:
        size = " × ".join(f"{side:.0f}" for side in printed_size_mm(part))
        rows.append(f"| `{part.name}` | {part.quantity} | {size} | {part.advice} |")
    return "\n".join(rows)


def distances(p: Params) -> str:
    """Distance, field and rail for common focal lengths on the High Quality Camera, at 24 focal lengths."""
    wide, tall = p.raw["camera"]["hq"]["sensor_mm"]
    titles = "| Focal length, mm | Sensor to star, mm | Field at the star, mm | Rail at least, mm |"
    rows = [titles, "|---:|---:|---|---:|"]
    behind = 70.0 - p.rail_span_mm[0]
    for focal in (16, 25, 35, 50, 75, 100):
        distance = 24.0 * focal
        # o + i = d and 1/o + 1/i = 1/f
        o = (distance + (distance * distance - 4 * distance * focal) ** 0.5) / 2
        m = focal / (o - focal)
        rows.append(
            f"| {focal} | {distance:.0f} | {wide / m:.0f} × {tall / m:.0f} | {distance + behind:.0f} |"
        )
    return "\n".join(rows)


def tables(p: Params) -> dict[str, str]:
    """Every table by the name in its marks."""
    return {
        "prints": prints(p),
        "wiring": wiring.table(),
        "mounts": mounts.table(),
        "distances": distances(p),
    }


def with_tables(text: str, p: Params) -> str:
    """``text`` with every marked table written anew."""
    for name, table in tables(p).items():
        pattern = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end of {name} -->)", re.DOTALL)
        if not pattern.search(text):
            raise ValueError(f"README.md has no marks for the table {name}")
        text = pattern.sub(lambda found, table=table: found[1] + "\n" + table + "\n\n" + found[2], text)
    return text


def write_tables(p: Params) -> None:
    """Bring README.md up to date."""
    README.write_text(with_tables(README.read_text(encoding="utf-8"), p), encoding="utf-8")

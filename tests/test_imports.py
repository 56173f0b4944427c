"""Imports point downwards: each room uses only rooms below it, and no import inside a function hides a circle."""

from __future__ import annotations

import ast
from collections import defaultdict
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1] / "appliance"
ROOMS = (
    "errors", "settings_sources", "optics", "frame", "arrays", "robust", "pictures", "chart", "sfr", "focus", "checks",
    "guides", "settings", "config", "bench", "devices", "store", "station", "web", "commands", "cli", "__main__",
)  # fmt: skip
"""From the bottom up. What a later room knows, an earlier one never asks for."""
BARRED = {
    "bench": set(ROOMS) - {"chart"},
    "devices": {"store", "focus", "sfr", "checks", "guides"},
    "web": {"devices", "bench", "checks"},
    "sfr": {"chart"},
}
"""Rooms that are below and yet none of its business: a bench that shares no code with what it tests, devices that know
no records, a page that has no device right."""


def _name(path: Path) -> str:
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _room(module: str) -> str:
    return module.split(".")[1]


@cache
def imports() -> dict[str, set[str]]:
    """Modules of the package that each module imports, at its top or inside functions; for types alone not counted."""
    sources = {_name(p): ast.parse(p.read_text()) for p in ROOT.rglob("*.py")}
    out: dict[str, set[str]] = defaultdict(set)
    for module, tree in sources.items():
        for node in _executed(tree):
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names = [f"{node.module}.{a.name}" for a in node.names]
                wanted = [n if n in sources else node.module for n in names]
            elif isinstance(node, ast.Import):
                wanted = [a.name for a in node.names]
            else:
                assert not (isinstance(node, ast.ImportFrom) and node.level), f"{module} imports by dots"
                continue
            for name in wanted:
                # a package runs before its modules do
                parts = name.split(".")
                chain = {".".join(parts[:i]) for i in range(2, len(parts) + 1)} & sources.keys()
                own = {m for m in chain if module == m or module.startswith(f"{m}.")}
                out[module] |= chain - own
    return dict(out)


def _executed(tree: ast.AST) -> list[ast.AST]:
    """All nodes but those under ``if TYPE_CHECKING``."""
    found: list[ast.AST] = []
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            continue
        found += [node, *_executed(node)]
    return found


def test_every_room_has_its_place_in_the_order() -> None:
    named = {p.stem for p in ROOT.glob("*.py")} | {p.parent.name for p in ROOT.glob("*/__init__.py")}
    assert named - {"__init__"} <= set(ROOMS)


def test_no_room_imports_one_above_it() -> None:
    place = {room: i for i, room in enumerate(ROOMS)}
    upwards = [
        f"{module} imports {name}"
        for module, names in imports().items()
        for name in names
        if module != "appliance" and name != "appliance" and place[_room(name)] > place[_room(module)]
    ]
    assert not upwards


@pytest.mark.parametrize("room", BARRED)
def test_rooms_leave_alone_what_is_none_of_their_business(room: str) -> None:
    strange = [
        f"{module} imports {name}"
        for module, names in imports().items()
        for name in names
        if module != "appliance" and _room(module) == room and _room(name) in BARRED[room] - {room}
    ]
    assert not strange


def test_nothing_imports_in_a_circle_not_even_inside_functions() -> None:
    try:
        TopologicalSorter(imports()).prepare()
    except CycleError as error:
        pytest.fail(" → ".join(error.args[1]))


def test_the_bench_asks_for_nothing_but_what_is_printed_where() -> None:
    outside = {n for m, names in imports().items() if _room(m + ".") == "bench" for n in names}
    assert {n for n in outside if _room(n) != "bench"} <= {"appliance.chart", "appliance.chart.layout"}

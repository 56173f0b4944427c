"""The pages for those who change the code name every room, module, symbol and stage there is, and none that is not."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import appliance
from appliance.focus.fit.final import STAGES
from appliance.focus.fit.through_focus import COMPLETE
from appliance.focus.lens.parameters import EVEN, LENS

ROOT = Path(appliance.__file__).parent
FOCUS = ROOT / "focus"
ORDER = ("web", "station", "commands", "store", "guides", "checks", "focus", "sfr", "chart")


def rows(page: Path, columns: int) -> list[list[str]]:
    """Cells of all tables of so many columns, without their heads."""
    found = []
    for line in page.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if line.startswith("| ") and len(cells) == columns:
            found.append(cells)
    return found


def modules(folder: Path) -> set[str]:
    return {str(p.relative_to(folder)) for p in folder.rglob("*.py") if p.name != "__init__.py"}


def test_every_room_is_named_and_every_room_named_is_there() -> None:
    named = {cells[0].strip("`/") for cells in rows(ROOT / "README.md", 3) if cells[0].startswith("`")}
    assert named == {p.parent.name for p in ROOT.glob("*/__init__.py")}


def test_every_module_of_the_top_is_named_and_every_module_named_is_there() -> None:
    text = (ROOT / "README.md").read_text()
    top = {cells[0].strip("`") for cells in rows(ROOT / "README.md", 2) if cells[0].startswith("`")}
    assert top == {p.name for p in ROOT.glob("*.py")} - {"__init__.py"}
    for path in re.findall(r"`([a-z_]+/[a-z_/]+\.py)`", text):
        assert (ROOT / path).is_file(), path
    for path in re.findall(r"`([a-z_]+)/`", text):
        assert (ROOT / path / "__init__.py").is_file(), path


def test_every_module_of_the_measurement_is_named_and_every_module_named_is_there() -> None:
    cells = [row[0].strip("*`") for row in rows(FOCUS / "README.md", 2) if "`" in row[0]]
    assert {name for name in cells if name.endswith(".py")} == modules(FOCUS)
    assert {name.strip("/") for name in cells if name.endswith("/")} == {
        p.parent.name for p in FOCUS.glob("*/__init__.py")
    }


def test_the_symbols_are_the_table_of_parameters() -> None:
    told = [row for row in rows(FOCUS / "README.md", 6) if row[0] not in ("Symbol",)]
    assert told == [
        [p.symbol, f"`{p.name}`", p.unit, p.meaning, p.prior_text, p.source] for p in (*LENS, EVEN)
    ]


def test_the_stages_and_their_stop_rules_are_those_of_the_code() -> None:
    told = [tuple(row) for row in rows(FOCUS / "README.md", 2) if "`" not in row[0] and row[0] != "Stage"]
    told = [row for row in told if row != ("Module", "What it is for")]
    assert told == [(stage.name, stage.rule) for stage in (*STAGES, *COMPLETE)]


@pytest.mark.parametrize("page", [ROOT / "README.md", FOCUS / "README.md"])
def test_what_a_page_names_in_code_is_there(page: Path) -> None:
    for path in re.findall(
        r"`((?:appliance|focus|sfr|chart|lens|edges|image|fit|judge)/[a-z_/]+\.(?:py|md))`", page.read_text()
    ):
        bases = (ROOT.parent, ROOT, FOCUS)
        assert any((base / path).is_file() for base in bases), path


LAYERS = ("lens", "edges", "image", "fit", "judge")


def test_no_layer_of_the_measurement_knows_one_above_it() -> None:
    for place, layer in enumerate(LAYERS):
        for path in (FOCUS / layer).glob("*.py"):
            known = set(re.findall(r"^(?:from|import) appliance\.focus\.(\w+)", path.read_text(), re.M))
            assert not known & set(LAYERS[place + 1 :]), path.name


def test_arrays_have_one_name_each() -> None:
    for path in ROOT.rglob("*.py"):
        if path.name != "arrays.py" and "bench" not in path.parts:
            assert not re.search(
                r"^(Array|Mask|Index) = npt\.NDArray\[np\.(float64|bool_|int_)\]$", path.read_text(), re.M
            ), path


def numbers(module: Path) -> list[tuple[str, str | None]]:
    """Module constants that are numbers, or hold some, each with its docstring."""
    body = ast.parse(module.read_text()).body
    found = []
    for node, after in zip(body, [*body[1:], None], strict=True):
        if isinstance(node, ast.Assign) and any(
            isinstance(part, ast.Constant) and isinstance(part.value, int | float)
            for part in ast.walk(node.value)
        ):
            # a parameter says all of this itself
            if "Parameter(" in ast.unparse(node.value) or isinstance(node.targets[0], ast.Subscript):
                continue
            names = [x.id for t in node.targets for x in ast.walk(t) if isinstance(x, ast.Name)]
            told = isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
            if names[0].lstrip("_").isupper() and not isinstance(node.value, ast.Dict):
                found.append((names[0], str(after.value.value) if told else None))  # type: ignore[union-attr]
    return found


@pytest.mark.parametrize("room", [FOCUS, ROOT / "robust.py", ROOT / "arrays.py"])
def test_every_number_of_the_measurement_says_what_it_means(room: Path) -> None:
    modules = [room] if room.is_file() else sorted(room.rglob("*.py"))

    silent = [
        f"{module.name}: {name}"
        for module in modules
        for name, told in numbers(module)
        if told is None or len(told.split()) < 5
    ]
    assert silent == []

"""What is printed where: the chart family's geometry in millimetres, and nothing else.

Paper coordinates: origin in the paper's top left corner, x to the right, y down, millimetres. The top edge leans away
from the camera, so a smaller y lies deeper.

Every layout is one pattern of square cells around the aim point. Dark squares, turned alternately by ± 11°, offer
slanted edges along and across the tilt; a finer grid of the same squares surrounds the Siemens star at the aim
point, so that a long lens that sees only the middle still finds edges. ArUco fiducials of three sizes say which
layout this is and where.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from math import cos, radians, sin

from appliance.chart.edges import (
    WHOLE_CLEARANCE,
    Box,
    Point,
    Polygon,
    PrintedEdge,
    clearances,
    sides_of,
    spokes_of,
)
from appliance.chart.ink import (
    MARKER_MODULES,
    STAR_CYCLES,
    Fiducial,
    clockwise,
    marker_runs,
    rectangle,
    ruler,
    star,
    turned_square,
)
from appliance.errors import UsageError

LAYOUT_VERSION = 1
PAPERS_MM: dict[str, tuple[float, float]] = {
    "a4": (210.0, 297.0),
    "a3": (297.0, 420.0),
    "letter": (215.9, 279.4),
}
GENERAL_PITCH_MM = {"a4": 13.0, "a3": 18.4, "letter": 12.5}
FAMILY_PITCH_MM: tuple[float, ...] = (3.15, 4.0, 5.0, 6.3, 8.0, 10.0, 12.5, 16.0, 20.0, 25.0, 31.5)
"""Cell pitches of the charts made for one set-up (Renard series R10); the general chart has its paper's own."""

SQUARE_TURN_DEG = 11.0
"""Squares are turned alternately by plus and minus this: at any roll one of the two keeps clear of the pixel axes."""
SQUARE_PER_PITCH = 8 / 13
IDS_PER_LAYOUT = 27
MOST_COLUMNS, MOST_ROWS = 15, 19
BAR_MM = 100.0
"""Length of the bar above the pattern that is measured with a ruler."""


@dataclass(frozen=True)
class Text:
    """A line of print: anchor point (left or middle of the baseline) and type size in mm."""

    x_mm: float
    y_mm: float
    size_mm: float
    text: str
    centred: bool = False


@dataclass(frozen=True)
class Layout:
    """One chart of the family."""

    name: str
    version: int
    paper: str
    paper_mm: tuple[float, float]
    aim_mm: Point
    pitch_mm: float
    columns: int
    rows: int
    fiducials: tuple[Fiducial, ...]
    edges: tuple[PrintedEdge, ...]
    """The sides of the squares: slanted, and clear on both sides."""
    more_edges: tuple[PrintedEdge, ...]
    """Those of fiducials and star, with less room and at any angle: for a closer look."""
    squares: tuple[Polygon, ...]
    ink: tuple[Polygon, ...]
    """All printed areas but the text: dark polygons that do not overlap each other."""
    outlines: tuple[Polygon, ...]
    """The same areas as whole outlines: clockwise around ink, the other way around paper within ink."""
    texts: tuple[Text, ...]
    star_radius_mm: float

    @property
    def title(self) -> str:
        """Name and version as stored with every check: ``a4-general v1``."""
        return f"{self.name} v{self.version}"

    def printed_at(self, scale: float) -> Layout:
        """The same chart with all lengths ``scale`` times as large, as a printer has made it; its title stays."""
        if scale == 1.0:
            return self

        def larger(polygons: tuple[Polygon, ...]) -> tuple[Polygon, ...]:
            return tuple(tuple((x * scale, y * scale) for x, y in polygon) for polygon in polygons)

        return replace(
            self,
            paper_mm=(self.paper_mm[0] * scale, self.paper_mm[1] * scale),
            aim_mm=(self.aim_mm[0] * scale, self.aim_mm[1] * scale),
            pitch_mm=self.pitch_mm * scale,
            fiducials=tuple(
                replace(f, **{name: getattr(f, name) * scale for name in ("x_mm", "y_mm", "side_mm")})
                for f in self.fiducials
            ),
            edges=tuple(edge.printed_at(scale) for edge in self.edges),
            more_edges=tuple(edge.printed_at(scale) for edge in self.more_edges),
            squares=larger(self.squares),
            ink=larger(self.ink),
            outlines=larger(self.outlines),
            texts=tuple(
                replace(text, **{name: getattr(text, name) * scale for name in ("x_mm", "y_mm", "size_mm")})
                for text in self.texts
            ),
            star_radius_mm=self.star_radius_mm * scale,
        )


class _Grid:
    """Cells of one pitch around the aim point; odd columns sit half a cell lower, so that every depth has edges."""

    def __init__(self, aim: Point, pitch: float, columns: int, rows: int, prefix: str) -> None:
        self.aim, self.pitch, self.prefix = aim, pitch, prefix
        self.half_columns, self.half_rows = columns // 2, rows // 2
        self.reserved: list[tuple[float, float, float]] = []

    def centre(self, i: float, j: float) -> Point:
        return self.aim[0] + i * self.pitch, self.aim[1] + j * self.pitch

    def reserve(self, centre: Point, side: float) -> None:
        """Keep an upright square of ``side`` mm around ``centre`` free of squares."""
        self.reserved.append((*centre, side / 2))

    def squares(self) -> Iterator[tuple[str, Polygon, Box]]:
        side = self.pitch * SQUARE_PER_PITCH
        turn = radians(SQUARE_TURN_DEG)
        extent = side * (cos(turn) + sin(turn))
        for i in range(-self.half_columns, self.half_columns + 1):
            for j in range(-self.half_rows, self.half_rows + 1 - i % 2):
                x, y = self.centre(i, j + i % 2 / 2)
                if any(max(abs(x - u), abs(y - v)) < h + extent / 2 for u, v, h in self.reserved):
                    continue
                sign = 1 if (i + j) % 2 == 0 else -1
                square = turned_square(x, y, side, sign * SQUARE_TURN_DEG)
                yield f"{self.prefix}{i:+d}{j:+d}", square, (x, y, side / 2, side / 2, sign * SQUARE_TURN_DEG)


def _odd(n: float) -> int:
    return max(int((n - 1) // 2 * 2 + 1), 5)


def _fiducials(grid: _Grid, fine: _Grid, half_zone: int, base: int) -> list[Fiducial]:
    small, middle, large = fine.pitch * 0.7, grid.pitch * 0.7, grid.pitch * 1.55
    placed: list[tuple[Point, float]] = []
    for i, j in ((-3, 0), (3, 0), (-3, -3), (3, -3), (-3, 3), (3, 3)):
        placed.append((fine.centre(i, j), small))
    ring = half_zone + 1
    for i, j in ((-1, 0), (1, 0), (-1, -1), (1, -1), (-1, 1), (1, 1), (0, -1), (0, 1)):
        placed.append((grid.centre(i * ring, j * ring), middle))
    a, b = grid.half_columns - 0.5, grid.half_rows - 0.5
    if min(a, b) > ring + 1:
        for x, y in ((-a, -b), (a, -b), (-a, b), (a, b), (-a, 0), (a, 0), (0, -b), (0, b)):
            placed.append((grid.centre(x, y), large))
    for centre, side in placed:
        for cells in (grid, fine):
            cells.reserve(centre, side * 1.3)
    return [Fiducial(base + k, *centre, side) for k, (centre, side) in enumerate(placed)]


def _texts(
    paper: tuple[float, float], title: str, top: float, bottom: float, ruler_mm: int
) -> Iterator[Text]:
    width = paper[0]
    yield Text(width / 2, top - 11.6, 3.2, f"focuscheck chart {title}", centred=True)
    yield Text(width / 2, top - 8.0, 2.6, "TOP: this edge leans AWAY from the camera", centred=True)
    yield Text(width / 2 + 52, top - 3.6, 2.2, "this bar: exactly 100 mm")
    for mm in range(0, ruler_mm + 1, 10):
        yield Text(width / 2 - ruler_mm / 2 + mm, bottom + 7.4, 2.0, f"{mm}", centred=True)
    lines = (
        "Print at 100 % (no 'fit to page') on matt paper. Measure the bar with a steel ruler: 100.0 mm ± 0.2 mm.",
        "Glue it flat on a rigid plate. Tilt it 45° about a horizontal line, top edge away; the star on the lens axis.",
        "Light it evenly from both sides without glare. Point the camera at the star and focus on the star.",
    )
    for k, line in enumerate(lines):
        yield Text(width / 2, bottom + 10.4 + 2.7 * k, 1.9, line, centred=True)


def chart_names() -> tuple[str, ...]:
    """Names of all charts of the family: ``a4-general``, ``a4-p3.15`` …"""
    return tuple(_name(paper, pitch) for paper in PAPERS_MM for pitch in (None, *FAMILY_PITCH_MM))


def title_of(name: str) -> str:
    """Title of the chart of that name, as printed on it and stored with every check: ``a4-general v1``."""
    return f"{name} v{LAYOUT_VERSION}"


def _name(paper: str, pitch_mm: float | None) -> str:
    return f"{paper}-general" if pitch_mm is None else f"{paper}-p{pitch_mm:g}"


@cache
def layout(paper: str, pitch_mm: float | None = None) -> Layout:
    """Return a chart of the family: the general one of ``paper``, or one with cells of ``pitch_mm``.

    Parameters
    ----------
    paper:
        ``a4``, ``a3`` or ``letter``, portrait.
    pitch_mm:
        None for the general chart, else a member of ``FAMILY_PITCH_MM``.

    Raises
    ------
    UsageError
        If paper or pitch is not in the family.
    """
    if paper not in PAPERS_MM:
        raise UsageError(f"There is no chart for paper '{paper}'; choose one of {', '.join(PAPERS_MM)}.")
    if pitch_mm is not None and pitch_mm not in FAMILY_PITCH_MM:
        raise UsageError(f"A cell of {pitch_mm:g} mm is not in the chart family {FAMILY_PITCH_MM}.")
    size = PAPERS_MM[paper]
    aim = (size[0] / 2, size[1] / 2)
    pitch = pitch_mm or GENERAL_PITCH_MM[paper]
    columns = min(_odd((size[0] - 14) / pitch), MOST_COLUMNS)
    rows = min(_odd((size[1] - 40) / pitch), MOST_ROWS)
    half_zone = 2 if columns >= 11 else 1
    grid = _Grid(aim, pitch, columns, rows, "m")
    zone_cells, fine_cells = 2 * half_zone + 1, 11 if half_zone == 2 else 7
    fine = _Grid(aim, pitch * zone_cells / fine_cells, fine_cells, fine_cells, "s")
    grid.reserve(aim, pitch * zone_cells)
    star_radius = fine.pitch * 1.22
    fine.reserve(aim, star_radius * 2.5)
    number = list(PAPERS_MM).index(paper) * (len(FAMILY_PITCH_MM) + 1)
    number += 0 if pitch_mm is None else FAMILY_PITCH_MM.index(pitch_mm) + 1
    fiducials = _fiducials(grid, fine, half_zone, number * IDS_PER_LAYOUT)
    cells = [*grid.squares(), *fine.squares()]
    squares = tuple(square for _, square, _ in cells)
    top, bottom = aim[1] - rows * pitch / 2, aim[1] + rows * pitch / 2
    ruler_mm = int((size[0] - 20) // 10 * 10)
    boxes: list[Box] = [box for _, _, box in cells]
    boxes += [(f.x_mm, f.y_mm, f.side_mm / 2, f.side_mm / 2, 0.0) for f in fiducials]
    boxes += [(*aim, star_radius * 1.2, star_radius * 1.2, 0.0), (aim[0], top - 4.4, BAR_MM / 2, 0.8, 0.0)]
    boxes += [(aim[0], bottom + 3.4, ruler_mm / 2, 1.6, 0.0)]
    edges = [
        edge
        for (name, square, box), clear in zip(cells, clearances(squares, boxes), strict=True)
        for edge in sides_of(name, square, clear, 2 * box[2])
    ]
    borders = [rectangle(*f.corners_mm[0], *f.corners_mm[2]) for f in fiducials]
    more_edges = [
        edge
        for f, border, clear in zip(fiducials, borders, clearances(borders, boxes, len(cells)), strict=True)
        for edge in sides_of(f"f{f.id}", border, clear, f.side_mm / MARKER_MODULES, WHOLE_CLEARANCE)
    ]
    windows = [clockwise(p)[::-1] for f in fiducials for p in marker_runs(f, dark=False)]
    more_edges += spokes_of(aim, star_radius, STAR_CYCLES)
    furniture = [
        *star(aim, star_radius),
        rectangle(aim[0] - BAR_MM / 2, top - 5.2, aim[0] + BAR_MM / 2, top - 3.6),
        *ruler(aim[0] - ruler_mm / 2, bottom + 2.0, ruler_mm),
    ]
    name = _name(paper, pitch_mm)
    return Layout(
        name=name,
        version=LAYOUT_VERSION,
        paper=paper,
        paper_mm=size,
        aim_mm=aim,
        pitch_mm=pitch,
        columns=columns,
        rows=rows,
        fiducials=tuple(fiducials),
        edges=tuple(edges),
        more_edges=tuple(more_edges),
        squares=squares,
        ink=(*squares, *(p for f in fiducials for p in marker_runs(f, dark=True)), *furniture),
        outlines=(*squares, *borders, *(clockwise(p) for p in furniture), *windows),
        texts=tuple(_texts(size, title_of(name), top, bottom, ruler_mm)),
        star_radius_mm=star_radius,
    )


def layout_of_marker(marker_id: int) -> Layout | None:
    """Return the layout that a fiducial's id belongs to, None for an id outside the family."""
    number, _ = divmod(marker_id, IDS_PER_LAYOUT)
    paper, member = divmod(number, len(FAMILY_PITCH_MM) + 1)
    if paper >= len(PAPERS_MM):
        return None
    return layout(list(PAPERS_MM)[paper], None if member == 0 else FAMILY_PITCH_MM[member - 1])

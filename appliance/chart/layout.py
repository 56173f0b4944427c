"""What is printed where: the chart family's geometry in millimetres, and nothing else.

Paper coordinates: origin in the paper's top left corner, x to the right, y down, millimetres. The top edge leans away
from the camera, so a smaller y lies deeper.

Every layout is one pattern of square cells around the aim point. Dark squares, turned alternately by ± 11°, offer
slanted edges along and across the tilt; a finer grid of the same squares surrounds the Siemens star at the aim
point, so that a long lens that sees only the middle still finds edges. ArUco fiducials of three sizes say which
layout this is and where.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache

from appliance.chart.bar import BAR_MM
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
from appliance.chart.grid import grids_of, place_fiducials
from appliance.chart.ink import (
    MARKER_MODULES,
    STAR_CYCLES,
    Fiducial,
    clockwise,
    marker_runs,
    rectangle,
    ruler,
    star,
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

IDS_PER_LAYOUT = 27


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
    pitch = pitch_mm or GENERAL_PITCH_MM[paper]
    grid, fine, star_radius = grids_of(size, pitch)
    number = list(PAPERS_MM).index(paper) * (len(FAMILY_PITCH_MM) + 1)
    number += 0 if pitch_mm is None else FAMILY_PITCH_MM.index(pitch_mm) + 1
    fiducials = place_fiducials(grid, fine, number * IDS_PER_LAYOUT)
    cells = [*grid.squares(), *fine.squares()]
    squares = tuple(square for _, square, _ in cells)
    rows = 2 * grid.half_rows + 1
    top, bottom = grid.aim[1] - rows * pitch / 2, grid.aim[1] + rows * pitch / 2
    ruler_mm = int((size[0] - 20) // 10 * 10)
    furniture, taken = _furniture(grid.aim, star_radius, top, bottom, ruler_mm)
    edges, more_edges = _edges(cells, fiducials, taken)
    windows = [clockwise(p)[::-1] for f in fiducials for p in marker_runs(f, dark=False)]
    name = _name(paper, pitch_mm)
    return Layout(
        name=name,
        version=LAYOUT_VERSION,
        paper=paper,
        paper_mm=size,
        aim_mm=grid.aim,
        pitch_mm=pitch,
        columns=2 * grid.half_columns + 1,
        rows=rows,
        fiducials=fiducials,
        edges=edges,
        more_edges=(*more_edges, *spokes_of(grid.aim, star_radius, STAR_CYCLES)),
        squares=squares,
        ink=(*squares, *(p for f in fiducials for p in marker_runs(f, dark=True)), *furniture),
        outlines=(*squares, *map(_border, fiducials), *(clockwise(p) for p in furniture), *windows),
        texts=tuple(_texts(size, title_of(name), top, bottom, ruler_mm)),
        star_radius_mm=star_radius,
    )


def _furniture(
    aim: Point, star_radius: float, top: float, bottom: float, ruler_mm: int
) -> tuple[list[Polygon], list[Box]]:
    """Star, bar and ruler, and the boxes that they take."""
    polygons = [
        *star(aim, star_radius),
        rectangle(aim[0] - BAR_MM / 2, top - 5.2, aim[0] + BAR_MM / 2, top - 3.6),
        *ruler(aim[0] - ruler_mm / 2, bottom + 2.0, ruler_mm),
    ]
    boxes: list[Box] = [
        (*aim, star_radius * 1.2, star_radius * 1.2, 0.0),
        (aim[0], top - 4.4, BAR_MM / 2, 0.8, 0.0),
        (aim[0], bottom + 3.4, ruler_mm / 2, 1.6, 0.0),
    ]
    return polygons, boxes


def _border(fiducial: Fiducial) -> Polygon:
    return rectangle(*fiducial.corners_mm[0], *fiducial.corners_mm[2])


def _edges(
    cells: Sequence[tuple[str, Polygon, Box]], fiducials: Sequence[Fiducial], taken: Sequence[Box]
) -> tuple[tuple[PrintedEdge, ...], tuple[PrintedEdge, ...]]:
    """The sides of squares, and of fiducials; ``taken`` is where other ink is."""
    squares, borders = [square for _, square, _ in cells], [_border(f) for f in fiducials]
    boxes = [box for _, _, box in cells]
    boxes += [(f.x_mm, f.y_mm, f.side_mm / 2, f.side_mm / 2, 0.0) for f in fiducials]
    boxes += taken
    edges = tuple(
        edge
        for (name, square, box), clear in zip(cells, clearances(squares, boxes), strict=True)
        for edge in sides_of(name, square, clear, 2 * box[2])
    )
    more_edges = tuple(
        edge
        for f, border, clear in zip(fiducials, borders, clearances(borders, boxes, len(cells)), strict=True)
        for edge in sides_of(f"f{f.id}", border, clear, f.side_mm / MARKER_MODULES, WHOLE_CLEARANCE)
    )
    return edges, more_edges


def layout_of_marker(marker_id: int) -> Layout | None:
    """Return the layout that a fiducial's id belongs to, None for an id outside the family."""
    number, _ = divmod(marker_id, IDS_PER_LAYOUT)
    paper, member = divmod(number, len(FAMILY_PITCH_MM) + 1)
    if paper >= len(PAPERS_MM):
        return None
    return layout(list(PAPERS_MM)[paper], None if member == 0 else FAMILY_PITCH_MM[member - 1])

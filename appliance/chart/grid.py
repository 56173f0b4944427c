"""Cells of dark squares about the aim point: a coarse grid over the paper, a finer one about the star."""

from __future__ import annotations

from collections.abc import Iterator
from math import cos, radians, sin

from appliance.chart.edges import Box, Point, Polygon
from appliance.chart.ink import Fiducial, turned_square

SQUARE_TURN_DEG = 11.0
"""Squares are turned alternately by plus and minus this: at any roll one of the two keeps clear of the pixel axes."""
SQUARE_PER_PITCH = 8 / 13
MAX_COLUMNS, MAX_ROWS = 15, 19
MARGIN_MM = (14.0, 40.0)
"""Of the paper's width and height, what is left to margins, texts and rulers."""
STAR_PER_PITCH = 1.22


class Grid:
    """Cells of one pitch around the aim point; odd columns sit half a cell lower, so that every depth has edges."""

    def __init__(self, aim: Point, pitch: float, columns: int, rows: int, prefix: str) -> None:
        self.aim, self.pitch, self.prefix = aim, pitch, prefix
        self.half_columns, self.half_rows = columns // 2, rows // 2
        self.half_zone = 2 if columns >= 11 else 1
        """Half the coarse cells, less the middle one, whose place the fine grid takes."""
        self.reserved: list[tuple[float, float, float]] = []

    def centre(self, i: float, j: float) -> Point:
        """Middle of the cell in that column and row from the aim point, mm."""
        return self.aim[0] + i * self.pitch, self.aim[1] + j * self.pitch

    def reserve(self, centre: Point, side: float) -> None:
        """Keep an upright square of ``side`` mm around ``centre`` free of squares."""
        self.reserved.append((*centre, side / 2))

    def squares(self) -> Iterator[tuple[str, Polygon, Box]]:
        """Name, outline and box of every dark square that nothing else takes the place of."""
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


def grids_of(paper_mm: Point, pitch_mm: float) -> tuple[Grid, Grid, float]:
    """The coarse and the fine grid of a chart, and the radius in mm of the star in the middle of both."""
    aim = (paper_mm[0] / 2, paper_mm[1] / 2)
    columns = min(_odd((paper_mm[0] - MARGIN_MM[0]) / pitch_mm), MAX_COLUMNS)
    rows = min(_odd((paper_mm[1] - MARGIN_MM[1]) / pitch_mm), MAX_ROWS)
    grid = Grid(aim, pitch_mm, columns, rows, "m")
    zone_cells, fine_cells = 2 * grid.half_zone + 1, 11 if grid.half_zone == 2 else 7
    fine = Grid(aim, pitch_mm * zone_cells / fine_cells, fine_cells, fine_cells, "s")
    grid.reserve(aim, pitch_mm * zone_cells)
    star_radius = fine.pitch * STAR_PER_PITCH
    fine.reserve(aim, star_radius * 2.5)
    return grid, fine, star_radius


def place_fiducials(grid: Grid, fine: Grid, first_id: int) -> tuple[Fiducial, ...]:
    """Fiducials of three sizes with ids from the first one on; their places are kept free of squares."""
    small, middle, large = fine.pitch * 0.7, grid.pitch * 0.7, grid.pitch * 1.55
    placed: list[tuple[Point, float]] = []
    for i, j in ((-3, 0), (3, 0), (-3, -3), (3, -3), (-3, 3), (3, 3)):
        placed.append((fine.centre(i, j), small))
    ring = grid.half_zone + 1
    for i, j in ((-1, 0), (1, 0), (-1, -1), (1, -1), (-1, 1), (1, 1), (0, -1), (0, 1)):
        placed.append((grid.centre(i * ring, j * ring), middle))
    a, b = grid.half_columns - 0.5, grid.half_rows - 0.5
    if min(a, b) > ring + 1:
        for x, y in ((-a, -b), (a, -b), (-a, b), (a, b), (-a, 0), (a, 0), (0, -b), (0, b)):
            placed.append((grid.centre(x, y), large))
    for centre, side in placed:
        for cells in (grid, fine):
            cells.reserve(centre, side * 1.3)
    return tuple(Fiducial(first_id + k, *centre, side) for k, (centre, side) in enumerate(placed))

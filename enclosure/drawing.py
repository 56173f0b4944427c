"""Workshop drawings: three views of a part with its outer dimensions, or a flat sheet to be cut, as SVG in mm."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from xml.sax.saxutils import escape

from build123d import Axis, Edge, GeomType, Part, Vector
from OCP.BRepAdaptor import BRepAdaptor_Surface

from enclosure.checks import Inside
from enclosure.params import Params
from enclosure.parts import light

MARGIN_MM = 16.0
Line = list[tuple[float, float]]


@dataclass(frozen=True)
class Projection:
    """Lines of one view, with x to the right and y up, mm."""

    name: str
    seen: list[Line]
    hidden: list[Line]

    @property
    def extent(self) -> tuple[float, float, float, float]:
        """Least and greatest x, least and greatest y."""
        points = [point for line in self.seen + self.hidden for point in line]
        xs, ys = [x for x, _ in points], [y for _, y in points]
        return min(xs), max(xs), min(ys), max(ys)


def _line(edge: Edge) -> Line:
    steps = 2 if edge.geom_type == GeomType.LINE else 24
    points = (edge.position_at(k / (steps - 1)) for k in range(steps))
    return [(point.X, point.Y) for point in points]


def _project(
    part: Part, name: str, eye: tuple[float, float, float], up: tuple[float, float, float]
) -> Projection:
    centre = part.bounding_box().center()
    seen, hidden = part.project_to_viewport(
        tuple(centre + Vector(*eye) * 1000), viewport_up=up, look_at=tuple(centre)
    )
    return Projection(name, [_line(e) for e in seen], [_line(e) for e in hidden])


def _path(lines: Iterable[Line], x: float, y: float) -> str:
    parts = []
    for line in lines:
        parts.append("M" + " L".join(f"{x + u:.2f} {y - v:.2f}" for u, v in line))
    return " ".join(parts)


def _dimension(x1: float, y1: float, x2: float, y2: float, value: float) -> str:
    """A dimension line with its figure, horizontal or upright."""
    mid_x, mid_y = (x1 + x2) / 2, (y1 + y2) / 2
    turn = f' transform="rotate(-90 {mid_x:.2f} {mid_y:.2f})"' if x1 == x2 else ""
    return (
        f'<path d="M{x1:.2f} {y1:.2f} L{x2:.2f} {y2:.2f}" stroke="#2456a6" stroke-width="0.25" '
        f'marker-start="url(#a)" marker-end="url(#a)"/>'
        f'<text x="{mid_x:.2f}" y="{mid_y - 1.2:.2f}" text-anchor="middle" fill="#2456a6"{turn}>{value:.1f}</text>'
    )


def _page(body: list[str], width: float, height: float) -> str:
    return (
        "\n".join(
            [
                f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.1f}mm" height="{height:.1f}mm" '
                f'viewBox="0 0 {width:.1f} {height:.1f}" font-family="sans-serif" font-size="4" fill="none">',
                '<marker id="a" viewBox="-2 -2 4 4" markerWidth="6" markerHeight="6">'
                '<circle r="1" fill="#2456a6"/></marker>',
                f'<rect width="{width:.1f}" height="{height:.1f}" fill="#ffffff"/>',
                *body,
                "</svg>",
            ]
        )
        + "\n"
    )


def part_drawing(part: Part, title: str) -> str:
    """Side, front and top of a part at 1:1, hidden lines dashed, outer dimensions in mm."""
    views = [
        _project(part, "from the side (−y)", (0, -1, 0), (0, 0, 1)),
        _project(part, "from the chart (+x)", (1, 0, 0), (0, 0, 1)),
        _project(part, "from above", (0, 0, 1), (0, 1, 0)),
    ]
    (ax0, ax1, ay0, ay1), (bx0, bx1, _, by1), (cx0, cx1, cy0, cy1) = (view.extent for view in views)
    left = MARGIN_MM
    first = max(ax1 - ax0, cx1 - cx0)
    second = left + first + MARGIN_MM + 8
    top, lower = MARGIN_MM + 6, MARGIN_MM + 6 + (ay1 - ay0) + MARGIN_MM + 10
    places = [(left - ax0, top + ay1), (second - bx0, top + by1), (left - cx0, lower + cy1)]
    holes = round_holes(part)
    body = [f'<text x="{left}" y="9" font-size="5.5" fill="#000">{escape(title)} – mm, 1:1</text>']
    if holes:
        body.append(
            f'<text x="{left}" y="{lower + (cy1 - cy0) + MARGIN_MM + 2:.1f}" fill="#555">holes: {holes}</text>'
        )
    for view, (x, y) in zip(views, places, strict=True):
        x0, x1, y0, y1 = view.extent
        body.append(
            f'<path d="{_path(view.hidden, x, y)}" stroke="#9aa3ab" stroke-width="0.18" stroke-dasharray="1.5 1"/>'
        )
        body.append(f'<path d="{_path(view.seen, x, y)}" stroke="#000" stroke-width="0.35"/>')
        body.append(f'<text x="{x + x0:.1f}" y="{y - y1 - 2:.1f}" fill="#555">{view.name}</text>')
        body.append(_dimension(x + x0, y - y0 + 7, x + x1, y - y0 + 7, x1 - x0))
        body.append(_dimension(x + x0 - 5, y - y0, x + x0 - 5, y - y1, y1 - y0))
    width = second + (bx1 - bx0) + MARGIN_MM
    height = lower + (cy1 - cy0) + MARGIN_MM + 8
    return _page(body, max(width, 130), height)


def round_holes(part: Part) -> str:
    """Round holes of a part, most first: ``6 x 4.0, 4 x 3.4``."""
    inside, found = Inside(part), set()
    for face in part.faces():
        if face.geom_type == GeomType.CYLINDER:
            cylinder = BRepAdaptor_Surface(face.wrapped).Cylinder()
            axis, middle = Axis(cylinder.Axis()), face.center()
            on_axis = axis.position + axis.direction * (middle - axis.position).dot(axis.direction)
            if not inside(on_axis):
                found.add((round(cylinder.Radius() * 2, 1), *(round(v, 1) for v in on_axis)))
    sizes = Counter(diameter for diameter, *_ in found)
    return ", ".join(f"{n} x ⌀ {diameter}" for diameter, n in sizes.most_common())


def sheet_drawing(title: str, width: float, height: float, note: str) -> str:
    """A rectangle to be cut from sheet."""
    x, y = MARGIN_MM, MARGIN_MM + 10
    body = [
        f'<text x="{x}" y="9" font-size="5.5" fill="#000">{escape(title)} – mm, 1:1</text>',
        f'<text x="{x}" y="16" fill="#555">{escape(note)}</text>',
        f'<rect x="{x}" y="{y}" width="{width:.1f}" height="{height:.1f}" stroke="#000" stroke-width="0.35"/>',
        _dimension(x, y + height + 8, x + width, y + height + 8, width),
        _dimension(x - 5, y + height, x - 5, y, height),
    ]
    return _page(body, width + 2 * MARGIN_MM, height + 2 * MARGIN_MM + 10)


def sheets(p: Params) -> dict[str, str]:
    """Drawings of the sheets to be cut."""
    width, length = p.board_size_mm
    return {
        "sheet_chart": sheet_drawing(
            "Chart sheet",
            width,
            length,
            f"{p.all.chart.board_mm:g} mm float glass or aluminium composite, flat within 0.3 mm",
        ),
        "sheet_hood": sheet_drawing(
            "Hood sheet",
            light.hood_width_mm(p),
            light.hood_length_mm(p),
            f"{p.all.lamps.hood_sheet_mm:g} mm foam board, matt black",
        ),
    }

"""What holds the chart: two brackets on a cross bar, with stops that put the paper's centre on the optical axis.

Drawn from the aim point: x = 0 and z = 0 there, y = 0 on the axis. ``s`` runs up the chart, ``n`` points out of its
printed face. The sheet's front face is pressed against the lips, so its thickness does not move the chart.
"""

from __future__ import annotations

from math import cos, sin

from build123d import Part

from enclosure.params import PLATE_MM, Params
from enclosure.parts.common import (
    Points,
    bar,
    block,
    joined,
    keys_along_x,
    keys_along_y,
    profile_screw_holes,
    rod,
    without,
    xz_prism,
)

LIP_MM = 5.0
WEB_MM = 9.0
STRIP_MM = 12.0
CHEEK_MM = 12.0
FOOT_HALF_X_MM = 24.0
FOOT_IN_MM = 6.0
STOP_MM = 6.0
STOP_REACH_MM = 15.0
CLOSURE_MM = 5.0
SIZE_LIMIT_MM = 212.0
SADDLE_MM = 40.0
"""Half the side of the saddle between rail and cross bar."""


def foot_height_mm(p: Params) -> float:
    """Height of the cross bar's upper face above the rail."""
    return PLATE_MM + p.all.profile.side_mm


def channel_mm(p: Params) -> float:
    """Depth of the channel that takes the sheet, with room for the thumb screws' travel."""
    return p.all.chart.board_mm + 1.0


def slope_span_mm(p: Params) -> tuple[float, float]:
    """Lowest and highest point of the bracket up the chart."""
    low = -p.board_size_mm[1] / 2 - CLOSURE_MM
    thick = LIP_MM + channel_mm(p) + WEB_MM
    reach = min(
        (SIZE_LIMIT_MM - thick * cos(p.tilt)) / sin(p.tilt),
        (SIZE_LIMIT_MM - thick * sin(p.tilt)) / cos(p.tilt),
    )
    return low, min(p.board_size_mm[1] / 2, low + reach)


def thumb_screw_s_mm(p: Params) -> tuple[float, float]:
    """Where along the chart the thumb screws press."""
    low, high = slope_span_mm(p)
    return low + 28, high - 18


def foot_screw_y_mm(p: Params) -> float:
    """|y| of the bracket's two M5 screws: in front of the cheek, so that a hex key reaches them."""
    return p.paper_mm[0] / 2 + 3.0


def _band(p: Params, s: tuple[float, float], n: tuple[float, float]) -> Points:
    """A rectangle in slope coordinates."""
    return [p.on_slope(s[0], n[0]), p.on_slope(s[1], n[0]), p.on_slope(s[1], n[1]), p.on_slope(s[0], n[1])]


def bracket(p: Params, side: int) -> Part:
    """Bracket at the right (``side`` −1, with the side stop) or the left (1) seen from the camera."""
    half, paper = p.paper_mm[0] / 2, p.all.fits.paper_mm
    low, high = slope_span_mm(p)
    front, behind = -paper, -paper - channel_mm(p)
    rear = behind - WEB_MM
    lip_y = half + (p.all.fits.paper_side_mm if side > 0 else 0.0)
    cheek = (half + STRIP_MM, half + STRIP_MM + CHEEK_MM)

    def span(inner: float, outer: float) -> tuple[float, float]:
        return (inner, outer) if side > 0 else (-outer, -inner)

    lip = xz_prism(_band(p, (low, high), (front, front + LIP_MM)), span(lip_y, cheek[1]))
    web = xz_prism(_band(p, (low, high), (rear, behind)), span(half, cheek[1]))
    side_wall = xz_prism(_band(p, (low, high), (rear, front + LIP_MM)), span(*cheek))
    closure = xz_prism(_band(p, (low, low + CLOSURE_MM), (rear, front + LIP_MM)), span(half, cheek[1]))
    paper_foot = -p.paper_mm[1] / 2
    stop = xz_prism(
        _band(p, (paper_foot - STOP_MM, paper_foot), (front, front + LIP_MM)),
        span(half - STOP_REACH_MM, cheek[1]),
    )
    base = foot_height_mm(p) - p.axis_height_mm
    foot = block(
        (-FOOT_HALF_X_MM, FOOT_HALF_X_MM), span(half - FOOT_IN_MM, cheek[1]), (base, base + PLATE_MM)
    )
    middle = rear + WEB_MM / 2
    below = block((-150, 150), span(cheek[0] - 1, cheek[1] + 1), (base - 30, base))
    struts = [
        xz_prism(bar((x, base + 2), p.on_slope(s, middle), 15), span(*cheek)) - below
        for x, s in ((-FOOT_HALF_X_MM + 10, low * 0.55), (FOOT_HALF_X_MM - 10, high * 0.72))
    ]
    keys = keys_along_y(p, span(half - FOOT_IN_MM, cheek[1]), base, -1)
    body = joined(lip, web, side_wall, closure, stop, foot, *struts, *keys)

    sign = side
    m4 = p.screw("m4")
    normal = (-cos(p.tilt), 0.0, sin(p.tilt))
    cutters = []
    for s in thumb_screw_s_mm(p):
        x, z = p.on_slope(s, rear - 1)
        cutters.append(rod((x, sign * (half + STRIP_MM / 2), z), normal, m4.insert_hole_mm, WEB_MM + 1.5))
    cutters += profile_screw_holes(p, [(x, sign * foot_screw_y_mm(p)) for x in (-10.0, 10.0)], base)
    x, z = p.on_slope(high - 6, rear + WEB_MM / 2)
    cutters.append(rod((x, sign * (cheek[0] - 1), z), (0, sign, 0), 2.0, CHEEK_MM + 2))
    return without(body, cutters)


def saddle(p: Params) -> Part:
    """Plate between the rail (below) and a cross bar (above), keyed to both so that they cross at a right angle."""
    reach = (-SADDLE_MM, SADDLE_MM)
    plate = block(reach, reach, (0, PLATE_MM))
    below = keys_along_x(p, reach)
    above = keys_along_y(p, reach, PLATE_MM, 1)
    clear = p.screw("m5").clear_mm
    holes = [rod((x, y, -3), (0, 0, 1), clear, PLATE_MM + 6) for x, y in saddle_screws_mm()]
    marks = [
        xz_prism([(-0.6, PLATE_MM + 0.01), (0.6, PLATE_MM + 0.01), (0, PLATE_MM - 0.8)], y)
        for y in ((-SADDLE_MM - 1, -SADDLE_MM + 4), (SADDLE_MM - 4, SADDLE_MM + 1))
    ]
    return without(joined(plate, *below, *above), holes + marks)


def saddle_screws_mm() -> list[tuple[float, float]]:
    """(x, y) of the screws: four down into the rail, four up into the cross bar."""
    return [(x, y) for x in (-30.0, 30.0) for y in (-10.0, 10.0)] + [
        (x, y) for x in (-10.0, 10.0) for y in (-30.0, 30.0)
    ]


def spacing_gauge(p: Params) -> Part:
    """Bar that sets a bracket's distance from the saddle, so that the aim point lies on the axis sideways too."""
    length = p.paper_mm[0] / 2 - FOOT_IN_MM - SADDLE_MM
    return block((0, length), (0, 16), (0, 8))


def mirror_wedge(p: Params) -> Part:
    """Wedge that lies on the chart and holds a mirror square to the axis. Drawn like the brackets."""
    reach = 40.0
    (x0, z0), (x1, z1) = p.on_slope(-reach, 0), p.on_slope(reach, 0)
    face = x0 - 8.0
    outline = [(x0, z0), (x1, z1), (face, z1), (face, z0 + 4), (face - 4, z0 + 4), (face - 4, z0)]
    body = xz_prism(outline, (-30, 30))
    band = rod((face + 9, -31, (z0 + z1) / 2 + 8), (0, 1, 0), 6, 62)
    return without(body, [band])

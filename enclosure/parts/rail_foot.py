"""The rail's foot: lifts the profile off the bench and levels it with two M6 screws."""

from __future__ import annotations

from build123d import Part

from enclosure.params import PLATE_MM, Params
from enclosure.parts.common import joined, key_section, rod, without, yz_prism

LENGTH_MM = 40.0


def levelling_y_mm(p: Params) -> float:
    """|y| of the levelling screws."""
    return p.all.rail.foot_spread_mm / 2 - 11.0


def rail_foot(p: Params) -> Part:
    """Foot below the rail. Drawn with x = 0 in its middle and z = 0 at the rail's lower face."""
    half, x = p.all.rail.foot_spread_mm / 2, (-LENGTH_MM / 2, LENGTH_MM / 2)
    low = -p.all.rail.foot_height_mm + 6.0
    outline = [
        (-28, 0), (-28, -4), (-half, low + 16), (-half, low), (-half + 24, low), (-24, -PLATE_MM),
        (24, -PLATE_MM), (half - 24, low), (half, low), (half, low + 16), (28, -4), (28, 0),
    ]  # fmt: skip
    body = joined(yz_prism(outline, x), *(yz_prism(key_section(p, y, 0.0, 1), x) for y in (-10.0, 10.0)))
    m5, m6 = p.screw("m5"), p.screw("m6")
    cutters = [rod((s, y, -40), (0, 0, 1), m5.clear_mm, 50) for s in (-8.0, 8.0) for y in (-10.0, 10.0)]
    cutters += [rod((0, sign * levelling_y_mm(p), -40), (0, 0, 1), m6.insert_hole_mm, 60) for sign in (-1, 1)]
    return without(body, cutters)

"""The cradle that carries a heavy lens, so that the camera hangs on the lens and not the lens on the camera."""

from __future__ import annotations

from math import sqrt

from build123d import Part

from enclosure.params import PLATE_MM, UPRIGHT_FRONT_MM, Params
from enclosure.parts.common import (
    block,
    joined,
    keys_along_x,
    profile_screw_holes,
    rod,
    without,
    yz_prism,
)

FOOT_X_MM = 34.0
FOOT_HALF_Y_MM = 31.0
STEM_MM = 12.0
HEAD_MM = 24.0
TRAVEL_MM = 12.0
"""The head slides this far up and down from its drawn height."""
BOLT_Y_MM = 14.0
FELT_MM = 1.0


def x_mm(p: Params) -> float:
    """x of the face where head and stem meet: under the lens's rear half, between the upright's foot and its rim."""
    nearest = p.camera_face_x_mm + UPRIGHT_FRONT_MM + FOOT_X_MM + 1.0
    wished = p.all.lens.flange_mm + max(30.0, 0.45 * p.all.lens.length_mm)
    return max(nearest, min(wished, p.lens_front_x_mm - HEAD_MM - 2.0))


def apex_height_mm(p: Params) -> float:
    """Height of the V's apex at which a lens of the set barrel diameter, on felt, lies on the axis."""
    return p.axis_height_mm - (p.all.lens.barrel_diameter_mm / 2 + FELT_MM) * sqrt(2)


def bolt_height_mm(p: Params) -> float:
    """Height of the two bolts that clamp the head to the stem."""
    return apex_height_mm(p) - 20.0


def base(p: Params) -> Part:
    """Foot and stem with two upright slots, drawn where it stands."""
    x, bolt = x_mm(p), bolt_height_mm(p)
    foot = block((x - FOOT_X_MM, x), (-FOOT_HALF_Y_MM, FOOT_HALF_Y_MM), (0, PLATE_MM))
    stem = block((x - STEM_MM, x), (-FOOT_HALF_Y_MM, FOOT_HALF_Y_MM), (0, bolt + TRAVEL_MM + 8))
    slots = []
    low = max(bolt - TRAVEL_MM, PLATE_MM + 8)
    for y in (-BOLT_Y_MM, BOLT_Y_MM):
        width = p.screw("m5").clear_mm
        slots.append(block((x - 40, x + 1), (y - width / 2, y + width / 2), (low, bolt + TRAVEL_MM)))
        slots += [rod((x - 40, y, z), (1, 0, 0), width, 41) for z in (low, bolt + TRAVEL_MM)]
    holes = profile_screw_holes(p, [(x - FOOT_X_MM + 12, y) for y in (-10, 10)])
    return without(joined(foot, stem, *keys_along_x(p, (x - FOOT_X_MM, x))), [*slots, *holes])


def head(p: Params) -> Part:
    """V of 90 degrees: any barrel lies in it on two lines, its axis above the apex."""
    x, apex, bolt = x_mm(p), apex_height_mm(p), bolt_height_mm(p)
    reach = max(26.0, p.all.lens.barrel_diameter_mm / 2 * 0.7072 + 12)
    thick = 10.0
    outline = [
        (0, apex),
        (reach, apex + reach),
        (reach + thick * 0.7072, apex + reach - thick * 0.7072),
        (20 + thick, apex + 20 - thick * 1.2 if reach > 30 else apex + 8),
        (22, bolt - 8),
        (-22, bolt - 8),
        (-20 - thick, apex + 20 - thick * 1.2 if reach > 30 else apex + 8),
        (-reach - thick * 0.7072, apex + reach - thick * 0.7072),
        (-reach, apex + reach),
    ]
    body = yz_prism(outline, (x, x + HEAD_MM))
    m5 = p.screw("m5")
    inserts = [
        rod((x - 1, y, bolt), (1, 0, 0), m5.insert_hole_mm, 1 + m5.insert_mm + 6)
        for y in (-BOLT_Y_MM, BOLT_Y_MM)
    ]
    return without(body, inserts)

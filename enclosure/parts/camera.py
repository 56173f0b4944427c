"""What holds the camera: upright on the rail, and a plate per camera board.

Both are drawn where they stand: sensor plane x = 0, axis y = 0 at the axis height.
"""

from __future__ import annotations

from build123d import Part

from enclosure.params import (
    CAMERA_BOSS_MM,
    CAMERA_PLATE_MM,
    PLATE_MM,
    UPRIGHT_ABOVE_AXIS_MM,
    UPRIGHT_FRONT_MM,
    UPRIGHT_REAR_MM,
    Params,
)
from enclosure.parts.common import (
    bar,
    block,
    joined,
    keys_along_x,
    profile_screw_holes,
    rod,
    without,
    xz_prism,
)

HALF_WIDTH_MM = 31.0
WALL_MM = 14.0
FIXED_MM = 25.0
"""Half the spacing of the four screws that fix the camera plate."""
FLOATING_MM = 25.0
"""y of the two sprung screws beside the axis, for a heavy lens that carries the camera itself."""
FLOAT_HOLE_MM = 7.0
RIBBON_MM = (18.0, 3.2)


def upright_screw_x_mm(p: Params) -> tuple[float, float]:
    """x of the front and rear pair of M5 screws."""
    face = p.camera_face_x_mm
    return face + 12.0, face - UPRIGHT_REAR_MM + 10.0


def plate_screws_mm(p: Params) -> list[tuple[float, float]]:
    """(y, z) of the four fixed screws of the camera plate."""
    axis = p.axis_height_mm
    return [(y, axis + z) for y in (-FIXED_MM, FIXED_MM) for z in (-FIXED_MM, FIXED_MM)]


def floating_screws_mm(p: Params) -> list[tuple[float, float]]:
    """(y, z) of the two sprung screws."""
    return [(-FLOATING_MM, p.axis_height_mm), (FLOATING_MM, p.axis_height_mm)]


def upright(p: Params) -> Part:
    """Braced upright: one side view carried across, so that it prints on its side and is stiff where it matters."""
    face, axis = p.camera_face_x_mm, p.axis_height_mm
    top, y = axis + UPRIGHT_ABOVE_AXIS_MM, (-HALF_WIDTH_MM, HALF_WIDTH_MM)
    rear = face - UPRIGHT_REAR_MM
    wall = xz_prism([(face - WALL_MM, 0), (face, 0), (face, top), (face - WALL_MM, top)], y)
    foot = xz_prism(
        [(rear, 0), (face + UPRIGHT_FRONT_MM, 0), (face + UPRIGHT_FRONT_MM, PLATE_MM), (rear, PLATE_MM)], y
    )
    brace = xz_prism(bar((face - WALL_MM / 2, axis + 8), (face - 70, PLATE_MM / 2), 12), y)
    body = joined(wall, foot, brace, *keys_along_x(p, (rear, face + UPRIGHT_FRONT_MM)))
    m3 = p.screw("m3")
    inserts = [
        rod((face + 1, y, z), (-1, 0, 0), m3.insert_hole_mm, 1 + m3.insert_mm + 4)
        for y, z in plate_screws_mm(p) + floating_screws_mm(p)
    ]
    front, back = upright_screw_x_mm(p)
    ribbon = block(
        (face - WALL_MM - 30, face + 1),
        (-RIBBON_MM[0] / 2, RIBBON_MM[0] / 2),
        (axis - 39 - RIBBON_MM[1], axis - 39),
    )
    mark = xz_prism(
        [(-0.5, PLATE_MM + 0.01), (0.5, PLATE_MM + 0.01), (0, PLATE_MM - 0.8)], (y[0] - 1, y[1] + 1)
    )
    holes = profile_screw_holes(p, [(x, s) for x in (front, back) for s in (-10, 10)])
    heads = [rod((back, s, PLATE_MM), (0, 0, 1), 12, 12) for s in (-10, 10)]
    return without(body, [*inserts, ribbon, mark, *holes, *heads])


def plate(p: Params) -> Part:
    """Plate with four pillars at the camera board's holes; the board's screws go into heat-set inserts."""
    camera, face, axis = p.camera, p.camera_face_x_mm, p.axis_height_mm
    base = block((face, face + CAMERA_PLATE_MM), (-HALF_WIDTH_MM, HALF_WIDTH_MM), (axis - 31, axis + 31))
    screw = p.screw(camera.screw)
    insert = getattr(screw, "insert_hole_mm", None) or screw.pilot_mm
    top = face + CAMERA_PLATE_MM + CAMERA_BOSS_MM
    pillar = min(insert + 4.0, 7.5)
    places = [(y, axis + z) for y, z in camera.holes_mm]
    pillars = [rod((face + 1, y, z), (1, 0, 0), pillar, top - face - 1) for y, z in places]
    cutters = [rod((top + 1, y, z), (-1, 0, 0), insert, 1 + CAMERA_BOSS_MM) for y, z in places]
    clear = p.screw("m3").clear_mm
    cutters += [rod((face - 1, y, z), (1, 0, 0), clear, CAMERA_PLATE_MM + 2) for y, z in plate_screws_mm(p)]
    cutters += [
        rod((face - 1, y, z), (1, 0, 0), FLOAT_HOLE_MM, CAMERA_PLATE_MM + 2) for y, z in floating_screws_mm(p)
    ]
    ribbon = block((face - 1, face + 20), (-9, 9), (axis - 32, axis - 27))
    return without(joined(base, *pillars), [*cutters, ribbon])

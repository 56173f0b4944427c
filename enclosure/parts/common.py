"""Solids that every part is made of: blocks, prisms, holes, and the foot that sits on the profile. Millimetres."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import hypot

from build123d import Part, Plane, Polygon, Solid, Vector, extrude

from enclosure.params import PLATE_MM, Params

Points = Sequence[tuple[float, float]]


def block(x: tuple[float, float], y: tuple[float, float], z: tuple[float, float]) -> Part:
    """An upright block between two values on each axis."""
    origin = Plane((x[0], y[0], z[0]))
    return Part() + Solid.make_box(x[1] - x[0], y[1] - y[0], z[1] - z[0], origin)


def xz_prism(points: Points, y: tuple[float, float]) -> Part:
    """A polygon of (x, z) points carried along y."""
    plane = Plane(origin=(0, y[1], 0), x_dir=(1, 0, 0), z_dir=(0, -1, 0))
    return Part() + extrude(plane * Polygon(*points, align=None), y[1] - y[0], dir=(0, -1, 0))


def yz_prism(points: Points, x: tuple[float, float]) -> Part:
    """A polygon of (y, z) points carried along x."""
    plane = Plane(origin=(x[0], 0, 0), x_dir=(0, 1, 0), z_dir=(1, 0, 0))
    return Part() + extrude(plane * Polygon(*points, align=None), x[1] - x[0], dir=(1, 0, 0))


def xy_prism(points: Points, z: tuple[float, float]) -> Part:
    """A polygon of (x, y) points carried along z."""
    plane = Plane(origin=(0, 0, z[0]))
    return Part() + extrude(plane * Polygon(*points, align=None), z[1] - z[0], dir=(0, 0, 1))


def bar(p: tuple[float, float], q: tuple[float, float], width: float) -> Points:
    """Corners of a straight bar from ``p`` to ``q``, in whichever plane."""
    du, dv = q[0] - p[0], q[1] - p[1]
    length = hypot(du, dv)
    u, v = -dv / length * width / 2, du / length * width / 2
    return [(p[0] + u, p[1] + v), (p[0] - u, p[1] - v), (q[0] - u, q[1] - v), (q[0] + u, q[1] + v)]


def rod(
    at: tuple[float, float, float], along: tuple[float, float, float], diameter: float, length: float
) -> Part:
    """A cylinder that starts at ``at``; as a cutter it is a hole."""
    return Part() + Solid.make_cylinder(diameter / 2, length, Plane(origin=at, z_dir=Vector(*along)))


def countersink(at: tuple[float, float, float], down: tuple[float, float, float], p: Params) -> Part:
    """Cutter for a 90 degree M5 countersunk head whose rim is flush at ``at``."""
    wide, narrow = p.screw("m5").countersink_mm / 2, p.screw("m5").clear_mm / 2
    return Part() + Solid.make_cone(wide, narrow, wide - narrow, Plane(origin=at, z_dir=Vector(*down)))


def without(part: Part, cutters: Iterable[Part]) -> Part:
    """``part`` less all ``cutters``, in one operation."""
    return part - list(cutters)


def joined(*parts: Part) -> Part:
    """The union of ``parts``."""
    whole, *rest = parts
    return whole + rest if rest else whole


def slot_centres_mm(p: Params) -> tuple[float, float]:
    """The two slots of a flat 20 x 40 profile, from its middle."""
    half = p.all.profile.side_mm / 2
    return -half, half


def key_section(p: Params, centre: float, face: float, outwards: float) -> Points:
    """Section of a key with 45 degree flanks: it prints without support and centres itself in the slot's mouth.

    ``outwards`` is −1 for a key below ``face`` and 1 for one above.
    """
    half = p.all.profile.slot_mm / 2 - p.all.fits.key_mm
    height = p.all.profile.key_height_mm
    root = face - outwards * 0.2
    return [
        (centre - half, root),
        (centre + half, root),
        (centre + half, face),
        (centre + half - height, face + outwards * height),
        (centre - half + height, face + outwards * height),
        (centre - half, face),
    ]


def keys_along_x(p: Params, x: tuple[float, float], face: float = 0.0, outwards: float = -1.0) -> list[Part]:
    """Both keys for a profile that runs along x."""
    return [yz_prism(key_section(p, y, face, outwards), x) for y in slot_centres_mm(p)]


def keys_along_y(p: Params, y: tuple[float, float], face: float, outwards: float) -> list[Part]:
    """Both keys for a profile that runs along y."""
    return [xz_prism(key_section(p, x, face, outwards), y) for x in slot_centres_mm(p)]


def profile_screw_holes(p: Params, places: Iterable[tuple[float, float]], base: float = 0.0) -> list[Part]:
    """Clearance holes for M5 through a foot of :data:`PLATE_MM` standing at height ``base``."""
    clear = p.screw("m5").clear_mm
    return [rod((x, y, base - 3), (0, 0, 1), clear, PLATE_MM + 6) for x, y in places]

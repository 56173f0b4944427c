"""Holes and openings are where the boards' published drawings have them.

The figures here are written down a second time, from the drawings and not from params.toml: Raspberry Pi Ltd's
mechanical drawings of the Pi 4 Model B, Pi 5 and Zero 2 W, the High Quality and Global Shutter cameras' (board 38 x
38, holes four millimetres from each edge) and the Camera Module 3's (21 apart, 2.0 and 14.5 from the upper edge, axis
14.4 from it, as Camera Module 2). The drawings of the two displays are their sellers'.
"""

from __future__ import annotations

import pytest
from build123d import Axis, GeomType, Part, Vector
from OCP.BRepAdaptor import BRepAdaptor_Surface

from enclosure.params import load
from enclosure.parts import box, printed_parts

PI_HOLES = {
    "pi4": [(3.5, 3.5), (61.5, 3.5), (3.5, 52.5), (61.5, 52.5)],
    "pi5": [(3.5, 3.5), (61.5, 3.5), (3.5, 52.5), (61.5, 52.5)],
    "zero2w": [(3.5, 3.5), (61.5, 3.5), (3.5, 26.5), (61.5, 26.5)],
}
PI_SOCKETS = {
    "pi4": {"y0": (11.2, 26.0, 39.5, 54.0), "x1": (9.0, 27.0, 45.75)},
    "pi5": {"y0": (11.2, 25.8, 39.2), "x1": (10.2, 29.1, 47.0)},
    "zero2w": {"y0": (12.4, 41.4, 54.0), "x1": ()},
}
CAMERA_HOLES = {
    "hq": {(-15.0, -15.0), (15.0, -15.0), (-15.0, 15.0), (15.0, 15.0)},
    "gs": {(-15.0, -15.0), (15.0, -15.0), (-15.0, 15.0), (15.0, 15.0)},
    "module3": {(-10.5, 12.4), (10.5, 12.4), (-10.5, -0.1), (10.5, -0.1)},
}
OLED_HOLES = {"0.96": (23.3, 23.8), "1.3": (30.4, 28.5)}


def _solid(name: str, **choices: str) -> Part:
    return next(part.solid for part in printed_parts(load(**choices)) if part.name == name)


def bores(part: Part, diameter: float, along: tuple[float, float, float]) -> set[tuple[float, float, float]]:
    """Points on the axes of all round holes of one diameter and direction, rounded to 0.01 mm."""
    found = set()
    for face in part.faces():
        if face.geom_type != GeomType.CYLINDER:
            continue
        cylinder = BRepAdaptor_Surface(face.wrapped).Cylinder()
        if abs(cylinder.Radius() * 2 - diameter) > 1e-3:
            continue
        axis = Axis(cylinder.Axis())
        if abs(abs(axis.direction.dot(Vector(*along))) - 1) > 1e-6:
            continue
        middle = face.center()
        probe = axis.position + axis.direction * (middle - axis.position).dot(axis.direction)
        if part.is_inside(probe):
            continue  # the outside of a pillar
        flat = [0.0 if abs(a) > 0.5 else round(v, 2) + 0.0 for v, a in zip(probe, along, strict=True)]
        found.add(tuple(flat))
    return found


@pytest.mark.parametrize("pi", PI_HOLES)
def test_pillars_meet_the_raspberry_pis_holes(pi: str) -> None:
    p = load(station__pi=pi)
    found = {
        xy[:2] for xy in bores(_solid("box_base", station__pi=pi), p.screw("m25").insert_hole_mm, (0, 0, 1))
    }
    assert found == set(PI_HOLES[pi])


@pytest.mark.parametrize("pi", PI_SOCKETS)
def test_wall_is_open_in_front_of_every_socket(pi: str) -> None:
    p, solid = load(station__pi=pi), _solid("box_base", station__pi=pi)
    (x0, x1), (y0, _) = box.outer_mm(p)
    upper_face = box.board_underside_mm(p) + 1.4
    wall = p.all.walls.box_mm / 2
    for centre in PI_SOCKETS[pi]["y0"]:
        assert not solid.is_inside(Vector(centre, y0 + wall, upper_face + 1.5))
    for centre in PI_SOCKETS[pi]["x1"]:
        for up in (1.0, 13.0):
            assert not solid.is_inside(Vector(x1 - wall, centre, upper_face + up))
    # the wall is there at all
    assert solid.is_inside(Vector(70.0, y0 + wall, upper_face + 1.5))
    assert solid.is_inside(Vector(x1 - wall, 95.0, upper_face + 1.5))
    card = 16.9 if pi == "zero2w" else 28.0
    assert not solid.is_inside(Vector(x0 + wall, card, upper_face + (0.8 if pi == "zero2w" else -2.0)))


@pytest.mark.parametrize("camera", CAMERA_HOLES)
def test_camera_pillars_meet_the_boards_holes(camera: str) -> None:
    p = load(station__camera=camera)
    screw = p.screw(p.camera.screw)
    diameter = getattr(screw, "insert_hole_mm", None) or screw.pilot_mm
    found = {
        (y, round(z - p.axis_height_mm, 2))
        for _, y, z in bores(_solid("camera_plate", station__camera=camera), diameter, (1, 0, 0))
    }
    assert found == CAMERA_HOLES[camera]


@pytest.mark.parametrize("oled", OLED_HOLES)
def test_display_bosses_meet_the_modules_holes(oled: str) -> None:
    p = load(station__oled=oled)
    found = [xy[:2] for xy in bores(_solid("box_lid", station__oled=oled), p.screw("m2").pilot_mm, (0, 0, 1))]
    xs, ys = sorted({x for x, _ in found}), sorted({y for _, y in found})
    assert len(found) == 4
    assert (round(xs[1] - xs[0], 2), round(ys[1] - ys[0], 2)) == OLED_HOLES[oled]


@pytest.mark.parametrize("oled", OLED_HOLES)
def test_whole_picture_shows_through_the_window(oled: str) -> None:
    p, solid = load(station__oled=oled), _solid("box_lid", station__oled=oled)
    cx, cy = box.oled_centre_mm()
    ax, ay = p.oled.active_centre_mm
    z = box.height_mm(p) + p.all.walls.lid_mm / 2
    for u in (-0.5, 0.0, 0.5):
        for v in (-0.5, 0.0, 0.5):
            assert not solid.is_inside(
                Vector(cx + ax + u * p.oled.active_mm[0], cy + ay + v * p.oled.active_mm[1], z)
            )


def test_papers_are_those_of_the_printed_chart() -> None:
    layout = pytest.importorskip("appliance.chart.layout")
    for name, size in layout.PAPERS_MM.items():
        assert load(station__paper=name).paper_mm == size

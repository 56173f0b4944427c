"""Every screw of the bench: where its head rests, where it points, and what it goes into. Bench frame, mm."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from build123d import Location, Vector

from enclosure.params import CAMERA_BOSS_MM, CAMERA_PLATE_MM, PLATE_MM, Params
from enclosure.parts import (
    aim_place,
    box,
    box_place,
    camera,
    chart_holder,
    lamp_clip_heights_mm,
    lens_cradle,
    light,
    rail_feet_x_mm,
)

Vector3 = tuple[float, float, float]


@dataclass(frozen=True)
class Joint:
    """One screw with its head at ``seat`` (the face that washer or head rests on) pointing along ``along``."""

    what: str
    screw: str
    """Size in the parameter file, for example ``m5``."""
    length_mm: float
    seat: Vector3
    along: Vector3
    head_part: str
    into: str
    """A printed part with a heat-set insert or pilot hole, or ``slot``: a nut in the profile's slot."""
    washer: bool = False
    countersunk: bool = False
    over_slot: bool = False
    """The washer bridges a slot in the part, so that it rests on two sides only."""

    @property
    def reach_mm(self) -> float:
        """Length of the shank below the seat."""
        return self.length_mm - (1.0 if self.washer else 0.0)

    @property
    def name(self) -> str:
        """As bought: ``M5 x 16``, ``M2.5 x 6``."""
        size = self.screw[1:] if self.screw != "m25" else "2.5"
        return f"M{size} x {self.length_mm:g}" + (" countersunk" if self.countersunk else "")


def _placed(place: Location, point: Vector3, along: Vector3) -> tuple[Vector3, Vector3]:
    here = place * Location(point)
    there = place * Location(tuple(Vector(*point) + Vector(*along)))
    start, end = here.position, there.position
    return tuple(start), tuple(end - start)


def _profile_screw(
    what: str, part: str, seat: Vector3, along: Vector3 = (0, 0, -1), length: float = 16.0
) -> Joint:
    return Joint(what, "m5", length, seat, along, part, "slot", washer=True)


def _box(p: Params) -> list[Joint]:
    place = box_place(p)
    base_top, lid_top = box.height_mm(p), box.height_mm(p) + p.all.walls.lid_mm
    board_top = box.board_underside_mm(p) + p.pi.board_mm[2]
    joints = []
    for x, y in box.columns_mm(p):
        seat, along = _placed(place, (x, y, lid_top), (0, 0, -1))
        joints.append(Joint("lid to base", "m3", 8.0, seat, along, "box_lid", "box_base"))
    for x, y in p.pi.holes_mm:
        seat, along = _placed(place, (x, y, board_top), (0, 0, -1))
        joints.append(Joint("Raspberry Pi", "m25", 6.0, seat, along, "pi", "box_base"))
    for x, y in box.rail_screws_mm():
        seat, along = _placed(place, (x, y, p.all.walls.floor_mm), (0, 0, -1))
        joints.append(Joint("box to rail", "m5", 10.0, seat, along, "box_base", "slot", countersunk=True))
    cx, cy = box.oled_centre_mm()
    seat_z = base_top - p.oled.glass_mm[2] - 0.2 - p.oled.board_mm[2]
    for x, y in p.oled.holes_mm:
        seat, along = _placed(place, (cx + x, cy + y, seat_z), (0, 0, 1))
        joints.append(Joint("display", "m2", 4.0, seat, along, "display", "box_lid"))
    return joints


def _camera(p: Params) -> list[Joint]:
    face, axis = p.camera_face_x_mm, p.axis_height_mm
    plate_top = face + CAMERA_PLATE_MM
    joints = [
        Joint(
            "camera plate, fixed", "m3", 10.0, (plate_top, y, z), (-1, 0, 0), "camera_plate", "camera_upright"
        )
        for y, z in camera.plate_screws_mm(p)
    ]
    board = plate_top + CAMERA_BOSS_MM + p.camera.board_mm[2]
    length = 6.0 if p.camera.screw == "m25" else 5.0
    joints += [
        Joint(
            "camera board", p.camera.screw, length, (board, y, axis + z), (-1, 0, 0), "camera", "camera_plate"
        )
        for y, z in p.camera.holes_mm
    ]
    joints += [
        _profile_screw("upright to rail", "camera_upright", (x, y, PLATE_MM))
        for x in camera.upright_screw_x_mm(p)
        for y in (-10.0, 10.0)
    ]
    return joints


def _cradle(p: Params) -> list[Joint]:
    x, bolt = lens_cradle.x_mm(p), lens_cradle.bolt_height_mm(p)
    joints = [
        _profile_screw("cradle to rail", "cradle_base", (x - lens_cradle.FOOT_X_MM + 12, y, PLATE_MM))
        for y in (-10.0, 10.0)
    ]
    joints += [
        Joint(
            "cradle head",
            "m5",
            20.0,
            (x - lens_cradle.STEM_MM, y, bolt),
            (1, 0, 0),
            "cradle_base",
            "cradle_head",
            washer=True,
            over_slot=True,
        )
        for y in (-lens_cradle.BOLT_Y_MM, lens_cradle.BOLT_Y_MM)
    ]
    return joints


def _chart(p: Params) -> list[Joint]:
    aim, joints = aim_place(p), []
    top = chart_holder.foot_height_mm(p) - p.axis_height_mm + PLATE_MM
    for side, name in ((-1, "chart_bracket_right"), (1, "chart_bracket_left")):
        for x in (-10.0, 10.0):
            seat, along = _placed(aim, (x, side * chart_holder.foot_screw_y_mm(p), top), (0, 0, -1))
            joints.append(_profile_screw("chart bracket", name, seat, along))
    for x0 in (p.sensor_to_aim_mm, p.sensor_to_aim_mm + light.post_x_mm(p)):
        for x, y in chart_holder.saddle_screws_mm():
            down = abs(x) > 20
            seat = (x0 + x, y, PLATE_MM if down else 0.0)
            joints.append(_profile_screw("saddle", "saddle", seat, (0, 0, -1 if down else 1)))
    return joints


def _rest(p: Params) -> list[Joint]:
    joints = []
    half = p.all.profile.side_mm / 2
    for x in rail_feet_x_mm(p):
        for u in (-8.0, 8.0):
            for y in (-10.0, 10.0):
                seat = (x + u, y, -p.all.profile.side_mm - PLATE_MM)
                joints.append(_profile_screw("rail foot", "rail_foot", seat, (0, 0, 1)))
    post_x = p.sensor_to_aim_mm + light.post_x_mm(p)
    for z in lamp_clip_heights_mm(p):
        for side in (-1, 1):
            seat = (post_x + half + light.BASE_MM, side * p.lamp_post_y_mm, z)
            joints.append(_profile_screw("lamp clip", "lamp_clip", seat, (-1, 0, 0), 12.0))
    _, front = light.hood_line(p)
    for side, name in ((-1, "hood_clip_right"), (1, "hood_clip_left")):
        seat = (post_x, side * (p.lamp_post_y_mm - half - light.BASE_MM), p.axis_height_mm + front[1] - 20)
        joints.append(_profile_screw("hood clip", name, seat, (0, side, 0), 12.0))
    return joints


def joints(p: Params) -> list[Joint]:
    """Every screw of one bench that holds two things together."""
    cradle = _cradle(p) if p.has_cradle else []
    return _box(p) + _camera(p) + cradle + _chart(p) + _rest(p)


def counted(p: Params) -> Counter[str]:
    """How many of each screw, nut, insert and washer one bench needs; what moves or floats is added by hand."""
    count: Counter[str] = Counter()
    for joint in joints(p):
        count[joint.name] += 1
        if joint.washer:
            count["M5 washer"] += 1
        if joint.into == "slot":
            count["M5 slot nut"] += 1
        elif joint.screw != "m2":
            count[f"insert {joint.name.split(' ')[0]}"] += 1
    count["M4 x 16 thumb screw"] += 4
    count["insert M4"] += 4
    count["M6 x 40 levelling screw"] += 4
    count["insert M6"] += 4
    count["insert M3"] += 2  # the two sprung screws of the floating camera plate
    count["M3 x 20"] += 2
    return count

"""Bought parts as plain solids in the bench frame, as exact as the checks need: boards, lens, profiles, sheets."""

from __future__ import annotations

from dataclasses import dataclass
from math import atan2, degrees, tan

from build123d import Face, Location, Part, Solid, Wire

from enclosure.params import CAMERA_BOSS_MM, CAMERA_PLATE_MM, PLATE_MM, Params
from enclosure.parts import aim_place, box, box_place, chart_holder, lamp_clip_heights_mm, light
from enclosure.parts.common import bar, block, joined, rod, without, xz_prism


@dataclass(frozen=True)
class BoughtPart:
    """One bought part where it stands; ``colour`` is for pictures."""

    name: str
    solid: Part
    colour: str


def _profile_x(p: Params, x: tuple[float, float]) -> Part:
    """The rail: 20 x 40, lying flat, with its slots above and below."""
    side, depth = p.all.profile.side_mm, p.all.profile.slot_depth_mm
    slot = p.all.profile.slot_mm / 2
    body = block(x, (-side, side), (-side, 0))
    cuts = [
        block((x[0] - 1, x[1] + 1), (y - slot, y + slot), z)
        for y in (-side / 2, side / 2)
        for z in ((-depth, 1), (-side - 1, depth - side))
    ]
    return without(body, cuts)


def _cross_bar(p: Params, x: float, half_length: float) -> Part:
    """A cross bar on its saddle."""
    side, depth = p.all.profile.side_mm, p.all.profile.slot_depth_mm
    slot, low = p.all.profile.slot_mm / 2, PLATE_MM
    body = block((x - side, x + side), (-half_length, half_length), (low, low + side))
    cuts = [
        block((x + u - slot, x + u + slot), (-half_length - 1, half_length + 1), z)
        for u in (-side / 2, side / 2)
        for z in ((low - 1, low + depth), (low + side - depth, low + side + 1))
    ]
    return without(body, cuts)


def cross_bar_length_mm(p: Params) -> float:
    """Length of the bar below the chart."""
    return p.paper_mm[0] + 2 * (chart_holder.STRIP_MM + chart_holder.CHEEK_MM) + 16


def lamp_bar_length_mm(p: Params) -> float:
    """Length of the bar that carries the lamp posts."""
    return 2 * p.lamp_post_y_mm + p.all.profile.side_mm


def _post(p: Params, side: int) -> Part:
    half, depth, slot = p.all.profile.side_mm / 2, p.all.profile.slot_depth_mm, p.all.profile.slot_mm / 2
    x, y, low = (
        p.sensor_to_aim_mm + light.post_x_mm(p),
        side * p.lamp_post_y_mm,
        PLATE_MM + p.all.profile.side_mm,
    )
    z = (low, low + p.all.lamps.post_mm)
    body = block((x - half, x + half), (y - half, y + half), z)
    ends = (z[0] - 1, z[1] + 1)
    cuts = [block((x - slot, x + slot), (y + s * half - depth, y + s * half + depth), ends) for s in (-1, 1)]
    cuts += [block((x + s * half - depth, x + s * half + depth), (y - slot, y + slot), ends) for s in (-1, 1)]
    return without(body, cuts)


def _led_bar(p: Params, side: int) -> Part:
    lamps, half = p.all.lamps, p.all.profile.side_mm / 2
    x = light.post_x_mm(p) + half
    width = lamps.bar_width_mm + 2 * p.all.fits.slide_mm
    cx, cy = x + light.BASE_MM + 10.0, p.lamp_post_y_mm - half - width / 2 - 8.0
    middle = sum(lamp_clip_heights_mm(p)) / 2
    body = block(
        (-lamps.bar_height_mm / 2, lamps.bar_height_mm / 2),
        (-lamps.bar_width_mm / 2, lamps.bar_width_mm / 2),
        (-lamps.bar_length_mm / 2, lamps.bar_length_mm / 2),
    )
    turn = degrees(atan2(-side * cy, -cx))
    return Location((p.sensor_to_aim_mm + cx, side * cy, middle), (0, 0, turn)) * body


def _camera(p: Params) -> Part:
    camera, axis = p.camera, p.axis_height_mm
    back = p.camera_face_x_mm + CAMERA_PLATE_MM + CAMERA_BOSS_MM
    front = back + camera.board_mm[2]
    cy, cz = camera.board_centre_mm
    wide, tall, _ = camera.board_mm
    board = block((back, front), (cy - wide / 2, cy + wide / 2), (axis + cz - tall / 2, axis + cz + tall / 2))
    holes = [rod((back - 1, y, axis + z), (1, 0, 0), camera.hole_diameter_mm, 5) for y, z in camera.holes_mm]
    housing = rod((front, 0, axis), (1, 0, 0), camera.housing_diameter_mm, camera.housing_height_mm)
    socket = block((back - 3.0, back), (-11, 11), (axis + cz - tall / 2 + 0.5, axis + cz - tall / 2 + 6))
    whole = joined(without(board, holes), housing, socket)
    width, depth, reach = camera.tripod_block_mm
    if width:
        whole = joined(whole, block((front, front + depth), (-width / 2, width / 2), (axis - reach, axis)))
    return whole


def _lens(p: Params) -> Part:
    lens, axis = p.all.lens, p.axis_height_mm
    back = (
        p.camera_face_x_mm
        + CAMERA_PLATE_MM
        + CAMERA_BOSS_MM
        + p.camera.board_mm[2]
        + p.camera.housing_height_mm
    )
    thin = rod((back, 0, axis), (1, 0, 0), 30.0, lens.flange_mm + 6 - back)
    barrel = rod((lens.flange_mm + 6, 0, axis), (1, 0, 0), lens.barrel_diameter_mm, lens.length_mm - 6)
    return joined(thin, barrel)


def _pi(p: Params) -> Part:
    length, width, thick = p.pi.board_mm
    low = box.board_underside_mm(p)
    holes = [rod((x, y, low - 1), (0, 0, 1), p.pi.hole_diameter_mm, thick + 2) for x, y in p.pi.holes_mm]
    board = without(block((0, length), (0, width), (low, low + thick)), holes)
    sockets = []
    for _, edge, centre, wide, bottom, top in p.pi.connectors:
        z, span = (low + thick + bottom, low + thick + top), (centre - wide / 2, centre + wide / 2)
        if edge == "y0":
            sockets.append(block(span, (-1.3, 6.0), z))
        elif edge == "x1":
            sockets.append(block((length - 15, length + 2.9), span, z))
        else:
            sockets.append(block((-2.0, 12.0), span, z))
    header_y = width - 3.5
    sockets.append(block((7.1, 57.9), (header_y - 2.5, header_y + 2.5), (low + thick, low + thick + 8.5)))
    return joined(board, *sockets)


def _display(p: Params) -> Part:
    cx, cy = box.oled_centre_mm()
    oled, low = p.oled, box.height_mm(p)
    seat = oled.glass_mm[2] + 0.2
    wide, tall, thick = oled.board_mm
    holes = [
        rod((cx + x, cy + y, low - seat - thick - 1), (0, 0, 1), oled.hole_diameter_mm, thick + 2)
        for x, y in oled.holes_mm
    ]
    board = block(
        (cx - wide / 2, cx + wide / 2), (cy - tall / 2, cy + tall / 2), (low - seat - thick, low - seat)
    )
    gx, gy = oled.glass_centre_mm
    glass = block(
        (cx + gx - oled.glass_mm[0] / 2, cx + gx + oled.glass_mm[0] / 2),
        (cy + gy - oled.glass_mm[1] / 2, cy + gy + oled.glass_mm[1] / 2),
        (low - seat, low - 0.2),
    )
    return joined(without(board, holes), glass)


def _controls(p: Params) -> Part:
    panel, spots = p.all.panel, box.controls_mm()
    top = box.height_mm(p) + p.all.walls.lid_mm
    made = []
    for name, hole, body, depth in (
        ("button", panel.button_hole_mm, panel.button_body_mm, panel.button_depth_mm),
        ("focus_button", panel.focus_button_hole_mm, panel.focus_button_body_mm, panel.focus_button_depth_mm),
        ("green_lamp", panel.lamp_hole_mm, panel.lamp_hole_mm + 2, 10.0),
        ("red_lamp", panel.lamp_hole_mm, panel.lamp_hole_mm + 2, 10.0),
    ):
        x, y = spots[name]
        made.append(rod((x, y, top - depth), (0, 0, 1), hole - 0.3, depth + 1))
        made.append(rod((x, y, top), (0, 0, 1), body + 1, 2.0))
    x, y = spots["buzzer"]
    made.append(rod((x, y, box.height_mm(p) - 8.5), (0, 0, 1), panel.buzzer_mm, 8.4))
    whole = made[0]
    return joined(whole, *made[1:])


def _sheet(p: Params) -> Part:
    width, length = p.board_size_mm
    front = -p.all.fits.paper_mm
    behind = front - p.all.chart.board_mm
    outline = [
        p.on_slope(s, n)
        for s, n in ((-length / 2, front), (length / 2, front), (length / 2, behind), (-length / 2, behind))
    ]
    return xz_prism(outline, (-width / 2, width / 2))


def _paper(p: Params) -> Part:
    width, length = p.paper_mm
    thick = p.all.fits.paper_mm
    outline = [
        p.on_slope(s, n)
        for s, n in ((-length / 2, 0), (length / 2, 0), (length / 2, -thick), (-length / 2, -thick))
    ]
    return xz_prism(outline, (-width / 2, width / 2))


def _hood(p: Params) -> Part:
    length, half = light.hood_length_mm(p), light.hood_width_mm(p) / 2
    return xz_prism(
        bar(light.along_hood(p, 0.2), light.along_hood(p, length), p.all.lamps.hood_sheet_mm), (-half, half)
    )


def bought_parts(p: Params) -> list[BoughtPart]:
    """Everything bought, in place."""
    aim, inside = aim_place(p), box_place(p)
    lamp_x = p.sensor_to_aim_mm + light.post_x_mm(p)
    parts = [
        BoughtPart("rail", _profile_x(p, p.rail_span_mm), "#c4c9ce"),
        BoughtPart("chart_bar", _cross_bar(p, p.sensor_to_aim_mm, cross_bar_length_mm(p) / 2), "#c4c9ce"),
        BoughtPart("lamp_bar", _cross_bar(p, lamp_x, lamp_bar_length_mm(p) / 2), "#c4c9ce"),
        BoughtPart("post_left", _post(p, 1), "#c4c9ce"),
        BoughtPart("post_right", _post(p, -1), "#c4c9ce"),
        BoughtPart("led_bar_left", _led_bar(p, 1), "#fff2b8"),
        BoughtPart("led_bar_right", _led_bar(p, -1), "#fff2b8"),
        BoughtPart("camera", _camera(p), "#2e7d4f"),
        BoughtPart("pi", inside * _pi(p), "#2e7d4f"),
        BoughtPart("display", inside * _display(p), "#1d3f72"),
        BoughtPart("controls", inside * _controls(p), "#c0392b"),
        BoughtPart("sheet", aim * _sheet(p), "#9aa3ab"),
        BoughtPart("paper", aim * _paper(p), "#fbfbf7"),
        BoughtPart("hood", aim * _hood(p), "#30343a"),
    ]
    if not p.camera.lens_of_its_own:
        parts.append(BoughtPart("lens", _lens(p), "#3b3f46"))
    return parts


def field_of_view(p: Params, spare_mm: float = 0.0) -> Part:
    """All light that goes from the paper to the sensor, ``spare_mm`` wider on every side.

    Straight lines from the rim of the widest entrance pupil, taken at one image distance from the sensor, to the
    edge of what the sensor sees of the paper. Starts in front of the lens.
    """
    focal, aim = p.focal_length_mm, p.sensor_to_aim_mm
    image = focal * (1 + focal / (aim - 2 * focal))
    pupil = focal / p.f_number / 2
    across, upwards = (side / 2 / image for side in p.camera.sensor_mm)
    top = p.paper_mm[1] / 2
    heights = []
    for sign in (-1, 1):
        # the sensor's edge ray z = k (x - i) meets the chart x = aim + z tan(tilt)
        k = sign * upwards
        seen = k * (aim - image) / (1 - k * tan(p.tilt)) if k * tan(p.tilt) < 1 else float("inf")
        edge = sign * p.on_slope(top, 0)[1]
        heights.append(max(seen, edge) if sign < 0 else min(seen, edge))
    start = p.lens_front_x_mm + 0.5
    near, far = [], []
    for y_sign, height in ((-1, heights[0]), (1, heights[0]), (1, heights[1]), (-1, heights[1])):
        x = aim + height * tan(p.tilt)
        y = y_sign * min(across * (x - image), p.paper_mm[0] / 2)
        z_sign = 1 if height > 0 else -1
        far.append((x - 0.3, y + y_sign * spare_mm, p.axis_height_mm + height + z_sign * spare_mm))
        part = max(start - image, 0.0) / (x - image)
        near.append(
            (
                start,
                y_sign * pupil * (1 - part) + y * part + y_sign * spare_mm,
                p.axis_height_mm + z_sign * pupil * (1 - part) + height * part + z_sign * spare_mm,
            )
        )
    sections = [Face(Wire.make_polygon(corners)) for corners in (near, far)]
    return Part() + Solid.make_loft([section.outer_wire() for section in sections], ruled=True)

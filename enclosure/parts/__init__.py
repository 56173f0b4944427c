"""Every printed part, with how many are needed, which way up they are printed, and where they stand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from build123d import Location, Part

from enclosure.params import Params
from enclosure.parts import box, camera, chart_holder, lens_cradle, light, rail_foot

Vector3 = tuple[float, float, float]


@dataclass(frozen=True)
class PrintedPart:
    """One printed part: its solid in the frame it is drawn in, and everywhere it stands in the bench frame."""

    name: str
    solid: Part
    up: Vector3
    """Direction of the solid that points away from the print bed."""
    places: tuple[Location, ...]
    advice: str
    support: str = ""
    """Empty if it prints without support; else where support is needed."""

    @property
    def quantity(self) -> int:
        """How many are printed for one bench."""
        return len(self.places)


_HERE = (Location(),)
_CACHE: dict[tuple, Part] = {}


def _made(p: Params, name: str, make: Callable[[], Part], *depends: object) -> Part:
    """Build once for the figures it depends on: parameter sets share most of their parts."""
    key = (name, repr(depends), repr([p.raw[s] for s in ("fits", "walls", "screws", "profile")]))
    if key not in _CACHE:
        _CACHE[key] = make()
    return _CACHE[key]


def box_place(p: Params) -> Location:
    """Box frame to bench frame: turned so that the SD card and the ribbon face the camera."""
    (_, x1), _ = box.outer_mm(p)
    return Location((p.box_x_mm + x1, box.middle_y_mm(), 0), (0, 0, 180))


def aim_place(p: Params) -> Location:
    """Aim-point frame to bench frame."""
    return Location((p.sensor_to_aim_mm, 0, p.axis_height_mm))


def rail_feet_x_mm(p: Params) -> tuple[float, float]:
    """x of the rail's feet, a fifth of the length from its ends, where a beam sags least."""
    start, end = p.rail_span_mm
    return start + 0.22 * (end - start), end - 0.22 * (end - start)


def lamp_clip_heights_mm(p: Params) -> tuple[float, float]:
    """z of the lower and upper lamp clips."""
    middle = p.axis_height_mm + light.lamps_above_axis_mm(p)
    return middle - 0.3 * p.all.lamps.bar_length_mm, middle + 0.3 * p.all.lamps.bar_length_mm


def printed_parts(p: Params) -> list[PrintedPart]:
    """Everything to print for the parameter set ``p``."""
    station, lens = p.raw["station"], p.raw["lens"]
    axis, aim, cam = p.axis_height_mm, aim_place(p), station["camera"]
    chart = (station["paper"], station["tilt_deg"], p.raw["chart"], p.raw["paper"], axis)
    light_from = (*chart, p.raw["lamps"])
    face = p.camera_face_x_mm
    feet = p.all.profile.side_mm
    parts = [
        PrintedPart("box_base", _made(p, "box_base", lambda: box.base(p), p.raw["pi"][station["pi"]]), (0, 0, 1),
                    (box_place(p),), "PETG, 3 walls, 20 % infill; inserts from above"),
        PrintedPart("box_lid", _made(p, "box_lid", lambda: box.lid(p), p.raw["oled"][station["oled"]], p.raw["panel"]),
                    (0, 0, -1), (box_place(p),), "PETG, outside face on the bed"),
        PrintedPart("camera_upright", _made(p, "camera_upright", lambda: camera.upright(p), axis, face), (0, 1, 0),
                    _HERE, "PETG or ASA, 5 walls, 40 % infill, on its side"),
        PrintedPart("camera_plate", _made(p, "camera_plate", lambda: camera.plate(p), axis, face, p.raw["camera"][cam]),
                    (1, 0, 0), _HERE, "PETG or ASA, 4 walls, 40 % infill, pillars up"),
        PrintedPart("chart_bracket_right", _made(p, "bracket_r", lambda: chart_holder.bracket(p, -1), *chart),
                    (0, 1, 0), (aim,), "PETG, 5 walls, 30 % infill, cheek on the bed"),
        PrintedPart("chart_bracket_left", _made(p, "bracket_l", lambda: chart_holder.bracket(p, 1), *chart),
                    (0, -1, 0), (aim,), "PETG, 5 walls, 30 % infill, cheek on the bed"),
        PrintedPart("saddle", _made(p, "saddle", lambda: chart_holder.saddle(p)), (0, 1, 0),
                    (Location((p.sensor_to_aim_mm, 0, 0)), Location((p.sensor_to_aim_mm + light.post_x_mm(p), 0, 0))),
                    "PETG, 5 walls, 50 % infill, standing on one edge, with a brim"),
        PrintedPart("rail_foot", _made(p, "rail_foot", lambda: rail_foot.rail_foot(p), p.raw["rail"]), (1, 0, 0),
                    tuple(Location((x, 0, -feet)) for x in rail_feet_x_mm(p)), "PETG, 4 walls, 40 % infill"),
        PrintedPart("lamp_clip", _made(p, "lamp_clip", lambda: light.lamp_clip(p), *light_from), (0, 0, 1),
                    tuple(Location((p.sensor_to_aim_mm, 0, z), turn) for z in lamp_clip_heights_mm(p)
                          for turn in ((0, 0, 0), (180, 0, 0))), "black PETG, 3 walls"),
        PrintedPart("hood_clip_rear", _made(p, "hood_rear", lambda: light.hood_clip_rear(p), *light_from), (0, 1, 0),
                    tuple(aim * Location((0, y, 0)) for y in (-0.3 * p.paper_mm[0], 0.3 * p.paper_mm[0])),
                    "black PETG, 3 walls"),
        PrintedPart("hood_clip_right", _made(p, "hood_r", lambda: light.hood_clip_front(p, -1), *light_from), (0, 1, 0),
                    (aim,), "black PETG, 3 walls"),
        PrintedPart("hood_clip_left", _made(p, "hood_l", lambda: light.hood_clip_front(p, 1), *light_from), (0, -1, 0),
                    (aim,), "black PETG, 3 walls"),
    ]  # fmt: skip
    if p.has_cradle:
        cradle = (axis, lens, face)
        parts += [
            PrintedPart("cradle_base", _made(p, "cradle_base", lambda: lens_cradle.base(p), *cradle), (-1, 0, 0), _HERE,
                        "PETG, 5 walls, 40 % infill, slotted face on the bed"),
            PrintedPart("cradle_head", _made(p, "cradle_head", lambda: lens_cradle.head(p), *cradle), (1, 0, 0), _HERE,
                        "PETG, 5 walls, 40 % infill"),
        ]  # fmt: skip
    return parts


def tools(p: Params) -> list[PrintedPart]:
    """Printed aids that are taken away after squaring; they have no place in the assembly."""
    chart = (p.raw["station"]["paper"], p.raw["station"]["tilt_deg"], p.raw["paper"])
    return [
        PrintedPart("spacing_gauge", _made(p, "gauge", lambda: chart_holder.spacing_gauge(p), *chart), (0, 0, 1),
                    _HERE, "any"),
        PrintedPart("mirror_wedge", _made(p, "wedge", lambda: chart_holder.mirror_wedge(p), *chart), (0, 1, 0),
                    _HERE, "PETG, 3 walls"),
    ]  # fmt: skip

"""Parameters of the bench, read from ``params.toml``, and the lengths that follow from them.

Bench frame, used by every part: x along the rail from the sensor plane towards the chart, y to the left seen from
the camera, z up from the rail's upper face; millimetres.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cached_property
from math import ceil, cos, radians, sin
from pathlib import Path
from types import SimpleNamespace
from typing import Any

DEFAULT = Path(__file__).with_name("params.toml")

PLATE_MM = 10.0
"""Thickness of every foot that sits on the profile: M5 x 16 with a washer then ends 5 mm inside the slot."""
LOWEST_AXIS_MM = 100.0
"""Room for the lens cradle above the rail."""


class ParameterError(ValueError):
    """A parameter set describes something that cannot be built; the message says which figure to change."""


def _namespace(value: Any) -> Any:
    if isinstance(value, dict):
        return SimpleNamespace(**{key: _namespace(item) for key, item in value.items()})
    return value


@dataclass(frozen=True)
class Params:
    """One bench. ``raw`` is the content of the TOML file; sections are attributes of :attr:`all`."""

    raw: dict[str, Any]

    @cached_property
    def all(self) -> Any:
        """Every section as attributes, so that ``p.all.chart.board_mm`` reads as written."""
        return _namespace(self.raw)

    @cached_property
    def pi(self) -> Any:
        """The chosen Raspberry Pi."""
        return _namespace(self.raw["pi"][self.raw["station"]["pi"]])

    @cached_property
    def camera(self) -> Any:
        """The chosen camera."""
        return _namespace(self.raw["camera"][self.raw["station"]["camera"]])

    @cached_property
    def oled(self) -> Any:
        """The chosen display."""
        return _namespace(self.raw["oled"][self.raw["station"]["oled"]])

    def screw(self, name: str) -> Any:
        """Hole and head sizes of one screw size, for example ``m3``."""
        return _namespace(self.raw["screws"][name])

    @property
    def paper_mm(self) -> tuple[float, float]:
        """Width (across the rail) and length (up the tilt) of the chart's paper."""
        width, length = self.raw["paper"][self.raw["station"]["paper"]]["size_mm"]
        return width, length

    @property
    def tilt(self) -> float:
        """Tilt in radians."""
        return radians(self.raw["station"]["tilt_deg"])

    @property
    def sensor_to_aim_mm(self) -> float:
        """Distance from the sensor plane to the aim point."""
        given = self.raw["distance"]["sensor_to_aim_mm"] or getattr(self.camera, "sensor_to_aim_mm", 0.0)
        return given or self.raw["distance"]["focal_lengths"] * self.raw["lens"]["focal_length_mm"]

    @property
    def board_size_mm(self) -> tuple[float, float]:
        """Width and length of the sheet that carries the chart."""
        width, length = self.paper_mm
        chart = self.all.chart
        return width + 2 * chart.board_margin_side_mm, length + 2 * chart.board_margin_end_mm

    @property
    def axis_height_mm(self) -> float:
        """Height of the optical axis above the rail: as low as the chart's lower edge allows."""
        chart = self.all.chart
        board = self.board_size_mm[1] / 2 * cos(self.tilt) + chart.board_mm * sin(self.tilt)
        return max(LOWEST_AXIS_MM, float(ceil(board + chart.board_above_rail_mm)))

    def on_slope(self, s: float, n: float) -> tuple[float, float]:
        """(x, z) of a point ``s`` up the chart and ``n`` in front of it, from the aim point."""
        return s * sin(self.tilt) - n * cos(self.tilt), s * cos(self.tilt) + n * sin(self.tilt)

    @property
    def camera_face_x_mm(self) -> float:
        """x of the upright's front face, so that the sensor lies in the plane x = 0."""
        return -(
            CAMERA_PLATE_MM + CAMERA_BOSS_MM + self.camera.board_mm[2] + self.camera.sensor_above_board_mm
        )

    @property
    def lamp_post_y_mm(self) -> float:
        """y of the lamp posts' centre line."""
        return self.paper_mm[0] / 2 + self.all.lamps.aside_mm

    @property
    def rail_span_mm(self) -> tuple[float, float]:
        """x of both ends of the rail, a length that shops cut."""
        start = self.box_x_mm - 10.0
        step = self.all.rail.length_step_mm
        return start, start + step * ceil((self.sensor_to_aim_mm + 70.0 - start) / step)

    @property
    def box_x_mm(self) -> float:
        """x of the rear wall's outer face of the box behind the camera."""
        return self.camera_face_x_mm - UPRIGHT_REAR_MM - 15.0 - BOX_LENGTH_MM

    def check(self) -> Params:
        """Refuse what cannot be built, by name."""
        tilt = self.raw["station"]["tilt_deg"]
        if not 30 <= tilt <= 60:
            raise ParameterError(f"tilt_deg = {tilt}: the holder is made for 30 to 60 degrees")
        tallest = self.axis_height_mm + UPRIGHT_ABOVE_AXIS_MM
        if tallest > self.raw["printer"]["height_mm"]:
            raise ParameterError(
                f"the camera upright would be {tallest:.0f} mm tall: take smaller paper or a larger tilt_deg"
            )
        lens = self.all.lens
        if not self.camera.lens_of_its_own and self.sensor_to_aim_mm < 4 * lens.focal_length_mm:
            raise ParameterError("no lens focuses nearer than four focal lengths: enlarge sensor_to_aim_mm")
        if self.has_cradle and lens.barrel_diameter_mm * 0.7072 + 45.0 > self.axis_height_mm:
            raise ParameterError("barrel_diameter_mm: no room for the cradle below so thick a lens")
        gate = self.sensor_to_aim_mm - self.all.lamps.before_aim_mm - 45.0
        if gate < self.lens_front_x_mm + 20.0:
            raise ParameterError(
                "the lens would reach the lamp gate: enlarge the distance or lower before_aim_mm"
            )
        return self

    @property
    def has_cradle(self) -> bool:
        """True if the lens is long enough to be carried."""
        return not self.camera.lens_of_its_own and self.lens_front_x_mm >= SHORTEST_CRADLED_MM

    @property
    def focal_length_mm(self) -> float:
        """Focal length of the camera's own lens, or of the lens under test."""
        return (self.camera if self.camera.lens_of_its_own else self.all.lens).focal_length_mm

    @property
    def f_number(self) -> float:
        """Widest f-number of the same lens."""
        return (self.camera if self.camera.lens_of_its_own else self.all.lens).f_number

    @property
    def lens_front_x_mm(self) -> float:
        """x of the lens's front rim."""
        if self.camera.lens_of_its_own:
            return self.camera.housing_height_mm
        return self.all.lens.flange_mm + self.all.lens.length_mm


CAMERA_PLATE_MM = 5.0
CAMERA_BOSS_MM = 8.0
UPRIGHT_ABOVE_AXIS_MM = 31.0
UPRIGHT_REAR_MM = 92.0
UPRIGHT_FRONT_MM = 22.0
SHORTEST_CRADLED_MM = 68.0
"""A lens whose front rim lies nearer to the sensor is light enough to hang on the camera; a cradle finds no room."""
BOX_LENGTH_MM = 99.2


def load(path: Path = DEFAULT, **choices: Any) -> Params:
    """Read ``path`` and set single values by ``section__key=value``, for example ``station__pi="pi4"``."""
    raw = tomllib.loads(path.read_text(encoding="utf-8"))
    for name, value in choices.items():
        section, key = name.split("__")
        if key not in raw[section]:
            raise ParameterError(f"no such parameter: {section}.{key}")
        raw[section][key] = value
    return Params(raw).check()

"""The optical axis meets the chart's aim point, for every parameter set; measured on the solids' own faces."""

from __future__ import annotations

from dataclasses import dataclass
from math import degrees, radians, tan

import numpy as np
import pytest
from build123d import GeomType, Part, Vector

from enclosure.params import Params
from enclosure.parts import PrintedPart, printed_parts, tools
from enclosure.tests.sets import EVERY, UNUSUAL, label, made
from enclosure.tests.test_boards import CAMERA_HOLES, bores

LIMIT_MM = 0.2


@dataclass(frozen=True)
class ChartSeat:
    """The chart's plane and the paper's stops, read off the printed brackets. Bench frame."""

    normal: np.ndarray
    up: np.ndarray
    plane: float
    """Distance of the paper's printed face from the origin, along ``normal``."""
    foot: float
    """Where the paper's lower edge stands, along ``up``."""
    side: float
    """y of the side stop."""


def _planes(part: PrintedPart) -> list[tuple[np.ndarray, np.ndarray, float]]:
    """(outward normal, middle, area) of every flat face where the part stands."""
    solid = part.places[0] * part.solid
    return [
        (np.array(tuple(f.normal_at())), np.array(tuple(f.center())), f.area)
        for f in solid.faces()
        if f.geom_type == GeomType.PLANE
    ]


def chart_seat(p: Params, parts: dict[str, PrintedPart]) -> ChartSeat:
    """Read the seat off the faces: the lips' backs, the stops' upper faces and the right lip's inner face."""
    tilt = radians(p.raw["station"]["tilt_deg"])
    guess_up = np.array([np.sin(tilt), 0, np.cos(tilt)])
    planes, feet, normals = [], [], []
    for name in ("chart_bracket_right", "chart_bracket_left"):
        faces = _planes(parts[name])
        # the sheet is pressed forwards against large faces that look backwards
        backs = [f for f in faces if abs(f[0] @ guess_up) < 0.01 and f[0][0] > 0.3 and f[2] > 500]
        lip = max(backs, key=lambda f: float(-(f[1] @ f[0])))  # the webs' backs lie farther from the camera
        normals.append(-lip[0])
        planes.append(float(-lip[0] @ lip[1]))
        # the stop is the small tab that reaches inwards: its face looks up the chart
        stops = [
            f for f in faces if f[0] @ guess_up > 0.99 and abs(f[1][1]) < p.paper_mm[0] / 2 and f[2] < 200
        ]
        assert len(stops) == 1, name
        feet.append(float(stops[0][0] @ stops[0][1]))
    assert abs(planes[0] - planes[1]) < 1e-6
    assert abs(feet[0] - feet[1]) < 1e-6
    inner = [f for f in _planes(parts["chart_bracket_right"]) if f[0][1] > 0.99 and f[1][2] > 60]
    side = max(inner, key=lambda f: f[2] if abs(f[1][1] + p.paper_mm[0] / 2) < 2 else 0)[1][1]
    normal = normals[0]
    up = np.array([-normal[2], 0, normal[0]])
    up *= np.sign(up[2])
    return ChartSeat(normal, up, planes[0] + p.all.fits.paper_mm, feet[0], float(side))


def optical_axis(p: Params, parts: dict[str, PrintedPart]) -> tuple[float, float]:
    """(y, z) of the camera's axis, from the holes that hold its board."""
    plate: Part = parts["camera_plate"].solid
    screw = p.screw(p.camera.screw)
    diameter = getattr(screw, "insert_hole_mm", None) or screw.pilot_mm
    found = np.array([(y, z) for _, y, z in bores(plate, diameter, (1, 0, 0))])
    drawn = np.array(sorted(CAMERA_HOLES[p.raw["station"]["camera"]]))
    return tuple(found.mean(0) - drawn.mean(0))


@pytest.mark.parametrize("choices", EVERY + UNUSUAL, ids=label)
def test_axis_meets_the_aim_point(choices: dict[str, object]) -> None:
    p = made(choices)
    parts = {part.name: part for part in printed_parts(p)}
    seat, (y, z) = chart_seat(p, parts), optical_axis(p, parts)

    width, length = p.paper_mm
    centre_on_slope = seat.foot + length / 2
    aim = centre_on_slope * seat.up + seat.plane * seat.normal + np.array([0, seat.side + width / 2, 0])
    # the horizontal ray at (y, z) meets the printed face at x
    x = (seat.plane - seat.normal[2] * z) / seat.normal[0]
    assert np.hypot(y - aim[1], z - aim[2]) <= LIMIT_MM
    assert abs(x - aim[0]) <= LIMIT_MM
    assert abs(x - p.sensor_to_aim_mm) <= LIMIT_MM

    tilt = degrees(np.arctan2(seat.up[0], seat.up[2]))
    assert tilt == pytest.approx(p.raw["station"]["tilt_deg"], abs=1e-6)
    assert seat.up[0] > 0, "the upper edge leans away from the camera"


@pytest.mark.parametrize("choices", [EVERY[0], EVERY[20], EVERY[50]], ids=label)
def test_sensor_lies_in_the_plane_that_distances_are_measured_from(choices: dict[str, object]) -> None:
    p = made(choices)
    plate = next(part.solid for part in printed_parts(p) if part.name == "camera_plate")
    pillar_top = plate.bounding_box().max.X
    sensor = pillar_top + p.camera.board_mm[2] + p.camera.sensor_above_board_mm
    assert abs(sensor) <= LIMIT_MM


def test_side_play_cannot_tilt_the_paper_noticeably() -> None:
    p = made(EVERY[0])
    play = p.all.fits.paper_side_mm
    assert degrees(play / p.paper_mm[1]) < 0.3


def test_mirror_on_the_wedge_looks_straight_at_the_camera() -> None:
    for choices in UNUSUAL[:3]:
        p = made(choices)
        wedge = next(part for part in tools(p) if part.name == "mirror_wedge")
        faces = [f for f in wedge.solid.faces() if f.geom_type == GeomType.PLANE]
        on_chart = max(
            faces, key=lambda f: f.normal_at().dot(Vector(1, 0, -tan(p.tilt)).normalized()) * f.area
        )
        mirror = max(faces, key=lambda f: -f.normal_at().X * f.area)
        assert abs(mirror.normal_at().X + 1) < 1e-9
        angle = degrees(np.arccos(-mirror.normal_at().dot(on_chart.normal_at())))
        assert angle == pytest.approx(p.raw["station"]["tilt_deg"], abs=1e-6)

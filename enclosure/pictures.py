"""The guide's pictures: which parts, from where. Kept in enclosure/pictures; a test compares them with the code."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from build123d import Location, Shape
from PIL import Image

from appliance.chart.layout import layout
from enclosure import wiring
from enclosure.assembly import Standing, assembly
from enclosure.params import Params
from enclosure.render import Mesh, View, render

FOLDER = Path(__file__).with_name("pictures")
Chosen = list[tuple[Shape | Mesh, str]]

CAMERA = {"camera_upright", "camera_plate", "camera", "lens", "cradle_base", "cradle_head"}
CHART = {"saddle", "chart_bracket_left", "chart_bracket_right", "chart_bar", "sheet", "paper"}
LIGHT = {
    "lamp_bar",
    "post_left",
    "post_right",
    "led_bar_left",
    "led_bar_right",
    "lamp_clip",
    "hood",
    "hood_clip_rear",
    "hood_clip_left",
    "hood_clip_right",
}
BOX = {"box_base", "box_lid", "pi", "display", "controls"}
RAIL = {"rail", "rail_foot"}
WITHOUT_CHART = {"box", "camera"}
INK_MM = 0.1
"""How far the ink is drawn in front of the paper, so that it is seen."""


def _named(
    standing: list[Standing], names: set[str], lift: dict[str, tuple[float, float, float]] | None = None
) -> Chosen:
    """Parts by name, some moved away so that one sees how they go together."""
    lift = lift or {}
    return [(Location(lift.get(s.name, (0, 0, 0))) * s.solid, s.colour) for s in standing if s.name in names]


def _bench(standing: list[Standing]) -> Chosen:
    return [(s.solid, s.colour) for s in standing]


def _box(standing: list[Standing]) -> Chosen:
    return _named(
        standing,
        BOX,
        {"box_lid": (0, 0, 95), "controls": (0, 0, 95), "display": (0, 0, 60), "pi": (0, 0, 38)},
    )


def _camera(standing: list[Standing]) -> Chosen:
    lift = {
        "camera_plate": (26, 0, 0),
        "camera": (58, 0, 0),
        "lens": (115, 0, 0),
        "cradle_base": (45, 0, 0),
        "cradle_head": (115, 0, 0),
    }
    return _named(standing, CAMERA, lift)


def _chart(standing: list[Standing]) -> Chosen:
    return [
        item
        for item, s in zip(_bench(standing), standing, strict=True)
        if s.name in CHART and (s.name != "saddle" or s.solid.center().X > 500)
    ]


def _light(standing: list[Standing]) -> Chosen:
    return _named(
        standing, LIGHT | {"chart_bracket_left", "chart_bracket_right", "sheet", "paper", "chart_bar"}
    )


def _camera_together(standing: list[Standing]) -> Chosen:
    return _named(standing, CAMERA | BOX | RAIL)


def print_on_paper(p: Params) -> Mesh:
    """The chart's ink, where the paper lies: its centre at the aim point, its top at the upper end of the slope."""
    chart = layout(p.all.station.paper)
    vertices: list[tuple[float, float, float]] = []
    triangles: list[tuple[int, int, int]] = []
    for polygon in chart.ink:
        first = len(vertices)
        for x, y in polygon:
            forward, up = p.on_slope(chart.paper_mm[1] / 2 - y, INK_MM)
            vertices.append((p.sensor_to_aim_mm + forward, chart.paper_mm[0] / 2 - x, p.axis_height_mm + up))
        triangles += [(first, first + k, first + k + 1) for k in range(1, len(polygon) - 1)]
    return Mesh(np.array(vertices), np.array(triangles))


PICTURES: dict[str, tuple[Callable[[list[Standing]], Chosen], View]] = {
    "bench": (_bench, View((-1, -1.2, 0.8), (900, 620))),
    "bench_side": (_bench, View((0, -1, 0), (900, 480))),
    "bench_above": (_bench, View((0, 0, 1), (420, 640))),
    "bench_camera_end": (_bench, View((-1, 0, 0.12), (700, 560))),
    "bench_chart_end": (_bench, View((1, 0.8, 0.6), (900, 620))),
    "box": (_box, View((0.9, 1.2, 0.7), (600, 700))),
    "camera": (_camera, View((0.8, -1.1, 0.6), (800, 520))),
    "chart": (_chart, View((-1, -0.8, 0.55), (700, 600))),
    "chart_rear": (_chart, View((1, -0.9, 0.4), (700, 600))),
    "light": (_light, View((-1, 0.75, 0.06), (800, 620))),
}


def picture(p: Params, name: str, standing: list[Standing] | None = None) -> Image.Image:
    """One picture of the bench ``p``."""
    choose, view = PICTURES[name]
    chosen = choose(standing or assembly(p))
    if name not in WITHOUT_CHART:
        chosen.append((print_on_paper(p), "#1b1d20"))
    image = render(chosen, view)
    return image.quantize(64, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)


def write_all(p: Params, folder: Path) -> None:
    """All pictures and the wiring diagram into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    standing = assembly(p)
    for name in PICTURES:
        picture(p, name, standing).save(folder / f"{name}.png", optimize=True)
    (folder / "wiring.svg").write_text(wiring.svg(), encoding="utf-8")

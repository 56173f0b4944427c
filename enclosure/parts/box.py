"""The box behind the camera: base with the Raspberry Pi, lid with display, buttons and lamps.

Drawn in the Pi's frame (see params.toml), z = 0 at the box's underside.
"""

from __future__ import annotations

from build123d import Part, Plane, Polygon, Sketch, loft

from enclosure.params import Params
from enclosure.parts.common import block, countersink, joined, rod, without, xy_prism

INNER_X_MM = (-4.0, 90.2)
INNER_Y_MM = (-1.8, 100.0)
INNER_HEIGHT_MM = 42.0
STANDOFF_MM = 6.0
COLUMN_MM = 10.0
RIM_MM = 2.0
PLUG_MM = {
    "usb-c": (12.4, 7.0),
    "hdmi0": (11.4, 8.0),
    "hdmi1": (11.4, 8.0),
    "hdmi": (15.0, 8.6),
    "usb": (11.4, 7.6),
    "power": (11.4, 7.6),
    "sd": (14.0, 6.0),
    "audio": (9.0, 8.0),
}
"""Width and height of the opening that the plug's housing needs; others get their socket plus clearance."""
RAIL_SCREWS_X_MM = (20.0, 76.0)
BAY_Y_MM = 62.0
"""From here on the box holds wiring, buttons and the display instead of the Pi."""


def outer_mm(p: Params) -> tuple[tuple[float, float], tuple[float, float]]:
    """Outer faces of the walls, x and y."""
    wall = p.all.walls.box_mm
    return (INNER_X_MM[0] - wall, INNER_X_MM[1] + wall), (INNER_Y_MM[0] - wall, INNER_Y_MM[1] + wall)


def columns_mm(p: Params) -> list[tuple[float, float]]:
    """(x, y) of the four columns that take the lid's screws, outside the walls."""
    _, (y0, y1) = outer_mm(p)
    return [(x, y) for x in (INNER_X_MM[0] + 3, INNER_X_MM[1] - 3) for y in (y0 - 3.0, y1 + 3.0)]


def middle_y_mm() -> float:
    """y of the box's middle, which lies above the rail's."""
    return (INNER_Y_MM[0] + INNER_Y_MM[1]) / 2


def rail_screws_mm() -> list[tuple[float, float]]:
    """(x, y) of the countersunk screws into the rail."""
    return [(x, middle_y_mm() + y) for x in RAIL_SCREWS_X_MM for y in (-10.0, 10.0)]


def board_underside_mm(p: Params) -> float:
    """Height of the Pi board's lower face."""
    return p.all.walls.floor_mm + STANDOFF_MM


def height_mm(p: Params) -> float:
    """Height of the base's rim."""
    return p.all.walls.floor_mm + INNER_HEIGHT_MM


def opening(p: Params, connector: list) -> tuple[str, float, float, float, float]:
    """Edge, centre along it, width, and lowest and highest z of the hole in the wall for one connector."""
    name, edge, centre, width, low, high = connector
    face = board_underside_mm(p) + p.pi.board_mm[2]
    middle, (wide, tall) = face + (low + high) / 2, PLUG_MM.get(name, (width + 1.0, high - low + 1.0))
    return edge, centre, wide, middle - tall / 2, middle + tall / 2


def _hole(p: Params, connector: list) -> Part:
    edge, centre, wide, low, high = opening(p, connector)
    across = (centre - wide / 2, centre + wide / 2)
    (x0, x1), (y0, _) = outer_mm(p)
    if edge == "y0":
        return block(across, (y0 - 1, INNER_Y_MM[0] + 1), (low, high))
    if edge == "x1":
        return block((INNER_X_MM[1] - 1, x1 + 1), across, (low, high))
    return block((x0 - 1, INNER_X_MM[0] + 1), across, (low, high))


def base(p: Params) -> Part:
    """Open box with pillars at the Pi's holes and openings at its sockets."""
    (x0, x1), (y0, y1) = outer_mm(p)
    floor, top = p.all.walls.floor_mm, height_mm(p)
    shell = joined(
        block((x0, x1), (y0, y1), (0, top)),
        *(rod((x, y, 0), (0, 0, 1), COLUMN_MM, top) for x, y in columns_mm(p)),
    )
    room = block(INNER_X_MM, INNER_Y_MM, (floor, top + 1))
    shell = without(shell, [room])
    m25, m3 = p.screw("m25"), p.screw("m3")
    pillars = [
        rod((x, y, floor - 1), (0, 0, 1), m25.insert_hole_mm + 3.5, STANDOFF_MM + 1) for x, y in p.pi.holes_mm
    ]
    cutters = [
        rod((x, y, floor + STANDOFF_MM + 1), (0, 0, -1), m25.insert_hole_mm, m25.insert_mm + 3)
        for x, y in p.pi.holes_mm
    ]
    cutters += [
        rod((x, y, top + 1), (0, 0, -1), m3.insert_hole_mm, m3.insert_mm + 5) for x, y in columns_mm(p)
    ]
    for x, y in rail_screws_mm():
        cutters += [
            rod((x, y, -1), (0, 0, 1), p.screw("m5").clear_mm, floor + 2),
            countersink((x, y, floor), (0, 0, -1), p),
        ]
    cutters += [_hole(p, connector) for connector in p.pi.connectors]
    ribbon = block((x0 - 1, INNER_X_MM[0] + 1), (62, 82), (top - 4, top + 1))
    wires = rod((x0 - 1, 92, top - 20), (1, 0, 0), 8.0, 8)
    vents = [block((x - 1.25, x + 1.25), (y1 - 4, y1 + 1), (floor + 8, floor + 24)) for x in range(12, 80, 8)]
    floor_vents = [block((x - 1.5, x + 1.5), (10, 32), (-1, floor + 1)) for x in (30, 38, 46, 54)]
    return without(joined(shell, *pillars), [*cutters, ribbon, wires, *vents, *floor_vents])


def oled_centre_mm() -> tuple[float, float]:
    """(x, y) of the display board's centre, read with the Pi's USB sockets to the right."""
    return 20.0, 79.0


def controls_mm() -> dict[str, tuple[float, float]]:
    """(x, y) of buttons, lamps and buzzer on the lid."""
    return {
        "button": (58.0, 79.0),
        "focus_button": (80.0, 79.0),
        "green_lamp": (20.0, 52.0),
        "red_lamp": (40.0, 52.0),
        "buzzer": (76.0, 40.0),
    }


def lid(p: Params) -> Part:
    """Lid with the display's window, buttons, lamps and vents; drawn closed, on top of the base."""
    (x0, x1), (y0, y1) = outer_mm(p)
    low, top, fit = height_mm(p), height_mm(p) + p.all.walls.lid_mm, p.all.fits.slide_mm
    plate = joined(
        block((x0, x1), (y0, y1), (low, top)),
        *(rod((x, y, low), (0, 0, 1), COLUMN_MM, top - low) for x, y in columns_mm(p)),
    )
    rim_out = (INNER_X_MM[0] + fit, INNER_X_MM[1] - fit), (INNER_Y_MM[0] + fit, INNER_Y_MM[1] - fit)
    rim = without(
        block(*rim_out, (low - 3, low + 0.5)),
        [
            block(
                (rim_out[0][0] + RIM_MM, rim_out[0][1] - RIM_MM),
                (rim_out[1][0] + RIM_MM, rim_out[1][1] - RIM_MM),
                (low - 4, low),
            ),
            block((x0, INNER_X_MM[0] + 6), (60, 84), (low - 4, low)),
        ],
    )
    cx, cy = oled_centre_mm()
    oled = p.oled
    seat = oled.glass_mm[2] + 0.2
    # the display is read from the side of the Pi's USB-C edge: y up in its frame is +y here
    places = [(cx + x, cy + y) for x, y in oled.holes_mm]
    bosses = [rod((x, y, low - seat), (0, 0, 1), 5.2, seat + 0.5) for x, y in places]
    pilot = p.screw("m2").pilot_mm
    cutters = [rod((x, y, low - seat - 1), (0, 0, 1), pilot, seat + 1 + 1.6) for x, y in places]
    gx, gy = oled.glass_centre_mm
    glass = [
        block(
            (cx + gx - oled.glass_mm[0] / 2 - 0.15, cx + gx + oled.glass_mm[0] / 2 + 0.15),
            (cy + gy - oled.glass_mm[1] / 2 - 0.15, cy + gy + oled.glass_mm[1] / 2 + 0.15),
            (low - seat - 1, low),
        )
    ]
    window = _window(p, cx + oled.active_centre_mm[0], cy + oled.active_centre_mm[1], low, top)
    panel, spots = p.all.panel, controls_mm()
    for name, size in (
        ("button", panel.button_hole_mm),
        ("focus_button", panel.focus_button_hole_mm),
        ("green_lamp", panel.lamp_hole_mm),
        ("red_lamp", panel.lamp_hole_mm),
    ):
        cutters.append(rod((*spots[name], low - 1), (0, 0, 1), size, top - low + 2))
    bx, by = spots["buzzer"]
    cutters += [
        rod((bx + u, by + v, low - 1), (0, 0, 1), 2.0, top - low + 2) for u in (-4, 0, 4) for v in (-4, 0, 4)
    ]
    cutters += [block((x - 1.25, x + 1.25), (10, 36), (low - 1, top + 1)) for x in range(16, 60, 7)]
    cutters += [
        rod((x, y, low - 1), (0, 0, 1), p.screw("m3").clear_mm, top - low + 2) for x, y in columns_mm(p)
    ]
    return without(joined(plate, rim, *bosses), [*glass, *cutters, window])


def _window(p: Params, x: float, y: float, low: float, top: float) -> Part:
    """Window over the active area, bevelled outwards at 45 degrees so that it can be read from the side."""
    half_x, half_y = p.oled.active_mm[0] / 2 + 0.7, p.oled.active_mm[1] / 2 + 0.7

    def frame(z: float, grow: float) -> Sketch:
        a, b = half_x + grow, half_y + grow
        return Plane(origin=(0, 0, z)) * Polygon(
            (x - a, y - b), (x + a, y - b), (x + a, y + b), (x - a, y + b), align=None
        )

    straight = xy_prism(
        [
            (x - half_x, y - half_y),
            (x + half_x, y - half_y),
            (x + half_x, y + half_y),
            (x - half_x, y + half_y),
        ],
        (low - 1, top + 1),
    )
    return straight + loft([frame(low + 0.8, 0), frame(top + 0.01, top - low - 0.79)])

"""Lamps and hood: clips on two posts, the gate between camera and chart.

A chart that leans back by 45 degrees mirrors the ceiling into the camera; the hood's sheet keeps that light off.
Drawn from the aim point, like the chart holder.
"""

from __future__ import annotations

from math import atan2, cos, hypot, sin

from build123d import Part

from enclosure.params import PLATE_MM, Params
from enclosure.parts.common import Points, bar, block, joined, rod, without, xy_prism, xz_prism

CLIP_MM = 20.0
BASE_MM = 6.0
FLAG_MM = 26.0
WALL_MM = 3.0
SLEEVE_MM = 24.0
HOOD_CLIP_MM = 25.0
HOOD_RAISE_MM = 10.0
FRONT_GRIP_MM = 20.0
LAMPS_ABOVE_AXIS_MM = 55.0
"""Middle of the LED bars: nearer to the direction that the chart faces than the axis is."""


def post_x_mm(p: Params) -> float:
    """x of the posts' centre line from the aim point."""
    return -p.all.lamps.before_aim_mm


def lamps_above_axis_mm(p: Params) -> float:
    """Height of the LED bars' middle above the axis; their lower ends clear the bar that the posts stand on."""
    lowest = PLATE_MM + p.all.profile.side_mm + 4.0 + p.all.lamps.bar_length_mm / 2 - p.axis_height_mm
    return max(LAMPS_ABOVE_AXIS_MM, lowest)


def lamp_clip(p: Params) -> Part:
    """Clip for the left post: holds an LED bar upright, turned to the aim point, with a flag towards the camera.

    The same print upside down serves the right post. Drawn around z = 0.
    """
    lamps, half = p.all.lamps, p.all.profile.side_mm / 2
    x, y = post_x_mm(p) + half, p.lamp_post_y_mm
    z = (-CLIP_MM / 2, CLIP_MM / 2)
    width, height = (
        lamps.bar_width_mm + 2 * p.all.fits.slide_mm,
        lamps.bar_height_mm + 2 * p.all.fits.slide_mm,
    )
    centre = (x + BASE_MM + 10.0, y - half - width / 2 - 8.0)
    turn = atan2(-centre[1], -centre[0])

    def place(points: Points) -> Points:
        c, s = cos(turn), sin(turn)
        return [(centre[0] + c * u - s * v, centre[1] + s * u + c * v) for u, v in points]

    def rectangle(u: tuple[float, float], v: tuple[float, float]) -> Points:
        return place([(u[0], v[0]), (u[1], v[0]), (u[1], v[1]), (u[0], v[1])])

    base = xy_prism(
        [(x, y + half), (x, y - half - 16), (x + BASE_MM, y - half - 16), (x + BASE_MM, y + half)], z
    )
    outer = width / 2 + WALL_MM
    shell = xy_prism(rectangle((-height / 2 - WALL_MM, height / 2 + 2.0), (-outer, outer)), z)
    # light leaves along +u; the camera lies at −x, on the side of −v for a post at +y
    flag = xy_prism(rectangle((-height / 2 - WALL_MM, height / 2 + FLAG_MM), (-outer, -outer + WALL_MM)), z)
    neck = xy_prism(bar((x + BASE_MM / 2, y - half - 8), place([(-height / 2 - 1.5, 0.0)])[0], 10), z)
    pocket = xy_prism(rectangle((-height / 2, height / 2), (-width / 2, width / 2)), (-20, 20))
    mouth = xy_prism(rectangle((0, height / 2 + 4), (-width / 2 + 1.6, width / 2 - 1.6)), (-20, 20))
    hole = rod((x - 1, y, 0), (1, 0, 0), p.screw("m5").clear_mm, BASE_MM + 2)
    return without(joined(base, neck, shell, flag), [pocket, mouth, hole])


def hood_line(p: Params) -> tuple[tuple[float, float], tuple[float, float]]:
    """(x, z) of the hood sheet's middle line, rear and front, from the aim point."""
    top = p.board_size_mm[1] / 2
    x, z = p.on_slope(top, 0)
    rear = (x + 6, z + HOOD_RAISE_MM + 6)
    post_top = p.all.lamps.post_mm - p.axis_height_mm + 30.0
    lamps_top = lamps_above_axis_mm(p) + p.all.lamps.bar_length_mm / 2
    front = (post_x_mm(p), min(post_top - 15, max(lamps_top + 35, rear[1] + 40)))
    return rear, front


def along_hood(p: Params, distance: float) -> tuple[float, float]:
    """A point of the hood's middle line, ``distance`` from its rear end."""
    rear, front = hood_line(p)
    length = hypot(front[0] - rear[0], front[1] - rear[1])
    return (
        rear[0] + (front[0] - rear[0]) * distance / length,
        rear[1] + (front[1] - rear[1]) * distance / length,
    )


def hood_length_mm(p: Params) -> float:
    """Length of the hood's sheet."""
    rear, front = hood_line(p)
    return hypot(front[0] - rear[0], front[1] - rear[1]) + FRONT_GRIP_MM / 2


def hood_width_mm(p: Params) -> float:
    """Width of the hood's sheet: it fits between the posts' clips."""
    return 2 * (p.lamp_post_y_mm - p.all.profile.side_mm / 2 - BASE_MM - 1.0)


def hood_clip_rear(p: Params) -> Part:
    """Clip on the chart sheet's upper edge that takes the hood's sheet. Drawn around y = 0."""
    y = (-HOOD_CLIP_MM / 2, HOOD_CLIP_MM / 2)
    top, fit = p.board_size_mm[1] / 2, p.all.fits.slide_mm
    board = (-p.all.fits.paper_mm - p.all.chart.board_mm - fit, -p.all.fits.paper_mm + fit)
    sheet = p.all.lamps.hood_sheet_mm + 2 * fit
    middle = (board[0] + board[1]) / 2

    def band(s: tuple[float, float], n: tuple[float, float]) -> Points:
        return [
            p.on_slope(s[0], n[0]),
            p.on_slope(s[1], n[0]),
            p.on_slope(s[1], n[1]),
            p.on_slope(s[0], n[1]),
        ]

    grip = xz_prism(band((top - 12, top + 8), (board[0] - WALL_MM, board[1] + WALL_MM)), y)
    sleeve = xz_prism(bar(along_hood(p, -4), along_hood(p, SLEEVE_MM), sheet + 2 * WALL_MM), y)
    link = xz_prism(bar(p.on_slope(top + 4, middle), along_hood(p, -1), 10), y)
    cut_board = xz_prism(band((top - 40, top), board), (-40, 40))
    cut_sheet = xz_prism(bar(along_hood(p, 0), along_hood(p, 120), sheet), (-40, 40))
    return without(joined(grip, sleeve, link), [cut_board, cut_sheet])


def hood_clip_front(p: Params, side: int) -> Part:
    """Clip on the inner face of a post (left: ``side`` 1) that carries the hood's sheet at its slope."""
    face = p.lamp_post_y_mm - p.all.profile.side_mm / 2
    rear, front = hood_line(p)
    sheet = p.all.lamps.hood_sheet_mm + 2 * p.all.fits.slide_mm
    length = hypot(front[0] - rear[0], front[1] - rear[1])
    span = (length - FRONT_GRIP_MM / 2 - 6, length + FRONT_GRIP_MM / 2 + 6)

    def y(inner: float, outer: float) -> tuple[float, float]:
        return (face - inner, face - outer) if side > 0 else (-face + outer, -face + inner)

    across = sheet + 2 * WALL_MM
    web = joined(
        xz_prism(bar(along_hood(p, span[0]), along_hood(p, span[1]), across), y(BASE_MM, 0)),
        block(
            (front[0] - 10, front[0] + 10),
            y(BASE_MM, 0),
            (front[1] - 30, front[1]),
        ),
    )
    body = xz_prism(
        bar(along_hood(p, span[0]), along_hood(p, span[1]), across), y(BASE_MM + FRONT_GRIP_MM, 0)
    )
    slot = xz_prism(bar(along_hood(p, 0), along_hood(p, length + 60), sheet), y(BASE_MM + 60, BASE_MM))
    hole = rod(
        (front[0], side * (face + 1), front[1] - 20), (0, -side, 0), p.screw("m5").clear_mm, BASE_MM + 2
    )
    return without(joined(web, body), [slot, hole])

"""The OLED's pictures of focus assist, alignment, pairing and shut-down."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PIL import Image, ImageDraw

from appliance.station._drawing import Size, blank, capitals, fitting_points, small
from appliance.station.screens import Screen
from appliance.station.words import signed

_TURN_WORDS = {
    "nearer": "turn NEARER",
    "farther": "turn FARTHER",
    "hold": "HOLD: in focus",
    "": "turn slowly",
}
_SHORT_NAMES = {
    "tilt": "TILT",
    "roll": "ROLL",
    "yaw": "YAW",
    "distance": "DIST",
    "centre x": "X",
    "centre y": "Y",
    "light": "LIGHT",
}


def assist(size: Size, figures: Mapping[str, Any] | None) -> Screen:
    """Live sharpness as a bar with the peak held, near against far, and which way to turn."""
    picture, draw = blank(size)
    if figures is None:
        return _waiting(size, "FOCUS ASSIST", "looking for the chart")
    middle, peak = float(figures["middle"]), max(float(figures["peak"]), 1e-6)
    words = _TURN_WORDS[str(figures["turn"])] if figures["found"] else "blurred: turn"
    tall = size[1] >= 64
    value = f"{middle:.1f}"
    capitals(draw, 0, 29 if tall else 15, value, 41 if tall else 21, "ls")
    if figures["found"]:
        small(draw, 127, 12, f"peak {peak:.1f}", anchor="rs")
        if tall and figures["focus_mm"] is not None:
            small(draw, 127, 28, f"{signed(float(figures['focus_mm']), 1)} mm", 14, "rs")
    top, bottom = (32, 40) if tall else (17, 20)
    _bar(draw, top, bottom, middle / peak if figures["found"] else middle / 100)
    if tall:
        _near_far(draw, figures)
    small(draw, size[0] / 2, 61 if tall else 30, words, 14 if tall else 12, "ms")
    return Screen(picture, f"FOCUS ASSIST {value}, {words}")


def _bar(draw: ImageDraw.ImageDraw, top: int, bottom: int, share: float) -> None:
    draw.rectangle((0, top, 127, bottom), outline=1)
    inset = 2 if bottom - top > 4 else 1
    width = round((127 - 2 * inset) * min(max(share, 0.0), 1.0))
    if width > 0:
        draw.rectangle((inset, top + inset, inset + width, bottom - inset), fill=1)


def _near_far(draw: ImageDraw.ImageDraw, figures: Mapping[str, Any]) -> None:
    """Two bars from the middle outward: the near half to the left, the far half to the right."""
    near, far = figures["near"], figures["far"]
    if near is None or far is None:
        return
    most = max(near, far, 1e-6)
    draw.line((64, 42, 64, 48), fill=1)
    draw.rectangle((62 - round(58 * near / most), 43, 62, 47), fill=1)
    draw.rectangle((66, 43, 66 + round(58 * far / most), 47), fill=1)


def align(size: Size, alignment: Mapping[str, Any] | None) -> Screen:
    """Alignment's figures; those out of their limits stand inverted."""
    if alignment is None:
        return _waiting(size, "ALIGN", "looking for the chart")
    figures = alignment["figures"]
    if not figures:
        return _waiting(size, "ALIGN", "no chart: light on?")
    picture, draw = blank(size)
    tall = size[1] >= 64
    bad = [figure for figure in figures if not figure["good"]]
    shown = figures if tall else (bad or figures)[:3]
    columns = 2 if tall else 3
    for k, figure in enumerate(shown):
        row, column = divmod(k, columns)
        x, y = column * (128 // columns), row * 13
        name = _SHORT_NAMES[figure["name"]]
        text = f"{name} {_value(figure)}" if tall else name
        if not figure["good"]:
            draw.rectangle((x, y, x + 128 // columns - 2, y + 11), fill=1)
        small(draw, x + 1, y + 10, text, fill=int(bool(figure["good"])))
    words = "all good" if not bad else f"{_SHORT_NAMES[bad[0]['name']]} {_value(bad[0])}: see page"
    small(draw, size[0] / 2, 62 if tall else 30, words, anchor="ms")
    return Screen(picture, "ALIGN " + (", ".join(figure["advice"] for figure in bad) or "all good"))


def _value(figure: Mapping[str, Any]) -> str:
    value, unit = float(figure["value"]), str(figure["unit"])
    if unit == "mm":
        return f"{value:.0f}"
    if figure["name"] == "light":
        return f"{100 * value:.0f}%"
    return f"{value:.1f}{unit}"


def pairing(size: Size, pin: str) -> Screen:
    """The pairing PIN. Words and picture that are told to others leave it out."""
    picture, draw = blank(size)
    tall = size[1] >= 64
    small(draw, size[0] / 2, 11, "PIN for the phone:", anchor="ms")
    capitals(draw, size[0] / 2, 55 if tall else 31, " ".join((pin[:3], pin[3:])), 50 if tall else 24)
    told = _waiting(size, "PIN", "stands on the OLED")
    return Screen(picture, "PAIRING: the PIN stands on the station's OLED", told.picture)


def which(size: Size, focal_mm: float) -> Screen:
    """Asks at which focal length a zoom stands."""
    picture, draw = blank(size)
    tall, focal = size[1] >= 64, f"{focal_mm:g} MM?"
    if tall:
        small(draw, size[0] / 2, 12, "WHICH mm? (a zoom)", anchor="ms")
        capitals(draw, size[0] / 2, 48, focal, fitting_points(focal, 41, size[0]))
        small(draw, size[0] / 2, 62, "FOCUS next  TEST take", anchor="ms")
    else:
        capitals(draw, 0, 17, focal, 22, "ls")
        small(draw, 127, 12, "zoom", anchor="rs")
        small(draw, size[0] / 2, 30, "FOCUS next  TEST take", anchor="ms")
    return Screen(picture, f"WHICH mm? {focal_mm:g} mm (FOCUS: next, TEST: take)")


def shutdown(size: Size, simulated: bool = False) -> Screen:
    """Asks for a second press before the machine is switched off."""
    words = "only simulated here" if simulated else "else wait: stays on"
    picture, draw = blank(size)
    tall = size[1] >= 64
    capitals(draw, size[0] / 2, 27 if tall else 17, "SWITCH OFF?", 32 if tall else 22)
    small(draw, size[0] / 2, 44 if tall else 30, "press TEST again: off", anchor="ms")
    if tall:
        small(draw, size[0] / 2, 59, words, anchor="ms")
    return Screen(picture, "SWITCH OFF? press TEST again within 10 s")


def off(size: Size) -> Screen:
    """The machine is going down."""
    return _waiting(size, "OFF", "wait, then unplug")


def _waiting(size: Size, title: str, words: str) -> Screen:
    picture: Image.Image
    picture, draw = blank(size)
    tall = size[1] >= 64
    points = fitting_points(title, 34 if tall else 22, size[0])
    capitals(draw, size[0] / 2, 33 if tall else 17, title, points)
    small(draw, size[0] / 2, 54 if tall else 30, words, anchor="ms")
    return Screen(picture, f"{title}, {words}")

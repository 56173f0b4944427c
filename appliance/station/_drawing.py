"""Text on one-bit pictures, in the OLED's two typefaces."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from appliance.station.words import MINUS

Size = tuple[int, int]

_FONTS = Path(__file__).with_name("fonts")
_CAPITALS = _FONTS / "BebasNeue-Bold.otf"
_SMALL = _FONTS / "TerminusTTF-4.46.0.ttf"


@cache
def _font(file: Path, size: int) -> ImageFont.FreeTypeFont:
    # the basic layout: the other one depends on a library that not every machine has
    return ImageFont.truetype(str(file), size, layout_engine=ImageFont.Layout.BASIC)


def blank(size: Size) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    """A dark picture and what draws on it."""
    picture = Image.new("1", size)
    draw = ImageDraw.Draw(picture)
    draw.fontmode = "1"
    return picture, draw


def small(
    draw: ImageDraw.ImageDraw,
    x: float,
    y: float,
    text: str,
    height: int = 12,
    anchor: str = "ls",
    fill: int = 1,
) -> None:
    """Small print, ``height`` px high."""
    draw.text((x, y), text.replace(MINUS, "-"), font=_font(_SMALL, height), fill=fill, anchor=anchor)


def capitals(
    draw: ImageDraw.ImageDraw, x: float, y: float, text: str, points: int, anchor: str = "ms"
) -> None:
    """Narrow capitals; at 41 points they stand 29 px high."""
    draw.text((x, y), text, font=_font(_CAPITALS, points), fill=1, anchor=anchor)


def fitting_points(text: str, points: int, width: int) -> int:
    """The largest size of capitals up to ``points`` at which ``text`` is no wider than ``width`` px."""
    while points > 1 and _font(_CAPITALS, points).getlength(text) > width:
        points -= 1
    return points


def squeezed_capitals(picture: Image.Image, y: int, text: str, points: int) -> None:
    """Capitals across the picture's middle, made narrower, not lower, if they are too wide for it."""
    font = _font(_CAPITALS, points)
    left, top, right, bottom = (round(v) for v in font.getbbox(text, anchor="ls"))
    line = Image.new("L", (right - left, bottom - top))
    ImageDraw.Draw(line).text((-left, -top), text, font=font, fill=255, anchor="ls")
    width = min(line.width, picture.width)
    narrow = (
        line.resize((width, line.height), Image.Resampling.BOX).point(lambda v: 255 * (v > 110)).convert("1")
    )
    picture.paste(narrow, ((picture.width - width) // 2, y + top))

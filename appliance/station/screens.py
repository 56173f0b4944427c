"""The OLED's pictures: pure functions from what is to be said to a one-bit picture and its words."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from textwrap import wrap

from PIL import Image, ImageDraw, ImageFont

from appliance.focus.result import Result, Verdict
from appliance.station.words import MINUS, decimals, signed

Size = tuple[int, int]

_FONTS = Path(__file__).with_name("fonts")
_CAPITALS = _FONTS / "BebasNeue-Bold.otf"
_SMALL = _FONTS / "TerminusTTF-4.46.0.ttf"
VERDICT_PT = 41
"""Size at which the capitals stand 29 px high, readable from across the bench."""
CHARACTERS_PER_LINE = 21


@dataclass(frozen=True)
class Screen:
    """What the OLED shows: the picture, and the same in words for the page and the terminal."""

    picture: Image.Image
    text: str


@cache
def _font(file: Path, size: int) -> ImageFont.FreeTypeFont:
    # the basic layout: the other one depends on a library that not every machine has
    return ImageFont.truetype(str(file), size, layout_engine=ImageFont.Layout.BASIC)


def _blank(size: Size) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    picture = Image.new("1", size)
    draw = ImageDraw.Draw(picture)
    draw.fontmode = "1"
    return picture, draw


def _small(
    draw: ImageDraw.ImageDraw, x: float, y: float, text: str, height: int = 12, anchor: str = "ls"
) -> None:
    draw.text((x, y), text.replace(MINUS, "-"), font=_font(_SMALL, height), fill=1, anchor=anchor)


def _capitals(
    draw: ImageDraw.ImageDraw, x: float, y: float, text: str, size: int, anchor: str = "ms"
) -> None:
    draw.text((x, y), text, font=_font(_CAPITALS, size), fill=1, anchor=anchor)


def _lines(text: str, count: int, width: int = CHARACTERS_PER_LINE) -> list[str]:
    lines = wrap(text, width, max_lines=count, placeholder="…")
    return lines or [""]


def start(size: Size, version: str) -> Screen:
    """The station is starting."""
    picture, draw = _blank(size)
    _capitals(draw, size[0] / 2, size[1] / 2 + 6, "FOCUSCHECK", 32)
    if size[1] >= 64:
        _small(draw, size[0] / 2, 56, f"{version}  starting", anchor="ms")
    return Screen(picture, "starting")


def ready(size: Size, lens_tag: str | None, address: str) -> Screen:
    """Waiting for the button: which lens, and where the page is."""
    picture, draw = _blank(size)
    address = address.removeprefix("http://")
    lens = _lines(lens_tag or "press TEST", 1)[0]
    if size[1] < 64:
        _capitals(draw, 0, 14, "READY", 20, "ls")
        _small(draw, 127, 13, lens[:12], anchor="rs")
        _small(draw, 0, 29, address)
    else:
        _capitals(draw, 0, 29, "READY", VERDICT_PT, "ls")
        draw.ellipse((104, 4, 126, 26), outline=1, width=3)
        draw.ellipse((112, 12, 118, 18), fill=1)
        _small(draw, 0, 45, lens)
        _small(draw, 0, 60, address)
    return Screen(picture, f"READY, {lens}, {address}")


def measuring(size: Size, stage: str, busy: bool = False) -> Screen:
    """A check is under way; ``busy`` answers a press in the meantime."""
    picture, draw = _blank(size)
    middle, title = size[0] / 2, "BUSY" if busy else "MEASURING"
    note = "not counted: wait" if busy else stage
    if size[1] < 64:
        _capitals(draw, middle, 17, title, 22)
        _small(draw, middle, 30, note, anchor="ms")
    else:
        _capitals(draw, middle, 36, title, 36)
        _small(draw, middle, 56, note, anchor="ms")
    return Screen(picture, f"{title}, {note}")


def fault(size: Size, title: str, sentence: str) -> Screen:
    """Something is wrong with the station itself, in plain words."""
    picture, draw = _blank(size)
    tall = size[1] >= 64
    draw.rectangle((0, 0, size[0] - 1, 15), fill=1)
    draw.text((size[0] / 2, 12), title, font=_font(_SMALL, 14), fill=0, anchor="ms")
    for k, line in enumerate(_lines(sentence, 4 if tall else 1)):
        _small(draw, 0, 26 + 12 * k, line)
    return Screen(picture, f"{title}: {sentence}")


def notice(size: Size, title: str, sentence: str) -> Screen:
    """A short word to the person at the button."""
    return fault(size, title, sentence)


def verdict(size: Size, result: Result, turn: int = 0) -> Screen:
    """The verdict with its signed figure; a display of 32 lines shows word and figure in turn."""
    if size[1] < 64:
        return _verdict_small(size, result, turn)
    picture, draw = _blank(size)
    value, spread, unit = _figure(result)
    words = result.verdict.words.split()
    text = " ".join((result.verdict.words, value, spread, unit)).strip()
    if len(words) == 2:
        _capitals(draw, 0, 30, words[0], VERDICT_PT, "ls")
        _capitals(draw, 0, 63, words[1], VERDICT_PT, "ls")
        _small(draw, 127, 18, value, 18 if len(value) <= 5 else 16, "rs")
        _small(draw, 127, 38, spread, 16, "rs")
        _small(draw, 127, 56, unit, 16, "rs")
        return Screen(picture, text)
    _capitals(draw, size[0] / 2, 31, words[0], VERDICT_PT)
    if result.verdict is Verdict.INVALID:
        reason = _reason(result)
        for k, line in enumerate(_lines(reason, 2)):
            _small(draw, size[0] / 2, 46 + 13 * k, line, anchor="ms")
        return Screen(picture, f"INVALID {reason}")
    _small(draw, size[0] / 2, 47, f"{value} {spread} {unit}", 16, "ms")
    _small(draw, size[0] / 2, 61, _against_tolerance(result), anchor="ms")
    return Screen(picture, text)


def _verdict_small(size: Size, result: Result, turn: int) -> Screen:
    picture, draw = _blank(size)
    value, spread, unit = _figure(result)
    text = " ".join((result.verdict.words, value, spread, unit)).strip()
    if turn % 2 == 0:
        _capitals(draw, size[0] / 2, 30, result.verdict.words, VERDICT_PT - (2 if len(text) > 8 else 0))
    elif result.verdict is Verdict.INVALID:
        for k, line in enumerate(_lines(_reason(result), 2)):
            _small(draw, size[0] / 2, 13 + 14 * k, line, anchor="ms")
    else:
        _small(draw, size[0] / 2, 13, f"{value} {spread} {unit}", 16, "ms")
        _small(draw, size[0] / 2, 29, _against_tolerance(result), anchor="ms")
    return Screen(picture, text)


def _figure(result: Result) -> tuple[str, str, str]:
    error, bound, u95 = result.focus_error_mm, result.focus_error_mm_at_least, result.focus_error_mm_u95
    if error is not None and u95 is not None:
        places = decimals(u95) if abs(error) < 100 else 0
        return signed(error, places), f"±{u95:.{places}f}", "mm"
    if bound is not None:
        return "beyond", signed(bound, 0), "mm"
    return "", "", ""


def _against_tolerance(result: Result) -> str:
    if result.image_shift_um is None or result.tolerance_um is None:
        return ""
    places = decimals(result.image_shift_um_u95)
    return f"{signed(result.image_shift_um, places)} of ±{result.tolerance_um:.0f} µm"


def _reason(result: Result) -> str:
    return result.reasons[0].code.replace("_", " ").lower() if result.reasons else "not measurable"

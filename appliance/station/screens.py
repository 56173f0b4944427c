"""The OLED's pictures: pure functions from what is to be said to a one-bit picture and its words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from textwrap import wrap

import segno
from PIL import Image

from appliance.focus.result import Result, Verdict
from appliance.station._drawing import Size, blank, capitals, small, squeezed_capitals
from appliance.station.words import at_least, decimals, signed

VERDICT_PT = 41
"""Size at which the capitals stand 29 px high, readable from across the bench."""
CHARACTERS_PER_LINE = 21
SHORT_LINE = 11
"""Characters beside the QR code."""
_PROGRESS = {"starting": 0.05, "taking": 0.25, "measuring": 0.5, "storing": 0.95}


@dataclass(frozen=True)
class Screen:
    """What the OLED shows: the picture, and the same in words for the page and the terminal."""

    picture: Image.Image
    text: str
    told_picture: Image.Image | None = None
    """What page and terminal are shown instead, where the picture holds a secret."""

    @property
    def told(self) -> Image.Image:
        """The picture as others may see it."""
        return self.told_picture or self.picture


def _lines(text: str, count: int, width: int = CHARACTERS_PER_LINE) -> list[str]:
    lines = wrap(text, width, max_lines=count, placeholder="…")
    return lines or [""]


def start(size: Size, version: str) -> Screen:
    """The station is starting."""
    picture, draw = blank(size)
    capitals(draw, size[0] / 2, size[1] / 2 + 6, "FOCUSCHECK", 32)
    if size[1] >= 64:
        small(draw, size[0] / 2, 56, f"{version}  starting", anchor="ms")
    return Screen(picture, "starting")


def ready(size: Size, lens_tag: str | None, address: str, station: str = "", setting: str = "") -> Screen:
    """Waiting for the button: which lens, which station, and where the page is, as QR code too where there is room.

    ``setting`` is what the lens is set to, ``70 mm f/2.8``; it takes the place of the station's name.
    """
    picture, draw = blank(size)
    short = address.removeprefix("http://")
    lens = _lines(lens_tag or "press TEST", 1)[0]
    station = setting.replace(" mm", "mm") or station
    beside = _address_rows(short, SHORT_LINE)
    code = _qr(address) if size[1] >= 64 and len(beside) <= (2 if setting else 3) else None
    if size[1] < 64:
        capitals(draw, 0, 14, "READY", 20, "ls")
        small(draw, 127, 13, lens[:12], anchor="rs")
        small(draw, 0, 29, setting or short)
    elif code is None:
        capitals(draw, 0, 29, "READY", VERDICT_PT, "ls")
        for k, row in enumerate([f"{lens} {setting}".strip(), *_address_rows(short, CHARACTERS_PER_LINE)]):
            small(draw, 0, 40 + 11 * k, row)
    else:
        picture.paste(code, (size[0] - code.width, (size[1] - code.height) // 2))
        capitals(draw, 0, 19, "READY", 27, "ls")
        named = [station] if len(beside) <= 2 else []
        for k, row in enumerate([lens_tag or "press TEST", *named, *beside]):
            fits = len(row) <= SHORT_LINE
            small(draw, 0, 30 + 11 * k, row if fits else row[: SHORT_LINE - 1] + "…")
    return Screen(picture, ", ".join(filter(None, ("READY", lens, setting, short))))


def _address_rows(address: str, width: int) -> list[str]:
    """An address in rows of at most ``width`` characters, broken before a dot or a colon where there is one."""
    rows = []
    while len(address) > width:
        breaks = [k for k, character in enumerate(address[: width + 1]) if character in ".:" and k]
        cut = breaks[-1] if breaks else width
        rows.append(address[:cut])
        address = address[cut:]
    return [*rows, address]


def _qr(address: str) -> Image.Image | None:
    """QR code of version 2-L at 2 px per module with a margin of 3, 62 × 62 px; None if the address is too long."""
    try:
        code = segno.make(address, version=2, error="l", micro=False, boost_error=False)
    except segno.DataOverflowError:
        return None
    modules = [[int(not dark) for dark in row] for row in code.matrix_iter(border=3)]
    small_picture = Image.new("1", (len(modules), len(modules)))
    small_picture.putdata([light for row in modules for light in row])
    return small_picture.resize((2 * len(modules), 2 * len(modules)), Image.Resampling.NEAREST)


def _share(stage: str) -> float:
    """How far a check has come by the name of its stage; 0 where that does not tell."""
    share = _PROGRESS.get(stage.split(" ", 1)[0], 0.0)
    if numbered := re.search(r"(\d+) of (\d+)", stage):
        number, of = (int(n) for n in numbered.groups())
        return (number - 1 + share) / of
    return share


def measuring(size: Size, stage: str, busy: bool = False) -> Screen:
    """A check is under way, with a bar of how far; ``busy`` answers a press in the meantime."""
    picture, draw = blank(size)
    middle, title = size[0] / 2, "BUSY" if busy else "MEASURING"
    note = "not counted: wait" if busy else stage
    if size[1] < 64:
        capitals(draw, middle, 17, title, 22)
        small(draw, middle, 30, note, anchor="ms")
        return Screen(picture, f"{title}, {note}")
    capitals(draw, middle, 33, title, 36)
    small(draw, middle, 48, note, anchor="ms")
    share = _share(stage)
    if not busy and share:
        draw.rectangle((4, 54, 123, 61), outline=1)
        draw.rectangle((6, 56, 6 + round(115 * share), 59), fill=1)
    return Screen(picture, f"{title}, {note}")


def fault(size: Size, title: str, sentence: str) -> Screen:
    """Something is wrong with the station itself, in plain words."""
    picture, draw = blank(size)
    tall = size[1] >= 64
    draw.rectangle((0, 0, size[0] - 1, 15), fill=1)
    small(draw, size[0] / 2, 12, title, 14, "ms", fill=0)
    for k, line in enumerate(_lines(sentence, 4 if tall else 1)):
        small(draw, 0, 26 + 12 * k, line)
    return Screen(picture, f"{title}: {sentence}")


def stuck(size: Size, button: str) -> Screen:
    """A button that has been down for longer than anyone presses."""
    return fault(
        size, "BUTTON STUCK?", f"{button} is held down. Let go, or check its wires; the page still works."
    )


def notice(size: Size, title: str, sentence: str) -> Screen:
    """A short word to the person at the button."""
    return fault(size, title, sentence)


def verdict(size: Size, result: Result, turn: int = 0) -> Screen:
    """The verdict with its signed figure; a display of 32 lines shows word and figure in turn."""
    if size[1] < 64:
        return _verdict_small(size, result, turn)
    picture, draw = blank(size)
    value, spread, unit = _figure(result)
    words = result.verdict.words.split()
    text = " ".join((result.verdict.words, value, spread, unit)).strip()
    if len(words) == 2:
        capitals(draw, 0, 30, words[0], VERDICT_PT, "ls")
        capitals(draw, 0, 63, words[1], VERDICT_PT, "ls")
        small(draw, 127, 18, value, 18 if len(value) <= 5 else 16, "rs")
        small(draw, 127, 38, spread, 16, "rs")
        small(draw, 127, 56, unit, 16, "rs")
        return Screen(picture, text)
    capitals(draw, size[0] / 2, 31, words[0], VERDICT_PT)
    if result.verdict is Verdict.INVALID:
        reason = _reason(result)
        for k, line in enumerate(_lines(reason, 2)):
            small(draw, size[0] / 2, 46 + 13 * k, line, anchor="ms")
        return Screen(picture, f"INVALID {reason}")
    small(draw, size[0] / 2, 47, f"{value} {spread} {unit}", 16, "ms")
    small(draw, size[0] / 2, 61, _against_tolerance(result), anchor="ms")
    return Screen(picture, text)


def _verdict_small(size: Size, result: Result, turn: int) -> Screen:
    picture, draw = blank(size)
    value, spread, unit = _figure(result)
    text = " ".join((result.verdict.words, value, spread, unit)).strip()
    if turn % 2 == 0:
        squeezed_capitals(picture, 30, result.verdict.words, VERDICT_PT)
    elif result.verdict is Verdict.INVALID:
        for k, line in enumerate(_lines(_reason(result), 2)):
            small(draw, size[0] / 2, 13 + 14 * k, line, anchor="ms")
    else:
        small(draw, size[0] / 2, 13, f"{value} {spread} {unit}", 16, "ms")
        small(draw, size[0] / 2, 29, _against_tolerance(result), anchor="ms")
    return Screen(picture, text)


def _figure(result: Result) -> tuple[str, str, str]:
    error, u95 = result.focus_error_mm, result.focus_error_mm_u95
    if error is not None and u95 is not None:
        places = decimals(u95) if abs(error) < 100 else 0
        return signed(error, places), f"±{u95:.{places}f}", "mm"
    if result.bounded:
        least = at_least(result)
        return ("beyond", least, "mm") if least else ("no", "figure", "")
    return "", "", ""


def _against_tolerance(result: Result) -> str:
    if result.image_shift_um is None or result.tolerance_um is None:
        return ""
    places = decimals(result.image_shift_um_u95)
    return f"{signed(result.image_shift_um, places)} of ±{result.tolerance_um:.0f} µm"


def _reason(result: Result) -> str:
    return result.reasons[0].code.replace("_", " ").lower() if result.reasons else "not measurable"

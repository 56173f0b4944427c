"""The OLED's pictures of a guided check: what to do now, and what came of it."""

from __future__ import annotations

from typing import Any

from appliance.station._drawing import Size, blank, capitals, fitting_points, small
from appliance.station.screens import CHARACTERS_PER_LINE, VERDICT_PT, Screen, _lines
from appliance.station.words import decimals, signed

WAITS_FOR = {"measure": "press TEST", "do": "then press TEST", "ask": "answer on phone"}


def step(size: Size, guide: dict[str, Any]) -> Screen:
    """The step that is next: its number and title, what to do, and what it waits for."""
    picture, draw = blank(size)
    now = guide["step"]
    title = f"{guide['number']}/{guide['of']} {now['title']}"
    draw.rectangle((0, 0, size[0] - 1, 14), fill=1)
    small(draw, 2, 11, title[:CHARACTERS_PER_LINE], anchor="ls", fill=0)
    waits = WAITS_FOR[now["kind"]]
    if now["kind"] == "ask" and all(i["default"] is not None or not i["required"] for i in now["inputs"]):
        waits = "press TEST, or phone"
    tall, problem = size[1] >= 64, guide["problem"]
    set_to = "" if problem else setting(now)
    said = problem or now["oled"] or now["text"]
    rows = said.split("\n") if "\n" in said else _lines(said, 3 if tall else 1)
    if set_to and tall:
        capitals(draw, 0, 38, set_to, fitting_points(set_to, 26, size[0]), "ls")
        rows = rows[:1]
    shown = [set_to] if set_to and not tall else rows[: 3 if tall else 1]
    for k, row in enumerate(shown):
        small(draw, 0, (50 if set_to and tall else 26) + 12 * k, row[:CHARACTERS_PER_LINE])
    if size[1] >= 64:
        small(draw, size[0] - 1, 62, waits, anchor="rs")
    told = " ".join(part for part in (set_to, *rows) if part)
    return Screen(picture, f"{title}: {told} ({waits})")


def setting(step_: dict[str, Any]) -> str:
    """What the lens is to be set to, ``70 mm f/2.8``; empty where the step does not say."""
    parts = []
    if step_["focal_length_mm"] is not None:
        parts.append(f"{step_['focal_length_mm']:g} MM")
    if step_["f_number"] is not None:
        parts.append(f"F/{step_['f_number']:g}")
    return " ".join(parts)


def finding(size: Size, guide: dict[str, Any]) -> Screen:
    """What a guided check concluded: the word, its main figure, and the next action where there is room."""
    picture, draw = blank(size)
    found = guide["finding"]
    word = found["word"]
    figure = next((f for f in found["figures"] if f["main"]), None)
    told = "" if figure is None else _figure(figure)
    if size[1] < 64:
        capitals(draw, 0, 17, word, fitting_points(word, 22, 127), "ls")
        small(draw, 0, 30, told)
        return Screen(picture, f"{word} {told}".strip())
    capitals(draw, 0, 30, word, fitting_points(word, VERDICT_PT, 127), "ls")
    small(draw, 0, 43, told)
    said = found["next_action"] or found["headline"]
    rows = _lines(said, 1 if told else 2)
    for k, row in enumerate(rows):
        small(draw, 0, (56 if told else 46) + 12 * k, row)
    return Screen(picture, f"{word} {told} {' '.join(rows)}".strip())


def _figure(figure: dict[str, Any]) -> str:
    value, u95, unit = figure["value"], figure["u95"], figure["unit"]
    if u95 is None:
        return f"{value:g} {unit}".strip()
    places = decimals(u95)
    return f"{signed(value, places)} ± {u95:.{places}f} {unit}".strip()

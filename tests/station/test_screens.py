"""What stands on the OLED; the pictures in tests/golden were looked at before they were committed."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image, ImageFont

from appliance.focus.result import Reason, Result, Verdict
from appliance.station import _drawing, screens, screens_live
from appliance.station.screens import Screen

GOLDEN = Path(__file__).parents[1] / "golden"
TALL, FLAT = (128, 64), (128, 32)


def result(verdict: str, error_mm: float | None = None, u95: float | None = None, **more: object) -> Result:
    shift = None if error_mm is None else error_mm * 1.87
    shift_u95 = None if u95 is None else u95 * 1.87
    reasons = more.pop("reasons", ())
    return Result(
        Verdict(verdict),
        reasons,  # type: ignore[arg-type]
        focus_error_mm=error_mm,
        focus_error_mm_u95=u95,
        image_shift_um=shift,
        image_shift_um_u95=shift_u95,
        tolerance_um=43.8,
        **more,  # type: ignore[arg-type]
    )


NO_CHART = result("INVALID", reasons=(Reason("NO_CHART", "No chart was found."),))
FAULT = "No camera is connected. Switch the Pi off, check both ends of the ribbon cable, and start again."

ASSIST = {
    "found": True,
    "middle": 18.4,
    "near": 7.2,
    "far": 12.9,
    "peak": 25.8,
    "focus_mm": 12.4,
    "focus_sd_mm": 0.1,
    "turn": "nearer",
    "edges": 56,
}
BLURRED = {**ASSIST, "found": False, "near": None, "far": None, "focus_mm": None, "turn": "", "middle": 16.8}
ALIGN = {
    "figures": [
        {"name": name, "value": value, "unit": unit, "good": good, "advice": f"mend the {name}"}
        for name, value, unit, good in (
            ("tilt", 45.2, "°", True),
            ("roll", 5.1, "°", False),
            ("yaw", -0.4, "°", True),
            ("distance", 625.3, "mm", True),
            ("centre x", -0.5, "%", True),
            ("centre y", 6.2, "%", False),
            ("light", 0.83, "", True),
        )
    ]
}
ALIGNED = {"figures": [{**figure, "good": True} for figure in ALIGN["figures"]]}
PIN = "493027"

FRAMES: dict[str, Screen] = {
    "start": screens.start(TALL, "0.1.0"),
    "ready": screens.ready(TALL, None, "http://192.168.178.123:8080", "Station 1"),
    "ready-lens": screens.ready(TALL, "FC-00123", "http://192.168.178.123:8080", "Station 1"),
    "measuring": screens.measuring(TALL, "measuring the edges"),
    "busy": screens.measuring(TALL, "", busy=True),
    "pass": screens.verdict(TALL, result("PASS", 3.1, 0.62)),
    "fail-back": screens.verdict(TALL, result("FAIL_BACK", 34.8, 1.2)),
    "fail-front": screens.verdict(TALL, result("FAIL_FRONT", -41.26, 0.93)),
    "fail-front-beyond": screens.verdict(TALL, result("FAIL_FRONT", focus_error_mm_at_least=-120.4)),
    "fail-front-no-figure": screens.verdict(TALL, result("FAIL_FRONT", focus_error_mm_at_least=0.0)),
    "retest": screens.verdict(TALL, result("RETEST", 23.9, 2.6)),
    "invalid": screens.verdict(TALL, NO_CHART),
    "fault": screens.fault(TALL, "NO CAMERA", FAULT),
    "flat-ready": screens.ready(FLAT, "FC-00123", "http://192.168.178.123:8080"),
    "flat-fail-front": screens.verdict(FLAT, result("FAIL_FRONT", -41.26, 0.93), turn=0),
    "ready-ipv6": screens.ready(TALL, "FC-00123", "http://[2001:db8::7334:1]:8080", "Station 1"),
    "ready-no-code": screens.ready(
        TALL, "FC-00123", "http://bench-2.lenses.rental.example:8080", "Station 1"
    ),
    "ready-setting": screens.ready(
        TALL, "FC-00123", "http://192.168.178.123:8080", "Station 1", "135 mm f/2.8"
    ),
    "ready-setting-no-code": screens.ready(
        TALL, "FC-00123", "http://[2001:db8::7334:1]:8080", "Station 1", "70 mm f/2.8"
    ),
    "flat-ready-setting": screens.ready(
        FLAT, "FC-00123", "http://192.168.178.123:8080", "Station 1", "70 mm f/2.8"
    ),
    "which": screens_live.which(TALL, 19.5),
    "flat-which": screens_live.which(FLAT, 135.0),
    "assist": screens_live.assist(TALL, ASSIST),
    "assist-hold": screens_live.assist(TALL, {**ASSIST, "middle": 25.8, "turn": "hold", "focus_mm": 0.2}),
    "assist-blurred": screens_live.assist(TALL, BLURRED),
    "align": screens_live.align(TALL, ALIGN),
    "align-good": screens_live.align(TALL, ALIGNED),
    "align-no-chart": screens_live.align(TALL, {"figures": []}),
    "pairing": screens_live.pairing(TALL, PIN),
    "shutdown": screens_live.shutdown(TALL),
    "off": screens_live.off(TALL),
    "stuck": screens.stuck(TALL, "TEST"),
    "flat-assist": screens_live.assist(FLAT, ASSIST),
    "flat-align": screens_live.align(FLAT, ALIGN),
    "flat-pairing": screens_live.pairing(FLAT, PIN),
    "flat-shutdown": screens_live.shutdown(FLAT),
    "flat-figure": screens.verdict(FLAT, result("FAIL_FRONT", -41.26, 0.93), turn=1),
}


@pytest.mark.parametrize("name", FRAMES)
def test_the_oled_shows_what_was_looked_at(name: str) -> None:
    with Image.open(GOLDEN / f"oled-{name}.png") as golden:
        assert np.array_equal(np.array(golden.convert("1")), np.array(FRAMES[name].picture))


@pytest.mark.parametrize("name", ["pass", "fail-back", "fail-front", "retest", "invalid"])
def test_the_verdict_stands_at_least_28_px_high(name: str) -> None:
    lit = np.array(FRAMES[name].picture)[:, :75]
    first_word = lit[:32] if name.startswith("f") else lit[:33]
    rows = np.flatnonzero(first_word.any(axis=1))
    assert rows[-1] - rows[0] + 1 >= 28


@pytest.mark.parametrize(("error_mm", "sign"), [(34.8, "+"), (-34.8, "−")])
def test_back_focus_is_plus_and_front_focus_is_minus(error_mm: float, sign: str) -> None:
    verdict = "FAIL_BACK" if error_mm > 0 else "FAIL_FRONT"
    assert (
        screens.verdict(TALL, result(verdict, error_mm, 1.2)).text
        == f"{verdict.replace('_', ' ')} {sign}34.8 ±1.2 mm"
    )


@pytest.mark.parametrize("error_mm", [0.0, 0.004, 3.14159, 12.345, -123.4, 1234.5, -999.96])
@pytest.mark.parametrize("u95", [0.004, 0.23, 1.2, 11.0, 140.0])
def test_figure_and_verdict_never_touch(error_mm: float, u95: float) -> None:
    words = screens.verdict(TALL, result("FAIL_FRONT"))
    both = np.array(screens.verdict(TALL, result("FAIL_FRONT", error_mm, u95)).picture)
    figure = both & ~np.array(words.picture)
    assert np.count_nonzero(both) - np.count_nonzero(figure) == np.count_nonzero(np.array(words.picture))
    assert not figure[:, :62].any()
    assert not figure[30:, :77].any()


def test_invalid_gives_its_reason() -> None:
    assert screens.verdict(TALL, NO_CHART).text == "INVALID no chart"


def test_the_small_display_s_capitals_use_its_height_too() -> None:
    rows = np.flatnonzero(np.array(FRAMES["flat-fail-front"].picture).any(axis=1))
    assert rows[-1] - rows[0] + 1 >= 28


@pytest.mark.parametrize(
    "url", ["http://192.168.178.123:8080", "http://10.0.0.9:8080", "http://focuscheck.local"]
)
def test_a_phone_reads_the_code_on_the_ready_screen(url: str) -> None:
    lit = np.array(screens.ready(TALL, "FC-00123", url, "Station 1").picture).astype(np.uint8) * 255
    seen = cv2.resize(lit, None, fx=6, fy=6, interpolation=cv2.INTER_NEAREST)
    text, _, _ = cv2.QRCodeDetector().detectAndDecode(
        cv2.copyMakeBorder(seen, 40, 40, 40, 40, cv2.BORDER_CONSTANT)
    )
    assert text == url


@pytest.mark.parametrize("host", ["10.0.0.9", "192.168.178.123", "[2001:db8::7334:1]", "[fd12:3456:789a::ffff:12]",
                                  "focuscheck.local", "bench-2.lenses.rental.example"])  # fmt: skip
def test_the_whole_address_stands_on_the_ready_screen(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []

    def noted(draw: Any, x: float, y: float, text: str, *more: Any, **named: Any) -> None:
        written.append(text)
        right = x + _drawing._font(_drawing._SMALL, 12).getlength(text)
        assert right <= (66 if code else 128)
        assert y <= 63
        _drawing.small(draw, x, y, text, *more, **named)

    monkeypatch.setattr(screens, "small", noted)
    code = len(host) < 20
    screens.ready(TALL, "FC-00123", f"http://{host}:8080", "Station 1")
    assert f"{host}:8080" in "".join(written)


@pytest.mark.parametrize("name", ["pairing", "flat-pairing"])
def test_the_pin_is_on_the_oled_and_nowhere_else(name: str) -> None:
    screen = FRAMES[name]
    assert not any(digit in screen.text for digit in PIN)
    assert not np.array_equal(np.array(screen.told), np.array(screen.picture))
    other = screens_live.pairing(TALL if name == "pairing" else FLAT, "000000")
    assert np.array_equal(np.array(screen.told), np.array(other.told))


def test_figures_that_are_off_are_told_with_what_to_do() -> None:
    assert FRAMES["align"].text == "ALIGN mend the roll, mend the centre y"
    assert FRAMES["align-good"].text == "ALIGN all good"
    assert FRAMES["assist"].text == "FOCUS ASSIST 18.4, turn NEARER"


@pytest.mark.parametrize("size", [TALL, FLAT], ids=["64 px", "32 px"])
def test_the_longest_words_of_the_live_screens_fit(
    size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    outside: list[str] = []

    def watched(font_of: Callable[[int], ImageFont.FreeTypeFont], write: Callable[..., None]) -> Any:
        def small_or_capitals(
            draw: Any, x: float, y: float, text: str, points: int = 12, *more: Any, **named: Any
        ) -> None:
            anchor = named.get("anchor", more[0] if more else "ls" if points < 20 else "ms")
            left, _, right, low = font_of(points).getbbox(text, anchor=anchor)
            if x + left < 0 or x + right > size[0] or y + low > size[1]:
                outside.append(text)
            write(draw, x, y, text, points, *more, **named)

        return small_or_capitals

    monkeypatch.setattr(
        screens_live, "small", watched(lambda pt: _drawing._font(_drawing._SMALL, pt), _drawing.small)
    )
    monkeypatch.setattr(
        screens_live,
        "capitals",
        watched(lambda pt: _drawing._font(_drawing._CAPITALS, pt), _drawing.capitals),
    )
    drawn = set()
    for turn in ("nearer", "farther", "hold", ""):
        for focus_mm in (-123.4, 0.0, None):
            figures = {**ASSIST, "turn": turn, "middle": 100.0, "peak": 100.0, "focus_mm": focus_mm}
            drawn.add(screens_live.assist(size, figures).text)
            drawn.add(screens_live.assist(size, {**figures, "found": False}).text)
    for figure in ALIGN["figures"]:
        for value in {"mm": (9999.9,), "": (0.0, 1.0)}.get(str(figure["unit"]), (-89.9, 89.9)):
            bad = {"figures": [{**figure, "value": value, "good": False}]}
            drawn.add(screens_live.align(size, bad).text)
    for screen in (screens_live.align(size, None), screens_live.align(size, {"figures": []}), screens_live.off(size),
                   screens_live.assist(size, None), screens_live.pairing(size, "888888")):  # fmt: skip
        drawn.add(screen.text)
    assert len(drawn) > 10
    assert outside == []

"""What stands on the OLED; the pictures in tests/golden were looked at before they were committed."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from appliance.focus.result import Reason, Result, Verdict
from appliance.station import screens
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

FRAMES: dict[str, Screen] = {
    "start": screens.start(TALL, "0.1.0"),
    "ready": screens.ready(TALL, None, "http://192.168.178.123:8080"),
    "ready-lens": screens.ready(TALL, "FC-00123", "http://192.168.178.123:8080"),
    "measuring": screens.measuring(TALL, "measuring the edges"),
    "busy": screens.measuring(TALL, "", busy=True),
    "pass": screens.verdict(TALL, result("PASS", 3.1, 0.62)),
    "fail-back": screens.verdict(TALL, result("FAIL_BACK", 34.8, 1.2)),
    "fail-front": screens.verdict(TALL, result("FAIL_FRONT", -41.26, 0.93)),
    "fail-front-beyond": screens.verdict(TALL, result("FAIL_FRONT", focus_error_mm_at_least=-120.4)),
    "retest": screens.verdict(TALL, result("RETEST", 23.9, 2.6)),
    "invalid": screens.verdict(TALL, NO_CHART),
    "fault": screens.fault(TALL, "NO CAMERA", FAULT),
    "flat-ready": screens.ready(FLAT, "FC-00123", "http://192.168.178.123:8080"),
    "flat-fail-front": screens.verdict(FLAT, result("FAIL_FRONT", -41.26, 0.93), turn=0),
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

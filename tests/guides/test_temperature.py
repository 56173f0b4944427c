"""Temperature: the shift per kelvin by series and history, drifts told apart, and changes that temperature explains."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from guides.toy import AT, SETUP, photo

from appliance.focus.result import Verdict
from appliance.guides._temperature_fit import explanation
from appliance.guides.case import Case, LensFacts, Trend
from appliance.guides.finding import Finding
from appliance.guides.repeats import Estimate
from appliance.guides.temperature import PROCEDURE, STAGES

CELSIUS = dict(zip(STAGES, (18.0, 18.2, 28.0, 28.3, 28.1, 18.4, 18.1), strict=True))
SCATTER = dict(zip(STAGES, (0.1, -0.1, 0.1, 0.0, -0.1, -0.1, 0.1), strict=True))


def case(um_per_k: float, moved_um: float = 0.0, trend: tuple[Trend, ...] = (), typed: bool = False) -> Case:
    found = Case(SETUP, LensFacts("FC-1"), trend=trend).with_answers(
        "how", source="typed" if typed else "station"
    )
    found = found.with_done("wait-warm").with_done("wait-cool")
    for stage in STAGES:
        gone = moved_um if stage.startswith("cool") else 0.0
        seen = photo(stage, um_per_k * (CELSIUS[stage] - 20) + SCATTER[stage] + gone)
        found = found.with_photo(
            replace(seen, tolerance_um=20.0, temperature_c=None if typed else CELSIUS[stage])
        )
        if typed:
            found = found.with_answers(f"t-{stage}", celsius=CELSIUS[stage])
    return found


def history(um_per_k: float, celsius: list[float], newest_um: float | None = None) -> tuple[Trend, ...]:
    checks = [
        Trend(k, AT + timedelta(days=k), um_per_k * (t - 20) + (0.3 if k % 2 else -0.3), 0.5, t, 50.0)
        for k, t in enumerate(celsius)
    ]
    if newest_um is not None:
        checks[-1] = replace(checks[-1], image_shift_um=newest_um)
    return tuple(checks)


def finding(*arguments: float, **more: object) -> Finding:
    return PROCEDURE.analyse(case(*arguments, **more))  # type: ignore[arg-type]


@pytest.mark.parametrize("typed", [False, True])
def test_the_shift_per_kelvin_is_the_slope_whoever_reads_the_thermometer(typed: bool) -> None:
    found = finding(0.8, typed=typed)
    figure = found.figure("temperature_um_per_k")
    assert figure is not None
    assert figure.value == pytest.approx(0.8, abs=0.02)
    assert figure.u95 is not None
    assert 0.005 < figure.u95 < 0.05  # 0.1 µm of scatter over 10 K and seven photos
    assert found.verdict is Verdict.PASS  # 8 of 20 µm for 10 K
    assert "0.80" in found.headline
    assert "farther per kelvin warmer" in found.headline


def test_a_lens_that_leaves_its_tolerance_within_ten_kelvin_is_named() -> None:
    found = finding(-3.0)
    assert found.word == "FAIL"
    assert found.named("TEMPERATURE_SENSITIVE")
    assert "nearer per kelvin" in found.headline


def test_a_drift_is_no_coefficient() -> None:
    found = finding(0.5, moved_um=9.0)
    assert found.verdict is Verdict.INVALID
    assert found.named("DRIFT")
    assert found.figure("temperature_um_per_k") is None


def test_too_small_a_change_of_temperature_concludes_nothing() -> None:
    warm = case(0.8)
    flat = replace(
        warm,
        photos={k: replace(p, temperature_c=20.0 + 0.3 * n) for n, (k, p) in enumerate(warm.photos.items())},
    )
    assert "warm up by at least 8 K" in PROCEDURE.analyse(flat).headline
    blind = replace(warm, photos={k: replace(p, temperature_c=None) for k, p in warm.photos.items()})
    assert "no temperature" in PROCEDURE.analyse(blind).headline


def test_history_that_agrees_narrows_the_interval_and_one_that_does_not_is_told() -> None:
    days = [14.0, 16, 18, 20, 22, 24, 26, 15, 19, 25]
    alone, joined = finding(0.8), finding(0.8, trend=history(0.8, days))
    a, j = alone.figure("temperature_um_per_k"), joined.figure("temperature_um_per_k")
    assert a is not None
    assert j is not None
    assert j.u95 is not None
    assert a.u95 is not None
    assert j.u95 <= a.u95
    assert joined.figure("history_um_per_k") is not None
    other = finding(0.8, trend=history(-2.0, days))
    assert other.named("HISTORY_DISAGREES")
    value = other.figure("temperature_um_per_k")
    assert value is not None
    assert value.value == pytest.approx(0.8, abs=0.02), "the series, which kept all else still, is believed"


def test_a_change_that_temperature_explains_is_said_and_no_other() -> None:
    alpha = Estimate(1.0, 0.02, 20)
    days = [19.0, 20, 21, 20, 19, 21, 20, 34]
    said = explanation(history(1.0, days), alpha)
    assert "+14 K alone give +14.0 µm" in said
    assert explanation(history(1.0, days, newest_um=40.0), alpha) == "", "three times what temperature does"
    assert explanation(history(1.0, days, newest_um=0.2), alpha) == "", "it has not changed"
    assert explanation(history(1.0, [*days[:-1], 20.5], newest_um=14.0), alpha) == "", "it was not warmer"
    assert explanation(history(1.0, days[-3:]), alpha) == "", "too few checks to know what is usual"

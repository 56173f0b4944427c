"""Advice: what brings each rule up, and that nothing else does."""

from __future__ import annotations

from dataclasses import replace

import pytest
from guides.toy import AT, SETUP, photo

from appliance.focus.result import Reason, Verdict
from appliance.guides import advice
from appliance.guides.advice import RULES, advice_for, rules_of
from appliance.guides.advice_texts import TEXTS
from appliance.guides.case import BodyFacts, Case, Past
from appliance.guides.finding import Figure, Finding

GOOD = Finding(
    Verdict.PASS,
    "Nothing is wrong.",
    (
        Figure("flange_error_um", "Flange", 3.0, 4.0, "µm"),
        Figure("focus_error_um", "Error", -2.0, 4.0, "µm"),
        Figure("tolerance_um", "Tolerance", 15.0, None, "µm"),
        Figure("shim_change_um", "Shim", -3.0, 4.0, "µm"),
        Figure("ring_turn_deg", "Turn", 1.0, 2.0, "°"),
    ),
)
CASE = Case(SETUP, body=BodyFacts("B-1")).with_photo(replace(photo("wide", 3.0), temperature_c=20.0))


def named(*codes: str) -> Finding:
    return replace(GOOD, verdict=Verdict.FAIL_BACK, causes=tuple(Reason(code, "Said.") for code in codes))


def figured(verdict: Verdict, **values: tuple[float, float]) -> Finding:
    figures = tuple(Figure(name, name, value, u95, "µm") for name, (value, u95) in values.items())
    kept = tuple(figure for figure in GOOD.figures if figure.name not in values)
    return replace(GOOD, verdict=verdict, figures=figures + kept)


def seen(code: str) -> Case:
    return CASE.with_photo(replace(photo("tele", 2.0), reasons=(code,)))


def at(temperature_c: float) -> Case:
    return CASE.with_photo(replace(photo("tele", 2.0), temperature_c=temperature_c))


RETEST = replace(GOOD, verdict=Verdict.RETEST)
PAST = replace(CASE, past=(Past("u", AT, RETEST),))
BROUGHT_UP: list[tuple[str, Case, Finding]] = [
    ("MORE_LIGHT", seen("TOO_DARK"), GOOD),
    ("MORE_LIGHT", CASE, named("AF_HUNTING")),
    ("RE_SEAT", CASE, named("OUTLIER")),
    ("CONTACTS", CASE, named("AF_MISSED")),
    ("BATTERY", CASE, named("AF_SLOW")),
    ("ADAPTER", CASE, figured(Verdict.FAIL_FRONT, flange_error_um=(-130.0, 9.0))),
    ("TELECONVERTER", seen("WRONG_LENS"), GOOD),
    ("FIRMWARE", CASE, named("AF_APPROACH")),
    ("LOCK_SCREW", CASE, named("RING_MOVED")),
    ("WARM_UP", at(23.1), GOOD),
    ("USE_LOCK", CASE, named("AF_SCATTER")),
    ("MORE_PHOTOS", CASE, RETEST),
    ("MORE_PAIRS", CASE, named("NOT_SETTLED")),
    ("REPEAT_RUN", CASE, named("CONTRADICTION")),
    ("RETEST_LATER", PAST, RETEST),
    ("STOP_DOWN", CASE, figured(Verdict.FAIL_BACK, flange_error_um=(22.0, 3.0))),
    ("FINE_TUNE", CASE, named("AF_BACK_FOCUS")),
    ("RING_TURN", CASE, figured(Verdict.FAIL_BACK, ring_turn_deg=(14.0, 3.0))),
    ("SHIM", CASE, figured(Verdict.FAIL_BACK, shim_change_um=(-22.0, 4.0))),
    ("SUSPECT_BODY", CASE, named("BODY_OFF")),
    ("ALL_LENSES_OFF", CASE, named("GOLDEN_MOVED")),
    ("SERVICE", CASE, named("CAM")),
]
NOT_BROUGHT_UP: list[tuple[str, Case, Finding]] = [
    ("MORE_LIGHT", seen("BACK_FOCUS"), named("AF_SLOW")),
    ("CONTACTS", replace(CASE, body=BodyFacts()), named("AF_MISSED")),
    ("FINE_TUNE", replace(CASE, body=BodyFacts()), named("AF_BACK_FOCUS")),
    ("ADAPTER", CASE, figured(Verdict.FAIL_FRONT, flange_error_um=(-105.0, 9.0))),
    ("WARM_UP", at(22.9), GOOD),
    ("MORE_PHOTOS", Case(SETUP), RETEST),
    ("RETEST_LATER", CASE, RETEST),
    ("RETEST_LATER", replace(CASE, past=(Past("u", AT, GOOD), Past("v", AT, RETEST))), RETEST),
    ("STOP_DOWN", CASE, figured(Verdict.FAIL_BACK, flange_error_um=(28.0, 3.0))),
    ("STOP_DOWN", CASE, figured(Verdict.PASS, flange_error_um=(8.0, 3.0))),
    ("SHIM", CASE, figured(Verdict.FAIL_BACK, shim_change_um=(-3.0, 4.0))),
    ("SHIM", CASE, figured(Verdict.PASS, shim_change_um=(-9.0, 4.0))),
    ("RING_TURN", CASE, figured(Verdict.RETEST, ring_turn_deg=(14.0, 3.0))),
]


@pytest.mark.parametrize(("code", "case", "finding"), BROUGHT_UP)
def test_a_rule_comes_up_by_its_condition(code: str, case: Case, finding: Finding) -> None:
    assert code in advice_for(case, finding)


@pytest.mark.parametrize(("code", "case", "finding"), NOT_BROUGHT_UP)
def test_a_rule_stays_away_without_it(code: str, case: Case, finding: Finding) -> None:
    assert code not in advice_for(case, finding)


def test_every_rule_has_a_test_and_its_words() -> None:
    assert {code for code, _, _ in BROUGHT_UP} == {rule.code for rule in RULES} == set(TEXTS)
    for rule in RULES:
        for words in (rule.text, rule.skipped, rule.condition):
            assert words.endswith(".")
            assert len(words.split()) <= 25, f"{rule.code} is too long to read standing"


def test_a_lens_with_nothing_wrong_gets_no_advice() -> None:
    assert advice_for(CASE, GOOD) == ()


def test_the_cheapest_comes_first_and_unknown_codes_are_left_out() -> None:
    found = advice_for(CASE, named("CAM", "OUTLIER", "RING_MOVED"))
    assert found == ("RE_SEAT", "LOCK_SCREW", "REPEAT_RUN", "SERVICE")
    told = rules_of(replace(GOOD, advice=("SHIM", "OF_A_NEWER_VERSION", "RE_SEAT")))
    assert [rule.code for rule in told] == ["SHIM", "RE_SEAT"]


def test_no_shim_of_a_bench_reaches_what_is_an_adapter_s_fault() -> None:
    """± 10 µm is a cine flange's tolerance and 52 mm of aluminium grow 1.2 µm per K: 100 µm is neither."""
    assert advice.BEYOND_SHIMS_UM >= 5 * 20

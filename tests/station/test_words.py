"""Sentences and figures that page and display share."""

from __future__ import annotations

import pytest

from appliance.focus.judge.wording import describe_result
from appliance.focus.result import Reason, Result, Verdict
from appliance.station import words


@pytest.mark.parametrize(
    ("bound", "said"),
    [(120.9, "+120"), (-120.9, "−120"), (9.99, "+9.9"), (-0.19, "−0.1"), (0.09, ""), (0.0, ""), (-0.0, "")],
)
def test_a_bound_is_never_rounded_to_more_than_is_known(bound: float, said: str) -> None:
    assert words.at_least(Result(Verdict.FAIL_BACK, (), focus_error_mm_at_least=bound)) == said


@pytest.mark.parametrize(
    ("verdict", "bound", "said"),
    [
        (Verdict.FAIL_BACK, 35.6, "behind the aim point, by 35 mm or more;"),
        (Verdict.FAIL_FRONT, -35.6, "in front of the aim point, by 35 mm or more;"),
        (Verdict.FAIL_BACK, 0.0, "behind the aim point;"),
        (Verdict.FAIL_FRONT, 0.0, "in front of the aim point;"),
        (Verdict.INVALID, -3.45, "in front of the aim point, by 3.4 mm or more;"),
    ],
)
def test_the_side_is_told_even_where_nothing_else_is_known(verdict: Verdict, bound: float, said: str) -> None:
    result = Result(verdict, (), focus_error_mm_at_least=bound)
    assert said in words.headline(result)
    terminal = describe_result(result)
    assert said.split(",")[0].rstrip(";") in terminal
    assert "0.0 mm" not in terminal


def test_of_a_bound_that_promises_nothing_no_side_is_told() -> None:
    stored = Result(Verdict.INVALID, (Reason("BEYOND_CHART", "Focus again."),), focus_error_mm_at_least=0.0)
    assert words.headline(stored) == "Focus again."
    assert words.focus_error(stored) == "–"
    assert "aim point" not in describe_result(stored)


@pytest.mark.parametrize(
    ("bound", "said"),
    [(-120.9, "beyond −120 mm"), (-0.04, "in front of the aim point"), (-0.0, "in front of the aim point")],
)
def test_a_table_shows_a_bound_or_at_least_the_side(bound: float, said: str) -> None:
    assert words.focus_error(Result(Verdict.FAIL_FRONT, (), focus_error_mm_at_least=bound)) == said

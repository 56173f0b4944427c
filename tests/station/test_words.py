"""Sentences and figures that page and display share."""

from __future__ import annotations

import pytest

from appliance.focus.result import Result, Verdict
from appliance.station import words


@pytest.mark.parametrize(
    ("bound", "said"),
    [(120.9, "+120"), (-120.9, "−120"), (9.99, "+9.9"), (-0.19, "−0.1"), (0.09, ""), (0.0, ""), (-0.0, "")],
)
def test_a_bound_is_never_rounded_to_more_than_is_known(bound: float, said: str) -> None:
    assert words.at_least(bound) == said


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
    assert said in words.headline(Result(verdict, (), focus_error_mm_at_least=bound))

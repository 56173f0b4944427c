"""Photos of all kinds keep their outcome, figure by figure."""

from __future__ import annotations

import json

import pytest
from outcomes import CASES, STORED, changes, outcome


@pytest.mark.parametrize("name", CASES)
def test_a_photo_keeps_its_outcome(name: str) -> None:
    stored, found = json.loads(STORED.read_text())[name], outcome(name)
    assert stored["photos"] == found["photos"], (
        "the bench takes another photo; nothing is said of the measurement"
    )
    assert changes(name, stored, found) == []


def test_a_change_of_a_hundred_thousandth_of_the_interval_is_seen() -> None:
    name = next(iter(CASES))
    stored = json.loads(STORED.read_text())[name]
    other = json.loads(json.dumps(stored))
    other["result"]["focus_error_mm"] += 1e-5 * other["result"]["focus_error_mm_u95"]
    assert changes(name, stored, stored) == []
    assert len(changes(name, stored, other)) == 1

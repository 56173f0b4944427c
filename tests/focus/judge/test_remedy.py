"""What settles a RETEST, against budgets worked out by hand."""

from __future__ import annotations

from math import inf, sqrt

import pytest

from appliance.focus.judge.remedy import AT_THE_EDGE, REMEDIES, combined, photos_needed, remedy

BUDGET_UM = {"noise": 4.0, "pose": 2.0, "aim": 1.0}


def test_only_noise_shrinks_with_photos() -> None:
    assert combined(BUDGET_UM) == pytest.approx(sqrt(21))
    assert combined(BUDGET_UM, photos=4) == pytest.approx(sqrt(4 + 4 + 1))
    assert combined(BUDGET_UM, without="pose") == pytest.approx(sqrt(17))


def test_photos_needed_reach_what_is_wanted() -> None:
    assert photos_needed(BUDGET_UM, 1, 3.0) == pytest.approx(4.0)  # 16 / 4 + 4 + 1 = 3²
    assert photos_needed({**BUDGET_UM, "noise": 2.0}, 4, 3.0) == pytest.approx(4.0)  # of 4 photos already
    assert photos_needed(BUDGET_UM, 1, sqrt(5.0)) == inf


@pytest.mark.parametrize(
    ("wanted_um", "said"),
    [
        (3.001, "About 4 photos in one check would settle it, or 4 times the light."),
        (2.3, "About 56 photos in one check would settle it, or 56 times the light."),
        (2.0, f"{REMEDIES['noise']} {AT_THE_EDGE}"),
        (0.0, f"{REMEDIES['noise']} {AT_THE_EDGE}"),
    ],
)
def test_photos_are_asked_for_where_they_settle_it(wanted_um: float, said: str) -> None:
    assert remedy(BUDGET_UM, 1, wanted_um) == said


@pytest.mark.parametrize("name", ["pose", "lens_model", "chart_flatness", "aim", "remount", "print_scale"])
def test_else_the_greatest_part_is_named(name: str) -> None:
    budget_um = {"noise": 0.5, "pose": 0.5, name: 3.0}
    assert remedy(budget_um, 8, 2.0) == REMEDIES[name]
    assert remedy(budget_um, 8, 0.4) == f"{REMEDIES[name]} {AT_THE_EDGE}"


def test_more_photos_than_there_were_are_asked_for() -> None:
    # the frames' own scatter may leave less to do than one photo
    assert remedy({"noise": 1.0}, 8, 1.0).startswith("About 9 photos")

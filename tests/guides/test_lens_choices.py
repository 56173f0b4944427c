"""What a lens can be set to, and what cannot be tested of it: said before the press."""

from itertools import pairwise

import pytest

from appliance.guides.case import LensFacts
from appliance.guides.lens_choices import (
    ENGRAVED_MM,
    ZOOMS_MM,
    focal_choices_mm,
    limits_of,
    marked_mm,
    stop_choices,
    zoom_marks_mm,
)


def zoom(low: float, high: float) -> LensFacts:
    return LensFacts("Z", focal_min_mm=low, focal_max_mm=high)


@pytest.mark.parametrize(
    ("low", "high", "middle"),
    [(24, 70, 40), (70, 200, 120), (18, 80, 40), (100, 400, 200), (24, 105, 50), (16, 35, 24)],
)
def test_a_zoom_is_checked_at_its_ends_and_at_the_engraved_mark_in_their_middle(
    low: float, high: float, middle: float
) -> None:
    """The middle as a person finds it: √(24 · 70) = 41.0 is nearest to the mark 40, √(70 · 200) = 118 to 120."""
    assert focal_choices_mm(zoom(low, high)) == (low, middle, high)


def test_a_prime_and_a_lens_of_which_nothing_is_known_are_not_asked() -> None:
    for lens in (
        LensFacts("P", focal_min_mm=50),
        LensFacts("P", focal_min_mm=50, focal_max_mm=50),
        LensFacts("P"),
    ):
        assert focal_choices_mm(lens) == ()
        assert marked_mm(lens) == ()


@pytest.mark.parametrize("ends", ZOOMS_MM)
def test_every_common_zoom_has_three_different_focal_lengths_that_can_be_set(ends: tuple[int, int]) -> None:
    wide, middle, tele = zoom_marks_mm(*ends)
    assert wide < middle < tele
    assert middle in ENGRAVED_MM
    others = marked_mm(zoom(*ends))
    assert not {wide, middle, tele} & set(others)
    assert all(wide < mark < tele for mark in others)


def test_a_zoom_too_short_for_a_mark_between_its_ends_gets_their_mean() -> None:
    assert zoom_marks_mm(24, 25) == (24, 24.5, 25)


@pytest.mark.parametrize(
    ("widest", "stops"),
    [
        (2.8, (2.8, 4.0, 5.6, 8.0)),
        (1.3, (1.3, 2.0, 2.8, 4.0)),
        (2.9, (2.9, 4.0, 5.6, 8.0)),
        (22.0, (22.0,)),
        (None, ()),
    ],
)
def test_stops_begin_wide_open_and_go_down_by_whole_ones(
    widest: float | None, stops: tuple[float, ...]
) -> None:
    found = stop_choices(LensFacts(max_aperture=widest))
    assert found == stops
    assert all(later / earlier > 1.2 for earlier, later in pairwise(found))


def test_what_cannot_be_tested_is_said_for_each_kind_of_lens_and_for_no_other() -> None:
    def codes(**facts: object) -> list[str]:
        return [limit.code for limit in limits_of(LensFacts(**facts))]  # type: ignore[arg-type]

    assert codes(squeeze=2.0) == ["ANAMORPHIC"]
    assert codes(iris="electronic", focus_drive="by wire") == ["ELECTRONIC_IRIS", "FOCUS_BY_WIRE"]
    assert codes(iris="manual", focus_drive="ring") == codes() == codes(focus_drive="motor") == []
    for limit in limits_of(LensFacts(squeeze=1.33, iris="electronic", focus_drive="by wire")):
        assert len(limit.text.split()) <= 45

"""No jump of the wall clock, either way, makes a photo old."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from examples import RESULT, record

from appliance.focus.result import Verdict
from appliance.store import open_store
from appliance.store.clock import Moment
from appliance.store.retention import Rules
from appliance.store.trusted_clock import FILE_NAME, first, older_than, onward

NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)
HOUR_S, DAY_S = 3600.0, 86_400.0
YEARS = timedelta(days=2500)


def moment(day: float, jump: timedelta = timedelta(0), synced: bool = True, boot: str = "a") -> Moment:
    return Moment(boot, day * DAY_S, NOON + timedelta(days=day) + jump, synced)


@pytest.mark.parametrize("jump", [YEARS, -YEARS])
@pytest.mark.parametrize("synced", [True, False])
def test_a_jump_of_years_makes_nothing_old_within_its_day(
    tmp_path: Path, jump: timedelta, synced: bool
) -> None:
    assert older_than(tmp_path, moment(0), 7, 14) == 0
    for hour in range(1, 24):
        assert older_than(tmp_path, moment(hour / 24, jump, synced), 7 + hour, 14) == 0
    assert older_than(tmp_path, moment(1.0), 40, 14) == 0
    assert older_than(tmp_path, moment(14.4), 60, 14) == 7  # and then time goes on as it should


def test_a_clock_that_is_wrong_for_good_and_not_set_from_the_network_is_never_believed() -> None:
    trusted = first(moment(0))
    for day in range(1, 10):
        trusted = onward(trusted, moment(day, YEARS, synced=False))
        assert trusted.at == NOON + timedelta(days=day)


def test_a_clock_that_starts_in_1970_and_is_set_from_the_network_is_believed_after_a_steady_day() -> None:
    early = Moment("a", 10.0, datetime(1970, 1, 1, tzinfo=UTC), False)
    trusted = onward(first(early), Moment("a", 60.0, NOON, True))
    assert trusted.at < datetime(1970, 1, 2, tzinfo=UTC)
    trusted = onward(trusted, Moment("a", 60.0 + DAY_S, NOON + timedelta(days=1), True))
    assert trusted.at == NOON + timedelta(days=1)


def test_each_start_adds_a_day_at_most(tmp_path: Path) -> None:
    trusted = first(moment(0))
    trusted = onward(trusted, Moment("b", 5.0, NOON + YEARS, True))
    assert trusted.at == NOON + timedelta(days=1)


def test_raw_photos_stay_whatever_time_their_checks_claim(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    passed = {"result": RESULT.__class__(Verdict.PASS, ()), "raw_png": b"png", "raw_px": (4, 3)}
    wrong = Moment("a", 1.0, datetime(1970, 1, 1, tzinfo=UTC), False)
    for number in range(3):
        store.add_check(record(number, moment=wrong, **passed))
    rules = Rules(raw_days=14, reserve_mb=0)
    old = older_than(tmp_path, moment(0), 3, rules.raw_days)
    assert store.prune(rules, NOON, old) == 0
    for day in range(1, 15):
        old = older_than(tmp_path, moment(day), 3, rules.raw_days)
    assert store.prune(rules, NOON + timedelta(days=14), old) == 3
    store.close()


def test_a_spoiled_file_begins_anew_and_deletes_nothing(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text("{")
    assert older_than(tmp_path, moment(0), 7, 14) == 0

"""For how long a golden lens's check holds, on clocks that jump."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from examples import record

from appliance.focus.result import Setup, Verdict
from appliance.guides.finding import Finding
from appliance.store import GuideLink, Store, guides, open_store
from appliance.store.clock import Moment
from appliance.store.golden_state import GoldenState, golden_state
from appliance.store.guide_tables import DONE

AT = datetime(2026, 5, 4, 8, tzinfo=UTC)
H = 3600.0


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(tmp_path)
    yield opened
    opened.close()


def checked(store: Store, moment: Moment, number: int = 1, moved: bool = False) -> None:
    with store.session() as session:
        run = guides.start_run(session, "golden", Setup(50.0, 2.8, 1.55), moment.wall, lens_tag="GOLD")
        uuid = run.uuid
    link = GuideLink(uuid, "golden", "check-1")
    store.add_check(record(number, lens_tag="GOLD", moment=moment, guide=link))
    with store.session() as session:
        found = guides.find_run(session, uuid)
        assert found is not None
        data = {"kind": "check", "offset_um": 1.5, "u95_um": 2.0, "moved": moved}
        guides.end_run(session, found, DONE, moment.wall, Finding(Verdict.PASS, "It stands.", data=data))


def state(store: Store, moment: Moment) -> GoldenState:
    with store.reading() as session:
        return golden_state(session, "GOLD", 24.0, moment)


def moment(boot: str, uptime_h: float, wall_h: float, synced: bool | None) -> Moment:
    return Moment(boot, uptime_h * H, AT + timedelta(hours=wall_h), synced)


def test_a_lens_never_checked_is_overdue(store: Store) -> None:
    assert state(store, moment("a", 1, 1, True)).overdue


def test_offset_date_and_expiry_are_kept(store: Store) -> None:
    checked(store, moment("a", 1, 0, True))
    known = state(store, moment("a", 3, 2, True))
    assert (known.offset_um, known.offset_um_u95, known.moved) == (1.5, 2.0, False)
    assert known.at == AT
    assert known.expires_at == AT + timedelta(hours=24)
    assert known.age_h == pytest.approx(2.0)


@pytest.mark.parametrize("jump_h", [-40_000, 40_000])
def test_a_clock_that_jumps_within_a_boot_changes_nothing(store: Store, jump_h: float) -> None:
    checked(store, moment("a", 1, 0, False))
    assert state(store, moment("a", 20, jump_h, True)).age_h == pytest.approx(19.0)
    assert not state(store, moment("a", 20, jump_h, True)).overdue
    assert state(store, moment("a", 26, jump_h, True)).overdue


def test_over_boots_the_wall_counts_only_if_both_clocks_were_set(store: Store) -> None:
    checked(store, moment("a", 1, 0, True))
    assert state(store, moment("b", 0.1, 30, True)).overdue
    early = state(store, moment("b", 0.1, 30, False))
    assert not early.overdue
    assert not early.exact
    assert not state(store, moment("b", 0.1, -30, True)).exact, "a clock that runs backwards tells nothing"


def test_without_a_clock_the_boots_since_add_up(store: Store) -> None:
    checked(store, moment("a", 1, 0, False), 1)
    store.add_check(record(2, moment=moment("a", 9, 0, False)))  # 8 h later in the same boot
    store.add_check(record(3, moment=moment("b", 10, 0, False)))  # a boot of at least 10 h
    assert state(store, moment("c", 5, 0, False)).age_h == pytest.approx(8 + 10 + 5)
    assert not state(store, moment("c", 5, 0, False)).overdue
    assert state(store, moment("c", 7, 0, False)).overdue


def test_the_newest_check_counts_by_its_number_and_not_by_its_date(store: Store) -> None:
    checked(store, moment("a", 1, 900, False), 1, moved=True)
    checked(store, moment("b", 1, 0, False), 2)
    assert not state(store, moment("b", 2, 1, False)).moved
    assert state(store, moment("b", 2, 1, False)).check_sequence == 2

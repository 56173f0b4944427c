"""What guided checks of the bench leave for later checks."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from appliance.focus.result import Setup, Verdict
from appliance.guides.finding import Finding
from appliance.store import Store, guides, open_store
from appliance.store.guide_tables import DONE, LEFT

AT = datetime(2026, 5, 4, 8, tzinfo=UTC)
SETUP = Setup(50.0, 2.8, 1.55, remount_u_um=1.0)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path)


def studied(store: Store, remount_um: float, status: str = DONE, verdict: Verdict = Verdict.PASS) -> None:
    with store.session() as session:
        run = guides.start_run(session, "gauge", SETUP, AT)
        finding = Finding(verdict, "Studied.", data={"remount_u_um": remount_um})
        guides.end_run(session, run, status, AT, finding)


def test_every_later_check_counts_the_newest_gauge_study(store: Store) -> None:
    assert store.setup_for(None, SETUP).remount_u_um == 1.0
    studied(store, 5.0)
    studied(store, 2.5)
    assert store.setup_for(None, SETUP).remount_u_um == 2.5
    assert store.setup_for("FC-1", SETUP).remount_u_um == 2.5


def test_a_study_left_or_without_an_outcome_changes_nothing_and_a_larger_setting_stands(store: Store) -> None:
    studied(store, 0.4)
    assert store.setup_for(None, SETUP).remount_u_um == 1.0
    studied(store, 9.0, status=LEFT)
    studied(store, 9.0, verdict=Verdict.INVALID)
    assert store.setup_for(None, SETUP).remount_u_um == 1.0

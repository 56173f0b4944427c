"""The short form of ``scripts/torture``: nothing that was shown is lost or doubled."""

from pathlib import Path

from tests.torture.__main__ import damaged, killed
from tests.torture.damage import KINDS


def test_what_was_shown_before_a_kill_is_there_once(tmp_path: Path) -> None:
    tally = killed(tmp_path, 12, 3)
    assert tally.tried == 12
    assert tally.checks > 0
    assert tally.good, tally


def test_what_was_shown_before_damage_of_each_kind_is_there_once(tmp_path: Path) -> None:
    tallies = damaged(tmp_path, len(KINDS), 3)
    assert [tally.tried for tally in tallies] == len(KINDS) * [1]
    assert [tally for tally in tallies if not tally.good] == []

"""Pages stay small and their queries use indexes, however many checks there are; ``load.py`` shows it at full size."""

from pathlib import Path

import pytest
from load import AIM_KB, fill, rows


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> list[dict]:
    folder: Path = tmp_path_factory.mktemp("load")
    fill(folder, checks=1500, lenses=150).close()
    return rows(folder, repeats=1)


def test_no_query_walks_through_or_sorts_all_checks(table: list[dict]) -> None:
    assert {row["page"]: row["scans"] for row in table if row["scans"]} == {}


def test_no_page_is_larger_than_a_phone_likes(table: list[dict]) -> None:
    assert {row["page"]: row["kb"] for row in table if row["kb"] > AIM_KB} == {}

"""What the benchmark's tables say: as text, as JSON, and whether a missed figure fails it."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.benchmark.report import Row, Table


@pytest.mark.parametrize("kind", [bool, np.bool_])
def test_a_missed_figure_fails_the_table_whatever_says_so(kind: type) -> None:
    missed = Row("bias", "≤ 0.2 %", "0.3 %", kind(False))
    table = Table("sfr", "slanted edge", [Row("sd", "≤ 1 %", "0.5 %", kind(True)), missed])
    assert missed.answer == "NO"
    assert not table.holds
    assert [row["holds"] for row in json.loads(json.dumps(table.to_dict()))["rows"]] == [True, False]


def test_neither_a_missed_aim_nor_a_figure_without_a_limit_fails_the_table() -> None:
    table = Table(
        "speed", "one core", [Row("verdict", "≤ 1 s", "2 s", False, aim=True), Row("first", "–", "3 s")]
    )
    assert table.holds
    assert "not yet (aim)" in table.text()

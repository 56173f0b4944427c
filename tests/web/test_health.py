"""Station health in plain words, and /metrics as Prometheus reads it."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from examples import RESULT
from page_fixtures import Page, add, ready
from prometheus_client.parser import text_string_to_metric_families

from appliance.focus.result import Result, Verdict
from appliance.station.faults import KEPT, MOST_BYTES, last_faults, note_fault
from appliance.store.backups import make_backup
from appliance.store.clock import Moment
from appliance.web.health_words import backup_words, machine_words

pytest_plugins = ["page_fixtures"]

HEALTH = {
    "under_voltage": False,
    "under_voltage_since_boot": True,
    "throttled": False,
    "clock_synced": False,
    "disk_free_mb": 81016,
    "cpu_c": 61.3,
    "bench_c": 21.46,
    "warnings": [],
}


def figures(page: Page) -> dict[str, float]:
    text = page.get("/metrics").text
    return {
        sample.name + "".join(sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_metrics_tell_verdicts_disk_backup_and_station(page: Page) -> None:
    add(page, RESULT, RESULT, Result(Verdict.PASS, ()))
    assert page.station.now is not None
    page.station.now = replace(page.station.now, health=HEALTH)
    told = figures(page)
    assert told["focuscheck_checks_totalFAIL_BACK"] == 2
    assert told["focuscheck_checks_totalPASS"] == 1
    assert told["focuscheck_checks_totalRETEST"] == 0
    assert told["focuscheck_station_up"] == 1
    assert told["focuscheck_bench_temperature_celsius"] == 21.46
    assert told["focuscheck_disk_free_bytes"] > 0
    assert told["process_resident_memory_bytes"] > 1e6
    assert "focuscheck_backup_age_seconds" not in told
    make_backup(page.data_dir, "daily")
    assert 0 <= figures(page)["focuscheck_backup_age_seconds"] < 3600
    page.station.now = None
    assert figures(page)["focuscheck_station_up"] == 0


def test_metrics_name_no_lens_and_no_person(page: Page) -> None:
    add(page, RESULT, lens_tag="SECRET-LENS", operator="Ada Lovelace", station="Bench of Ada")
    text = page.get("/metrics").text
    assert "SECRET-LENS" not in text
    assert "Ada" not in text


def test_health_speaks_in_words(page: Page) -> None:
    page.station.now = replace(ready(), health=HEALTH)
    note_fault(page.data_dir, "NO CAMERA", "The camera is not there. Push its cable home.")
    text = page.get("/health").text
    for words in (
        "was too weak",
        "Not set yet",
        "21.5 °C",
        "NO CAMERA",
        "Push its cable home",
        "There is none yet",
    ):
        assert words in text
    for raw in ("disk free mb", "warnings", "bench c", "[]", "cpu c", "None"):
        assert raw not in text.replace("<p>None.</p>", "")


@pytest.mark.parametrize(
    ("health", "words"),
    [
        ({"under_voltage": True}, "Too weak just now"),
        ({"under_voltage": False}, "Right."),
        ({"clock_synced": True}, "set from the network"),
        ({"cpu_c": 85.0}, "give the Pi air"),
    ],
)
def test_what_is_wrong_says_what_to_do(health: dict[str, object], words: str) -> None:
    assert words in " ".join(text for _, text in machine_words(health))


def test_the_age_of_the_newest_copy_is_told_in_words(tmp_path: Path) -> None:
    from appliance.store import open_store

    open_store(tmp_path).close()
    make_backup(tmp_path, "daily", None, Moment("another boot", 5.0, datetime(2000, 1, 1, tzinfo=UTC), True))
    assert "No newer one could be made" in backup_words(tmp_path)
    make_backup(tmp_path, "daily", None, Moment("another boot", 5.0, datetime(2900, 1, 1, tzinfo=UTC), True))
    assert "no clock tells" in backup_words(tmp_path)


def test_faults_are_kept_to_a_size_and_a_spoiled_line_harms_none(tmp_path: Path) -> None:
    for number in range(400):
        note_fault(tmp_path, "FAULT", f"number {number} " + 150 * "x")
    assert (tmp_path / "faults.jsonl").stat().st_size <= MOST_BYTES
    (tmp_path / "faults.jsonl").open("ab").write(b"\xff{torn")
    assert [fault.text.split()[1] for fault in last_faults(tmp_path, 3)] == ["399", "398", "397"]
    assert len(last_faults(tmp_path, 1000)) >= KEPT
    note_fault(tmp_path / "nowhere", "FAULT", "cannot be kept")

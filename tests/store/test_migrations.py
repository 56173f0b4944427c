"""An upgrade keeps everything: databases of every earlier schema, with data in them, come up to date."""

import json
import sqlite3
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from examples import RESULT, SETUP
from sqlalchemy import create_engine

from appliance.store import open_history, open_store
from appliance.store._engine import _alembic_config, make_engine
from appliance.store.models import Base

REVISIONS = [script.revision for script in ScriptDirectory.from_config(_alembic_config()).walk_revisions()][
    ::-1
]
CHECKS = 450
"""More than the migration moves at once."""


def database_at(revision: str, folder: Path) -> Path:
    """A database of that schema."""
    file = folder / "focuscheck.sqlite3"
    engine, config = make_engine(file), _alembic_config()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    engine.dispose()
    return file


def fill(file: Path) -> None:
    """Lenses, checks and pictures as the first release stored them; columns added since keep their defaults."""
    result = json.dumps(RESULT.to_dict(edges=True) | {"mtf50_peak_cpp": 0.155})
    with sqlite3.connect(file) as database:
        database.execute(
            "insert into lenses (id, tag, created_at) values (1, 'FC-1', '2026-03-01 10:00:00.000000')"
        )
        for k in range(1, CHECKS + 1):
            database.execute(
                "insert into checks (sequence, uuid, lens_id, boot_id, monotonic_s, taken_at, clock_synced, verdict,"
                " focus_error_mm, focus_error_mm_u95, image_shift_um, image_shift_um_u95, tolerance_um, reasons,"
                " result, setup, camera, software_version, chart)"
                " values (?, ?, 1, 'boot', ?, '2026-03-03 12:00:00.000000', 1,"
                " 'FAIL_BACK', 34.8, 1.2, 65.1, 2.2, 43.8, ?, ?, ?, '{\"Model\": \"imx477\"}', '0.1.0', 'a4 v1')",
                (
                    k,
                    f"00000000-0000-4000-8000-{k:012d}",
                    float(k),
                    json.dumps([asdict(reason) for reason in RESULT.reasons]),
                    result,
                    json.dumps(asdict(SETUP)),
                ),
            )
            database.execute(
                "insert into pictures (check_sequence, kind, file_name, width_px, height_px, size_bytes)"
                " values (?, 'preview', ?, 2028, 1520, 9)",
                (k, f"00000000-0000-4000-8000-{k:012d}.jpg"),
            )


@pytest.mark.parametrize("revision", REVISIONS[:-1])
def test_every_earlier_schema_comes_up_with_its_data(tmp_path: Path, revision: str) -> None:
    file = database_at(revision, tmp_path)
    fill(file)
    picture = tmp_path / "pictures" / "00000000-0000-4000-8000-000000000007.jpg"
    picture.parent.mkdir()
    picture.write_bytes(b"jpeg")
    assert open_history(tmp_path) is None  # the page waits for the station to bring it up to date
    store = open_store(tmp_path)
    assert store.count() == CHECKS
    for sequence in (1, 7, CHECKS):
        check = store.get(sequence)
        assert check is not None
        assert check.lens_tag == "FC-1"
        assert check.result.edges == RESULT.edges
        assert check.result.curve == RESULT.curve
        assert check.result.reasons == RESULT.reasons
        assert check.setup == SETUP
        assert check.taken_at == datetime(2026, 3, 3, 12, 0, tzinfo=UTC)
        assert check.preview_file == f"{check.uuid}.jpg"
    store.close()
    with sqlite3.connect(file) as database:
        row = database.execute(
            "select focal_length_mm, f_number, mtf50_lp_mm from checks where sequence = 7"
        ).fetchone()
        assert row == pytest.approx((25.0, 2.8, 100.0))
        assert database.execute("pragma foreign_key_check").fetchall() == []
        assert database.execute("pragma integrity_check").fetchall() == [("ok",)]
        assert (
            "AUTOINCREMENT"
            in database.execute("select sql from sqlite_master where name = 'checks'").fetchone()[0]
        )
    assert compare_to_models(file) == []


def compare_to_models(file: Path) -> list[object]:
    with create_engine(f"sqlite:///{file}").connect() as connection:
        return list(compare_metadata(MigrationContext.configure(connection), Base.metadata))


def test_an_upgrade_that_fails_changes_nothing(tmp_path: Path) -> None:
    file = database_at("0001", tmp_path)
    fill(file)
    with sqlite3.connect(file) as database:
        database.execute("update checks set result = 'no json' where sequence = 300")
    before = sqlite3.connect(file).execute("select group_concat(sql) from sqlite_master").fetchone()
    with pytest.raises(Exception, match=r".+"):
        open_store(tmp_path)
    assert sqlite3.connect(file).execute("select group_concat(sql) from sqlite_master").fetchone() == before
    assert sqlite3.connect(file).execute("select count(*) from checks").fetchone() == (CHECKS,)

"""An upgrade keeps everything: databases of every earlier schema, with data in them, come up to date."""

import json
import sqlite3
import zlib
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from examples import RESULT, SETUP
from sqlalchemy import Engine, MetaData, create_engine, insert, select

from appliance.store import Store, open_history, open_store
from appliance.store._engine import _alembic_config, make_engine
from appliance.store.models import Base, Check

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


def fill(engine: Engine, with_edges_in: str) -> None:
    """Lenses, checks and pictures as a release of that schema stored them; columns it may lack keep their defaults."""
    tables = MetaData()
    tables.reflect(engine)
    at = {"lens": datetime(2026, 3, 1, 10, 0, tzinfo=UTC), "check": datetime(2026, 3, 3, 12, 0, tzinfo=UTC)}
    whole = RESULT.to_dict(edges=True) | {"mtf50_peak_cpp": 0.155}
    edges, curve = whole["edges"], whole["curve"]
    in_shots = with_edges_in == "shots"
    kept = {name: value for name, value in whole.items() if not in_shots or name not in ("edges", "curve")}
    checks = [
        {
            "uuid": f"00000000-0000-4000-8000-{k:012d}",
            "lens_id": 1,
            "boot_id": "boot",
            "monotonic_s": float(k),
            "taken_at": at["check"],
            "clock_synced": True,
            "verdict": "FAIL_BACK",
            "focus_error_mm": 34.8,
            "focus_error_mm_u95": 1.2,
            "image_shift_um": 65.1,
            "image_shift_um_u95": 2.2,
            "tolerance_um": 43.8,
            "reasons": [asdict(reason) for reason in RESULT.reasons],
            "result": kept,
            "setup": asdict(SETUP),
            "camera": {"Model": "imx477"},
            "software_version": "0.1.0",
            "chart": "a4 v1",
            **({"focal_length_mm": 25.0, "f_number": 2.8, "mtf50_lp_mm": 100.0} if in_shots else {}),
        }
        for k in range(1, CHECKS + 1)
    ]
    names = [{"check_sequence": k, "file_name": f"{check['uuid']}.jpg"} for k, check in enumerate(checks, 1)]
    look = {"kind": "preview", "width_px": 2028, "height_px": 1520, "size_bytes": 9}
    shot = {
        "number": 1,
        "edges": _packed({name: [edge[name] for edge in edges] for name in edges[0]}),
        "curve": _packed(curve),
    }
    with engine.begin() as connection:
        connection.execute(insert(tables.tables["lenses"]), {"tag": "FC-1", "created_at": at["lens"]})
        connection.execute(insert(tables.tables["checks"]), checks)
        connection.execute(insert(tables.tables["pictures"]), [{**look, **name} for name in names])
        if in_shots:
            shots = [{**shot, "check_sequence": k} for k in range(1, CHECKS + 1)]
            connection.execute(insert(tables.tables["shots"]), shots)


def _packed(value: object) -> bytes:
    return zlib.compress(json.dumps(value).encode())


def assert_came_up(store: Store) -> None:
    """Everything that :func:`fill` left is there, as this version reads it."""
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
    with store.reading() as session:
        row = session.execute(
            select(Check.focal_length_mm, Check.f_number, Check.mtf50_lp_mm).where(Check.sequence == 7)
        ).one()
        assert tuple(row) == pytest.approx((25.0, 2.8, 100.0))


@pytest.mark.parametrize("revision", REVISIONS)
def test_every_schema_comes_up_with_its_data(tmp_path: Path, revision: str) -> None:
    file = database_at(revision, tmp_path)
    engine = make_engine(file)
    fill(engine, with_edges_in="result" if revision == "0001" else "shots")
    engine.dispose()
    picture = tmp_path / "pictures" / "00000000-0000-4000-8000-000000000007.jpg"
    picture.parent.mkdir()
    picture.write_bytes(b"jpeg")
    if revision != REVISIONS[-1]:
        assert open_history(tmp_path) is None  # the page waits for the station to bring it up to date
    store = open_store(tmp_path)
    assert_came_up(store)
    store.close()
    with sqlite3.connect(file) as database:
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
    engine = make_engine(file)
    fill(engine, with_edges_in="result")
    engine.dispose()
    with sqlite3.connect(file) as database:
        database.execute("update checks set result = 'no json' where sequence = 300")
    before = sqlite3.connect(file).execute("select group_concat(sql) from sqlite_master").fetchone()
    with pytest.raises(Exception, match=r".+"):
        open_store(tmp_path)
    assert sqlite3.connect(file).execute("select group_concat(sql) from sqlite_master").fetchone() == before
    assert sqlite3.connect(file).execute("select count(*) from checks").fetchone() == (CHECKS,)

"""The same models and migrations on PostgreSQL; ``test_house.py`` runs there as a whole too."""

from collections.abc import Callable
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from examples import RESULT, record
from sqlalchemy import Engine
from test_migrations import CHECKS, REVISIONS, assert_came_up, fill

from appliance.store import Store
from appliance.store._engine import _alembic_config, is_current, migrate
from appliance.store.models import Base

pytest_plugins = ["postgresql"]


@pytest.mark.parametrize("revision", REVISIONS)
def test_every_schema_comes_up_with_its_data(
    new_database: Callable[[], Engine], tmp_path: Path, revision: str
) -> None:
    engine, config = new_database(), _alembic_config()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    fill(engine, with_edges_in="result" if revision == "0001" else "shots")
    migrate(engine)
    assert is_current(engine)
    assert_came_up(Store(tmp_path, engine))
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []


def test_an_upgrade_that_fails_changes_nothing(new_database: Callable[[], Engine]) -> None:
    engine, config = new_database(), _alembic_config()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    fill(engine, with_edges_in="result")
    with engine.begin() as connection:
        connection.exec_driver_sql("update checks set result = '[1]' where sequence = 300")
    with pytest.raises(Exception, match=r".+"):
        migrate(engine)
    with engine.connect() as connection:
        assert MigrationContext.configure(connection).get_current_revision() == "0001"
        assert connection.exec_driver_sql("select count(*) from checks").scalar() == CHECKS


def test_a_check_comes_back_as_it_was_stored(new_database: Callable[[], Engine], tmp_path: Path) -> None:
    engine = new_database()
    migrate(engine)
    (tmp_path / "pictures").mkdir()
    store = Store(tmp_path, engine)
    added = store.add_check(record(station="Station 1", operator="Ann", body_tag="B-1", temperature_c=21.5))
    again = store.get(added.sequence)
    assert again == added
    assert again is not None
    assert (again.result, again.taken_at) == (RESULT, record().moment.wall)
    store.add_check(record(2))
    assert [check.sequence for check in store.newest_first(5)] == [2, 1]

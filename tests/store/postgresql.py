"""A PostgreSQL to test on: the one of ``TEST_POSTGRESQL_URL``, else one of our own for the session; a pytest plugin.

Its own is made where Debian's package ``postgresql`` is installed, in a folder for itself, and answers on a Unix socket
there and nowhere else. A URL must be of a user who may create databases: ``postgresql+pg8000://user:word@host/db``.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import URL, Connection, Engine, create_engine, make_url

VARIABLE = "TEST_POSTGRESQL_URL"
DEBIAN = "/usr/lib/postgresql"


def find_binaries() -> Path | None:
    """The newest PostgreSQL's programs."""
    versions = [
        path
        for path in Path(DEBIAN).glob("*/bin")
        if (path / "initdb").exists() and path.parent.name.isdigit()
    ]
    if versions:
        return max(versions, key=lambda path: int(path.parent.name))
    found = shutil.which("initdb")
    return Path(found).parent if found else None


def as_server(*command: str) -> None:
    """Run as a user that PostgreSQL agrees to be: it never runs as root."""
    user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    done = subprocess.run(
        [*user, *command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd="/"
    )
    assert done.returncode == 0, done.stdout


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[URL]:
    """A server's database from which others can be made."""
    given, binaries = os.environ.get(VARIABLE), find_binaries()
    if given:
        yield make_url(given)
        return
    if binaries is None:
        pytest.skip(f"PostgreSQL is not installed (Debian's package postgresql), and {VARIABLE} names none")
    folder = Path(tempfile.mkdtemp(prefix="postgresql-"))  # a socket's path must be short
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
    data = folder / "data"
    try:
        as_server(
            str(binaries / "initdb"),
            "-D",
            str(data),
            "-U",
            "tester",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--no-sync",
        )
        options = f"-k {folder} -c listen_addresses= -c fsync=off -c timezone=Asia/Kathmandu"
        control = [str(binaries / "pg_ctl"), "-D", str(data), "-w", "-s"]
        as_server(*control, "-l", str(folder / "log"), "-o", options, "start")
        try:
            yield URL.create(
                "postgresql+pg8000",
                username="tester",
                database="postgres",
                query={"unix_sock": str(folder / ".s.PGSQL.5432")},
            )
        finally:
            as_server(*control, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def new_database(postgresql_url: URL) -> Iterator[Callable[[], Engine]]:
    """Makes empty databases, which go again after the test."""
    server = create_engine(postgresql_url, isolation_level="AUTOCOMMIT")
    made: list[Engine] = []

    def make() -> Engine:
        name = f"focuscheck_{os.getpid()}_{len(made)}"
        with server.connect() as connection:
            _drop(connection, name)
            connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")
        made.append(create_engine(postgresql_url.set(database=name)))
        return made[-1]

    yield make
    for engine in made:
        engine.dispose()
        with server.connect() as connection:
            _drop(connection, str(engine.url.database))
    server.dispose()


def _drop(connection: Connection, name: str) -> None:
    connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {name}")

"""A migrated database of its own for every test: SQLite always, PostgreSQL too when TIERLINE_TEST_POSTGRES names a server."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, make_url, text

from records.database import Database

POSTGRES = os.environ.get("TIERLINE_TEST_POSTGRES")
KINDS = ["sqlite", *(["postgresql"] if POSTGRES else [])]

Open = Callable[[], Database]


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("records") / "migrated.db"
    database = Database(f"sqlite:///{path}")
    database.migrate()
    database.close()
    return path


def _new_postgres_database() -> str:
    name = f"t{uuid4().hex}"
    server = create_engine(make_url(POSTGRES or ""), isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    server.dispose()
    return make_url(POSTGRES or "").set(database=name).render_as_string(hide_password=False)


@pytest.fixture(params=KINDS)
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return _new_postgres_database() if request.param == "postgresql" else f"sqlite:///{tmp_path / 'empty.db'}"


@pytest.fixture(params=KINDS)
def url(request: pytest.FixtureRequest, tmp_path: Path, migrated: Path) -> str:
    if request.param == "postgresql":
        address = _new_postgres_database()
        database = Database(address)
        database.migrate()
        database.close()
        return address
    return f"sqlite:///{shutil.copy(migrated, tmp_path / 'tierline.db')}"


@pytest.fixture
def open_database(url: str) -> Iterator[Open]:
    """Opens one more pool on the test's database, as another process would."""
    opened: list[Database] = []

    def open_one() -> Database:
        opened.append(Database(url))
        return opened[-1]

    yield open_one
    for database in opened:
        database.close()


@pytest.fixture
def database(open_database: Open) -> Database:
    return open_database()

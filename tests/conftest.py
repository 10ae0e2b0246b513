"""Fixtures that every test may use: a database of each kind, services on it, people."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.accounts import Person, local_person
from core.services import Services, build_services
from core.settings import ROOT, Settings
from tests.support.databases import copy_sqlite, settings_on
from tests.support.postgres import Postgres
from tests.support.scratch import write_to_memory
from tests.support.warm import freeze_imports, share_digest, share_statements

write_to_memory()
share_statements()
share_digest()
DATA = Path(os.environ.get("MODERATO_DATA", ROOT.parent / "shared" / "data"))


def pytest_runtest_setup() -> None:
    """Before each test, since a test before it may have imported much."""
    freeze_imports()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data; skips, saying so, where it is absent."""
    if not DATA.is_dir():
        pytest.skip(f"needs the real data: no folder {DATA}; set MODERATO_DATA")
    return DATA


@pytest.fixture(autouse=True)
def without_careful(monkeypatch):
    """Tests begin with one shipped model, the starter; those of the second ask for it."""
    monkeypatch.setattr("core.registry.CAREFUL", "models/none")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A real PostgreSQL server, started once."""
    server = Postgres.start()
    yield server
    server.stop()


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request, tmp_path) -> Settings:
    """Settings on an empty database of each kind: the schema is there, the shipped model, and nothing else."""
    return settings_on(request.param, request, tmp_path)


@pytest.fixture(params=["sqlite", "postgresql"])
def bare_settings(request, tmp_path) -> Iterator[Settings]:
    """Settings on a database of each kind without any table: for tests of how it comes to have them."""
    if request.param == "sqlite":
        yield Settings(data_dir=tmp_path)
        return
    with request.getfixturevalue("postgres").database() as url:
        yield Settings(data_dir=tmp_path, database_url=url)


@pytest.fixture
def services(settings) -> Iterator[Services]:
    """Every use case, on each database."""
    made = build_services(settings)
    yield made
    made.close()


@pytest.fixture
def sqlite_services(tmp_path) -> Iterator[Services]:
    """Every use case on SQLite alone: for tests whose subject is not the database."""
    copy_sqlite(tmp_path)
    made = build_services(Settings(data_dir=tmp_path))
    yield made
    made.close()


@pytest.fixture
def ada() -> Person:
    """A person with every role."""
    return local_person("Ada")


@pytest.fixture
def bob() -> Person:
    """Another one."""
    return local_person("Bob")

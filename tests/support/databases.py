"""Migrated databases to copy: a schema is made once a process, not once a test."""

import shutil
import tempfile
from functools import cache
from pathlib import Path

import pytest

from core.services import build_services
from core.settings import Settings
from tests.support.postgres import Postgres

on_both = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)
"""Marks a test of a page that runs on both databases; one or two a page do."""


def settings_on(kind: str, request: pytest.FixtureRequest, data_dir: Path) -> Settings:
    """Settings on a database: "sqlite" or "postgresql" with schema and shipped model, or "none": still to be made."""
    if kind == "none":
        return Settings(data_dir=data_dir)
    if kind == "sqlite":
        copy_sqlite(data_dir)
        return Settings(data_dir=data_dir)
    server: Postgres = request.getfixturevalue("postgres")
    database = server.database(template=_template(server))
    url = database.__enter__()
    request.addfinalizer(lambda: database.__exit__(None, None, None))
    return Settings(data_dir=data_dir, database_url=url)


def copy_sqlite(data_dir: Path) -> None:
    """Put a migrated file, which knows the shipped model, where settings on the folder look for it."""
    shutil.copyfile(_sqlite_file(), data_dir / "moderato.db")


@cache
def _sqlite_file() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="moderato-sqlite-"))
    _prepare(Settings(data_dir=folder))
    return folder / "moderato.db"


@cache
def _template(server: Postgres) -> str:
    name = "moderato_template"
    server.execute(f'CREATE DATABASE "{name}"')
    with tempfile.TemporaryDirectory() as folder:
        _prepare(Settings(data_dir=Path(folder), database_url=server.url(name)))
    return name


def _prepare(settings: Settings) -> None:
    """What every start does; closing the last connection folds SQLite's log into the file."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("core.registry.CAREFUL", "models/none")
        build_services(settings).close()

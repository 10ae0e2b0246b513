"""Migrated databases to copy: a schema is made once a process, not once a test."""

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

import pytest

from core import registry
from core.services import build_services
from core.settings import Settings
from db.migrate import migrate
from db.session import build_engine
from tests.support.postgres import Postgres

_SHIPPED = registry.SHIPPED

on_both = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)
"""Marks a test of a page that runs on both databases; one or two a page do."""


def settings_on(kind: str, request: pytest.FixtureRequest, data_dir: Path, *, with_model: bool = True) -> Settings:
    """Settings on a database: "sqlite" or "postgresql" with schema and shipped model, or "none": still to be made.

    Without the model also where a test ships one of its own: that must be the first.
    """
    with_model = with_model and registry.SHIPPED == _SHIPPED
    if kind == "none":
        return Settings(data_dir=data_dir)
    if kind == "sqlite":
        copy_sqlite(data_dir, with_model=with_model)
        return Settings(data_dir=data_dir)
    server: Postgres = request.getfixturevalue("postgres")
    database = server.database(template=_template(server, with_model))
    url = database.__enter__()
    request.addfinalizer(lambda: database.__exit__(None, None, None))
    return Settings(data_dir=data_dir, database_url=url)


def copy_sqlite(data_dir: Path, *, with_model: bool = True) -> None:
    """Put a migrated file, which knows the shipped model, where settings on the folder look for it."""
    shutil.copyfile(_sqlite_file(with_model and registry.SHIPPED == _SHIPPED), data_dir / "moderato.db")


@cache
def _sqlite_file(with_model: bool) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="moderato-sqlite-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    _prepare(Settings(data_dir=folder), with_model)
    return folder / "moderato.db"


@cache
def _template(server: Postgres, with_model: bool) -> str:
    name = "moderato_template" if with_model else "moderato_template_bare"
    server.execute(f'CREATE DATABASE "{name}"')
    with tempfile.TemporaryDirectory() as folder:
        _prepare(Settings(data_dir=Path(folder), database_url=server.url(name)), with_model)
    return name


def _prepare(settings: Settings, with_model: bool) -> None:
    """What every start does; closing the last connection folds SQLite's log into the file."""
    if not with_model:
        engine = build_engine(settings.url)
        migrate(engine)
        engine.dispose()
        return
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("core.registry.CAREFUL", "models/none")
        build_services(settings).close()

"""Moving a deployment to another database: every row, verified by count and hash before anything is committed there."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from core.accounts import Action, Person, check_may
from core.audit_trail import What, record
from core.domain import now
from core.errors import BadInput, Conflict, ModeratoError
from core.heartbeat import SILENT_AFTER
from core.settings import LOOPBACK, Settings
from db import health, moving
from db.migrate import is_current, migrate
from db.moving import Counted
from db.session import Connection, Engine, Sessions, build_engine
from db.stores.workers import WorkerStore
from db.trouble import in_words

Progress = Callable[[str, str, int, int], None]
"""Called with what is done ("copy" or "verify"), the table, its rows so far, and how many it has."""

_ADVICE: Final = "Stop the dashboard and every worker first, or say --force: what they write meanwhile is not moved."


@dataclass(frozen=True, slots=True)
class Moved:
    """What arrived."""

    tables: tuple[Counted, ...]

    @property
    def rows(self) -> int:
        """Of all tables."""
        return sum(table.rows for table in self.tables)


def move(settings: Settings, target_url: str, *, by: Person, force: bool, progress: Progress) -> Moved:
    """Copy the settings' database to an empty one. Raises ModeratoError; then the target is as empty as before.

    The source is read in one transaction, so that what is copied fits together; it stays as it is. Everything is
    written in one transaction, and read again and compared before that is committed. Files in the data folder are
    not touched: both databases name them alike.
    """
    check_may(by, Action.MOVE_DATABASE)
    if missing := health.missing_file(settings.url):
        raise BadInput(f"There is no database to move: {missing} does not exist.")
    with _engine(settings.url) as source, _engine(_checked(target_url, settings.url)) as target, in_words():
        _require_current(source)
        _require_quiet(settings, source, force=force)
        _make_ready(target)
        moved = _copy(source, target, progress)
        with Sessions(target).begin() as session:
            rows = {table.table: table.rows for table in moved.tables if table.rows}
            record(session, by, What.DATABASE_MOVED, health.safe_url(settings.url), rows=rows)
        return moved


@contextmanager
def _engine(url: str) -> Iterator[Engine]:
    engine = build_engine(url)
    try:
        yield engine
    finally:
        engine.dispose()


def _checked(target: str, source: str) -> str:
    kinds = {"sqlite:///", "postgresql+psycopg://"}
    if not any(target.startswith(kind) for kind in kinds):
        raise BadInput(f"The target is a URL that begins with {' or '.join(sorted(kinds))}.")
    if target == source:
        raise BadInput("The target is the database that holds now. Name an empty one.")
    return target


def _require_current(source: Engine) -> None:
    if not is_current(source):
        raise Conflict("The database has an older schema. Start this release on it once (`moderato run`), then move.")


def _require_quiet(settings: Settings, source: Engine, *, force: bool) -> None:
    if force:
        return
    with Sessions(source).read() as session:
        alive = [worker.name for worker in WorkerStore(session).list_all() if now() - worker.seen_at < SILENT_AFTER]
    if alive:
        raise Conflict(f"“{alive[0]}” was at work within the last {SILENT_AFTER.seconds} seconds. {_ADVICE}")
    if settings.host in LOOPBACK and _is_served(settings):
        raise Conflict(f"Somebody serves port {settings.port}, perhaps this Moderato. {_ADVICE}")


def _is_served(settings: Settings) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", settings.port)) == 0


def _make_ready(target: Engine) -> None:
    """Bring an empty database to the newest schema; refuse one that holds anything."""
    if moving.has_foreign_tables(target):
        raise Conflict(f"{_name(target)} holds tables that are not Moderato's. Give a database of its own.")
    migrate(target)
    with target.connect() as connection:
        full = [name for name, rows in moving.count_rows(connection).items() if rows]
    if full:
        raise Conflict(f"{_name(target)} is not empty: there are rows in {', '.join(full[:3])}. Give an empty one.")


def _name(engine: Engine) -> str:
    return health.safe_url(engine.url.render_as_string())


def _copy(source: Engine, target: Engine, progress: Progress) -> Moved:
    with _snapshot(source) as reading, target.execution_options(moderato_writes=True).begin() as writing:
        totals = moving.count_rows(reading)
        sent = moving.copy_all(reading, writing, lambda table, rows: progress("copy", table, rows, totals[table]))
        there = moving.count_all(writing, lambda table, rows: progress("verify", table, rows, totals[table]))
        if wrong := [a.table for a, b in zip(sent, there, strict=True) if a != b]:
            raise ModeratoError(
                f"What arrived differs from what was sent, in {', '.join(wrong)}. Nothing was kept there; the old "
                "database is as it was. Check the disk, and move again."
            )
    return Moved(tuple(sent))


@contextmanager
def _snapshot(source: Engine) -> Iterator[Connection]:
    """One consistent view for all tables."""
    level = "REPEATABLE READ" if not health.is_sqlite(source) else None
    with source.connect() as connection:
        if level:
            connection = connection.execution_options(isolation_level=level)
        yield connection

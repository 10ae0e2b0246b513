"""Consistent copies of a whole database while others write to it, and putting one in a database's place."""

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

import psycopg
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, inspect, make_url, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from db.migrate import MIGRATION_LOCK, config, migrate
from db.models import Base
from db.session import build_engine

Progress = Callable[[str, float], None]
"""Hears what is done now, and which share of that, 0 to 1."""

_PAGES = 4_096
"""Pages of SQLite's file per step of a copy: 16 MB."""
_BESIDE = ("-wal", "-shm", "-journal")
"""What SQLite keeps beside a database's file."""
_VERSION = "alembic_version"


class Busy(Exception):
    """Somebody else has the database open."""


@dataclass(slots=True)
class Copied:
    """What a copy of a database holds."""

    revision: str
    """The schema's migration."""
    counts: dict[str, int] = field(default_factory=dict)
    """Rows by table."""
    columns: dict[str, list[str]] = field(default_factory=dict)
    """Of PostgreSQL's tables, in an order in which they can be filled; the file is `TABLE.copy`."""
    sequences: dict[str, int] = field(default_factory=dict)
    """The next number that each of PostgreSQL's sequences gives."""


def our_tables() -> frozenset[str]:
    """Names of all tables of ours: a process has only those modules of tables imported that it uses itself."""
    for module in sorted(Path(__file__).parent.glob("*models.py")):
        import_module(f"db.{module.stem}")
    return frozenset(Base.metadata.tables)


def sqlite_path(url: str) -> Path | None:
    """The file of an SQLite URL; None for another database."""
    parsed = make_url(url)
    return Path(parsed.database or "") if parsed.get_backend_name() == "sqlite" else None


def known_revisions() -> list[str]:
    """Every migration that this Moderato knows, newest first."""
    return [script.revision for script in ScriptDirectory.from_config(config()).walk_revisions()]


# -- SQLite ---------------------------------------------------------------------------------------------------------


def copy_sqlite(source: Path, target: Path, progress: Progress) -> Copied:
    """Copy a database that others may write to, as it is at one moment, and check the copy.

    The open transaction pins that moment: without it SQLite's backup begins anew whenever somebody writes. Raises
    sqlite3.Error, and ValueError for a copy that is damaged.
    """
    with closing(sqlite3.connect(source, timeout=30, isolation_level=None)) as from_:
        from_.execute("BEGIN")
        from_.execute("SELECT count(*) FROM sqlite_master").fetchone()
        with closing(sqlite3.connect(target, isolation_level=None)) as to:
            from_.backup(
                to, pages=_PAGES, progress=lambda _s, left, all_: progress("copying the database", 1 - left / all_)
            )
            to.execute("PRAGMA journal_mode=DELETE")
    return examine_sqlite(target, progress)


def examine_sqlite(file: Path, progress: Progress) -> Copied:
    """Check a file that nobody uses, and count its rows. Raises ValueError for one that is damaged or no Moderato's."""
    progress("checking the database", 0)
    with closing(sqlite3.connect(file)) as database:
        try:
            problems = [str(row[0]) for row in database.execute("PRAGMA quick_check(3)")]
            revision = database.execute(f"SELECT version_num FROM {_VERSION}").fetchone()  # nosec B608 # names of our own tables and columns
            names = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        except sqlite3.Error as error:
            raise ValueError(f"its database cannot be read ({error.sqlite_errorname})") from error
        if problems != ["ok"] or revision is None:
            raise ValueError(f"its database is damaged: {problems[0]}")
        counted = sorted({name for (name,) in names} & our_tables())
        counts = {name: database.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in counted}  # nosec B608 # names of our own tables and columns
    return Copied(revision[0], counts)


def release_sqlite(file: Path) -> bool:
    """Fold SQLite's log into the file and leave write-ahead mode, which works only where nobody else has it open.

    Raises Busy. False if the file is damaged, so that nothing could be folded: it is then used by nobody either, as
    far as one can tell.
    """
    with closing(sqlite3.connect(file, timeout=1, isolation_level=None)) as database:
        try:
            mode = database.execute("PRAGMA journal_mode=DELETE").fetchone()[0]
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                raise Busy from error
            return False
        except sqlite3.DatabaseError:
            return False
    if mode != "delete":
        raise Busy
    return True


def put_in_place(new: Path, current: Path, aside: Path) -> bool:
    """Make the new file the current one in a single step; the old one is then in the folder `aside`.

    Killed at any moment, the current file is the old or the new one, whole. Returns whether there was an old one.
    """
    had_one = current.exists()
    if had_one:
        aside.mkdir(parents=True, exist_ok=True)
        for file in (current, *(_beside(current))):
            _link(file, aside / file.name)
        sync_folder(aside)
        for file in _beside(current):  # of a damaged file alone: else they were folded in
            file.unlink()
    os.replace(new, current)
    sync_folder(current.parent)
    return had_one


def _beside(file: Path) -> list[Path]:
    return [other for ending in _BESIDE if (other := file.with_name(file.name + ending)).exists()]


def _link(file: Path, other: Path) -> None:
    """A second name of the same file, or a copy where the file system has no such thing."""
    try:
        os.link(file, other)
    except OSError:
        shutil.copy2(file, other)


def sync_folder(folder: Path) -> None:
    """Let names within the folder outlast a power failure."""
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


@contextmanager
def newest_schema(file: Path) -> Iterator[Session]:
    """A transaction on an SQLite file that nobody uses, brought up to date first; a single file again at the end."""
    engine = build_engine(f"sqlite:///{file}")
    try:
        migrate(engine)
        with Session(engine.execution_options(moderato_writes=True)) as session, session.begin():
            yield session
    finally:
        engine.dispose()
    release_sqlite(file)


# -- PostgreSQL -----------------------------------------------------------------------------------------------------


def copy_postgres(engine: Engine, folder: Path, progress: Progress) -> Copied:
    """Write every table into `folder`, all as of one moment, while others write. Needs no program of PostgreSQL's."""
    options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    with _in_words(), engine.connect().execution_options(**options) as connection:
        revision = connection.scalar(text(f"SELECT version_num FROM {_VERSION}"))  # nosec B608 # names of our own tables and columns
        copied = Copied(str(revision), columns=_columns(connection))
        for number, (table, columns) in enumerate(copied.columns.items()):
            progress(f"copying {table}", number / len(copied.columns))
            copied.counts[table] = _copy_out(connection, table, columns, folder / f"{table}.copy")
        copied.sequences = {name: _next_of(connection, name) for name in _sequences(connection)}
    return copied


@contextmanager
def _in_words() -> Iterator[None]:
    """Turn what PostgreSQL refuses into a ValueError with its kind; its own words may hold what a row holds."""
    try:
        yield
    except (SQLAlchemyError, psycopg.Error) as error:
        kind = type(getattr(error, "orig", None) or error).__name__
        more = ": the user needs CREATE on the database" if kind == "InsufficientPrivilege" else ""
        raise ValueError(f"PostgreSQL says {kind}{more}") from error


def _columns(connection: Connection) -> dict[str, list[str]]:
    """The columns of every table of ours; a table comes after those that it refers to."""
    inspector = inspect(connection)
    order = [name for name, _ in inspector.get_sorted_table_and_fkc_names() if name and name != _VERSION]
    return {name: [column["name"] for column in inspector.get_columns(name)] for name in order if _is_ours(name)}


def _is_ours(table: str) -> bool:
    return table in our_tables() or table.startswith("comment_fts") or table == _VERSION


def _copy_out(connection: Connection, table: str, columns: Sequence[str], file: Path) -> int:
    driver: Any = connection.connection.driver_connection
    with file.open("wb") as out, driver.cursor() as cursor:
        with cursor.copy(f"COPY {_list(table, columns)} TO STDOUT") as blocks:
            for block in blocks:
                out.write(block)
        return int(cursor.rowcount)


def others_connected(connection: Connection) -> int:
    """Other connections to this PostgreSQL database."""
    query = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
        "AND backend_type = 'client backend'"
    )
    return connection.scalar(text(query)) or 0


@contextmanager
def replace_postgres(
    engine: Engine, copied: Copied, folder: Path, *, aside: str, progress: Progress
) -> Iterator[tuple[Session, bool]]:
    """Fill the database from what `copy_postgres` wrote, within one transaction that the block belongs to.

    Tables that are there go to the schema `aside`. Killed at any moment, the database is as it was. Yields a session
    on the newest schema, and whether there was anything to move. Raises Busy, ValueError if rows are missing.
    """
    with _in_words(), engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
        if others_connected(connection):
            raise Busy
        moved = _move_aside(connection, aside)
        _upgrade(connection, copied.revision)
        _fill(connection, copied, folder, progress)
        progress("bringing the schema up to date", 0.95)
        _upgrade(connection, "head")
        with Session(connection, join_transaction_mode="rollback_only") as session:
            yield session, moved
            session.commit()  # what the session does at its commit; the connection's transaction goes on


def _upgrade(connection: Connection, revision: str) -> None:
    made = config()
    made.attributes["connection"] = connection
    command.upgrade(made, revision)


def _move_aside(connection: Connection, schema: str) -> bool:
    found = [name for name in inspect(connection).get_table_names() if _is_ours(name)]
    if found:
        connection.execute(text(f'CREATE SCHEMA "{schema}"'))
    for name in _trigger_functions(connection, found):
        connection.execute(text(f'ALTER FUNCTION "{name}"() SET SCHEMA "{schema}"'))
    for name in found:
        connection.execute(text(f'ALTER TABLE "{name}" SET SCHEMA "{schema}"'))
    return bool(found)


def _set_triggers(connection: Connection, tables: Iterable[str], state: str) -> None:
    for name in tables:
        connection.execute(text(f'ALTER TABLE "{name}" {state} TRIGGER USER'))


def _trigger_functions(connection: Connection, tables: Sequence[str]) -> list[str]:
    """What the tables' triggers call: it goes where they go, and makes room for its like."""
    query = text(
        "SELECT DISTINCT proname FROM pg_trigger JOIN pg_proc ON pg_proc.oid = tgfoid JOIN pg_class ON "
        "pg_class.oid = tgrelid WHERE NOT tgisinternal AND pronamespace = current_schema()::regnamespace "
        "AND relnamespace = current_schema()::regnamespace AND relname = ANY(:tables) ORDER BY 1"
    )
    return list(connection.scalars(query, {"tables": list(tables)}))


def _fill(connection: Connection, copied: Copied, folder: Path, progress: Progress) -> None:
    names = ", ".join(f'"{name}"' for name in copied.columns)
    _set_triggers(connection, copied.columns, "DISABLE")  # the ledger's and the trail's refuse to be emptied
    connection.execute(text(f"TRUNCATE {names}"))  # migrations put rows into some
    _set_triggers(connection, copied.columns, "ENABLE")
    driver: Any = connection.connection.driver_connection
    for number, (table, columns) in enumerate(copied.columns.items()):
        progress(f"filling {table}", 0.9 * number / len(copied.columns))
        with (folder / f"{table}.copy").open("rb") as file, driver.cursor() as cursor:
            with cursor.copy(f"COPY {_list(table, columns)} FROM STDIN") as blocks:
                while block := file.read(1 << 20):
                    blocks.write(block)
            if cursor.rowcount != copied.counts.get(table):
                raise ValueError(f"its table {table} has not as many rows as it says")
    _set_sequences(connection, copied.sequences)


def _set_sequences(connection: Connection, sequences: Mapping[str, int]) -> None:
    """Let new rows get numbers that were never given before, deleted rows' included."""
    for name in _sequences(connection):
        if name in sequences:
            values = {"name": _quoted(name), "next": sequences[name]}
            connection.execute(text("SELECT setval(CAST(:name AS regclass), :next, false)"), values)


def _sequences(connection: Connection) -> list[str]:
    query = "SELECT sequencename FROM pg_sequences WHERE schemaname = current_schema() ORDER BY 1"
    return list(connection.scalars(text(query)))


def _next_of(connection: Connection, sequence: str) -> int:
    query = f"SELECT CASE WHEN is_called THEN last_value + 1 ELSE last_value END FROM {_quoted(sequence)}"  # nosec B608 # names of our own tables and columns
    return int(connection.scalar(text(query)) or 1)


def _list(table: str, columns: Sequence[str]) -> str:
    return f'"{table}" ({", ".join(_quoted(name) for name in columns)})'


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'

"""Whether a database is reachable, current and sound. Changes nothing, makes nothing."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine, make_url, text

from db.migrate import is_current
from db.session import build_engine


def safe_url(url: str) -> str:
    """The URL without its password."""
    return make_url(url).render_as_string(hide_password=True)


def problem_of_url(url: str) -> str | None:
    """Why the URL is of no database that Moderato can use; None if it is. Quotes nothing of it: it holds a password."""
    try:
        dialect = make_url(url).get_dialect()
    except Exception:  # ArgumentError, NoSuchModuleError, ValueError, whatever a dialect's plugin raises
        dialect = None
    if dialect is not None and dialect.name == "sqlite":
        return None
    if dialect is not None and (dialect.name, dialect.driver) == ("postgresql", "psycopg"):
        return None
    return (
        "Write it as postgresql+psycopg://USER:PASSWORD@HOST:PORT/NAME (special characters as %XX), or leave it empty."
    )


def missing_file(url: str) -> Path | None:
    """The SQLite file that the URL names, if it is not there yet; None otherwise."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database:
        return None
    path = Path(parsed.database)
    return None if path.exists() else path


def is_sqlite(engine: Engine) -> bool:
    """Whether the engine's database is SQLite."""
    return engine.dialect.name == "sqlite"


def open_engine(url: str) -> Engine:
    """An engine on which a connection works; raises what the driver raises."""
    engine = build_engine(url)
    with engine.connect() as connection:
        connection.execute(text("SELECT 1"))
    return engine


def schema_is_current(engine: Engine) -> bool:
    """Whether the newest migration was applied."""
    return is_current(engine)


def sqlite_problems(engine: Engine) -> list[str]:
    """What SQLite's own quick check finds wrong; empty when the file is sound. Reads the whole file."""
    with engine.connect() as connection:
        found = [str(row[0]) for row in connection.execute(text("PRAGMA quick_check(5)"))]
    return [] if found == ["ok"] else found


def journal_mode(engine: Engine) -> str:
    """SQLite's journal mode; "wal" lets people read while a worker writes."""
    with engine.connect() as connection:
        return str(connection.execute(text("PRAGMA journal_mode")).scalar())


@dataclass(frozen=True, slots=True)
class PostgresFacts:
    """What a PostgreSQL server says of itself."""

    version: int
    """Major version."""
    encoding: str
    connections: int
    """Open ones, to all its databases."""
    most_connections: int


def postgres_facts(engine: Engine) -> PostgresFacts:
    """Ask the server."""
    with engine.connect() as connection:

        def one(query: str) -> str:
            return str(connection.scalar(text(query)))

        return PostgresFacts(
            int(one("SHOW server_version_num")) // 10_000,
            one("SHOW server_encoding"),
            int(one("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'")),
            int(one("SHOW max_connections")),
        )

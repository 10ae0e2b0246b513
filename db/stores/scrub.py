"""Taking what was deleted out of the database's files: what a table no longer shows may still lie in its pages."""

import time
from pathlib import Path

from sqlalchemy import make_url, text
from sqlalchemy.orm import Session

from db.session import Sessions

_MERGED = 100
"""Pages of the full-text index that are merged in one transaction."""
_TABLES = ("comment", "decision", "suggestion", "word_day", "erasure")


def merge_index(session: Session, *, begin: bool) -> bool:
    """Merge a stretch of SQLite's full-text index, so that deleted words leave it; True while there is more."""
    if session.get_bind().dialect.name != "sqlite":
        return False
    connection = session.connection()
    before = connection.exec_driver_sql("SELECT total_changes()").scalar_one()
    pages = -_MERGED if begin else _MERGED
    session.execute(text("INSERT INTO comment_fts(comment_fts, rank) VALUES ('merge', :pages)"), {"pages": pages})
    return int(connection.exec_driver_sql("SELECT total_changes()").scalar_one() - before) >= 2


def database_file(sessions: Sessions) -> Path | None:
    """SQLite's file; None for another database."""
    url = make_url(str(sessions.engine.url))
    return Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None


def compact(sessions: Sessions) -> None:
    """Write SQLite's file anew without what was deleted (nobody writes meanwhile); let PostgreSQL reuse that space."""
    if database_file(sessions):
        raw = sessions.engine.raw_connection()
        try:
            raw.cursor().execute("VACUUM")
        finally:
            raw.close()
        return
    with sessions.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for table in _TABLES:
            connection.exec_driver_sql(f"VACUUM {table}")


def empty_log(sessions: Sessions, *, seconds: float) -> bool:
    """Move SQLite's write-ahead log into the file and cut it to nothing; False if readers were in the way all along."""
    if not database_file(sessions):
        return True
    deadline = time.monotonic() + seconds
    while True:
        raw = sessions.engine.raw_connection()
        try:
            cursor = raw.cursor()
            cursor.execute("PRAGMA busy_timeout = 500")
            busy = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            cursor.execute("PRAGMA busy_timeout = 30000")
        finally:
            raw.close()
        if not busy:
            return True
        if time.monotonic() > deadline:
            return False
        time.sleep(0.2)

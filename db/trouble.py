"""A database that is away, full, locked or damaged, in plain words: the one place that reads drivers' errors."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from core.errors import DatabaseTrouble

_AWAY = (
    "The database cannot be reached ({}). What was not confirmed is not recorded. Moderato goes on by itself once "
    "it is back."
)
_SILENT = "the server does not answer"
_FULL = (
    "The disk that holds the database is full, so nothing can be recorded. Free some space there; Moderato goes on by "
    "itself. What was confirmed before is safe."
)
_BUSY = "The database is busy with somebody else's long write. Nothing was recorded. Try again in a moment."
_SQLITE = (
    ("disk is full", _FULL),
    ("is locked", _BUSY),
    ("malformed", "The database file is damaged. Stop Moderato, keep the file, and put a backup back."),
    ("not a database", "The database file is damaged. Stop Moderato, keep the file, and put a backup back."),
    ("readonly", "The database file cannot be written. Make it and its folder writable; nothing was recorded."),
    ("unable to open", "The database file cannot be opened. Check that the data folder is there and can be written."),
    ("disk i/o", "The disk that holds the database fails, or is full. Nothing was recorded; see `moderato doctor`."),
)
"""What SQLite's message holds, and what to say."""
_POSTGRESQL = (
    ("53100", _FULL),
    ("53", "The database server has no room for more connections or memory. It is tried again by itself."),
    ("28", "The database server does not let Moderato in. Check user and password in MODERATO_DATABASE_URL."),
    ("3D", "The database server has no database of that name. Check MODERATO_DATABASE_URL, or create it."),
    ("25006", "The database server takes no writes at the moment (it is a standby). Nothing was recorded."),
    ("40", "Two writers stood in each other's way, and this one gave in. Nothing was recorded. Try again."),
    ("55P03", _BUSY),
    ("08", _AWAY.format(_SILENT)),
    ("57P", _AWAY.format("the server is going down or coming up")),
    ("58", "The database server cannot read or write its files. See its log; nothing was recorded."),
)
"""How an SQLSTATE begins (PostgreSQL's appendix A), and what to say; the first that fits."""


@contextmanager
def in_words() -> Iterator[None]:
    """Raise DatabaseTrouble for what the database cannot do at the moment; a bug of ours goes through as it is."""
    try:
        yield
    except (DBAPIError, PoolTimeout) as error:
        if words := _words(error):
            raise DatabaseTrouble(words) from None  # the driver's words may hold the host, the statement, the password
        raise


def _words(error: DBAPIError | PoolTimeout) -> str | None:
    if isinstance(error, PoolTimeout):
        return "All connections to the database are taken. It is tried again by itself."
    if type(error.orig).__module__.startswith("sqlite3"):
        said = str(error.orig).lower()
        return next((words for mark, words in _SQLITE if mark in said), None)
    state = getattr(error.orig, "sqlstate", None)
    if state is None:
        away = error.connection_invalidated or isinstance(error, OperationalError | InterfaceError)
        return _AWAY.format(_reason(str(error.orig))) if away else None
    return next((words for mark, words in _POSTGRESQL if state.startswith(mark)), None)


def _reason(said: str) -> str:
    """Why no connection comes about: the server sends no SQLSTATE by then, so its words are all there is."""
    for mark, reason in (
        ("password", "the server refuses user or password"),
        ("does not exist", "the server knows no such user or database"),
        ("resolve", "the server's name is unknown"),
        ("too many clients", "the server has no connection left"),
    ):
        if mark in said:
            return reason
    return _SILENT

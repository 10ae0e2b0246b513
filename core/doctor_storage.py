"""The doctor's look at what is kept: space, permissions, the database's file or server, backups, forgotten uploads."""

import shutil
import stat
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Final

from core.backup import last_backup
from core.checkup import Check, fail, ok, warn
from core.domain import now
from core.settings import Settings
from db import health
from db.copying import sqlite_path
from db.health import Engine
from db.session import Sessions
from db.stores.telemetry import TelemetryStore

LEAST_DAYS: Final = 30
"""Days that the disk should last at the present growth."""
_MOST_WAL: Final = 512 * 1024 * 1024
_OLDEST_POSTGRES: Final = 13
_BACKUP_AGE: Final = timedelta(days=7)
_UPLOAD_AGE: Final = timedelta(days=2)
_FEWEST: Final = 1_000
"""Comments from which on growth can be told."""
_CLOCKS: Final = timedelta(seconds=2)


def check_permissions(settings: Settings) -> Iterator[Check]:
    """Who else on this machine can read or write what is kept."""
    file, folder = sqlite_path(settings.url), settings.data_dir
    if not folder.exists():
        return
    open_folder = _others(folder) & stat.S_IXOTH
    shown = [path for path in (folder, file) if path and path.exists() and (path == folder or open_folder)]
    todo = f"Run `chmod -R o-rwx {folder}`: comments, decisions and hashes of keys are in it."
    if any(_others(path) & stat.S_IWOTH for path in shown):
        yield fail("permissions", f"anybody on this machine can change {folder}", todo)
    elif any(_others(path) & stat.S_IROTH for path in shown):
        yield warn("permissions", f"anybody on this machine can read {folder}", todo)
    else:
        yield ok("permissions", "the data folder is closed to others")


def _others(path: Path) -> int:
    return path.stat().st_mode & stat.S_IRWXO


def check_growth(engine: Engine, settings: Settings) -> Check:
    """How long the disk lasts at the growth since the first comment. A database server's own disk cannot be seen."""
    with Sessions(engine).read() as session:
        store = TelemetryStore(session)
        size, comments, first = store.database_bytes(), store.newest_comment(), store.first_comment_at()
    told = f"{size / 1e6:,.1f} MB"
    if not health.is_sqlite(engine):
        return ok("database size", f"{told}; look after the space on its server yourself")
    if first is None or comments < _FEWEST or (days := (now() - first).total_seconds() / 86_400) < 1:
        return ok("database size", f"{told}, too young to tell its growth")
    left = shutil.disk_usage(settings.data_dir).free / (size / days)
    found = f"{told}, {size / days / 1e6:,.1f} MB a day: the disk lasts {min(left, 36_500):,.0f} days"
    if left < LEAST_DAYS:
        return warn("database size", found, "Make room, or move the data folder to a larger disk.")
    return ok("database size", found)


def check_wal(settings: Settings) -> Iterator[Check]:
    """SQLite's log, which grows while somebody keeps an old view open."""
    file = sqlite_path(settings.url)
    log = file.with_name(file.name + "-wal") if file else None
    if log and log.exists() and log.stat().st_size > _MOST_WAL:
        todo = "Something keeps a transaction open: a backup, an export or a foreign program. If not, restart Moderato."
        yield warn("write-ahead log", f"{log.stat().st_size / 1e6:,.0f} MB", todo)


def check_postgres(engine: Engine) -> Iterator[Check]:
    """Version, encoding and connections of a PostgreSQL server."""
    facts = health.postgres_facts(engine)
    if facts.version < _OLDEST_POSTGRES:
        yield fail("PostgreSQL", f"version {facts.version}", f"Moderato needs {_OLDEST_POSTGRES} or newer.")
    elif facts.encoding != "UTF8":
        todo = "Make the database anew with ENCODING 'UTF8', and restore a backup into it."
        yield fail("PostgreSQL", f"its encoding is {facts.encoding}", todo)
    else:
        yield ok("PostgreSQL", f"version {facts.version}, UTF8")
    used = f"{facts.connections} of {facts.most_connections} connections"
    if facts.connections > 0.8 * facts.most_connections:
        yield warn("connections", used, "Raise max_connections, or run fewer workers; each process takes up to 30.")
    else:
        yield ok("connections", used)


def check_clock(engine: Engine) -> Iterator[Check]:
    """Whether this machine's clock agrees with the database's, and with what was written before."""
    with Sessions(engine).read() as session:
        store = TelemetryStore(session)
        theirs, newest, at = store.clock(), store.newest_moment(), now()
    if theirs and abs(at - theirs) > _CLOCKS:
        todo = "Let both keep time by NTP: leases and claims end by these clocks."
        yield warn("clock", f"{abs(at - theirs).total_seconds():,.0f} s apart from the database's", todo)
    elif newest and newest > at + timedelta(minutes=1):
        found = f"the newest entry is {(newest - at).total_seconds():,.0f} s in the future"
        yield warn("clock", found, "This clock is behind, or another's was ahead: let all keep time by NTP.")
    else:
        yield ok("clock", "agrees with what is written")


def check_backup(settings: Settings) -> Check:
    """How old the newest backup is."""
    made = last_backup(settings)
    if made is None:
        return warn("backup", "none is known", "Run `moderato backup FILE`, each night by cron.")
    found = f"made {made:%Y-%m-%d %H:%M} UTC"
    if now() - made > _BACKUP_AGE:
        return warn("backup", found, "Run `moderato backup FILE`, each night by cron.")
    return ok("backup", found)


def check_leftovers(settings: Settings) -> Iterator[Check]:
    """Files that nobody will use any more."""
    folder = settings.data_dir / "uploads"
    old = [path for path in folder.glob("*") if time.time() - path.stat().st_mtime > _UPLOAD_AGE.total_seconds()]
    if old:
        size = sum(path.stat().st_size for path in old) / 1e6
        yield warn("uploads", f"{len(old)} old files, {size:,.1f} MB", f"Delete what is in {folder}: it was read.")
    if (staging := settings.data_dir / ".restoring").exists():
        yield warn("restore", "one was cut off", f"Run it again, or delete {staging}.")

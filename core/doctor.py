"""What `moderato doctor` looks at: every setting, and whether each thing that Moderato needs is in order."""

import os
import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from core.checkup import Check, Grade
from core.doctor_door import check_keys, check_origins, check_server
from core.doctor_storage import (
    check_backup,
    check_clock,
    check_growth,
    check_leftovers,
    check_permissions,
    check_postgres,
    check_wal,
)
from core.doctor_work import check_work
from core.domain import now
from core.errors import ModeratoError
from core.reach import problems_of
from core.registry import Registry
from core.scoring.load import load_scorer
from core.settings import Settings
from core.trail import Trail
from core.webhooks.addresses import networks_setting
from db import health
from db.health import Engine
from db.session import Sessions
from db.stores.workers import WorkerStore

OLDEST_PYTHON = (3, 11)
LEAST_FREE_GB = 2
_WALKED_WHOLE = 50_000
"""Up to so many events of the audit trail are walked anew each time: a second."""
_WORKER_SILENT = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class SettingLine:
    """One setting as it holds now."""

    variable: str
    value: str
    meaning: str


def list_settings(settings: Settings) -> list[SettingLine]:
    """Every setting with its environment variable; passwords in URLs are hidden."""
    lines = []
    for name, field in Settings.model_fields.items():
        value = getattr(settings, name)
        shown = health.safe_url(value) if name == "database_url" and value else str("" if value is None else value)
        lines.append(SettingLine(f"MODERATO_{name.upper()}", shown, field.description or ""))
    return lines


def examine(settings: Settings) -> Iterator[Check]:
    """Look at everything. Makes no database and changes nothing but the audit trail's checkpoint file."""
    yield _python()
    yield _data_dir(settings.data_dir)
    yield from check_permissions(settings)
    yield _port(settings)
    yield from check_server(settings)
    yield from check_origins(settings)
    yield _base_data(settings.base_data)
    yield _webhook_networks(settings.webhook_private)
    yield from _reach(settings)
    yield from _database(settings)
    yield check_backup(settings)
    yield from check_leftovers(settings)


def _python() -> Check:
    found = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] >= OLDEST_PYTHON:
        return Check("Python", Grade.OK, found)
    return Check(
        "Python", Grade.FAIL, found, "Moderato needs 3.11 or newer: remove .venv and run `make setup` with it."
    )


def _data_dir(folder: Path) -> Check:
    at = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    if not at.is_dir() or not os.access(at, os.W_OK):
        return Check(
            "data folder", Grade.FAIL, f"{folder} cannot be written", "Make it writable, or set MODERATO_DATA_DIR."
        )
    free = shutil.disk_usage(at).free / 1e9
    found = f"{folder}, {free:,.1f} GB free"
    if free < LEAST_FREE_GB:
        return Check("data folder", Grade.WARN, found, "Free some space: a million comments need about 2 GB.")
    return Check("data folder", Grade.OK, found)


def _port(settings: Settings) -> Check:
    name = f"port {settings.port}"
    with socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError:
            return Check(name, Grade.OK, "in use, see “server”")
    return Check(name, Grade.OK, "free")


def _reach(settings: Settings) -> Iterator[Check]:
    if problems := problems_of(settings):
        yield from (Check("sign-in", Grade.FAIL, "the settings do not fit", problem) for problem in problems)
    elif settings.is_shared and not settings.is_https:
        todo = "Set MODERATO_TLS_CERTIFICATE and MODERATO_TLS_KEY, or an https:// MODERATO_PUBLIC_URL of a proxy."
        yield Check("TLS", Grade.WARN, f"{settings.base_url} can be read by everybody on the way", todo)
    else:
        yield Check("TLS", Grade.OK, "on" if settings.is_https else "not needed: this machine alone")


def _base_data(file: Path | None) -> Check:
    if file is None:
        todo = "Set MODERATO_BASE_DATA, or give `moderato retrain` --data, before retraining."
        return Check("base data", Grade.WARN, "not set", todo)
    if file.is_file() and os.access(file, os.R_OK):
        return Check("base data", Grade.OK, str(file))
    return Check("base data", Grade.FAIL, f"{file} cannot be read", "Correct MODERATO_BASE_DATA.")


def _webhook_networks(text: str) -> Check:
    try:
        networks = networks_setting(text)
    except ModeratoError as error:
        return Check("webhook networks", Grade.FAIL, str(error), "Correct MODERATO_WEBHOOK_PRIVATE.")
    if not networks:
        return Check("webhook networks", Grade.OK, "public addresses alone, by https")
    return Check("webhook networks", Grade.OK, f"public ones, and {', '.join(map(str, networks))}")


def _database(settings: Settings) -> Iterator[Check]:
    url = health.safe_url(settings.url)
    if missing := health.missing_file(settings.url):
        yield Check("database", Grade.WARN, f"{missing} does not exist yet", "`make run` or `moderato run` makes it.")
        return
    try:
        engine = health.open_engine(settings.url)
    except Exception as error:  # every driver has errors of its own; their words may hold the password
        todo = "Check MODERATO_DATABASE_URL, and that the server runs and lets you in."
        yield Check("database", Grade.FAIL, f"{url} cannot be reached ({type(error).__name__})", todo)
        return
    try:
        yield Check("database", Grade.OK, url)
        yield from _guarded("schema", lambda: _schema(engine))
        if health.is_sqlite(engine):
            yield from _guarded("database file", lambda: _sqlite(engine))
            yield from check_wal(settings)
        else:
            yield from _guarded_many("PostgreSQL", lambda: check_postgres(engine))
        if health.schema_is_current(engine):
            sessions = Sessions(engine)
            yield from _guarded("live model", lambda: _model(sessions, settings))
            yield from _guarded("worker", lambda: _worker(sessions, settings))
            yield from _guarded_many("work", lambda: check_work(sessions, settings))
            yield from _guarded_many("clock", lambda: check_clock(engine))
            yield from _guarded_many("keys", lambda: check_keys(sessions))
            yield from _guarded("database size", lambda: check_growth(engine, settings))
            yield from _guarded("audit trail", lambda: _trail(Trail(sessions, settings)))
    finally:
        engine.dispose()


def _guarded_many(name: str, checks: Callable[[], Iterator[Check]]) -> Iterator[Check]:
    try:
        yield from checks()
    except Exception as error:
        yield Check(name, Grade.FAIL, f"could not be looked at ({type(error).__name__})", "See the lines above.")


def _guarded(name: str, check: Callable[[], Check]) -> Iterator[Check]:
    try:
        yield check()
    except Exception as error:
        yield Check(name, Grade.FAIL, f"could not be looked at ({type(error).__name__})", "See the lines above.")


def _trail(trail: Trail) -> Check:
    """From the checkpoint on; the whole chain where it is short or was never walked."""
    newest, known = trail.newest(), trail.checkpoint()
    proof = trail.verify(full=known is None or (newest is not None and newest[0] <= _WALKED_WHOLE))
    if proof.problem:
        todo = (
            "Keep a copy of the database, compare with a backup, and find out who could write to it (docs/privacy.md)."
        )
        return Check("audit trail", Grade.FAIL, proof.problem, todo)
    if not proof.last:
        return Check("audit trail", Grade.OK, "empty")
    whole = f"; all of it walked {proof.full_at:%Y-%m-%d}" if proof.full_at else ""
    found = f"{proof.last:,} events, the chain is whole; newest {proof.last}:{proof.hash}{whole}"
    return Check("audit trail", Grade.OK, found)


def _schema(engine: Engine) -> Check:
    if health.schema_is_current(engine):
        return Check("schema", Grade.OK, "current")
    return Check("schema", Grade.WARN, "not current", "The next start of `moderato run` brings it up to date.")


def _sqlite(engine: Engine) -> Check:
    if problems := health.sqlite_problems(engine):
        todo = "Stop Moderato, keep the file, and put a backup back (docs/operating.md)."
        return Check("database file", Grade.FAIL, f"damaged: {problems[0]}", todo)
    if (mode := health.journal_mode(engine)) != "wal":
        todo = "Keep the data folder on a local disk: network file systems cannot do WAL."
        return Check("database file", Grade.FAIL, f"sound, but its journal is {mode}", todo)
    return Check("database file", Grade.OK, "sound, write-ahead log on")


def _model(sessions: Sessions, settings: Settings) -> Check:
    try:
        version = Registry(sessions, settings).require_live()
        scores = load_scorer(version, threads=1).score(["You are an idiot.", "Thank you."])
    except ModeratoError as error:
        return Check("live model", Grade.FAIL, "none that works", str(error))
    if scores.shape != (2, 6) or not ((scores >= 0) & (scores <= 1)).all():
        return Check("live model", Grade.FAIL, f"{version.name} gives no probabilities", "Run `moderato rollback`.")
    return Check("live model", Grade.OK, f"{version.name} loads and scores")


def _worker(sessions: Sessions, settings: Settings) -> Check:
    with sessions.read() as session:
        workers = WorkerStore(session).list_all()
    alive = [worker for worker in workers if now() - worker.seen_at < _WORKER_SILENT]
    if sick := [worker for worker in alive if worker.problem]:
        return Check("worker", Grade.FAIL, f"{sick[0].name} cannot score", sick[0].problem or "")
    if alive:
        return Check("worker", Grade.OK, ", ".join(worker.name for worker in alive))
    todo = "`moderato run` starts one" if settings.embedded_worker else "Run `moderato worker`"
    return Check("worker", Grade.WARN, "none seen in the last minute", f"{todo}; until then comments stay not scored.")

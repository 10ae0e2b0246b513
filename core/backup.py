"""Backups: one file with the database as of one moment, the trained models and, if asked for, snapshots and exports."""

import json
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from core.accounts import Action, Person, check_may
from core.archive import ArchivedModel, Manifest, Progress, unpack, write_archive
from core.audit_trail import What, record
from core.domain import ModelVersion, now
from core.errors import BadInput, Conflict
from core.scoring.files import folder_digest, has_files, resolve
from core.settings import ROOT, Settings
from db import health
from db.copying import Copied, copy_postgres, copy_sqlite, sqlite_path, sync_folder
from db.session import Sessions
from db.stores.registry import RegistryStore

DATABASE: Final = "database.sqlite"
"""SQLite's file in an archive."""
TABLES: Final = "tables"
"""The folder of PostgreSQL's tables in an archive."""
FILES: Final = "files"
"""The folder of snapshots and exports in an archive."""
FOLDERS: Final = ("snapshots", "exports")
_LAST: Final = "last-backup.json"


@dataclass(frozen=True, slots=True)
class Made:
    """A backup that was made."""

    path: Path
    bytes: int
    manifest: Manifest

    @property
    def notes(self) -> list[str]:
        """What is not in it although one might think so."""
        return [f"model {model.name}: {model.note}" for model in self.manifest.models if model.note]


class Backups:
    """Backups of one installation. Works beside whatever runs; neither migrates nor changes the database's data."""

    def __init__(self, sessions: Sessions, settings: Settings) -> None:
        self._sessions, self._settings = sessions, settings

    def make(self, target: Path, *, by: Person, say: Progress, files: bool = False, force: bool = False) -> Made:
        """Write a backup; `files` adds snapshots and exports. The name appears once the whole file was checked.

        Raises Conflict if the name is taken, unless forced; BadInput for what cannot be read or written.
        """
        check_may(by, Action.BACK_UP)
        _check_target(target, force=force)
        try:
            with _work_folder(target) as work:
                made = self._write(work, target, say, files=files)
                _publish(work / "archive", target, force=force)
        except (OSError, sqlite3.Error, ValueError) as error:
            raise BadInput(f"The backup failed: {_words(error)}. Nothing was written as {target}.") from error
        self._note(made, by)
        return made

    def _write(self, work: Path, target: Path, say: Progress, *, files: bool) -> Made:
        database, copied, parts = self._copy_database(work, say)
        versions = [self._describe(version) for version in self._versions()]
        for model, folder in versions:
            parts |= _files_of(folder, model.folder) if model.folder else {}
        for name in FOLDERS if files else ():
            parts |= _files_of(self._settings.data_dir / name, f"{FILES}/{name}")
        manifest = Manifest(
            made_at=now().isoformat(timespec="seconds"),
            database=database,
            revision=copied.revision,
            counts=copied.counts,
            columns=copied.columns,
            sequences=copied.sequences,
            models=[model for model, _ in versions],
        )
        archive = work / "archive"
        with os.fdopen(os.open(archive, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            write_archive(out, manifest, parts, zipped=target.suffix in {".gz", ".tgz"}, say=say)
            out.flush()
            os.fsync(out.fileno())
        unpack(archive, None, say)
        return Made(target, archive.stat().st_size, manifest)

    def _copy_database(self, work: Path, say: Progress) -> tuple[str, Copied, dict[str, Path]]:
        if source := sqlite_path(self._settings.url):
            if not source.exists():
                raise BadInput(f"There is nothing to back up yet: {source} does not exist.")
            return "sqlite", copy_sqlite(source, work / DATABASE, say), {DATABASE: work / DATABASE}
        tables = work / TABLES
        tables.mkdir()
        copied = copy_postgres(self._sessions.engine, tables, say)
        return "postgresql", copied, {f"{TABLES}/{name}.copy": tables / f"{name}.copy" for name in copied.columns}

    def _versions(self) -> list[ModelVersion]:
        with self._sessions.read() as session:
            return RegistryStore(session).list_versions()

    def _describe(self, version: ModelVersion) -> tuple[ArchivedModel, Path]:
        folder = resolve(version.path).resolve()
        model = ArchivedModel(name=version.name, sha256=version.sha256)
        if folder.is_relative_to(ROOT / "models") and not folder.is_relative_to(self._settings.data_dir.resolve()):
            return model, folder  # it comes with Moderato
        if not has_files(folder):
            return model.model_copy(update={"note": f"its files are gone from {folder}"}), folder
        if folder_digest(folder) != version.sha256:
            return model.model_copy(update={"note": f"its files in {folder} are not the registered ones"}), folder
        return model.model_copy(update={"folder": f"models/{version.name}"}), folder

    def _note(self, made: Made, by: Person) -> None:
        """Write down that there is a backup: for the doctor, and in the audit trail."""
        told = {"made_at": made.manifest.made_at, "file": str(made.path.resolve()), "bytes": made.bytes}
        (self._settings.data_dir / _LAST).write_text(json.dumps(told))
        if health.schema_is_current(self._sessions.engine):
            with self._sessions.begin() as session:
                record(session, by, What.BACKUP_MADE, made.path.name, bytes=made.bytes, rows=made.manifest.counts)


def last_backup(settings: Settings) -> datetime | None:
    """When the last backup of this data folder was made; None if none was, or nothing is known of it."""
    try:
        return datetime.fromisoformat(json.loads((settings.data_dir / _LAST).read_text())["made_at"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _files_of(folder: Path, name: str) -> dict[str, Path]:
    """The plain files within a folder by their names in the archive; hidden ones are left out."""
    found = {path.relative_to(folder): path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()}
    return {
        f"{name}/{inner.as_posix()}": path
        for inner, path in sorted(found.items())
        if not any(part.startswith(".") for part in inner.parts)
    }


def _check_target(target: Path, *, force: bool) -> None:
    if target.is_dir():
        raise BadInput(f"{target} is a folder. Name a file in it, such as {target / 'moderato.tar.gz'}.")
    if not target.parent.is_dir():
        raise BadInput(f"There is no folder {target.parent}. Make it, or name a file elsewhere.")
    if target.exists() and not force:
        raise Conflict(f"{target} is there already. Give another name, or --force to replace it.")


@contextmanager
def _work_folder(target: Path) -> Iterator[Path]:
    """A hidden folder beside the target. One that a killed backup left behind goes first."""
    folder = target.with_name(f".{target.name}.part")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _publish(archive: Path, target: Path, *, force: bool) -> None:
    """Give the finished file its name in one step; without force, not over another one that came meanwhile."""
    if force:
        os.replace(archive, target)
    else:
        try:
            os.link(archive, target)
        except FileExistsError:
            raise Conflict(f"{target} was made meanwhile. Give another name.") from None
        except OSError:  # a file system without links
            os.replace(archive, target)
    sync_folder(target.parent)


def _words(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror} ({error.filename})" if error.filename else error.strerror
    return str(error) if type(error) is ValueError else type(error).__name__

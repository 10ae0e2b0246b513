"""Putting a backup back: everything is checked first, what was there is kept aside, and the change is one step."""

import fcntl
import os
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from core.accounts import Action, Person, check_may
from core.archive import ArchivedModel, Manifest, Progress, digest_of, read_manifest, unpack
from core.audit_trail import What, record
from core.backup import DATABASE, FILES, FOLDERS, TABLES
from core.domain import now
from core.errors import BadInput, Conflict
from core.heartbeat import SILENT_AFTER
from core.scoring.files import folder_digest, has_files, relative
from core.settings import Settings
from db.copying import (
    Busy,
    Copied,
    examine_sqlite,
    known_revisions,
    newest_schema,
    put_in_place,
    release_sqlite,
    replace_postgres,
    sqlite_path,
    sync_folder,
)
from db.session import Session, Sessions, build_engine
from db.stores.accounts import AccountStore
from db.stores.registry import RegistryStore
from db.stores.sign_ins import SignInStore
from db.stores.workers import WorkerStore

Finish = Callable[[Session], None]

_BUSY = (
    "Something has the database open. Stop the dashboard, every `moderato worker` and training, and other programs on "
    "it, then restore."
)


@dataclass(slots=True)
class Restored:
    """What a restore did."""

    manifest: Manifest
    aside: list[str] = field(default_factory=list)
    """Where what was there is now, in words; empty if nothing was there."""
    notes: list[str] = field(default_factory=list)


def restore(path: Path, settings: Settings, *, by: Person, say: Progress) -> Restored:
    """Put the backup into the data folder and database of the settings.

    Raises Conflict while something runs on them, BadInput for a backup that is damaged, of another kind of database
    or of a newer schema. Then nothing was changed; killed at any moment, the database is the old or the new one.
    """
    check_may(by, Action.BACK_UP)
    with _alone(settings):
        _refuse_if_in_use(settings)
        _check(read_manifest(path), path, settings)
        with _staging(settings.data_dir) as staging:
            manifest = unpack(path, staging, say)
            _check(manifest, path, settings)
            return _Restore(settings, manifest, staging, say).run(path.name, by)


class _Restore:
    """One restore whose files were unpacked and checked."""

    def __init__(self, settings: Settings, manifest: Manifest, staging: Path, say: Progress) -> None:
        self._settings, self._manifest, self._staging, self._say = settings, manifest, staging, say
        self._stamp = f"{now():%Y%m%d-%H%M%S-%f}"
        self._aside = settings.data_dir / f"before-restore-{self._stamp}"
        self._done = Restored(manifest)

    def run(self, name: str, by: Person) -> Restored:
        """Models and files first, which the old database does not miss; then the database, in one step."""
        if self._manifest.database == "sqlite":
            self._check_sqlite()
        paths = {model.name: self._place_model(model) for model in self._manifest.models if model.folder}
        self._place_files()

        def finish(session: Session) -> None:
            RegistryStore(session).set_paths(paths)
            _sign_all_out(session)
            record(session, by, What.RESTORED, name, made_at=self._manifest.made_at, revision=self._manifest.revision)

        moved = self._swap_sqlite(finish) if self._manifest.database == "sqlite" else self._swap_postgres(finish)
        self._done.notes.append(
            "everybody signs in again, and links to set passwords have ended; keys, accounts, roles and passwords are "
            "those of the backup: revoke again what was revoked since"
        )
        if moved:
            self._done.aside.append(moved)
        elif self._aside.exists():
            self._done.aside.append(str(self._aside))
        return self._done

    def _check_sqlite(self) -> None:
        try:
            found = examine_sqlite(self._staging / DATABASE, self._say)
        except ValueError as error:
            raise BadInput(f"The backup cannot be restored: {error}.") from error
        if (found.revision, found.counts) != (self._manifest.revision, self._manifest.counts):
            raise BadInput("The backup cannot be restored: its database is not the one that its manifest describes.")

    def _place_model(self, model: ArchivedModel) -> str:
        """Put a version's files where they do not touch others; the path to register."""
        new, target = self._staging / str(model.folder), self._settings.data_dir / "models" / model.name
        if folder_digest(new) != model.sha256:
            raise BadInput(
                f"The backup cannot be restored: the files of model {model.name} are not the registered ones."
            )
        if has_files(target) and folder_digest(target) == model.sha256:
            return relative(target)
        if target.exists():  # another model of that name, which the old database may need
            target = target.with_name(f"{model.name}-restored-{self._stamp}")
            self._done.notes.append(f"model {model.name} was put into {target}: another one is in its place")
        target.parent.mkdir(parents=True, exist_ok=True)
        for path in (new, *new.rglob("*"), target.parent):
            _own_as(self._settings.data_dir, path)
        os.rename(new, target)
        sync_folder(target.parent)
        return relative(target)

    def _place_files(self) -> None:
        """Snapshots and exports; one that is there with other content goes aside."""
        for folder in FOLDERS:
            root = self._staging / FILES / folder
            for new in sorted(path for path in root.rglob("*") if path.is_file()):
                target = self._settings.data_dir / folder / new.relative_to(root)
                if target.exists() and digest_of(target) == digest_of(new):
                    continue
                if target.exists():
                    kept = self._aside / folder / new.relative_to(root)
                    kept.parent.mkdir(parents=True, exist_ok=True)
                    os.link(target, kept)
                target.parent.mkdir(parents=True, exist_ok=True)
                os.replace(new, target)

    def _swap_sqlite(self, finish: Finish) -> str | None:
        new, current = self._staging / DATABASE, sqlite_path(self._settings.url)
        self._say("bringing the schema up to date", 0)
        with newest_schema(new) as session:
            finish(session)
        _give_to_owner(new, current)
        if current is None:
            raise BadInput("The database of the settings is no SQLite file.")
        current.parent.mkdir(parents=True, exist_ok=True)
        _refuse_if_in_use(self._settings)  # checking and migrating took time
        return str(self._aside) if put_in_place(new, current, self._aside) else None

    def _swap_postgres(self, finish: Finish) -> str | None:
        schema = f"before_restore_{self._stamp.replace('-', '_')}"
        manifest, engine = self._manifest, build_engine(self._settings.url)
        copied = Copied(manifest.revision, manifest.counts, manifest.columns, manifest.sequences)
        try:
            with replace_postgres(engine, copied, self._staging / TABLES, aside=schema, progress=self._say) as (
                session,
                moved,
            ):
                finish(session)
        except Busy:
            raise Conflict(_BUSY) from None
        except ValueError as error:
            raise BadInput(f"The backup cannot be restored: {error}.") from error
        finally:
            engine.dispose()
        return f"schema {schema} of the database" if moved else None


def _sign_all_out(session: Session) -> None:
    """Browsers that were signed out, and links that were used, since the backup was made must not work again."""
    at, accounts = now(), AccountStore(session)
    SignInStore(session).end(at)
    for account in accounts.list_all():
        accounts.end_links(account.id, at)


def _check(manifest: Manifest, path: Path, settings: Settings) -> None:
    wanted = "postgresql" if sqlite_path(settings.url) is None else "sqlite"
    if manifest.database != wanted:
        raise BadInput(
            f"{path} is a backup of a {manifest.database} database, and the settings name a {wanted} one. "
            "Restore it with the MODERATO_DATABASE_URL of such a database."
        )
    if manifest.revision not in known_revisions():
        raise BadInput(
            f"{path} has a schema that this Moderato does not know ({manifest.revision[:40]!r}): it was made by "
            "a newer one. Update Moderato, then restore."
        )
    needed = {DATABASE} if wanted == "sqlite" else {f"{TABLES}/{table}.copy" for table in manifest.columns}
    if lacking := needed - set(manifest.files):
        raise BadInput(f"{path} does not hold its database ({min(lacking)}). Take another backup.")


def _refuse_if_in_use(settings: Settings) -> None:
    """Raise Conflict while a worker, a dashboard or anything else works on the database."""
    file = sqlite_path(settings.url)
    if file is not None and not file.exists():
        return
    if name := _seen_worker(settings):
        raise Conflict(
            f"Moderato runs on this data ({name}). Stop the dashboard and every `moderato worker`, then restore. If it "
            f"was killed just now, wait {SILENT_AFTER.seconds} seconds."
        )
    try:
        if file is not None:
            release_sqlite(file)
    except Busy:
        raise Conflict(_BUSY) from None


def _seen_worker(settings: Settings) -> str | None:
    """Name of a worker that showed a sign of life of late; None if the database cannot say, being damaged or empty."""
    engine = build_engine(settings.url)
    try:
        with Sessions(engine).read() as session:
            found = WorkerStore(session).list_all()
    except Exception:  # restoring is what one does to a database that cannot be read
        return None
    finally:
        engine.dispose()
    return next((worker.name for worker in found if now() - worker.seen_at < SILENT_AFTER), None)


@contextmanager
def _alone(settings: Settings) -> Iterator[None]:
    """Only one restore at a time. Raises Conflict."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    with (settings.data_dir / ".restore.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Conflict("Another restore into this data folder is running.") from None
        yield


@contextmanager
def _staging(data_dir: Path) -> Iterator[Path]:
    """A hidden folder within the data folder. One that a killed restore left behind goes first."""
    folder = data_dir / ".restoring"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _give_to_owner(new: Path, current: Path | None) -> None:
    """Mode and owner of the database that was there, else closed to others and of the data folder's owner."""
    there = current is not None and current.exists()
    new.chmod(stat.S_IMODE(current.stat().st_mode) if current and there else 0o600)
    _own_as(current if current and there else new.parent.parent, new)


def _own_as(example: Path, path: Path) -> None:
    """Restored by root, files are the service's all the same."""
    if os.geteuid() == 0:
        found = example.stat()
        os.chown(path, found.st_uid, found.st_gid)

"""Whether this server can do its work: the database answers, the live model is sound, and somebody scores."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core.domain import ModelVersion, now
from core.errors import ModelUnavailable
from core.heartbeat import SILENT_AFTER
from core.log_text import whereabouts
from core.scoring.files import check_files, list_files, resolve
from core.scoring.load import find_loaded, probe
from core.settings import Settings
from core.worker import Models
from db.session import Sessions
from db.stores.registry import RegistryStore
from db.stores.workers import WorkerState, WorkerStore

log = logging.getLogger("moderato.ready")

DATABASE: Final = "database"
MODEL: Final = "live model"
WORKER: Final = "worker"

TODO: Final = {
    DATABASE: "Check that the database runs and lets Moderato in; `moderato doctor` on the server says more.",
    MODEL: "Run `moderato doctor` on the server; `moderato rollback` puts the former model back.",
    WORKER: "Start `moderato worker`, or the dashboard with MODERATO_EMBEDDED_WORKER=true.",
}
"""What to do about each. Nothing in it is told to strangers that they could not read in the manual."""


@dataclass(frozen=True, slots=True)
class Gap:
    """One thing that is not ready."""

    name: str
    why: str
    """For the log alone: it may name files."""

    @property
    def todo(self) -> str:
        """What to do, fit for anybody."""
        return TODO[self.name]


class Readiness:
    """Looks at what this server needs. One look at a time: the caller sees to that."""

    def __init__(self, sessions: Sessions, settings: Settings, models: Models) -> None:
        self._sessions, self._settings, self._models = sessions, settings, models
        self._files = FilesWatch()
        self._told: set[str] = set()
        self.step = DATABASE
        """What is being looked at: the culprit if the look does not end."""

    def look(self) -> list[Gap]:
        """What is not ready; empty when all is. Waits as long as the database and the model's files make it wait."""
        self.step = DATABASE
        try:
            with self._sessions.read() as session:
                live, workers = RegistryStore(session).get_live(), WorkerStore(session).list_all()
        except Exception as error:  # every driver has its own
            return self._tell([Gap(DATABASE, whereabouts(error))])
        self.step = MODEL
        return self._tell([*self._gaps(MODEL, lambda: self._check_model(live)), *_worker_gaps(workers)])

    def _gaps(self, name: str, check: Callable[[], None]) -> list[Gap]:
        try:
            check()
        except ModelUnavailable as error:
            return [Gap(name, str(error))]
        except Exception as error:  # whatever a model or its library may raise
            return [Gap(name, whereabouts(error))]
        return []

    def _check_model(self, live: ModelVersion | None) -> None:
        if live is None:
            raise ModelUnavailable("No model is live.")
        changed = self._files.changed(live)
        loaded = find_loaded(live)
        if loaded is None and self._settings.embedded_worker:  # elsewhere this machine may not have the memory for it
            loaded = self._models.load(live)
        if changed and loaded is not None:
            probe(loaded)
        self._files.settle()

    def _tell(self, gaps: list[Gap]) -> list[Gap]:
        """Log what changed since the last look."""
        for gap in gaps:
            if gap.name not in self._told:
                log.warning("not ready: %s (%s)", gap.name, gap.why)
        for name in self._told - {gap.name for gap in gaps}:
            log.info("ready again: %s", name)
        self._told = {gap.name for gap in gaps}
        return gaps


class FilesWatch:
    """Notices that a live model's files changed on disk, reading them whole only if their times or sizes did."""

    def __init__(self) -> None:
        self._sound: _Seen | None = None
        self._read: _Seen | None = None

    def changed(self, version: ModelVersion) -> bool:
        """Whether they had to be read again; raises ModelUnavailable unless they are the registered ones."""
        self._read = _see(version)
        if self._read == self._sound:
            return False
        check_files(version.name, version.path, version.sha256)
        return True

    def settle(self) -> None:
        """Take what was read for sound."""
        self._sound = self._read


_Seen = tuple[int, str, tuple[tuple[str, int, int], ...]]


def _see(version: ModelVersion) -> _Seen:
    folder = resolve(version.path)
    return version.id, version.sha256, tuple(sorted(_stamp(name, path) for name, path in list_files(folder)))


def _stamp(name: str, path: Path) -> tuple[str, int, int]:
    try:
        found = path.stat()
    except OSError:
        return name, -1, -1
    return name, found.st_size, found.st_mtime_ns


def _worker_gaps(workers: list[WorkerState]) -> list[Gap]:
    alive = [worker for worker in workers if now() - worker.seen_at < SILENT_AFTER]
    if not alive:
        return [Gap(WORKER, "none was seen of late")]
    if all(worker.problem for worker in alive):
        return [Gap(WORKER, str(alive[0].problem))]
    return []

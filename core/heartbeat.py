"""Signs of life of a worker, the state of scoring that they add up to, and errors told without comment text."""

import logging
import os
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import TracebackType
from typing import Final

from core.domain import now
from core.log_text import whereabouts
from db.session import Sessions
from db.stores.pending import PendingStore
from db.stores.registry import RegistryStore
from db.stores.workers import WorkerState, WorkerStore

log = logging.getLogger("moderato.worker")

SILENT_AFTER: Final = timedelta(seconds=15)
"""A worker that was not seen for so long is taken for dead."""

_FORGET_AFTER: Final = timedelta(days=1)


class Heartbeat:
    """While entered, writes down what the worker says of itself, from a thread: also while a model loads or scores."""

    def __init__(self, sessions: Sessions, state: Callable[[], WorkerState], *, seconds: float) -> None:
        self._sessions = sessions
        self._state = state
        self._seconds = seconds
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def __enter__(self) -> "Heartbeat":
        """Write the first sign, then go on from the thread."""
        self._beat()
        self._thread.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """Stop, and forget the worker: it ended as it should."""
        self._stop.set()
        self._thread.join()
        self._write(lambda store: store.remove(self._state().name))

    def _run(self) -> None:
        while not self._stop.wait(self._seconds):
            self._beat()

    def _beat(self) -> None:
        at = now()

        def put(store: WorkerStore) -> None:
            store.put(replace(self._state(), seen_at=at))
            store.remove_older(at - _FORGET_AFTER)

        self._write(put)

    def _write(self, change: Callable[[WorkerStore], None]) -> None:
        try:
            with self._sessions.begin() as session:
                change(WorkerStore(session))
        except Exception as error:  # a sign of life that is lost does no harm: the next one comes
            log.warning("no sign of life written: %s", whereabouts(error))


@dataclass(frozen=True, slots=True)
class ScoringStatus:
    """Whether what waits is being scored."""

    at: datetime
    waiting: int
    """Comments that are not scored by the live model yet."""
    set_aside: int
    """Those among them that made it fail."""
    live: str | None
    """Name of the live model."""
    workers: tuple[WorkerState, ...]
    """All that did not say good-bye, the latest seen first."""

    @property
    def alive(self) -> tuple[WorkerState, ...]:
        """Workers that were seen of late."""
        return tuple(worker for worker in self.workers if self.at - worker.seen_at < SILENT_AFTER)

    @property
    def problem(self) -> str | None:
        """What is wrong and what to do; None while all is well."""
        if self.live is None:
            return f"No model is live{self._so_they_wait}. Promote one on the Models page, or `moderato promote NAME`."
        told = [worker.problem for worker in self.alive]
        if told and all(told):
            return told[0]
        if self.waiting > self.set_aside and not self.alive:
            return (
                f"No worker is running{self._so_they_wait}. Start one with `moderato worker`, or start the dashboard "
                "again with MODERATO_EMBEDDED_WORKER=true."
            )
        if self.set_aside:
            return (
                f"The live model fails on {_comments(self.set_aside)}, which stay “not scored”. They are tried again "
                "after an hour and when another model goes live."
            )
        return None

    @property
    def _so_they_wait(self) -> str:
        return f", so {_comments(self.waiting)} wait{'s' * (self.waiting == 1)} unscored" if self.waiting else ""


class Scoring:
    """What pages ask about the workers."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def status(self) -> ScoringStatus:
        """How scoring goes at the moment."""
        with self._sessions.read() as session:
            pending, live = PendingStore(session), RegistryStore(session).get_live()
            return ScoringStatus(
                at=now(),
                waiting=pending.count(),
                set_aside=pending.count_set_aside(),
                live=live.name if live else None,
                workers=tuple(WorkerStore(session).list_all()),
            )


def worker_name(kind: str) -> str:
    """A name that no other running worker has: kind, host and process."""
    return f"{kind} {socket.gethostname()}:{os.getpid()}"


def _comments(count: int) -> str:
    return "1 comment" if count == 1 else f"{count:,} comments"

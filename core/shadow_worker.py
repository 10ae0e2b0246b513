"""Score for a challenger in the shadow: only while no live work waits, in a thread of its own, never in its way.

Nothing here touches flag, lane, band or audit draw of a comment, except that a drawn disagreement that was let through
is opened for a blind look. What fails here is told on the Models page and tried again; live scoring does not notice.
"""

import logging
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Final

import numpy as np

from core.domain import ModelVersion, now
from core.errors import ModeratoError
from core.log_text import whereabouts
from core.recording import score_each
from core.scoring.protocol import Scorer
from core.settings import Settings
from core.shadow_recording import record_shadow
from db.session import Sessions
from db.stores.pending import PendingStore
from db.stores.registry import RegistryStore
from db.stores.shadow import Shadow, ShadowLease, ShadowStore

log = logging.getLogger("moderato.worker")

_FIRST_BATCH: Final = 8
_BATCH_SECONDS: Final = 0.5
"""About how long a batch takes: while it runs it shares the machine with a live batch that comes in."""
_RETRY_SECONDS: Final = 30.0
"""When a model that cannot be loaded or fails altogether is tried again."""

Load = Callable[[ModelVersion], Scorer]


class ShadowWorker:
    """One thread's worth of shadow scoring. Any number may run side by side, in any number of processes."""

    def __init__(self, sessions: Sessions, settings: Settings, load: Load, name: str) -> None:
        self._sessions = sessions
        self._settings = settings
        self._load = load
        self._name = name
        self._shadow: Shadow | None = None
        self._scorer: Scorer | None = None
        self._size = _FIRST_BATCH

    def run(self, stop: threading.Event) -> None:
        """Score until told to stop. Outlives whatever a model or the database may raise."""
        while not stop.is_set():
            pause = 0.0 if self._try_once() else self._settings.poll_seconds
            if self._shadow and self._shadow.problem:
                pause = _RETRY_SECONDS
            if pause:
                stop.wait(pause)

    def score_some(self) -> int:
        """Score one batch for the shadow model, if one runs and no live work waits; returns how many were scored."""
        with self._sessions.read() as session:
            shadow, busy = ShadowStore(session).get_running(), PendingStore(session).has_work()
            version = RegistryStore(session).get_by_id(shadow.model_id) if shadow else None
        if shadow is None or version is None:
            self._forget()
            return 0
        if busy:
            return 0
        scorer = self._current(shadow, version)
        lease = self._lease(shadow)
        if not lease.size:
            return 0
        try:
            return self._score(lease, shadow, scorer)
        except BaseException:
            self._release(lease)
            raise

    def _try_once(self) -> int:
        problem, done = None, 0
        try:
            done = self.score_some()
        except ModeratoError as error:
            problem = str(error)
        except Exception as error:  # whatever a model or a driver may raise: the next batch may fare better
            log.warning("shadow scoring failed: %s", whereabouts(error))
            problem = f"Scoring fails with {whereabouts(error)}. It is tried again; see the log if this stays."
        if done or problem:
            self._tell(problem)
        return done

    def _current(self, shadow: Shadow, version: ModelVersion) -> Scorer:
        if self._scorer is None or self._shadow is None or self._shadow.id != shadow.id:
            self._forget()  # first, since two may not fit into memory
            self._shadow, self._size = shadow, _FIRST_BATCH
            self._scorer = self._load(version)
        return self._scorer

    def _forget(self) -> None:
        self._shadow = self._scorer = None

    def _lease(self, shadow: Shadow) -> ShadowLease:
        at = now()
        until = at + timedelta(seconds=self._settings.scoring_lease_seconds)
        with self._sessions.begin() as session:
            return ShadowStore(session).lease(shadow.id, self._name, self._size, now=at, until=until)

    def _score(self, lease: ShadowLease, shadow: Shadow, scorer: Scorer) -> int:
        with self._sessions.read() as session:
            found = ShadowStore(session).texts(lease)
        started = time.monotonic()
        scores = score_each(scorer, [text for _, text in found])
        self._adapt(len(found), time.monotonic() - started)
        ids = np.array([id_ for id_, _ in found], np.int64)
        with self._sessions.begin() as session:
            return record_shadow(session, shadow, lease, ids, scores)

    def _adapt(self, size: int, seconds: float) -> None:
        wanted = size / max(seconds, 1e-6) * _BATCH_SECONDS
        self._size = int(min(max(wanted, 1), size * 4 or 1, self._settings.worker_batch))

    def _release(self, lease: ShadowLease) -> None:
        try:
            with self._sessions.begin() as session:
                ShadowStore(session).release(lease)
        except Exception as error:  # the lease lapses by itself
            log.warning("a shadow lease was not given back: %s", whereabouts(error))

    def _tell(self, problem: str | None) -> None:
        shadow = self._shadow
        if shadow is None or shadow.problem == problem:
            return
        try:
            with self._sessions.begin() as session:
                ShadowStore(session).set_problem(shadow.id, problem)
                self._shadow = ShadowStore(session).get_running()
        except Exception as error:  # told again with the next batch
            log.warning("a problem was not written down: %s", whereabouts(error))

"""Score what waits: lease a batch, score it with no transaction open, write scores and routing in one transaction."""

import logging
import threading
import time
from dataclasses import replace
from datetime import timedelta
from typing import Final, Protocol

import numpy as np

from core.domain import ModelVersion, now
from core.drift.service import Drift
from core.errors import ModelUnavailable, ModeratoError
from core.heartbeat import Heartbeat
from core.log_text import whereabouts
from core.policies import Policies
from core.recording import note_both, record, score_each, watch
from core.registry import Registry
from core.routing import Ints, is_probability
from core.scoring.load import find_loaded, load_scorer
from core.scoring.protocol import Scorer, Scores
from core.settings import Settings
from db.session import Sessions
from db.stores.pending import Lease, PendingStore
from db.stores.scores import ScoreStore
from db.stores.workers import WorkerState

log = logging.getLogger("moderato.worker")

_RETRY_AFTER: Final = timedelta(hours=1)
"""When a comment that made the model fail is tried again, unless another model goes live before."""

_FIRST_BATCH: Final = 32
_LEASE_SHARE: Final = 0.1
"""A batch should take about this share of its lease: a slow model gets small batches, and none lapses while scored."""


_PATIENCE: Final = 2.0
"""Seconds that the end of what runs beside a worker is waited for."""


class Models(Protocol):
    """Where a worker gets its model from."""

    def live(self) -> ModelVersion | None:
        """The version that scores, or None."""
        ...

    def load(self, version: ModelVersion) -> Scorer:
        """The version's scorer; raises ModelUnavailable that says what to do."""
        ...


class Companion(Protocol):
    """What runs beside a worker, as shadow scoring does."""

    def run(self, stop: threading.Event) -> None:
        """Work until told to stop; outlives its own errors."""
        ...


class RegistryModels:
    """The registry's live model, loaded from its folder once, for all of this process that share this."""

    def __init__(self, registry: Registry, *, threads: int) -> None:
        self._registry = registry
        self._threads = threads
        self._held: tuple[tuple[int, str], Scorer] | None = None
        self._lock = threading.Lock()

    def live(self) -> ModelVersion | None:
        """The version that scores, or None."""
        return self._registry.live()

    def load(self, version: ModelVersion) -> Scorer:
        """The version's scorer; raises ModelUnavailable that says what to do."""
        key = version.id, version.sha256
        with self._lock:
            if self._held is None or self._held[0] != key:
                self._held = None  # first, since two may not fit into memory
                self._held = key, find_loaded(version) or load_scorer(version, threads=self._threads)
            return self._held[1]


class ScoringWorker:
    """One worker. Any number may run side by side, in any number of processes."""

    def __init__(
        self, sessions: Sessions, settings: Settings, models: Models, name: str, *, beside: Companion | None = None
    ) -> None:
        self._sessions = sessions
        self._settings = settings
        self._models = models
        self._beside = beside
        self._policies = Policies(sessions)
        self._drift = Drift(sessions)
        self._version: ModelVersion | None = None
        self._scorer: Scorer | None = None
        self._policy_id: int | None = None  # the policy that open items follow, as far as this worker knows
        self._size = min(_FIRST_BATCH, settings.worker_batch)
        self._state = WorkerState(name, started_at=now(), seen_at=now(), model=None, scored=0, problem=None)

    @property
    def name(self) -> str:
        """What leases and signs of life are kept under; unique among all that run."""
        return self._state.name

    def score_waiting(self) -> int:
        """Score one batch; returns how many comments got scores. Raises ModelUnavailable.

        0 means that nothing waits, or that another model went live while this one scored: its scores are then thrown
        away, and the comments wait again.
        """
        version, scorer = self._current()
        self._policies.active()  # on an empty database this makes one
        lease = self._lease()
        if not lease.size:
            return 0
        try:
            return self._score(lease, version, scorer)
        except BaseException:
            self._release(lease)
            raise

    def run(self, stop: threading.Event) -> None:
        """Score until told to stop, then give back what is held. Outlives errors of models, batches and database.

        What works beside it runs in a thread of its own; its end is waited for a moment only, since it may be slow.
        """
        beside = self._start_beside(stop)
        with Heartbeat(self._sessions, lambda: self._state, seconds=self._settings.poll_seconds):
            try:
                while not stop.is_set():
                    if not self._try_once():
                        stop.wait(self._settings.poll_seconds)
            finally:
                self._give_back()
                if beside:
                    beside.join(_PATIENCE)

    def _start_beside(self, stop: threading.Event) -> threading.Thread | None:
        if self._beside is None:
            return None
        thread = threading.Thread(target=self._beside.run, args=(stop,), name="shadow", daemon=True)
        thread.start()
        return thread

    def _try_once(self) -> int:
        try:
            done = self.score_waiting()
            self._follow_policy()
            self._drift.tend()
        except ModeratoError as error:
            self._tell(str(error))
            return 0
        except Exception as error:  # whatever a model or a driver may raise: the next batch may fare better
            log.warning("scoring failed: %s", whereabouts(error))
            self._tell(f"Scoring fails with {whereabouts(error)}. It is tried again; see the log if this stays.")
            return 0
        self._tell(None)
        return done

    def _current(self) -> tuple[ModelVersion, Scorer]:
        live = self._models.live()
        if live is None:
            self._forget_model()
            raise ModelUnavailable("No model is live. Promote one on the Models page, or with `moderato promote NAME`.")
        if self._scorer is None or self._version is None or self._version.id != live.id:
            self._forget_model()  # first, since two may not fit into memory
            self._scorer = self._models.load(live)
            self._version = live
            self._size = min(_FIRST_BATCH, self._settings.worker_batch)
            self._state = replace(self._state, model=live.name)
            with self._sessions.begin() as session:
                PendingStore(session).retry_set_aside()
        return self._version, self._scorer

    def _forget_model(self) -> None:
        self._version = self._scorer = None
        self._state = replace(self._state, model=None)

    def _lease(self) -> Lease:
        at = now()
        until = at + timedelta(seconds=self._settings.scoring_lease_seconds)
        with self._sessions.begin() as session:
            return PendingStore(session).lease(self.name, self._size, now=at, until=until)

    def _score(self, lease: Lease, version: ModelVersion, scorer: Scorer) -> int:
        with self._sessions.read() as session:
            found = PendingStore(session).texts(lease)
        ids = np.array([id_ for id_, _ in found], np.int64)
        started = time.monotonic()
        texts = [text for _, text in found]
        watched = watch(scorer, texts, ids, self._policies.highest_audit_rate())
        scores = score_each(watched or scorer, texts)
        self._adapt(len(found), time.monotonic() - started)
        done = self._write(lease, ids, scores, version)
        if done and watched:
            note_both(self._sessions, watched, texts, ids)
        self._state = replace(self._state, scored=self._state.scored + done)
        return done

    def _write(self, lease: Lease, ids: Ints, scores: Scores, version: ModelVersion) -> int:
        at, scored = now(), is_probability(scores)
        with self._sessions.begin() as session:
            if ScoreStore(session).live_model_id(lock=True) != version.id:
                PendingStore(session).release(lease)
                return 0
            pending = PendingStore(session)
            pending.set_aside(lease, ids[~scored].tolist(), until=at + _RETRY_AFTER)
            held = pending.finish(lease)  # without those that another worker took after the lease had lapsed
            kept = scored & np.array([id_ in held for id_ in ids.tolist()], bool)
            record(session, ids[kept], scores[kept], model_id=version.id, at=at)
        return int(kept.sum())

    def _release(self, lease: Lease) -> None:
        try:
            with self._sessions.begin() as session:
                PendingStore(session).release(lease)
        except Exception as error:  # the lease lapses by itself
            log.warning("a lease was not given back: %s", whereabouts(error))

    def _adapt(self, size: int, seconds: float) -> None:
        wanted = size / max(seconds, 1e-6) * self._settings.scoring_lease_seconds * _LEASE_SHARE
        self._size = int(min(max(wanted, 1), size * 4, self._settings.worker_batch))

    def _follow_policy(self) -> None:
        """Let open items follow a new policy: once at the start, and after each change that this worker sees."""
        policy_id = self._policies.active().id
        after: int | None = 0
        while after is not None and policy_id != self._policy_id:
            after = self._policies.reroute_open(after=after)
        self._policy_id = policy_id

    def _tell(self, problem: str | None) -> None:
        self._state = replace(self._state, problem=problem)

    def _give_back(self) -> None:
        try:
            with self._sessions.begin() as session:
                PendingStore(session).release_all(self.name)
        except Exception as error:  # the leases lapse by themselves
            log.warning("leases were not given back: %s", whereabouts(error))


class EmbeddedWorker:
    """A worker in a thread of this process: what scores inside the dashboard."""

    def __init__(self, worker: ScoringWorker) -> None:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=worker.run, args=(self._stop,), name="scoring", daemon=True)

    def start(self) -> None:
        """Begin to score."""
        self._thread.start()

    def stop(self, seconds: float = 10) -> None:
        """End after the batch at hand; a batch that takes longer is left to its lease."""
        self._stop.set()
        self._thread.join(seconds)

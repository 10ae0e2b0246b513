"""Score for a challenger in the shadow: only while no live work waits, in a thread of its own, never in its way.

Nothing here touches flag, lane, band or audit draw of a comment, except that a drawn disagreement that was let through
is opened for a blind look. What fails here is told on the Models page and tried again; live scoring does not notice.
"""

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Final

import numpy as np

from core.domain import Lane, ModelVersion, Policy, RoutingState, now
from core.errors import ModeratoError
from core.heartbeat import whereabouts
from core.labels import LABELS
from core.recording import score_each
from core.routing import Ints, disagreement_numbers, is_probability
from core.scoring.protocol import Scorer, Scores
from core.settings import Settings
from db.session import Session, Sessions
from db.stores.disagreements import ANY, DIFFERS, FAILED, Disagreement, DisagreementStore
from db.stores.pending import PendingStore
from db.stores.policies import PolicyStore
from db.stores.queue import QueueStore
from db.stores.registry import RegistryStore
from db.stores.scores import ScoreStore
from db.stores.shadow import Shadow, ShadowLease, ShadowStore
from db.stores.traffic import TrafficStore

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


def record_shadow(session: Session, shadow: Shadow, lease: ShadowLease, ids: Ints, scores: Scores) -> int:
    """Write a shadow model's scores [n, 6] of n comments, its traffic and where it parts from the live model.

    Returns how many were written; none if the span ended meanwhile. A text that the model fails on (NaN) is counted as
    failed and not tried again.
    """
    store, reports = ShadowStore(session), DisagreementStore(session)
    if not store.holds(shadow.id):
        return 0
    held = store.finish(lease)  # without those that another worker took after the lease had lapsed
    kept = np.array([id_ in held for id_ in ids.tolist()], bool)
    scored = kept & is_probability(scores)
    reports.count(shadow.id, {(FAILED, 0): int(kept.sum() - scored.sum())})
    placed = store.placed(ids[scored].tolist())
    routed = scored & np.array([id_ in placed for id_ in ids.tolist()], bool)
    ids, scores = ids[routed], scores[routed]
    if not len(ids):
        return 0
    at = now()
    ScoreStore(session).put(ids, scores, shadow.model_id, at)
    days = np.array([placed[id_][0] for id_ in ids.tolist()], np.int64)
    TrafficStore(session).add_scores(days, scores, shadow.model_id)
    policy = PolicyStore(session).active()
    if policy:
        live, live_ids = _live_scores(session, ids, [placed[id_][1] for id_ in ids.tolist()])
        counts, found = compare_flags(ids, (live, scores), live_ids, policy, shadow.rate)
        reports.count(shadow.id, counts)
        reports.add(shadow.id, found, at)
        _open(session, [one.comment_id for one in found if one.drawn])
    return len(ids)


def _live_scores(session: Session, ids: Ints, models: Sequence[int]) -> tuple[Scores, Ints]:
    """The scores [n, 6] that routed each comment, and whose they are, [n]."""
    live = np.full((len(ids), len(LABELS)), np.nan, np.float32)
    by = np.array(models, np.int64)
    for model_id in np.unique(by).tolist():
        rows = np.flatnonzero(by == model_id)
        live[rows] = ScoreStore(session).matrix(ids[rows].tolist(), model_id)
    return live, by


def compare_flags(
    ids: Ints, scores: tuple[Scores, Scores], live_ids: Ints, policy: Policy, rate: float
) -> tuple[Counter[tuple[int, int]], list[Disagreement]]:
    """How live and shadow scores (a pair of [n, 6]) stand to the policy's thresholds: counts, and the disagreements.

    Each disagreement is drawn with `rate` by its permanent random number, so a later look draws the same ones.
    """
    live, shadow = scores
    known = is_probability(live)
    at = np.asarray(policy.thresholds, np.float32)
    flags = [(one[known] >= at).astype(np.int64) for one in (live, shadow)]
    ids, live_ids = ids[known], live_ids[known]
    cells = np.column_stack([flags[0] + 2 * flags[1], flags[0].max(1, initial=0) + 2 * flags[1].max(1, initial=0)])
    counts = Counter(
        {(what, cell): int((cells[:, what] == cell).sum()) for what in range(ANY + 1) for cell in range(4)}
    )
    bits = 1 << np.arange(len(LABELS))
    masks = [(one * bits).sum(1) for one in flags]
    odd = np.flatnonzero(masks[0] != masks[1])
    drawn = disagreement_numbers(ids[odd]) < rate
    found = [
        Disagreement(id_, live_id, live_mask, shadow_mask, rate, is_drawn)
        for id_, live_id, live_mask, shadow_mask, is_drawn in zip(
            ids[odd].tolist(), live_ids[odd].tolist(), masks[0][odd].tolist(), masks[1][odd].tolist(), drawn.tolist(),
            strict=True,
        )
    ]  # fmt: skip
    counts[DIFFERS, 0], counts[DIFFERS, 1] = len(odd), int(drawn.sum())
    return counts, found


def _open(session: Session, comment_ids: Sequence[int]) -> None:
    """Let drawn comments that no person would see wait for a blind look; open and settled ones stay as they are."""
    if not comment_ids:
        return
    queue = QueueStore(session)
    unseen = (RoutingState.ALLOWED, RoutingState.REMOVED)
    ids = [place.comment_id for place in queue.lock(comment_ids).values() if place.state in unseen]
    queue.reopen(ids, Lane.DISAGREEMENT)

"""Figures for whoever watches the installation, as a scrape asks for them: cheap at any size, never comment text."""

import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric

from core.domain import Lane, Outcome, now
from core.heartbeat import SILENT_AFTER
from core.settings import Settings
from db.session import Session, Sessions
from db.stores.pending import PendingStore
from db.stores.policies import PolicyStore
from db.stores.registry import RegistryStore
from db.stores.search import SearchIndexStore
from db.stores.telemetry import TelemetryStore
from db.stores.webhooks import Counts, WebhookStore
from db.stores.workers import WorkerStore

_FRESH_SECONDS: Final = 5.0
"""Scrapes within so long share one look into the database."""
_COST_FACTOR: Final = 20
"""A slow database is looked into so seldom that it takes a twentieth of the time."""
_CHUNK: Final = 250_000
"""Entries of the ledger counted in one transaction."""

Read = Callable[[Session], Iterator[Metric]]


class Telemetry:
    """Reads the figures of one database. One thread at a time looks; the others are given what it found."""

    def __init__(self, sessions: Sessions, settings: Settings) -> None:
        self._sessions, self._settings = sessions, settings
        self._ledger = LedgerCount()
        self._lock = threading.Lock()
        self._found: list[Metric] = []
        self._until = 0.0

    def read(self) -> list[Metric]:
        """The families, some seconds old at most. Raises what the database raises."""
        with self._lock:
            started = time.monotonic()
            if started >= self._until:
                self._found = [*self._look(), *_disk(self._settings)]
                took = time.monotonic() - started
                self._until = time.monotonic() + max(_FRESH_SECONDS, _COST_FACTOR * took)
            return self._found

    def _look(self) -> list[Metric]:
        self._ledger.catch_up(self._sessions)
        with self._sessions.read() as session:
            found = [family for read in _READS for family in read(session)]
        return found + list(self._ledger.families())


class LedgerCount:
    """Entries of the ledger by kind: counted once, then only what was appended. Ids are in order of commits."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[Outcome, Lane, bool]] = Counter()
        self._upto = 0

    def catch_up(self, sessions: Sessions) -> None:
        """Count what is new."""
        with sessions.read() as session:
            end = TelemetryStore(session).ledger_end()
        if end < self._upto:  # another ledger was put in its place
            self._counts.clear()
            self._upto = 0
        while self._upto < end:
            upto = min(end, self._upto + _CHUNK)
            with sessions.read() as session:
                found = TelemetryStore(session).count_entries(self._upto, upto)
            self._counts.update({(c.outcome, c.lane, c.revocation): c.count for c in found})
            self._upto = upto

    def families(self) -> Iterator[Metric]:
        """Decisions and what was taken back."""
        made = CounterMetricFamily(
            "moderato_decisions", "Decisions that people and trusted programs made.", labels=("outcome", "lane")
        )
        undone = CounterMetricFamily("moderato_decisions_revoked", "Decisions that were taken back.", labels=("lane",))
        taken: Counter[Lane] = Counter()
        for (outcome, lane, revocation), many in sorted(self._counts.items()):
            if revocation:
                taken[lane] += many
            else:
                made.add_metric((outcome.value, lane.value), many)
        for lane, many in taken.items():
            undone.add_metric((lane.value,), many)
        yield made
        yield undone


def _queue(session: Session) -> Iterator[Metric]:
    depth = GaugeMetricFamily("moderato_queue_comments", "Comments that wait for a person.", labels=("lane",))
    age = GaugeMetricFamily(
        "moderato_queue_oldest_age_seconds",
        "Time since the oldest waiting comment was first routed; 0 for an empty lane.",
        labels=("lane",),
    )
    for lane in (lanes := TelemetryStore(session).lanes()):
        depth.add_metric((lane.lane.value,), lane.comments)
        age.add_metric((lane.lane.value,), _age(lane.oldest))
    audit = next(lane for lane in lanes if lane.lane is Lane.AUDIT)
    backlog = GaugeMetricFamily("moderato_audit_backlog_comments", "Comments of the audit sample that nobody settled.")
    backlog.add_metric((), audit.comments)
    yield from (depth, age, backlog)


def _scoring(session: Session) -> Iterator[Metric]:
    pending, store = PendingStore(session), TelemetryStore(session)
    yield _gauge(
        "moderato_scoring_waiting_comments", "Comments that wait for the live model's scores.", pending.count()
    )
    yield _gauge(
        "moderato_scoring_failing_comments",
        "Those among them that make the live model fail.",
        pending.count_set_aside(),
    )
    yield _gauge(
        "moderato_scoring_lag_seconds",
        "Age of the oldest comment that has no scores at all; 0 without any.",
        _age(store.oldest_unscored()),
    )
    routed = CounterMetricFamily("moderato_comments_routed", "Comments that were scored and routed for the first time.")
    routed.add_metric((), store.routed())
    yield routed


def _workers(session: Session) -> Iterator[Metric]:
    alive = [worker for worker in WorkerStore(session).list_all() if now() - worker.seen_at < SILENT_AFTER]
    count = GaugeMetricFamily("moderato_workers", "Scoring workers seen of late, by state.", labels=("state",))
    count.add_metric(("scoring",), sum(worker.problem is None for worker in alive))
    count.add_metric(("failing",), sum(worker.problem is not None for worker in alive))
    scored = CounterMetricFamily(
        "moderato_worker_scored_comments", "Comments that a worker scored since it started.", labels=("worker",)
    )
    for worker in alive:
        scored.add_metric((worker.name,), worker.scored)
    yield from (count, scored)


def _versions(session: Session) -> Iterator[Metric]:
    model = InfoMetricFamily("moderato_model", "The live model.")
    if live := RegistryStore(session).get_live():
        model.add_metric((), {"name": live.name, "kind": live.kind, "sha256": live.sha256[:12]})
    yield model
    if policy := PolicyStore(session).active():
        yield _gauge("moderato_policy_version", "The active policy.", policy.id)


def _database(session: Session) -> Iterator[Metric]:
    store = TelemetryStore(session)
    yield _gauge("moderato_database_size_bytes", "Size of the database.", store.database_bytes())
    yield _gauge(
        "moderato_search_index_behind_comments",
        "Comments that cannot be found by their text yet.",
        SearchIndexStore(session).behind(),
    )


def _webhooks(session: Session) -> Iterator[Metric]:
    """By number, never by name or address: whoever reads figures need not know where decisions go."""
    store = WebhookStore(session)
    hooks = store.list_all()
    counts = store.counts([hook.id for hook in hooks])
    messages = GaugeMetricFamily(
        "moderato_webhook_messages", "Messages for webhooks that wait, or were given up.", labels=("webhook", "state")
    )
    failing = GaugeMetricFamily(
        "moderato_webhook_failing_seconds", "Time since the first failure after the last success.", labels=("webhook",)
    )
    enabled = GaugeMetricFamily("moderato_webhook_enabled", "Whether messages are sent: 1 or 0.", labels=("webhook",))
    behind = GaugeMetricFamily(
        "moderato_webhook_behind_entries", "Entries of the ledger that were not looked at yet.", labels=("webhook",)
    )
    end = store.ledger_end()
    for hook in hooks:
        number, many = str(hook.id), counts.get(hook.id, Counts())
        messages.add_metric((number, "waiting"), many.waiting)
        messages.add_metric((number, "failed"), many.failed)
        failing.add_metric((number,), _age(hook.failing_since))
        enabled.add_metric((number,), float(hook.enabled))
        behind.add_metric((number,), max(0, end - hook.cursor))
    yield from (messages, failing, enabled, behind) if hooks else ()


_READS: Final[tuple[Read, ...]] = (_queue, _scoring, _workers, _versions, _database, _webhooks)
"""What a look into the database reads."""


def _disk(settings: Settings) -> Iterator[Metric]:
    free = shutil.disk_usage(settings.data_dir).free
    yield _gauge("moderato_data_free_bytes", "Free space on the disk of the data folder.", free)


def _gauge(name: str, meaning: str, value: float) -> Metric:
    return GaugeMetricFamily(name, meaning, value=value)


def _age(moment: datetime | None) -> float:
    return 0.0 if moment is None else max(0.0, (now() - moment).total_seconds())

"""Reads what a policy is tried on: traffic, decided audit items, times of decisions, the last days' comments."""

import threading
from typing import Final

import numpy as np

from core.audit_items import AuditItems, no_items
from core.capacity import Site
from core.domain import Lane, Policy
from core.metrics.cells import PPM, stratum_of
from core.metrics.fold import latest_effective
from core.policies import OUTLOOK_DAYS, Policies, today_number
from core.preview import Preview, compare
from db.session import Sessions
from db.stores.drift_boosts import open_boosts
from db.stores.metrics import MetricsStore
from db.stores.planning import PlanningStore
from db.stores.scores import ScoreStore

EVIDENCE_DAYS: Final = 30
"""How far back audit items speak for today's traffic: more would be surer, and staler."""

MOST_ITEMS: Final = 20_000
"""Audit items that are read at most, the newest."""

MOST_TIMES: Final = 5_000
"""Decisions whose time is read at most, the newest."""

MOST_PREVIEWED: Final = 100_000
"""Comments of a preview at most, the newest."""


class Planner:
    """What policies are tried on, on one database. Thread-safe; reads only."""

    def __init__(self, sessions: Sessions, policies: Policies) -> None:
        self._sessions = sessions
        self._policies = policies
        self._lock = threading.Lock()
        self._items: tuple[object, AuditItems] = (None, no_items())

    def site(self) -> Site:
        """Traffic, audit items, times and raised audit rates of now."""
        traffic = self._policies.traffic()
        with self._sessions.read() as session:
            timings: dict[Lane, list[float]] = {}
            for lane, seconds in PlanningStore(session).timings(MOST_TIMES):
                timings.setdefault(Lane(lane), []).append(seconds)
            boosts = open_boosts(session)
        return Site(traffic, self.items(), timings, boosts)

    def items(self) -> AuditItems:
        """Decided audit items of the last days that the live model scored, each with its stratum."""
        today = today_number()
        first = today - EVIDENCE_DAYS + 1
        with self._lock, self._sessions.read() as session:
            model_id = ScoreStore(session).live_model_id()
            store = MetricsStore(session)
            version = (model_id, today, store.ledger_end(), store.routed())
            if version != self._items[0]:
                ids = PlanningStore(session).audited(first, today, MOST_ITEMS)
                made = no_items() if model_id is None else _read(store, model_id, ids, store.strata(first, today))
                self._items = version, made
            return self._items[1]

    def preview(self, draft: Policy) -> Preview:
        """What the draft would have done otherwise than the active policy on the last days, by the live model."""
        active, today = self._policies.active(), today_number()
        with self._sessions.read() as session:
            model_id = ScoreStore(session).live_model_id()
            rows = np.zeros((0, 8))
            if model_id is not None:
                store = PlanningStore(session)
                rows = store.routed(model_id, today - OUTLOOK_DAYS + 1, today, MOST_PREVIEWED)
        ids, day = rows[:, :2].astype(np.int64).T
        return compare(ids, day, rows[:, 2:].astype(np.float32), old=active, new=draft)


def _read(store: MetricsStore, model_id: int, ids: np.ndarray, strata: np.ndarray) -> AuditItems:
    """The items of these comments that are decided and scored; the same rules as the metrics' fold."""
    held = latest_effective(store.history_of(model_id, ids))
    held = held.take(held.scores[:, 0] >= 0)
    number = stratum_of(held.band, np.rint(held.rate * PPM).astype(np.int64), np.ones(len(held.band), np.int64))
    found, stratum = np.unique(number, return_inverse=True)
    rates = np.rint(strata[:, 1] * PPM).astype(np.int64)
    of_traffic = stratum_of(strata[:, 0].astype(np.int64), rates, np.ones(len(rates), np.int64))
    sizes = dict(zip(of_traffic.tolist(), strata[:, 2].tolist(), strict=True))
    sampled = np.bincount(stratum, minlength=len(found)).astype(np.float64)
    population = np.maximum([sizes.get(key, 0.0) for key in found.tolist()], sampled)
    uncovered = int(sum(size for key, size in sizes.items() if key not in set(found.tolist())))
    labels = (held.labels[:, None] >> np.arange(held.scores.shape[1])) & 1
    return AuditItems(
        held.band, held.scores.astype(np.float32), labels.astype(bool), stratum.astype(np.int64), population, uncovered
    )

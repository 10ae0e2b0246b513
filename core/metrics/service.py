"""Metrics of every model on every span of days, kept live."""

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from core.domain import Stage, now
from core.labels import LABELS
from core.metrics.activity import HourCounts, ScoreDays, score_days
from core.metrics.bins import Floats, Ints
from core.metrics.cells import PPM, split_stratum, stratum_of
from core.metrics.estimate import AtThreshold, Ranking, Sample, at_thresholds, class_sizes, edges_of, rankings
from core.metrics.fold import Fold, Totals
from db.session import Sessions
from db.stores.metrics import MetricsStore

_CHUNK = 200_000
"""Ledger entries folded at a time: bounds the memory of a first fold."""
_MODELS = 4
"""Models whose folds are kept; the one unused for longest is folded again when asked for."""
_KEPT = 16
"""Views whose rankings are kept until something in them changes."""
_PROBE = 20_000
"""Comments without a score that are looked up at a time."""
_PROBE_SECONDS = 5.0
_DEFAULT_THRESHOLD = 0.5


class View(StrEnum):
    """Which decided comments are counted, and how."""

    REVIEWED = "reviewed"
    """Every decided comment counts once."""
    TRAFFIC = "traffic"
    """Items of the audit sample alone, each standing for N/n comments of its stratum."""


@dataclass(frozen=True, slots=True)
class Days:
    """A span of days since 1970 (UTC), both ends included: days on which comments came in."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """A model that metrics can be asked of."""

    id: int
    name: str
    stage: Stage


@dataclass(frozen=True, slots=True)
class Version:
    """Changes whenever the numbers may have changed."""

    decisions: int
    traffic: tuple[int, int]


@dataclass(frozen=True, slots=True)
class LabelReport:
    """One label's numbers in one view."""

    label: str
    positives: int
    """Decided comments that people gave the label."""
    negatives: int
    ranking: Ranking
    at: AtThreshold


@dataclass(frozen=True, slots=True)
class Overview:
    """All numbers of a model in one view."""

    view: View
    sample: Sample
    """What the curves are made from: core.metrics.curves."""
    labels: tuple[LabelReport, ...]
    decided: int
    """Comments counted."""
    traffic: int
    """Comments that came in on these days."""
    covered: int
    """Comments of the strata that have a decided audit item; the rest of the traffic nothing is known about."""


@dataclass(frozen=True, slots=True)
class _Ranked:
    """What a view's numbers have in common at all thresholds."""

    sample: Sample
    rankings: list[Ranking]
    sizes: Ints
    at: dict[bytes, list[AtThreshold]]
    """The last thresholds asked for, as edges, and what holds at them."""

    def at_edges(self, edges: Ints) -> list[AtThreshold]:
        """What holds at these thresholds' edges [6]."""
        key = edges.tobytes()
        if key not in self.at:
            self.at.clear()
            self.at[key] = at_thresholds(self.sample, edges)
        return self.at[key]


class Metrics:
    """Keeps a fold a model in this process; thread-safe. Reads the database, never writes it."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._lock = threading.RLock()
        self._folds: OrderedDict[int, Fold] = OrderedDict()
        self._probed: dict[int, float] = {}
        self._ranked: OrderedDict[tuple[int, Days, View], tuple[object, _Ranked]] = OrderedDict()
        self._hours = HourCounts()

    def version(self) -> Version:
        """A cheap counter of changes, for polling."""
        with self._sessions.read() as session:
            store = MetricsStore(session)
            return Version(store.ledger_end(), store.routed())

    def models(self) -> list[ModelChoice]:
        """All model versions, the live one first, then the newest."""
        with self._sessions.read() as session:
            found = [ModelChoice(id, name, Stage(stage)) for id, name, stage in MetricsStore(session).models()]
        return sorted(found, key=lambda choice: choice.stage != Stage.LIVE)

    def days(self) -> Days | None:
        """First and last day of traffic; None before any."""
        with self._sessions.read() as session:
            found = MetricsStore(session).days()
        return Days(*found) if found else None

    def thresholds(self) -> list[float]:
        """The active policy's thresholds, in LABELS order; 0.5 before there is a policy."""
        with self._sessions.read() as session:
            return MetricsStore(session).thresholds() or [_DEFAULT_THRESHOLD] * len(LABELS)

    def overview(self, model_id: int, days: Days, view: View, *, thresholds: list[float] | None = None) -> Overview:
        """All numbers of the model in one view, at these thresholds or the policy's."""
        return self._overviews(model_id, days, (view,), thresholds)[0]

    def overviews(self, model_id: int, days: Days, *, thresholds: list[float] | None = None) -> list[Overview]:
        """Both views, as reviewed first, of one and the same state of the ledger."""
        return self._overviews(model_id, days, tuple(View), thresholds)

    def pending_audits(self, days: Days) -> int:
        """Audit items of these days that wait for a decision."""
        with self._sessions.read() as session:
            return MetricsStore(session).pending_audits(days.first, days.last)

    def backlog(self) -> dict[str, int]:
        """Open items by lane."""
        with self._sessions.read() as session:
            return MetricsStore(session).backlog()

    def score_days(self, model_id: int, label: str, days: Days) -> ScoreDays:
        """How each day's scores are spread, all traffic."""
        with self._sessions.read() as session:
            rows = MetricsStore(session).score_days(model_id, LABELS.index(label), days.first, days.last)
        return score_days(rows)

    def decisions_per_hour(self, hours: int = 48) -> list[tuple[int, int]]:
        """(hour since 1970, standing decisions made in it) of the last hours."""
        with self._lock, self._sessions.read() as session:
            store = MetricsStore(session)
            end = store.ledger_end()
            if end > self._hours.cursor:
                self._hours.add(store.hours(self._hours.cursor, end), end)
            return self._hours.last(hours, int(now().timestamp()) // 3600)

    def refresh(self, model_id: int) -> Fold:
        """Bring the model's fold up to date, late scores too, and return it."""
        with self._lock, self._sessions.read() as session:
            fold = self._refresh(MetricsStore(session), model_id)
            _take_late_scores(MetricsStore(session), fold, model_id, fold.unscored())
            return fold

    def fold_part(self, model_id: int) -> bool:
        """Take in the next part of the ledger; says whether more waits. Readers come in between parts."""
        with self._lock, self._sessions.read() as session:
            store, fold = MetricsStore(session), self._fold(model_id)
            end = store.ledger_end()
            if fold.cursor < end:
                _fold_part(store, fold, model_id, end)
            return fold.cursor < end

    def _overviews(
        self, model_id: int, days: Days, views: tuple[View, ...], thresholds: list[float] | None
    ) -> list[Overview]:
        with self._lock, self._sessions.read() as session:
            store = MetricsStore(session)
            totals = self._refresh(store, model_id).totals(days.first, days.last)
            strata = store.strata(days.first, days.last)
            thresholds = thresholds or store.thresholds() or [_DEFAULT_THRESHOLD] * len(LABELS)
            found = [self._rank((model_id, days, view), totals, strata) for view in views]
        edges, traffic = edges_of(thresholds), int(strata[:, 2].sum())
        return [_overview(ranked, view, edges, traffic) for ranked, view in zip(found, views, strict=True)]

    def _rank(self, key: tuple[int, Days, View], totals: Totals, strata: Floats) -> "_Ranked":
        """The view's sample and rankings; made anew only if one of its own counts changed since the last time."""
        view = key[2]
        state = (totals.stamps[0], None) if view is View.REVIEWED else (totals.stamps[1], strata.tobytes())
        if key not in self._ranked or self._ranked[key][0] != state:
            sample = _sample(totals, strata, view)
            self._ranked[key] = state, _Ranked(sample, rankings(sample), class_sizes(sample), {})
        self._ranked.move_to_end(key)
        while len(self._ranked) > _KEPT:
            self._ranked.popitem(last=False)
        return self._ranked[key][1]

    def _refresh(self, store: MetricsStore, model_id: int) -> Fold:
        end = store.ledger_end()
        fold = self._fold(model_id)
        if end < fold.cursor:  # another ledger was put in this one's place
            fold = self._folds[model_id] = Fold()
        while fold.cursor < end:
            _fold_part(store, fold, model_id, end)
        self._probe(store, fold, model_id)
        return fold

    def _probe(self, store: MetricsStore, fold: Fold, model_id: int) -> None:
        """Look now and then whether comments decided before they were scored have a score by now, a part at a time."""
        if time.monotonic() < self._probed.get(model_id, 0):
            return
        waiting = fold.unscored()
        turn = int(time.monotonic() / _PROBE_SECONDS) % max(1, -(-len(waiting) // _PROBE))
        _take_late_scores(store, fold, model_id, waiting[turn * _PROBE :][:_PROBE])
        self._probed[model_id] = time.monotonic() + _PROBE_SECONDS

    def _fold(self, model_id: int) -> Fold:
        if model_id not in self._folds:
            self._folds[model_id] = Fold()
        self._folds.move_to_end(model_id)
        while len(self._folds) > _MODELS:
            self._folds.popitem(last=False)
        return self._folds[model_id]


def _fold_part(store: MetricsStore, fold: Fold, model_id: int, end: int) -> None:
    upto = min(end, fold.cursor + _CHUNK)
    fold.reconcile(store.history_between(model_id, fold.cursor, upto))
    fold.cursor = upto


def _take_late_scores(store: MetricsStore, fold: Fold, model_id: int, waiting: np.ndarray) -> None:
    for start in range(0, len(waiting), _PROBE):
        found = store.scored_among(model_id, waiting[start : start + _PROBE])
        if len(found):
            fold.reconcile(store.history_of(model_id, found))


def _sample(totals: Totals, strata: Floats, view: View) -> Sample:
    """The sample of a view. Strata whose decided items were all undone are left out."""
    counts, places = totals.counts[:, : len(LABELS)], totals.places[:, :, : len(LABELS)]
    sampled = counts[:, 0].sum((1, 2))
    if view is View.REVIEWED:
        some = slice(int(sampled.sum() > 0))
        return Sample(counts.sum(0, keepdims=True)[some], places.sum(0), sampled.sum(keepdims=True)[some], None)
    _, _, audit = split_stratum(totals.strata)
    kept = (audit == 1) & (sampled > 0)
    population = _population(totals.strata[kept], sampled[kept], strata)
    return Sample(counts[kept], places[1].copy(), sampled[kept], population, totals.strata[kept])


def _population(kept: np.ndarray, sampled: Floats, strata: Floats) -> Floats:
    """All comments of each kept stratum; rows of `strata` are (band, rate, count)."""
    rate = np.rint(strata[:, 1] * PPM).astype(np.int64)
    numbers = stratum_of(strata[:, 0].astype(np.int64), rate, np.ones(len(rate), np.int64))
    size = dict(zip(numbers.tolist(), strata[:, 2].tolist(), strict=True))
    return np.maximum([size.get(number, 0.0) for number in kept.tolist()], sampled)


def _overview(found: _Ranked, view: View, edges: np.ndarray, traffic: int) -> Overview:
    sample, sizes, at = found.sample, found.sizes, found.at_edges(edges)
    return Overview(
        view=view,
        sample=sample,
        labels=tuple(
            LabelReport(label, int(sizes[i, 1]), int(sizes[i, 0]), found.rankings[i], at[i])
            for i, label in enumerate(LABELS)
        ),
        decided=int(sample.sampled.sum()),
        traffic=traffic,
        covered=0 if sample.population is None else int(sample.population.sum()),
    )

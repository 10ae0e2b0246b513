"""Traffic as a model scores it, without a model: realistic logits, cut into the bins that a worker keeps."""

from dataclasses import dataclass

import numpy as np
from sqlalchemy import func, select

from core.domain import BANDS, now
from core.labels import LABELS
from core.routing import DEFAULT_THRESHOLDS, band_of
from core.text import text_hash
from db.models import CommentRow, RoutingRow
from db.session import Sessions
from db.stores.drift import DayCounts, DriftStore, WordCounts
from db.stores.traffic import BINS, TrafficStore, logit_bins

RATES = (0.096, 0.01, 0.053, 0.003, 0.049, 0.009)
"""Jigsaw's share of positives, by label."""
THRESHOLDS = DEFAULT_THRESHOLDS


@dataclass(frozen=True)
class Day:
    """A day's comments as a worker counts them."""

    volume: int
    scores: np.ndarray
    bands: np.ndarray
    words: tuple[float, ...]


def count_day(scores: np.ndarray, rng: np.random.Generator) -> Day:
    """Count probabilities, [n, 6], and make up words."""
    bands = np.zeros((BANDS, BINS), np.int64)
    np.add.at(bands, (band_of(scores), logit_bins(scores.max(1))), 1)
    by_label = np.stack([np.bincount(column, minlength=BINS) for column in logit_bins(scores).T])
    return Day(len(scores), by_label, bands, make_words(rng))


def make_words(rng: np.random.Generator, rate: float = 0.02, sample: int = 1_000) -> tuple[float, ...]:
    """Sums over a sample of comments: their lengths vary widely, and new words come in clumps."""
    words = rng.geometric(1 / 40, sample)
    fresh = rng.binomial(words, rng.beta(rate * 8, (1 - rate) * 8, sample))
    sums = (words, fresh, words**2, fresh**2, words * fresh)
    return (sample, *(float(one.sum()) for one in sums))


class Site:
    """A site whose comments have the same distribution every day, unless told otherwise."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self._pool = self._make(60_000)

    def day(self, n: int, shift: tuple[float, ...] = (0.0,) * 6) -> Day:
        """A day of n comments."""
        return count_day(self.scores(n, shift), self.rng)

    def scores(self, n: int, shift: tuple[float, ...] = (0.0,) * 6) -> np.ndarray:
        """Probabilities [n, 6] of n comments, moved by so many logits."""
        logits = self._pool[self.rng.integers(len(self._pool), size=n)] + np.array(shift)
        return (1 / (1 + np.exp(-logits))).astype(np.float32)

    def _make(self, n: int) -> np.ndarray:
        """Logits: most of a label lie low, its positives high, labels together."""
        severity, logits = self.rng.normal(size=n), np.empty((n, len(LABELS)))
        for j, rate in enumerate(RATES):
            own = 0.6 * severity + 0.8 * self.rng.normal(size=n)
            positive = own > np.quantile(own, 1 - rate)
            low = np.log(rate / (1 - rate)) - 1.5
            logits[:, j] = np.where(positive, self.rng.normal(0.5, 1.8, n), low + 1.2 * own)
        return logits

    def counts(self, days: list[Day], first: int = 20_000) -> DayCounts:
        """What a worker would have counted of each day's scores."""
        stacked = [np.stack([getattr(day, name) for day in days]) for name in ("volume", "scores", "bands")]
        words = np.array([day.words for day in days]).T
        full = np.full(len(days), 28)
        return DayCounts(
            np.arange(first, first + len(days)), *stacked, WordCounts(words[0].astype(int), *words[1:], full)
        )


def put_days(sessions: Sessions, site: Site, days: dict[int, np.ndarray], model_id: int) -> None:
    """Count whole days of scores, [n, 6] each, in the database, as the worker does."""
    with sessions.begin() as session:
        traffic, drift = TrafficStore(session), DriftStore(session)
        for day, scores in days.items():
            on = np.full(len(scores), day)
            bands = band_of(scores)
            traffic.add_scores(on, scores, model_id)
            traffic.add_strata(day, bands, np.full(len(scores), 0.05))
            drift.add_bands(on, scores, bands, model_id)


def put_comments(sessions: Sessions, texts: list[str], day: int, *, model_id: int, policy_id: int) -> None:
    """Routed comments of a day, for what reads their words."""
    with sessions.begin() as session:
        first = (session.scalar(select(func.max(CommentRow.id))) or 0) + 1
        at = now()
        rows = [
            CommentRow(id=first + k, text=text, text_hash=text_hash(text), source="test", external_id=str(first + k),
                       added_at=at)
            for k, text in enumerate(texts)
        ]  # fmt: skip
        session.add_all(rows)
        session.flush()
        session.add_all(
            RoutingRow(comment_id=row.id, policy_id=policy_id, model_id=model_id, state="allowed", flagged=False,
                       lane=None, priority=0.0, band=0, audit=False, rate=0.05, day=day, routed_at=at)
            for row in rows
        )  # fmt: skip
        TrafficStore(session).add_strata(day, np.zeros(len(texts), int), np.full(len(texts), 0.05))

"""A stratified bootstrap, to check the linearised intervals by a way that shares none of their algebra.

Resampling within strata from the histograms: of a stratum's n comments n - 1 are drawn with replacement, and the
weights are rescaled so that the bootstrap variance has the finite-population correction (Rao, Wu: JASA 83, 1988; Rao,
Wu, Yue: Survey Methodology 18, 1992). Limits are percentiles of the replicates, so they need no scale and no degrees of
freedom; with few positives they are too narrow, which is why the page shows the others.
"""

from dataclasses import replace
from typing import Any, TypeVar

import numpy as np

from core.metrics.bins import Floats, Ints
from core.metrics.estimate import (
    OF_QUADRANTS,
    AtThreshold,
    Order,
    Ranking,
    Sample,
    at_thresholds,
    auc,
    average_precision,
    order_of,
    rankings,
    ratio,
)
from core.metrics.intervals import LEVEL, Estimate

DRAWS = 500
_RANKED = ("prevalence", "auc", "average_precision")
_Found = TypeVar("_Found", Ranking, AtThreshold)
_AT = ("precision", "recall", "f1", "accuracy", "false_positive_rate")


def bootstrap(sample: Sample, edges: Ints, *, draws: int = DRAWS, seed: int = 0) -> list[tuple[Ranking, AtThreshold]]:
    """The numbers of every label with bootstrap limits; those that are too few stay None. About 0.1 s a label.

    `edges` are the thresholds' bin edges, [6]. The same seed gives the same limits.
    """
    rng = np.random.default_rng(seed)
    plain = zip(rankings(sample), at_thresholds(sample, edges), strict=True)
    return [_label(sample, label, int(edges[label]), _Draw(rng, draws), *found) for label, found in enumerate(plain)]


class _Draw:
    """How replicates are drawn."""

    def __init__(self, rng: np.random.Generator, draws: int) -> None:
        self.rng, self.draws = rng, draws


def _label(
    sample: Sample, label: int, edge: int, draw: _Draw, ranking: Ranking, at: AtThreshold
) -> tuple[Ranking, AtThreshold]:
    if ranking.prevalence is None:
        return ranking, at
    used = np.flatnonzero(sample.counts[:, label].any((0, 1)))
    hist = _replicates(sample, label, used, draw)  # [draws, class, used bins]
    order = _only(order_of(sample), label, used)
    flagged = used >= edge
    numbers = dict(zip(_RANKED, (_shares(hist), auc(hist, order)[0], average_precision(hist, order)[0]), strict=True))
    numbers |= dict(zip(_AT, _at_edge(hist, flagged).T, strict=True))
    return _with_limits(ranking, numbers, _RANKED), _with_limits(at, numbers, _AT)


def _replicates(sample: Sample, label: int, used: Ints, draw: _Draw) -> Floats:
    """Weighted histograms of the label, one a draw: shape [draws, 2, used bins]."""
    total = np.zeros((draw.draws, 2 * len(used)))
    fraction = np.zeros(len(sample.sampled)) if sample.population is None else sample.sampled / sample.population
    for stratum, (n, weight) in enumerate(zip(sample.sampled, sample.weights, strict=True)):
        counts = sample.counts[stratum, label][:, used].ravel()
        kept = np.sqrt(1 - fraction[stratum]) if n > 1 else 0.0
        drawn = draw.rng.multinomial(max(int(n) - 1, 0), counts / counts.sum(), draw.draws)
        total += weight * ((1 - kept) * counts + kept * drawn * n / max(n - 1, 1))
    return total.reshape(draw.draws, 2, len(used))


def _only(order: Order, label: int, used: Ints) -> Order:
    return Order(*(getattr(order, name)[label][None, used] for name in Order.__slots__))


def _shares(hist: Floats) -> Floats:
    return np.asarray(hist[:, 1].sum(-1) / hist.sum((1, 2)))


def _at_edge(hist: Floats, flagged: np.ndarray) -> Floats:
    """The five numbers at a threshold, [draws, 5]."""
    above, below = hist[..., flagged].sum(-1), hist[..., ~flagged].sum(-1)
    cells = np.stack([above[:, 1], above[:, 0], below[:, 1], below[:, 0]], -1)
    return ratio(cells @ OF_QUADRANTS[:, 0].T, cells @ OF_QUADRANTS[:, 1].T)


def _with_limits(found: _Found, numbers: dict[str, Floats], names: tuple[str, ...]) -> _Found:
    changes: dict[str, Any] = {name: _percentiles(getattr(found, name), numbers[name]) for name in names}
    return replace(found, **changes)


def _percentiles(plain: Estimate | None, draws: Floats) -> Estimate | None:
    if plain is None:
        return None
    low, high = np.quantile(draws, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Estimate(plain.value, float(low), float(high))

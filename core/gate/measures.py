"""Weighted figures of scores as functions of a resample: set up once, then a product for many resamples at a time.

Each function takes scores [n], labels [n] and weights [n] of one label and gives a function from how often each row
counts, [n, resamples], to the figure of each resample, [resamples]; NaN where a resample has nothing to measure.
"""

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Figure = Callable[[Floats], Floats]

BINS: Final = 15
"""Bins of equal mass of the calibration error."""


def auc_of(scores: NDArray[Any], labels: Flags, weights: Floats) -> Figure:
    """Weighted AUC, ties counting half. Exact: negatives are summed between neighbouring scores of positives."""
    ranked = ranking_of(scores, labels, weights)
    return lambda repeats: ranked(repeats)[0]


def ranking_of(scores: NDArray[Any], labels: Flags, weights: Floats) -> Callable[[Floats], tuple[Floats, Floats]]:
    """AUC and average precision (scikit-learn's definition) of one sweep over the scores.

    A sparse product instead of a sort for each resample; only scores that some positive has are thresholds, since
    recall, and so either figure, moves nowhere else.
    """
    found = np.unique(scores[labels])
    below = np.searchsorted(found, scores, side="left")
    ties = (below < len(found)) & (found[np.minimum(below, len(found) - 1)] == scores)
    bins = 2 * below + ties  # odd: at a positive's score; even: between two
    at, shape = np.arange(len(scores)), (2 * len(found) + 1, len(scores))
    positive = sparse.csr_array((weights * labels, (bins, at)), shape=shape)[1::2]
    negative = sparse.csr_array((weights * ~labels, (bins, at)), shape=shape)

    def measure(repeats: Floats) -> tuple[Floats, Floats]:
        hits, misses = positive @ repeats, negative @ repeats
        upto = np.cumsum(misses, axis=0)
        beaten = upto[1::2] - misses[1::2] / 2
        total, others = hits.sum(0), upto[-1]
        found_above = total - np.cumsum(hits, axis=0) + hits
        wrong_above = others - upto[1::2] + misses[1::2]
        with np.errstate(invalid="ignore", divide="ignore"):
            area = (hits * beaten).sum(0) / (total * others)
            precision = np.where(found_above > 0, found_above / (found_above + wrong_above), 0.0)
            average = (hits * precision).sum(0) / total
        both = (total > 0) & (others > 0)
        return np.where(both, area, np.nan), np.where(both, average, np.nan)

    return measure


def recall_of(scores: NDArray[Any], labels: Flags, weights: Floats, threshold: float) -> Figure:
    """Of the mass of positives, the share whose score reaches the threshold."""
    hit = reaches(scores, threshold)
    return _share(weights * labels * hit, weights * labels)


def flagged_of(scores: NDArray[Any], weights: Floats, threshold: float) -> Figure:
    """Of all mass, the share whose score reaches the threshold."""
    return _share(weights * reaches(scores, threshold), weights)


def reaches(scores: NDArray[Any], threshold: float) -> Flags:
    """Which scores reach a threshold, compared as routing does: in float32."""
    return np.asarray(scores, np.float32) >= np.float32(threshold)


def calibration_error_of(scores: NDArray[Any], labels: Flags, weights: Floats) -> Figure:
    """Weighted mean of |mean score - share of positives| over BINS bins of equal mass, set once on all rows.

    Naeini, Cooper, Hauskrecht, AAAI 2015, with bins as in Nguyen, O'Connor, EMNLP 2015.
    """
    order = np.argsort(scores, kind="stable")
    mass = weights[order]
    middle = (np.cumsum(mass) - mass / 2) / mass.sum()
    bins = np.empty(len(scores), np.int64)
    bins[order] = np.minimum((middle * BINS).astype(int), BINS - 1)
    gaps = weights * (scores.astype(np.float64) - labels)
    table = sparse.csr_array((gaps, (bins, np.arange(len(scores)))), shape=(BINS, len(scores)))
    return lambda repeats: np.abs(table @ repeats).sum(0) / (weights @ repeats)


def _share(part: Floats, whole: Floats) -> Figure:
    def measure(repeats: Floats) -> Floats:
        total = whole @ repeats
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(total > 0, (part @ repeats) / total, np.nan)

    return measure

"""ROC, precision-recall and calibration curves from histograms, thinned to what a screen can show."""

from dataclasses import dataclass

import numpy as np

from core.metrics.bins import CENTRES, EDGES, Floats
from core.metrics.estimate import Sample, ratio, weighted
from core.metrics.intervals import Estimate, effective_cases, intervals, variance_of_total

POINTS = 400
"""At most so many points a curve are sent to a browser."""
GROUPS = 15
"""Groups of equal mass of a calibration curve."""


@dataclass(frozen=True, slots=True)
class Curve:
    """Points of a curve, from the highest threshold to the lowest."""

    x: Floats
    y: Floats
    threshold: Floats


@dataclass(frozen=True, slots=True)
class Calibration:
    """What the model says against what people say, in groups of equal mass."""

    predicted: Floats
    """Mean probability of each group."""
    observed: list[Estimate]
    """Share of positives of each group."""
    error: float
    """Mean distance of the two, weighted by the groups' mass (Guo et al. 2017, with equal-mass bins)."""


def roc(sample: Sample, label: int) -> Curve:
    """False-positive rate against recall, from (0, 0) to (1, 1)."""
    negative, positive = _descending(sample, label)
    fpr, tpr = negative / max(negative[-1], 1e-300), positive / max(positive[-1], 1e-300)
    return _thin(fpr, tpr)


def precision_recall(sample: Sample, label: int) -> Curve:
    """Recall against precision, for every threshold that flags something."""
    negative, positive = _descending(sample, label)
    flagged = negative + positive
    some = flagged > 0
    recall, precision = positive / max(positive[-1], 1e-300), ratio(positive, flagged)
    return _thin(recall[some], precision[some], _thresholds()[some])


def calibration(sample: Sample, label: int) -> Calibration:
    """Groups of equal mass by score: mean probability against the share of positives, with intervals."""
    hist = weighted(sample)[label]
    mass = hist.sum(0)
    centre_of_mass = (mass.cumsum() - mass / 2) / mass.sum()
    group = np.minimum((centre_of_mass * GROUPS).astype(int), GROUPS - 1)
    used = np.unique(group[mass > 0])
    member = ((group == used[:, None]) & (mass > 0)).astype(np.float64)  # [G, BINS]
    weight = member @ mass
    predicted = (member @ (mass * CENTRES)) / weight
    observed = _shares(sample, label, member)
    gaps = np.abs(predicted - np.array([estimate.value for estimate in observed]))
    return Calibration(predicted, observed, float((gaps * weight).sum() / weight.sum()))


def _shares(sample: Sample, label: int, member: Floats) -> list[Estimate]:
    """Share of positives in each group of bins, `member` [G, BINS]."""
    counts = np.moveaxis(sample.counts[:, label] @ member.T, 0, -1)  # [class, G, S]
    total = counts @ sample.weights
    share = total[1] / total.sum(0)
    z = np.stack([-share, 1 - share]) / total.sum(0)
    moments = ((z[..., None] * counts).sum(0), (z[..., None] ** 2 * counts).sum(0))  # [G, S]
    variance = variance_of_total(moments, sample.sampled, sample.population)
    return intervals(share, variance, effective_cases(counts.sum(0), sample.weights))


def _descending(sample: Sample, label: int) -> tuple[Floats, Floats]:
    """Weighted negatives and positives at or above each edge, from above the top bin down: shape [4097] each."""
    hist = weighted(sample)[label]
    start = np.zeros((2, 1))
    negative, positive = np.concatenate([start, hist[:, ::-1].cumsum(-1)], 1)
    return negative, positive


def _thresholds() -> Floats:
    return EDGES[::-1]


def _thin(x: Floats, y: Floats, threshold: Floats | None = None) -> Curve:
    """At most POINTS points: corners that repeat are dropped, the rest spread evenly along the curve, ends kept."""
    threshold = _thresholds() if threshold is None else threshold
    step = np.abs(np.diff(x, prepend=x[:1])) + np.abs(np.diff(y, prepend=y[:1]))
    along = step.cumsum()
    wanted = np.linspace(0, along[-1] if len(along) else 0, POINTS)
    middle = np.searchsorted(along, wanted[1:-1])
    kept = np.unique(np.concatenate([[0], middle, [len(x) - 1]]))[-POINTS:] if len(x) else np.empty(0, int)
    return Curve(x[kept], y[kept], threshold[kept])

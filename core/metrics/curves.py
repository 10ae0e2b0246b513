"""ROC, precision-recall and calibration curves from histograms, thinned to what a screen can show."""

from dataclasses import dataclass

import numpy as np

from core.metrics.bins import CENTRES, EDGES, Floats
from core.metrics.estimate import Sample, ratio, weighted
from core.metrics.intervals import Estimate, effective_cases, interval, variance_of_total

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
    member = (group == used[:, None]) & (mass > 0)  # [G, BINS]
    weight = member @ mass
    predicted = (member @ (mass * CENTRES)) / weight
    observed = [_share(sample, label, row) for row in member]
    gaps = np.abs(predicted - np.array([estimate.value for estimate in observed]))
    return Calibration(predicted, observed, float((gaps * weight).sum() / weight.sum()))


def _share(sample: Sample, label: int, member: Floats) -> Estimate:
    counts = sample.counts[:, label][:, :, member].sum(-1).astype(np.float64)  # [S, class]
    total = sample.weights @ counts
    value = float(total[1] / total.sum())
    z = np.array([-value, 1 - value]) / total.sum()
    variance = variance_of_total((counts @ z, counts @ z**2), sample.sampled, sample.population)
    cases = effective_cases(counts.sum(1), sample.weights)
    return interval(value, float(variance), float(cases))


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

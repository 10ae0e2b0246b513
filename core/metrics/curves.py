"""ROC and precision-recall curves with pointwise intervals, from histograms, thinned to what a screen can show."""

from dataclasses import dataclass, replace

import numpy as np

from core.metrics.bins import EDGES, Floats
from core.metrics.calibration import GROUPS, Calibration, calibration
from core.metrics.estimate import FEW, Sample, ratio, weighted
from core.metrics.intervals import effective_cases, limits, variance_of_total, wilson

__all__ = ["GROUPS", "POINTS", "Calibration", "Curve", "calibration", "precision_recall", "roc"]

POINTS = 400
"""At most so many points a curve are sent to a browser."""
_WINDOW = 40
"""Points over which a curve's slope is taken: a twentieth of the curve to either side."""
# the cells of core.metrics.estimate: true and false positives, false and true negatives; above and below the line
_RECALL = np.array([(1, 0, 0, 0), (1, 0, 1, 0)], np.float64)
_PRECISION = np.array([(1, 0, 0, 0), (1, 1, 0, 0)], np.float64)
_FALL_OUT = np.array([(0, 1, 0, 0), (0, 1, 0, 1)], np.float64)


@dataclass(frozen=True, slots=True)
class Curve:
    """Points of a curve, from the highest threshold to the lowest."""

    x: Floats
    y: Floats
    threshold: Floats
    low: Floats | None = None
    """Pointwise 95 % limits of y at this x, of the shape of y; None where nobody asked for them."""
    high: Floats | None = None


def roc(sample: Sample, label: int) -> Curve:
    """False-positive rate against recall, from (0, 0) to (1, 1)."""
    negative, positive = _descending(sample, label)
    fpr, tpr = negative / max(negative[-1], 1e-300), positive / max(positive[-1], 1e-300)
    return _with_band(sample, label, _thin(fpr, tpr), _RECALL, _FALL_OUT)


def precision_recall(sample: Sample, label: int) -> Curve:
    """Recall against precision, for every threshold that flags something."""
    negative, positive = _descending(sample, label)
    flagged = negative + positive
    some = flagged > 0
    recall, precision = positive / max(positive[-1], 1e-300), ratio(positive, flagged)
    return _with_band(sample, label, _thin(recall[some], precision[some], _thresholds()[some]), _PRECISION, _RECALL)


def _with_band(sample: Sample, label: int, curve: Curve, y: Floats, x: Floats) -> Curve:
    """The curve with limits of y at fixed x, both ratios [2, 4] of the four cells.

    To hold x, the threshold moves as x's sampling error demands, and y moves with it along the curve: the linearised
    variable is z_y - (dy/dx) z_x (Pepe: The Statistical Evaluation of Medical Tests, 2003, 5.2.3, from strata here).
    """
    if not len(sample.sampled) or not len(curve.x):
        return curve
    cells = _cells(sample, label, curve.threshold)  # [K, 4, S]
    z = _linearised(cells, sample.weights, y) - _slope(curve)[:, None] * _linearised(cells, sample.weights, x)
    first, second = (np.einsum("kq,kqs->ks", z**power, cells) for power in (1, 2))
    variance = variance_of_total((first, second), sample.sampled, sample.population)
    inside, below = y[0] > 0, y[1] > 0
    cases = effective_cases(cells[:, below].sum(1), sample.weights)
    low, high = limits(curve.y, variance, cases)
    # near 0 and 1 what was not seen counts: a recall of 0.999 has hardly a miss to take a variance from
    few = np.minimum(cells[:, inside].sum((1, 2)), cells[:, below & ~inside].sum((1, 2))) < FEW
    wide = wilson(curve.y, cases)
    low, high = np.where(few, np.minimum(low, wide[0]), low), np.where(few, np.maximum(high, wide[1]), high)
    return replace(curve, low=low, high=high)


def _cells(sample: Sample, label: int, threshold: Floats) -> Floats:
    """True and false positives, false and true negatives of each stratum at thresholds that are edges: [K, 4, S]."""
    counts = sample.counts[:, label]  # [S, class, bins]
    above = np.concatenate([counts[..., ::-1].cumsum(-1)[..., ::-1], np.zeros((*counts.shape[:2], 1))], -1)
    at = np.searchsorted(EDGES, threshold)
    over, total = np.moveaxis(above[..., at], -1, 0), above[None, ..., 0]  # [K, S, class]
    cells = (over[..., 1], over[..., 0], total[..., 1] - over[..., 1], total[..., 0] - over[..., 0])
    return np.stack(cells, 1)


def _linearised(cells: Floats, weights: Floats, parts: Floats) -> Floats:
    """(y - R x) / X of a ratio `parts` [2, 4] for each of the four cells: shape [K, 4]."""
    total = cells @ weights
    below = (total @ parts[1])[:, None]
    return ratio(parts[0] - ratio((total @ parts[0])[:, None], below) * parts[1], below)


def _slope(curve: Curve) -> Floats:
    """dy/dx along the curve, over a window of points; 0 where x stands still, for there y has no single value."""
    points = np.arange(len(curve.x))
    ahead, behind = np.minimum(points + _WINDOW // 2, len(points) - 1), np.maximum(points - _WINDOW // 2, 0)
    rise, run = curve.y[ahead] - curve.y[behind], curve.x[ahead] - curve.x[behind]
    return np.divide(rise, run, out=np.zeros_like(rise), where=run > 1e-9)


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

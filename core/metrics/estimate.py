"""What a model is worth, estimated from histograms: O(bins) work at any number of decisions.

With one stratum of weight 1 every number is the plain one that scikit-learn gives to 1e-4, often to the last digit.
With the audit sample each unit stands for N/n comments of its stratum.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from core.labels import LABELS
from core.metrics.bins import BINS, EDGES, Floats, Ints, edge_of
from core.metrics.intervals import Estimate, effective_cases, interval, variance_of_total

FEW = 10
"""Below so many positives, negatives or flagged comments a number would be noise: it is None, "too few"."""

_NO_WIDTH = 1e-4


@dataclass(frozen=True, slots=True)
class Sample:
    """Decided comments of one model in strata that all have some."""

    counts: Ints
    """Shape [S, 6, 2, 4096]: stratum, label, class, bin."""
    places: Ints
    """Sums of the scores' places within their bin and of their squares, shape [2, 6, 2, 4096]."""
    sampled: Floats
    """Decided comments of each stratum, shape [S]."""
    population: Floats | None
    """All comments of each stratum, shape [S]; None where the decided ones are taken for all there is."""

    @property
    def weights(self) -> Floats:
        """How many comments each decided one stands for, shape [S]."""
        return np.ones_like(self.sampled) if self.population is None else self.population / self.sampled

    @property
    def size(self) -> float:
        """Comments that the sample stands for."""
        return float((self.sampled * self.weights).sum())


@dataclass(frozen=True, slots=True)
class Ranking:
    """What does not depend on a threshold."""

    prevalence: Estimate | None
    auc: Estimate | None
    average_precision: Estimate | None


@dataclass(frozen=True, slots=True)
class Confusion:
    """Comments by what people and the model say at a threshold. Estimated numbers where the sample is weighted."""

    true_positives: float
    false_positives: float
    false_negatives: float
    true_negatives: float


@dataclass(frozen=True, slots=True)
class AtThreshold:
    """What depends on the threshold."""

    threshold: float
    confusion: Confusion
    flagged: int
    """Decided comments at or above the threshold."""
    precision: Estimate | None
    recall: Estimate | None
    f1: Estimate | None
    accuracy: Estimate | None
    false_positive_rate: Estimate | None


def weighted(sample: Sample) -> Floats:
    """Estimated comments by label, class, bin: shape [6, 2, 4096]."""
    return np.tensordot(sample.weights, sample.counts, axes=1)


def class_sizes(sample: Sample) -> Ints:
    """Decided comments by label and class, shape [6, 2]."""
    return sample.counts.sum((0, 3))


def rankings(sample: Sample) -> list[Ranking]:
    """Prevalence, AUC and average precision of each label."""
    if not len(sample.sampled):
        return [Ranking(None, None, None)] * len(LABELS)
    hist, sizes = weighted(sample), class_sizes(sample)
    by_class = sample.counts.sum(3).astype(np.float64)  # [S, 6, 2]
    cases = effective_cases(np.moveaxis(by_class, 0, -1), sample.weights)  # [6, 2]
    enough = sizes.min(1) >= FEW
    order = _order(sample)
    auc, average = _auc(hist, order), _average_precision(hist, order)
    return [
        Ranking(
            _prevalence(sample, by_class[:, label], cases[label, 1]),
            _of_bins(sample, label, auc[0][label], auc[1][label], cases[label].min()),
            _of_bins(sample, label, average[0][label], average[1][label], cases[label, 1]),
        )
        if enough[label]
        else Ranking(None, None, None)
        for label in range(len(LABELS))
    ]


def at_thresholds(sample: Sample, edges: Ints) -> list[AtThreshold]:
    """Confusion and what follows from it at each label's threshold, given as a bin edge (`edges_of`)."""
    return [_at(sample, label, int(edge)) for label, edge in enumerate(edges)]


def _above(hist: Floats) -> Floats:
    """Sum from each bin to the top."""
    return hist[..., ::-1].cumsum(-1)[..., ::-1]


def ratio(top: Floats, bottom: Floats) -> Floats:
    """top / bottom, 0 where bottom is 0."""
    return np.divide(top, bottom, out=np.zeros(np.broadcast(top, bottom).shape), where=bottom > 0)


@dataclass(frozen=True, slots=True)
class _Order:
    """What the places say about who stands above whom within a bin. Each of shape [6, 4096]."""

    above: Floats
    """Share of the negatives that stand above a typical positive; a tie counts half."""
    at_or_above: Floats
    """The same; a tie counts whole, as for a threshold at the positive's score."""
    typical: Floats
    """Share of the positives that stand at or above a typical one of them."""


def _order(sample: Sample) -> _Order:
    """Places of a class taken as normal around their mean; no spread at all means that scores are the same."""
    sizes = sample.counts.sum(0).astype(np.float64)  # [6, 2, BINS]
    mean = ratio(sample.places[0].astype(np.float64), sizes)
    spread = np.maximum(ratio(sample.places[1].astype(np.float64), sizes) - mean**2, 0)
    distance, width = mean[:, 0] - mean[:, 1], np.sqrt(spread.sum(1))
    smooth = ndtr(ratio(distance, width))
    tied = width < _NO_WIDTH
    positives = sizes[:, 1]
    return _Order(
        above=np.where(tied, (1 + np.sign(np.round(distance, 6))) / 2, smooth),
        at_or_above=np.where(tied, distance > -_NO_WIDTH, smooth),
        typical=np.where(spread[:, 1] < _NO_WIDTH, 1.0, ratio(positives + 1, 2 * positives)),
    )


def _auc(hist: Floats, order: _Order) -> tuple[Floats, Floats]:
    """AUC [6] and its linearised variable [6, 2, BINS]: placement values, as in DeLong, DeLong, Clarke-Pearson 1988."""
    negative, positive = hist[:, 0], hist[:, 1]
    negatives, positives = negative.sum(-1, keepdims=True), positive.sum(-1, keepdims=True)
    below = ratio(negative.cumsum(-1) - negative * order.above, negatives)  # share of negatives that a positive beats
    above = ratio(_above(positive) - positive * order.above, positives)  # share of positives that beat a negative
    auc = ratio((positive * below).sum(-1, keepdims=True), positives)
    return auc[:, 0], _by_class(above - auc, negatives, below - auc, positives)


def _average_precision(hist: Floats, order: _Order) -> tuple[Floats, Floats]:
    """Average precision [6], sum of (R_k - R_k+1) P_k as scikit-learn has it, and its linearised variable."""
    negative, positive = hist[:, 0], hist[:, 1]
    positives = positive.sum(-1, keepdims=True)
    true = _above(positive) - positive * (1 - order.typical)
    flagged = true + _above(negative) - negative * (1 - order.at_or_above)
    precision = ratio(true, flagged)
    average = ratio((positive * precision).sum(-1, keepdims=True), positives)
    # a unit also moves the precision at every bin below it that holds positives
    pull = ratio(positive, flagged)
    as_negative = -(pull * precision).cumsum(-1)
    as_positive = precision - average + pull.cumsum(-1) + as_negative
    return average[:, 0], _by_class(as_negative, positives, as_positive, positives)


def _by_class(negative: Floats, negatives: Floats, positive: Floats, positives: Floats) -> Floats:
    z = np.empty((len(LABELS), 2, BINS))
    z[:, 0], z[:, 1] = ratio(negative, negatives), ratio(positive, positives)
    return z


def _of_bins(sample: Sample, label: int, value: float, z: Floats, cases: float) -> Estimate:
    counts = sample.counts[:, label].reshape(len(sample.sampled), -1).astype(np.float64)
    flat = z.ravel()
    variance = variance_of_total((counts @ flat, counts @ flat**2), sample.sampled, sample.population)
    return interval(float(value), float(variance), float(cases))


def _prevalence(sample: Sample, by_class: Floats, cases: float) -> Estimate:
    quadrants = np.zeros((len(by_class), 4))
    quadrants[:, 0], quadrants[:, 3] = by_class[:, 1], by_class[:, 0]
    return _ratio_estimate(sample, quadrants, (1, 0, 0, 0), (1, 1, 1, 1), cases)


def _at(sample: Sample, label: int, edge: int) -> AtThreshold:
    from_edge = sample.counts[:, label, :, edge:].sum(-1)
    whole = sample.counts[:, label].sum(-1)
    below = whole - from_edge
    quadrants = np.stack([from_edge[:, 1], from_edge[:, 0], below[:, 1], below[:, 0]], 1).astype(np.float64)  # [S, 4]
    return _from_quadrants(sample, quadrants, edge)


def _from_quadrants(sample: Sample, quadrants: Floats, edge: int) -> AtThreshold:
    tp, fp, fn, tn = quadrants.sum(0)
    positives, negatives, flagged = tp + fn, fp + tn, int(tp + fp)
    enough = positives >= FEW and negatives >= FEW

    def share(top: tuple[int, ...], bottom: tuple[int, ...]) -> Estimate:
        return _ratio_estimate(sample, quadrants, top, bottom, None)

    return AtThreshold(
        threshold=float(EDGES[edge]),
        confusion=Confusion(*(float(cell) for cell in sample.weights @ quadrants)),
        flagged=flagged,
        precision=share((1, 0, 0, 0), (1, 1, 0, 0)) if enough and flagged >= FEW else None,
        recall=share((1, 0, 0, 0), (1, 0, 1, 0)) if enough else None,
        f1=share((2, 0, 0, 0), (2, 1, 1, 0)) if enough else None,
        accuracy=share((1, 0, 0, 1), (1, 1, 1, 1)) if enough else None,
        false_positive_rate=share((0, 1, 0, 0), (0, 1, 0, 1)) if enough else None,
    )


def _ratio_estimate(
    sample: Sample, quadrants: Floats, top: tuple[int, ...], bottom: tuple[int, ...], cases: float | None
) -> Estimate:
    """Ratio of two totals over (tp, fp, fn, tn) cells; linearised variable (y - R x) / X (Särndal et al., 5.6.2)."""
    numerator, denominator = np.array(top, np.float64), np.array(bottom, np.float64)
    total = sample.weights @ quadrants
    below = float(total @ denominator)
    value = float(total @ numerator) / below if below else 0.0
    z = (numerator - value * denominator) / (below or 1.0)
    variance = variance_of_total((quadrants @ z, quadrants @ z**2), sample.sampled, sample.population)
    if cases is None:
        cases = float(effective_cases(quadrants[:, denominator > 0].sum(1), sample.weights))
    return interval(value, float(variance), float(cases))


def edges_of(thresholds: list[float]) -> Ints:
    """The bin edge of each label's threshold."""
    return np.array([edge_of(threshold) for threshold in thresholds], np.int64)

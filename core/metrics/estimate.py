"""What a model is worth, estimated from histograms: O(bins) work at any number of decisions.

With one stratum of weight 1 every number is the plain one that scikit-learn gives to 1e-4, often to the last digit.
With the audit sample each unit stands for N/n comments of its stratum.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from core.labels import LABELS
from core.metrics.bins import CENTRES, EDGES, Floats, Ints, edge_of
from core.metrics.intervals import Estimate, carrying, effective_cases, intervals, variance_of_total

FEW = 20
"""Below so many positives, negatives or flagged comments a number would be noise: it is None, "too few"."""

UNSEEN_MISSES = 0.005
"""Misses that each stratum is taken to have beyond those seen, for the variance of recall alone: a band in which the
audit saw no miss is not one that has none. As in Agresti, Coull (American Statistician 52, 1998), but so little that
a band with a few seen misses does not feel it; the size is what benchmarks/coverage.py needs."""

UNSEEN_POSITIVES = 5e-6
"""The same for AUC and average precision: positives, for each seen one and in each stratum, where among the stratum's
negatives the model most expects them."""

_NO_WIDTH = 1e-4


@dataclass(frozen=True, slots=True)
class Sample:
    """Decided comments of one model in strata that all have some."""

    counts: Floats
    """Whole numbers, shape [S, 6, 2, 4096]: stratum, label, class, bin."""
    places: Floats
    """Sums of the scores' places within their bin and of their squares, shape [2, 6, 2, 4096]."""
    sampled: Floats
    """Decided comments of each stratum, shape [S]."""
    population: Floats | None
    """All comments of each stratum, shape [S]; None where the decided ones are taken for all there is."""
    strata: Ints | None = None
    """Which they are, core.metrics.cells.stratum_of, ascending, shape [S]; None where nobody needs to know."""

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
    return np.einsum("s,slcb->lcb", sample.weights, sample.counts)


def class_sizes(sample: Sample) -> Ints:
    """Decided comments by label and class, shape [6, 2]."""
    return sample.counts.sum((0, 3)).astype(np.int64)


def rankings(sample: Sample) -> list[Ranking]:
    """Prevalence, AUC and average precision of each label."""
    if not len(sample.sampled):
        return [Ranking(None, None, None)] * len(LABELS)
    some = _used(sample)
    sample = replace(sample, counts=sample.counts[..., some], places=sample.places[..., some])
    by_class = np.moveaxis(sample.counts.sum(3), 0, -1)  # [6, 2, S]
    cases = effective_cases(by_class, sample.weights)  # [6, 2]
    hist, order = weighted(sample), order_of(sample)
    area, area_z = auc(hist, order)
    average, average_z = average_precision(hist, order)
    moments = _with_unseen(sample, np.stack([area_z, average_z], 2), CENTRES[some])
    variance = variance_of_total(moments[:2], sample.sampled, sample.population)
    carriers = carrying(moments, sample.weights)
    values = np.stack([area, average], 1)
    estimates = intervals(values, variance, np.minimum(carriers, np.stack([cases.min(1), cases[:, 1]], 1)))
    prevalence = _ratios(sample, by_class[:, None, ::-1], _SHARE_OF_FIRST, cases[:, None, 1])
    enough = class_sizes(sample).min(1) >= FEW
    return [
        Ranking(prevalence[i], estimates[2 * i], estimates[2 * i + 1]) if enough[i] else Ranking(None, None, None)
        for i in range(len(LABELS))
    ]


def at_thresholds(sample: Sample, edges: Ints) -> list[AtThreshold]:
    """Confusion and what follows from it at each label's threshold, given as a bin edge (`edges_of`)."""
    cells = np.stack([quadrants(sample, label, int(edge)) for label, edge in enumerate(edges)])  # [6, 4, S]
    numbers = _ratios(sample, cells[:, None], OF_QUADRANTS, care=_CARE)
    sizes, estimated = cells.sum(-1), cells @ sample.weights  # [6, 4]
    return [_at(float(EDGES[edge]), sizes[i], estimated[i], numbers[5 * i : 5 * i + 5]) for i, edge in enumerate(edges)]


def _used(sample: Sample) -> slice:
    """The bins from the lowest to the highest score: real scores fill about half of them."""
    used = np.flatnonzero(sample.counts.any((0, 1, 2)))
    return slice(used[0], used[-1] + 1) if len(used) else slice(0, 1)


def quadrants(sample: Sample, label: int, edge: int) -> Floats:
    """Decided comments of each stratum: true and false positives, false and true negatives, shape [4, S]."""
    counts = sample.counts[:, label]
    from_edge, below = counts[..., edge:].sum(-1), counts[..., :edge].sum(-1)
    return np.stack([from_edge[:, 1], from_edge[:, 0], below[:, 1], below[:, 0]])


def _at(threshold: float, sizes: Floats, estimated: Floats, numbers: list[Estimate]) -> AtThreshold:
    tp, fp, fn, tn = sizes
    enough = min(tp + fn, fp + tn) >= FEW
    precision, recall, f1, accuracy, fpr = numbers if enough else [None] * 5
    return AtThreshold(
        threshold=threshold,
        confusion=Confusion(*estimated.tolist()),
        flagged=int(tp + fp),
        precision=precision if tp + fp >= FEW else None,
        recall=recall,
        f1=f1,
        accuracy=accuracy,
        false_positive_rate=fpr,
    )


OF_QUADRANTS = np.array(
    [
        [(1, 0, 0, 0), (1, 1, 0, 0)],  # precision
        [(1, 0, 0, 0), (1, 0, 1, 0)],  # recall
        [(2, 0, 0, 0), (2, 1, 1, 0)],  # F1
        [(1, 0, 0, 1), (1, 1, 1, 1)],  # accuracy
        [(0, 1, 0, 0), (0, 1, 0, 1)],  # false-positive rate
    ],
    np.float64,
)
_SHARE_OF_FIRST = np.array([[(1, 0), (1, 1)]], np.float64)


@dataclass(frozen=True, slots=True)
class _Care:
    """What the linearised variance of R ratios of four cells would miss."""

    unseen: Floats
    """Comments that count for the variance alone in each stratum, [R, cells]."""
    carried: NDArray[np.bool_]
    """Whether the interval also heeds on how few comments its variance rests, [R]."""


_CARE = _Care(
    unseen=UNSEEN_MISSES * np.array([(0, 0, 0, 0), (0, 0, 1, 0), *[(0, 0, 0, 0)] * 3], np.float64),
    carried=np.array([False, False, False, True, False]),
)


def _ratios(
    sample: Sample, cells: Floats, parts: Floats, cases: Floats | None = None, care: _Care | None = None
) -> list[Estimate]:
    """Ratios of totals: `parts` [R, 2, cells] says what of the cells [6, 1, cells, S] stands above and below the line.

    The linearised variable is (y - R x) / X (Särndal et al. 1992, section 5.6). Six times R estimates, by label first.
    """
    top, bottom = parts[:, 0], parts[:, 1]
    total = cells @ sample.weights  # [6, 1, cells]
    below = (total * bottom).sum(-1)  # [6, R]
    value = ratio((total * top).sum(-1), below)
    z = ratio(top - value[..., None] * bottom, below[..., None])  # [6, R, cells]
    held = cells + (care.unseen[..., None] if care else 0.0)  # [6, R, cells, S]
    first, second, fourth = (np.einsum("lrq,lrqs->lrs", z**power, held) for power in (1, 2, 4))
    if cases is None:
        cases = effective_cases(((bottom > 0)[..., None] * cells).sum(-2), sample.weights)
    if care:
        cases = np.where(care.carried, np.minimum(cases, carrying((first, second, fourth), sample.weights)), cases)
    return intervals(value, variance_of_total((first, second), sample.sampled, sample.population), cases)


def _with_unseen(sample: Sample, z: Floats, centres: Floats) -> tuple[Floats, Floats, Floats]:
    """Sums of z, z^2, z^4 in each stratum, [6, R, S] each, of variables z [6, 2, R, bins], with unseen positives."""
    square = z * z
    powers = np.concatenate([z, square, square * square], 2)
    expected = centres * np.concatenate([z[:, 1], square[:, 1], np.ones_like(z[:, 1, :1])], 1)  # of a negative
    negative = _sums(sample, 0, np.concatenate([powers[:, 0], expected], 1))
    first, second, fourth = np.split(negative[:, : powers.shape[2]] + _sums(sample, 1, powers[:, 1]), 3, 1)
    unseen, unseen_square = np.split(negative[:, powers.shape[2] : -1], 2, 1)
    positives = sample.counts[:, :, 1].sum((0, 2))[:, None, None]
    share = UNSEEN_POSITIVES * positives / np.maximum(negative[:, -1:], 1e-300)
    return first + share * unseen, second + share * unseen_square, fourth


def _sums(sample: Sample, kind: int, z: Floats) -> Floats:
    """Sums over the decided comments of a class of variables z [6, R, bins], in each stratum: shape [6, R, S]."""
    return z @ sample.counts[:, :, kind].transpose(1, 2, 0)


def _above(hist: Floats) -> Floats:
    """Sum from each bin to the top."""
    return hist[..., ::-1].cumsum(-1)[..., ::-1]


def ratio(top: Floats | float, bottom: Floats) -> Floats:
    """top / bottom, 0 where bottom is 0."""
    return np.divide(top, bottom, out=np.zeros(np.broadcast(top, bottom).shape), where=bottom > 0)


@dataclass(frozen=True, slots=True)
class Order:
    """What the places say about who stands above whom within a bin. Each of shape [6, 4096]."""

    above: Floats
    """Share of the negatives that stand above a typical positive; a tie counts half."""
    at_or_above: Floats
    """The same; a tie counts whole, as for a threshold at the positive's score."""
    typical: Floats
    """Share of the positives that stand at or above a typical one of them."""


def order_of(sample: Sample) -> Order:
    """Places of a class taken as normal around their mean; no spread at all means that scores are the same."""
    sizes = sample.counts.sum(0)  # [6, 2, BINS]
    mean = ratio(sample.places[0], sizes)
    spread = np.maximum(ratio(sample.places[1], sizes) - mean**2, 0)
    distance, width = mean[:, 0] - mean[:, 1], np.sqrt(spread.sum(1))
    tied = width < _NO_WIDTH
    smooth = np.zeros_like(width)
    smooth[~tied] = ndtr(distance[~tied] / width[~tied])
    positives = sizes[:, 1]
    return Order(
        above=np.where(tied, (1 + np.sign(np.round(distance, 6))) / 2, smooth),
        at_or_above=np.where(tied, distance > -_NO_WIDTH, smooth),
        typical=np.where(spread[:, 1] < _NO_WIDTH, 1.0, ratio(positives + 1, 2 * positives)),
    )


def auc(hist: Floats, order: Order) -> tuple[Floats, Floats]:
    """AUC [6] and its linearised variable [6, 2, BINS]: placement values, as in DeLong, DeLong, Clarke-Pearson 1988."""
    negative, positive = hist[:, 0], hist[:, 1]
    negatives, positives = negative.sum(-1, keepdims=True), positive.sum(-1, keepdims=True)
    per_negative, per_positive = ratio(1.0, negatives), ratio(1.0, positives)
    below = (negative.cumsum(-1) - negative * order.above) * per_negative  # share of negatives that a positive beats
    above = (_above(positive) - positive * order.above) * per_positive  # share of positives that beat a negative
    area = (positive * below).sum(-1, keepdims=True) * per_positive
    return area[:, 0], _by_class((above - area) * per_negative, (below - area) * per_positive)


def average_precision(hist: Floats, order: Order) -> tuple[Floats, Floats]:
    """Average precision [6], sum of (R_k - R_k+1) P_k as scikit-learn has it, and its linearised variable."""
    negative, positive = hist[:, 0], hist[:, 1]
    positives = positive.sum(-1, keepdims=True)
    true = _above(positive) - positive * (1 - order.typical)
    flagged = true + _above(negative) - negative * (1 - order.at_or_above)
    per_flagged, per_positive = ratio(1.0, flagged), ratio(1.0, positives)
    precision = true * per_flagged
    average = (positive * precision).sum(-1, keepdims=True) * per_positive
    # a unit also moves the precision at every bin below it that holds positives
    pull = positive * per_flagged
    as_negative = -(pull * precision).cumsum(-1)
    as_positive = precision - average + pull.cumsum(-1) + as_negative
    return average[:, 0], _by_class(as_negative * per_positive, as_positive * per_positive)


def _by_class(negative: Floats, positive: Floats) -> Floats:
    return np.stack([negative, positive], 1)


def edges_of(thresholds: list[float]) -> Ints:
    """The bin edge of each label's threshold."""
    return np.array([edge_of(threshold) for threshold in thresholds], np.int64)

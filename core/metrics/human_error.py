"""What people get wrong, carried into the numbers: from what they said to what is so.

Whoever measures people's error (second opinions, adjudicated) hands in each label's sensitivity and specificity with
their variances. Corrected are prevalence (Rogan, Gladen: American Journal of Epidemiology 107, 1978) and, by the same
step among flagged and unflagged comments apart, precision, recall and false-positive rate (Begg, Greenes: Biometrics
39, 1983, has the two-class case). It holds where people err alike on flagged and unflagged comments once the real label
is given; where they err most on borderline comments, it takes off too much.

One person's error may be taken off one person's answers alone. What adjudication has put right holds in the ledger, and
labels given to audit items are drawn often: taken off again, a rare label's every case would be called an error. So
`unadjudicated` puts the first person's answers back before the step.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from core.metrics.bins import Floats, Ints
from core.metrics.estimate import FEW, UNSEEN_MISSES, Sample, quadrants
from core.metrics.intervals import LEVEL, Estimate, effective_cases, variance_of_total
from core.metrics.pairs import Pairs

LARGEST_ERROR = 0.15
"""Relative standard error of a denominator from which on a ratio over it is not given: its distribution has no useful
centre any more (Fieller: JRSS B 16, 1954; Cochran: Sampling Techniques, 1977, 6.4)."""

_STEP = 1e-5
_UNSEEN = UNSEEN_MISSES * np.array([[0.0], [0.0], [1.0], [0.0]])


@dataclass(frozen=True, slots=True)
class HumanError:
    """How well people tell one label, with what is not known about it."""

    sensitivity: float
    """Probability of a yes where it is so, 0 to 1."""
    specificity: float
    """Probability of a no where it is not so, 0 to 1."""
    sensitivity_variance: float = 0.0
    specificity_variance: float = 0.0

    @property
    def informs(self) -> bool:
        """Whether a yes says anything at all: Youden's index is above 0."""
        return self.sensitivity + self.specificity > 1


@dataclass(frozen=True, slots=True)
class Corrected:
    """Numbers about what is so, their intervals carrying sampling, people's slips and what is not known of these."""

    prevalence: Estimate
    precision: Estimate | None
    recall: Estimate | None
    false_positive_rate: Estimate | None


def human_error(right_yes: int, yes: int, right_no: int, no: int) -> HumanError:
    """From counts: of `yes` comments with the label people said yes to `right_yes`; of `no` others, no to `right_no`.

    Shares with one success and one failure added to each (Laplace's rule), so that no error seen is not no error.
    """
    sensitivity, specificity = (right_yes + 1) / (yes + 2), (right_no + 1) / (no + 2)
    variances = sensitivity * (1 - sensitivity) / (yes + 3), specificity * (1 - specificity) / (no + 3)
    return HumanError(sensitivity, specificity, *variances)


def corrected(
    sample: Sample, edges: Ints, errors: Sequence[HumanError | None], moved: Floats | None = None
) -> list[Corrected | None]:
    """Each label's corrected numbers at its threshold's edge [6]; None without an error, or with too few decided.

    `moved` [6, 4, S], from `unadjudicated`, makes the sample's cells those of single people's answers. None, too, where
    a yes says nothing about the label (sensitivity + specificity not above 1), and where people would give the label
    more often by error alone than they did.
    """
    cells = np.stack([quadrants(sample, label, int(edge)) for label, edge in enumerate(edges)])  # [6, 4, S]
    cells = np.maximum(cells + (0 if moved is None else moved), 0)
    return [_corrected(sample, cell, error) for cell, error in zip(cells, errors, strict=True)]


def unadjudicated(sample: Sample, pairs: Pairs, first: int, last: int) -> Floats:
    """What to add to the quadrants to have the first person's answers in place of the adjudicated ones: [6, 4, S].

    Of audit items that came in on the days first..last; `pairs` hold what the sample's model says at its thresholds.
    """
    strata = np.empty(0, np.int64) if sample.strata is None else sample.strata
    within = pairs.audit & (pairs.judge >= 0) & pairs.model_known & (pairs.day >= first) & (pairs.day <= last)
    judged = pairs.take(np.flatnonzero(within & np.isin(pairs.stratum, strata)))
    at, unflagged = np.searchsorted(strata, judged.stratum), ~judged.model
    moved = np.zeros((judged.model.shape[1], 4, len(sample.sampled)))
    for label in range(len(moved)):
        for said, change in ((judged.first, 1), (judged.judged, -1)):
            np.add.at(moved[label], (2 * unflagged[:, label] + ~said[:, label], at), change)
    return moved


def _corrected(sample: Sample, cells: Floats, error: HumanError | None) -> Corrected | None:
    yes, no = cells[[0, 2]].sum(), cells[[1, 3]].sum()
    if error is None or not error.informs or min(yes, no) < FEW:
        return None
    total = cells @ sample.weights
    value, below = _numbers(total, error)
    spread = np.sqrt(_variance(sample, cells, error))  # [5]: four numbers and the positives themselves
    cases = effective_cases(cells.sum(0), sample.weights)
    wide = float(stdtrit(max(float(cases) - 1, 1.0), 0.5 + LEVEL / 2)) * spread
    if value[0] + wide[0] <= 0:
        return None
    steady = spread[4] <= LARGEST_ERROR * max(below[4], 0.0)
    made = [_plain(value[i], wide[i]) if i == 0 else _estimate(value[i], wide[i]) for i in range(4)]
    flagged = cells[[0, 1]].sum() >= FEW
    return Corrected(made[0], made[1] if flagged else None, made[2] if steady else None, made[3])


def _plain(value: float, wide: float) -> Estimate:
    ends = np.clip([value, value - wide, value + wide], 0, 1).tolist()
    return Estimate(*ends)


def _estimate(value: float, wide: float) -> Estimate:
    """Limits on the logit scale, which a recall near 1 needs; plain ones, cut at 0 and 1, where there is no logit."""
    if not 0 < value < 1:
        return _plain(value, wide)
    away = np.clip(wide / (value * (1 - value)), 0, 700)
    low, high = 1 / (1 + np.exp(-(np.log(value / (1 - value)) + np.array([-away, away]))))
    return Estimate(value, float(low), float(high))


def _numbers(total: Floats, error: HumanError) -> tuple[Floats, Floats]:
    """Prevalence, precision, recall, false-positive rate, positives, from said totals [4]; and what they are over."""
    flagged, unflagged = total[0] + total[1], total[2] + total[3]
    youden, slips = error.sensitivity + error.specificity - 1, 1 - error.specificity
    true, missed = (total[0] - slips * flagged) / youden, (total[2] - slips * unflagged) / youden
    positives, everything = true + missed, flagged + unflagged
    top = np.array([positives, true, true, flagged - true, positives])
    below = np.array([everything, flagged, positives, everything - positives, 1.0])
    return np.divide(top, below, out=np.zeros(5), where=below != 0), np.append(below[:4], positives)


def _variance(sample: Sample, cells: Floats, error: HumanError) -> Floats:
    """Sampling, answers that might have come out otherwise, and what is not known about people: shape [5]."""
    total = cells @ sample.weights
    z = _gradient(lambda at: _numbers(at, error)[0], total, max(total.sum(), 1.0) * _STEP)  # [5, 4]
    held = cells + _UNSEEN  # where no miss was seen, some may be
    first, second = z @ held, z**2 @ held
    sampling = variance_of_total((first, second), sample.sampled, sample.population)
    return sampling + _answers(z, total, error) + _unknown(total, error)


def _answers(z: Floats, total: Floats, error: HumanError) -> Floats:
    """The real label being given, each answer is a coin with people's error on it."""
    youden, slips = error.sensitivity + error.specificity - 1, 1 - error.specificity
    of_yes, of_no = error.sensitivity * (1 - error.sensitivity), slips * error.specificity
    found = np.zeros(5)
    for yes, no in ((0, 1), (2, 3)):
        size = total[yes] + total[no]
        so = np.clip((total[yes] - slips * size) / youden, 0, size)
        found += (z[:, yes] - z[:, no]) ** 2 * (so * of_yes + (size - so) * of_no)
    return found


def _unknown(total: Floats, error: HumanError) -> Floats:
    known = np.array([error.sensitivity, error.specificity])
    slopes = _gradient(lambda at: _numbers(total, HumanError(*at.tolist()))[0], known, _STEP)
    return np.asarray(slopes**2 @ [error.sensitivity_variance, error.specificity_variance])


def _gradient(numbers: Callable[[Floats], Floats], at: Floats, step: float) -> Floats:
    """Central differences of a function of [k] to [5]: shape [5, k]."""
    moves = np.eye(len(at)) * step
    return np.stack([(numbers(at + move) - numbers(at - move)) / (2 * step) for move in moves], 1)

"""What people get wrong, carried into the numbers: from what they said to what is so.

Whoever measures people's error (second opinions, adjudicated) hands in each label's sensitivity and specificity with
their variances. Corrected are prevalence (Rogan, Gladen: American Journal of Epidemiology 107, 1978) and, by the same
step among flagged and unflagged comments apart, precision, recall and false-positive rate (Begg, Greenes: Biometrics
39, 1983, has the two-class case). It holds where people err alike on flagged and unflagged comments once the real label
is given; where they err most on borderline comments, it takes off too much.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from core.metrics.bins import Floats, Ints
from core.metrics.estimate import FEW, UNSEEN_MISSES, Sample, quadrants
from core.metrics.intervals import LEVEL, Estimate, effective_cases, variance_of_total

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


def corrected(sample: Sample, edges: Ints, errors: Sequence[HumanError | None]) -> list[Corrected | None]:
    """Each label's corrected numbers at its threshold's edge [6]; None without an error, or with too few decided.

    None, too, where a yes says nothing about the label (sensitivity + specificity not above 1).
    """
    cells = [quadrants(sample, label, int(edge)) for label, edge in enumerate(edges)]  # [4, S] each
    return [_corrected(sample, cell, error) for cell, error in zip(cells, errors, strict=True)]


def _corrected(sample: Sample, cells: Floats, error: HumanError | None) -> Corrected | None:
    yes, no = cells[[0, 2]].sum(), cells[[1, 3]].sum()
    if error is None or not error.informs or min(yes, no) < FEW:
        return None
    total = cells @ sample.weights
    value, below = _numbers(total, error)
    spread = np.sqrt(_variance(sample, cells, error))  # [5]: four numbers and the positives themselves
    cases = effective_cases(cells.sum(0), sample.weights)
    wide = float(stdtrit(max(float(cases) - 1, 1.0), 0.5 + LEVEL / 2)) * spread
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

"""What second opinions say: how often people err, whether the model is further from them than they are from each other,
and how far showing scores pulls a decision.

**Human error.** People are taken as interchangeable: each gives a label to a comment that truly has it with
probability Se (sensitivity), and withholds it from one that has not with probability Sp (specificity), independently of
each other (latent class of two raters: Hui, Walter, *Biometrics* 36, 1980; Dawid, Skene, *Applied Statistics* 28,
1979). Two opinions alone do not identify prevalence, Se and Sp; what adjudication says about the disagreements does.
With p11 the share of comments to which both gave the label, p00 neither, d1 (d0) those on which they disagree and
adjudication gives (withholds) it, split by truth into a11 + b11 = p11 and a00 + b00 = p00:

    Se / (1 - Se) = 2 a11 / d1,  Sp / (1 - Sp) = 2 b00 / d0,  a00 = d1^2 / (4 a11),  b11 = d0^2 / (4 b00).

So comments on which both err alike are allowed for, as far as errors are independent; where the same comments mislead
everybody, errors are understated. Adjudication counts as the truth, and disagreements that still wait are taken to be
like the adjudicated ones.
"""

from dataclasses import dataclass

import numpy as np

from core.labels import LABELS
from core.metrics.agreement import (
    FEW_GIVEN,
    FEW_PAIRS,
    Bools,
    Coefficient,
    difference,
    kish,
    share,
    variance_of_mean,
    weighted_mean,
)
from core.metrics.bins import Floats
from core.metrics.human_error import HumanError
from core.metrics.intervals import Estimate, intervals
from core.metrics.pairs import Pairs

FEW_JUDGED = 10
"""With fewer adjudicated disagreements on a label, all of its disagreements must be: else their truth is not known."""

_ROUNDS = 200
_STEP = 1e-6


@dataclass(frozen=True, slots=True)
class LabelError:
    """How often one person's decision on a label is right, with what a correction of the model's numbers needs."""

    label: str
    sensitivity: Estimate
    """Of comments that have the label, the share to which a person gives it."""
    specificity: Estimate
    """Of comments without it, the share from which a person withholds it."""
    sensitivity_variance: float
    specificity_variance: float
    covariance: float
    prevalence: float
    """Share of comments that have the label, by the same model."""
    pairs: int
    given: int
    """Comments to which at least one of the two gave the label."""
    disagreements: int
    judged: int
    """Disagreements that are adjudicated."""
    cases: tuple[float, float]
    """Effective numbers of comments that have the label, and that have not."""

    @property
    def error(self) -> HumanError:
        """What core.metrics.human_error corrects a model's numbers with."""
        (yes, yes_variance), (no, no_variance) = (
            _never_certain(one.value, variance, cases)
            for one, variance, cases in (
                (self.sensitivity, self.sensitivity_variance, self.cases[0]),
                (self.specificity, self.specificity_variance, self.cases[1]),
            )
        )
        return HumanError(yes, no, yes_variance, no_variance)


def human_errors(pairs: Pairs, *, of_traffic: bool = False) -> tuple[LabelError | None, ...]:
    """Per label, in LABELS order; None where there are too few pairs or adjudications.

    Of settled comments as moderators meet them; with `of_traffic` of all traffic, from pairs of the audit sample alone.
    The two differ: flagged comments are harder to tell. Correct each kind of number by its own.
    """
    pairs, weights = weighted(pairs, of_traffic=of_traffic)
    return tuple(_human_error(pairs, weights, j) for j in range(len(LABELS)))


def weighted(pairs: Pairs, *, of_traffic: bool) -> tuple[Pairs, Floats]:
    """The pairs that speak for settled comments or for all traffic, and what each weighs."""
    if not of_traffic:
        return pairs, pairs.weight
    audited = pairs.take(np.flatnonzero(pairs.audit))
    return audited, audited.audit_weight


@dataclass(frozen=True, slots=True)
class Versus:
    """The model and the first moderator, both held against the same blind second moderator."""

    label: str
    pairs: int
    model: Estimate
    """Share of comments on which model and second disagree."""
    people: Estimate
    """Share of comments on which first and second disagree."""
    more: Coefficient
    """Model less people."""

    @property
    def verdict(self) -> str:
        """More, less, or not to be told apart."""
        return "more" if self.more.low > 0 else "less" if self.more.high < 0 else "alike"


def model_against_people(pairs: Pairs, *, of_traffic: bool = False) -> tuple[Versus | None, ...]:
    """Per label: the live model at the policy's thresholds against people, on the same comments."""
    pairs, weights = weighted(pairs, of_traffic=of_traffic)
    known = pairs.model_known
    pairs, weights = pairs.take(np.flatnonzero(known)), weights[known]
    return tuple(_versus(pairs, weights, j) for j in range(len(LABELS)))


@dataclass(frozen=True, slots=True)
class Pull:
    """What people say where the card pre-set a label: shown the scores, and blind."""

    label: str
    preset: int
    """Comments on which the label was pre-set."""
    kept: Estimate
    """Share of those to which the first, who saw the scores, gave it."""
    blind: Estimate
    """Share of those to which the second, who did not, gave it."""
    more_kept: Coefficient
    pairs: int
    pull: Coefficient
    """P(first agrees with the preset) - P(second does), label pre-set or not, on the same comments."""


def pulls(pairs: Pairs, *, assisted: bool = True) -> tuple[Pull | None, ...]:
    """Per label, of comments whose first decision was assisted. With `assisted` False, of those decided blind: there
    nothing can pull, so what remains is who happens to be first and second."""
    rows = np.flatnonzero((pairs.blind != assisted) & pairs.preset_known)
    pairs = pairs.take(rows)
    return tuple(_pull(pairs, j) for j in range(len(LABELS)))


def confusion(pairs: Pairs) -> tuple[Floats, Floats]:
    """How often the second gives label Y where the first gave X: shares [7, 7] and how many comments of each row [7].

    Rows and columns are the labels and "no label". A comment with several labels counts in several rows and columns.
    """
    first, second = (np.column_stack([one, ~one.any(1)]).astype(float) for one in (pairs.first, pairs.second))
    together, each = (first * pairs.weight[:, None]).T @ second, first.T @ pairs.weight
    return together / np.where(each > 0, each, 1)[:, None], first.sum(0)


def _human_error(pairs: Pairs, weights: Floats, j: int) -> LabelError | None:
    x, y, judged = pairs.first[:, j], pairs.second[:, j], (pairs.judge >= 0) & (pairs.first != pairs.second)[:, j]
    apart, true = x != y, pairs.judged[:, j]
    sizes = int((x | y).sum()), int(apart.sum()), int(judged.sum())
    if len(x) < FEW_PAIRS or sizes[0] < FEW_GIVEN or sizes[2] < min(FEW_JUDGED, sizes[1]):
        return None
    both, d, q = (weighted_mean(one, weights) for one in (x & y, apart, apart))
    known = weighted_mean(judged, weights)
    q = weighted_mean(judged & true, weights) / known if known > 0 else 0.0
    means = np.array([both, d * q, d * (1 - q)])
    z_q = judged * (true - q) / known if known > 0 else np.zeros(len(x))
    z = np.stack([(x & y) - both, q * (apart - d) + d * z_q, (1 - q) * (apart - d) - d * z_q])
    centre = _solve(*means)
    if centre is None:
        return None
    slopes = np.stack([(_near(means, k, _STEP) - _near(means, k, -_STEP)) / (2 * _STEP) for k in range(3)], 1)
    lines = [(slope[:, None] * z).sum(0) for slope in slopes[:2]]
    covariances = [[_covariance(one, other, weights) for other in lines] for one in lines]
    cases = [kish(weights[(x & y) | (judged & true)]), kish(weights[(~x & ~y) | (judged & ~true)])]
    se, sp = intervals(centre[:2], np.diag(covariances), np.array(cases))
    return LabelError(LABELS[j], se, sp, covariances[0][0], covariances[1][1], covariances[0][1],
                      float(centre[2]), len(x), *sizes, (cases[0], cases[1]))  # fmt: skip


def _never_certain(value: float, variance: float, cases: float) -> tuple[float, float]:
    """Value and variance; where no error was seen, with one success and one failure added (Laplace's rule)."""
    if variance > 0:
        return value, variance
    value = (value * cases + 1) / (cases + 2)
    return value, value * (1 - value) / (cases + 3)


def _solve(p11: float, d1: float, d0: float) -> Floats | None:
    """Sensitivity, specificity and prevalence by the equations above; None where no such people can be."""
    p00 = 1 - p11 - d1 - d0
    a11, b00 = p11, p00
    if not (a11 > 0 and b00 > 0):
        return None
    for _ in range(_ROUNDS):
        before = a11
        b00 = p00 - (d1**2 / (4 * a11) if d1 > 0 else 0.0)
        a11 = p11 - (d0**2 / (4 * b00) if d0 > 0 else 0.0)
        if not (a11 > 0 and b00 > 0):
            return None
        if abs(a11 - before) < 1e-15:
            break
    have = a11 + d1 + (d1**2 / (4 * a11))
    return np.array([2 * a11 / (2 * a11 + d1), 2 * b00 / (2 * b00 + d0), have])


def _near(means: Floats, k: int, step: float) -> Floats:
    moved = means.copy()
    moved[k] += step * max(means[k], 0.0)  # in proportion: a share of 1e-5 must not become negative
    found = _solve(*moved)
    return np.zeros(3) if found is None or means[k] <= 0 else found / means[k]


def _covariance(one: Floats, other: Floats, weights: Floats) -> float:
    return (variance_of_mean(one + other, weights) - variance_of_mean(one - other, weights)) / 4


def _versus(pairs: Pairs, weights: Floats, j: int) -> Versus | None:
    model, people = pairs.model[:, j] != pairs.second[:, j], pairs.first[:, j] != pairs.second[:, j]
    if len(model) < FEW_PAIRS or (pairs.first | pairs.second)[:, j].sum() < FEW_GIVEN:
        return None
    more = difference(model.astype(float) - people, weights)
    return Versus(LABELS[j], len(model), share(model, weights), share(people, weights), more)


def _pull(pairs: Pairs, j: int) -> Pull | None:
    on = pairs.preset[:, j]
    if len(on) < FEW_PAIRS or on.sum() < FEW_GIVEN:
        return None
    first, second, weights = pairs.first[:, j], pairs.second[:, j], pairs.weight
    agrees = (first == on).astype(float) - (second == on)
    return Pull(
        label=LABELS[j],
        preset=int(on.sum()),
        kept=share(first[on], weights[on]),
        blind=share(second[on], weights[on]),
        more_kept=_difference(first[on], second[on], weights[on]),
        pairs=len(on),
        pull=difference(agrees, weights),
    )


def _difference(one: Bools, other: Bools, weights: Floats) -> Coefficient:
    return difference(one.astype(float) - other, weights)

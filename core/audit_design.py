"""Audit rates per band from a budget: Neyman allocation that makes recall as certain as the budget allows.

Neyman (Journal of the Royal Statistical Society 97, 1934): the variance of a stratified total is least when
n_h is proportional to N_h S_h, S_h being the standard deviation of the variable within stratum h. Here the variable is
the linearised one of recall, z = y (x - R) / (share of positives), with y whether people give the label and x whether
the model flags it (Särndal, Swensson, Wretman 1992, 5.6), so n_h goes where positives are, found or missed. With bounds
on n_h the optimum is n_h = clip(N_h S_h / u, low_h, high_h) with the one u that spends the budget (Gabler, Ganninger,
Münnich: Metrika 75, 2012).

S_h is not known but estimated, and a band without any decided positive would get S_h = 0 and no audits, hence never a
positive. So shares of positives are posterior means of a Beta prior: STRENGTH comments with the share that the model
itself expects in the band (Gelman et al., Bayesian Data Analysis, 3rd edition, 2.4 and 5.3).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from core.audit_items import AuditItems
from core.domain import BANDS
from core.errors import BadInput
from core.metrics.intervals import LEVEL, Estimate
from core.routing import HIGHEST_RATES, RATE_RANGE, band_of

STRENGTH: Final = 10.0
"""Comments that the model's own expectation counts for."""

LEAST_SHARE: Final = 1e-5
"""Least share of positives that is believed of any band: no model is sure."""

LEAST_A_DAY: Final = 1.0
"""Audits a day that every band gets, if it holds as many comments: a band without any is a blind spot."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Bands:
    """What is known of the bands, low to high, and of six labels in them."""

    a_day: Floats
    """Comments a day, [BANDS]."""
    found: Floats
    """Share of the band's comments that deserve the label and are flagged for it, [6, BANDS]."""
    missed: Floats
    """Share that deserve it and are not, [6, BANDS]."""

    @property
    def recall(self) -> Floats:
        """Expected recall, [6]."""
        found = (self.found * self.a_day).sum(1)
        return found / np.maximum(found + (self.missed * self.a_day).sum(1), 1e-300)

    @property
    def prevalence(self) -> Floats:
        """Expected share of positives, [6]."""
        return ((self.found + self.missed) * self.a_day).sum(1) / max(self.a_day.sum(), 1e-300)


@dataclass(frozen=True, slots=True)
class Design:
    """Audit rates and what they buy."""

    rates: tuple[float, ...]
    """Per band, low to high."""
    a_day: Floats
    """Expected audits a day, [BANDS]."""
    recall: tuple[Estimate, ...]
    """Per label: expected recall and its 95 % interval once the audits of some days are decided."""
    prevalence: tuple[Estimate, ...]
    """The same for the share of positives."""


def describe(a_day: Floats, latest: NDArray[np.float32], evidence: AuditItems, thresholds: Sequence[float]) -> Bands:
    """What is known of each band: decided audit items, and where they are few, the model's own expectation.

    `a_day` comments a day by band; `latest` scores of the latest comments, [n, 6], stand for each band's mix.
    """
    expected = _shares(band_of(latest), latest, latest, thresholds)
    counted = _shares(evidence.band, evidence.labels * _balanced(evidence)[:, None], evidence.scores, thresholds)
    prior = np.maximum(expected[0] / np.maximum(expected[1], 1), LEAST_SHARE)
    found, missed = (counted[0] + STRENGTH * prior) / (counted[1] + STRENGTH)
    return Bands(np.asarray(a_day, np.float64), found, missed)


def propose(bands: Bands, budget: float, weights: Sequence[float], *, days: int) -> Design:
    """Rates that spend `budget` audits a day so that the weighted sum of the labels' variances of recall is least.

    `weights` six numbers, 0 for a label that does not matter. Raises BadInput where the budget cannot be spent so.
    """
    if not any(weights):
        raise BadInput("Choose at least one label whose recall the audits should pin down.")
    low, high = bounds(bands.a_day)
    if not low.sum() <= budget:
        raise BadInput(
            "{budget:g} audits a day are too few: every band needs some, {least:g} a day in all. Raise the budget.",
            budget=budget,
            least=np.ceil(low.sum()),
        )
    spread = np.sqrt((np.asarray(weights)[:, None] * recall_spreads(bands) ** 2).sum(0))
    audits = allocate(bands.a_day * spread, low, high, budget)
    rates = np.where(bands.a_day > 0, audits / np.maximum(bands.a_day, 1e-300), low_rates(bands.a_day))
    return evaluate(bands, np.clip(np.round(rates, 6), RATE_RANGE[0], HIGHEST_RATES), days=days)


def evaluate(bands: Bands, rates: Sequence[float] | Floats, *, days: int) -> Design:
    """What these rates buy in so many days, all audits decided."""
    rates = np.asarray(rates, np.float64)
    recall, prevalence = bands.recall, bands.prevalence
    share = bands.found + bands.missed
    return Design(
        rates=tuple(round(float(rate), 6) for rate in rates),
        a_day=bands.a_day * rates,
        recall=_estimates(recall, variances(bands, recall_spreads(bands), rates) / days),
        prevalence=_estimates(prevalence, variances(bands, np.sqrt(share * (1 - share)), rates) / days),
    )


def bounds(a_day: Floats) -> tuple[Floats, Floats]:
    """Fewest and most audits a day of each band, [BANDS] each."""
    highest = a_day * np.array(HIGHEST_RATES)
    return np.minimum(np.maximum(a_day * RATE_RANGE[0], LEAST_A_DAY), highest), highest


def low_rates(a_day: Floats) -> Floats:
    """The rate of a band that held nothing of late: one in ten of what may come, since it would be news."""
    return np.where(a_day > 0, RATE_RANGE[0], 0.1)


def allocate(sizes: Floats, low: Floats, high: Floats, budget: float) -> Floats:
    """n that minimises the sum of sizes^2 / n over low <= n <= high, sum n = budget; all of shape [H].

    A budget above what the bounds allow is spent as far as they do. Exact: the optimum is clip(sizes / u, low, high),
    and which bounds hold changes only at the 2H values of u that are tried.
    """
    if budget >= high.sum():
        return high.copy()
    sizes = np.maximum(sizes, 1e-12)  # what nothing depends on comes last
    marks = np.unique(np.concatenate([sizes / np.maximum(low, 1e-12), sizes / np.maximum(high, 1e-12)]))
    spent = np.clip(sizes / marks[:, None], low, high).sum(1)  # falls as u grows
    at = int(np.searchsorted(-spent, -budget, side="right"))  # the budget lies between marks[at - 1] and marks[at]
    u = marks[min(max(at - 1, 0), len(marks) - 1)]
    beside = marks[min(at, len(marks) - 1)]
    middle = (u + beside) / 2
    free = (sizes / middle > low) & (sizes / middle < high)
    fixed = np.where(sizes / middle <= low, low, high)
    if not free.any():
        return np.clip(sizes / u, low, high)
    exact = sizes[free].sum() / max(budget - fixed[~free].sum(), 1e-300)
    return np.clip(np.where(free, sizes / exact, fixed), low, high)


def recall_spreads(bands: Bands) -> Floats:
    """S_h of each label's linearised recall within each band, [6, BANDS]."""
    recall = bands.recall[:, None]
    positives = np.maximum(bands.prevalence, 1e-300)[:, None]
    mean = (bands.found * (1 - recall) - bands.missed * recall) / positives
    square = (bands.found * (1 - recall) ** 2 + bands.missed * recall**2) / positives**2
    return np.sqrt(np.maximum(square - mean**2, 0))


def variances(bands: Bands, spreads: Floats, rates: Floats) -> Floats:
    """Variance, [6], of a mean over one day's traffic whose S_h is `spreads` [6, BANDS], with these rates."""
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(bands.a_day > 0, bands.a_day * (1 - rates) / rates, 0.0)
    return (spreads**2 * terms).sum(1) / max(bands.a_day.sum(), 1e-300) ** 2


def _balanced(items: AuditItems) -> Floats:
    """Weights of the items, [n], with mean 1 in each band: rates within a band differ by drift and by removal."""
    weight = items.weights[items.stratum]
    sums, sizes = (np.bincount(items.band, each, BANDS) for each in (weight, np.ones_like(weight)))
    return np.asarray(weight * (sizes / np.maximum(sums, 1e-300))[items.band])


def _shares(
    band: NDArray[np.int64], share: NDArray[np.floating], scores: NDArray[np.float32], thresholds: Sequence[float]
) -> tuple[Floats, Floats]:
    """Sums of `share` [n, 6] by flagged or not, label and band, [2, 6, BANDS], and comments by band, [BANDS]."""
    flagged = scores >= np.asarray(thresholds, np.float32)
    member = (band[:, None] == np.arange(BANDS)).astype(np.float64)  # [n, BANDS]
    sums = np.stack([(share * flagged).T @ member, (share * ~flagged).T @ member])
    return sums, member.sum(0)


def _estimates(value: Floats, variance: Floats) -> tuple[Estimate, ...]:
    """Normal limits on the logit scale, as the metrics' intervals have them with many cases."""
    z = float(ndtri(0.5 + LEVEL / 2))
    inside = np.clip(value, 1e-9, 1 - 1e-9)
    width = z * np.sqrt(variance) / (inside * (1 - inside))
    logit = np.log(inside / (1 - inside))
    low, high = (1 / (1 + np.exp(-np.clip(end, -700, 700))) for end in (logit - width, logit + width))
    return tuple(Estimate(*ends) for ends in zip(value.tolist(), low.tolist(), high.tolist(), strict=True))

"""95 % intervals for estimates from a stratified sample, from per-stratum histograms alone.

Variance: linearisation (Taylor series) of the estimator, then the variance of a stratified total of the linearised
variable, with the finite-population correction (Särndal, Swensson, Wretman: Model Assisted Survey Sampling, 1992,
results 5.5.1 and 3.7.2; post-stratification as in section 7.6, conditional on the stratum sample sizes).
Limits: on the logit scale, where estimates near 0 or 1 are closer to normal (Korn, Graubard: Survey Methodology 24,
1998), with Student's t on the effective number of cases.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from core.metrics.bins import Floats

LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its 95 % interval, all within 0 to 1."""

    value: float
    low: float
    high: float


def variance_of_total(moments: tuple[Floats, Floats], sampled: Floats, population: Floats | None) -> Floats:
    """Variance of the weighted total of a variable z, over the last axis of strata.

    `moments` are the sums of z and of z squared over the sampled units, shape [..., S]; `sampled` n and `population` N,
    shape [S]. Without a population the units are a simple random sample from an endless one, each of weight 1.
    """
    first, second = moments
    spread = np.maximum(second - first**2 / sampled, 0) / np.maximum(sampled - 1, 1)
    if population is None:
        return (sampled * spread).sum(-1)
    return (population**2 * (1 - sampled / population) * spread / sampled).sum(-1)


def interval(value: float, variance: float, cases: float) -> Estimate:
    """Limits of a proportion-like estimate. `cases` is the effective number of units that carry it."""
    if 0 < value < 1 and variance > 0:
        quantile = float(stdtrit(max(cases - 1, 1.0), 0.5 + LEVEL / 2))
        logit, width = np.log(value / (1 - value)), quantile * np.sqrt(variance) / (value * (1 - value))
        return Estimate(value, *(float(1 / (1 + np.exp(-end))) for end in (logit - width, logit + width)))
    return Estimate(value, *wilson(value, cases)) if cases else Estimate(value, 0.0, 1.0)


def wilson(share: float, cases: float) -> tuple[float, float]:
    """Score interval of a share of `cases` units: for samples that show no spread (Wilson 1927)."""
    z2 = float(stdtrit(1e6, 0.5 + LEVEL / 2)) ** 2
    centre = (share + z2 / (2 * cases)) / (1 + z2 / cases)
    half = np.sqrt(z2 * share * (1 - share) / cases + z2**2 / (4 * cases**2)) / (1 + z2 / cases)
    return max(0.0, float(centre - half)), min(1.0, float(centre + half))


def effective_cases(counts: Floats, weights: Floats) -> Floats:
    """Kish's effective number of units, (sum w)^2 / sum w^2, of counts [..., S] with weights [S] (Kish 1965)."""
    squares = (counts * weights**2).sum(-1)
    return (counts * weights).sum(-1) ** 2 / np.where(squares > 0, squares, 1)

"""95 % intervals for estimates from a stratified sample, from per-stratum histograms alone.

Variance: linearisation (Taylor series) of the estimator, then the variance of a stratified total of the linearised
variable, with the finite-population correction (Särndal, Swensson, Wretman: Model Assisted Survey Sampling, 1992,
results 5.5.1 and 3.7.2; post-stratification as in section 7.6, conditional on the stratum sample sizes).
Limits: on the logit scale, where estimates near 0 or 1 are closer to normal (Korn, Graubard: Survey Methodology 24,
1998), with Student's t on the effective number of cases.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri, stdtrit

from core.metrics.bins import Floats

LEVEL = 0.95
_CARRIERS = 1.5
"""Degrees of freedom that one carrier of a variance is worth: 2 if its terms were normal (Satterthwaite: Biometrics
Bulletin 2, 1946), 1 if each stood alone; with terms as skewed as these, between the two."""
Z = float(ndtri(0.5 + LEVEL / 2))
"""Normal deviate of the level."""


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


def intervals(value: Floats, variance: Floats, cases: Floats) -> list[Estimate]:
    """`limits` with their values, of arrays of one shape, flat."""
    low, high = limits(value, variance, cases)
    ends = (np.ravel(value).tolist(), low.ravel().tolist(), high.ravel().tolist())
    return [Estimate(*numbers) for numbers in zip(*ends, strict=True)]


def limits(value: Floats, variance: Floats, cases: Floats) -> tuple[Floats, Floats]:
    """Low and high of proportion-like estimates, each of the shape of `value`.

    `cases` are the effective numbers of units that carry each. Where the sample shows no spread, Wilson's score
    interval says what is left to say; where there is no unit at all, the limits are 0 and 1.
    """
    inside = (value > 0) & (value < 1) & (variance > 0)
    centre = np.where(inside, value, 0.5)
    slope = centre * (1 - centre)
    width = stdtrit(np.maximum(cases - 1, 1.0), 0.5 + LEVEL / 2) * np.sqrt(variance) / slope
    logit = np.log(centre / (1 - centre))
    low, high = (1 / (1 + np.exp(-np.clip(end, -700, 700))) for end in (logit - width, logit + width))
    wilson_low, wilson_high = wilson(value, cases)
    return np.where(inside, low, wilson_low), np.where(inside, high, wilson_high)


def wilson(share: Floats, cases: Floats) -> tuple[Floats, Floats]:
    """Score interval of a share of `cases` units (Wilson: JASA 22, 1927)."""
    some = np.maximum(cases, 1e-9)
    z2 = Z**2
    centre = (share + z2 / (2 * some)) / (1 + z2 / some)
    half = np.sqrt(z2 * share * (1 - share) / some + z2**2 / (4 * some**2)) / (1 + z2 / some)
    return np.where(share <= 0, 0.0, np.maximum(0.0, centre - half)), np.where(
        share >= 1, 1.0, np.minimum(1.0, centre + half)
    )


def effective_cases(counts: Floats, weights: Floats) -> Floats:
    """Kish's effective number of units, (sum w)^2 / sum w^2, of counts [..., S] with weights [S] (Kish 1965)."""
    squares = counts @ weights**2
    return (counts @ weights) ** 2 / np.where(squares > 0, squares, 1)


def carrying(moments: tuple[Floats, Floats, Floats], weights: Floats) -> Floats:
    """Cases that a variance is worth, from sums of z, z^2 and z^4 in each stratum, [..., S] each, with weights [S].

    Each comment adds about v = (w z)^2, and (sum v)^2 / sum v^2 of them carry the sum: where one comment makes most of
    a variance, that variance is known no better than from one case. No limit where no comment adds any.
    """
    added, squared = moments[1] @ weights**2, moments[2] @ weights**4
    return _CARRIERS * np.divide(added**2, squared, out=np.full_like(added, np.inf), where=squared > 0)

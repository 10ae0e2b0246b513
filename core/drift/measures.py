"""How far a day's counts are from a reference: the population stability index and exact tests. Pure functions."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import scipy  # its stats load when first used: half a second that most commands can do without
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

GROUPS: Final = 10
"""Groups of equal mass that the reference's scores are cut into: deciles."""
CLASSIC_LIMIT: Final = 0.2
"""From here on the index is called a significant shift (Siddiqi, Credit Risk Scorecards, 2006, has 0.25)."""


@dataclass(frozen=True, slots=True)
class Index:
    """The population stability index of one or many days."""

    value: Floats
    """[days]; 0 is the same distribution."""
    limit: Floats
    """[days]; above it the shift is both large and more than chance."""


def groups_of(reference: Ints) -> Ints:
    """Which decile of the reference each bin belongs to, [bins], numbered from 0 without gaps.

    A bin goes where the middle of its mass lies, so bins that the reference never met join their neighbours, and a bin
    that holds more than a tenth makes a group of its own.
    """
    middle = np.cumsum(reference) - reference / 2
    decile = np.minimum((middle * GROUPS / max(reference.sum(), 1)).astype(np.int64), GROUPS - 1)
    return np.unique(decile, return_inverse=True)[1]


def stability_index(days: Ints, reference: Ints, *, alpha: float) -> Index:
    """The index of days, [days, bins], against a reference, [bins], on the reference's deciles.

    sum over groups of (p - q) ln(p / q); half a comment is added to every group of either side, so that an empty one
    has a logarithm. For samples of n and m comments from one distribution it is about (1/n + 1/m) times a chi-square
    variable with B - 1 degrees of freedom, of mean (B - 1)(1/n + 1/m) (Yurdakul, Naranjo: Statistical properties of the
    population stability index, Journal of Risk Model Validation 14(4), 2020). The limit is the larger of the classic
    one and that variable's 1 - alpha quantile: with few comments chance alone passes the classic one.
    """
    group = groups_of(reference)
    count = int(group.max(initial=0)) + 1
    q, p = _grouped(reference[None], group, count)[0], _grouped(days, group, count)
    n, m = days.sum(1), reference.sum()
    q = (q + 0.5) / (m + count / 2)
    p = (p + 0.5) / (n[:, None] + count / 2)
    value = ((p - q) * np.log(p / q)).sum(1)
    chance = scipy.stats.chi2.ppf(1 - alpha, max(count - 1, 1)) * (1 / np.maximum(n, 1) + 1 / max(m, 1))
    return Index(value, np.maximum(CLASSIC_LIMIT, chance))


def _grouped(counts: Ints, group: Ints, groups: int) -> Floats:
    return counts.astype(np.float64) @ (group[:, None] == np.arange(groups))


@dataclass(frozen=True, slots=True)
class Shift:
    """By how many logits the mean score of one or many days lies off the reference's."""

    value: Floats
    """[days]; negative: lower."""
    p: Floats
    """[days], two-sided."""


def mean_shift(days: Ints, reference: Ints, centres: Floats) -> Shift:
    """Difference of mean logits, days [days, bins] less reference [bins], with Welch's z test.

    It finds what the index is dull for: a wide distribution that moves as a whole. Its index is about
    (shift / standard deviation)^2, 0.06 for half a logit where scores spread by two.
    """
    n, m = np.maximum(days.sum(1), 1), max(int(reference.sum()), 1)
    mean, base = days @ centres / n, float(reference @ centres) / m
    spread = np.maximum(days @ centres**2 / n - mean**2, 1e-6)
    base_spread = max(float(reference @ centres**2) / m - base**2, 1e-6)
    value = mean - base
    return Shift(value, 2 * scipy.stats.norm.sf(np.abs(value) / np.sqrt(spread / n + base_spread / m)))


def exact_p(some: int, of: int, reference_some: int, reference_of: int) -> float:
    """Two-sided p of a share being the reference's: Fisher's exact test, the smaller tail doubled."""
    drawn = (reference_of + of, reference_some + some, of)
    chance = scipy.stats.hypergeom
    tail = chance.sf(some - 1, *drawn) if some * reference_of > reference_some * of else chance.cdf(some, *drawn)
    return min(1.0, 2 * float(tail))


def exact_interval(some: Ints, of: Ints, *, level: float = 0.95) -> tuple[Floats, Floats]:
    """Exact interval of a share (Clopper, Pearson: Biometrika 26, 1934); 0 to 1 of none."""
    tail = (1 - level) / 2
    with np.errstate(invalid="ignore"):
        low = np.where(some > 0, scipy.stats.beta.ppf(tail, some, of - some + 1), 0.0)
        high = np.where(some < of, scipy.stats.beta.ppf(1 - tail, some + 1, of - some), 1.0)
    return low, high

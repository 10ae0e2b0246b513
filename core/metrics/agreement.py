"""Agreement between people, chance-corrected, of pairs of opinions drawn with known probabilities.

Every number is a function of weighted means; a pair weighs 1 / its inclusion probability. Intervals are 95 %, by
linearisation: the variance of a mean of the linearised variable z is n/(n-1) sum (w z)^2 / (sum w)^2 (Särndal,
Swensson, Wretman, *Model Assisted Survey Sampling*, 1992, 5.5.1, with replacement), for an endless stream of comments
like these. Chance-corrected ones have their limits on the scale of log(1 - coefficient), the log ratio of observed to
expected disagreement, where they are closer to normal and cannot pass 1.

Sources: Cohen, *Educational and Psychological Measurement* 20, 1960; its large-sample variance, which this equals for
equal weights: Fleiss, Cohen, Everitt, *Psychological Bulletin* 72, 1969. Krippendorff, *Content Analysis*, 2004,
chapter 11.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from core.metrics.bins import Floats
from core.metrics.intervals import LEVEL, Estimate, intervals, wilson

FEW_PAIRS = 30
"""Below so many pairs a coefficient would be noise."""
FEW_GIVEN = 10
"""Nor is there one below so many comments to which somebody gave the label, or somebody did not."""

Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Coefficient:
    """A number with its 95 % interval, that may be negative."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far two people say the same about one label."""

    pairs: int
    given: int
    """Comments to which at least one of the two gave the label."""
    percent: Estimate
    """Share of comments on which both say the same."""
    kappa: Coefficient
    """Cohen's: 0 is what chance gives, 1 is perfect."""
    alpha: Coefficient
    """Krippendorff's, nominal: the same, not minding who was first, and fair to small samples."""


def agreements(first: Bools, second: Bools, weights: Floats) -> list[Agreement | None]:
    """Per label, of n comments' opinions [n, labels]; None where there are too few."""
    return [_agreement(first[:, j], second[:, j], weights) for j in range(first.shape[1])]


def share_same(same: Bools, weights: Floats) -> Estimate | None:
    """Share of comments on which two people say the same, of flags [n]; None below FEW_PAIRS."""
    return share(same, weights) if len(same) >= FEW_PAIRS else None


def share(on: Bools | Floats, weights: Floats) -> Estimate:
    """Weighted share of flags [n] that are on, or mean of shares [n]. Needs at least one."""
    value = weighted_mean(on, weights)
    variance = variance_of_mean(on - value, weights)
    return intervals(np.array([value]), np.array([variance]), np.array([kish(weights)]))[0]


def cohen_kappa(first: Bools, second: Bools, weights: Floats) -> Coefficient:
    """Cohen's kappa of two people's yes or no on n comments."""
    x, y = first.astype(float), second.astype(float)
    p, q, apart = (weighted_mean(values, weights) for values in (x, y, first != second))
    expected = p * (1 - q) + q * (1 - p)
    z_apart = (first != second) - apart
    z_expected = (1 - 2 * q) * (x - p) + (1 - 2 * p) * (y - q)
    return _one_minus_ratio((apart, expected), (z_apart, z_expected), first != second, weights)


def krippendorff_alpha(counts: Floats, weights: Floats) -> Coefficient:
    """Krippendorff's alpha for nominal values.

    `counts` say how many people gave comment u the value c, [n, values]; people may be missing. A comment with fewer
    than two opinions has nothing to pair and is left out.
    """
    enough = counts.sum(1) >= 2
    counts, weights = counts[enough], weights[enough]
    many = counts.sum(1)
    total = (weights * many).sum()
    apart = (many**2 - (counts**2).sum(1)) / (many - 1)
    observed = float((weights * apart).sum() / total)
    p = (weights[:, None] * counts).sum(0) / total
    values = total**2 / (weights**2 * many).sum()
    small = values / (values - 1)  # his n / (n - 1), with Kish's effective number of values
    expected = small * (1 - p @ p)
    mean = total / weights.sum()
    z_observed = (apart - observed * many) / mean
    z_expected = -2 * small * ((counts - many[:, None] * p) * p).sum(1) / mean
    return _one_minus_ratio((observed, expected), (z_observed, z_expected), apart > 0, weights)


def weighted_mean(values: Any, weights: Floats) -> float:
    """Mean of values [n] that weigh so much."""
    # not @: mixed with flags it is slow, and on a busy machine its threads wait for each other
    return float((weights * values).sum() / weights.sum())


def variance_of_mean(z: Any, weights: Floats) -> float:
    """Variance of a weighted mean, of its linearised variable [n]."""
    n = len(weights)
    return float(n / max(n - 1, 1) * np.sum((weights * z) ** 2) / weights.sum() ** 2)


def kish(weights: Floats) -> float:
    """Effective number of comments (Kish, *Survey Sampling*, 1965)."""
    return float(weights.sum() ** 2 / np.sum(weights**2)) if len(weights) else 0.0


def difference(z: Any, weights: Floats) -> Coefficient:
    """Weighted mean of paired differences [n], each from -1 to 1, with Student's t on the effective number of pairs.

    Where no pair differs, the limits are those of a share of none (Wilson), to either side.
    """
    value = weighted_mean(z, weights)
    variance = variance_of_mean(z - value, weights)
    cases = kish(weights)
    if variance <= 0:
        half = float(wilson(np.zeros(1), np.array([cases]))[1][0])
    else:
        half = _quantile(cases - 1) * variance**0.5
    return Coefficient(value, max(value - half, -1.0), min(value + half, 1.0))


def _agreement(first: Bools, second: Bools, weights: Floats) -> Agreement | None:
    given, withheld = int((first | second).sum()), int((~first | ~second).sum())
    if len(first) < FEW_PAIRS or given < FEW_GIVEN or withheld < FEW_GIVEN:
        return None
    yes = first.astype(float) + second
    return Agreement(
        pairs=len(first),
        given=given,
        percent=share(first == second, weights),
        kappa=cohen_kappa(first, second, weights),
        alpha=krippendorff_alpha(np.stack([2 - yes, yes], 1), weights),
    )


def _one_minus_ratio(
    ratio: tuple[float, float], z: tuple[Floats, Floats], apart: Bools, weights: Floats
) -> Coefficient:
    """1 - observed / expected disagreement; where none was observed, the lower limit is that of a share of none."""
    (observed, expected), (z_observed, z_expected) = ratio, z
    if expected <= 0:  # everybody always says the same one thing: agreement that could not have been otherwise
        return Coefficient(0.0, 0.0, 0.0) if observed > 0 else Coefficient(1.0, -1.0, 1.0)
    value = 1 - observed / expected
    if observed <= 0:
        return Coefficient(1.0, 1 - float(wilson(np.zeros(1), np.array([kish(weights)]))[1][0]) / expected, 1.0)
    spread = variance_of_mean(z_observed / observed - z_expected / expected, weights) ** 0.5
    factor = float(np.exp(np.clip(_quantile(kish(weights[apart])) * spread, 0, 50)))
    return Coefficient(value, max(1 - (1 - value) * factor, -1.0), 1 - (1 - value) / factor)


def _quantile(freedom: float) -> float:
    return float(stdtrit(max(freedom, 1.0), 0.5 + LEVEL / 2))

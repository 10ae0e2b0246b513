"""Calibration: what the model says against what people say, its error without the bias of small groups."""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from core.metrics.bins import CENTRES, Floats
from core.metrics.estimate import Sample, weighted
from core.metrics.intervals import Estimate, Z, effective_cases, intervals, variance_of_total

GROUPS = 15
"""Groups of equal mass of a calibration curve."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """What the model says against what people say, in groups of equal mass."""

    predicted: Floats
    """Mean probability of each group."""
    observed: list[Estimate]
    """Share of positives of each group."""
    error: float
    """Mean distance of the two, weighted by the groups' mass (Guo et al. 2017, with equal-mass bins). Too high by
    itself where groups are small: chance alone moves each share away from what was said."""
    unbiased: Estimate | None = None
    """The same less what chance adds, with its interval; 0 where chance explains it all."""


def calibration(sample: Sample, label: int) -> Calibration:
    """Groups of equal mass by score: mean probability against the share of positives, with intervals."""
    hist = weighted(sample)[label]
    mass = hist.sum(0)
    centre_of_mass = (mass.cumsum() - mass / 2) / mass.sum()
    group = np.minimum((centre_of_mass * GROUPS).astype(int), GROUPS - 1)
    used = np.unique(group[mass > 0])
    member = ((group == used[:, None]) & (mass > 0)).astype(np.float64)  # [G, BINS]
    weight = member @ mass
    predicted = (member @ (mass * CENTRES)) / weight
    share, variance, cases = _shares(sample, label, member)
    gap, mass_share = np.abs(predicted - share), weight / weight.sum()
    return Calibration(
        predicted,
        intervals(share, variance, cases),
        float((gap * mass_share).sum()),
        _unbiased(gap, np.sqrt(np.maximum(variance, _unseen_variance(share, cases))), mass_share),
    )


def _unseen_variance(share: Floats, cases: Floats) -> Floats:
    """Variance of a share of `cases` units that leaves room for what was not seen (Agresti, Coull 1998)."""
    centre = (share * cases + 2) / (cases + 4)
    return np.where((share <= 0) | (share >= 1), centre * (1 - centre) / (cases + 4), 0.0)


def _unbiased(gap: Floats, spread: Floats, mass: Floats) -> Estimate:
    """Mean gap less the bias that chance gives it, with limits.

    A share with standard error s lies off its true value by chance, so abs(gap) is taken as a folded normal variable:
    what E abs(N(g, s)) exceeds g by is taken off (Kumar, Liang, Ma: Verified Uncertainty Calibration, NeurIPS 2019, for
    the l1 error), g^2 being gap^2 - s^2, which is unbiased (Bröcker: Climate Dynamics 39, 2012), or 0. Its variance is
    the groups' folded normal variances, groups being independent. How much is to be taken off is known by chance, too:
    the limits reach from the error with it taken off to the plain error, and beyond both by the sampling error.
    """
    some = np.maximum(spread, 1e-12)
    true = np.sqrt(np.maximum(gap**2 - some**2, 0))
    mean = some * np.sqrt(2 / np.pi) * np.exp(-((true / some) ** 2) / 2) + true * (1 - 2 * ndtr(-true / some))
    value = max(0.0, float((mass * (gap - mean + true)).sum()))
    wide = Z * float(np.sqrt((mass**2 * (true**2 + some**2 - mean**2)).sum()))
    plain = float((mass * gap).sum())
    return Estimate(value, max(0.0, value - wide), min(1.0, plain + wide))


def _shares(sample: Sample, label: int, member: Floats) -> tuple[Floats, Floats, Floats]:
    """Share of positives in each group of bins, `member` [G, BINS], its variance, and on how many cases it rests."""
    counts = np.moveaxis(sample.counts[:, label] @ member.T, 0, -1)  # [class, G, S]
    total = counts @ sample.weights
    share = total[1] / total.sum(0)
    z = np.stack([-share, 1 - share]) / total.sum(0)
    moments = ((z[..., None] * counts).sum(0), (z[..., None] ** 2 * counts).sum(0))  # [G, S]
    variance = variance_of_total(moments, sample.sampled, sample.population)
    return share, variance, effective_cases(counts.sum(0), sample.weights)

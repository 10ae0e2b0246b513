"""Decided audit items one by one, and ratios over all traffic from them: joint over labels, as histograms cannot be."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.metrics.estimate import ratio
from core.metrics.intervals import Estimate, effective_cases, intervals, variance_of_total

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class AuditItems:
    """n decided audit items in S strata, a stratum being a band under one audit rate. Every stratum has an item."""

    band: NDArray[np.int64]
    """[n]."""
    scores: NDArray[np.float32]
    """By the live model, [n, 6]."""
    labels: Flags
    """What people gave, [n, 6]."""
    stratum: NDArray[np.int64]
    """Index of each item's stratum, [n], 0 to S - 1."""
    population: Floats
    """Comments of each stratum, [S]."""
    uncovered: int = 0
    """Comments of strata without a decided item: nothing is known about them."""

    def __len__(self) -> int:
        """n."""
        return len(self.band)

    @property
    def sampled(self) -> Floats:
        """Items of each stratum, [S]."""
        return np.bincount(self.stratum, minlength=len(self.population)).astype(np.float64)

    @property
    def weights(self) -> Floats:
        """How many comments an item of each stratum stands for, [S]."""
        return ratio(self.population, self.sampled)

    @property
    def size(self) -> float:
        """Comments that the items stand for."""
        return float(self.population.sum())


def no_items() -> AuditItems:
    """Nothing is decided yet."""
    empty = np.zeros((0, 6))
    nothing = np.zeros(0, np.int64)
    return AuditItems(nothing, empty.astype(np.float32), empty.astype(bool), nothing, np.zeros(0))


def counts(items: AuditItems, which: Flags) -> Floats:
    """Items by stratum for which a variable [n, T] is true: [T, S]."""
    member = (items.stratum == np.arange(len(items.population))[:, None]).astype(np.float32)
    return np.asarray((member @ which.astype(np.float32)).T, np.float64)  # exact up to 2^24 items


def ratios(
    items: AuditItems,
    top: Floats,
    bottom: Floats,
    cases_of: Floats | None = None,
    *,
    unseen: tuple[float, float] = (0.0, 0.0),
) -> list[Estimate]:
    """T ratios of totals over all traffic with 95 % intervals, of `counts`: what is in `top` is in `bottom` as well.

    The linearised variable is (y - R x) / X (Särndal, Swensson, Wretman 1992, 5.6), as in core.metrics.estimate.
    `cases_of` counts the items that carry the number, for the degrees of freedom; without it those in `bottom`.
    `unseen` items of each stratum, in the top and in the rest of the bottom, count for the variance alone.
    """
    under = bottom @ items.weights  # [T]
    value = ratio(top @ items.weights, under)
    over, beneath = (ratio(part, under)[:, None] for part in (1 - value, -value))  # z of either part
    top, rest, cases_of = top + unseen[0], bottom - top + unseen[1], bottom if cases_of is None else cases_of
    moments = over * top + beneath * rest, over**2 * top + beneath**2 * rest
    variance = variance_of_total(moments, items.sampled, items.population)
    return intervals(value, variance, effective_cases(cases_of, items.weights))

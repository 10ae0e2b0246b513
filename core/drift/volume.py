"""How many comments, and how many new words, are usual: robust limits from the days of the reference span."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import scipy  # its stats load when first used: half a second that most commands can do without
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

VOLUME_RATIO: Final = 1.5
"""A day's volume is only told when it is so many times the usual, or this part of it."""
WORDS_RATIO: Final = 1.25
"""So is a rate of new words."""
_LEAST_SPREAD: Final = 0.08
"""Standard deviation of the log of a day's volume that is always granted."""
_WEEK: Final = 7
_WEEKS_FOR_WEEKDAYS: Final = 3
"""Weekdays have a level of their own once each of them was seen so often."""


@dataclass(frozen=True, slots=True)
class Usual:
    """What is usual on a day, and the limits that only drift passes."""

    value: Floats
    low: Floats
    high: Floats


def usual_volume(days: Ints, reference_days: Ints, counts: Ints, *, alpha: float) -> Usual:
    """Comments that are usual on each of `days`, from the reference's days with their counts, both [r].

    On the log scale: the median of the same weekday, once three of each are known, else of all days; spread is the
    scaled median absolute deviation (Rousseeuw, Croux: JASA 88, 1993), widened for the levels taken out of it, at least
    that of a Poisson count. Limits by Student's t, and never closer than VOLUME_RATIO.
    """
    logs, weekday = np.log(counts + 0.5), reference_days % _WEEK
    seen = np.bincount(weekday, minlength=_WEEK)
    by_weekday = bool((seen >= _WEEKS_FOR_WEEKDAYS).all())
    level = [np.median(logs[weekday == d]) if by_weekday else np.median(logs) for d in range(_WEEK)]
    rest = logs - np.array(level)[weekday]
    free = max(len(logs) - (_WEEK if by_weekday else 1), 1)
    robust = 1.4826 * np.median(np.abs(rest)) * np.sqrt(len(logs) / free)
    usual = np.exp(np.array(level)[days % _WEEK])
    spread = np.sqrt(max(robust, _LEAST_SPREAD) ** 2 * (1 + 1 / max(seen.min() if by_weekday else len(logs), 1)))
    far = scipy.stats.t.ppf(1 - alpha / 2, free) * np.sqrt(spread**2 + 1 / np.maximum(usual, 1))
    far = np.maximum(far, np.log(VOLUME_RATIO))
    return Usual(usual, usual * np.exp(-far), usual * np.exp(far))


def usual_words(rates: Floats, variances: Floats, day_variance: Floats, *, alpha: float) -> Usual:
    """Share of new words that is usual, from the reference days' rates, [r], and the sampling variances of both.

    The median; spread is the scaled median absolute deviation, at least that of sampling; one-sided.
    """
    centre = float(np.median(rates))
    robust = 1.4826 * float(np.median(np.abs(rates - centre)))
    between = max(robust**2, float(np.median(variances)))
    far = scipy.stats.t.ppf(1 - alpha, max(len(rates) - 1, 1)) * np.sqrt(between * (1 + 1 / len(rates)) + day_variance)
    high = centre + np.maximum(far, (WORDS_RATIO - 1) * centre)
    return Usual(np.full(len(day_variance), centre), np.zeros(len(day_variance)), high)


def interval(rate: Floats, variance: Floats, *, level: float = 0.95) -> tuple[Floats, Floats]:
    """Normal interval of a share, kept within 0 to 1."""
    far = scipy.stats.norm.ppf(0.5 + level / 2) * np.sqrt(variance)
    return np.maximum(rate - far, 0), np.minimum(rate + far, 1)


def ratio_variance(words: Floats, fresh: Floats, squares: tuple[Floats, Floats, Floats], comments: Ints) -> Floats:
    """Variance of fresh / words over days, words clustered by comment: the ratio estimator's linearised variance.

    `squares` are sums over comments of words^2, fresh^2 and words * fresh (Cochran, Sampling Techniques, 1977, 6.4).
    """
    ww, ff, wf = squares
    rate = fresh / np.maximum(words, 1)
    spread = np.maximum(ff - 2 * rate * wf + rate**2 * ww, 0)
    return spread / np.maximum(words, 1) ** 2 * (comments / np.maximum(comments - 1, 1))

"""Which limits a day passes, with how large a chance of a false alarm."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np

from core.domain import BANDS
from core.drift.measures import exact_p
from core.drift.report import Report
from core.labels import LABELS


class Kind(StrEnum):
    """What drifted."""

    SCORES = "scores"
    """The shape of a label's scores, by the population stability index."""
    SHIFT = "shift"
    """Their mean."""
    FLAGS = "flags"
    VOLUME = "volume"
    NEW_WORDS = "new_words"
    BAND = "band"


DAILY_ERROR: Final = 0.01
"""Chance of any false alarm on a day without drift, over all tests and all looks: one in a hundred days."""
_FAMILY: Final = DAILY_ERROR / len(Kind)
"""Shared out by Bonferroni: each kind of drift gets the same part, and its labels or bands share that."""
FLAG_RATIO: Final = 1.2
"""A flag rate is only told when it is so many times the reference's, or this part of it: with a hundred thousand
comments a day every change is more than chance."""
SHIFT_LOGITS: Final = 0.25
"""The mean of a label's scores is only told when it moved so far: a score of 20 % is then one of 24 %."""
SHARE_RATIO: Final = 1.5
"""The same of a band's share of traffic."""
BOOSTS: Final = (2.0, 4.0)
"""By how much a drifted band's audit rate is multiplied: at its limit, and from twice as far on."""
FIRST_LOOK: Final = 500
"""The running day is first looked at with so many comments, then each time that they have doubled."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One test of one day."""

    kind: Kind
    subject: str
    """Label, or index of the band; empty for all traffic."""
    value: float
    limit: float
    passed: bool
    """Whether the limit is passed."""
    boost: float = 1.0


def spent_on(look: int) -> float:
    """Part of a day's error that its k-th look may spend, k from 1: 1 / (k (k + 1)), which add up to 1 however many.

    A fixed spending sequence as in alpha spending (Lan, DeMets: Biometrika 70, 1983).
    """
    return 1 / (look * (look + 1))


def errors_at(look: int) -> tuple[float, float]:
    """The error of one label's test and of one band's test at a look, for `core.drift.report.examine`."""
    return _FAMILY / len(LABELS) * spent_on(look), _FAMILY / (2 * BANDS) * spent_on(look)


def judge(report: Report, day: int, *, look: int, complete: bool) -> list[Finding]:
    """All tests of a day. Of a running day, what only grows is tested for being too much alone."""
    at = int(np.flatnonzero(report.days == day)[0])
    found = [*_volume(report, at, complete=complete), *_words(report, at)]
    if report.has_reference and report.judged[at]:
        label_error, band_error = errors_at(look)
        found += [
            *_scores(report, at),
            *_shifts(report, at, label_error),
            *_flags(report, at, label_error),
            *_bands(report, at, band_error),
        ]
    return found


def _scores(report: Report, at: int) -> list[Finding]:
    return [
        Finding(
            Kind.SCORES, label, float(index.value[at]), float(index.limit[at]), bool(index.value[at] > index.limit[at])
        )
        for label, index in zip(LABELS, report.index, strict=True)
    ]


def _shifts(report: Report, at: int, error: float) -> list[Finding]:
    found = []
    for label, shift in zip(LABELS, report.shift, strict=True):
        value = float(shift.value[at])
        passed = abs(value) > SHIFT_LOGITS and float(shift.p[at]) <= error
        found.append(Finding(Kind.SHIFT, label, value, SHIFT_LOGITS if value > 0 else -SHIFT_LOGITS, passed))
    return found


def _flags(report: Report, at: int, error: float) -> list[Finding]:
    found = []
    for j, label in enumerate(LABELS):
        some, of = int(report.flagged[at, j]), int(report.scored[at])
        base = int(report.reference_flagged[j])
        rate, usual = some / of, base / report.reference_scored
        limit = usual * FLAG_RATIO if rate >= usual else usual / FLAG_RATIO
        far = rate > limit if rate >= usual else rate < limit
        passed = far and exact_p(some, of, base, report.reference_scored) <= error
        found.append(Finding(Kind.FLAGS, label, rate, limit, passed))
    return found


def _volume(report: Report, at: int, *, complete: bool) -> list[Finding]:
    usual, count = report.usual_volume, float(report.volume[at])
    if usual is None:
        return []
    more, less = count > usual.high[at], complete and count < usual.low[at]
    limit = usual.low[at] if count < usual.value[at] else usual.high[at]
    return [Finding(Kind.VOLUME, "", count, float(limit), bool(more or less))]


def _words(report: Report, at: int) -> list[Finding]:
    usual, rate = report.words.usual, report.words.rate[at]
    if usual is None or np.isnan(rate):
        return []
    return [Finding(Kind.NEW_WORDS, "", float(rate), float(usual.high[at]), bool(rate > usual.high[at]))]


def _bands(report: Report, at: int, error: float) -> list[Finding]:
    """A band's share of traffic and its scores within it; what is further past its limit speaks for the band."""
    of, base_of = int(report.bands[at].sum()), int(report.reference_bands.sum())
    found = []
    for band in range(BANDS):
        some, base = int(report.bands[at, band]), int(report.reference_bands[band])
        if not of or not base_of:
            continue
        ratio = _ratio(some / of, base / base_of)
        differs = ratio > SHARE_RATIO and exact_p(some, of, base, base_of) <= error
        share = (np.log(ratio) / np.log(SHARE_RATIO), ratio, SHARE_RATIO, differs)
        index = report.band_index[band]
        value, limit = float(index.value[at]), float(index.limit[at])
        within = (value / limit, value, limit, bool(value > limit and report.band_judged[at, band]))
        far, told, past, passed = max((share, within), key=lambda one: (one[3], one[0]))
        found.append(
            Finding(Kind.BAND, str(band), float(told), float(past), bool(passed), boost_of(far) if passed else 1.0)
        )
    return found


def _ratio(share: float, usual: float) -> float:
    """How many times as much, or as little; at least 1."""
    tiny = 1e-6
    return max((share + tiny) / (usual + tiny), (usual + tiny) / (share + tiny))


def boost_of(far: float) -> float:
    """The factor of a drifted band's audit rate, by how many times its limit it is away."""
    low, high = BOOSTS
    return float(np.clip(low + (high - low) * (far - 1), low, high))

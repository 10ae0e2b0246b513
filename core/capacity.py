"""What a policy costs and misses: items and reviewer hours a day, misses, false alarms, recall, precision.

Pure functions on three things: the traffic of the last days by the live model (core.policies.Traffic), the decided
audit items (core.audit_items) and how long decisions took (the ledger). As-reviewed numbers are never used: where
audits are too few there is no number.

Items are counted on the latest comments, each once whatever number of labels flags it. Hours are items times the
median seconds of their lane. Intervals are 95 %: of shares by linearisation (core.metrics.intervals), of medians by
order statistics (Conover, Practical Nonparametric Statistics, 3rd edition, 3.2), of sums and products from those of
their parts (MOVER: Zou, Donner, Statistics in Medicine 27, 2008).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import bdtr, ndtri

from core.audit_items import AuditItems, Flags, Floats, counts, ratios
from core.automatic import automatic
from core.domain import Lane, Policy
from core.metrics.estimate import FEW, UNSEEN_MISSES
from core.metrics.intervals import LEVEL, Estimate
from core.policies import Traffic
from core.routing import NO_BOOST, audit_rates, margins

FEW_TIMES: Final = 10
"""Below so many timed decisions a lane's median is that of all lanes; below so many in all there is none."""

_Z: Final = float(ndtri(0.5 + LEVEL / 2))


@dataclass(frozen=True, slots=True)
class Amount:
    """A number a day, or of seconds, with its 95 % interval; 0 or more."""

    value: float
    low: float
    high: float

    def times(self, factor: float) -> "Amount":
        """Scaled by a known number."""
        return Amount(self.value * factor, self.low * factor, self.high * factor)


@dataclass(frozen=True, slots=True)
class LabelCost:
    """One label at one threshold. None: too few decided audit items to say."""

    threshold: float
    flagged: float
    """Comments a day that reach the threshold: counted traffic."""
    recall: Estimate | None
    precision: Estimate | None
    misses: Amount | None
    """Comments a day that deserve the label and do not reach the threshold."""
    false_alarms: Amount | None
    """Comments a day that reach it and do not deserve it."""


@dataclass(frozen=True, slots=True)
class Work:
    """Items a day by what they are, and the hours that they take."""

    flagged: Amount
    """Flagged by some label, neither audited nor removed without review."""
    audits: Amount
    second_opinions: Amount
    removed: Amount
    """Removed without review and not audited: nobody's work."""
    hours: Amount | None
    """Reviewer hours a day; None without timed decisions."""

    @property
    def items(self) -> Amount:
        """All that somebody looks at."""
        return add([self.flagged, self.audits, self.second_opinions])


@dataclass(frozen=True, slots=True)
class Cost:
    """Everything about a policy, a day."""

    labels: tuple[LabelCost, ...]
    work: Work | None
    """None before any traffic."""
    misses: Amount | None
    """Comments a day that deserve some label and are flagged by none."""
    false_alarms: Amount | None
    """Comments a day that are flagged by some label and deserve none."""


@dataclass(frozen=True, slots=True)
class Site:
    """What a policy is tried on."""

    traffic: Traffic
    items: AuditItems
    timings: Mapping[Lane, Sequence[float]]
    """Seconds on screen of the latest decisions, by lane."""
    boosts: Sequence[float] | Floats = NO_BOOST


def cost(site: Site, draft: Policy) -> Cost:
    """What the policy costs and misses a day."""
    a_day = site.traffic.comments_a_day
    labels = tuple(label_costs(site, label, [threshold])[0] for label, threshold in enumerate(draft.thresholds))
    joint = _outcomes(
        site.items, _any(site.items.scores >= np.asarray(draft.thresholds, np.float32)), _any(site.items.labels)
    )
    misses, false_alarms = (joint[0][0], joint[1][0]) if joint else (None, None)
    return Cost(
        labels=labels,
        work=work(site, draft),
        misses=misses and misses.times(a_day),
        false_alarms=false_alarms and false_alarms.times(a_day),
    )


def label_costs(site: Site, label: int, thresholds: Sequence[float] | Floats) -> list[LabelCost]:
    """One label at T thresholds. Point estimates fall or rise with the threshold, as they should; limits may waver."""
    marks = np.asarray(thresholds, np.float32)
    flagged = site.items.scores[:, [label]] >= marks  # [n, T]
    a_day = site.traffic.comments_a_day
    volume = [site.traffic.flagged_share(label, float(mark)) * a_day for mark in thresholds]
    outcomes = _outcomes(site.items, flagged, site.items.labels[:, [label]])
    if outcomes is None:
        return [LabelCost(float(t), v, None, None, None, None) for t, v in zip(thresholds, volume, strict=True)]
    missed, alarms, recall, precision = outcomes
    many = flagged.sum(0) >= FEW
    return [
        LabelCost(
            float(t), volume[i], recall[i], precision[i] if many[i] else None,
            missed[i].times(a_day), alarms[i].times(a_day),
        )
        for i, t in enumerate(thresholds)
    ]  # fmt: skip


def enough(items: AuditItems, label: int) -> bool:
    """Whether the label has enough decided positives and negatives to say anything."""
    positives = int(items.labels[:, label].sum())
    return min(positives, len(items) - positives) >= FEW


def work(site: Site, draft: Policy) -> Work | None:
    """Items and hours a day, from the latest comments."""
    latest = site.traffic.latest
    if not len(latest):
        return None
    rates = audit_rates(latest, draft, boosts=site.boosts)
    removed = automatic(latest, draft.auto_remove)
    flagged = (margins(latest, draft.thresholds) >= 0) & ~removed
    a_day = site.traffic.comments_a_day
    parts = [
        _mean(flagged * (1 - rates)),
        _mean(rates),
        _mean((flagged * (1 - rates) + rates) * draft.second_rate),
        _mean(removed * (1 - rates)),
    ]
    by_lane, audits, seconds, gone = (part.times(a_day) for part in parts)
    return Work(by_lane, audits, seconds, gone, _hours(site, [by_lane, audits, seconds]))


def median(seconds: Sequence[float]) -> Amount | None:
    """Median with its interval by order statistics; None for fewer than FEW_TIMES."""
    n = len(seconds)
    if n < FEW_TIMES:
        return None
    ordered = np.sort(np.asarray(seconds, np.float64))
    # the highest rank below which the median lies with a probability of 2.5 % at most, and its mirror image
    rank = int(np.searchsorted(bdtr(np.arange(n), n, 0.5), (1 - LEVEL) / 2, side="right"))
    return Amount(float(np.median(ordered)), float(ordered[rank - 1]), float(ordered[n - rank]))


def seconds_of(timings: Mapping[Lane, Sequence[float]], lane: Lane) -> Amount | None:
    """Median seconds of a lane; of all lanes where it has too few."""
    everything = [value for values in timings.values() for value in values]
    return median(timings.get(lane, ())) or median(everything)


def add(parts: Sequence[Amount]) -> Amount:
    """Sum of independent amounts."""
    value = sum(part.value for part in parts)
    down = np.sqrt(sum((part.value - part.low) ** 2 for part in parts))
    up = np.sqrt(sum((part.high - part.value) ** 2 for part in parts))
    return Amount(value, max(value - float(down), 0.0), value + float(up))


def multiply(one: Amount, other: Amount) -> Amount:
    """Product of independent amounts: a sum on the scale of logarithms."""
    value = one.value * other.value
    if value <= 0:
        return Amount(0.0, 0.0, one.high * other.high)
    down = np.sqrt(sum(np.log(part.value / max(part.low, 1e-9 * part.value)) ** 2 for part in (one, other)))
    up = np.sqrt(sum(np.log(part.high / part.value) ** 2 for part in (one, other)))
    return Amount(value, value * float(np.exp(-down)), value * float(np.exp(up)))


def found_a_day(site: Site, label: int, thresholds: Floats) -> Floats:
    """Comments a day that deserve the label and reach each threshold, [T]."""
    flagged = site.items.scores[:, [label]] >= thresholds.astype(np.float32)
    found = counts(site.items, flagged & site.items.labels[:, [label]]) @ site.items.weights
    return found / max(site.items.size, 1e-300) * site.traffic.comments_a_day


def _hours(site: Site, parts: Sequence[Amount]) -> Amount | None:
    lanes = (Lane.FLAGGED, Lane.AUDIT, Lane.SECOND)
    times = [seconds_of(site.timings, lane) for lane in lanes]
    timed = [multiply(part, each) for part, each in zip(parts, times, strict=True) if each]
    return add(timed).times(1 / 3600) if len(timed) == len(parts) else None


def _mean(values: Floats) -> Amount:
    """Mean of values in 0 to 1 over the latest comments, taken as drawn from an endless stream like them."""
    n, value = len(values), float(values.mean())
    half = _Z * float(values.std(ddof=1 if n > 1 else 0)) / np.sqrt(n)
    return Amount(value, max(value - half, 0.0), value + half)


def _any(flags: Flags) -> Flags:
    """Whether any label holds, [n, 1]."""
    return np.asarray(flags.any(axis=1)).reshape(-1, 1)


def _outcomes(
    items: AuditItems, flagged: Flags, positive: Flags
) -> tuple[list[Amount], list[Amount], list[Estimate], list[Estimate]] | None:
    """Misses and false alarms as shares of all comments, recall and precision, T each; None where there are too few.

    `flagged` [n, T], `positive` [n, 1]. Where the sample holds no miss, recall says how many there may be; where it
    holds no false alarm, precision does.
    """
    if min(positive.sum(), (~positive).sum()) < FEW:
        return None
    hit, over, like = (counts(items, which) for which in (flagged & positive, flagged, positive))  # [T or 1, S]
    like = np.broadcast_to(like, hit.shape)
    everything = np.broadcast_to(items.sampled, hit.shape)
    recall, precision = ratios(items, hit, like, unseen=(0.0, UNSEEN_MISSES)), ratios(items, hit, over)
    missed = ratios(items, like - hit, everything, like, unseen=(UNSEEN_MISSES, 0.0))
    alarms = ratios(items, over - hit, everything, over)
    return (
        _left_open(missed, recall, ratios(items, like, everything)),
        _left_open(alarms, precision, ratios(items, over, everything)),
        recall,
        precision,
    )


def _left_open(found: list[Estimate], share: list[Estimate], of: list[Estimate]) -> list[Amount]:
    """Shares of all comments; of those that the sample has none of, at most what `share` leaves of `of`."""
    return [
        Amount(0.0, 0.0, whole.high * (1 - part.low)) if one.value == 0 else Amount(one.value, one.low, one.high)
        for one, part, whole in zip(found, share, of, strict=True)
    ]

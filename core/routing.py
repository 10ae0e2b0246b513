"""Score -> allow or review: bands, the audit draw, lanes. Pure functions over a batch; core.policies keeps the policy.

The audit sample is Poisson sampling with permanent random numbers (Ohlsson 1995): a comment's number is a hash of its
id, and it is audited if the number is below its band's rate. A new policy therefore never draws again: raising a rate
only adds comments, lowering it only drops some.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from itertools import pairwise
from math import isfinite
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.domain import BAND_EDGES, BANDS, Lane, Policy, RoutingState
from core.errors import BadInput
from core.labels import LABEL_TITLES, LABELS
from core.scoring.protocol import Scores
from db.stores.routing import Standing

THRESHOLD_RANGE: Final = (0.02, 0.999)
"""Lowest and highest review threshold. Below the lowest a comment is never flagged, whatever the policy."""

RATE_RANGE: Final = (0.001, 1.0)
"""Lowest and highest audit rate: no band is ever unseen."""

LOWEST_BAND_RATE: Final = 0.5
"""Highest audit rate of the lowest band: the only one that no policy flags as a whole, so something is let through."""

DEFAULT_THRESHOLDS: Final = (0.25, 0.1, 0.25, 0.05, 0.25, 0.1)
"""To begin with. On the frozen test part of the Jigsaw rows, weighted to their true mix, the starter then flags 11.5 %
of all comments (10.7 % are toxic in some way), three in four of them rightly, and finds 81 % of the toxic ones, 92 % of
the threats and every severe one. Threats, hate and severe ones have low thresholds: a miss costs most there."""

DEFAULT_AUDIT_RATES: Final = (0.01, 0.03, 0.05, 0.05, 0.03)
"""To begin with. On the same mix about 150 audits a day at 10,000 comments, half of them in the lowest band: that is
where all that was missed lies."""

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Routed:
    """What a policy says about n comments; every array has shape [n]."""

    flagged: Flags
    """Whether some label's probability reaches its threshold."""
    band: Ints
    audit: Flags
    """Whether the comment enters the audit sample, flagged or not."""
    rate: Floats
    """Inclusion probability of the audit draw."""
    margin: Floats
    """By how much the label that is furthest over its threshold is over it; negative: none reaches its own."""
    priority: Floats
    """Lower is served first: audit items in random order, flagged ones by margin."""

    @property
    def lane(self) -> list[Lane | None]:
        """Audit before flagged; None is let through."""
        return [
            lane_of(flagged=flagged, audit=audit)
            for flagged, audit in zip(self.flagged.tolist(), self.audit.tolist(), strict=True)
        ]


def lane_of(*, flagged: bool, audit: bool) -> Lane | None:
    """Where a comment waits that nobody escalated; None is let through."""
    if audit:
        return Lane.AUDIT
    return Lane.FLAGGED if flagged else None


def route(scores: Scores, policy: Policy, comment_ids: Sequence[int] | Ints) -> Routed:
    """What the policy says about n scored comments, [n, 6]. Raises BadInput unless all are probabilities.

    A comment without scores (NaN) is refused rather than let through: not scored is not clean.
    """
    refuse_unscored(scores)
    ids = np.asarray(comment_ids, np.int64)
    band = band_of(scores)
    rate = np.array(policy.audit_rates)[band]
    audit = audit_numbers(ids) < rate
    margin = margins(scores, policy.thresholds).astype(np.float64)
    priority = np.where(audit, audit_order(ids), -margin)
    return Routed(flagged=margin >= 0, band=band, audit=audit, rate=rate, margin=margin, priority=priority)


def margins(scores: Scores, thresholds: Sequence[float]) -> Scores:
    """By how much the label that is furthest over its threshold is over it, [n]; negative: none reaches its own."""
    # compared as float32, which is what is stored: a score shown as 0.7 meets a threshold of 0.7
    return (scores - np.asarray(thresholds, np.float32)).max(axis=1, initial=-1)


def band_of(scores: Scores) -> Ints:
    """Score band of each comment, [n], 0 to BANDS - 1, by the highest of its six probabilities."""
    return np.searchsorted(np.asarray(BAND_EDGES, np.float32), scores.max(axis=1, initial=0), side="right").astype(
        np.int64
    )


def band_titles() -> list[str]:
    """How people see the bands, low to high."""
    edges = (0.0, *BAND_EDGES, 1.0)
    return [f"{low:g} to {high:g}" for low, high in pairwise(edges)]


def is_probability(scores: Scores) -> Flags:
    """Which rows, [n], hold six probabilities."""
    with np.errstate(invalid="ignore"):
        return np.asarray(((scores >= 0) & (scores <= 1)).all(axis=1))


def refuse_unscored(scores: Scores) -> None:
    """Raise BadInput unless every row holds six probabilities."""
    if scores.ndim != 2 or scores.shape[1] != len(LABELS) or not is_probability(scores).all():
        raise BadInput(
            "Some comments lack six probabilities and cannot be routed. Score them again, or promote another model."
        )


def audit_numbers(comment_ids: Ints) -> Floats:
    """The permanent random number of each comment, [n], uniform in [0, 1)."""
    return _uniform(comment_ids, _key("audit draw"))


def audit_order(comment_ids: Ints) -> Floats:
    """In which order audited comments are served: uniform in [0, 1), and independent of the draw."""
    return _uniform(comment_ids, _key("audit order"))


def permanent_numbers(purpose: str, comment_ids: Ints) -> Floats:
    """Numbers of comments for one draw, [n], uniform in [0, 1): independent of those of any other purpose."""
    return _uniform(comment_ids, _key(purpose))


def disagreement_numbers(comment_ids: Ints) -> Floats:
    """The same for the draw from disagreements with a shadow model: uniform in [0, 1), independent of the audit's."""
    return _uniform(comment_ids, _key("disagreement draw"))


def _key(purpose: str) -> np.uint64:
    return np.uint64(int.from_bytes(blake2b(purpose.encode(), digest_size=8, key=b"moderato").digest(), "big"))


def _uniform(ids: Ints, key: np.uint64) -> Floats:
    # two rounds of the SplitMix64 finaliser (Steele, Lea, Flood 2014) around a key; the top 53 bits fill a double
    mixed = _splitmix(_splitmix(ids.astype(np.uint64) + key) ^ key)
    return (mixed >> np.uint64(11)).astype(np.float64) * 2.0**-53


def _splitmix(x: NDArray[np.uint64]) -> NDArray[np.uint64]:
    with np.errstate(over="ignore"):
        x = x + np.uint64(0x9E3779B97F4A7C15)
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def first_standings(comment_ids: Ints, routed: Routed, day: int) -> list[Standing]:
    """How comments stand that are routed for the first time."""
    columns = (routed.flagged, routed.priority, routed.band, routed.audit, routed.rate)
    return [
        Standing(id_, _state(lane), flagged, lane, priority, band, audit, rate, day)
        for id_, lane, flagged, priority, band, audit, rate in zip(
            comment_ids.tolist(), routed.lane, *(column.tolist() for column in columns), strict=True
        )
    ]


def follow(item: Standing, routed: Routed, at: int) -> Standing:
    """How a comment stands after it was routed again, as row `at` of the batch. The audit draw stays as it was."""
    if item.state is RoutingState.SETTLED:
        return item
    flagged = bool(routed.flagged[at])
    if item.audit or item.lane not in (None, Lane.FLAGGED):
        return replace(item, flagged=flagged)
    lane = lane_of(flagged=flagged, audit=False)
    return replace(item, flagged=flagged, lane=lane, state=_state(lane), priority=-float(routed.margin[at]))


def _state(lane: Lane | None) -> RoutingState:
    return RoutingState.OPEN if lane else RoutingState.ALLOWED


def check_policy(thresholds: Sequence[float], audit_rates: Sequence[float]) -> None:
    """Raise BadInput that names every number out of range."""
    problems = _threshold_problems(thresholds) + _rate_problems(audit_rates)
    if problems:
        raise BadInput("The policy was not saved. " + " ".join(problems))


def _threshold_problems(thresholds: Sequence[float]) -> list[str]:
    if len(thresholds) != len(LABELS):
        return [f"It needs {len(LABELS)} thresholds, one a label."]
    low, high = THRESHOLD_RANGE
    return [
        f"The threshold of {LABEL_TITLES[label]} must lie between {low:g} and {high:g}, not at {value:g}."
        for label, value in zip(LABELS, thresholds, strict=True)
        if not (isfinite(value) and low <= value <= high)
    ]


def _rate_problems(rates: Sequence[float]) -> list[str]:
    if len(rates) != BANDS:
        return [f"It needs {BANDS} audit rates, one a band."]
    low = RATE_RANGE[0]
    highest = (LOWEST_BAND_RATE,) + (RATE_RANGE[1],) * (BANDS - 1)
    return [
        f"The audit rate of band {title} must lie between {low:.1%} and {high:.0%}, not at {value:.4%}."
        for title, value, high in zip(band_titles(), rates, highest, strict=True)
        if not (isfinite(value) and low <= value <= high)
    ]

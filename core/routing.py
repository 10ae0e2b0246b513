"""Score -> allow or review: bands, the audit draw, lanes. Pure functions over a batch; core.policies keeps the policy.

The audit sample is Poisson sampling with permanent random numbers (Ohlsson 1995): a comment's number is a hash of its
id, and it is audited if the number is below its rate: its band's, raised while the band drifts, and where it is removed
without review at least the policy's audited share of those. A new policy therefore never draws again: raising a rate
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

from core.automatic import Beside, automatic, beside_problems
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

HIGHEST_RATES: Final = (LOWEST_BAND_RATE,) + (RATE_RANGE[1],) * (BANDS - 1)
"""Highest audit rate of each band, low to high; no drift lifts a rate above it."""

NO_BOOST: Final = (1.0,) * BANDS

DEFAULT_THRESHOLDS: Final = (0.25, 0.1, 0.25, 0.05, 0.25, 0.1)
"""To begin with. On the frozen test part of the Jigsaw rows, weighted to their true mix, the starter then flags 11.5 %
of all comments (10.7 % are toxic in some way), three in four of them rightly, and finds 81 % of the toxic ones, 92 % of
the threats and every severe one. Threats, hate and severe ones have low thresholds: a miss costs most there."""

DEFAULT_AUDIT_RATES: Final = (0.01, 0.03, 0.05, 0.05, 0.03)
"""To begin with. On the same mix about 150 audits a day at 10,000 comments, half of them in the lowest band: that is
where all that was missed lies."""

PREVALENCE: Final = (0.0958, 0.0100, 0.0529, 0.0030, 0.0494, 0.0088)
"""Share of each label in the full Jigsaw training set: what `queue_order` weighs labels by."""

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
    """Lower is served first: audit items in random order, flagged ones by `order`."""
    order: Floats
    """`queue_order` of all of them."""
    automatic: Flags
    """Whether the comment is removed without review. An audited one waits in the audit lane while it stays removed."""

    @property
    def lane(self) -> list[Lane | None]:
        """Audit before flagged; None is let through, or removed without review."""
        return [
            lane_of(flagged=flagged and not automatic, audit=audit)
            for flagged, audit, automatic in zip(
                self.flagged.tolist(), self.audit.tolist(), self.automatic.tolist(), strict=True
            )
        ]


def lane_of(*, flagged: bool, audit: bool) -> Lane | None:
    """Where a comment waits that nobody escalated; None is let through."""
    if audit:
        return Lane.AUDIT
    return Lane.FLAGGED if flagged else None


def route(
    scores: Scores, policy: Policy, comment_ids: Sequence[int] | Ints, *, boosts: Sequence[float] | Floats = NO_BOOST
) -> Routed:
    """What the policy says about n scored comments, [n, 6]. Raises BadInput unless all are probabilities.

    `boosts` multiply the bands' audit rates while they drift. A comment without scores (NaN) is refused rather than let
    through: not scored is not clean.
    """
    refuse_unscored(scores)
    ids = np.asarray(comment_ids, np.int64)
    band, removed = band_of(scores), automatic(scores, policy.auto_remove)
    rate = audit_rates(scores, policy, boosts=boosts)
    audit = audit_numbers(ids) < rate
    margin = margins(scores, policy.thresholds).astype(np.float64)
    return Routed(
        flagged=margin >= 0,
        band=band,
        audit=audit,
        rate=rate,
        margin=margin,
        priority=np.where(audit, audit_order(ids), order := queue_order(scores)),
        order=order,
        automatic=removed,
    )


def audit_rates(scores: Scores, policy: Policy, *, boosts: Sequence[float] | Floats = NO_BOOST) -> Floats:
    """Inclusion probability of the audit draw of n scored comments, [n]: one draw, so what is stored is what held."""
    rate = band_rates(policy.audit_rates, boosts)[band_of(scores)]
    least = np.where(automatic(scores, policy.auto_remove), policy.auto_audit_rate, 0.0)
    return np.maximum(rate, least)


def band_rates(rates: Sequence[float], boosts: Sequence[float] | Floats = NO_BOOST) -> Floats:
    """Audit rates of the bands, [BANDS], raised while they drift, up to the highest that is allowed."""
    # rounded as a policy's rates are: metrics tell strata apart by millionths
    return np.round(np.minimum(np.asarray(rates) * np.maximum(boosts, 1.0), HIGHEST_RATES), 6)


def highest_rate(policy: Policy, boosts: Sequence[float] | Floats = NO_BOOST) -> float:
    """The highest audit rate that any comment may have."""
    least = policy.auto_audit_rate if policy.auto_remove else 0.0
    return max(float(band_rates(policy.audit_rates, boosts).max()), least)


def margins(scores: Scores, thresholds: Sequence[float]) -> Scores:
    """By how much the label that is furthest over its threshold is over it, [n]; negative: none reaches its own."""
    # compared as float32, which is what is stored: a score shown as 0.7 meets a threshold of 0.7
    return (scores - np.asarray(thresholds, np.float32)).max(axis=1, initial=-1)


def queue_order(scores: Scores) -> Floats:
    """In which order flagged comments are served, [n], lowest first: by the rare labels that each is likely to have.

    Each label counts by its probability over its share of traffic. Of the orders that were tried this one taught
    threats fastest at the same mean AUC (`benchmarks/learning.py`, docs/learning.md); and what is rare harms most.
    """
    return -(scores / np.asarray(PREVALENCE, np.float32)).sum(axis=1).astype(np.float64)


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
    return permanent_numbers("audit draw", comment_ids)


def audit_order(comment_ids: Ints) -> Floats:
    """In which order audited comments are served: uniform in [0, 1), and independent of the draw."""
    return permanent_numbers("audit order", comment_ids)


def permanent_numbers(purpose: str, comment_ids: Ints) -> Floats:
    """Numbers of comments for one draw, [n], uniform in [0, 1): independent of those of any other purpose."""
    return _uniform(comment_ids, _key(purpose))


def disagreement_numbers(comment_ids: Ints) -> Floats:
    """The same for the draw from disagreements with a shadow model: uniform in [0, 1), independent of the audit's."""
    return permanent_numbers("disagreement draw", comment_ids)


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
    columns = (routed.flagged, routed.priority, routed.band, routed.audit, routed.rate, routed.automatic)
    return [
        Standing(id_, _state(lane, automatic=removed), flagged, lane, priority, band, audit, rate, day, removed)
        for id_, lane, flagged, priority, band, audit, rate, removed in zip(
            comment_ids.tolist(), routed.lane, *(column.tolist() for column in columns), strict=True
        )
    ]


def follow(item: Standing, routed: Routed, at: int) -> Standing:
    """How a comment stands after it was routed again, as row `at` of the batch. The audit draw stays as it was.

    What was removed without review stays so until a person sends it to review; what came in before is never removed
    so afterwards, whatever a new model or policy says of it: it was drawn into the audit by its band's rate alone.
    """
    if item.state is RoutingState.SETTLED or item.automatic:
        return item
    flagged = bool(routed.flagged[at])
    if item.audit or item.lane not in (None, Lane.FLAGGED):
        return replace(item, flagged=flagged)
    lane = lane_of(flagged=flagged, audit=False)
    return replace(item, flagged=flagged, lane=lane, state=_state(lane), priority=float(routed.order[at]))


def _state(lane: Lane | None, *, automatic: bool = False) -> RoutingState:
    if lane:
        return RoutingState.OPEN
    return RoutingState.REMOVED if automatic else RoutingState.ALLOWED


def check_policy(thresholds: Sequence[float], audit_rates: Sequence[float], beside: Beside | None = None) -> None:
    """Raise BadInput that names every number out of range."""
    problems = _threshold_problems(thresholds) + _rate_problems(audit_rates)
    problems += beside_problems(beside or Beside(), thresholds)
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
    return [
        f"The audit rate of band {title} must lie between {low:.1%} and {high:.0%}, not at {value:.4%}."
        for title, value, high in zip(band_titles(), rates, HIGHEST_RATES, strict=True)
        if not (isfinite(value) and low <= value <= high)
    ]

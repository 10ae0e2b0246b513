"""What to look for, in people's words, and the same in the database's."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from core.domain import Lane, RoutingState
from core.errors import NotFound
from core.history import Standing
from core.text import storable
from db.stores.browse_plan import Criteria
from db.stores.policies import PolicyStore
from db.stores.registry import RegistryStore

Ranges = tuple[tuple[int, float, float], ...]
"""A label's index, the least and the greatest probability."""


@dataclass(frozen=True, slots=True)
class Filter:
    """What to look for. None is "any"."""

    text: str = ""
    standing: Standing | None = None
    waiting: bool = False
    """Waiting for review in any lane; only without a standing."""
    decided_label: int | None = None
    """Index of a label that the latest human decision gave."""
    flagged_label: int | None = None
    """Index of a label whose score reaches the active policy's threshold."""
    score_label: int | None = None
    """Index of the label that the score range is about."""
    low: float = 0.0
    high: float = 1.0
    model: str | None = None
    """Whose scores; without one the live model's."""
    moderator: str | None = None
    first_day: date | None = None
    """Added on this day (UTC) or later."""
    last_day: date | None = None
    source: str | None = None


def to_criteria(wanted: Filter, models: RegistryStore, policies: PolicyStore) -> Criteria | None:
    """The filter in the database's words; None where it can match nothing."""
    model_id, ranges = _score_filter(wanted, models, policies)
    if ranges and model_id is None:
        return None  # no model, so no score is in any range
    zero = time(tzinfo=UTC)
    criteria = Criteria(
        text=storable(wanted.text),
        model_id=model_id,
        ranges=ranges,
        decided_label=wanted.decided_label,
        moderator=wanted.moderator,
        source=wanted.source,
        since=datetime.combine(wanted.first_day, zero) if wanted.first_day else None,
        until=datetime.combine(wanted.last_day + timedelta(days=1), zero) if wanted.last_day else None,
    )
    return replace(criteria, **_STANDINGS[wanted.standing] if wanted.standing else _waiting(wanted))


def _score_filter(wanted: Filter, models: RegistryStore, policies: PolicyStore) -> tuple[int | None, Ranges]:
    ranges = []
    if wanted.score_label is not None:
        ranges.append((wanted.score_label, wanted.low, wanted.high))
    if wanted.flagged_label is not None and (policy := policies.active()):
        ranges.append((wanted.flagged_label, policy.thresholds[wanted.flagged_label], 1.0))
    version = models.get(wanted.model) if wanted.model else models.get_live() if ranges else None
    if wanted.model and version is None:
        raise NotFound(f"There is no model {wanted.model}. Choose another on the Browse page.")
    return version.id if version else None, tuple(ranges)


def _waiting(wanted: Filter) -> dict[str, Any]:
    return {"state": RoutingState.OPEN} if wanted.waiting else {}


_STANDINGS: dict[Standing, dict[str, Any]] = {
    Standing.NOT_SCORED: {"not_scored": True},
    Standing.ASKED: {"state": RoutingState.OPEN, "lane": Lane.ASKED},
    Standing.ESCALATED: {"state": RoutingState.OPEN, "lane": Lane.ESCALATED},
    Standing.ADJUDICATION: {"state": RoutingState.OPEN, "lane": Lane.ADJUDICATION},
    Standing.AUDIT: {"state": RoutingState.OPEN, "lane": Lane.AUDIT},
    Standing.SECOND: {"state": RoutingState.OPEN, "lane": Lane.SECOND},
    Standing.DISAGREEMENT: {"state": RoutingState.OPEN, "lane": Lane.DISAGREEMENT},
    Standing.RECHECK: {"state": RoutingState.OPEN, "lane": Lane.RECHECK},
    Standing.SUGGESTED: {"state": RoutingState.OPEN, "lane": Lane.SUGGESTED},
    Standing.FLAGGED: {"state": RoutingState.OPEN, "lane": Lane.FLAGGED},
    Standing.ALLOWED: {"state": RoutingState.ALLOWED},
    Standing.SETTLED: {"state": RoutingState.SETTLED},
    Standing.REMOVED: {"state": RoutingState.REMOVED},
    Standing.GOLDEN: {"golden": True},
    Standing.ERASED: {"state": RoutingState.ERASED},
}

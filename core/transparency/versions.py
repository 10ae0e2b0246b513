"""Which models and versions of the policy were in force in a period, from when until when."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from core.transparency.period import Period

Change = tuple[datetime, str, str | None]
"""When a model went live, its name, and that of the one before."""


@dataclass(frozen=True, slots=True)
class ModelInForce:
    """A model that was live in the period."""

    name: str
    since: datetime | None
    """None: since before Moderato kept a record of it."""
    until: datetime | None
    """None: still at the period's end."""


@dataclass(frozen=True, slots=True)
class PolicyInForce:
    """A version of the policy that held in the period. Who made it and why stay with the Policy page."""

    version: int
    since: datetime
    until: datetime | None
    """None: still at the period's end."""
    thresholds: tuple[float, ...]
    """From which probability on a comment is flagged, by label in LABELS order."""
    auto_remove: tuple[float | None, ...] | None
    """From which on it is removed without review; None for labels that never do so, or for none at all."""
    audit_rates: tuple[float, ...]
    """Shares that are audited, by band."""
    auto_audit_rate: float
    second_rate: float


def models_in_force(
    changes: Sequence[Change], live: tuple[str, datetime] | None, period: Period
) -> tuple[ModelInForce, ...]:
    """From every change of the live model, oldest first, and the live one for a ledger without any change."""
    if not changes:
        return (ModelInForce(live[0], live[1], None),) if live and live[1] < period.end else ()
    first = changes[0]
    spans = [ModelInForce(first[2], None, first[0])] if first[2] else []
    ends = [change[0] for change in changes[1:]]
    for (since, name, _), until in zip(changes, [*ends, None], strict=True):
        spans.append(ModelInForce(name, since, until))
    return tuple(_cut(one, period) for one in spans if _overlaps(one.since, one.until, period))


def policies_in_force(versions: Sequence[PolicyInForce], period: Period) -> tuple[PolicyInForce, ...]:
    """Of all versions those that held in the period."""
    held = (one for one in versions if _overlaps(one.since, one.until, period))
    return tuple(replace(one, until=_until(one.until, period)) for one in held)


def _overlaps(since: datetime | None, until: datetime | None, period: Period) -> bool:
    return (since is None or since < period.end) and (until is None or until > period.start)


def _cut(one: ModelInForce, period: Period) -> ModelInForce:
    return replace(one, until=_until(one.until, period))


def _until(until: datetime | None, period: Period) -> datetime | None:
    """What ended later had not ended by the period's end."""
    return None if until is not None and until >= period.end else until

"""What is sent: kinds of events, and the body of a message. Never comment text, which the receiver has."""

import json
from datetime import datetime
from enum import StrEnum
from typing import Any

from core.domain import Lane, Outcome, unpack_labels
from core.labels import LABELS
from db.stores.webhook_messages import Holding, Message


class Event(StrEnum):
    """Kinds of events that a webhook may be told."""

    CREATED = "decision.created"
    """A decision that holds for its comment from then on."""
    REVOKED = "decision.revoked"
    """Such a decision was taken back."""
    REMOVED = "comment.removed"
    """The policy removed a comment without review."""


TEST = "webhook.test"
"""Sent by hand, to see whether the receiver answers."""


def event_of(outcome: str, lane: str, revokes: int | None) -> Event | None:
    """The event that an entry of the ledger is.

    None for escalations and second opinions, and for their being taken back: those never say what a comment is.
    """
    if outcome == Outcome.ESCALATE or lane == Lane.SECOND:
        return None
    return Event.CREATED if revokes is None else Event.REVOKED


def body_of(message: Message, *, with_person: bool) -> str:
    """The message's JSON: the same text at every attempt, since all of it comes from what never changes."""
    data: dict[str, Any] = {
        "decision": message.decision_id,
        "comment": message.comment_id,
        "source": message.source,
        "external_id": message.external_id,
        "labels": label_names(message.labels),
        "outcome": message.outcome,
        "lane": message.lane,
        "blind": message.blind,
        "decided_at": iso(message.at),
        "model": message.model,
        "policy": message.policy,
        "revokes": message.revokes,
    }
    if with_person:
        data["person"] = message.person
    if message.event == Event.REVOKED:
        data["holds"] = _holding(message.holds)
    return _json({"type": message.event, "timestamp": iso(message.at), "data": data})


def test_body(name: str, at: datetime) -> str:
    """The JSON of a message that somebody sends by hand to try a webhook."""
    return _json({"type": TEST, "timestamp": iso(at), "data": {"webhook": name}})


def label_names(mask: int) -> list[str]:
    """The names of the labels in a bit mask."""
    return [label for label, on in zip(LABELS, unpack_labels(mask), strict=True) if on]


def iso(at: datetime) -> str:
    """ISO 8601 in UTC with microseconds, as 2026-11-02T12:00:00.000000Z."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _holding(holds: Holding | None) -> dict[str, Any] | None:
    if holds is None:
        return None
    return {"decision": holds.decision_id, "outcome": holds.outcome, "labels": label_names(holds.labels)}


def _json(body: dict[str, Any]) -> str:
    return json.dumps(body, separators=(",", ":"), ensure_ascii=True)

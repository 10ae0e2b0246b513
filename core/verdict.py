"""What one key press says, and the ledger's entries that it becomes."""

import math
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID, uuid5

from core.accounts import Person
from core.domain import NO_LABELS, Decision, LabelFlags, Lane, Outcome
from core.text import storable
from db.stores.queue import Place

MAX_NOTE = 2_000
"""Longest note, in code points."""
_MAX_SECONDS = 86_400.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one key press says about a comment."""

    client_id: UUID
    """Made by whoever pressed the key; sent twice, it counts once."""
    comment_id: int
    outcome: Outcome
    labels: LabelFlags = NO_LABELS
    seconds: float | None = None
    """Time that the comment was on the screen."""
    note: str | None = None
    answer: str | None = None
    """What a lead says to whoever asked about the comment."""


def entry_of(verdict: Verdict, place: Place, by: Person, at: datetime, batch: UUID | None) -> Decision:
    """The ledger's entry of a verdict on a comment in its place: the one that was shown, or one of identical text."""
    shown = place.comment_id == verdict.comment_id
    return Decision(
        id=0,
        client_id=verdict.client_id if shown else uuid5(verdict.client_id, str(place.comment_id)),
        comment_id=place.comment_id,
        person=by.name,
        decided_at=at,
        labels=verdict.labels,
        outcome=verdict.outcome,
        lane=place.lane or Lane.FLAGGED,  # a new model may have let it pass while it was on the screen
        blind=place.blind,
        seconds=clean_seconds(verdict.seconds) if shown else None,
        note=clean_note(verdict.note),
        model_id=place.model_id,
        policy_id=place.policy_id,
        revokes=None,
        batch=batch,
    )


def revocation_of(decision: Decision, shown: Decision, client_id: UUID, at: datetime) -> Decision:
    """The entry that takes a decision back; `shown` is the one of its batch that was on the screen."""
    own_id = client_id if decision.id == shown.id else uuid5(client_id, str(decision.comment_id))
    return replace(decision, id=0, client_id=own_id, decided_at=at, revokes=decision.id)


def clean_seconds(seconds: float | None) -> float | None:
    """A time on the screen that may be true; None for others."""
    if seconds is None or not math.isfinite(seconds):
        return None
    return min(max(seconds, 0.0), _MAX_SECONDS)


def clean_note(note: str | None) -> str | None:
    """People's words as they are kept; None without any."""
    return storable(note).strip()[:MAX_NOTE] or None if note else None

"""The audit trail: appended to, read, and verified."""

import json
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from db.models import to_micros
from db.people_models import AuditEventRow

_LOCK = 8_501_006
"""Key of PostgreSQL's advisory lock around an append: each event needs the hash of the one before."""


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One event of the trail."""

    id: int
    at: datetime
    person: str
    what: str
    subject: str
    details: dict[str, Any]
    hash: str


def chain_hash(previous: str, event: AuditEvent) -> str:
    """SHA-256, in hex, over the former event's hash and all that this event says."""
    said = [previous, event.id, to_micros(event.at), event.person, event.what, event.subject, event.details]
    return sha256(json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()).hexdigest()


class AuditStore:
    """The trail in one session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def append(self, person: str, what: str, subject: str, details: dict[str, Any], *, at: datetime) -> AuditEvent:
        """Add an event at the end of the chain. Details are JSON: strings, whole numbers, booleans, lists, objects."""
        if self._session.get_bind().dialect.name == "postgresql":
            self._session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        last = self._session.execute(
            select(AuditEventRow.id, AuditEventRow.hash).order_by(AuditEventRow.id.desc()).limit(1)
        ).first()
        number, previous = (last.id + 1, last.hash) if last else (1, "")
        event = AuditEvent(number, at, person, what, subject, json.loads(json.dumps(details)), "")
        hashed = chain_hash(previous, event)
        self._session.add(
            AuditEventRow(
                id=number, at=at, person=person, what=what, subject=subject, details=event.details, hash=hashed
            )
        )
        self._session.flush()
        return AuditEvent(number, at, person, what, subject, event.details, hashed)

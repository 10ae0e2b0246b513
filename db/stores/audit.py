"""The audit trail: appended to, read, and verified."""

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import Row, event, func, select, text
from sqlalchemy.orm import Session

from core.domain import now
from db.models import to_micros
from db.people_models import AuditEventRow

log = logging.getLogger("moderato.trail")

_WAITING = "audit_events"
"""Where a session keeps the events that its commit appends."""
_READ = 5_000
"""Events in memory at a time."""
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


@dataclass(frozen=True, slots=True)
class TrailFilter:
    """Which events. Every None or empty field is "any"."""

    person: str | None = None
    kinds: frozenset[str] = frozenset()
    subject: str = ""
    """Part of the subject, in any case."""
    since: datetime | None = None
    until: datetime | None = None
    """Before this moment."""


def chain_hash(previous: str, event: AuditEvent) -> str:
    """SHA-256, in hex, over the former event's hash and all that this event says."""
    said = [previous, event.id, to_micros(event.at), event.person, event.what, event.subject, event.details]
    return sha256(json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()).hexdigest()


class AuditStore:
    """The trail in one session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def append_last(self, person: str, what: str, subject: str, details: dict[str, Any]) -> None:
        """Append when the transaction commits, after all else that it does, wherever in it this is called.

        On PostgreSQL an append holds off all others until the commit: taken early, that lock would meet those of rows
        in another order, and stop everybody for as long as the transaction goes on.
        """
        if _WAITING not in self._session.info:
            self._session.info[_WAITING] = []
            event.listen(self._session, "before_commit", _append_waiting)
        self._session.info[_WAITING].append((person, what, subject, json.loads(json.dumps(details))))

    def append(self, person: str, what: str, subject: str, details: dict[str, Any], *, at: datetime) -> AuditEvent:
        """Add an event at the end of the chain. Details are JSON: strings, whole numbers, booleans, lists, objects."""
        if self._session.get_bind().dialect.name == "postgresql":
            self._session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        last = self.last()
        number, previous = (last[0] + 1, last[1]) if last else (1, "")
        made = AuditEvent(number, at, person, what, subject, json.loads(json.dumps(details)), "")
        made = replace(made, hash=chain_hash(previous, made))
        self._session.add(AuditEventRow(**{name: getattr(made, name) for name in made.__slots__}))
        self._session.flush()
        self._tell_when_kept(made)
        return made

    def last(self) -> tuple[int, str] | None:
        """Number and hash of the newest event; None for an empty trail."""
        newest = select(AuditEventRow.id, AuditEventRow.hash).order_by(AuditEventRow.id.desc()).limit(1)
        row = self._session.execute(newest).first()
        return (row[0], row[1]) if row else None

    def hash_of(self, number: int) -> str | None:
        """The stored hash of an event; None if there is none of that number."""
        return self._session.scalar(select(AuditEventRow.hash).where(AuditEventRow.id == number))

    def read(self, wanted: TrailFilter, *, before: int | None = None, limit: int) -> list[AuditEvent]:
        """Matching events, the newest first, of numbers below `before`."""
        found = select(*_COLUMNS).where(*_conditions(wanted))
        if before is not None:
            found = found.where(AuditEventRow.id < before)
        return [_event(row) for row in self._session.execute(found.order_by(AuditEventRow.id.desc()).limit(limit))]

    def walk(self, after: int = 0, upto: int | None = None) -> Iterator[list[AuditEvent]]:
        """All events of after < number <= upto in order, some thousand at a time."""
        while True:
            found = select(*_COLUMNS).where(AuditEventRow.id > after).order_by(AuditEventRow.id).limit(_READ)
            if upto is not None:
                found = found.where(AuditEventRow.id <= upto)
            events = [_event(row) for row in self._session.execute(found)]
            if not events:
                return
            yield events
            after = events[-1].id

    def people(self) -> list[str]:
        """Who did anything, by a jump to each: DISTINCT would walk the whole index."""
        found: list[str] = []
        person = self._session.scalar(select(func.min(AuditEventRow.person)))
        while person is not None and len(found) < 500:
            found.append(person)
            person = self._session.scalar(select(func.min(AuditEventRow.person)).where(AuditEventRow.person > person))
        return found

    def _tell_when_kept(self, made: AuditEvent) -> None:
        """Write number and hash into the log once they are committed: an anchor that the database does not hold."""

        def tell(_session: Session) -> None:
            log.info("audit trail event=%d what=%s hash=%s", made.id, made.what, made.hash)

        event.listen(self._session, "after_commit", tell, once=True)


def _append_waiting(session: Session) -> None:
    if session.in_nested_transaction():  # a savepoint's release is no end
        return
    session.flush()
    store, at, waiting = AuditStore(session), now(), session.info[_WAITING]
    session.info[_WAITING] = []
    for person, what, subject, details in waiting:
        store.append(person, what, subject, details, at=at)


_COLUMNS: tuple[Any, ...] = tuple(getattr(AuditEventRow, name) for name in AuditEvent.__slots__)


def _event(row: Row[Any]) -> AuditEvent:
    return AuditEvent(*tuple(row))


def _conditions(wanted: TrailFilter) -> list[Any]:
    found: list[Any] = []
    if wanted.person is not None:
        found.append(AuditEventRow.person == wanted.person)
    if wanted.kinds:
        found.append(AuditEventRow.what.in_(sorted(wanted.kinds)))
    if wanted.subject:
        found.append(func.lower(AuditEventRow.subject).contains(wanted.subject.lower(), autoescape=True))
    if wanted.since:
        found.append(AuditEventRow.at >= wanted.since)
    if wanted.until:
        found.append(AuditEventRow.at < wanted.until)
    return found

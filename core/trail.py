"""Reading the audit trail, and proving that nothing in it was changed, taken out, put in or cut off."""

import csv
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Final

from core.accounts import Action, Person, check_may
from core.audit_trail import What, record
from core.domain import now
from core.errors import BadInput
from core.files.formulas import harmless
from core.settings import Settings
from db.session import Sessions
from db.stores.audit import AuditEvent, AuditStore, TrailFilter, chain_hash

__all__ = ["EVERYTHING", "AuditEvent", "Proof", "Trail", "TrailFilter"]

EVERYTHING: Final = TrailFilter()
COLUMNS: Final = ("id", "at", "person", "what", "subject", "details", "hash")
_CHECKPOINT: Final = "audit-trail.json"

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The newest event that was proven, kept in a file of the data folder: outside the database."""

    id: int
    hash: str
    at: datetime
    full_at: datetime | None
    """When the whole chain was walked last."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What walking the chain found."""

    last: int
    """Number of the newest event; 0 for an empty trail."""
    hash: str
    """Its hash: note it outside, and a later trail can be held against it."""
    checked: int
    """Events whose hashes were computed again."""
    problem: str | None
    """The first thing that is wrong, in words; None while the chain is whole."""
    full_at: datetime | None
    """When the whole chain was walked last."""


class Trail:
    """The audit trail of one database."""

    def __init__(self, sessions: Sessions, settings: Settings) -> None:
        self._sessions = sessions
        self._file = settings.data_dir / _CHECKPOINT

    def search(
        self, wanted: TrailFilter, *, by: Person, before: int | None = None, limit: int = 50
    ) -> list[AuditEvent]:
        """Matching events, the newest first; go on with `before`, the number of the last one seen."""
        check_may(by, Action.SEE_AUDIT_TRAIL)
        with self._sessions.read() as session:
            return AuditStore(session).read(wanted, before=before, limit=limit)

    def people(self, *, by: Person) -> list[str]:
        """Who did anything, to filter by."""
        check_may(by, Action.SEE_AUDIT_TRAIL)
        with self._sessions.read() as session:
            return AuditStore(session).people()

    def newest(self) -> tuple[int, str] | None:
        """Number and hash of the newest event: what to note outside."""
        with self._sessions.read() as session:
            return AuditStore(session).last()

    def export(self, file: IO[str], kind: str, wanted: TrailFilter, *, by: Person, most: int | None = None) -> int:
        """Write matching events, the newest first, as `csv` or `jsonl`; returns how many. The export is an event."""
        check_may(by, Action.SEE_AUDIT_TRAIL)
        if kind not in ("csv", "jsonl"):
            raise BadInput("The trail is written as csv or jsonl, not {kind!r}.", kind=kind[:20])
        write = _csv_writer(file) if kind == "csv" else _jsonl_writer(file)
        rows = 0
        for events in self._pages(wanted, most):
            for event in events:
                write(event)
            rows += len(events)
        with self._sessions.begin() as session:
            record(session, by, What.TRAIL_EXPORTED, kind, rows=rows)
        return rows

    def verify(self, *, full: bool, expect: tuple[int, str] | None = None, progress: Progress | None = None) -> Proof:
        """Walk the chain, all of it or from the checkpoint on, and move the checkpoint if all is well.

        `expect` is a number and a hash that somebody noted outside: that event must still be there with that hash.
        """
        known = self.checkpoint()
        with self._sessions.read() as session:
            store = AuditStore(session)
            anchors = [(known.id, known.hash, "the checkpoint in the data folder")] if known else []
            anchors += [(*expect, "what you noted")] if expect else []
            problem = _broken_anchor(store, anchors)
            start = (known.id, known.hash) if known and not full and problem is None else (0, "")
            proof = _walk(store, start, progress) if problem is None else Proof(*_last(store), 0, problem, None)
        full_at = now() if full or known is None else known.full_at
        if proof.problem is None and proof.last:
            self._keep(Checkpoint(proof.last, proof.hash, now(), full_at))
        return Proof(proof.last, proof.hash, proof.checked, proof.problem, full_at)

    def checkpoint(self) -> Checkpoint | None:
        """What was proven last; None without a file, or with one that cannot be read."""
        try:
            found = json.loads(self._file.read_bytes())
            full_at = datetime.fromisoformat(found["full_at"]) if found["full_at"] else None
            return Checkpoint(int(found["id"]), str(found["hash"]), datetime.fromisoformat(found["at"]), full_at)
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _keep(self, checkpoint: Checkpoint) -> None:
        values = {"id": checkpoint.id, "hash": checkpoint.hash, "at": checkpoint.at.isoformat()}
        values |= {"full_at": checkpoint.full_at and checkpoint.full_at.isoformat()}
        part = self._file.with_name(f".{self._file.name}.{os.getpid()}.part")
        try:
            part.write_text(json.dumps(values), encoding="utf-8")
            part.replace(self._file)
        except OSError:  # nobody is worse off: the next walk begins where this one did
            part.unlink(missing_ok=True)

    def _pages(self, wanted: TrailFilter, most: int | None) -> Iterator[list[AuditEvent]]:
        before, left = None, most
        while left is None or left > 0:
            with self._sessions.read() as session:
                size = 5_000 if left is None else min(5_000, left)
                events = AuditStore(session).read(wanted, before=before, limit=size)
            if not events:
                return
            yield events
            before, left = events[-1].id, None if left is None else left - len(events)


def parse_noted(noted: str) -> tuple[int, str]:
    """NUMBER:HASH, as the page and `moderato trail verify` show it. Raises BadInput."""
    number, _, hashed = noted.strip().partition(":")
    if not number.isdigit() or len(hashed) != 64:
        raise BadInput("Give what was noted as NUMBER:HASH, the hash with its 64 digits.")
    return int(number), hashed.lower()


def write_to(path: Path, trail: Trail, wanted: TrailFilter, *, by: Person) -> int:
    """Export the whole trail to a file, its ending says how: .csv or .jsonl. Raises BadInput."""
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            return trail.export(file, path.suffix.lstrip("."), wanted, by=by)
    except OSError as error:
        raise BadInput(
            "{path} cannot be written: {strerror}. Choose another place.",
            path=path,
            strerror=error.strerror,
        ) from error


def _last(store: AuditStore) -> tuple[int, str]:
    return store.last() or (0, "")


def _broken_anchor(store: AuditStore, anchors: list[tuple[int, str, str]]) -> str | None:
    for number, hashed, whence in anchors:
        found = store.hash_of(number)
        if found is None:
            return f"Event {number} is gone, which {whence} names: events were taken out or cut off at the end."
        if found != hashed:
            return f"Event {number} has another hash than {whence} says: it, or one before it, was changed."
    return None


def _walk(store: AuditStore, start: tuple[int, str], progress: Progress | None) -> Proof:
    (number, previous), checked = start, 0
    for events in store.walk(after=number):
        for event in events:
            if event.id != number + 1:
                missing = f"{number + 1}" if event.id == number + 2 else f"{number + 1} to {event.id - 1}"
                return Proof(*_last(store), checked, f"Missing from the trail: {missing}.", None)
            if chain_hash(previous, event) != event.hash:
                problem = f"Event {event.id} does not follow from the one before it: one of the two was changed."
                return Proof(*_last(store), checked, problem, None)
            number, previous, checked = event.id, event.hash, checked + 1
        if progress:
            progress(number)
    return Proof(number, previous, checked, None, None)


def _csv_writer(file: IO[str]) -> Callable[[AuditEvent], None]:
    rows = csv.writer(file, lineterminator="\r\n")
    rows.writerow(COLUMNS)
    return lambda event: rows.writerow([harmless(str(value)) for value in _values(event)])


def _jsonl_writer(file: IO[str]) -> Callable[[AuditEvent], None]:
    def write(event: AuditEvent) -> None:
        values = dict(zip(COLUMNS, _values(event), strict=True)) | {"details": event.details}
        file.write(json.dumps(values, ensure_ascii=False) + "\n")

    return write


def _values(event: AuditEvent) -> tuple[int, str, str, str, str, str, str]:
    details = json.dumps(event.details, ensure_ascii=False, sort_keys=True)
    return event.id, event.at.isoformat(), event.person, event.what, event.subject, details, event.hash

"""Erasures: what is to be erased, who works on it, how far it is."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, or_, select, text, update
from sqlalchemy.orm import Session

from core.domain import RunState
from db.privacy_models import ErasureRow

_LOCK = 8_501_008
"""Key of PostgreSQL's advisory lock around beginning an erasure."""


@dataclass(frozen=True, slots=True)
class Erasure:
    """One erasure with how far it is."""

    id: int
    kind: str
    subject: str
    target: dict[str, Any] | None
    person: str
    state: str
    stage: str
    erased: int
    files: int
    problem: str | None
    started_at: datetime
    seen_at: datetime
    ended_at: datetime | None


class ErasureStore:
    """Erasures of one session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def lock(self) -> None:
        """Until the transaction ends nobody else begins one."""
        if self._session.get_bind().dialect.name == "postgresql":
            self._session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})

    def add(self, values: dict[str, Any], *, at: datetime) -> int:
        """Begin one; the values are kind, subject, target and person. Returns its id."""
        begun = {"state": RunState.RUNNING.value, "stage": "rows", "erased": 0, "files": 0}
        row = ErasureRow(**begun, **values, started_at=at, seen_at=at)
        self._session.add(row)
        self._session.flush()
        return row.id

    def get(self, erasure_id: int) -> Erasure | None:
        """The erasure, or None."""
        row = self._session.execute(select(*_COLUMNS).where(ErasureRow.id == erasure_id)).first()
        return _erasure(row) if row else None

    def list_newest(self, limit: int) -> list[Erasure]:
        """The latest ones, newest first."""
        rows = self._session.execute(select(*_COLUMNS).order_by(ErasureRow.id.desc()).limit(limit))
        return [_erasure(row) for row in rows]

    def latest(self, kind: str, person: str | None = None) -> Erasure | None:
        """The newest of a kind, of anybody or of one person; None without any."""
        found = select(*_COLUMNS).where(ErasureRow.kind == kind).order_by(ErasureRow.id.desc()).limit(1)
        found = found.where(ErasureRow.person == person) if person else found
        row = self._session.execute(found).first()
        return _erasure(row) if row else None

    def mark(self) -> tuple[int, int]:
        """Changes with every comment that is erased."""
        newest = func.coalesce(func.max(ErasureRow.id), 0)
        row = self._session.execute(select(newest, func.coalesce(func.sum(ErasureRow.erased), 0))).one()
        return int(row[0]), int(row[1])

    def take(self, worker: str, *, at: datetime, silent_since: datetime, only: int | None = None) -> Erasure | None:
        """The oldest one that runs and that nobody works on, or whose worker was not seen since then; now taken."""
        free = or_(ErasureRow.worker.is_(None), ErasureRow.seen_at < silent_since)
        wanted = select(ErasureRow.id).where(ErasureRow.state == RunState.RUNNING.value, free)
        wanted = wanted.where(ErasureRow.id == only) if only else wanted
        found = self._session.scalar(wanted.order_by(ErasureRow.id).limit(1).with_for_update(skip_locked=True))
        if found is None:
            return None
        self._session.execute(update(ErasureRow).where(ErasureRow.id == found).values(worker=worker, seen_at=at))
        return self.get(found)

    def update(self, erasure_id: int, mine: str, /, **values: Any) -> bool:
        """Note what changed, for the worker of that name; False if another worker has taken over."""
        held = update(ErasureRow).where(ErasureRow.id == erasure_id, ErasureRow.worker == mine)
        return self._session.scalar(held.values(**values).returning(ErasureRow.id)) is not None

    def count(self, erasure_id: int, worker: str, comments: int, *, at: datetime) -> bool:
        """Count comments that were erased; False if another worker has taken over."""
        return self.update(erasure_id, worker, erased=ErasureRow.erased + comments, seen_at=at)


_COLUMNS: tuple[Any, ...] = tuple(getattr(ErasureRow, name) for name in Erasure.__slots__)


def _erasure(row: Row[Any]) -> Erasure:
    return Erasure(*tuple(row))

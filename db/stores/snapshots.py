"""Exports that were written."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.domain import Snapshot
from db.models import SnapshotRow


class SnapshotStore:
    """Append-only; never commits."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, values: dict[str, Any]) -> Snapshot:
        """Insert a snapshot; the values are SnapshotRow's columns but for the id."""
        row = SnapshotRow(**values)
        self._session.add(row)
        self._session.flush()
        return _to_snapshot(row)

    def get(self, snapshot_id: int) -> Snapshot | None:
        """The snapshot, or None."""
        row = self._session.get(SnapshotRow, snapshot_id)
        return _to_snapshot(row) if row else None

    def list_newest(self, limit: int) -> list[Snapshot]:
        """The latest ones, newest first."""
        rows = self._session.scalars(select(SnapshotRow).order_by(SnapshotRow.id.desc()).limit(limit))
        return [_to_snapshot(row) for row in rows]


def _to_snapshot(row: SnapshotRow) -> Snapshot:
    return Snapshot(
        id=row.id,
        purpose=row.purpose,
        path=row.path,
        sha256=row.sha256,
        rows=row.rows,
        filters=row.filters,
        card=row.card,
        person=row.person,
        created_at=row.created_at,
    )

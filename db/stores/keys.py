"""Programs' keys and how often they were used."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from db.program_models import ApiKeyRow, ApiUsageRow
from db.stores.bulk import put_rows


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A key as the table has it."""

    id: int
    name: str
    prefix: str
    hash: str
    scopes: str
    rate: float | None
    daily: int | None
    created_at: datetime
    created_by: str
    last_used_at: datetime | None
    revoked_at: datetime | None


class KeyStore:
    """Keys of one session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, values: dict[str, Any]) -> StoredKey:
        """Insert a key; the values are ApiKeyRow's columns but for the id."""
        row = ApiKeyRow(**values)
        self._session.add(row)
        self._session.flush()
        return _stored(row)

    def get(self, name: str) -> StoredKey | None:
        """The key of that name, revoked or not."""
        row = self._session.scalar(select(ApiKeyRow).where(ApiKeyRow.name == name))
        return _stored(row) if row else None

    def list_all(self) -> list[StoredKey]:
        """All keys, revoked ones too, oldest first."""
        return [_stored(row) for row in self._session.scalars(select(ApiKeyRow).order_by(ApiKeyRow.id))]

    def revoke(self, key_id: int, *, at: datetime, by: str) -> None:
        """End a key; a revoked one stays as it is."""
        ended = update(ApiKeyRow).where(ApiKeyRow.id == key_id, ApiKeyRow.revoked_at.is_(None))
        self._session.execute(ended.values(revoked_at=at, revoked_by=by))

    def add_use(self, requests: Mapping[int, int], *, day: int, at: datetime) -> None:
        """Count requests by key, and note that the keys were used."""
        ids = sorted(requests)
        columns = {"key_id": ids, "day": [day] * len(ids), "requests": [requests[id_] for id_ in ids]}
        put_rows(self._session, ApiUsageRow, columns, update=("requests+",))
        if ids:
            self._session.execute(update(ApiKeyRow).where(ApiKeyRow.id.in_(ids)).values(last_used_at=at))

    def used_on(self, day: int) -> dict[int, int]:
        """Requests of a day by key; keys without any are left out."""
        found = select(ApiUsageRow.key_id, ApiUsageRow.requests).where(ApiUsageRow.day == day)
        return {row.key_id: row.requests for row in self._session.execute(found)}

    def used_between(self, first: int, last: int) -> dict[int, int]:
        """Requests of the days first..last by key."""
        total = func.sum(ApiUsageRow.requests)
        found = select(ApiUsageRow.key_id, total).where(ApiUsageRow.day.between(first, last))
        return {id_: int(many) for id_, many in self._session.execute(found.group_by(ApiUsageRow.key_id))}


def _stored(row: ApiKeyRow) -> StoredKey:
    return StoredKey(
        row.id,
        row.name,
        row.prefix,
        row.hash,
        row.scopes,
        row.rate,
        row.daily,
        row.created_at,
        row.created_by,
        row.last_used_at,
        row.revoked_at,
    )

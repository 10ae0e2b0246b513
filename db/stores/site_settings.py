"""What people set while Moderato runs, and the secrets that an installation makes for itself."""

import secrets
from datetime import datetime
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from db.privacy_models import SecretRow, SettingRow

_LOCK = 8_501_007
"""Key of PostgreSQL's advisory lock: shared by whoever acts on a setting, alone for whoever changes one."""


class SiteSettingStore:
    """Settings and secrets in one session."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._postgresql = session.get_bind().dialect.name == "postgresql"

    def get(self, name: str) -> Any:
        """The value, or None if nobody set it."""
        return self._session.scalar(select(SettingRow.value).where(SettingRow.name == name))

    def beginning(self, prefix: str) -> dict[str, Any]:
        """The values of settings whose names begin so, by the rest of the name."""
        some = select(SettingRow.name, SettingRow.value).where(SettingRow.name.startswith(prefix, autoescape=True))
        return {name[len(prefix) :]: value for name, value in self._session.execute(some)}

    def get_row(self, name: str) -> tuple[Any, datetime, str] | None:
        """Value, when and by whom; None if nobody set it."""
        columns = (SettingRow.value, SettingRow.changed_at, SettingRow.changed_by)
        row = self._session.execute(select(*columns).where(SettingRow.name == name)).first()
        return (row[0], row[1], row[2]) if row else None

    def put(self, name: str, value: Any, *, at: datetime, by: str) -> None:
        """Set it. Waits for transactions that act on what was set before."""
        if self._postgresql:
            self._session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        self._session.merge(SettingRow(name=name, value=value, changed_at=at, changed_by=by))
        self._session.flush()

    def hold(self) -> None:
        """Until this transaction ends no setting changes: what it writes agrees with them. SQLite has one writer."""
        if self._postgresql:
            self._session.execute(text("SELECT pg_advisory_xact_lock_shared(:key)"), {"key": _LOCK})

    def get_secret(self, name: str) -> bytes | None:
        """The secret, or None if it was not made yet."""
        return self._session.scalar(select(SecretRow.value).where(SecretRow.name == name))

    def make_secret(self, name: str, *, at: datetime) -> bytes:
        """The secret: 32 random bytes, made the first time."""
        add = postgresql.insert if self._postgresql else sqlite.insert
        made = add(SecretRow).values(name=name, value=secrets.token_bytes(32), made_at=at)
        self._session.execute(made.on_conflict_do_nothing())
        return self.get_secret(name) or b""

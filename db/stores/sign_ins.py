"""Browsers that are signed in, and sign-ins that failed."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, exists, select, text, update
from sqlalchemy.orm import Session

from db.people_models import AccountRow, SignInAttemptsRow, SignInRow

_LOCK = 8_501_008
"""Key of PostgreSQL's advisory lock: one attempt is counted at a time."""


@dataclass(frozen=True, slots=True)
class StoredSignIn:
    """A signed-in browser as the table has it, with whose it is."""

    id: int
    account_id: int
    name: str
    roles: str
    disabled_at: datetime | None
    created_at: datetime
    used_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    address: str
    browser: str


@dataclass(frozen=True, slots=True)
class Attempts:
    """Failed sign-ins under one key."""

    failures: int = 0
    refused: int = 0
    last_at: datetime | None = None
    blocked_until: datetime | None = None


class SignInStore:
    """Sign-ins of one session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, values: dict[str, Any]) -> int:
        """Insert a signed-in browser; the values are SignInRow's columns but for the id, which comes back."""
        row = SignInRow(**values)
        self._session.add(row)
        self._session.flush()
        return row.id

    def by_token(self, token_hash: str) -> StoredSignIn | None:
        """The signed-in browser whose cookie has that hash, ended or not."""
        row = self._session.execute(_query().where(SignInRow.token_hash == token_hash)).first()
        return _stored(*row) if row else None

    def list_live(self, at: datetime, used_since: datetime, account_ids: Collection[int] = ()) -> list[StoredSignIn]:
        """Browsers that are signed in, latest used first; of these accounts alone, if any are given."""
        query = _query().where(SignInRow.ended_at.is_(None), SignInRow.expires_at > at, SignInRow.used_at > used_since)
        if account_ids:
            query = query.where(SignInRow.account_id.in_(account_ids))
        return [_stored(*row) for row in self._session.execute(query.order_by(SignInRow.used_at.desc()))]

    def was_here(self, account_id: int, address: str, since: datetime) -> bool:
        """Whether the account was signed in from that address since then."""
        found = exists().where(
            SignInRow.account_id == account_id, SignInRow.address == address, SignInRow.created_at >= since
        )
        return bool(self._session.scalar(select(found)))

    def note_use(self, sign_in_id: int, at: datetime) -> None:
        """Somebody uses that browser now."""
        self._session.execute(update(SignInRow).where(SignInRow.id == sign_in_id).values(used_at=at))

    def end(self, at: datetime, *, account_id: int | None = None, sign_in_id: int | None = None) -> Sequence[int]:
        """Sign out all browsers of an account, or one browser; returns which were signed in."""
        live = select(SignInRow.id).where(SignInRow.ended_at.is_(None))
        live = live.where(SignInRow.account_id == account_id) if account_id is not None else live
        live = live.where(SignInRow.id == sign_in_id) if sign_in_id is not None else live
        ids = list(self._session.scalars(live))
        self._session.execute(update(SignInRow).where(SignInRow.id.in_(ids)).values(ended_at=at))
        return ids

    def attempts(self, keys: Sequence[str]) -> dict[str, Attempts]:
        """What failed under these keys; nobody else counts until the transaction ends."""
        if self._session.get_bind().dialect.name == "postgresql":
            self._session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        rows = self._session.scalars(select(SignInAttemptsRow).where(SignInAttemptsRow.key.in_(keys)))
        return {row.key: Attempts(row.failures, row.refused, row.last_at, row.blocked_until) for row in rows}

    def put_attempts(self, key: str, attempts: Attempts) -> None:
        """Keep what failed under a key."""
        self._session.merge(
            SignInAttemptsRow(
                key=key,
                failures=attempts.failures,
                refused=attempts.refused,
                last_at=attempts.last_at,
                blocked_until=attempts.blocked_until,
            )
        )
        self._session.flush()

    def forget_attempts(self, *, keys: Sequence[str] = (), before: datetime | None = None) -> None:
        """Drop what failed under keys, and what is older than `before`."""
        if keys:
            self._session.execute(delete(SignInAttemptsRow).where(SignInAttemptsRow.key.in_(keys)))
        if before:
            self._session.execute(delete(SignInAttemptsRow).where(SignInAttemptsRow.last_at < before))


def _query() -> Any:
    return select(SignInRow, AccountRow).join(AccountRow, AccountRow.id == SignInRow.account_id)


def _stored(row: SignInRow, account: AccountRow) -> StoredSignIn:
    return StoredSignIn(
        row.id,
        account.id,
        account.name,
        account.roles,
        account.disabled_at,
        row.created_at,
        row.used_at,
        row.expires_at,
        row.ended_at,
        row.address,
        row.browser,
    )

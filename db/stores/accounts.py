"""Accounts, and the one-time links that set their passwords."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import exists, func, select, text, update
from sqlalchemy.orm import Session

from db.models import DecisionRow
from db.people_models import AccountLinkRow, AccountRow

_LOCK = 8_501_007
"""Key of PostgreSQL's advisory lock: one change of accounts at a time, so that the last administrator stays."""


@dataclass(frozen=True, slots=True)
class StoredAccount:
    """An account as the table has it."""

    id: int
    name: str
    roles: str
    password: str | None
    issuer: str | None
    subject: str | None
    created_at: datetime
    created_by: str
    disabled_at: datetime | None
    last_sign_in_at: datetime | None


class AccountStore:
    """Accounts of one session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def lock(self) -> None:
        """Let one transaction at a time change accounts. SQLite's write lock does that by itself."""
        if self._session.get_bind().dialect.name == "postgresql":
            self._session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})

    def any(self) -> bool:
        """Whether there is any account, disabled ones too."""
        return bool(self._session.scalar(select(exists().select_from(AccountRow))))

    def any_password(self) -> bool:
        """Whether anybody signs in here, or will by a link, rather than at the company's sign-in."""
        return bool(self._session.scalar(select(exists().where(AccountRow.issuer.is_(None)))))

    def add(self, values: dict[str, Any]) -> StoredAccount:
        """Insert an account; the values are AccountRow's columns but for the id."""
        row = AccountRow(**values)
        self._session.add(row)
        self._session.flush()
        return _stored(row)

    def by_id(self, account_id: int) -> StoredAccount | None:
        """The account, disabled or not."""
        row = self._session.get(AccountRow, account_id)
        return _stored(row) if row else None

    def by_folded(self, folded: str) -> StoredAccount | None:
        """The account whose name folds to that."""
        row = self._session.scalar(select(AccountRow).where(AccountRow.folded == folded))
        return _stored(row) if row else None

    def by_subject(self, issuer: str, subject: str) -> StoredAccount | None:
        """The account that an issuer vouches for."""
        found = select(AccountRow).where(AccountRow.issuer == issuer, AccountRow.subject == subject)
        row = self._session.scalar(found)
        return _stored(row) if row else None

    def list_all(self) -> list[StoredAccount]:
        """All accounts, disabled ones too, by name."""
        return [_stored(row) for row in self._session.scalars(select(AccountRow).order_by(AccountRow.folded))]

    def set(self, account_id: int, **values: Any) -> None:
        """Change columns of an account."""
        self._session.execute(update(AccountRow).where(AccountRow.id == account_id).values(**values))

    def decided(self, names: Sequence[str] | None = None) -> dict[str, int]:
        """How many entries the ledger has by each of these names; by each name at all, without."""
        query = select(DecisionRow.person, func.count()).group_by(DecisionRow.person)
        if names is not None:
            query = query.where(DecisionRow.person.in_(names))
        return {name: int(many) for name, many in self._session.execute(query)}

    def add_link(self, values: dict[str, Any]) -> None:
        """Insert a link, in place of those that the account has."""
        self.end_links(values["account_id"], values["created_at"])
        self._session.add(AccountLinkRow(**values))
        self._session.flush()

    def end_links(self, account_id: int, at: datetime) -> None:
        """No link of the account works any more."""
        unused = update(AccountLinkRow).where(AccountLinkRow.account_id == account_id, AccountLinkRow.used_at.is_(None))
        self._session.execute(unused.values(used_at=at))

    def by_link(self, token_hash: str, at: datetime) -> StoredAccount | None:
        """Whose password a link sets, if it still works."""
        query = (
            select(AccountRow)
            .join(AccountLinkRow, AccountLinkRow.account_id == AccountRow.id)
            .where(
                AccountLinkRow.token_hash == token_hash,
                AccountLinkRow.used_at.is_(None),
                AccountLinkRow.expires_at > at,
                AccountRow.disabled_at.is_(None),
            )
        )
        row = self._session.scalar(query)
        return _stored(row) if row else None


def _stored(row: AccountRow) -> StoredAccount:
    return StoredAccount(
        row.id,
        row.name,
        row.roles,
        row.password,
        row.issuer,
        row.subject,
        row.created_at,
        row.created_by,
        row.disabled_at,
        row.last_sign_in_at,
    )

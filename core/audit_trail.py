"""What is worth proving later: sign-ins, policy, models, exports, keys, roles, reveals, erasures."""

from enum import StrEnum
from typing import Any

from core.accounts import Person
from core.domain import now
from db.session import Session
from db.stores.audit import AuditStore


class What(StrEnum):
    """Kinds of events, as `noun.verb`."""

    KEY_CREATED = "key.created"
    KEY_REVOKED = "key.revoked"
    DATABASE_MOVED = "database.moved"


def record(session: Session, by: Person | str, what: What, subject: str, **details: Any) -> None:
    """Append an event, in the transaction that does what it says: both are kept, or neither.

    Never give comment text: the trail outlives what is erased. Times as ISO strings, floats as strings.
    """
    name = by.name if isinstance(by, Person) else by
    AuditStore(session).append(name, what.value, subject, details, at=now())

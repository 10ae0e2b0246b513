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
    SIGNED_IN = "person.signed_in"
    SIGNED_OUT = "person.signed_out"
    SIGN_IN_FAILED = "sign_in.failed"
    SIGN_IN_THROTTLED = "sign_in.throttled"
    ACCOUNT_CREATED = "account.created"
    ACCOUNT_DISABLED = "account.disabled"
    ACCOUNT_ENABLED = "account.enabled"
    ACCOUNT_INVITED = "account.invited"
    ROLES_CHANGED = "account.roles_changed"
    PASSWORD_SET = "account.password_set"
    PASSWORD_RESET = "account.password_reset"
    SESSIONS_REVOKED = "account.sessions_revoked"
    POLICY_PROPOSED = "policy.proposed"
    POLICY_ACCEPTED = "policy.proposal_accepted"
    POLICY_DECLINED = "policy.proposal_declined"
    CLAIM_RELEASED = "claim.released"


def record(session: Session, by: Person | str, what: What, subject: str, **details: Any) -> None:
    """Append an event, in the transaction that does what it says: both are kept, or neither.

    Never give comment text: the trail outlives what is erased. Times as ISO strings, floats as strings.
    """
    name = by.name if isinstance(by, Person) else by
    AuditStore(session).append(name, what.value, subject, details, at=now())

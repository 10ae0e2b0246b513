"""What is worth proving later: sign-ins, policy, models, exports, keys, roles, reveals, erasures."""

from enum import StrEnum
from typing import Any

from core.accounts import Person
from core.text import storable
from db.session import Session
from db.stores.audit import AuditStore


class What(StrEnum):
    """Kinds of events, as `noun.verb`."""

    KEY_CREATED = "key.created"
    KEY_REVOKED = "key.revoked"
    WEBHOOK_CREATED = "webhook.created"
    WEBHOOK_CHANGED = "webhook.changed"
    WEBHOOK_DISABLED = "webhook.disabled"
    WEBHOOK_ENABLED = "webhook.enabled"
    WEBHOOK_DELETED = "webhook.deleted"
    WEBHOOK_SECRET_ROTATED = "webhook.secret_rotated"  # nosec B105 # a kind of event
    WEBHOOK_RESENT = "webhook.resent"
    BACKUP_MADE = "backup.made"
    RESTORED = "backup.restored"
    POLICY_SAVED = "policy.saved"
    MODEL_REGISTERED = "model.registered"
    MODEL_MEASURED = "model.measured"
    MODEL_PROMOTED = "model.promoted"
    MODEL_ROLLED_BACK = "model.rolled_back"
    SHADOW_STARTED = "shadow.started"
    SHADOW_STOPPED = "shadow.stopped"
    TRAINING_STARTED = "training.started"
    TRAINING_STOPPED = "training.stopped"
    DRIFT_REFERENCE = "drift.reference"
    SECOND_WITHDRAWN = "second_opinions.withdrawn"
    IMPORT_STARTED = "import.started"
    IMPORT_ENDED = "import.ended"
    DATA_EXPORTED = "data.exported"
    TRAIL_EXPORTED = "trail.exported"
    TEXT_REVEALED = "text.revealed"
    SETTING_CHANGED = "setting.changed"
    AUTHOR_EXPORTED = "author.exported"
    ERASURE_STARTED = "erasure.started"
    ERASURE_ENDED = "erasure.ended"
    DATABASE_MOVED = "database.moved"
    SIGNED_IN = "person.signed_in"
    SIGNED_OUT = "person.signed_out"
    SIGN_IN_FAILED = "sign_in.failed"
    SIGN_IN_THROTTLED = "sign_in.throttled"
    ACCOUNT_CREATED = "account.created"
    ACCOUNT_DISABLED = "account.disabled"
    ACCOUNT_ENABLED = "account.enabled"
    ACCOUNT_INVITED = "account.invited"
    ROLES_CHANGED = "account.roles_changed"
    PASSWORD_SET = "account.password_set"  # nosec B105 # a kind of event
    PASSWORD_RESET = "account.password_reset"  # nosec B105 # a kind of event
    SESSIONS_REVOKED = "account.sessions_revoked"
    POLICY_PROPOSED = "policy.proposed"
    POLICY_ACCEPTED = "policy.proposal_accepted"
    POLICY_DECLINED = "policy.proposal_declined"
    CLAIM_RELEASED = "claim.released"
    CLAIM_GIVEN = "claim.given"
    SLICE_CREATED = "slice.created"
    SLICE_CHANGED = "slice.changed"
    SLICE_DELETED = "slice.deleted"
    GUIDELINE_SAVED = "guideline.saved"


def record(session: Session, by: Person | str, what: What, subject: str, **details: Any) -> None:
    """Append an event, in the transaction that does what it says: both are kept, or neither.

    Never give comment text: the trail outlives what is erased. Times as ISO strings, floats as strings. It is written
    as the transaction's last act, at its commit: those that append wait for one another only that long.
    """
    name = by.name if isinstance(by, Person) else by
    AuditStore(session).append_last(storable(name), what.value, storable(subject), details)

"""Messages made from what happened: decisions from the ledger by a cursor, automatic removals with their routing."""

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from core.webhooks.events import Event, event_of
from db.models import to_micros
from db.session import Session
from db.stores.webhook_messages import MessageStore
from db.stores.webhooks import Webhook, WebhookStore

AT_ONCE: Final = 500
"""Entries of the ledger that are looked at in one transaction."""


def new_message_id() -> str:
    """A message's id: 128 random bits, without the full stop that signatures use."""
    return f"msg_{secrets.token_hex(16)}"


def follow_ledger(session: Session, webhook: Webhook, at: datetime) -> int:
    """Make messages of the next entries, and move the webhook's cursor past them; returns how many entries.

    One transaction, on a webhook that the caller has taken: nothing is lost or made twice, wherever it ends.
    """
    store = MessageStore(session)
    entries = store.entries_after(webhook.cursor, AT_ONCE)
    if not entries:
        return 0
    found = ((entry, event_of(entry.outcome, entry.lane, entry.revokes)) for entry in entries)
    store.add(
        (
            _row(webhook, event, entry.comment_id, decision_id=entry.id)
            for entry, event in found
            if event and webhook.wants(event, entry.source)
        ),
        at=at,
    )
    WebhookStore(session).change(webhook.id, cursor=entries[-1].id)
    return len(entries)


def tell_removals(session: Session, labels: Mapping[int, int], *, model_id: int, policy_id: int, at: datetime) -> None:
    """Make messages of comments that the policy has just removed, in the transaction that routes them.

    `labels`: by comment id, a bit mask of the labels whose mark was reached. The ledger knows nothing of them, and
    disabled webhooks are told too, once they are enabled again.
    """
    if not labels:
        return
    hooks = [hook for hook in WebhookStore(session).keep_all() if Event.REMOVED in hook.events]
    if not hooks:
        return
    store, plain = MessageStore(session), {"model": model_id, "policy": policy_id, "at": to_micros(at)}
    sources = store.sources(list(labels))
    store.add(
        (
            _row(hook, Event.REMOVED, comment_id, decision_id=None, facts={**plain, "labels": mask})
            for hook in hooks
            for comment_id, mask in labels.items()
            if hook.wants(Event.REMOVED, sources[comment_id])
        ),
        at=at,
    )


def _row(
    webhook: Webhook, event: Event, comment_id: int, *, decision_id: int | None, facts: dict[str, int] | None = None
) -> dict[str, object]:
    return {
        "webhook_id": webhook.id,
        "message_id": new_message_id(),
        "event": event.value,
        "comment_id": comment_id,
        "decision_id": decision_id,
        "facts": facts or {},
    }

"""What becomes of a message after an attempt, and of its webhook."""

from dataclasses import dataclass
from datetime import datetime

from core.audit_trail import What, record
from core.webhooks.schedule import RESTS_AFTER, SPAN, next_attempt, rest_after
from core.webhooks.sender import Answer
from core.webhooks.urls import parse_url
from db.session import Session
from db.stores.webhook_messages import FAILED, Message, MessageStore
from db.stores.webhooks import Webhook, WebhookStore

GONE = "The receiver answered 410 Gone: it wants no more messages."


@dataclass(frozen=True, slots=True)
class Attempt:
    """One message that was sent, or could not be."""

    message: Message
    answer: Answer
    at: datetime


def settle(session: Session, webhook: Webhook, attempts: list[Attempt], token: str) -> None:
    """Write down attempts of one webhook. A failure whose lease has lapsed is another's by now, and forgotten."""
    for attempt in attempts:
        if attempt.answer.problem is None:
            webhook = _took(session, webhook, attempt)
        else:
            webhook = _failed(session, webhook, attempt, token)


def give_up_old(session: Session, webhook: Webhook, at: datetime) -> int:
    """Of a webhook that has failed for a day: move what waits for as long to the failures; returns how many."""
    if webhook.failing_since is None or webhook.failing_since > at - SPAN:
        return 0
    why = f"The webhook failed for a day; last: {webhook.problem or 'no answer.'}"
    return MessageStore(session).give_up(webhook.id, why, before=at - SPAN, at=at)


def _took(session: Session, webhook: Webhook, attempt: Attempt) -> Webhook:
    message, at = attempt.message, attempt.at
    MessageStore(session).delivered(message.id, at=at, tries=message.tries + 1)
    if webhook.streak >= RESTS_AFTER:
        MessageStore(session).hurry(webhook.id, at=at)
    return _changed(session, webhook, delivered_at=at, failing_since=None, problem=None, streak=0, paused_until=None)


def _failed(session: Session, webhook: Webhook, attempt: Attempt, token: str) -> Webhook:
    message, answer, at = attempt.message, attempt.answer, attempt.at
    tries, first = message.tries + 1, message.first_tried_at or at
    due = None if answer.is_gone else next_attempt(tries, first, at, wish=answer.wish)
    values = {"tries": tries, "first_tried_at": first, "problem": answer.problem}
    values |= {"next_at": due} if due else {"state": FAILED, "ended_at": at}
    if not MessageStore(session).finish(message.id, token, **values):
        return webhook
    streak = webhook.streak + 1
    rest = rest_after(streak, answer.wish)
    webhook = _changed(
        session,
        webhook,
        failing_since=webhook.failing_since or at,
        problem=answer.problem,
        streak=streak,
        paused_until=at + rest if rest else webhook.paused_until,
    )
    if answer.is_gone and webhook.enabled:
        record(session, "moderato", What.WEBHOOK_DISABLED, webhook.name, host=parse_url(webhook.url).name, why="410")
        webhook = _changed(session, webhook, enabled=False, disabled_why=GONE)
    return webhook


def _changed(session: Session, webhook: Webhook, **values: object) -> Webhook:
    store = WebhookStore(session)
    store.change(webhook.id, **values)
    return store.get(webhook.name) or webhook

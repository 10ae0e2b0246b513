"""One look at the database: settle what was sent, make messages of what is new, and lease what is due."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from core.domain import now
from core.log_text import whereabouts
from core.webhooks.feed import AT_ONCE, follow_ledger
from core.webhooks.outcomes import Attempt, give_up_old, settle
from core.webhooks.schedule import RESTS_AFTER
from db.session import Session, Sessions
from db.stores.webhook_messages import DELIVERED, FAILED, Message, MessageStore
from db.stores.webhooks import Webhook, WebhookStore

log = logging.getLogger("moderato.webhooks")

AT_A_TIME: Final = 4
"""Messages of one webhook that are under way at once, over all processes."""
LEASE: Final = timedelta(seconds=60)
"""A message that a dead process was sending is sent by another after this: three times as long as an attempt takes."""
KEEP: Final = {DELIVERED: timedelta(days=7), FAILED: timedelta(days=30)}
"""How long messages are kept after their end."""
_PRUNE: Final = 2_000
"""Rows deleted in one transaction: the write lock is held for some tens of milliseconds."""


@dataclass(frozen=True, slots=True)
class Leased:
    """A message to send now, and how."""

    webhook: Webhook
    message: Message
    secrets: tuple[str, ...]

    def __repr__(self) -> str:
        """Without the secrets."""
        return f"Leased({self.webhook.name!r}, {self.message.message_id!r})"


@dataclass(frozen=True, slots=True)
class Step:
    """What one look brought."""

    leased: list[Leased]
    unsettled: list[Attempt]
    """Attempts that could not be written down: give them to the next step."""
    more: bool
    """Whether the ledger has more at once."""


class Desk:
    """Works under one lease's name. Any number of processes may each have one; a webhook is one's at a time."""

    def __init__(
        self, sessions: Sessions, token: str, *, clock: Callable[[], datetime] = now, lease: timedelta = LEASE
    ) -> None:
        self._sessions, self._token, self._clock, self._lease = sessions, token, clock, lease

    def step(self, done: Sequence[Attempt]) -> Step:
        """Go once over all webhooks, each in a transaction of its own."""
        at = self._clock()
        leased: list[Leased] = []
        unsettled: list[Attempt] = []
        more = False
        for hook in self._busy({attempt.message.webhook_id for attempt in done}, at):
            mine = [attempt for attempt in done if attempt.message.webhook_id == hook.id]
            try:
                taken, followed = self._serve(hook.id, mine, at)
            except Exception as error:  # the database may be locked or away: what was sent is written down later
                log.warning("webhook %s: %s", hook.name, whereabouts(error))
                unsettled += mine
                continue
            leased += taken
            more = more or followed == AT_ONCE
        return Step(leased, unsettled, more)

    def tidy(self) -> None:
        """Give up what has failed for a day, and delete what ended long ago."""
        at = self._clock()
        with self._sessions.read() as session:
            hooks = WebhookStore(session).list_all()
        for hook in hooks:
            if hook.failing_since is not None:
                with self._sessions.begin() as session:
                    fresh = WebhookStore(session).take(hook.id, wait=False)
                    if fresh:
                        give_up_old(session, fresh, at)
        for state, keep in KEEP.items() if hooks else ():
            gone = _PRUNE
            while gone == _PRUNE:
                with self._sessions.begin() as session:
                    gone = MessageStore(session).prune(state, before=at - keep, limit=_PRUNE)

    def release(self) -> None:
        """Give back everything that is leased."""
        with self._sessions.begin() as session:
            MessageStore(session).release(self._token)

    def _busy(self, sent: set[int], at: datetime) -> list[Webhook]:
        """Webhooks that there is something to do for; looked up without the write lock."""
        with self._sessions.read() as session:
            store, messages = WebhookStore(session), MessageStore(session)
            hooks = store.list_all()
            end = store.ledger_end() if hooks else 0
            due = {hook.id for hook in hooks if not _rests(hook, at) and messages.has_due(hook.id, now=at)}
        return [hook for hook in hooks if hook.id in sent or (hook.enabled and (hook.cursor < end or hook.id in due))]

    def _serve(self, webhook_id: int, done: list[Attempt], at: datetime) -> tuple[list[Leased], int]:
        with self._sessions.begin() as session:
            store = WebhookStore(session)
            hook = store.take(webhook_id, wait=bool(done))
            if hook is None:
                return [], 0
            if done:
                settle(session, hook, done, self._token)
                hook = store.take(webhook_id, wait=True) or hook
            if not hook.enabled:
                return [], 0
            followed = follow_ledger(session, hook, at)
            return self._take(session, hook, at), followed

    def _take(self, session: Session, hook: Webhook, at: datetime) -> list[Leased]:
        if _rests(hook, at):
            return []
        many = AT_A_TIME if hook.streak < RESTS_AFTER else 1
        due = MessageStore(session).lease(hook.id, many, self._token, now=at, until=at + self._lease)
        if not due:
            return []
        secrets = tuple(WebhookStore(session).signing(hook.id, at=at))
        return [Leased(hook, message, secrets) for message in due]


def _rests(hook: Webhook, at: datetime) -> bool:
    return hook.paused_until is not None and hook.paused_until > at

"""Webhooks: where decisions are delivered to, how that goes, and what waits or failed."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from db.models import DecisionRow
from db.webhook_models import WebhookDeliveryRow, WebhookRow


@dataclass(frozen=True, slots=True)
class Webhook:
    """One address and how its deliveries go."""

    id: int
    name: str
    url: str = field(repr=False)
    """May hold a secret of the receiver: never logged."""
    events: frozenset[str]
    sources: tuple[str, ...]
    """Whose comments count; empty for all."""
    with_person: bool
    enabled: bool
    disabled_why: str | None
    cursor: int
    created_at: datetime
    created_by: str
    delivered_at: datetime | None
    failing_since: datetime | None
    problem: str | None
    streak: int
    paused_until: datetime | None
    old_secret_until: datetime | None
    """Until then the former secret signs too."""

    def wants(self, event: str, source: str) -> bool:
        """Whether it is told of such an event on a comment of that source."""
        return event in self.events and (not self.sources or source in self.sources)


@dataclass(frozen=True, slots=True)
class Counts:
    """Messages of one webhook."""

    waiting: int = 0
    failed: int = 0
    delivered: int = 0
    """Of the last days, as long as they are kept."""


class WebhookStore:
    """Webhooks of one session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, values: dict[str, Any]) -> Webhook:
        """Insert one that begins at the ledger's end; the values are WebhookRow's other columns."""
        end = self._session.scalar(select(func.max(DecisionRow.id))) or 0
        row = WebhookRow(cursor=end, streak=0, enabled=True, **values)
        self._session.add(row)
        self._session.flush()
        return webhook_of(row)

    def get(self, name: str, *, lock: bool = False) -> Webhook | None:
        """The webhook of that name; nobody else changes it meanwhile, if locked."""
        query = select(WebhookRow).where(WebhookRow.name == name)
        row = self._session.scalar(query.with_for_update() if lock else query)
        return webhook_of(row) if row else None

    def list_all(self) -> list[Webhook]:
        """All of them, by name."""
        return [webhook_of(row) for row in self._session.scalars(select(WebhookRow).order_by(WebhookRow.name))]

    def keep_all(self) -> list[Webhook]:
        """The same; none of them is removed until this transaction ends, so that messages may be added for them."""
        query = select(WebhookRow).order_by(WebhookRow.id).with_for_update(read=True, key_share=True)
        return [webhook_of(row) for row in self._session.scalars(query)]

    def signing(self, webhook_id: int, *, at: datetime) -> list[str]:
        """The secrets that sign at that moment: the one that holds, then a former one that still does."""
        columns = (WebhookRow.secret, WebhookRow.old_secret, WebhookRow.old_secret_until)
        row = self._session.execute(select(*columns).where(WebhookRow.id == webhook_id)).one()
        still = row.old_secret and row.old_secret_until and row.old_secret_until > at
        return [row.secret, row.old_secret] if still else [row.secret]

    def take(self, webhook_id: int, *, wait: bool) -> Webhook | None:
        """The webhook, for its messages to be worked on; nobody else does until this transaction ends.

        None if it is gone, or somebody else has it and the caller will not wait.
        """
        query = select(WebhookRow).where(WebhookRow.id == webhook_id).execution_options(populate_existing=True)
        # with key_share: whoever adds messages for it need not wait
        row = self._session.scalar(query.with_for_update(skip_locked=not wait, key_share=True))
        return webhook_of(row) if row else None

    def change(self, webhook_id: int, **values: Any) -> None:
        """Set columns of WebhookRow."""
        self._session.execute(update(WebhookRow).where(WebhookRow.id == webhook_id).values(**values))

    def remove(self, webhook_id: int) -> None:
        """Delete it with all its messages."""
        self._session.execute(delete(WebhookDeliveryRow).where(WebhookDeliveryRow.webhook_id == webhook_id))
        self._session.execute(delete(WebhookRow).where(WebhookRow.id == webhook_id))

    def counts(self, webhook_ids: Collection[int] | None = None) -> dict[int, Counts]:
        """How many messages wait, failed and were delivered, by webhook; those without any are left out.

        With ids, only what waits or failed of these: read from an index alone, however much was delivered.
        """
        many = func.count()
        query = select(WebhookDeliveryRow.webhook_id, WebhookDeliveryRow.state, many)
        if webhook_ids is not None:
            query = query.where(
                WebhookDeliveryRow.webhook_id.in_(webhook_ids), WebhookDeliveryRow.state.in_(("waiting", "failed"))
            )
        found: dict[int, dict[str, int]] = {}
        for webhook_id, state, count in self._session.execute(
            query.group_by(WebhookDeliveryRow.webhook_id, WebhookDeliveryRow.state)
        ):
            found.setdefault(webhook_id, {})[state] = count
        return {id_: Counts(**{state: by[state] for state in by}) for id_, by in found.items()}

    def ledger_end(self) -> int:
        """Id of the newest entry of the ledger, 0 without any."""
        return self._session.scalar(select(func.max(DecisionRow.id))) or 0


def webhook_of(row: WebhookRow) -> Webhook:
    """The plain value of a row."""
    return Webhook(
        id=row.id,
        name=row.name,
        url=row.url,
        events=frozenset(row.events.split(",")),
        sources=tuple(row.sources),
        with_person=row.with_person,
        enabled=row.enabled,
        disabled_why=row.disabled_why,
        cursor=row.cursor,
        created_at=row.created_at,
        created_by=row.created_by,
        delivered_at=row.delivered_at,
        failing_since=row.failing_since,
        problem=row.problem,
        streak=row.streak,
        paused_until=row.paused_until,
        old_secret_until=row.old_secret_until,
    )

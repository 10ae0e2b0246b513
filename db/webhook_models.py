"""The tables of webhooks: where decisions are delivered, and each delivery."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from db.models import Base, BigId, only_where


class WebhookRow(Base):
    """One address that decisions are delivered to, and how that goes."""

    __tablename__ = "webhook"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    url: Mapped[str]
    """May hold a secret of the receiver in its path: shown to administrators alone, never logged."""
    events: Mapped[str]
    """core.webhooks.events.Event, joined by commas."""
    sources: Mapped[list[Any]] = mapped_column(JSON)
    """Names of the sources whose comments count; an empty list is all."""
    with_person: Mapped[bool]
    """Whether the moderator's name is sent."""
    secret: Mapped[str]
    """whsec_...; kept as it is, since every message is signed with it."""
    old_secret: Mapped[str | None]
    old_secret_until: Mapped[datetime | None]
    """Until then messages are signed with both."""
    enabled: Mapped[bool]
    disabled_why: Mapped[str | None]
    cursor: Mapped[int] = mapped_column(BigId)
    """The last entry of the ledger that was looked at: moved in the transaction that makes the deliveries."""
    created_at: Mapped[datetime]
    created_by: Mapped[str]
    delivered_at: Mapped[datetime | None]
    """When a message was last taken."""
    failing_since: Mapped[datetime | None]
    """When the first of the failures since then was; NULL while all is well."""
    problem: Mapped[str | None]
    """What the last failure was."""
    streak: Mapped[int]
    """Failures without a success between them."""
    paused_until: Mapped[datetime | None]
    """Nothing is sent before, since the receiver asked for time or keeps failing."""


class WebhookDeliveryRow(Base):
    """One message for one webhook. Its body is made anew from the ledger for each attempt, always the same."""

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        Index("ix_webhook_delivery_due", "webhook_id", "state", "next_at", "id"),
        Index("ix_webhook_delivery_lease", "webhook_id", **only_where("lease IS NOT NULL")),
        Index("ix_webhook_delivery_age", "state", "ended_at"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    webhook_id: Mapped[int] = mapped_column(ForeignKey("webhook.id"))
    message_id: Mapped[str]
    """The header webhook-id: the same at every attempt. Random, so that a restored database never uses one again."""
    event: Mapped[str]
    comment_id: Mapped[int] = mapped_column(ForeignKey("comment.id"))
    decision_id: Mapped[int | None] = mapped_column(ForeignKey("decision.id"))
    """The ledger's entry; NULL for what the policy removed."""
    facts: Mapped[dict[str, Any]]
    """For what the policy removed: {"labels": bit mask, "model": id, "policy": id, "at": microseconds}; else empty."""
    state: Mapped[str]
    """waiting, delivered or failed."""
    tries: Mapped[int]
    created_at: Mapped[datetime]
    first_tried_at: Mapped[datetime | None]
    next_at: Mapped[datetime]
    """When it is due; while it is being sent, when that lease ends."""
    lease: Mapped[str | None]
    """Who sends it now."""
    ended_at: Mapped[datetime | None]
    """When it was delivered or given up."""
    problem: Mapped[str | None]
    """What the last attempt met."""

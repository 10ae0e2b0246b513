"""The tables of programs: their keys, how often they call, and the corrections that they suggest."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from db.models import Base, BigId


class ApiKeyRow(Base):
    """A program's key. Never deleted: the ledger names it."""

    __tablename__ = "api_key"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    """Stays taken after the key is revoked: a name in the ledger means one key."""
    prefix: Mapped[str]
    """The secret's first characters, to tell keys apart in lists."""
    hash: Mapped[str] = mapped_column(unique=True)
    """SHA-256 of the secret, in hex. The secret has 256 random bits: nothing slower is needed, there is no guessing."""
    scopes: Mapped[str]
    """core.keys.Scope, joined by commas."""
    rate: Mapped[float | None]
    """Requests a second; NULL for no limit."""
    daily: Mapped[int | None]
    """Requests a day (UTC); NULL for no limit."""
    created_at: Mapped[datetime]
    created_by: Mapped[str]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    revoked_by: Mapped[str | None]


class ApiUsageRow(Base):
    """How many requests a key made on a day."""

    __tablename__ = "api_usage"

    key_id: Mapped[int] = mapped_column(ForeignKey("api_key.id"), primary_key=True, autoincrement=False)
    day: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """Days since 1970 (UTC)."""
    requests: Mapped[int]


class SuggestionRow(Base):
    """A correction that a program sent. Never gold by itself: a trusted key's is a decision, others wait for people."""

    __tablename__ = "suggestion"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    comment_id: Mapped[int] = mapped_column(ForeignKey("comment.id"), index=True)
    key_id: Mapped[int] = mapped_column(ForeignKey("api_key.id"), index=True)
    labels: Mapped[int]
    """Bit mask, core.domain.pack_labels: what the suggestion amounts to."""
    given: Mapped[int]
    """Bit mask of the labels that it named; the others follow core.suggestions.complete."""
    scores: Mapped[dict[str, Any]]
    """The scores as they were sent, by attribute."""
    client_token: Mapped[str | None]
    decision_id: Mapped[int | None] = mapped_column(ForeignKey("decision.id"))
    """The ledger's entry, where the key is trusted; NULL where it waits for people or changed nothing."""
    sent_at: Mapped[datetime]

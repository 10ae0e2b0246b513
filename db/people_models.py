"""The tables of people: what they did that must be provable."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from db.models import Base, BigId


class AuditEventRow(Base):
    """Who did what and when. Append-only; each row's hash covers the row before it, so that no change goes unseen."""

    __tablename__ = "audit_event"
    __table_args__ = (Index(None, "person", "id"), Index(None, "what", "id"))

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    """1, 2, 3, ... without a gap."""
    at: Mapped[datetime]
    person: Mapped[str]
    """The name that the ledger has; "" for somebody who is not known, such as a failed sign-in."""
    what: Mapped[str]
    """core.audit_trail.What."""
    subject: Mapped[str]
    """What it was done to, by name; never comment text."""
    details: Mapped[dict[str, Any]]
    hash: Mapped[str]
    """db.stores.audit.chain_hash, in hex."""

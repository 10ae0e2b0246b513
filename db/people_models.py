"""The tables of people: accounts, sign-ins, what they propose, and what they did that must be provable."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint
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


class AccountRow(Base):
    """Somebody who may sign in. Never deleted: the ledger names them, and a name means one person."""

    __tablename__ = "account"
    __table_args__ = (UniqueConstraint("issuer", "subject"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    """What the ledger says."""
    folded: Mapped[str] = mapped_column(unique=True)
    """core.accounts.fold_name of the name: two names that read alike cannot both be taken."""
    roles: Mapped[str]
    """core.accounts.Role, sorted, joined by commas; may be empty."""
    password: Mapped[str | None]
    """Argon2id with its parameters and salt; NULL until one is set, and for accounts of the company's sign-in."""
    issuer: Mapped[str | None]
    """Who vouches for the person, where the company's sign-in does (OpenID Connect `iss`)."""
    subject: Mapped[str | None]
    """Who the person is to the issuer (`sub`); never reused by it, unlike an address."""
    created_at: Mapped[datetime]
    created_by: Mapped[str]
    disabled_at: Mapped[datetime | None]
    last_sign_in_at: Mapped[datetime | None]


class SignInRow(Base):
    """One browser that somebody is or was signed in with."""

    __tablename__ = "sign_in"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    token_hash: Mapped[str] = mapped_column(unique=True)
    """SHA-256 of the cookie's 256 random bits, in hex: whoever reads the database can sign in as nobody."""
    created_at: Mapped[datetime]
    used_at: Mapped[datetime]
    """When somebody last touched keyboard or mouse, to the minute or so."""
    expires_at: Mapped[datetime]
    """The absolute end, whatever is done."""
    ended_at: Mapped[datetime | None]
    address: Mapped[str]
    browser: Mapped[str]
    """In two words, to tell one's own browsers apart."""


class AccountLinkRow(Base):
    """A one-time link to set a password."""

    __tablename__ = "account_link"

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    token_hash: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    created_by: Mapped[str]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    """When it was used, or another link or password took its place."""


class SignInAttemptsRow(Base):
    """Failed sign-ins of late, by account and by address: all processes throttle together."""

    __tablename__ = "sign_in_attempts"

    key: Mapped[str] = mapped_column(primary_key=True)
    """core.throttle: a hash, since people type passwords where names belong."""
    failures: Mapped[int]
    refused: Mapped[int]
    """How many were not even looked at since the last success."""
    last_at: Mapped[datetime]
    blocked_until: Mapped[datetime]


class PolicyProposalRow(Base):
    """A policy that somebody would like; in force only when somebody who may puts it there."""

    __tablename__ = "policy_proposal"

    id: Mapped[int] = mapped_column(primary_key=True)
    thresholds: Mapped[list[float]]
    audit_rates: Mapped[list[float]]
    beside: Mapped[dict[str, Any]]
    """core.automatic.Beside."""
    reason: Mapped[str]
    proposed_by: Mapped[str]
    proposed_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[str | None]
    policy_id: Mapped[int | None] = mapped_column(ForeignKey("policy.id"))
    """The version that it became; NULL while open, or turned down."""

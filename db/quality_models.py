"""The tables of measuring: second opinions, shadow models and where they disagree, drift, gate reports."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from db.models import Base, only_where


class SecondOpinionRow(Base):
    """A settled comment that was drawn for a second opinion. What the two said stands in the ledger."""

    __tablename__ = "second_opinion"

    comment_id: Mapped[int] = mapped_column(ForeignKey("comment.id"), primary_key=True, autoincrement=False)
    first_id: Mapped[int] = mapped_column(ForeignKey("decision.id"), index=True)
    """The decision that is checked."""
    second_id: Mapped[int | None] = mapped_column(ForeignKey("decision.id"))
    """The second opinion; NULL while it waits."""
    adjudication_id: Mapped[int | None] = mapped_column(ForeignKey("decision.id"))
    """The decision that settled a disagreement; NULL where there was none, or while it waits."""
    rate: Mapped[float]
    """Inclusion probability of the draw."""
    drawn_at: Mapped[datetime]


class ShadowRow(Base):
    """A span of time in which a challenger scores all new traffic without routing it."""

    __tablename__ = "shadow"
    __table_args__ = (Index("uq_shadow_running", "model_id", unique=True, **only_where("ended_at IS NULL")),)

    id: Mapped[int] = mapped_column(primary_key=True)
    model_id: Mapped[int] = mapped_column(ForeignKey("model_version.id"))
    rate: Mapped[float]
    """Share of disagreements with the live model that go to the disagreement lane."""
    person: Mapped[str]
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    """NULL while it runs."""
    problem: Mapped[str | None]
    """Why it cannot score, in words for the page; NULL while it can."""


class ShadowPendingRow(Base):
    """A comment that a shadow model has still to score. The row goes in the transaction that writes the scores."""

    __tablename__ = "shadow_pending"
    __table_args__ = (Index(None, "shadow_id", "lease_until", "comment_id"),)

    shadow_id: Mapped[int] = mapped_column(ForeignKey("shadow.id"), primary_key=True, autoincrement=False)
    comment_id: Mapped[int] = mapped_column(ForeignKey("comment.id"), primary_key=True, autoincrement=False)
    lease_until: Mapped[int] = mapped_column(BigInteger, default=0)
    """Microseconds since 1970; 0 means free. As in `pending`."""
    worker: Mapped[str | None]
    """Who holds the lease."""


class ShadowCountRow(Base):
    """How often live and shadow model agreed, kept in the transaction that writes the scores."""

    __tablename__ = "shadow_count"

    shadow_id: Mapped[int] = mapped_column(ForeignKey("shadow.id"), primary_key=True, autoincrement=False)
    what: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """Index in LABELS, or one of db.stores.shadow's ANY, DIFFERS, FAILED."""
    cell: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """Of a label: 0 neither flags, 1 the live model alone, 2 the shadow model alone, 3 both."""
    count: Mapped[int]


class DisagreementRow(Base):
    """A comment that the live model and a shadow model treat differently at the policy's thresholds."""

    __tablename__ = "disagreement"
    __table_args__ = (Index("ix_disagreement_drawn", "shadow_id", "comment_id", **only_where("drawn")),)

    shadow_id: Mapped[int] = mapped_column(ForeignKey("shadow.id"), primary_key=True, autoincrement=False)
    comment_id: Mapped[int] = mapped_column(ForeignKey("comment.id"), primary_key=True, autoincrement=False)
    live_id: Mapped[int] = mapped_column(ForeignKey("model_version.id"))
    """Whose scores had routed the comment."""
    live_flags: Mapped[int]
    """Bit mask of the labels that the live model flags."""
    shadow_flags: Mapped[int]
    """The same of the shadow model."""
    rate: Mapped[float]
    """Inclusion probability of the draw."""
    drawn: Mapped[bool]
    """Whether it was drawn, and so is to be decided by somebody."""
    seen_at: Mapped[datetime]


class DriftAlertRow(Base):
    """A limit of drift that was passed, from when until when."""

    __tablename__ = "drift_alert"
    __table_args__ = (Index("uq_drift_alert_open", "kind", "subject", unique=True, **only_where("cleared_at IS NULL")),)

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    """What drifted: scores (index), flags (exact test), volume, new_words, band."""
    subject: Mapped[str]
    """Label or band that it is about; empty for all traffic."""
    model_id: Mapped[int | None] = mapped_column(ForeignKey("model_version.id"))
    day: Mapped[int]
    """Days since 1970 (UTC) on which it was seen first."""
    value: Mapped[float]
    limit: Mapped[float]
    boost: Mapped[float]
    """By how much the audit rate of a band is multiplied while this holds; 1 for others."""
    raised_at: Mapped[datetime]
    cleared_at: Mapped[datetime | None]
    """NULL while it holds."""


class GateReportRow(Base):
    """One run of the gate, passed or not."""

    __tablename__ = "gate_report"

    id: Mapped[int] = mapped_column(primary_key=True)
    model_id: Mapped[int] = mapped_column(ForeignKey("model_version.id"), index=True)
    """The challenger."""
    live_id: Mapped[int | None] = mapped_column(ForeignKey("model_version.id"))
    person: Mapped[str]
    passed: Mapped[bool]
    report: Mapped[dict[str, Any]]
    """core.gate.GateReport as JSON."""
    made_at: Mapped[datetime]

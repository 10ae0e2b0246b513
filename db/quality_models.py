"""The tables of measuring: second opinions, shadow models and where they disagree, drift, gate reports."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from db.models import Base, Real, only_where


class SecondOpinionRow(Base):
    """A decision that was drawn for a second opinion. Added, never changed.

    What followed stands in the ledger: the newest standing entry of lane `second` after `first_id` is the second
    opinion, that of lane `adjudication` what settled a disagreement. A row whose decision was undone counts no more.
    """

    __tablename__ = "second_opinion"

    first_id: Mapped[int] = mapped_column(ForeignKey("decision.id"), primary_key=True, autoincrement=False)
    """The decision that is checked."""
    comment_id: Mapped[int] = mapped_column(ForeignKey("comment.id"), index=True)
    rate: Mapped[float]
    """Inclusion probability of the draw."""
    priority: Mapped[float] = mapped_column(Real)
    """Priority that the comment had in its lane: an undo of the decision puts it back."""
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
    """core.drift.judge.Kind: what drifted."""
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


class DriftStateRow(Base):
    """How far the watch over drift is. One row: whoever sets `checked_at` forward does the next check."""

    __tablename__ = "drift_state"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """Always 1."""
    checked_at: Mapped[datetime]
    day: Mapped[int]
    """The running day that was looked at last, days since 1970 (UTC)."""
    looks: Mapped[int]
    """How often it was looked at: each look spends part of the day's error."""
    size: Mapped[int]
    """Its comments at the last look."""
    word_cursor: Mapped[int] = mapped_column(BigInteger)
    """Comments up to this id have had their words counted."""
    reference_first: Mapped[int | None]
    """First day of a reference span that somebody chose; NULL: it rolls with the days."""
    reference_last: Mapped[int | None]
    reference_by: Mapped[str | None]


class BandScoreRow(Base):
    """How many comments a model scored into a band and a bin of their highest probability on a day."""

    __tablename__ = "band_score"

    day: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """Days since 1970 (UTC)."""
    model_id: Mapped[int] = mapped_column(ForeignKey("model_version.id"), primary_key=True, autoincrement=False)
    band: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    bin: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """One of 256 equal bins of the logit over [-16, 16)."""
    count: Mapped[int]


class WordDayRow(Base):
    """The words of a sample of a day's comments: counts, and hashes for as long as later days are compared to them."""

    __tablename__ = "word_day"

    day: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    comments: Mapped[int]
    """Comments of the sample."""
    words: Mapped[float]
    """Words in them, repetitions too."""
    fresh: Mapped[float]
    """Words that none of the 28 days before had."""
    words_squared: Mapped[float]
    """Sum over comments of words^2: with the next two, what the interval of the rate needs."""
    fresh_squared: Mapped[float]
    words_fresh: Mapped[float]
    known_days: Mapped[int]
    """How many of the 28 days before had words to compare to."""
    hashes: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Sorted 64-bit hashes of its different words, compressed; NULL once no later day needs them."""


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

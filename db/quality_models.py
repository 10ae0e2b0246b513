"""The tables of measuring: second opinions, shadow models and where they disagree, drift, gate reports."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary
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


class ShadowPendingRow(Base):
    """A comment that a shadow model has still to score. The row goes in the transaction that writes the scores."""

    __tablename__ = "shadow_pending"

    model_id: Mapped[int] = mapped_column(ForeignKey("model_version.id"), primary_key=True, autoincrement=False)
    comment_id: Mapped[int] = mapped_column(ForeignKey("comment.id"), primary_key=True, autoincrement=False)


class DisagreementRow(Base):
    """A comment that the live model and a shadow model treat differently at the policy's thresholds."""

    __tablename__ = "disagreement"

    model_id: Mapped[int] = mapped_column(ForeignKey("model_version.id"), primary_key=True, autoincrement=False)
    """The shadow model."""
    comment_id: Mapped[int] = mapped_column(ForeignKey("comment.id"), primary_key=True, autoincrement=False)
    live_id: Mapped[int] = mapped_column(ForeignKey("model_version.id"))
    labels: Mapped[int]
    """Bit mask of the labels that one flags and the other does not."""
    rate: Mapped[float]
    """Inclusion probability of the draw."""
    drawn: Mapped[bool]
    """Whether it was drawn for the disagreement lane."""
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

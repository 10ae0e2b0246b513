"""The tables of consistency: questions to leads, and what people said of comments with known answers."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from db.models import Base, BigId, Real, only_where


class QuestionRow(Base):
    """Somebody asked a lead about a comment. The comment waits in lane `asked` while the row is open."""

    __tablename__ = "question"
    __table_args__ = (
        Index("uq_question_open", "comment_id", unique=True, **only_where("closed_at IS NULL")),
        Index("ix_question_asker", "asker", "id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    client_id: Mapped[UUID] = mapped_column(unique=True)
    """Made by the browser: the same key press sent twice is one question."""
    comment_id: Mapped[int] = mapped_column(ForeignKey("comment.id"), index=True)
    asker: Mapped[str]
    asked_at: Mapped[datetime]
    question: Mapped[str | None]
    """NULL once the comment is erased, which it may quote; so is the answer."""
    lane: Mapped[str]
    """Where the comment waited before: it goes back there if the question is taken back."""
    blind: Mapped[bool]
    """Whether it was shown without scores there, as it is since."""
    answer: Mapped[str | None]
    answered_by: Mapped[str | None]
    """Set for an answer in words; who decided stands in the ledger."""
    answered_at: Mapped[datetime | None]
    answer_id: Mapped[UUID | None] = mapped_column(unique=True)
    """Made by the browser that answered."""
    closed_at: Mapped[datetime | None]
    """When the comment was decided or erased, or the question taken back; NULL while it waits."""
    decision_id: Mapped[UUID | None] = mapped_column(index=True)
    """client_id of the ledger's entry that closed it; NULL if it was taken back, or erased."""
    told_at: Mapped[datetime | None]
    """When the asker had seen what somebody else decided."""


class GoldenAnswerRow(Base):
    """A comment with known answers that was mixed into somebody's queue. Of no consequence: no ledger, no outcome."""

    __tablename__ = "golden_answer"
    __table_args__ = (
        Index("uq_golden_answer_open", "person", "comment_id", unique=True, **only_where("closed_at IS NULL")),
        Index("ix_golden_answer_person", "person", "closed_at"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    comment_id: Mapped[int] = mapped_column(ForeignKey("comment.id"), index=True)
    person: Mapped[str]
    drawn_at: Mapped[datetime]
    model_id: Mapped[int] = mapped_column(ForeignKey("model_version.id"))
    """Whose scores are shown."""
    policy_id: Mapped[int] = mapped_column(ForeignKey("policy.id"))
    """Whose thresholds."""
    priority: Mapped[float] = mapped_column(Real)
    """Where it lies among the person's comments."""
    held: Mapped[bool]
    closed_at: Mapped[datetime | None]
    """When it was decided, skipped or asked about; NULL while it lies on the desk."""
    client_id: Mapped[UUID | None] = mapped_column(unique=True)
    """Of the key press that decided it; NULL without one."""
    labels: Mapped[int | None]
    """Bit mask, core.domain.pack_labels."""
    outcome: Mapped[str | None]
    """core.domain.Outcome; NULL where it was skipped or asked about."""
    seconds: Mapped[float | None]
    undo_id: Mapped[UUID | None]
    """Of the key press that took the latest answer back."""

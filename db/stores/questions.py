"""Questions to leads about comments: what waits, whose turn it is, what was answered."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, update
from sqlalchemy.orm import Session

from db.models import RoutingRow
from db.question_models import QuestionRow

_OPEN = QuestionRow.closed_at.is_(None)


class QuestionStore:
    """Questions of one session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, row: QuestionRow) -> None:
        """A new question; its comment has no open one."""
        self._session.add(row)
        self._session.flush()

    def get(self, client_id: UUID) -> QuestionRow | None:
        """What one key press asked."""
        return self._session.scalar(select(QuestionRow).where(QuestionRow.client_id == client_id))

    def by_answer(self, answer_id: UUID) -> QuestionRow | None:
        """What one key press answered."""
        return self._session.scalar(select(QuestionRow).where(QuestionRow.answer_id == answer_id))

    def open_of(self, comment_ids: Collection[int]) -> dict[int, QuestionRow]:
        """The open question about each comment."""
        rows = self._session.scalars(select(QuestionRow).where(QuestionRow.comment_id.in_(comment_ids), _OPEN))
        return {row.comment_id: row for row in rows}

    def of_comment(self, comment_id: int) -> Sequence[QuestionRow]:
        """All that was ever asked about the comment, oldest first."""
        found = select(QuestionRow).where(QuestionRow.comment_id == comment_id)
        return self._session.scalars(found.order_by(QuestionRow.id)).all()

    def of_asker(self, person: str, limit: int) -> Sequence[QuestionRow]:
        """What the person asked: what is open first, then the newest."""
        found = select(QuestionRow).where(QuestionRow.asker == person)
        return self._session.scalars(
            found.order_by(QuestionRow.closed_at.is_not(None), QuestionRow.id.desc()).limit(limit)
        ).all()

    def untold(self, person: str, limit: int) -> Sequence[QuestionRow]:
        """Questions of the person that an entry of the ledger closed, and that they have not seen since."""
        found = select(QuestionRow).where(
            QuestionRow.asker == person, QuestionRow.decision_id.is_not(None), QuestionRow.told_at.is_(None)
        )
        return self._session.scalars(found.order_by(QuestionRow.id).limit(limit)).all()

    def unanswered(self, person: str) -> tuple[int, datetime | None]:
        """How many questions of the person wait for an answer, and since when the oldest does."""
        found = select(func.count(), func.min(QuestionRow.asked_at)).where(
            QuestionRow.asker == person, _OPEN, QuestionRow.answered_at.is_(None)
        )
        many, since = self._session.execute(found).one()
        return many, since

    def people_of(self, comment_id: int) -> set[str]:
        """Who asked about the comment, or answered."""
        found = select(QuestionRow.asker, QuestionRow.answered_by).where(QuestionRow.comment_id == comment_id)
        return {name for pair in self._session.execute(found) for name in pair if name}

    def blind(self, comment_ids: Collection[int]) -> set[int]:
        """Those of the comments with an open question that was asked where they were blind."""
        found = select(QuestionRow.comment_id).where(QuestionRow.comment_id.in_(comment_ids), _OPEN, QuestionRow.blind)
        return set(self._session.scalars(found))

    def reopen(self, decision_ids: Collection[UUID]) -> None:
        """Open again what these entries of the ledger closed: they are taken back. Answers in words stay."""
        closed = update(QuestionRow).where(QuestionRow.decision_id.in_(decision_ids))
        by_words = QuestionRow.answer_id != QuestionRow.decision_id
        emptied = dict.fromkeys(("answer", "answered_by", "answered_at", "answer_id"))
        self._session.execute(closed.where(~func.coalesce(by_words, False)).values(**emptied))
        self._session.execute(closed.values(closed_at=None, decision_id=None, told_at=None))

    def tell(self, person: str, ids: Collection[int], at: datetime) -> None:
        """Note that the asker has seen what became of these."""
        seen = update(QuestionRow).where(QuestionRow.asker == person, QuestionRow.id.in_(ids))
        self._session.execute(seen.where(QuestionRow.closed_at.is_not(None)).values(told_at=at))

    def bury(self, comment_ids: Collection[int], at: datetime) -> None:
        """Empty what people wrote about these comments, which may quote them; nobody waits for an answer any more."""
        gone = update(QuestionRow).where(QuestionRow.comment_id.in_(comment_ids))
        self._session.execute(gone.values(question=None, answer=None))
        self._session.execute(gone.where(_OPEN).values(closed_at=at))


def is_turn(person: str, *, answers: bool, stale: datetime | None) -> ColumnElement[bool]:
    """Condition on RoutingRow, in lane `asked`: the person may decide it now.

    Unanswered it is for leads other than whoever asked; answered, for whoever asked. Asked or answered before `stale`,
    or with no open question left, it is anybody's.
    """
    asked, answered = QuestionRow.asked_at, QuestionRow.answered_at
    theirs: list[Any] = [and_(answered.is_(None), QuestionRow.asker != person)] if answers else []
    theirs.append(and_(answered.is_not(None), QuestionRow.asker == person))
    if stale is not None:
        theirs.append(func.coalesce(answered, asked) < stale)
    not_theirs = select(QuestionRow.id).where(QuestionRow.comment_id == RoutingRow.comment_id, _OPEN, ~or_(*theirs))
    return ~not_theirs.correlate(RoutingRow).exists()


def is_about(person: str) -> ColumnElement[bool]:
    """Condition on RoutingRow: the person asked about the comment, or answered."""
    found = select(QuestionRow.id).where(QuestionRow.comment_id == RoutingRow.comment_id)
    known = or_(QuestionRow.asker == person, func.coalesce(QuestionRow.answered_by, "") == person)
    return found.where(known).correlate(RoutingRow).exists()


def asked_blind(comment_id: Any) -> ColumnElement[bool]:
    """Condition on a comment's id: a lead was asked about it where it was blind, and that is open."""
    return exists(select(1).where(QuestionRow.comment_id == comment_id, _OPEN, QuestionRow.blind))

"""Everything that the database knows of given comments."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session, aliased

from db.models import (
    ClaimRow,
    CommentRow,
    DecisionRow,
    GoldenRow,
    ModelVersionRow,
    RoutingRow,
    ScoreRow,
)
from db.question_models import QuestionRow
from db.stores.browse_plan import effective, is_blind
from db.stores.questions import QuestionStore


class HistoryStore:
    """Reads on one session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def comments(self, ids: Sequence[int]) -> dict[int, CommentRow]:
        """The comments by id."""
        return {row.id: row for row in self._session.scalars(select(CommentRow).where(CommentRow.id.in_(ids)))}

    def routings(self, ids: Sequence[int]) -> dict[int, RoutingRow]:
        """How they were routed, by comment id."""
        rows = self._session.scalars(select(RoutingRow).where(RoutingRow.comment_id.in_(ids)))
        return {row.comment_id: row for row in rows}

    def golden(self, ids: Sequence[int]) -> dict[int, int]:
        """Bit masks of the known answers, by comment id."""
        rows = self._session.scalars(select(GoldenRow).where(GoldenRow.comment_id.in_(ids)))
        return {row.comment_id: row.labels for row in rows}

    def scores(self, ids: Sequence[int]) -> list[tuple[ScoreRow, str, str]]:
        """Every score with its model's name and stage, oldest first."""
        query = (
            select(ScoreRow, ModelVersionRow.name, ModelVersionRow.stage)
            .join(ModelVersionRow, ModelVersionRow.id == ScoreRow.model_id)
            .where(ScoreRow.comment_id.in_(ids))
            .order_by(ScoreRow.scored_at, ScoreRow.model_id)
        )
        return [(row, name, stage) for row, name, stage in self._session.execute(query)]

    def latest_decisions(self, ids: Sequence[int]) -> dict[int, DecisionRow]:
        """The decision that holds for each comment, by comment id."""
        query = select(DecisionRow).where(DecisionRow.comment_id.in_(ids), *effective(DecisionRow))
        return {row.comment_id: row for row in self._session.scalars(query.order_by(DecisionRow.id))}

    def claims(self, comment_id: int) -> Sequence[ClaimRow]:
        """Who held the comment."""
        return self._session.scalars(select(ClaimRow).where(ClaimRow.comment_id == comment_id)).all()

    def ledger(self, comment_id: int) -> Sequence[DecisionRow]:
        """Every entry of the ledger on the comment, also undone ones and undos."""
        return self._session.scalars(select(DecisionRow).where(DecisionRow.comment_id == comment_id)).all()

    def questions(self, comment_id: int) -> Sequence[QuestionRow]:
        """What was asked about the comment, and answered."""
        return QuestionStore(self._session).of_comment(comment_id)

    def identical(self, comment: CommentRow, limit: int) -> Sequence[CommentRow]:
        """Other comments with the same text, newest first."""
        same = select(CommentRow).where(CommentRow.text_hash == comment.text_hash, CommentRow.id != comment.id)
        return self._session.scalars(same.order_by(CommentRow.id.desc()).limit(limit)).all()

    def blind_texts(self, hashes: Collection[str]) -> set[str]:
        """Which of the texts stand in a comment that waits for a blind decision."""
        routing: Any = aliased(RoutingRow)
        waits = exists().where(routing.comment_id == CommentRow.id, is_blind(routing))
        query = select(CommentRow.text_hash).where(CommentRow.text_hash.in_(hashes), waits)
        return set(self._session.scalars(query))

    def moderators(self) -> list[str]:
        """Who has decided anything."""
        return self._distinct(DecisionRow.person)

    def sources(self) -> list[str]:
        """Where comments came from."""
        return self._distinct(CommentRow.source)

    def _distinct(self, column: Any, most: int = 200) -> list[str]:
        """The different values of an indexed column, by a jump to each: DISTINCT would walk the whole index."""
        found: list[str] = []
        value = self._session.scalar(select(func.min(column)))
        while value is not None and len(found) < most:
            found.append(value)
            value = self._session.scalar(select(func.min(column)).where(column > value))
        return found

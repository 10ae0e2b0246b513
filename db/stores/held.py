"""Everything that is held on an author, comment by comment."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import CommentRow, DecisionRow, GoldenRow, ModelVersionRow, RoutingRow, ScoreRow
from db.program_models import SuggestionRow

_TOGETHER = 500


@dataclass
class Held:
    """One comment with all that was made of it."""

    comment: CommentRow
    routing: RoutingRow | None
    golden: int | None
    scores: list[tuple[str, ScoreRow]] = field(default_factory=list)
    """With the model's name."""
    decisions: list[DecisionRow] = field(default_factory=list)
    suggestions: list[SuggestionRow] = field(default_factory=list)


class HeldStore:
    """Reads on one session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def of_authors(self, authors: Sequence[str], source: str | None) -> Iterator[Held]:
        """Their comments in order of id, some hundred in memory at a time."""
        after: int | None = 0
        while after is not None:
            wanted = select(CommentRow).where(CommentRow.author.in_(authors), CommentRow.id > after)
            wanted = wanted.where(CommentRow.source == source) if source else wanted
            comments = self._session.scalars(wanted.order_by(CommentRow.id).limit(_TOGETHER)).all()
            yield from self._complete(comments)
            after = comments[-1].id if len(comments) == _TOGETHER else None
            self._session.expunge_all()

    def _complete(self, comments: Sequence[CommentRow]) -> list[Held]:
        ids = [comment.id for comment in comments]
        routing = {row.comment_id: row for row in self._rows(RoutingRow, ids)}
        golden = {row.comment_id: row.labels for row in self._rows(GoldenRow, ids)}
        held = {one.id: Held(one, routing.get(one.id), golden.get(one.id)) for one in comments}
        scored = select(ModelVersionRow.name, ScoreRow).join(ModelVersionRow, ModelVersionRow.id == ScoreRow.model_id)
        for name, row in self._session.execute(scored.where(ScoreRow.comment_id.in_(ids)).order_by(ScoreRow.scored_at)):
            held[row.comment_id].scores.append((name, row))
        for number, rows in self._grouped(DecisionRow, ids).items():
            held[number].decisions = rows
        for number, rows in self._grouped(SuggestionRow, ids).items():
            held[number].suggestions = rows
        return list(held.values())

    def _grouped(self, row: Any, ids: Sequence[int]) -> dict[int, list[Any]]:
        found: dict[int, list[Any]] = defaultdict(list)
        for one in self._session.scalars(select(row).where(row.comment_id.in_(ids)).order_by(row.id)):
            found[one.comment_id].append(one)
        return found

    def _rows(self, row: Any, ids: Sequence[int]) -> Sequence[Any]:
        return self._session.scalars(select(row).where(row.comment_id.in_(ids))).all()

"""What stands around a comment: its thread, its replies, its author's other comments, each in order of time."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Select, func, select, text
from sqlalchemy.orm import Session

from core.domain import Comment, Outcome, RoutingState
from db.models import CommentRow, DecisionRow, RoutingRow
from db.stores.browse_plan import effective
from db.stores.comments import comment_of

_at = func.coalesce(CommentRow.created_at, CommentRow.added_at)
"""When a comment was written, as the indexes ix_comment_thread_at and ix_comment_author_at have it."""


class ContextStore:
    """Reads of one session. Pages are of `limit` comments; each goes on from the last one of the page before."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def earlier(self, comment: Comment, start: Comment, limit: int) -> list[Comment]:
        """Comments of its thread before `start`, the nearest first."""
        return self._page(self._thread(comment).where(*_before(start)), limit, newest=True) if comment.thread else []

    def later(self, comment: Comment, start: Comment, limit: int) -> list[Comment]:
        """Comments of its thread after `start`, the nearest first."""
        return self._page(self._thread(comment).where(*_after(start)), limit, newest=False) if comment.thread else []

    def replies(self, comment: Comment, after: int, limit: int) -> list[Comment]:
        """Comments that answer it, from the one after this id on, in order of their coming in."""
        query = select(CommentRow).where(CommentRow.parent == comment.external_id, CommentRow.source == comment.source)
        # spelled out: SQLite uses a partial index only for a condition that it can read
        query = query.where(text("comment.parent IS NOT NULL"), CommentRow.id > after)
        return [comment_of(row) for row in self._session.scalars(query.order_by(CommentRow.id).limit(limit))]

    def parent(self, comment: Comment) -> Comment | None:
        """What it answers, where that is here."""
        if comment.parent is None:
            return None
        same = (CommentRow.source == comment.source, CommentRow.external_id == comment.parent)
        row = self._session.scalar(select(CommentRow).where(*same))
        return comment_of(row) if row else None

    def of_author(self, comment: Comment, start: Comment | None, limit: int) -> list[Comment]:
        """Other comments of its author, newest first; from the one before `start` on."""
        if comment.author is None:
            return []
        query = self._author(comment).where(CommentRow.id != comment.id)
        return self._page(query.where(*_before(start)) if start else query, limit, newest=True)

    def author_ids(self, comment: Comment, since: datetime, most: int) -> list[int]:
        """The newest comments of its author written since then, itself included."""
        if comment.author is None:
            return []
        query = self._author(comment).where(_at >= since).order_by(_at.desc(), CommentRow.id.desc()).limit(most)
        return list(self._session.scalars(query.with_only_columns(CommentRow.id)))

    def removed_among(self, comment_ids: Sequence[int]) -> int:
        """How many of them are removed, by people or by the policy. What waits is not, whatever it was before."""
        routed = RoutingRow.comment_id.in_(comment_ids)
        by_policy = select(func.count()).where(routed, RoutingRow.state == RoutingState.REMOVED.value)
        latest = (
            select(DecisionRow.comment_id, func.max(DecisionRow.id).label("id"))
            .join(RoutingRow, RoutingRow.comment_id == DecisionRow.comment_id)
            .where(DecisionRow.comment_id.in_(comment_ids), RoutingRow.state == RoutingState.SETTLED.value)
            .where(*effective(DecisionRow))
            .group_by(DecisionRow.comment_id)
            .subquery()
        )
        by_people = (
            select(func.count())
            .select_from(latest.join(DecisionRow, DecisionRow.id == latest.c.id))
            .where(DecisionRow.outcome == Outcome.REMOVE.value)
        )
        return (self._session.scalar(by_policy) or 0) + (self._session.scalar(by_people) or 0)

    def _thread(self, comment: Comment) -> Select[CommentRow]:
        return select(CommentRow).where(CommentRow.thread == comment.thread, CommentRow.source == comment.source)

    def _author(self, comment: Comment) -> Select[CommentRow]:
        return select(CommentRow).where(CommentRow.author == comment.author, CommentRow.source == comment.source)

    def _page(self, query: Select[CommentRow], limit: int, *, newest: bool) -> list[Comment]:
        order = (_at.desc(), CommentRow.id.desc()) if newest else (_at.asc(), CommentRow.id.asc())
        return [comment_of(row) for row in self._session.scalars(query.order_by(*order).limit(limit))]


def _before(start: Comment) -> tuple[ColumnElement[bool], ...]:
    """The first condition is the index's range, the second tells apart what was written at the same moment."""
    at = start.created_at or start.added_at
    return _at <= at, (_at < at) | (CommentRow.id < start.id)


def _after(start: Comment) -> tuple[ColumnElement[bool], ...]:
    at = start.created_at or start.added_at
    return _at >= at, (_at > at) | (CommentRow.id > start.id)

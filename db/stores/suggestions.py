"""Corrections that programs sent, and the comments that they are about."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ScalarSelect, delete, or_, select
from sqlalchemy.orm import Session

from core.domain import NO_DAY, Lane, RoutingState
from db.models import CommentRow, GoldenRow, PendingRow, RoutingRow
from db.program_models import ApiKeyRow, SuggestionRow

_MAY_CHANGE = (RoutingState.ALLOWED, RoutingState.REMOVED, RoutingState.OPEN)
_LANES = (Lane.FLAGGED, Lane.SUGGESTED)


@dataclass(frozen=True, slots=True)
class SuggestedLabels:
    """What the newest suggestion for a comment says."""

    by: str
    """Name of the key that sent it."""
    labels: int
    """Bit mask, core.domain.pack_labels."""
    sent_at: datetime


class SuggestionStore:
    """Suggestions of one session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def find_comment(self, text_hash: str, source: str) -> int | None:
        """The newest comment of that content and source that a suggestion may change; None if there is none.

        Those are comments that are here for a suggestion alone, and traffic that was let through, removed by the policy
        or waits as flagged. Never an audit or a golden item, nor one that people settled or that waits for them in
        another lane.
        """
        state, lane = RoutingRow.state, RoutingRow.lane
        changeable = state.in_([one.value for one in _MAY_CHANGE if one is not RoutingState.OPEN])
        alone = (RoutingRow.day == NO_DAY) & (lane == Lane.SUGGESTED.value)
        waits = (state == RoutingState.OPEN.value) & lane.in_([one.value for one in _LANES])
        query = (
            select(CommentRow.id)
            .join(RoutingRow, RoutingRow.comment_id == CommentRow.id)
            .outerjoin(GoldenRow, GoldenRow.comment_id == CommentRow.id)
            .where(CommentRow.text_hash == text_hash, CommentRow.source == source)
            .where(~RoutingRow.audit, GoldenRow.comment_id.is_(None))
            .where(or_(changeable, waits, alone))
        )
        return self._session.scalar(query.order_by(CommentRow.id.desc()).limit(1))

    def find_added(self, source: str, external_id: str) -> int | None:
        """The comment of that source and id."""
        query = select(CommentRow.id).where(CommentRow.source == source, CommentRow.external_id == external_id)
        return self._session.scalar(query)

    def is_scored(self, comment_id: int) -> None:
        """The comment need not wait for a worker: its scores are being written."""
        self._session.execute(delete(PendingRow).where(PendingRow.comment_id == comment_id))

    def add(self, values: dict[str, Any]) -> int:
        """Insert a suggestion; the values are SuggestionRow's columns but for the id. Returns its id."""
        row = SuggestionRow(**values)
        self._session.add(row)
        self._session.flush()
        return row.id

    def latest_of(self, comment_ids: Collection[int]) -> dict[int, SuggestedLabels]:
        """The newest suggestion of each comment that has one."""
        found = (
            select(SuggestionRow.comment_id, ApiKeyRow.name, SuggestionRow.labels, SuggestionRow.sent_at)
            .join(ApiKeyRow, ApiKeyRow.id == SuggestionRow.key_id)
            .where(SuggestionRow.comment_id.in_(comment_ids))
            .order_by(SuggestionRow.id)
        )
        return {row[0]: SuggestedLabels(*row[1:]) for row in self._session.execute(found)}


def suggested_by() -> ScalarSelect[str | None]:
    """Column of a query over CommentRow: name of the key that sent the comment's newest suggestion; NULL for none."""
    return (
        select(ApiKeyRow.name)
        .join(SuggestionRow, SuggestionRow.key_id == ApiKeyRow.id)
        .where(SuggestionRow.comment_id == CommentRow.id)
        .order_by(SuggestionRow.id.desc())
        .limit(1)
        .correlate(CommentRow)
        .scalar_subquery()
    )

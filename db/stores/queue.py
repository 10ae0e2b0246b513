"""What the review queue reads and settles: routing of single comments, and what is shown beside a comment."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from core.domain import BLIND_LANES, Lane, RoutingState
from db.models import CommentRow, GoldenRow, PendingRow, RoutingRow
from db.stores.questions import QuestionStore


@dataclass(frozen=True, slots=True)
class Place:
    """Where a comment stands in the queue."""

    comment_id: int
    state: RoutingState
    lane: Lane | None
    audit: bool
    model_id: int
    policy_id: int
    automatic: bool = False
    """Removed without review when it came in."""
    asked_blind: bool = False
    """A lead was asked about it where it was blind."""

    @property
    def blind(self) -> bool:
        """Whether it is shown without scores: audit items always, whatever lane they wait in."""
        return self.audit or self.asked_blind or self.lane in BLIND_LANES


class QueueStore:
    """Reads and changes routing for review."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def lock(self, comment_ids: Collection[int]) -> dict[int, Place]:
        """The places of comments, by comment; nobody else changes them until this transaction ends."""
        query = select(RoutingRow).where(RoutingRow.comment_id.in_(comment_ids)).order_by(RoutingRow.comment_id)
        rows = self._session.scalars(query.with_for_update().execution_options(populate_existing=True))
        return self._places(rows.all())

    def places(self, comment_ids: Collection[int]) -> dict[int, Place]:
        """The same, to look at."""
        rows = self._session.scalars(select(RoutingRow).where(RoutingRow.comment_id.in_(comment_ids)))
        return self._places(rows.all())

    def move(self, comment_ids: Collection[int], state: RoutingState, lane: Lane) -> None:
        """Settle comments, open them again, or put them into another lane."""
        moved = update(RoutingRow).where(RoutingRow.comment_id.in_(comment_ids))
        self._session.execute(moved.values(state=state.value, lane=lane.value))

    def put_away(self, comment_ids: Collection[int]) -> None:
        """Let comments that somebody sent to review after their removal be removed without review again."""
        moved = update(RoutingRow).where(RoutingRow.comment_id.in_(comment_ids))
        self._session.execute(moved.values(state=RoutingState.REMOVED.value, lane=None))

    def reopen(self, comment_ids: Collection[int], lane: Lane, *, priority: float = 0.0) -> None:
        """Let comments that are settled or were let through wait in this lane; open and erased ones stay."""
        at_rest = RoutingRow.state.not_in([RoutingState.OPEN.value, RoutingState.ERASED.value])
        moved = update(RoutingRow).where(RoutingRow.comment_id.in_(comment_ids), at_rest)
        self._session.execute(moved.values(state=RoutingState.OPEN.value, lane=lane.value, priority=priority))

    def twins(self, comment_id: int, limit: int) -> list[int]:
        """Other open comments of identical text that may share its decision: neither audit nor golden items."""
        first = select(CommentRow.text_hash).where(CommentRow.id == comment_id).scalar_subquery()
        query = (
            select(CommentRow.id)
            .join(RoutingRow, RoutingRow.comment_id == CommentRow.id)
            .outerjoin(GoldenRow, GoldenRow.comment_id == CommentRow.id)
            .where(CommentRow.text_hash == first, CommentRow.id != comment_id, GoldenRow.comment_id.is_(None))
            .where(*_may_share())
        )
        return list(self._session.scalars(query.order_by(CommentRow.id).limit(limit)))

    def waiting_twins(self, text_hashes: Collection[str]) -> dict[str, int]:
        """How many open comments that may share a decision have each text."""
        query = (
            select(CommentRow.text_hash, func.count())
            .join(RoutingRow, RoutingRow.comment_id == CommentRow.id)
            .outerjoin(GoldenRow, GoldenRow.comment_id == CommentRow.id)
            .where(CommentRow.text_hash.in_(text_hashes), GoldenRow.comment_id.is_(None))
            .where(*_may_share())
            .group_by(CommentRow.text_hash)
        )
        return dict(self._session.execute(query).all())

    def _places(self, rows: Sequence[RoutingRow]) -> dict[int, Place]:
        asked = [row.comment_id for row in rows if row.lane == Lane.ASKED.value]
        blind = QuestionStore(self._session).blind(asked) if asked else set()
        return {row.comment_id: _place(row, asked_blind=row.comment_id in blind) for row in rows}

    def unscored(self) -> int:
        """Comments that wait for scores, counted up to 10,000."""
        some = select(PendingRow.comment_id).limit(10_000).subquery()
        return self._session.scalar(select(func.count()).select_from(some)) or 0


def _may_share() -> tuple[ColumnElement[bool], ...]:
    """Conditions on RoutingRow: it waits where one decision may settle many."""
    lanes = [lane.value for lane in Lane if lane not in BLIND_LANES | {Lane.ASKED}]  # a question gets its answer
    return RoutingRow.state == RoutingState.OPEN.value, ~RoutingRow.audit, RoutingRow.lane.in_(lanes)


def _place(row: RoutingRow, *, asked_blind: bool) -> Place:
    return Place(
        row.comment_id,
        RoutingState(row.state),
        Lane(row.lane) if row.lane else None,
        row.audit,
        row.model_id,
        row.policy_id,
        row.automatic,
        asked_blind,
    )

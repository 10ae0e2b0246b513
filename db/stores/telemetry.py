"""Figures for whoever watches the installation: each costs milliseconds at a million comments."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select, text
from sqlalchemy.orm import Session

from core.domain import Lane, Outcome
from db.models import CommentRow, DecisionRow, PendingRow, RoutingRow, ScoreRow, StratumRow, WorkerRow
from db.stores.pending import SET_ASIDE

_LOWEST, _NEWEST = 2_000, 20_000
"""How many of the waiting comments with the lowest and the highest ids are looked through for ones never scored."""


@dataclass(frozen=True, slots=True)
class LaneDepth:
    """What waits in a lane."""

    lane: Lane
    comments: int
    oldest: datetime | None
    """When the comment with the lowest id among them was first routed."""


@dataclass(frozen=True, slots=True)
class Counted:
    """Entries of the ledger of one kind."""

    outcome: Outcome
    lane: Lane
    revocation: bool
    count: int


class TelemetryStore:
    """Reads alone."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @property
    def _is_sqlite(self) -> bool:
        return self._session.get_bind().dialect.name == "sqlite"

    def lanes(self) -> list[LaneDepth]:
        """Every lane, empty ones too. Reads what is open by an index, and one row a lane."""
        hint = "INDEXED BY ix_routing_queue" if self._is_sqlite else ""  # left to itself it takes six times as long
        query = f"SELECT lane, count(*), min(comment_id) FROM routing {hint} WHERE state = 'open' GROUP BY lane"  # nosec B608 # no value of anybody is in it
        found = {lane: (many, first) for lane, many, first in self._session.execute(text(query))}
        since = self._routed_at([first for _, first in found.values()])
        none = (0, None)
        return [
            LaneDepth(lane, found.get(lane.value, none)[0], since.get(found.get(lane.value, none)[1])) for lane in Lane
        ]

    def _routed_at(self, comment_ids: list[int]) -> dict[int | None, datetime]:
        rows = select(RoutingRow.comment_id, RoutingRow.routed_at).where(RoutingRow.comment_id.in_(comment_ids))
        return {comment_id: at for comment_id, at in self._session.execute(rows)}

    def oldest_unscored(self) -> datetime | None:
        """When the oldest comment without any scores was added; those that make the model fail are left out.

        While a new model scores again what another has scored, only the lowest and the highest ids are looked at.
        """
        waits = func.coalesce(PendingRow.worker, "") != SET_ASIDE
        for order, limit in ((PendingRow.comment_id, _LOWEST), (PendingRow.comment_id.desc(), _NEWEST)):
            some = select(PendingRow.comment_id).where(waits).order_by(order).limit(limit).subquery()
            never = ~_is_scored(some.c.comment_id)
            first = self._session.scalar(select(func.min(some.c.comment_id)).where(never))
            if first is not None:
                return self._session.scalar(select(CommentRow.added_at).where(CommentRow.id == first))
        return None

    def routed(self) -> int:
        """Comments that were ever routed: all traffic. Sums a short table."""
        return int(self._session.scalar(select(func.sum(StratumRow.count))) or 0)

    def ledger_end(self) -> int:
        """The id of the ledger's newest entry; 0 for an empty one."""
        return self._session.scalar(select(func.max(DecisionRow.id))) or 0

    def count_entries(self, after: int, upto: int) -> list[Counted]:
        """Entries with after < id <= upto, by outcome, lane and whether they revoke."""
        revokes = DecisionRow.revokes.is_not(None)
        columns = (DecisionRow.outcome, DecisionRow.lane, revokes)
        query = select(*columns, func.count()).where(DecisionRow.id > after, DecisionRow.id <= upto).group_by(*columns)
        return [Counted(Outcome(o), Lane(lane), bool(r), many) for o, lane, r, many in self._session.execute(query)]

    def database_bytes(self) -> int:
        """Size of the database."""
        if not self._is_sqlite:
            return self._session.scalar(text("SELECT pg_database_size(current_database())")) or 0
        pages = self._session.scalar(text("PRAGMA page_count")) or 0
        return pages * (self._session.scalar(text("PRAGMA page_size")) or 0)

    def newest_comment(self) -> int:
        """The highest id of a comment: about how many there are."""
        return self._session.scalar(select(func.max(CommentRow.id))) or 0

    def first_comment_at(self) -> datetime | None:
        """When the first comment was added."""
        return self._session.scalar(select(func.min(CommentRow.added_at)))

    def newest_moment(self) -> datetime | None:
        """The latest moment that comments, decisions or workers carry."""
        columns = (CommentRow.added_at, DecisionRow.decided_at, WorkerRow.seen_at)
        found = [self._session.scalar(select(func.max(column))) for column in columns]
        return max((moment for moment in found if moment), default=None)

    def clock(self) -> datetime | None:
        """The database server's clock; None for SQLite, which has none of its own."""
        if self._is_sqlite:
            return None
        return self._session.scalar(text("SELECT clock_timestamp()"))


def _is_scored(comment_id: ColumnElement[int]) -> ColumnElement[bool]:
    return select(ScoreRow.comment_id).where(ScoreRow.comment_id == comment_id).exists()

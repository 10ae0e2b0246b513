"""What clusters are found among: the newest waiting comments, and which of them one decision may settle."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.domain import Lane, RoutingState
from db.models import ClaimRow, CommentRow, DecisionRow, GoldenRow, ImportRow, RoutingRow
from db.stores.bulk import in_chunks
from db.stores.decisions import is_standing

_OPEN = RoutingRow.state == RoutingState.OPEN.value
_BULK = (_OPEN, ~RoutingRow.audit, RoutingRow.lane == Lane.FLAGGED.value)


@dataclass(frozen=True, slots=True)
class Waiting:
    """An open comment, without its text."""

    comment_id: int
    digest: str
    """core.text.text_hash."""
    source: str
    author: str | None
    thread: str | None
    at: datetime
    """When it was written; when it came in where that is not known."""
    bulk: bool
    """Whether it may be decided together with others: flagged, and neither blind nor golden nor escalated."""
    timed: bool = True
    """Whether `at` says anything: not of a file's comment without a time of its own, for the file came at once."""


class RaidStore:
    """Reads of one session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def version(self) -> tuple[int, ...]:
        """Another one whenever comments came to wait or were decided since."""
        waiting = select(func.count(), func.coalesce(func.max(RoutingRow.comment_id), 0)).where(_OPEN)
        newest = select(func.coalesce(func.max(DecisionRow.id), 0))
        return (*self._session.execute(waiting).one(), self._session.scalar(newest) or 0)

    def waiting(self, limit: int) -> list[Waiting]:
        """The newest open comments, oldest first."""
        query = (
            select(
                CommentRow.id, CommentRow.text_hash, CommentRow.source, CommentRow.author, CommentRow.thread,
                CommentRow.created_at, CommentRow.added_at, RoutingRow.lane, RoutingRow.audit, GoldenRow.comment_id,
            )
            .join(RoutingRow, RoutingRow.comment_id == CommentRow.id)
            .outerjoin(GoldenRow, GoldenRow.comment_id == CommentRow.id)
            .where(_OPEN)
            .order_by(RoutingRow.comment_id.desc())
            .limit(limit)
        )  # fmt: skip
        files = self._imports()
        once: dict[str | None, str | None] = {}  # names recur: each is kept in memory once
        found = [
            Waiting(
                i, digest, once.setdefault(source, source) or "", once.setdefault(author, author),
                once.setdefault(thread, thread), written or added,
                lane == Lane.FLAGGED and not audit and golden is None,
                written is not None or not any(since <= added <= until for since, until in files.get(source, ())),
            )
            for i, digest, source, author, thread, written, added, lane, audit, golden in self._session.execute(
                query.execution_options(yield_per=5_000)
            )
        ]  # fmt: skip
        return found[::-1]

    def _imports(self) -> dict[str, list[tuple[datetime, datetime]]]:
        """By source, from when to when files were imported."""
        found: dict[str, list[tuple[datetime, datetime]]] = defaultdict(list)
        for source, since, until in self._session.execute(
            select(ImportRow.source, ImportRow.started_at, ImportRow.seen_at)
        ):
            found[source].append((since, until))
        return found

    def texts(self, comment_ids: Sequence[int]) -> Iterator[tuple[str, str]]:
        """(text_hash, text) of comments, but of those that were erased meanwhile."""
        for ids in in_chunks(comment_ids):
            query = select(CommentRow.text_hash, CommentRow.text).where(CommentRow.id.in_(ids), CommentRow.text != "")
            yield from ((digest, body) for digest, body in self._session.execute(query))

    def free(self, comment_ids: Sequence[int]) -> list[int]:
        """Those that may be decided in bulk now, in order."""
        found: set[int] = set()
        for ids in in_chunks(comment_ids):
            query = select(RoutingRow.comment_id).where(RoutingRow.comment_id.in_(ids), *_BULK)
            found.update(self._session.scalars(query))
        found -= self.golden(found)
        return [comment_id for comment_id in comment_ids if comment_id in found]

    def golden(self, comment_ids: Collection[int]) -> set[int]:
        """Those whose answers are known."""
        found: set[int] = set()
        for ids in in_chunks(list(comment_ids)):
            found.update(self._session.scalars(select(GoldenRow.comment_id).where(GoldenRow.comment_id.in_(ids))))
        return found

    def held_by_others(self, comment_ids: Sequence[int], person: str, at: datetime) -> set[int]:
        """Those that somebody else has now."""
        found: set[int] = set()
        for ids in in_chunks(comment_ids):
            query = select(ClaimRow.comment_id).where(ClaimRow.comment_id.in_(ids), ClaimRow.released_at.is_(None))
            found.update(self._session.scalars(query.where(ClaimRow.person != person, ClaimRow.lease_until >= at)))
        return found

    def known(self, client_ids: Collection[UUID]) -> set[UUID]:
        """Those that the ledger has."""
        return set(self._session.scalars(select(DecisionRow.client_id).where(DecisionRow.client_id.in_(client_ids))))

    def standing_in(self, batch: UUID, person: str, first_id: int) -> int:
        """How many of the batch's acts stand; `first_id` is its first entry."""
        query = select(func.count()).where(
            DecisionRow.person == person, DecisionRow.id >= first_id, DecisionRow.batch == batch, is_standing()
        )
        return self._session.scalar(query) or 0

"""Comments that wait for scores, and who is scoring them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.orm import Session

from db.models import CommentRow, PendingRow, from_micros, to_micros
from db.stores.bulk import in_chunks, put_rows

SET_ASIDE = "set aside"
"""Holder of comments that made the live model fail: nobody's, until tried again."""

ALONE = " (alone)"
"""Ends the holder's name where it holds one comment of a batch whose holder died: if that dies too, it was that one."""

_SET_ASIDE_FOR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Lease:
    """A batch that one worker holds. Worker and end together name it."""

    worker: str
    until: datetime
    size: int


class PendingStore:
    """What waits for scores."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, comment_ids: Sequence[int]) -> None:
        """Let comments wait for scores. Those that wait already, or are being scored, stay as they are."""
        ids = sorted(comment_ids)
        put_rows(self._session, PendingRow, {"comment_id": ids, "lease_until": [0] * len(ids)})

    def count(self) -> int:
        """How many comments wait, leased ones too."""
        return self._session.scalar(select(func.count()).select_from(PendingRow)) or 0

    def count_set_aside(self) -> int:
        """How many comments wait because they made the live model fail."""
        return self._count_where(PendingRow.worker == SET_ASIDE)

    def has_work(self) -> bool:
        """Whether a comment waits for the live model or is being scored; those that make it fail do not count."""
        some = select(PendingRow.comment_id).where(func.coalesce(PendingRow.worker, "") != SET_ASIDE).limit(1)
        return self._session.scalar(some) is not None

    def lease(self, worker: str, limit: int, *, now: datetime, until: datetime) -> Lease:
        """Take up to `limit` comments for the worker: first those whose holder died, then the longest waiting.

        Never waits for another worker that does the same. Of a batch whose holder died half is taken, with nothing
        else: should one of its texts kill whoever scores it, it is alone in the end, and is then set aside.
        """
        while (dead := self._dead(now, until)) is not None:
            if dead.worker.endswith(ALONE):
                self.set_aside_all(dead, until=now + _SET_ASIDE_FOR)
                continue
            share = min(max(dead.size // 2, 1), limit)
            lease = Lease(worker + ALONE if share == 1 else worker, until, 0)
            if size := self._take(_held_by(dead), lease, share):
                return Lease(lease.worker, until, size)
            break  # another worker is taking them
        size = self._take(PendingRow.lease_until == 0, Lease(worker, until, 0), limit)
        return Lease(worker, until, size)

    def set_aside_all(self, lease: Lease, *, until: datetime) -> None:
        """Let all that the lease holds wait, unscored, until the time has come or `retry_set_aside`."""
        self._session.execute(
            update(PendingRow).where(_held_by(lease)).values(lease_until=to_micros(until), worker=SET_ASIDE)
        )

    def _dead(self, now: datetime, until: datetime) -> Lease | None:
        """A batch that lapsed, or that a clock an hour ahead had leased: twice the span of a lease is beyond any."""
        beyond = PendingRow.lease_until > to_micros(until + (until - now))
        expired = (PendingRow.lease_until > 0) & (PendingRow.lease_until < to_micros(now))
        expired |= beyond & (PendingRow.worker != SET_ASIDE)
        first = (
            select(PendingRow.worker, PendingRow.lease_until).where(expired).order_by(PendingRow.lease_until).limit(1)
        )
        found = self._session.execute(first.with_for_update(skip_locked=True)).one_or_none()
        if found is None:
            return None
        lease = Lease(found.worker or "", from_micros(found.lease_until), 0)
        size = self._session.scalar(select(func.count()).select_from(PendingRow).where(_held_by(lease)))
        return Lease(lease.worker, lease.until, size or 0)

    def texts(self, lease: Lease) -> list[tuple[int, str]]:
        """(comment id, text) of what the lease still holds, by id."""
        rows = (
            select(CommentRow.id, CommentRow.text)
            .join(PendingRow, PendingRow.comment_id == CommentRow.id)
            .where(_held_by(lease))
            .order_by(CommentRow.id)
        )
        return [(id_, text) for id_, text in self._session.execute(rows)]

    def finish(self, lease: Lease) -> set[int]:
        """Take what the lease still holds off the list, for good; returns those ids."""
        return set(self._session.scalars(delete(PendingRow).where(_held_by(lease)).returning(PendingRow.comment_id)))

    def release(self, lease: Lease) -> None:
        """Give back what the lease still holds."""
        self._session.execute(update(PendingRow).where(_held_by(lease)).values(lease_until=0, worker=None))

    def release_all(self, worker: str) -> None:
        """Give back everything that the worker holds."""
        self._session.execute(
            update(PendingRow)
            .where(PendingRow.lease_until > 0, PendingRow.worker.in_((worker, worker + ALONE)))
            .values(lease_until=0, worker=None)
        )

    def set_aside(self, lease: Lease, comment_ids: Sequence[int], *, until: datetime) -> None:
        """Let comments of the lease wait, unscored, until the time has come or `retry_set_aside`."""
        for ids in in_chunks(comment_ids):
            self._session.execute(
                update(PendingRow)
                .where(_held_by(lease), PendingRow.comment_id.in_(ids))
                .values(lease_until=to_micros(until), worker=SET_ASIDE)
            )

    def retry_set_aside(self) -> None:
        """Let comments that made a former model fail be tried at once."""
        self._session.execute(
            update(PendingRow)
            .where(PendingRow.lease_until > 0, PendingRow.worker == SET_ASIDE)
            .values(lease_until=0, worker=None)
        )

    def _take(self, free: ColumnElement[bool], lease: Lease, limit: int) -> int:
        if limit <= 0:
            return 0
        chosen = (
            select(PendingRow.comment_id)
            .where(free)
            .order_by(PendingRow.lease_until, PendingRow.comment_id)
            .limit(limit)
            .with_for_update(skip_locked=True)
            .cte("chosen")
        )
        taken = (
            update(PendingRow)
            .where(PendingRow.comment_id.in_(select(chosen.c.comment_id)))
            .values(lease_until=to_micros(lease.until), worker=lease.worker)
            .returning(PendingRow.comment_id)
        )
        return len(self._session.scalars(taken, execution_options={"synchronize_session": False}).all())

    def _count_where(self, condition: ColumnElement[bool]) -> int:
        query = select(func.count()).select_from(PendingRow).where(PendingRow.lease_until > 0, condition)
        return self._session.scalar(query) or 0


def _held_by(lease: Lease) -> ColumnElement[bool]:
    # by the end of the lease, since that is what the index holds
    return (PendingRow.lease_until == to_micros(lease.until)) & (PendingRow.worker == lease.worker)

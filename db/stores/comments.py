"""Comments: added in bulk, never changed."""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from core.domain import Comment
from db.models import CommentRow, GoldenRow

_FROM_OUTSIDE = ("text", "text_hash", "source", "external_id", "author", "thread", "parent", "created_at")
_COLUMNS = (*_FROM_OUTSIDE, "added_at", "script")
_NAMES = ", ".join(_COLUMNS)
_SQLITE = f"INSERT INTO comment ({_NAMES}) VALUES ({', '.join('?' * len(_COLUMNS))}) ON CONFLICT DO NOTHING"  # nosec B608 # own columns
_ARRAYS = ", ".join(f"%s::{'bigint' if name.endswith('_at') else 'text'}[]" for name in _COLUMNS)
_UNNEST = f"INSERT INTO comment ({_NAMES}) SELECT * FROM unnest({_ARRAYS})"  # nosec B608 # own columns
_POSTGRESQL = f"{_UNNEST} ON CONFLICT DO NOTHING RETURNING id"
INTAKE_LOCK = 8_501_003
"""First key of the advisory lock on a source: two that add the same ids in another order would deadlock."""


class CommentValues(NamedTuple):
    """A comment on its way into the table: checked, hashed, times in microseconds since 1970."""

    text: str
    text_hash: str
    source: str
    external_id: str
    author: str | None
    thread: str | None
    parent: str | None
    created_at: int | None
    added_at: int
    script: str | None = None
    """Code of core.script."""


Key = tuple[str, str]
"""Source and external id."""


class CommentStore:
    """Comments of one session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add_many(self, comments: Sequence[CommentValues], golden: dict[Key, int] | None = None) -> tuple[int, int]:
        """Add those whose (source, external id) is new, to wait for scores; the counts of added and known ones.

        Of several with one key the first counts. `golden` holds the packed labels of comments for evaluation; only
        newly added ones become golden.
        """
        ids = self.add_new(comments)
        if golden and ids:
            self._add_golden(ids, golden)
        return len(ids), len(comments) - len(ids)

    def add_new(self, comments: Sequence[CommentValues]) -> Sequence[int]:
        """The same without golden ones; the ids of those added."""
        if not comments:
            return ()
        if self._session.get_bind().dialect.name == "postgresql":
            return self._add_postgresql(comments)
        return self._add_sqlite(comments)

    def find_kept(self, source: str, external_ids: Sequence[str]) -> dict[str, tuple[int, str]]:
        """By external id, the id and text_hash of those that the source has."""
        found: dict[str, tuple[int, str]] = {}
        columns = select(CommentRow.external_id, CommentRow.id, CommentRow.text_hash)
        for at in range(0, len(external_ids), 5000):
            some = external_ids[at : at + 5000]
            rows = self._session.execute(columns.where(CommentRow.source == source, CommentRow.external_id.in_(some)))
            found.update((external_id, (id_, digest)) for external_id, id_, digest in rows)
        return found

    def lock_sources(self, sources: Collection[str]) -> None:
        """Until this transaction ends nobody else adds or erases comments of these. SQLite has one writer anyway."""
        if self._session.get_bind().dialect.name == "postgresql":
            for source in sorted(sources):
                self._session.execute(select(func.pg_advisory_xact_lock(INTAKE_LOCK, func.hashtext(source))))

    def get(self, comment_id: int) -> Comment | None:
        """The comment, or None."""
        return self.get_many([comment_id]).get(comment_id)

    def hold_text(self, comment_id: int) -> bool:
        """Whether the comment is there and not erased; if so, nobody erases it until this transaction ends."""
        there = select(CommentRow.id).where(CommentRow.id == comment_id, CommentRow.text != "")
        return self._session.scalar(there.with_for_update(read=True)) is not None

    def get_many(self, comment_ids: Sequence[int]) -> dict[int, Comment]:
        """The comments that exist, by id."""
        found: dict[int, Comment] = {}
        for at in range(0, len(comment_ids), 5000):
            rows = self._session.scalars(select(CommentRow).where(CommentRow.id.in_(comment_ids[at : at + 5000])))
            found.update((row.id, comment_of(row)) for row in rows)
        return found

    def newest_of(self, source: str) -> Comment | None:
        """The comment of the source that came last and is not erased."""
        found = select(CommentRow).where(CommentRow.source == source, CommentRow.text != "")
        row = self._session.scalar(found.order_by(CommentRow.id.desc()).limit(1))
        return comment_of(row) if row else None

    def has_any(self) -> bool:
        """Whether there is a comment at all."""
        return self._session.scalar(select(CommentRow.id).limit(1)) is not None

    def _add_sqlite(self, comments: Sequence[CommentValues]) -> Sequence[int]:
        """The write lock is ours, and new ids follow the highest: what is above it afterwards is what was added."""
        connection = self._session.connection()
        before = self._session.scalar(select(func.max(CommentRow.id))) or 0
        connection.exec_driver_sql(_SQLITE, list(comments))
        after = self._session.scalar(select(func.max(CommentRow.id))) or 0
        connection.exec_driver_sql(
            "INSERT INTO pending (comment_id, lease_until) SELECT id, 0 FROM comment WHERE id > ?", (before,)
        )
        return range(before + 1, after + 1)

    def _add_postgresql(self, comments: Sequence[CommentValues]) -> Sequence[int]:
        connection = self._session.connection()
        self.lock_sources({comment.source for comment in comments})
        arrays = tuple(list(values) for values in zip(*comments, strict=True))
        ids = list(connection.exec_driver_sql(_POSTGRESQL, arrays).scalars())
        connection.exec_driver_sql(
            "INSERT INTO pending (comment_id, lease_until) SELECT unnest(%s::bigint[]), 0", (ids,)
        )
        return ids

    def _add_golden(self, ids: Sequence[int], golden: dict[Key, int]) -> None:
        columns = (CommentRow.id, CommentRow.source, CommentRow.external_id)
        between = CommentRow.id.between(min(ids), max(ids))
        added = set(ids)
        rows = [
            {"comment_id": id_, "labels": golden[source, external_id]}
            for id_, source, external_id in self._session.execute(select(*columns).where(between))
            if id_ in added and (source, external_id) in golden
        ]
        if rows:
            self._session.execute(insert(GoldenRow), rows)


def comment_of(row: CommentRow) -> Comment:
    """The stored row as a value."""
    return Comment(
        row.id,
        row.text,
        row.text_hash,
        row.source,
        row.external_id,
        row.added_at,
        row.author,
        row.thread,
        row.parent,
        row.created_at,
    )

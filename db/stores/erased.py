"""Taking texts, and who wrote them, out of every table that holds them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, bindparam, delete, func, insert, or_, select, text, update
from sqlalchemy.orm import Session

from core.domain import RoutingState
from db.models import ClaimRow, CommentRow, DecisionRow, GoldenRow, PendingRow, RoutingRow
from db.preference_models import PreferenceRow
from db.privacy_models import ErasedCommentRow, SnapshotErasureRow
from db.program_models import SuggestionRow
from db.quality_models import ShadowPendingRow, WordDayRow
from db.question_models import GoldenAnswerRow
from db.stores.questions import QuestionStore

DESK = "desk"
"""The preference in which a person's screen is kept (core.desk)."""


@dataclass(frozen=True, slots=True)
class Doomed:
    """A comment that is about to be erased."""

    id: int
    source: str
    external_id: str
    text: str
    day: int | None
    """Day of its first routing, days since 1970 (UTC); None if it never was routed."""


@dataclass(frozen=True, slots=True)
class Tombstone:
    """What stays of it."""

    id: int
    key_hash: str
    text_hash: str
    """Random: the hash of a short text could be guessed."""
    external_id: str


@dataclass(frozen=True, slots=True)
class Due:
    """Comments that are older than they may become."""

    before: datetime
    """Added before this moment."""
    source: str | None
    """Of this source; None: of all but `others`."""
    others: tuple[str, ...]
    spare_golden: bool


@dataclass(frozen=True, slots=True)
class Census:
    """What an erasure would take."""

    comments: int
    decided: int
    """People, or trusted programs, decided them: they are what training learns from."""
    waiting: int
    golden: int


class ErasedStore:
    """Erased comments of one session."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._sqlite = session.get_bind().dialect.name == "sqlite"

    def has_any(self) -> bool:
        """Whether anything was ever erased."""
        return self._session.scalar(select(ErasedCommentRow.comment_id).limit(1)) is not None

    def known(self, key_hashes: Sequence[str]) -> set[str]:
        """Those of the hashes that are of erased comments."""
        found: set[str] = set()
        for start in range(0, len(key_hashes), 5_000):
            some = select(ErasedCommentRow.key_hash).where(
                ErasedCommentRow.key_hash.in_(key_hashes[start : start + 5_000])
            )
            found.update(self._session.scalars(some))
        return found

    def of_snapshots(self, snapshot_ids: Collection[int]) -> dict[int, SnapshotErasureRow]:
        """What erasures did to snapshots' files, by snapshot."""
        rows = select(SnapshotErasureRow).where(SnapshotErasureRow.snapshot_id.in_(list(snapshot_ids)))
        return {row.snapshot_id: row for row in self._session.scalars(rows)}

    def mark_snapshot(self, snapshot_id: int, erasure_id: int, *, removed: int, sha256: str, at: datetime) -> None:
        """Note that a snapshot's file is another one from now on."""
        row = SnapshotErasureRow(snapshot_id=snapshot_id, erasure_id=erasure_id, removed=removed, sha256=sha256, at=at)
        self._session.merge(row)

    def of_authors(self, authors: Sequence[str], source: str | None, limit: int) -> list[int]:
        """Comments of the authors that are not erased yet."""
        wanted = [CommentRow.author.in_(authors), *([CommentRow.source == source] if source else [])]
        return list(self._session.scalars(select(CommentRow.id).where(*wanted).order_by(CommentRow.id).limit(limit)))

    def existing(self, comment_ids: Sequence[int]) -> list[int]:
        """Those of the comments that are there and not erased."""
        found = select(CommentRow.id).where(CommentRow.id.in_(comment_ids), CommentRow.text != "")
        return list(self._session.scalars(found.order_by(CommentRow.id)))

    def last_due(self, due: Due) -> int:
        """The highest id of a comment that is old enough; 0 for none."""
        return self._session.scalar(select(func.max(CommentRow.id)).where(CommentRow.added_at < due.before)) or 0

    def due_between(self, due: Due, low: int, high: int) -> list[int]:
        """Comments of low <= id <= high that are older than they may become."""
        within = select(CommentRow.id).where(CommentRow.id.between(low, high), *_is_due(due))
        return list(self._session.scalars(within.order_by(CommentRow.id)))

    def any_due(self, due: Due) -> bool:
        """Whether there is any."""
        return self._session.scalar(select(CommentRow.id).where(*_is_due(due)).limit(1)) is not None

    def census_of_due(self, due: Due) -> Census:
        """Count what is older than it may become."""
        return self._census(_is_due(due))

    def census_of_authors(self, authors: Sequence[str], source: str | None) -> Census:
        """Count what is held of the authors."""
        return self._census([CommentRow.author.in_(authors), *([CommentRow.source == source] if source else [])])

    def doom(self, comment_ids: Sequence[int]) -> list[Doomed]:
        """The comments that are not erased yet, locked in the order in which reviewers lock."""
        routed = select(RoutingRow.comment_id).where(RoutingRow.comment_id.in_(comment_ids))
        self._session.execute(routed.order_by(RoutingRow.comment_id).with_for_update()).all()
        columns = (CommentRow.id, CommentRow.source, CommentRow.external_id, CommentRow.text, RoutingRow.day)
        found = select(*columns).outerjoin(RoutingRow, RoutingRow.comment_id == CommentRow.id)
        found = found.where(CommentRow.id.in_(comment_ids), CommentRow.text != "").order_by(CommentRow.id)
        return [Doomed(*row) for row in self._session.execute(found.with_for_update(of=CommentRow))]

    def sources_of(self, comment_ids: Sequence[int]) -> set[str]:
        """Where the comments came from."""
        return set(self._session.scalars(select(CommentRow.source).where(CommentRow.id.in_(comment_ids)).distinct()))

    def bury(self, doomed: Sequence[Doomed], stones: Sequence[Tombstone], erasure_id: int, at: datetime) -> None:
        """Empty the comments and all that quotes them; take them out of every line that they wait in."""
        ids = [one.id for one in doomed]
        if self._sqlite:
            self._unindex(doomed)
        emptied = update(CommentRow.__table__).where(CommentRow.id == bindparam("b_id"))  # type: ignore[arg-type]
        nothing = dict.fromkeys(("author", "thread", "parent", "created_at", "script"))
        emptied = emptied.values(text="", text_hash=bindparam("b_hash"), external_id=bindparam("b_ext"), **nothing)
        values = [{"b_id": one.id, "b_hash": one.text_hash, "b_ext": one.external_id} for one in stones]
        self._session.connection().execute(emptied, values)
        noted = (DecisionRow.comment_id.in_(ids), DecisionRow.note.is_not(None))
        self._session.execute(update(DecisionRow).where(*noted).values(note=None))
        QuestionStore(self._session).bury(ids, at)
        self._session.execute(
            delete(GoldenAnswerRow).where(GoldenAnswerRow.comment_id.in_(ids), GoldenAnswerRow.closed_at.is_(None))
        )
        sent = update(SuggestionRow).where(SuggestionRow.comment_id.in_(ids))
        self._session.execute(sent.values(scores={}, client_token=None))
        self._session.execute(delete(PendingRow).where(PendingRow.comment_id.in_(ids)))
        self._session.execute(delete(ShadowPendingRow).where(ShadowPendingRow.comment_id.in_(ids)))
        live = (ClaimRow.comment_id.in_(ids), ClaimRow.released_at.is_(None))
        self._session.execute(update(ClaimRow).where(*live).values(released_at=at))
        handed = (ClaimRow.comment_id.in_(ids), ClaimRow.handed_note.is_not(None))
        self._session.execute(update(ClaimRow).where(*handed).values(handed_note=None))
        self._forget_desks(ids)
        left = update(RoutingRow).where(RoutingRow.comment_id.in_(ids))
        self._session.execute(left.values(state=RoutingState.ERASED.value))
        rows = [
            {"comment_id": one.id, "erasure_id": erasure_id, "key_hash": one.key_hash, "erased_at": at}
            for one in stones
        ]
        self._session.execute(insert(ErasedCommentRow), rows)

    def days_of(self, comment_ids: Sequence[int]) -> set[int]:
        """Days of the comments' first routing whose words' hashes are still kept."""
        days = select(RoutingRow.day).where(RoutingRow.comment_id.in_(comment_ids))
        kept = select(WordDayRow.day).where(WordDayRow.day.in_(days), WordDayRow.hashes.is_not(None))
        return set(self._session.scalars(kept))

    def lock_words(self, days: Collection[int]) -> list[WordDayRow]:
        """What is kept of the days' words, locked."""
        if not days:
            return []
        found = select(WordDayRow).where(WordDayRow.day.in_(sorted(days))).order_by(WordDayRow.day)
        return list(self._session.scalars(found.with_for_update()))

    def spared_of_day(
        self, day: int, limit: int, *, ids: Collection[int], authors: Collection[str], since: datetime | None
    ) -> list[int]:
        """Ids of comments first routed on the day: without these ids and authors, and none added before `since`."""
        stays = [RoutingRow.day == day, CommentRow.id.not_in(list(ids))]
        stays.append(or_(CommentRow.author.is_(None), CommentRow.author.not_in(list(authors))))
        stays += [CommentRow.added_at >= since] if since else []
        found = select(CommentRow.id).join(RoutingRow, RoutingRow.comment_id == CommentRow.id).where(*stays)
        return list(self._session.scalars(found.limit(limit)))

    def next_authors(self, after: str, limit: int) -> list[str]:
        """Authors' names after this one, in order, by a jump to each: DISTINCT would walk the whole index."""
        found: list[str] = []
        while len(found) < limit:
            after_last = found[-1] if found else after
            name = self._session.scalar(select(func.min(CommentRow.author)).where(CommentRow.author > after_last))
            if name is None:
                break
            found.append(name)
        return found

    def rename(self, author: str, pseudonym: str, limit: int) -> int:
        """Name up to so many comments' author by the pseudonym; how many it was."""
        some = list(self._session.scalars(select(CommentRow.id).where(CommentRow.author == author).limit(limit)))
        if some:
            self._session.execute(update(CommentRow).where(CommentRow.id.in_(some)).values(author=pseudonym))
        return len(some)

    def scrub_on(self) -> None:
        """Let SQLite write zeros over what this connection deletes."""
        if self._sqlite:
            self._session.execute(text("PRAGMA secure_delete = ON"))

    def _forget_desks(self, ids: Collection[int]) -> None:
        """What people's screens were left with (core.desk): it may hold a note about the comment."""
        desks = select(PreferenceRow).where(PreferenceRow.name == DESK)
        for row in self._session.scalars(desks):
            if isinstance(row.value, dict) and row.value.get("comment") in ids:
                self._session.delete(row)

    def _unindex(self, doomed: Sequence[Doomed]) -> None:
        last = self._session.scalar(text("SELECT last_id FROM comment_fts_progress")) or 0
        indexed = [{"id": one.id, "text": one.text} for one in doomed if one.id <= last]
        if indexed:
            gone = text("INSERT INTO comment_fts(comment_fts, rowid, text) VALUES ('delete', :id, :text)")
            self._session.execute(gone, indexed)

    def _census(self, which: list[ColumnElement[bool]]) -> Census:
        decided = select(DecisionRow.id).where(DecisionRow.comment_id == CommentRow.id).exists()
        golden = select(GoldenRow.comment_id).where(GoldenRow.comment_id == CommentRow.id).exists()
        waits = select(RoutingRow.comment_id).where(
            RoutingRow.comment_id == CommentRow.id, RoutingRow.state == RoutingState.OPEN.value
        )
        counts: list[Any] = [func.count()]
        for condition in (decided, waits.exists(), golden):
            counts.append(func.count().filter(condition))
        row = self._session.execute(select(*counts).select_from(CommentRow).where(*which)).one()
        return Census(*row)


def _is_due(due: Due) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [CommentRow.added_at < due.before, CommentRow.text != ""]
    if due.source is not None:
        found.append(CommentRow.source == due.source)
    elif due.others:
        found.append(CommentRow.source.not_in(due.others))
    if due.spare_golden:
        found.append(~select(GoldenRow.comment_id).where(GoldenRow.comment_id == CommentRow.id).exists())
    return found

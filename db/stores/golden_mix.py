"""Comments with known answers in people's queues: which are on whose desk, and what was answered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, delete, func, or_, select, type_coerce, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from core.domain import Outcome
from db.models import CommentRow, GoldenRow, RoutingRow, ScoreRow
from db.question_models import GoldenAnswerRow
from db.stores.browse_plan import LABEL_COLUMNS

_MOST_CANDIDATES = 2_000
_OPEN = GoldenAnswerRow.closed_at.is_(None)


@dataclass(frozen=True, slots=True)
class Answered:
    """What somebody said of a comment with known answers."""

    comment_id: int
    person: str
    at: datetime
    given: int
    """Bit mask of the labels; `known` is that of the known answers."""
    known: int


class GoldenMixStore:
    """What was mixed in, of one session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def candidates(
        self,
        model_id: int,
        thresholds: Sequence[float],
        *fitting: ColumnElement[bool],
        person: str | None = None,
        since: datetime | None = None,
    ) -> list[int]:
        """Comments that can be mixed in: known answers, not routed, and flagged by the model at these thresholds.

        Without those that the person was given after `since`, or has now. `fitting` are conditions on a comment and its
        scores (db.stores.queue_filter.as_if_flagged).
        """
        over = or_(*(getattr(ScoreRow, name) >= at for name, at in zip(LABEL_COLUMNS, thresholds, strict=True)))
        found = (
            select(GoldenRow.comment_id)
            .join(ScoreRow, ScoreRow.comment_id == GoldenRow.comment_id)
            .join(CommentRow, CommentRow.id == GoldenRow.comment_id)
            .outerjoin(RoutingRow, RoutingRow.comment_id == GoldenRow.comment_id)
            .where(
                ScoreRow.model_id == model_id, over, RoutingRow.comment_id.is_(None), CommentRow.text != "", *fitting
            )
        )
        if person is not None:
            given = select(GoldenAnswerRow.id).where(
                GoldenAnswerRow.comment_id == GoldenRow.comment_id, GoldenAnswerRow.person == person
            )
            found = found.where(~given.where(or_(_OPEN, GoldenAnswerRow.drawn_at >= since)).exists())
        return list(self._session.scalars(found.order_by(GoldenRow.comment_id).limit(_MOST_CANDIDATES)))

    def sources(self, comment_ids: Sequence[int]) -> list[tuple[str, bool]]:
        """Where these came from, and whether ordinary comments come from there too."""
        named = select(CommentRow.source).where(CommentRow.id.in_(comment_ids)).distinct().order_by(CommentRow.source)
        return [(source, self._is_ordinary(source)) for source in self._session.scalars(named)]

    def add(self, values: Mapping[str, Any]) -> None:
        """Put one on somebody's desk, unless another window of theirs has just done so."""
        insert = postgresql.insert if self._session.get_bind().dialect.name == "postgresql" else sqlite.insert
        self._session.execute(insert(GoldenAnswerRow).on_conflict_do_nothing(), [values])

    def set_aside_but(
        self, person: str, fitting: Sequence[ColumnElement[bool]] | None, keep: int | None, at: datetime
    ) -> None:
        """Take off the person's desk what does not fit, None for all of it; held ones and the comment `keep` stay."""
        gone = update(GoldenAnswerRow).where(GoldenAnswerRow.person == person, _OPEN, ~GoldenAnswerRow.held)
        gone = gone if keep is None else gone.where(GoldenAnswerRow.comment_id != keep)
        if fitting is not None:
            scored = (ScoreRow.comment_id == GoldenAnswerRow.comment_id) & (
                ScoreRow.model_id == GoldenAnswerRow.model_id
            )
            fit = select(GoldenAnswerRow.id).join(CommentRow, CommentRow.id == GoldenAnswerRow.comment_id)
            fit = fit.join(ScoreRow, scored).where(GoldenAnswerRow.person == person, _OPEN, *fitting)
            gone = gone.where(GoldenAnswerRow.id.not_in(fit))
        self._session.execute(gone.values(closed_at=at))

    def desk(self, person: str) -> Sequence[GoldenAnswerRow]:
        """What lies on the person's desk."""
        return self._session.scalars(select(GoldenAnswerRow).where(GoldenAnswerRow.person == person, _OPEN)).all()

    def open_of(self, person: str, comment_id: int) -> GoldenAnswerRow | None:
        """The comment on the person's desk, if it is there."""
        mine = (GoldenAnswerRow.person == person, GoldenAnswerRow.comment_id == comment_id)
        return self._session.scalar(select(GoldenAnswerRow).where(*mine, _OPEN).with_for_update())

    def newest_of(self, person: str, comment_id: int) -> GoldenAnswerRow | None:
        """The comment as the person had it last."""
        mine = (GoldenAnswerRow.person == person, GoldenAnswerRow.comment_id == comment_id)
        found = select(GoldenAnswerRow).where(*mine).order_by(GoldenAnswerRow.id.desc()).limit(1)
        return self._session.scalar(found.with_for_update())

    def by_client_id(self, client_id: UUID) -> GoldenAnswerRow | None:
        """What one key press decided."""
        return self._session.scalar(select(GoldenAnswerRow).where(GoldenAnswerRow.client_id == client_id))

    def by_undo(self, undo_id: UUID) -> GoldenAnswerRow | None:
        """What one key press took back."""
        return self._session.scalar(select(GoldenAnswerRow).where(GoldenAnswerRow.undo_id == undo_id))

    def last_of(self, person: str) -> GoldenAnswerRow | None:
        """What the person decided last."""
        decided = (GoldenAnswerRow.person == person, GoldenAnswerRow.client_id.is_not(None))
        found = select(GoldenAnswerRow).where(*decided, GoldenAnswerRow.closed_at.is_not(None))
        return self._session.scalar(found.order_by(GoldenAnswerRow.closed_at.desc()).limit(1))

    def ask(self, person: str, comment_id: int, at: datetime) -> int | None:
        """Take the comment off the person's desk, who asks about it; its known answers, None if it is not there."""
        row = self.open_of(person, comment_id)
        if row is None:
            return None
        row.closed_at = at
        known = self._session.get(GoldenRow, comment_id)
        return known.labels if known else None

    def clear_desks(self) -> None:
        """Take everything off that nobody has decided."""
        self._session.execute(delete(GoldenAnswerRow).where(_OPEN))

    def seconds_since(self, person: str, since: datetime) -> list[float | None]:
        """Seconds on screen of what the person decided since then."""
        decided = (GoldenAnswerRow.person == person, GoldenAnswerRow.outcome.is_not(None))
        found = select(GoldenAnswerRow.seconds).where(*decided, GoldenAnswerRow.closed_at >= since)
        return list(self._session.scalars(found))

    def days(self, person: str, since: datetime) -> list[tuple[int, str, int, float | None]]:
        """The same as OwnHistoryStore.days tells it: when, outcome, bit mask of labels, seconds; in order of time."""
        at = type_coerce(GoldenAnswerRow.closed_at, BigInteger)
        found = select(at, GoldenAnswerRow.outcome, GoldenAnswerRow.labels, GoldenAnswerRow.seconds)
        decided = (GoldenAnswerRow.person == person, GoldenAnswerRow.outcome.is_not(None))
        rows = self._session.execute(found.where(*decided, GoldenAnswerRow.closed_at >= since).order_by(at))
        return [(micros, outcome or "", labels or 0, seconds) for micros, outcome, labels, seconds in rows]

    def answered(self, *, person: str | None = None, since: datetime, until: datetime) -> list[Answered]:
        """What was decided, oldest first: by the person, or by everybody. Passed on does not count."""
        columns: tuple[Any, ...] = (
            *(GoldenAnswerRow.comment_id, GoldenAnswerRow.person, GoldenAnswerRow.closed_at, GoldenAnswerRow.labels),
            GoldenRow.labels,
        )
        found = (
            select(*columns)
            .join(GoldenRow, GoldenRow.comment_id == GoldenAnswerRow.comment_id)
            .where(GoldenAnswerRow.outcome.is_not(None), GoldenAnswerRow.outcome != Outcome.ESCALATE.value)
            .where(GoldenAnswerRow.closed_at >= since, GoldenAnswerRow.closed_at < until)
        )
        found = found if person is None else found.where(GoldenAnswerRow.person == person)
        return [Answered(*row) for row in self._session.execute(found.order_by(GoldenAnswerRow.closed_at))]

    def many(self) -> int:
        """Comments with known answers."""
        return self._session.scalar(select(func.count()).select_from(GoldenRow)) or 0

    def _is_ordinary(self, source: str) -> bool:
        found = select(CommentRow.id).join(RoutingRow, RoutingRow.comment_id == CommentRow.id)
        return self._session.scalar(found.where(CommentRow.source == source).limit(1)) is not None

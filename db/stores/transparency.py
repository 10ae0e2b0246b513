"""What the transparency report reads: bulk reads as arrays. It writes nothing."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from sqlalchemy import BigInteger, Integer, Select, case, cast, func, select, type_coerce
from sqlalchemy.orm import Session, aliased

from core.domain import LABELS, Lane, Outcome
from db.models import (
    CommentRow,
    DecisionRow,
    GoldenRow,
    ModelVersionRow,
    PolicyRow,
    PromotionRow,
    RoutingRow,
    ScoreRow,
    StratumRow,
    to_micros,
)
from db.quality_models import SecondOpinionRow
from db.stores.columns import Columns, Floats, Ints, Names, read_columns

_SCORES: tuple[Any, ...] = tuple(getattr(ScoreRow, label) for label in LABELS)
_REMOVES = case((DecisionRow.outcome == Outcome.REMOVE.value, 1), else_=0)
_SILENT = case((DecisionRow.outcome == Outcome.ESCALATE.value, 1), (DecisionRow.lane == Lane.SECOND.value, 2), else_=0)
ESCALATES, SECOND = 1, 2
"""Values of `silent`: entries that do not say what the comment is."""


@dataclass(frozen=True, slots=True)
class PeriodEntries:
    """The ledger's entries of a period with what is known of their comments, in ledger order. Arrays of length n."""

    id: Ints
    comment_id: Ints
    revokes: Ints
    """id of the entry that this one takes back, 0 for none."""
    labels: Ints
    """Bit masks, core.domain.pack_labels."""
    removes: Ints
    """1 where the outcome is to remove."""
    silent: Ints
    """0, ESCALATES or SECOND."""
    decided_at: Ints
    """Microseconds since 1970, like added_at."""
    seconds: Floats
    """Time on screen; NaN where none was measured."""
    model_id: Ints
    """0 for none, like policy_id."""
    policy_id: Ints
    added_at: Ints
    day: Ints
    """Day on which the comment came in, since 1970; 0 for what is no traffic, -1 for what was never routed."""
    band: Ints
    audit: Ints
    flagged: Ints
    automatic: Ints
    golden: Ints
    rate: Floats
    person: Names
    lane: Names
    source: Names


@dataclass(frozen=True, slots=True)
class EarlierEntries:
    """Older entries of the comments that a period's entries name, in ledger order. Arrays as above."""

    id: Ints
    comment_id: Ints
    revokes: Ints
    labels: Ints
    removes: Ints
    silent: Ints
    program: Ints
    """1 for entries of programs."""


@dataclass(frozen=True, slots=True)
class Routed:
    """Comments that came in on some days, counted by what was done with them at their first routing."""

    automatic: bool
    flagged: bool
    audit: bool
    count: int


class TransparencyStore:
    """Reads of one session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def version(self, *, ledger: bool) -> tuple[object, ...]:
        """Changes whenever a report may have changed; of a period that is over no longer with the `ledger`."""
        newest = (*((func.max(DecisionRow.id),) if ledger else ()), func.max(PolicyRow.id), func.max(PromotionRow.id))
        routed = select(func.coalesce(func.sum(StratumRow.count), 0))
        return (*(self._session.scalar(select(one)) for one in newest), self._session.scalar(routed))

    def first_moment(self) -> datetime | None:
        """When the first comment came in; None before any."""
        return self._session.scalar(select(func.min(CommentRow.added_at)))

    def entries(self, start: datetime, end: datetime) -> PeriodEntries:
        """The entries made at start <= time < end."""
        query = _all_entries().where(*self._within(start, end)).order_by(DecisionRow.id)
        return _entries_of(read_columns(self._session, query, numbers=11, words=3))

    def _within(self, start: datetime, end: datetime) -> tuple[Any, ...]:
        """Conditions on DecisionRow: made at start <= time < end."""
        in_time = (DecisionRow.decided_at >= start, DecisionRow.decided_at < end)
        first, last = self._session.execute(
            select(func.min(DecisionRow.id), func.max(DecisionRow.id)).where(*in_time)
        ).one()
        # not decided_at itself: by its index SQLite would fetch each entry apart and sort them all again
        moment = func.coalesce(type_coerce(DecisionRow.decided_at, BigInteger), 0)
        return DecisionRow.id.between(first or 0, last or -1), moment >= to_micros(start), moment < to_micros(end)

    def earlier(self, start: datetime, end: datetime, *, program: str) -> EarlierEntries:
        """Entries before `start` on comments that an entry of start <= time < end names.

        Programs are people whose name begins with `program`.
        """
        oldest = self._session.scalar(select(func.min(DecisionRow.decided_at)))
        if oldest is None or oldest >= start:
            return EarlierEntries(*(np.empty(0, np.int64) for _ in range(7)))
        named = select(DecisionRow.comment_id).where(DecisionRow.decided_at >= start, DecisionRow.decided_at < end)
        sent = case((DecisionRow.person.startswith(program, autoescape=True), 1), else_=0)
        query = (
            select(
                DecisionRow.id,
                DecisionRow.comment_id,
                func.coalesce(DecisionRow.revokes, 0),
                DecisionRow.labels,
                _REMOVES,
                _SILENT,
                sent,
            )
            .where(DecisionRow.decided_at < start, DecisionRow.comment_id.in_(named))
            .order_by(DecisionRow.id)
        )
        found = read_columns(self._session, query, numbers=7)
        return EarlierEntries(*(found.ints(at) for at in range(7)))

    def second_draws(self, start: datetime, end: datetime) -> tuple[Ints, Ints, Floats, Ints]:
        """Of comments with a second opinion in start <= time < end: ids of the drawn decision and of the comment, the
        draw's rate, and what the decision said, as labels * 2 + removes.
        """
        given: Any = aliased(DecisionRow)
        named = select(given.comment_id).where(
            given.decided_at >= start, given.decided_at < end, given.lane == Lane.SECOND.value
        )
        query = (
            select(SecondOpinionRow.first_id, SecondOpinionRow.comment_id, SecondOpinionRow.rate)
            .add_columns(DecisionRow.labels * 2 + _REMOVES)
            .join(DecisionRow, DecisionRow.id == SecondOpinionRow.first_id)
            .where(SecondOpinionRow.comment_id.in_(named))
            .order_by(SecondOpinionRow.first_id)
        )
        found = read_columns(self._session, query, numbers=4)
        return found.ints(0), found.ints(1), found.numbers[2], found.ints(3)

    def routed(self, first_day: int, last_day: int) -> list[Routed]:
        """Comments that came in on these days, both included."""
        groups = (RoutingRow.automatic, RoutingRow.flagged, RoutingRow.audit)
        query = select(*groups, func.count()).where(RoutingRow.day.between(first_day, last_day)).group_by(*groups)
        return [Routed(*row) for row in self._session.execute(query)]

    def removals(self, first_day: int, last_day: int) -> tuple[Ints, Floats, Floats]:
        """What the policy removed alone of these days: policy [n], seconds from arrival [n], scores then [n, 6]."""
        waited = type_coerce(RoutingRow.routed_at, BigInteger) - type_coerce(CommentRow.added_at, BigInteger)
        by_model = (ScoreRow.comment_id == RoutingRow.comment_id) & (ScoreRow.model_id == RoutingRow.model_id)
        query = (
            select(RoutingRow.policy_id, waited, *(func.coalesce(score, -1.0) for score in _SCORES))
            .join(CommentRow, CommentRow.id == RoutingRow.comment_id)
            .outerjoin(ScoreRow, by_model)
            .where(RoutingRow.automatic, RoutingRow.day.between(first_day, last_day))
            .order_by(RoutingRow.comment_id)
        )
        found = read_columns(self._session, query, numbers=2 + len(_SCORES))
        return found.ints(0), np.maximum(found.numbers[1], 0) / 1e6, np.stack(found.numbers[2:], 1)

    def audit_scores(self, first_day: int, last_day: int) -> tuple[Ints, Ints, Floats]:
        """Every model's scores of the audit items of these days: comment [n], model [n], scores [n, 6]."""
        query = (
            select(ScoreRow.comment_id, ScoreRow.model_id, *_SCORES)
            .join(RoutingRow, RoutingRow.comment_id == ScoreRow.comment_id)
            .where(RoutingRow.audit, RoutingRow.day.between(first_day, last_day))
            .order_by(ScoreRow.comment_id, ScoreRow.model_id)
        )
        found = read_columns(self._session, query, numbers=2 + len(_SCORES))
        return found.ints(0), found.ints(1), np.stack(found.numbers[2:], 1)

    def strata(self, first_day: int, last_day: int) -> Floats:
        """Rows (band, audit rate, comments) of the traffic of these days, shape [n, 3]."""
        query = (
            select(StratumRow.band, StratumRow.rate, func.sum(StratumRow.count))
            .where(StratumRow.day.between(first_day, last_day))
            .group_by(StratumRow.band, StratumRow.rate)
            .order_by(StratumRow.band, StratumRow.rate)
        )
        return np.array([[float(value) for value in row] for row in self._session.execute(query)]).reshape(-1, 3)

    def policies(self) -> list[PolicyRow]:
        """Every version of the policy, oldest first."""
        return list(self._session.scalars(select(PolicyRow).order_by(PolicyRow.id)))

    def live_models(self) -> tuple[list[tuple[datetime, str, str | None]], tuple[str, datetime] | None]:
        """Every change of the live model as (when, name, former name), oldest first; and the live one with its date."""
        model, former = aliased(ModelVersionRow), aliased(ModelVersionRow)
        changes = (
            select(PromotionRow.promoted_at, model.name, former.name)
            .join(model, model.id == PromotionRow.model_id)
            .outerjoin(former, former.id == PromotionRow.previous_id)
            .order_by(PromotionRow.id)
        )
        live = select(ModelVersionRow.name, ModelVersionRow.created_at).where(ModelVersionRow.stage == "live")
        found = self._session.execute(live).first()
        rows: list[tuple[datetime, str, str | None]] = [(*row,) for row in self._session.execute(changes)]
        return rows, (found[0], found[1]) if found else None


def _all_entries() -> Select[*tuple[Any, ...]]:
    golden = select(GoldenRow.comment_id).where(GoldenRow.comment_id == DecisionRow.comment_id).exists()
    # small numbers as one: columns are what a bulk read pays for
    marks = cast(RoutingRow.audit, Integer) * 4 + cast(RoutingRow.flagged, Integer) * 2
    marks = RoutingRow.day * 1024 + RoutingRow.band * 8 + marks + cast(RoutingRow.automatic, Integer)
    said = DecisionRow.labels * 16 + case((golden, 8), else_=0) + _SILENT * 2 + _REMOVES
    return (
        select(
            DecisionRow.id,
            DecisionRow.comment_id,
            func.coalesce(DecisionRow.revokes, 0),
            said,
            DecisionRow.decided_at,
            func.coalesce(DecisionRow.seconds, -1.0),
            func.coalesce(DecisionRow.model_id, 0),
            func.coalesce(DecisionRow.policy_id, 0),
            func.coalesce(CommentRow.added_at, DecisionRow.decided_at),
            func.coalesce(marks, -1024),
            func.coalesce(RoutingRow.rate, 0.0),
            DecisionRow.person,
            DecisionRow.lane,
            func.coalesce(CommentRow.source, ""),
        )
        .outerjoin(CommentRow, CommentRow.id == DecisionRow.comment_id)
        .outerjoin(RoutingRow, RoutingRow.comment_id == DecisionRow.comment_id)
    )


def _entries_of(found: Columns) -> PeriodEntries:
    said, marks, seconds = found.ints(3), found.ints(9), found.numbers[5]
    return PeriodEntries(
        id=found.ints(0),
        comment_id=found.ints(1),
        revokes=found.ints(2),
        labels=said >> 4,
        removes=said & 1,
        silent=(said >> 1) & 3,
        decided_at=found.ints(4),
        seconds=np.where(seconds < 0, np.nan, seconds),
        model_id=found.ints(6),
        policy_id=found.ints(7),
        added_at=found.ints(8),
        day=marks >> 10,
        band=(marks >> 3) & 127,
        audit=(marks >> 2) & 1,
        flagged=(marks >> 1) & 1,
        automatic=marks & 1,
        golden=(said >> 3) & 1,
        rate=found.numbers[10],
        person=found.names[0],
        lane=found.names[1],
        source=found.names[2],
    )

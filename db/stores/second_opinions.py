"""Second opinions: what was drawn, what became of it. What people said is read from the ledger, never kept twice."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from core.domain import OTHERS_LANES, Decision, Lane, Outcome, RoutingState
from db.models import ClaimRow, DecisionRow, GoldenRow, PolicyRow, RoutingRow, ScoreRow
from db.quality_models import SecondOpinionRow
from db.stores.bulk import in_chunks
from db.stores.decisions import decision_of, is_standing
from db.stores.questions import QuestionStore

_SCORES = ("toxic", "severe_toxic", "obscene", "threat", "insult", "identity_hate")


@dataclass(frozen=True, slots=True)
class Compared:
    """Two opinions on one comment."""

    comment_id: int
    rate: float
    """Inclusion probability of the draw."""
    at: datetime
    """When the second was given."""
    state: str
    """Of the comment, core.domain.RoutingState: open while a third has still to decide."""
    first_person: str
    first_lane: str
    first: int
    """Bit masks of the labels; `judged` is what a third said, None without one."""
    second: int
    judged: int | None


class SecondOpinionStore:
    """Draws of one session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    # -- drawing ------------------------------------------------------------------------------------------------------

    def people_since(self, since: datetime) -> set[str]:
        """Who has made an entry in the ledger since then, by a jump to each person's newest one."""
        entry, last = aliased(DecisionRow), aliased(DecisionRow)
        everybody = select(func.min(DecisionRow.person).label("person")).cte("everybody", recursive=True)
        following = select(func.min(entry.person)).where(entry.person > everybody.c.person)
        more = select(following.correlate(everybody).scalar_subquery()).where(everybody.c.person.is_not(None))
        everybody = everybody.union_all(more)
        newest = select(func.max(last.id)).where(last.person == everybody.c.person).correlate(everybody)
        query = (
            select(everybody.c.person)
            .join(DecisionRow, DecisionRow.id == newest.scalar_subquery())
            .where(everybody.c.person.is_not(None), DecisionRow.decided_at >= since)
        )
        return set(self._session.scalars(query))

    def people_of(self, comment_id: int) -> set[str]:
        """Who has made an entry about the comment, undone ones too, or asked a lead about it, or answered."""
        made = set(self._session.scalars(select(DecisionRow.person).where(DecisionRow.comment_id == comment_id)))
        return made | QuestionStore(self._session).people_of(comment_id)

    def mix(self, limit: int) -> list[tuple[str, int, int]]:
        """(lane, label bit mask, how many) of the latest `limit` entries that may be first opinions."""
        latest = (
            select(DecisionRow.lane, DecisionRow.labels, DecisionRow.outcome, DecisionRow.revokes)
            .order_by(DecisionRow.id.desc())
            .limit(limit)
            .subquery()
        )
        query = (
            select(latest.c.lane, latest.c.labels, func.count())
            .where(latest.c.outcome != Outcome.ESCALATE.value, latest.c.revokes.is_(None))
            .where(latest.c.lane.not_in([lane.value for lane in OTHERS_LANES]))
            .group_by(latest.c.lane, latest.c.labels)
        )
        return [(lane, labels, many) for lane, labels, many in self._session.execute(query)]

    def second_rate(self) -> float:
        """Share of settled comments that the active policy sends to a second person; 0 without a policy."""
        return self._session.scalar(select(PolicyRow.second_rate).where(PolicyRow.active)) or 0.0

    def is_golden(self, comment_id: int) -> bool:
        """Whether the comment is for evaluation only."""
        return self._session.get(GoldenRow, comment_id) is not None

    def is_drawn(self, comment_id: int) -> bool:
        """Whether a decision on the comment that still stands was drawn."""
        query = select(SecondOpinionRow.first_id).join(DecisionRow, DecisionRow.id == SecondOpinionRow.first_id)
        found = query.where(SecondOpinionRow.comment_id == comment_id, is_standing()).limit(1)
        return self._session.scalar(found) is not None

    def add(self, first_id: int, comment_id: int, rate: float, *, priority: float, at: datetime) -> None:
        """Let the comment of a decision wait for a second opinion, served at this priority."""
        before = self._session.scalars(select(RoutingRow.priority).where(RoutingRow.comment_id == comment_id)).one()
        row = SecondOpinionRow(first_id=first_id, comment_id=comment_id, rate=rate, priority=before, drawn_at=at)
        self._session.add(row)
        place = {"state": RoutingState.OPEN.value, "lane": Lane.SECOND.value, "priority": priority}
        self._session.execute(update(RoutingRow).where(RoutingRow.comment_id == comment_id).values(**place))
        self._session.flush()

    def restore_priority(self, first_id: int) -> None:
        """Give the comment of an undone decision its priority back, if the decision was drawn."""
        row = self._session.get(SecondOpinionRow, first_id)
        if row:
            back = update(RoutingRow).where(RoutingRow.comment_id == row.comment_id).values(priority=row.priority)
            self._session.execute(back)

    # -- following ----------------------------------------------------------------------------------------------------

    def opinions(self, comment_ids: Collection[int]) -> dict[int, list[Decision]]:
        """What stands of each comment since the decision that was drawn, itself included, oldest first."""
        drawn = (
            select(SecondOpinionRow.comment_id, func.max(SecondOpinionRow.first_id).label("first_id"))
            .where(SecondOpinionRow.comment_id.in_(comment_ids))
            .group_by(SecondOpinionRow.comment_id)
            .subquery()
        )
        query = (
            select(DecisionRow)
            .join(drawn, and_(drawn.c.comment_id == DecisionRow.comment_id, DecisionRow.id >= drawn.c.first_id))
            .where(is_standing())
            .order_by(DecisionRow.id)
        )
        found: dict[int, list[Decision]] = {}
        for row in self._session.scalars(query):
            found.setdefault(row.comment_id, []).append(decision_of(row))
        return found

    def withdraw(self, lane: Lane, at: datetime) -> int:
        """Settle the comments that wait in the lane and that nobody holds; returns how many."""
        held = select(ClaimRow.id).where(
            ClaimRow.comment_id == RoutingRow.comment_id, ClaimRow.released_at.is_(None), ClaimRow.lease_until >= at
        )
        waiting = (RoutingRow.state == RoutingState.OPEN.value) & (RoutingRow.lane == lane.value) & ~held.exists()
        ids = list(self._session.scalars(select(RoutingRow.comment_id).where(waiting).with_for_update()))
        for some in in_chunks(ids):
            lapsed = update(ClaimRow).where(ClaimRow.comment_id.in_(some), ClaimRow.released_at.is_(None))
            self._session.execute(lapsed.values(released_at=ClaimRow.lease_until))
            settled = update(RoutingRow).where(RoutingRow.comment_id.in_(some))
            self._session.execute(settled.values(state=RoutingState.SETTLED.value))
        return len(ids)

    # -- measuring ----------------------------------------------------------------------------------------------------

    def ledger_end(self) -> int:
        """The newest entry's id; 0 for an empty ledger."""
        return self._session.scalar(select(func.coalesce(func.max(DecisionRow.id), 0))) or 0

    def waiting(self) -> dict[Lane, int]:
        """Comments that wait for a second opinion, and for adjudication."""
        query = select(RoutingRow.lane, func.count()).where(
            RoutingRow.state == RoutingState.OPEN.value, RoutingRow.lane.in_([lane.value for lane in OTHERS_LANES])
        )
        found = dict(self._session.execute(query.group_by(RoutingRow.lane)).all())
        return {lane: found.get(lane.value, 0) for lane in OTHERS_LANES}

    def thresholds(self) -> dict[int, list[float]]:
        """Thresholds of every version of the policy; key 0 is the active one."""
        rows = self._session.execute(select(PolicyRow.id, PolicyRow.thresholds, PolicyRow.active)).all()
        found = {id_: limits for id_, limits, _ in rows}
        return found | {0: next((limits for _, limits, active in rows if active), [0.5] * len(_SCORES))}

    def drawn(self, model_id: int | None) -> list[tuple[Any, ...]]:
        """A row for each drawn decision that stands, see COLUMNS; NULL for opinions that are not given."""
        # the driver's own rows: a Row object each would cost as much as the query
        cursor = self._session.connection().execute(_drawn(model_id or 0)).cursor
        return list(cursor.fetchall()) if cursor else []

    def of_person(self, person: str) -> list[Compared]:
        """Second opinions on what the person decided, and those that they gave, oldest first."""
        first, second, judge = aliased(DecisionRow), aliased(DecisionRow), aliased(DecisionRow)
        columns = (
            *(SecondOpinionRow.comment_id, SecondOpinionRow.rate, second.decided_at, RoutingRow.state),
            *(first.person, first.lane, first.labels, second.labels, judge.labels),
        )
        found = (
            select(*columns)
            .select_from(SecondOpinionRow)
            .join(first, first.id == SecondOpinionRow.first_id)
            .join(RoutingRow, RoutingRow.comment_id == SecondOpinionRow.comment_id)
            .join(second, and_(*_answers(second, Lane.SECOND), second.outcome != Outcome.ESCALATE.value))
            .outerjoin(judge, and_(*_answers(judge, Lane.ADJUDICATION), judge.outcome != Outcome.ESCALATE.value))
            .where(~_undone(first), or_(first.person == person, second.person == person))
            .order_by(SecondOpinionRow.first_id)
        )
        return [Compared(*row) for row in self._session.execute(found)]


COLUMNS = (
    *("rate", "audit", "audit_rate", "day", "band"),
    *("first_person", "first_labels", "first_outcome", "first_blind", "first_policy"),
    *("second_person", "second_labels", "second_outcome", "second_at"),
    *("judge", "judge_labels", "judge_outcome"),
    *(f"first_{name}" for name in _SCORES),
    *(f"model_{name}" for name in _SCORES),
)
"""What a row of `drawn` holds. Moments in microseconds since 1970; scores by the model that the first decision was
made with, and by the one that was asked for, NULL where it has not scored the comment."""


def _drawn(model_id: int) -> Select[Any]:
    first, second, judge = aliased(DecisionRow), aliased(DecisionRow), aliased(DecisionRow)
    then, asked = aliased(ScoreRow), aliased(ScoreRow)
    columns = (
        *(SecondOpinionRow.rate, RoutingRow.audit, RoutingRow.rate, RoutingRow.day, RoutingRow.band),
        *(first.person, first.labels, first.outcome, first.blind, first.policy_id),
        *(second.person, second.labels, second.outcome, second.decided_at),
        *(judge.person, judge.labels, judge.outcome),
        *(getattr(then, name) for name in _SCORES),
        *(getattr(asked, name) for name in _SCORES),
    )
    return (
        select(*columns)
        .select_from(SecondOpinionRow)
        .join(first, first.id == SecondOpinionRow.first_id)
        .join(RoutingRow, RoutingRow.comment_id == SecondOpinionRow.comment_id)
        .outerjoin(second, and_(*_answers(second, Lane.SECOND)))
        .outerjoin(judge, and_(*_answers(judge, Lane.ADJUDICATION), judge.outcome != Outcome.ESCALATE.value))
        .outerjoin(then, and_(then.comment_id == SecondOpinionRow.comment_id, then.model_id == first.model_id))
        .outerjoin(asked, and_(asked.comment_id == SecondOpinionRow.comment_id, asked.model_id == model_id))
        .where(~_undone(first))
        .order_by(SecondOpinionRow.first_id)
    )


def _answers(decision: Any, lane: Lane) -> tuple[Any, ...]:
    """Conditions on an entry: it is what stands in the lane after the drawn decision."""
    return (
        decision.comment_id == SecondOpinionRow.comment_id,
        decision.id > SecondOpinionRow.first_id,
        decision.lane == lane.value,
        # not IS NULL: SQLite would take the index of revokes for telling
        func.coalesce(decision.revokes, 0) == 0,
        ~_undone(decision),
    )


def _undone(decision: Any) -> Any:
    undo = aliased(DecisionRow)
    return select(undo.id).where(undo.revokes == decision.id).exists()

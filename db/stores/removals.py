"""Counts of what the policy removed without review, and of how people decided its audited part."""

from dataclasses import dataclass

from sqlalchemy import Integer, case, cast, func, select
from sqlalchemy.orm import Session

from core.domain import Outcome
from db.models import DecisionRow, RoutingRow
from db.stores.decisions import is_effective


@dataclass(frozen=True, slots=True)
class RemovalStratum:
    """Comments removed without review under one audit rate."""

    removed: int
    audited: int
    decided: int
    """Of the audited ones."""
    right: int
    """Of the decided ones: people removed them too."""


class RemovalStore:
    """Reads only."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def strata(self, first_day: int, last_day: int) -> list[RemovalStratum]:
        """By band and audit rate, of comments that came in on these days, both included."""
        wanted = (RoutingRow.automatic, RoutingRow.day.between(first_day, last_day))
        stratum = (RoutingRow.band, RoutingRow.rate)
        sizes = select(*stratum, func.count(), func.sum(cast(RoutingRow.audit, Integer))).where(*wanted)
        latest = (
            select(func.max(DecisionRow.id))
            .join(RoutingRow, RoutingRow.comment_id == DecisionRow.comment_id)
            .where(*wanted, RoutingRow.audit, is_effective())
            .group_by(DecisionRow.comment_id)
        )
        removed = case((DecisionRow.outcome == Outcome.REMOVE.value, 1), else_=0)
        decided = (
            select(*stratum, func.count(), func.sum(removed))
            .join(DecisionRow, DecisionRow.comment_id == RoutingRow.comment_id)
            .where(DecisionRow.id.in_(latest))
        )
        found = {(b, r): (n, right) for b, r, n, right in self._session.execute(decided.group_by(*stratum))}
        rows = self._session.execute(sizes.group_by(*stratum))
        return [RemovalStratum(n, int(audited or 0), *found.get((b, r), (0, 0))) for b, r, n, audited in rows]

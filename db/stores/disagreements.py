"""Where a shadow model and the live model part: counts of all comments, and the comments themselves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.domain import LABELS
from db.models import DecisionRow, RoutingRow, to_micros
from db.quality_models import DisagreementRow, ShadowCountRow
from db.stores.bulk import put_rows
from db.stores.decisions import effective_decisions

ANY = len(LABELS)
"""`shadow_count.what` of whether any label is flagged; cells as of a label."""
DIFFERS = ANY + 1
"""Comments that the two treat differently, cell 0; those of them that were drawn, cell 1."""
FAILED = ANY + 2
"""Comments that the shadow model gives no scores for, cell 0."""


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A comment that the two treat differently."""

    comment_id: int
    live_id: int
    live_flags: int
    """Bit mask of the labels that the live model flags."""
    shadow_flags: int
    rate: float
    drawn: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """What people said of a drawn comment."""

    comment_id: int
    live_flags: int
    shadow_flags: int
    rate: float
    labels: int | None
    """Bit mask of the decision that holds; None while there is none."""
    state: str
    """core.domain.RoutingState."""
    lane: str | None


class DisagreementStore:
    """Never commits."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, shadow_id: int, found: Sequence[Disagreement], at: datetime) -> None:
        """Write disagreements, in order of comment."""
        rows = sorted(found, key=lambda one: one.comment_id)
        names = ("comment_id", "live_id", "live_flags", "shadow_flags", "rate", "drawn")
        columns = {name: [getattr(one, name) for one in rows] for name in names}
        columns |= {"shadow_id": [shadow_id] * len(rows), "seen_at": [to_micros(at)] * len(rows)}
        put_rows(self._session, DisagreementRow, columns)

    def count(self, shadow_id: int, counts: Mapping[tuple[int, int], int]) -> None:
        """Add to the counts by (what, cell)."""
        keys = sorted(key for key, many in counts.items() if many)
        columns = {
            "shadow_id": [shadow_id] * len(keys),
            "what": [what for what, _ in keys],
            "cell": [cell for _, cell in keys],
            "count": [counts[key] for key in keys],
        }
        if keys:
            put_rows(self._session, ShadowCountRow, columns, update=("count+",))

    def counts(self, shadow_id: int) -> dict[tuple[int, int], int]:
        """The counts by (what, cell)."""
        rows = select(ShadowCountRow.what, ShadowCountRow.cell, ShadowCountRow.count)
        found = self._session.execute(rows.where(ShadowCountRow.shadow_id == shadow_id))
        return {(what, cell): many for what, cell, many in found}

    def latest_by_band(self, shadow_id: int, limit: int) -> list[tuple[int, int, int]]:
        """(band, live flags, shadow flags) of the latest disagreements."""
        rows = (
            select(RoutingRow.band, DisagreementRow.live_flags, DisagreementRow.shadow_flags)
            .join(RoutingRow, RoutingRow.comment_id == DisagreementRow.comment_id)
            .where(DisagreementRow.shadow_id == shadow_id)
            .order_by(DisagreementRow.comment_id.desc())
            .limit(limit)
        )
        return [(band, live, shadow) for band, live, shadow in self._session.execute(rows)]

    def answers(self, shadow_id: int, limit: int) -> list[Answer]:
        """The newest drawn comments with what people said of them."""
        of_it = (DisagreementRow.shadow_id == shadow_id) & DisagreementRow.drawn
        drawn = select(DisagreementRow.comment_id).where(of_it).order_by(DisagreementRow.comment_id.desc()).limit(limit)
        newest = effective_decisions(DecisionRow.comment_id, func.max(DecisionRow.id).label("decision_id"))
        newest_of = newest.where(DecisionRow.comment_id.in_(drawn)).group_by(DecisionRow.comment_id).subquery("newest")
        rows = (
            select(DisagreementRow, DecisionRow.labels, RoutingRow.state, RoutingRow.lane)
            .join(RoutingRow, RoutingRow.comment_id == DisagreementRow.comment_id)
            .outerjoin(newest_of, newest_of.c.comment_id == DisagreementRow.comment_id)
            .outerjoin(DecisionRow, DecisionRow.id == newest_of.c.decision_id)
            .where(of_it)
            .order_by(DisagreementRow.comment_id.desc())
            .limit(limit)
        )
        return [
            Answer(row.comment_id, row.live_flags, row.shadow_flags, row.rate, labels, state, lane)
            for row, labels, state, lane in self._session.execute(rows)
        ]

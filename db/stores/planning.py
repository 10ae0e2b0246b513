"""What planning reads in bulk: audit items, times of decisions, routed comments with scores. It writes nothing."""

from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.domain import LABELS, Outcome
from db.models import DecisionRow, RoutingRow, ScoreRow

_SCORES = tuple(getattr(ScoreRow, label) for label in LABELS)


class PlanningStore:
    """Reads on one session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def audited(self, first_day: int, last_day: int, limit: int) -> NDArray[np.int64]:
        """Ids of the newest audit items that came in on these days, decided or not."""
        query = select(RoutingRow.comment_id).where(RoutingRow.audit, RoutingRow.day.between(first_day, last_day))
        return np.array(
            list(self._session.scalars(query.order_by(RoutingRow.comment_id.desc()).limit(limit))), np.int64
        )

    def timings(self, limit: int) -> list[tuple[str, float]]:
        """Lane and seconds on screen of the latest decisions that have a time."""
        query = (
            select(DecisionRow.lane, DecisionRow.seconds)
            .where(
                DecisionRow.seconds.is_not(None),
                func.coalesce(DecisionRow.revokes, 0) == 0,  # not IS NULL, see db.stores.decisions
                DecisionRow.outcome != Outcome.ESCALATE.value,
            )
            .order_by(DecisionRow.id.desc())
            .limit(limit)
        )
        return [(lane, float(seconds)) for lane, seconds in self._session.execute(query) if seconds is not None]

    def routed(self, model_id: int, first_day: int, last_day: int, limit: int) -> NDArray[np.float64]:
        """Rows (comment id, day, six scores) of the newest comments that came in then and the model scored, [n, 8]."""
        query = (
            select(RoutingRow.comment_id, RoutingRow.day, *_SCORES)
            .join(ScoreRow, (ScoreRow.comment_id == RoutingRow.comment_id) & (ScoreRow.model_id == model_id))
            .where(RoutingRow.day.between(first_day, last_day))
            .order_by(RoutingRow.comment_id.desc())
            .limit(limit)
        )
        return self._table(query, 2 + len(_SCORES))

    def _table(self, query: Any, columns: int) -> NDArray[np.float64]:
        # the driver's own rows: a Row object a row would double the time
        cursor = self._session.connection().execute(query).cursor
        rows = cursor.fetchall() if cursor else []
        return np.fromiter(chain.from_iterable(rows), np.float64).reshape(-1, columns)

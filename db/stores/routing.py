"""What the policy did with each comment."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, select
from sqlalchemy.orm import Session

from core.domain import Lane, RoutingState
from db.models import GoldenRow, RoutingRow, to_micros
from db.stores.bulk import in_chunks, put_rows


@dataclass(frozen=True, slots=True)
class Standing:
    """How a comment is routed at the moment."""

    comment_id: int
    state: RoutingState
    flagged: bool
    lane: Lane | None
    priority: float
    band: int
    audit: bool
    rate: float
    day: int
    automatic: bool = False
    """Removed without review."""


class RoutingStore:
    """Routing by comment. Band, audit, rate and day are written once.

    A comment that is settled, or was removed without review, stays as it is: policy and model are why.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def standing(self, comment_ids: Sequence[int]) -> dict[int, Standing]:
        """How those comments that were routed before stand; nobody else changes that until the transaction ends."""
        found: dict[int, Standing] = {}
        for ids in in_chunks(comment_ids):
            query = _all_standing().where(RoutingRow.comment_id.in_(ids)).order_by(RoutingRow.comment_id)
            rows = self._session.execute(query.with_for_update())
            found |= {row[0]: _standing(row) for row in rows}
        return found

    def list_flagged(self, after: int, limit: int, *, policy_id: int) -> list[Standing]:
        """Open items of the flagged lane that another policy routed, by comment id from `after` on, locked as above."""
        query = (
            _all_standing()
            .where(
                RoutingRow.state == RoutingState.OPEN,
                RoutingRow.comment_id > after,
                RoutingRow.lane == Lane.FLAGGED,
                RoutingRow.policy_id != policy_id,
            )
            .order_by(RoutingRow.comment_id)
            .limit(limit)
        )
        return [_standing(row) for row in self._session.execute(query.with_for_update())]

    def put(self, rows: Sequence[Standing], *, policy_id: int, model_id: int, at: datetime) -> None:
        """Write how comments are routed now. Of those routed before, only what may change, see above."""
        rows = sorted(rows, key=lambda row: row.comment_id)
        put_rows(
            self._session,
            RoutingRow,
            {
                "comment_id": [row.comment_id for row in rows],
                "policy_id": [policy_id] * len(rows),
                "model_id": [model_id] * len(rows),
                "state": [row.state.value for row in rows],
                "flagged": [row.flagged for row in rows],
                "lane": [row.lane.value if row.lane else None for row in rows],
                "priority": [row.priority for row in rows],
                "band": [row.band for row in rows],
                "audit": [row.audit for row in rows],
                "rate": [row.rate for row in rows],
                "day": [row.day for row in rows],
                "automatic": [row.automatic for row in rows],
                "routed_at": [to_micros(at)] * len(rows),
            },
            update=("policy_id", "model_id", "state", "flagged", "lane", "priority"),
            where=f"routing.state <> '{RoutingState.SETTLED.value}' AND NOT routing.automatic",
        )

    def golden(self, comment_ids: Sequence[int]) -> set[int]:
        """Those comments that are for evaluation only: never routed, never counted as traffic."""
        found: set[int] = set()
        for ids in in_chunks(comment_ids):
            found.update(self._session.scalars(select(GoldenRow.comment_id).where(GoldenRow.comment_id.in_(ids))))
        return found


_COLUMNS: tuple[Any, ...] = tuple(getattr(RoutingRow, name.name) for name in fields(Standing))


def _all_standing() -> Select[Any]:
    return select(*_COLUMNS)


def _standing(row: Row[Any]) -> Standing:
    comment_id, state, flagged, lane, *others = tuple(row)
    return Standing(comment_id, RoutingState(state), flagged, Lane(lane) if lane else None, *others)

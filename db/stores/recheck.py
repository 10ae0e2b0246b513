"""What finding wrong labels reads, and base data's way into the queue."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select, text
from sqlalchemy.orm import Session

from core.domain import NO_DAY, Lane, RoutingState
from db.models import CommentRow, DecisionRow, RoutingRow
from db.stores.bulk import in_chunks
from db.stores.comments import INTAKE_LOCK
from db.stores.datasets import DecidedComment, decided_comments
from db.stores.decisions import effective_decisions


@dataclass(frozen=True, slots=True)
class Held:
    """Where a comment stands, and the decision that holds for it."""

    state: str
    lane: str | None
    audit: bool
    decided_in: str | None
    """Lane of the decision; None without one."""
    labels: int | None
    """Its labels, as a bit mask."""


@dataclass(frozen=True, slots=True)
class BaseRow:
    """A row of base data on its way into the queue."""

    text: str
    """Storable."""
    digest: str
    """core.text.text_hash; its external id too."""
    priority: float


class RecheckStore:
    """Reads decided comments, and adds those that come from base data."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def newest_decided(self, limit: int) -> list[DecidedComment]:
        """Comments with the decision that holds, newest comment first."""
        rows = decided_comments().order_by(CommentRow.id.desc()).limit(limit)
        return [DecidedComment(*row) for row in self._session.execute(rows)]

    def texts(self, comment_ids: Sequence[int]) -> dict[int, str]:
        """The comments' texts."""
        found: dict[int, str] = {}
        for ids in in_chunks(comment_ids):
            rows = select(CommentRow.id, CommentRow.text).where(CommentRow.id.in_(ids))
            found.update((id_, body) for id_, body in self._session.execute(rows))
        return found

    def base_ids(self, source: str, digests: Sequence[str]) -> dict[str, int]:
        """Comments of the source by external id, those that exist."""
        found: dict[str, int] = {}
        for at in range(0, len(digests), 5_000):
            rows = select(CommentRow.external_id, CommentRow.id).where(
                CommentRow.source == source, CommentRow.external_id.in_(digests[at : at + 5_000])
            )
            found.update((external_id, id_) for external_id, id_ in self._session.execute(rows))
        return found

    def held(self, comment_ids: Sequence[int]) -> dict[int, Held]:
        """Where routed comments stand."""
        found: dict[int, Held] = {}
        for ids in in_chunks(comment_ids):
            newest = effective_decisions(DecisionRow.comment_id, func.max(DecisionRow.id).label("decision_id"))
            holds = newest.where(DecisionRow.comment_id.in_(ids)).group_by(DecisionRow.comment_id).subquery()
            columns: tuple[Any, ...] = (RoutingRow.state, RoutingRow.lane, RoutingRow.audit, DecisionRow.lane)
            rows = (
                select(RoutingRow.comment_id, *columns, DecisionRow.labels)
                .outerjoin(holds, holds.c.comment_id == RoutingRow.comment_id)
                .outerjoin(DecisionRow, DecisionRow.id == holds.c.decision_id)
                .where(RoutingRow.comment_id.in_(ids))
            )
            for row in self._session.execute(rows):
                comment_id, *others = tuple(row)
                found[comment_id] = Held(*others)
        return found

    def add_base(
        self, rows: Sequence[BaseRow], source: str, *, model_id: int, policy_id: int, at: datetime
    ) -> set[int]:
        """Add rows of base data that are new, open in the recheck lane; the ids of those.

        They wait for no scores, and their day is no day of traffic: no stratum, histogram or sample holds them.
        """
        if self._session.get_bind().dialect.name == "postgresql":
            lock = text("SELECT pg_advisory_xact_lock(:key, hashtext(:source))")
            self._session.execute(lock, {"key": INTAKE_LOCK, "source": source})
        known = self.base_ids(source, [row.digest for row in rows])
        new = {row.digest: row for row in rows if row.digest not in known}
        if not new:
            return set()
        values = [
            {"text": row.text, "text_hash": row.digest, "source": source, "external_id": digest, "added_at": at}
            for digest, row in new.items()
        ]
        self._session.execute(insert(CommentRow), values)
        ids = self.base_ids(source, list(new))
        routed = [_waiting(ids[digest], row.priority, (model_id, policy_id), at) for digest, row in new.items()]
        self._session.execute(insert(RoutingRow), routed)
        return set(ids.values())


def _waiting(comment_id: int, priority: float, versions: tuple[int, int], at: datetime) -> dict[str, object]:
    model_id, policy_id = versions
    return {
        "comment_id": comment_id,
        "policy_id": policy_id,
        "model_id": model_id,
        "state": RoutingState.OPEN.value,
        "flagged": False,
        "lane": Lane.RECHECK.value,
        "priority": priority,
        "band": 0,
        "audit": False,
        "rate": 0.0,
        "automatic": False,
        "day": NO_DAY,
        "routed_at": at,
    }

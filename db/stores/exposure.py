"""What one person has had before their eyes: their own entries of the ledger, with the scores that were shown."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger, func, or_, select, type_coerce
from sqlalchemy.orm import Session

from core.domain import LABELS
from db.models import DecisionRow, ScoreRow, from_micros, to_micros
from db.people_models import AuditEventRow

_SCORES = tuple(getattr(ScoreRow, label) for label in LABELS)


@dataclass(frozen=True, slots=True)
class SeenRow:
    """One comment that was on the screen when it was decided."""

    comment_id: int
    at: int
    """Microseconds since 1970."""
    labels: int
    """Bit mask of what the person decided."""
    seconds: float
    policy_id: int | None
    scores: tuple[float, ...] | None
    """What was shown; None for blind items, and where there were none."""


class ExposureStore:
    """Reads of one session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def seen(self, person: str, since: datetime) -> list[SeenRow]:
        """The person's acts since then, undone ones too, oldest first; of those of one key press, the one shown."""
        moment = type_coerce(DecisionRow.decided_at, BigInteger)
        first = select(func.min(DecisionRow.id)).where(DecisionRow.decided_at >= since).scalar_subquery()
        # + 0: found by comment, not by model, of which there are as many as comments
        shown = (ScoreRow.comment_id == DecisionRow.comment_id) & (ScoreRow.model_id + 0 == DecisionRow.model_id)
        query = (
            select(
                DecisionRow.comment_id, moment, DecisionRow.labels, func.coalesce(DecisionRow.seconds, 0.0),
                DecisionRow.policy_id, *_SCORES,
            )
            .outerjoin(ScoreRow, shown & ~DecisionRow.blind)
            .where(DecisionRow.person == person, DecisionRow.id >= first, func.coalesce(DecisionRow.revokes, 0) == 0)
            .where(or_(DecisionRow.batch.is_(None), DecisionRow.batch == DecisionRow.client_id))
            .order_by(DecisionRow.id)
        )  # fmt: skip
        rows = self._session.execute(query)
        return [
            SeenRow(comment_id, at, labels, seconds, policy_id, None if scores[0] is None else tuple(scores))
            for comment_id, at, labels, seconds, policy_id, *scores in rows
        ]

    def moments(self, person: str, since: datetime) -> list[tuple[datetime, float]]:
        """When each of these acts was made, and its seconds; newest first."""
        moment = type_coerce(DecisionRow.decided_at, BigInteger)
        query = select(moment, func.coalesce(DecisionRow.seconds, 0.0)).where(DecisionRow.person == person)
        query = query.where(func.coalesce(DecisionRow.revokes, 0) == 0).order_by(DecisionRow.id.desc()).limit(_MOST)
        found: list[tuple[datetime, float]] = []
        for at, seconds in self._session.execute(query):
            if at < to_micros(since):
                break
            found.append((from_micros(at), seconds))
        return found

    def reveals(self, person: str, what: str, since: datetime) -> list[tuple[datetime, Sequence[int]]]:
        """The person's own events of the kind in the audit trail since then, newest first, with their comments."""
        query = select(AuditEventRow.at, AuditEventRow.details).where(
            AuditEventRow.person == person, AuditEventRow.what == what
        )
        found: list[tuple[datetime, Sequence[int]]] = []
        for at, details in self._session.execute(query.order_by(AuditEventRow.id.desc()).limit(_MOST)):
            if at < since:
                break
            found.append((at, details.get("comments") or []))
        return found


_MOST = 20_000
"""Rows that are looked at for one person: some weeks of a quick one."""

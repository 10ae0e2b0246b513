"""A review queue made by hand: comments, scores and routing put straight into the database, no worker needed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import insert, select, text

from core.domain import Lane, RoutingState, now
from core.labels import LABELS
from core.text import storable, text_hash
from db.models import CommentRow, GoldenRow, ModelVersionRow, PolicyRow, RoutingRow, ScoreRow
from db.session import Sessions

CLEAN = (0.02,) * 6
TOXIC = (0.91, 0.08, 0.55, 0.03, 0.71, 0.04)
"""Over the thresholds of toxic, obscene and insult; not severe."""
SEVERE = (0.99, 0.72, 0.88, 0.81, 0.93, 0.35)
THRESHOLDS = (0.5,) * 6


@dataclass(frozen=True)
class Waiting:
    """One comment that waits."""

    text: str
    lane: Lane = Lane.FLAGGED
    scores: Sequence[float] = TOXIC
    priority: float = 0.0
    author: str | None = None
    thread: str | None = None
    parent: str | None = None
    golden: bool = False


def fill_queue(
    sessions: Sessions, waiting: Sequence[Waiting], source: str = "test", second_rate: float = 0.0
) -> list[int]:
    """Add the comments; returns their ids, in order. The k-th one's external_id is c<k>.

    The policy, if there is none yet, draws second opinions at this rate.
    """
    at = now()
    with sessions.begin() as session:
        model_id, policy_id = _model(session), _policy(session, second_rate)
        first = session.scalar(select(CommentRow.id).order_by(CommentRow.id.desc()).limit(1)) or 0
        ids = [first + 1 + k for k in range(len(waiting))]
        rows = list(zip(ids, waiting, strict=True))
        _add(session, CommentRow, [_comment(i, w, source, at) for i, w in rows])
        _add(session, GoldenRow, [{"comment_id": i, "labels": 1} for i, w in rows if w.golden])
        _add(session, ScoreRow, [_score(i, w, model_id, at) for i, w in rows])
        _add(session, RoutingRow, [_routing(i, w, model_id, policy_id, at) for i, w in rows])
        if session.get_bind().dialect.name == "postgresql":  # the ids above came from here, not from its sequence
            session.execute(text("SELECT setval(pg_get_serial_sequence('comment', 'id'), :id)"), {"id": ids[-1]})
    return ids


def flagged(count: int, **options) -> list[Waiting]:
    """Flagged comments, each of another text, in order of priority."""
    return [Waiting(f"Comment number {k} says something rude", priority=k / count, **options) for k in range(count)]


def _add(session, table, rows) -> None:
    if rows:
        session.execute(insert(table), rows)


def _model(session) -> int:
    found = session.scalar(select(ModelVersionRow.id).where(ModelVersionRow.stage == "live"))
    return found or session.scalar(
        insert(ModelVersionRow)
        .values(name="by-hand", kind="none", path="nowhere", sha256="0", stage="live", metrics={}, created_at=now())
        .returning(ModelVersionRow.id)
    )


def _policy(session, second_rate: float) -> int:
    found = session.scalar(select(PolicyRow.id).where(PolicyRow.active, PolicyRow.created_by == "by hand"))
    if found:
        return found
    active = session.scalar(select(PolicyRow).where(PolicyRow.active))
    if active:
        return active.id
    return session.scalar(
        insert(PolicyRow)
        .values(thresholds=list(THRESHOLDS), audit_rates=[0.1] * 5, active=True, created_at=now(),
                created_by="by hand", reason="test", second_rate=second_rate)
        .returning(PolicyRow.id)
    )  # fmt: skip


def _comment(comment_id, waiting, source, at) -> dict[str, object]:
    text = storable(waiting.text)
    return {
        "id": comment_id, "text": text, "text_hash": text_hash(text), "source": source,
        "external_id": f"c{comment_id}", "author": waiting.author, "thread": waiting.thread,
        "parent": waiting.parent, "created_at": datetime(2026, 1, 1, tzinfo=UTC), "added_at": at,
    }  # fmt: skip


def _score(comment_id, waiting, model_id, at) -> dict[str, object]:
    columns = dict(zip(LABELS, waiting.scores, strict=True))
    return {"comment_id": comment_id, "model_id": model_id, "scored_at": at, **columns}


def _routing(comment_id, waiting, model_id, policy_id, at) -> dict[str, object]:
    return {
        "comment_id": comment_id, "policy_id": policy_id, "model_id": model_id, "state": RoutingState.OPEN.value,
        "flagged": True, "lane": waiting.lane.value, "priority": waiting.priority, "band": 4,
        "audit": waiting.lane is Lane.AUDIT, "rate": 0.1, "day": (at - datetime(1970, 1, 1, tzinfo=UTC)).days,
        "routed_at": at,
    }  # fmt: skip

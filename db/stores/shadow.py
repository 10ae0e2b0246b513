"""Shadow models: which one runs, what it has still to score, where it and the live model disagree."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.orm import Session

from db.models import CommentRow, ModelVersionRow, RoutingRow, ScoreRow, to_micros
from db.quality_models import ShadowPendingRow, ShadowRow
from db.stores.bulk import in_chunks, put_rows
from db.stores.scores import ScoreStore
from db.stores.traffic import TrafficStore

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Shadow:
    """A span of time in which a challenger scores all new traffic without routing it."""

    id: int
    model_id: int
    model: str
    """The challenger's name."""
    rate: float
    """Share of disagreements that is drawn for people."""
    person: str
    started_at: datetime
    ended_at: datetime | None
    problem: str | None
    """Why it cannot score; None while it can."""


@dataclass(frozen=True, slots=True)
class ShadowLease:
    """A batch that one worker holds."""

    shadow_id: int
    worker: str
    until: datetime
    size: int


class ShadowStore:
    """Spans and what they have still to score; never commits."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def get_running(self) -> Shadow | None:
        """The span that runs, or None."""
        return self._one(ShadowRow.ended_at.is_(None))

    def latest(self, model_id: int | None = None) -> Shadow | None:
        """The newest span, of this model or of any, running or ended."""
        return self._one(*([] if model_id is None else [ShadowRow.model_id == model_id]))

    def holds(self, shadow_id: int) -> bool:
        """Whether the span runs; then it cannot end before this transaction does."""
        query = select(ShadowRow.id).where(ShadowRow.id == shadow_id, ShadowRow.ended_at.is_(None))
        return self._session.scalar(query.with_for_update(read=True)) is not None

    def start(self, model_id: int, *, rate: float, person: str, at: datetime) -> None:
        """Begin a span."""
        self._session.add(ShadowRow(model_id=model_id, rate=rate, person=person, started_at=at))
        self._session.flush()

    def set_problem(self, shadow_id: int, problem: str | None) -> None:
        """Note why it cannot score, or that it can."""
        self._session.execute(update(ShadowRow).where(ShadowRow.id == shadow_id).values(problem=problem))

    def queue(self, comment_ids: Sequence[int], at: datetime) -> None:
        """Let comments that are routed at this moment wait for the shadow model, in the transaction that routes them.

        Not for one that was started after the moment: so `ScoreStore.counted` can tell by the two.
        """
        running = select(ShadowRow.id).where(ShadowRow.ended_at.is_(None), ShadowRow.started_at <= at)
        ids = sorted(comment_ids)
        for shadow_id in self._session.scalars(running.with_for_update(read=True)).all():
            columns = {"shadow_id": [shadow_id] * len(ids), "comment_id": ids, "lease_until": [0] * len(ids)}
            put_rows(self._session, ShadowPendingRow, columns)

    def end(self, model_id: int, at: datetime) -> None:
        """End the model's running span, if there is one, and let go of what it has not scored.

        What is let go but has the model's scores from elsewhere (a comparison by the gate) counts as its traffic now,
        so that the rule of `ScoreStore.counted` holds without exception.
        """
        running = select(ShadowRow.id).where(ShadowRow.model_id == model_id, ShadowRow.ended_at.is_(None))
        shadow_id = self._session.scalar(running.with_for_update())
        if shadow_id is None:
            return
        self._session.execute(update(ShadowRow).where(ShadowRow.id == shadow_id).values(ended_at=at, problem=None))
        self._count_known(shadow_id, model_id)
        self._session.execute(delete(ShadowPendingRow).where(ShadowPendingRow.shadow_id == shadow_id))

    def _count_known(self, shadow_id: int, model_id: int) -> None:
        known = (
            select(RoutingRow.comment_id, RoutingRow.day)
            .join(ShadowPendingRow, ShadowPendingRow.comment_id == RoutingRow.comment_id)
            .join(ScoreRow, (ScoreRow.comment_id == RoutingRow.comment_id) & (ScoreRow.model_id == model_id))
            .where(ShadowPendingRow.shadow_id == shadow_id)
        )
        found = self._session.execute(known).all()
        if found:
            ids, days = zip(*found, strict=True)
            scores = ScoreStore(self._session).matrix(list(ids), model_id)
            TrafficStore(self._session).add_scores(np.array(days, np.int64), scores, model_id)

    def waiting(self, shadow_id: int) -> tuple[int, datetime | None]:
        """How many comments wait for its scores, and when the first of them was routed."""
        of_it = ShadowPendingRow.shadow_id == shadow_id
        count, first = self._session.execute(
            select(func.count(), func.min(ShadowPendingRow.comment_id)).where(of_it)
        ).one()
        routed = select(RoutingRow.routed_at).where(RoutingRow.comment_id == first)
        return count, self._session.scalar(routed) if count else None

    def lease(self, shadow_id: int, worker: str, limit: int, *, now: datetime, until: datetime) -> ShadowLease:
        """Take up to `limit` comments for the worker, free ones or those whose holder died; never waits for another."""
        chosen = (
            select(ShadowPendingRow.comment_id)
            .where(ShadowPendingRow.shadow_id == shadow_id, ShadowPendingRow.lease_until < to_micros(now))
            .order_by(ShadowPendingRow.lease_until, ShadowPendingRow.comment_id)
            .limit(limit)
            .with_for_update(skip_locked=True)
            .cte("chosen")
        )
        taken = (
            update(ShadowPendingRow)
            .where(
                ShadowPendingRow.shadow_id == shadow_id,
                ShadowPendingRow.comment_id.in_(select(chosen.c.comment_id)),
            )
            .values(lease_until=to_micros(until), worker=worker)
            .returning(ShadowPendingRow.comment_id)
        )
        found = self._session.scalars(taken, execution_options={"synchronize_session": False}).all()
        return ShadowLease(shadow_id, worker, until, len(found))

    def texts(self, lease: ShadowLease) -> list[tuple[int, str]]:
        """(comment id, text) of what the lease still holds, by id."""
        rows = (
            select(CommentRow.id, CommentRow.text)
            .join(ShadowPendingRow, ShadowPendingRow.comment_id == CommentRow.id)
            .where(_held_by(lease))
            .order_by(CommentRow.id)
        )
        return [(id_, text) for id_, text in self._session.execute(rows)]

    def finish(self, lease: ShadowLease) -> set[int]:
        """Take what the lease still holds off the list, for good; returns those ids."""
        gone = delete(ShadowPendingRow).where(_held_by(lease)).returning(ShadowPendingRow.comment_id)
        return set(self._session.scalars(gone))

    def release(self, lease: ShadowLease) -> None:
        """Give back what the lease still holds."""
        self._session.execute(update(ShadowPendingRow).where(_held_by(lease)).values(lease_until=0, worker=None))

    def placed(self, comment_ids: Collection[int]) -> dict[int, tuple[int, int]]:
        """Day of traffic and the model whose scores routed it, by comment."""
        found: dict[int, tuple[int, int]] = {}
        for ids in in_chunks(sorted(comment_ids)):
            rows = select(RoutingRow.comment_id, RoutingRow.day, RoutingRow.model_id)
            found |= {
                i: (day, model) for i, day, model in self._session.execute(rows.where(RoutingRow.comment_id.in_(ids)))
            }
        return found

    def _one(self, *conditions: ColumnElement[bool]) -> Shadow | None:
        query = select(ShadowRow, ModelVersionRow.name).join(ModelVersionRow, ModelVersionRow.id == ShadowRow.model_id)
        found = self._session.execute(query.where(*conditions).order_by(ShadowRow.id.desc()).limit(1)).first()
        return _shadow(*found) if found else None


def _held_by(lease: ShadowLease) -> ColumnElement[bool]:
    return (
        (ShadowPendingRow.shadow_id == lease.shadow_id)
        & (ShadowPendingRow.lease_until == to_micros(lease.until))
        & (ShadowPendingRow.worker == lease.worker)
    )


def _shadow(row: ShadowRow, model: str) -> Shadow:
    values: dict[str, Any] = {name: getattr(row, name) for name in ("id", "model_id", "rate", "person", "started_at")}
    return Shadow(model=model, ended_at=row.ended_at, problem=row.problem, **values)

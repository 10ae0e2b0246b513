"""Messages of webhooks: made from the ledger, leased, sent, and what became of them."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, case, delete, func, insert, or_, select, update
from sqlalchemy.orm import Session, aliased

from core.domain import Lane, Outcome
from db.models import CommentRow, DecisionRow, ModelVersionRow, from_micros
from db.webhook_models import WebhookDeliveryRow as Row

_EXTERNAL_ID = case((CommentRow.text != "", CommentRow.external_id))
"""What a comment is called where it came from; NULL once it is erased."""
WAITING, DELIVERED, FAILED = "waiting", "delivered", "failed"


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the ledger, as far as it tells which event it is."""

    id: int
    comment_id: int
    source: str
    outcome: str
    lane: str
    revokes: int | None


@dataclass(frozen=True, slots=True)
class Holding:
    """The decision that held for a comment after another was taken back."""

    decision_id: int
    outcome: str
    labels: int


@dataclass(frozen=True, slots=True)
class Message:
    """One message on its way, with what its body says."""

    id: int
    webhook_id: int
    message_id: str
    event: str
    comment_id: int
    source: str
    external_id: str | None
    """None once the comment is erased."""
    decision_id: int | None
    labels: int
    """Bit mask."""
    outcome: str
    lane: str | None
    blind: bool
    person: str | None
    at: datetime
    model: str | None
    """The model version's name."""
    policy: int | None
    revokes: int | None
    holds: Holding | None
    tries: int
    """Attempts before this one."""
    first_tried_at: datetime | None


@dataclass(frozen=True, slots=True)
class Failure:
    """A message that was given up."""

    id: int
    event: str
    comment_id: int
    external_id: str | None
    """None once the comment is erased."""
    decision_id: int | None
    tries: int
    created_at: datetime
    ended_at: datetime
    """When it was given up."""
    problem: str


class MessageStore:
    """Messages of one session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def entries_after(self, cursor: int, limit: int) -> list[Entry]:
        """The ledger's entries after this one, in order."""
        columns = (DecisionRow.id, DecisionRow.comment_id, CommentRow.source, DecisionRow.outcome)
        query = (
            select(*columns, DecisionRow.lane, DecisionRow.revokes)
            .join(CommentRow, CommentRow.id == DecisionRow.comment_id)
            .where(DecisionRow.id > cursor)
            .order_by(DecisionRow.id)
            .limit(limit)
        )
        return [Entry(*row) for row in self._session.execute(query)]

    def sources(self, comment_ids: Collection[int]) -> dict[int, str]:
        """Where comments came from, by id."""
        query = select(CommentRow.id, CommentRow.source).where(CommentRow.id.in_(comment_ids))
        return {id_: source for id_, source in self._session.execute(query)}

    def add(self, rows: Iterable[dict[str, Any]], *, at: datetime) -> None:
        """Let messages wait; the dicts hold webhook_id, message_id, event, comment_id, decision_id and facts."""
        plain = {"state": WAITING, "tries": 0, "created_at": at, "next_at": at}
        if made := [{**plain, **row} for row in rows]:
            self._session.execute(insert(Row), made)

    def lease(self, webhook_id: int, limit: int, token: str, *, now: datetime, until: datetime) -> list[Message]:
        """Take up to `limit` due messages of a webhook that the caller has taken, in the order in which they came due.

        No two about one comment are under way at once, so that a decision arrives before its revocation.
        """
        leased = select(Row.id, Row.comment_id, Row.next_at).where(Row.webhook_id == webhook_id)
        known = self._session.execute(leased.where(Row.lease.is_not(None)).order_by(Row.id)).all()
        taken = [comment_id for _, comment_id, end in known if end > now]
        lapsed = [(id_, comment_id) for id_, comment_id, end in known if end <= now]
        room = limit - len(taken)
        if room <= 0:
            return []
        free = (Row.webhook_id == webhook_id, Row.state == WAITING, Row.lease.is_(None), Row.next_at <= now)
        due = select(Row.id, Row.comment_id).where(*free).order_by(Row.next_at, Row.id).limit(limit * 8)
        chosen: list[int] = []
        for id_, comment_id in [*lapsed, *self._session.execute(due)]:
            if comment_id not in taken and len(chosen) < room:
                chosen.append(id_)
                taken.append(comment_id)
        if chosen:
            self._session.execute(update(Row).where(Row.id.in_(chosen)).values(lease=token, next_at=until))
        return self._messages(chosen)

    def finish(self, message_id: int, token: str, **values: Any) -> bool:
        """Write down what became of a leased message; False if its lease went to another, and nothing is written."""
        held = update(Row).where(Row.id == message_id, Row.lease == token, Row.state == WAITING)
        done = self._session.execute(held.values(lease=None, **values).returning(Row.id))
        return done.first() is not None

    def delivered(self, message_id: int, *, at: datetime, tries: int) -> None:
        """The receiver has it, whoever holds the lease by now."""
        done = update(Row).where(Row.id == message_id)
        self._session.execute(done.values(state=DELIVERED, lease=None, ended_at=at, tries=tries, problem=None))

    def release(self, token: str) -> None:
        """Give back every message that the token still holds: it is due at once, before what came later."""
        held = update(Row).where(Row.lease == token)
        self._session.execute(held.values(lease=None, next_at=Row.created_at))

    def hurry(self, webhook_id: int, *, at: datetime) -> None:
        """Let all that waits be due: the receiver is back."""
        waiting = (Row.webhook_id == webhook_id, Row.state == WAITING, Row.lease.is_(None), Row.next_at > at)
        self._session.execute(update(Row).where(*waiting).values(next_at=at))

    def give_up(self, webhook_id: int, problem: str, *, before: datetime, at: datetime) -> int:
        """Move what has waited since before that moment to the failures; returns how many."""
        free = or_(Row.lease.is_(None), Row.next_at <= at)
        old = (Row.webhook_id == webhook_id, Row.state == WAITING, free, Row.created_at <= before)
        ended = update(Row).where(*old).values(state=FAILED, lease=None, ended_at=at, problem=problem).returning(Row.id)
        return len(self._session.scalars(ended, execution_options={"synchronize_session": False}).all())

    def resend(self, webhook_id: int, ids: Collection[int] | None, *, at: datetime) -> int:
        """Let failed messages, or all of them, wait anew; returns how many."""
        failed: list[ColumnElement[bool]] = [Row.webhook_id == webhook_id, Row.state == FAILED]
        failed += [Row.id.in_(ids)] if ids is not None else []
        # created_at too: what waits since before a failing day would be given up at once
        anew = {"state": WAITING, "tries": 0, "first_tried_at": None, "ended_at": None, "created_at": at}
        changed = update(Row).where(*failed).values(next_at=at, **anew).returning(Row.id)
        return len(self._session.scalars(changed, execution_options={"synchronize_session": False}).all())

    def failures(self, webhook_id: int, limit: int) -> list[Failure]:
        """The latest messages that were given up."""
        query = (
            select(Row, _EXTERNAL_ID)
            .join(CommentRow, CommentRow.id == Row.comment_id)
            .where(Row.webhook_id == webhook_id, Row.state == FAILED)
            .order_by(Row.id.desc())
            .limit(limit)
        )
        return [_failure(row, external_id) for row, external_id in self._session.execute(query)]

    def prune(self, state: str, *, before: datetime, limit: int) -> int:
        """Delete up to `limit` messages that ended so before that moment; returns how many."""
        old = select(Row.id).where(Row.state == state, Row.ended_at < before).limit(limit)
        gone = self._session.execute(delete(Row).where(Row.id.in_(list(self._session.scalars(old)))).returning(Row.id))
        return len(gone.all())

    def has_due(self, webhook_id: int, *, now: datetime) -> bool:
        """Whether a message of the webhook is due."""
        due = select(Row.id).where(Row.webhook_id == webhook_id, Row.state == WAITING, Row.next_at <= now)
        return self._session.scalar(due.limit(1)) is not None

    def _messages(self, ids: Sequence[int]) -> list[Message]:
        if not ids:
            return []
        query = (
            select(Row, CommentRow.source, _EXTERNAL_ID, DecisionRow, ModelVersionRow.name)
            .join(CommentRow, CommentRow.id == Row.comment_id)
            .outerjoin(DecisionRow, DecisionRow.id == Row.decision_id)
            .outerjoin(ModelVersionRow, ModelVersionRow.id == DecisionRow.model_id)
            .where(Row.id.in_(ids))
            .order_by(Row.id)
        )
        return [
            Message(
                id=row.id,
                webhook_id=row.webhook_id,
                message_id=row.message_id,
                event=row.event,
                comment_id=row.comment_id,
                source=source,
                external_id=external_id,
                tries=row.tries,
                first_tried_at=row.first_tried_at,
                **(self._decided(decision, model) if decision else self._removed(row.facts)),
            )
            for row, source, external_id, decision, model in self._session.execute(query)
        ]

    def _decided(self, decision: DecisionRow, model: str | None) -> dict[str, Any]:
        return {
            "decision_id": decision.id,
            "labels": decision.labels,
            "outcome": decision.outcome,
            "lane": decision.lane,
            "blind": decision.blind,
            "person": decision.person,
            "at": decision.decided_at,
            "model": model,
            "policy": decision.policy_id,
            "revokes": decision.revokes,
            "holds": self._holding(decision) if decision.revokes else None,
        }

    def _removed(self, facts: dict[str, Any]) -> dict[str, Any]:
        nobody = dict.fromkeys(("decision_id", "lane", "person", "revokes", "holds"))
        model = select(ModelVersionRow.name).where(ModelVersionRow.id == facts["model"])
        return {
            **nobody,
            "labels": facts["labels"],
            "outcome": Outcome.REMOVE.value,
            "blind": False,
            "at": from_micros(facts["at"]),
            "model": self._session.scalar(model),
            "policy": facts["policy"],
        }

    def _holding(self, revoker: DecisionRow) -> Holding | None:
        """What held right after this entry: its newest effective decision as of then, so the same whenever asked."""
        later = aliased(DecisionRow)
        revoked = select(later.id).where(later.revokes == DecisionRow.id, later.id <= revoker.id).exists()
        query = (
            select(DecisionRow.id, DecisionRow.outcome, DecisionRow.labels)
            .where(DecisionRow.comment_id == revoker.comment_id, DecisionRow.id < revoker.id)
            .where(func.coalesce(DecisionRow.revokes, 0) == 0, ~revoked)
            .where(DecisionRow.outcome != Outcome.ESCALATE.value, DecisionRow.lane != Lane.SECOND.value)
            .order_by(DecisionRow.id.desc())
            .limit(1)
        )
        found = self._session.execute(query).first()
        return Holding(*found) if found else None


def _failure(row: Row, external_id: str | None) -> Failure:
    return Failure(
        id=row.id,
        event=row.event,
        comment_id=row.comment_id,
        external_id=external_id,
        decision_id=row.decision_id,
        tries=row.tries,
        created_at=row.created_at,
        ended_at=row.ended_at or row.created_at,
        problem=row.problem or "",
    )

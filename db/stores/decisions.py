"""The ledger: append-only decisions, and which of them count."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Subquery, func, insert, select, text
from sqlalchemy.orm import Session, aliased

from core.domain import Decision, Lane, Outcome, pack_labels, unpack_labels
from db.models import CommentRow, DecisionRow

_LOCK = 8_501_002
"""Key of PostgreSQL's advisory lock around an append: id order is then commit order, and folds may read by id."""


def is_revoked() -> ColumnElement[bool]:
    """Condition on DecisionRow: another entry takes it back."""
    revoker = aliased(DecisionRow)
    return select(revoker.id).where(revoker.revokes == DecisionRow.id).correlate(DecisionRow).exists()


def is_standing() -> ColumnElement[bool]:
    """Condition on DecisionRow: an act of a person, escalations too, that nobody took back."""
    # not IS NULL: SQLite would take the unique index of revokes for telling, and walk nearly the whole ledger
    return (func.coalesce(DecisionRow.revokes, 0) == 0) & ~is_revoked()


def is_effective() -> ColumnElement[bool]:
    """Condition on DecisionRow: it says what the comment is.

    Neither revoked, nor a revocation, nor an escalation, nor a second opinion, which is there to be compared.
    """
    says = (DecisionRow.outcome != Outcome.ESCALATE.value) & (DecisionRow.lane != Lane.SECOND.value)
    return is_standing() & says


def effective_decisions(*columns: Any) -> Select[Any]:
    """Select these columns of every effective decision: `effective_decisions(DecisionRow.id, DecisionRow.labels)`."""
    return select(*columns).where(is_effective())


def latest_effective() -> Subquery:
    """Columns comment_id, decision_id: each decided comment with the effective decision that holds, its newest."""
    found = effective_decisions(DecisionRow.comment_id, func.max(DecisionRow.id).label("decision_id"))
    return found.group_by(DecisionRow.comment_id).subquery("latest_effective")


def decision_of(row: DecisionRow) -> Decision:
    """The domain value of a row."""
    return Decision(
        id=row.id,
        client_id=row.client_id,
        comment_id=row.comment_id,
        person=row.person,
        decided_at=row.decided_at,
        labels=unpack_labels(row.labels),
        outcome=Outcome(row.outcome),
        lane=Lane(row.lane),
        blind=row.blind,
        seconds=row.seconds,
        note=row.note,
        model_id=row.model_id,
        policy_id=row.policy_id,
        revokes=row.revokes,
        batch=row.batch,
    )


class DecisionStore:
    """Reads and appends; never changes an entry."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def lock(self) -> None:
        """Let nobody else append until this transaction ends. The first thing in every transaction that appends."""
        if self._session.get_bind().dialect.name == "postgresql":
            self._session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})

    def append(self, decisions: Iterable[Decision]) -> None:
        """Add entries. Their ids are ignored: the database numbers them."""
        rows = [_row_of(decision) for decision in decisions]
        if rows:
            self._session.execute(insert(DecisionRow), rows)

    def get_by_client_id(self, client_id: UUID) -> Decision | None:
        """The entry that one key press made."""
        return self._one(select(DecisionRow).where(DecisionRow.client_id == client_id))

    def list_of(self, comment_id: int) -> list[Decision]:
        """The comment's whole history, revocations too, oldest first."""
        found = select(DecisionRow).where(DecisionRow.comment_id == comment_id).order_by(DecisionRow.id)
        return [decision_of(row) for row in self._session.scalars(found)]

    def get_standing(self, comment_id: int) -> Decision | None:
        """The comment's newest act that nobody took back, escalations too."""
        found = select(DecisionRow).where(DecisionRow.comment_id == comment_id, is_standing())
        return self._one(found.order_by(DecisionRow.id.desc()).limit(1))

    def get_effective(self, comment_id: int) -> Decision | None:
        """The decision that holds for the comment."""
        found = select(DecisionRow).where(DecisionRow.comment_id == comment_id, is_effective())
        return self._one(found.order_by(DecisionRow.id.desc()).limit(1))

    def standing(self, comment_ids: Collection[int]) -> dict[int, Decision]:
        """The same for many, by comment."""
        found = select(DecisionRow).where(DecisionRow.comment_id.in_(comment_ids), is_standing())
        return {row.comment_id: decision_of(row) for row in self._session.scalars(found.order_by(DecisionRow.id))}

    def last_of(self, person: str) -> Decision | None:
        """The person's newest act that still stands: what the next undo takes back."""
        found = select(DecisionRow).where(DecisionRow.person == person, is_standing())
        return self._one(found.order_by(DecisionRow.id.desc()).limit(1))

    def batch_of(self, decision: Decision) -> list[Decision]:
        """The acts that still stand of the key press that made this one, which is the first of them.

        They are looked for among what the person did since: nothing else finds a batch without reading the ledger.
        """
        found = select(DecisionRow).where(
            DecisionRow.person == decision.person,
            DecisionRow.id >= decision.id,
            DecisionRow.batch == decision.batch,
            is_standing(),
        )
        return [decision_of(row) for row in self._session.scalars(found.order_by(DecisionRow.id))]

    def stands(self, entry_id: int) -> bool:
        """Whether nobody took the entry back."""
        return self._session.scalar(select(DecisionRow.id).where(DecisionRow.revokes == entry_id)) is None

    def seconds_since(self, person: str, since: datetime) -> list[float | None]:
        """Seconds on screen of each of the person's standing acts since then; None where not measured."""
        first = select(func.min(DecisionRow.id)).where(DecisionRow.decided_at >= since).scalar_subquery()
        found = select(DecisionRow.seconds).where(DecisionRow.person == person, DecisionRow.id >= first, is_standing())
        return list(self._session.scalars(found))

    def history_of_texts(self, text_hashes: Collection[str]) -> dict[str, list[tuple[Outcome, int, int]]]:
        """How identical texts were decided: by text_hash, (outcome, label bit mask, how often), most frequent first."""
        count = func.count().label("count")
        found = (
            effective_decisions(CommentRow.text_hash, DecisionRow.outcome, DecisionRow.labels, count)
            .join(CommentRow, CommentRow.id == DecisionRow.comment_id)
            .where(CommentRow.text_hash.in_(text_hashes))
            .group_by(CommentRow.text_hash, DecisionRow.outcome, DecisionRow.labels)
            .order_by(count.desc(), DecisionRow.labels)
        )
        made: dict[str, list[tuple[Outcome, int, int]]] = {}
        for digest, outcome, labels, many in self._session.execute(found):
            made.setdefault(digest, []).append((Outcome(outcome), labels, many))
        return made

    def _one(self, found: Select[Any]) -> Decision | None:
        row = self._session.scalars(found).first()
        return decision_of(row) if row else None


def _row_of(decision: Decision) -> dict[str, Any]:
    return {
        "client_id": decision.client_id,
        "comment_id": decision.comment_id,
        "person": decision.person,
        "decided_at": decision.decided_at,
        "labels": pack_labels(decision.labels),
        "outcome": decision.outcome.value,
        "lane": decision.lane.value,
        "blind": decision.blind,
        "seconds": decision.seconds,
        "note": decision.note,
        "model_id": decision.model_id,
        "policy_id": decision.policy_id,
        "revokes": decision.revokes,
        "batch": decision.batch,
    }

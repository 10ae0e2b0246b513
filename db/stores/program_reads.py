"""What programs read of the ledger and of comments, without texts."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from core.domain import Decision
from db.models import CommentRow, DecisionRow, ModelVersionRow
from db.stores.decisions import decision_of, is_revoked

SCANNED = 20_000
"""Entries of the ledger that one page looks through at most, so that a rare source costs no long wait."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the ledger with the comment that it is about."""

    decision: Decision
    source: str
    external_id: str | None
    """None once the comment is erased."""
    text_hash: str
    model: str | None
    """Name of the model version that was live."""
    revoked: bool
    """Whether a later entry takes it back, as of now."""


class ProgramReadStore:
    """Reads on one session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def ledger_end(self) -> int:
        """The newest entry's id; 0 before any."""
        return self._session.scalar(select(func.max(DecisionRow.id))) or 0

    def entries_between(self, after: int, upto: int, limit: int, source: str | None = None) -> list[Entry]:
        """Entries of after < id <= upto, in order of id: that is the order in which they were committed."""
        found = _entries().where(DecisionRow.id > after, DecisionRow.id <= upto)
        if source is not None:
            found = found.where(CommentRow.source == source)
        return self._read(found.order_by(DecisionRow.id).limit(limit))

    def entries_of(self, comment_ids: Sequence[int]) -> list[Entry]:
        """Every entry on the comments, in order of id."""
        return self._read(_entries().where(DecisionRow.comment_id.in_(comment_ids)).order_by(DecisionRow.id))

    def ids_of(self, source: str, external_ids: Collection[str]) -> dict[str, int]:
        """Comment ids by external id, of those that the source has."""
        found = select(CommentRow.external_id, CommentRow.id)
        rows = self._session.execute(found.where(CommentRow.source == source, CommentRow.external_id.in_(external_ids)))
        return {external_id: id_ for external_id, id_ in rows}

    def _read(self, query: Any) -> list[Entry]:
        rows = self._session.execute(query)
        return [
            Entry(decision_of(row), source, external_id, digest, model, bool(revoked))
            for row, source, external_id, digest, model, revoked in rows
        ]


def _entries() -> Any:
    return (
        select(
            DecisionRow,
            CommentRow.source,
            case((CommentRow.text != "", CommentRow.external_id)),
            CommentRow.text_hash,
            ModelVersionRow.name,
            is_revoked(),
        )
        .join(CommentRow, CommentRow.id == DecisionRow.comment_id)
        .outerjoin(ModelVersionRow, ModelVersionRow.id == DecisionRow.model_id)
    )

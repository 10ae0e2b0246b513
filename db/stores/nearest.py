"""What similar texts are found among: texts that people decided, followed in the ledger's order."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.domain import Decision
from db.models import CommentRow, DecisionRow, GoldenRow, RoutingRow
from db.privacy_models import ErasedCommentRow
from db.stores.browse_plan import is_blind
from db.stores.bulk import in_chunks
from db.stores.decisions import decision_of, effective_decisions


@dataclass(frozen=True, slots=True)
class DecidedText:
    """A text of which somebody's decision holds."""

    digest: str
    """core.text.text_hash."""
    entry: int
    """The ledger's entry that says so: the newest of this text, or one of them."""
    comment_id: int
    """The comment that the entry is about."""
    text: str


@dataclass(frozen=True, slots=True)
class Precedent:
    """How a text was decided."""

    newest: Decision
    many: int
    """Comments of this text that people decided."""
    alike: int
    """Those of them that were decided like the newest: the same outcome and labels."""


class NearestStore:
    """Reads of one session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def last_entry(self) -> int:
        """The ledger's newest entry; 0 while it is empty."""
        return self._session.scalar(select(func.max(DecisionRow.id))) or 0

    def decided_before(self, entry: int, limit: int) -> list[DecidedText]:
        """Decisions that hold with a smaller number, newest first: one for each entry. Erased texts are left out."""
        found = (
            effective_decisions(CommentRow.text_hash, DecisionRow.id, CommentRow.id, CommentRow.text)
            .join(CommentRow, CommentRow.id == DecisionRow.comment_id)
            .where(DecisionRow.id < entry, CommentRow.text != "")
            .order_by(DecisionRow.id.desc())
            .limit(limit)
        )
        return [DecidedText(*row) for row in self._session.execute(found)]

    def touched_after(self, entry: int, limit: int) -> list[tuple[int, str]]:
        """(entry, text_hash) of the ledger's next entries, undos too, oldest first."""
        found = (
            select(DecisionRow.id, CommentRow.text_hash)
            .join(CommentRow, CommentRow.id == DecisionRow.comment_id)
            .where(DecisionRow.id > entry)
            .order_by(DecisionRow.id)
            .limit(limit)
        )
        return [(number, digest) for number, digest in self._session.execute(found)]

    def decided(self, digests: Collection[str]) -> list[DecidedText]:
        """Those of the texts of which a decision holds now."""
        newest = (
            effective_decisions(func.max(DecisionRow.id))
            .join(CommentRow, CommentRow.id == DecisionRow.comment_id)
            .where(CommentRow.text_hash.in_(digests), CommentRow.text != "")
            .group_by(CommentRow.text_hash)
        )
        found = (
            select(CommentRow.text_hash, DecisionRow.id, CommentRow.id, CommentRow.text)
            .join(CommentRow, CommentRow.id == DecisionRow.comment_id)
            .where(DecisionRow.id.in_(newest))
        )
        return [DecidedText(*row) for row in self._session.execute(found)]

    def erased(self, comment_ids: Sequence[int]) -> set[int]:
        """Those of the comments whose text is gone."""
        gone: set[int] = set()
        for ids in in_chunks(comment_ids):
            found = select(ErasedCommentRow.comment_id).where(ErasedCommentRow.comment_id.in_(ids))
            gone.update(self._session.scalars(found))
        return gone

    def precedents(self, digests: Collection[str], without: int) -> dict[str, Precedent]:
        """How texts were decided, but for the comment `without`; none that waits blind somewhere, and none golden."""
        hidden = self._hidden(digests)
        groups: dict[str, list[tuple[int, int]]] = {}
        found = (
            effective_decisions(CommentRow.text_hash, func.max(DecisionRow.id), func.count())
            .join(CommentRow, CommentRow.id == DecisionRow.comment_id)
            .where(CommentRow.text_hash.in_(digests), CommentRow.text != "", CommentRow.id != without)
            .group_by(CommentRow.text_hash, DecisionRow.outcome, DecisionRow.labels)
        )
        for digest, entry, many in self._session.execute(found):
            if digest not in hidden:
                groups.setdefault(digest, []).append((entry, many))
        entries = {digest: max(of) for digest, of in groups.items()}
        ids = [entry for entry, _ in entries.values()]
        rows = self._session.scalars(select(DecisionRow).where(DecisionRow.id.in_(ids)))
        newest = {row.id: decision_of(row) for row in rows}
        return {
            digest: Precedent(newest[entry], sum(many for _, many in groups[digest]), alike)
            for digest, (entry, alike) in entries.items()
        }

    def is_hidden(self, comment_id: int) -> bool:
        """Whether the comment waits for a decision that nothing may sway."""
        found = select(RoutingRow.comment_id).where(RoutingRow.comment_id == comment_id, is_blind(RoutingRow))
        return self._session.scalar(found) is not None

    def _hidden(self, digests: Collection[str]) -> set[str]:
        """Texts that somebody is to judge unswayed, or whose answers are known."""
        texts = select(CommentRow.text_hash).where(CommentRow.text_hash.in_(digests))
        waits = select(RoutingRow.comment_id).where(RoutingRow.comment_id == CommentRow.id, is_blind(RoutingRow))
        golden = select(GoldenRow.comment_id).where(GoldenRow.comment_id == CommentRow.id)
        return set(self._session.scalars(texts.where(waits.exists() | golden.exists())))

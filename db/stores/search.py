"""Full-text search over comments: what a person types, as conditions; and SQLite's index, which follows in batches."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import ColumnElement, column, exists, func, select, table, text
from sqlalchemy.orm import Session, aliased

from db.models import CommentRow

MAX_TERMS = 20
"""Further terms are ignored: nobody types them, and a search must stay cheap."""

MAX_QUERY = 400
"""So is what stands beyond this many characters."""

MIN_PREFIX = 3
"""A shorter beginning is taken as a word: it would stand for a great part of the index."""

_TERM = re.compile(r'(-?)(?:"([^"]*)"?|(\S+))')
_WORD = re.compile(r"[^\W_]+")

_fts = table("comment_fts", column("rowid"), column("comment_fts"))


@dataclass(frozen=True, slots=True)
class Term:
    """Words that must follow each other, or must not."""

    words: tuple[str, ...]
    """At least one; letters and digits alone."""
    exclude: bool = False
    prefix: bool = False
    """Whether the last word is only the beginning of one."""


def parse(query: str) -> list[Term]:
    """The terms of what a person typed: words, "a phrase", begin*, -without. Any string is a query; none raises."""
    terms = []
    for found in _TERM.finditer(query[:MAX_QUERY]):
        minus, phrase, bare = found.groups()
        words = tuple(_WORD.findall(phrase if bare is None else bare))
        if words:
            prefix = bool(bare) and bare.endswith("*") and len(words[-1]) >= MIN_PREFIX
            terms.append(Term(words, exclude=bool(minus), prefix=prefix))
    return terms[:MAX_TERMS]


class TextMatch:
    """The conditions of one query on one kind of database."""

    def __init__(self, session: Session, terms: Sequence[Term]) -> None:
        self._sqlite = is_sqlite(session)
        self.wanted = [term for term in terms if not term.exclude]
        self.unwanted = [term for term in terms if term.exclude]

    def driver(self) -> tuple[ColumnElement[int], ColumnElement[bool]] | None:
        """A column of comment ids and the condition that lists the matches; None when all terms exclude."""
        if not self.wanted:
            return None
        if self._sqlite:
            return _fts.c.rowid, _matches(_fts5(self.wanted, self.unwanted))
        return cast(ColumnElement[int], CommentRow.id), self._vector_matches(CommentRow.text)

    def condition(self, comment_id: ColumnElement[int], low: int, high: int) -> ColumnElement[bool]:
        """Whether a comment of low <= id <= high matches."""
        if not self._sqlite:
            other = aliased(CommentRow)
            return exists(select(1).where(other.id == comment_id, self._vector_matches(other.text)))
        if self.wanted:
            matches = _matches(_fts5(self.wanted, self.unwanted))
            return exists(select(1).select_from(_fts).where(matches, _fts.c.rowid == comment_id))
        unwanted = _matches(_fts5(self.unwanted, ()))
        return comment_id.not_in(select(_fts.c.rowid).where(unwanted, _fts.c.rowid.between(low, high)))

    def _vector_matches(self, of: Any) -> ColumnElement[bool]:
        return func.to_tsvector(text("'simple'"), of).op("@@", is_comparison=True)(self._tsquery())

    def _tsquery(self) -> ColumnElement[str]:
        parts = [_tsquery(term) for term in self.wanted]
        parts += [func.tsquery_not(_tsquery(term)) for term in self.unwanted]
        whole = parts[0]
        for part in parts[1:]:
            whole = func.tsquery_and(whole, part)
        return whole


def _fts5(wanted: Sequence[Term], unwanted: Sequence[Term]) -> str:
    """FTS5's own syntax; each word in quotes, so that nothing typed is ever syntax."""
    query = " AND ".join(map(_fts5_phrase, wanted))
    return f"({query}) NOT ({' OR '.join(map(_fts5_phrase, unwanted))})" if unwanted else query


def _fts5_phrase(term: Term) -> str:
    return '"' + " ".join(term.words) + '"' + ("*" if term.prefix else "")


def _matches(query: str) -> ColumnElement[bool]:
    return _fts.c.comment_fts.op("MATCH", is_comparison=True)(query)


def _tsquery(term: Term) -> ColumnElement[str]:
    if not term.prefix:
        return func.phraseto_tsquery(text("'simple'"), " ".join(term.words))
    # letters and digits alone: nothing in a word can be tsquery's syntax
    return func.to_tsquery(text("'simple'"), " <-> ".join(term.words) + ":*")


def is_sqlite(session: Session) -> bool:
    """Whether the session's database is SQLite."""
    return session.get_bind().dialect.name == "sqlite"


class SearchIndexStore:
    """How far SQLite's full-text index is, and taking it further. PostgreSQL keeps its own, never behind."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._sqlite = is_sqlite(session)

    def behind(self) -> int:
        """How many of the newest comments cannot be found by their text yet."""
        if not self._sqlite:
            return 0
        newest = self._session.scalar(select(func.max(CommentRow.id))) or 0
        return max(0, newest - self._indexed_to())

    def index_more(self, limit: int) -> int:
        """Index up to `limit` comments, oldest first, and return how many it was. Texts and progress go together."""
        if not self._sqlite:
            return 0
        start = self._indexed_to()
        batch = select(CommentRow.id, CommentRow.text).where(CommentRow.id > start).order_by(CommentRow.id).limit(limit)
        last = self._session.scalar(select(func.max(batch.subquery().c.id)))
        if last is None:
            return 0
        fill = text(
            "INSERT INTO comment_fts (rowid, text) SELECT id, text FROM comment WHERE id > :start AND id <= :last"
        )
        done = self._session.execute(fill, {"start": start, "last": last})
        self._session.execute(text("UPDATE comment_fts_progress SET last_id = :last"), {"last": last})
        return int(done.rowcount)  # type: ignore[attr-defined]

    def _indexed_to(self) -> int:
        return self._session.scalar(text("SELECT last_id FROM comment_fts_progress")) or 0

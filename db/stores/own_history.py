"""What one person decided, newest first: a page costs the same whether they decided a hundred comments or a million."""

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session, aliased

from core.domain import Decision, Lane, Outcome
from db.models import DecisionRow
from db.stores.decisions import decision_of
from db.stores.search import Term, TextMatch, parse

_FIRST_WINDOW = 4_096
_GROWTH = 8
_SHORT = 2_000
"""A text that so few comments hold is looked up once, not for each decision."""
_BATCH_SPAN = 40_000
"""Entries among which a batch of at most 10,000 lies, though others decide meanwhile."""


@dataclass(frozen=True, slots=True)
class OwnCriteria:
    """What to find among one's own decisions. Every None is "any"."""

    text: str = ""
    """Words of the comment, as db.stores.search.parse reads them."""
    label: int | None = None
    """Index of a label that the decision gave."""
    outcome: Outcome | None = None
    lane: Lane | None = None
    since: datetime | None = None
    """Decided at this moment or later."""
    until: datetime | None = None
    """Decided before this moment."""
    comment_id: int | None = None


@dataclass(frozen=True, slots=True)
class OwnFound:
    """A page of decisions, and how far the search got."""

    decisions: list[Decision]
    """Newest first."""
    older: int | None
    """Where the next page starts; None when nothing is left."""
    unfinished: bool = False
    """Whether the time was up before the page was full."""


class OwnHistoryStore:
    """Reads of one person's entries on one session."""

    def __init__(self, session: Session, person: str) -> None:
        self._session, self._person = session, person

    def find(self, wanted: OwnCriteria, limit: int, *, before: int | None = None, seconds: float = 0.4) -> OwnFound:
        """Up to `limit` decisions older than the entry `before`; looks for about so many seconds.

        Undone ones too, revocations not. Without a text, what one key press settled together is found once: as the
        comment that was on the screen.
        """
        deadline = time.monotonic() + seconds
        terms = parse(wanted.text)
        bounds = self._bounds(wanted, before)
        if bounds is None or (wanted.text.strip() and not terms):
            return OwnFound([], None)
        holds, few = self._holds(terms) if terms else ([], wanted.comment_id is not None)
        rules = [*self._rules(wanted), *holds]
        lowest, high = bounds
        size = high - lowest + 1 if few else _FIRST_WINDOW
        found: list[Decision] = []
        while high >= lowest:
            low, started = max(lowest, high - size + 1), time.monotonic()
            found += self._window(low, high, rules, limit + 1 - len(found), few=few)
            if len(found) > limit:
                return OwnFound(found[:limit], found[limit - 1].id)
            high, ended = low - 1, time.monotonic()
            if ended >= deadline and high >= lowest:
                return OwnFound(found, low, unfinished=True)
            size = max(_FIRST_WINDOW, int(size * min(_GROWTH, (deadline - ended) / max(ended - started, 1e-4))))
        return OwnFound(found, None)

    def has_any(self) -> bool:
        """Whether there is any."""
        return (
            self._session.scalar(select(DecisionRow.id).where(DecisionRow.person == self._person).limit(1)) is not None
        )

    def get(self, decision_id: int) -> Decision | None:
        """The person's own entry; None for anybody else's, and for a revocation."""
        row = self._session.get(DecisionRow, decision_id)
        return decision_of(row) if row and row.person == self._person and row.revokes is None else None

    def undone(self, ids: Collection[int]) -> dict[int, datetime]:
        """Which of the entries were taken back, and when."""
        query = select(DecisionRow.revokes, DecisionRow.decided_at).where(DecisionRow.revokes.in_(ids))
        return {entry: at for entry, at in self._session.execute(query) if entry is not None}

    def batch_size(self, decision: Decision) -> int:
        """How many comments the same key press decided. They were appended one after the other."""
        if decision.batch is None:
            return 1
        first = select(DecisionRow.id).where(DecisionRow.client_id == decision.batch).scalar_subquery()
        query = select(func.count()).where(
            DecisionRow.person == self._person,
            DecisionRow.id >= first,
            DecisionRow.id < first + _BATCH_SPAN,
            DecisionRow.batch == decision.batch,
            func.coalesce(DecisionRow.revokes, 0) == 0,
        )
        return self._session.scalar(query) or 1

    def days(self, since: datetime) -> list[tuple[int, str, int, float | None]]:
        """Standing acts since then, in order: microseconds since 1970, outcome, bit mask of labels, seconds on screen.

        The driver's own rows: a Row object each would cost as much as the query.
        """
        first = self._session.scalar(_first_since(since))
        if first is None:
            return []
        undo = aliased(DecisionRow)
        taken_back = select(undo.id).where(undo.revokes == DecisionRow.id).exists()
        query = (
            select(DecisionRow.decided_at, DecisionRow.outcome, DecisionRow.labels, DecisionRow.seconds)
            .where(DecisionRow.person == self._person, DecisionRow.id >= first)
            .where(func.coalesce(DecisionRow.revokes, 0) == 0, ~taken_back)
            .order_by(DecisionRow.id)
        )
        cursor = self._session.connection().execute(query).cursor
        return list(cursor.fetchall()) if cursor else []

    def _window(
        self, low: int, high: int, rules: Sequence[ColumnElement[bool]], limit: int, *, few: bool
    ) -> list[Decision]:
        # of few comments the decisions are looked up by comment: + 0 keeps the order of entries out of the plan
        entry = DecisionRow.id + 0 if few else DecisionRow.id
        mine = and_(DecisionRow.person == self._person, entry >= low, entry <= high)
        query = select(DecisionRow).where(mine, *rules).order_by(entry.desc()).limit(limit)
        return [decision_of(row) for row in self._session.scalars(query)]

    def _bounds(self, wanted: OwnCriteria, before: int | None) -> tuple[int, int] | None:
        """The entries between which everything lies that can match: their ids rise with time."""
        mine = select(func.max(DecisionRow.id)).where(DecisionRow.person == self._person)
        first = select(func.min(DecisionRow.id)).where(DecisionRow.person == self._person)
        lowest, highest = self._session.scalar(first), self._session.scalar(mine)
        if lowest is None or highest is None:
            return None
        if wanted.since:
            since = self._session.scalar(_first_since(wanted.since))
            lowest = max(lowest, since if since is not None else highest + 1)
        if wanted.until:
            last = select(DecisionRow.id).where(DecisionRow.decided_at < wanted.until)
            until = self._session.scalar(last.order_by(DecisionRow.decided_at.desc(), DecisionRow.id.desc()).limit(1))
            highest = min(highest, until if until is not None else 0)
        highest = min(highest, before - 1) if before is not None else highest
        return (lowest, highest) if lowest <= highest else None

    def _rules(self, wanted: OwnCriteria) -> list[ColumnElement[bool]]:
        # not IS NULL: SQLite would take the unique index of revokes for telling
        rules: list[ColumnElement[bool]] = [func.coalesce(DecisionRow.revokes, 0) == 0]
        if wanted.label is not None:
            rules.append(DecisionRow.labels.bitwise_and(1 << wanted.label) != 0)
        if wanted.outcome is not None:
            rules.append(DecisionRow.outcome == wanted.outcome.value)
        if wanted.lane is not None:
            rules.append(DecisionRow.lane == wanted.lane.value)
        if wanted.comment_id is not None:
            rules.append(DecisionRow.comment_id == wanted.comment_id)
        if not wanted.text.strip() and wanted.comment_id is None:
            rules.append(or_(DecisionRow.batch.is_(None), DecisionRow.batch == DecisionRow.client_id))
        return rules

    def _holds(self, terms: Sequence[Term]) -> tuple[list[ColumnElement[bool]], bool]:
        """Whether the decision's comment matches the terms; and whether so few do that one look finds them all."""
        match = TextMatch(self._session, terms)
        listed = match.driver()
        if listed is None:  # nothing but words that must not occur
            apart = (TextMatch(self._session, [replace(term, exclude=False)]) for term in terms)
            return [~one.condition(_COMMENT, 0, 0) for one in apart], False
        ids = list(self._session.scalars(select(listed[0]).where(listed[1]).limit(_SHORT + 1)))
        if len(ids) <= _SHORT:
            return [DecisionRow.comment_id.in_(ids)], True
        return [match.condition(_COMMENT, 0, 0)], False


def _first_since(moment: datetime) -> Select[int]:
    """The first entry since then. Ids rise with time: by the index of times, min(id) would read all that follow."""
    found = select(DecisionRow.id).where(DecisionRow.decided_at >= moment)
    return found.order_by(DecisionRow.decided_at, DecisionRow.id).limit(1)


_COMMENT: Any = DecisionRow.comment_id

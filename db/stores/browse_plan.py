"""How a search is asked of the database.

One filter *drives*: its index lists candidates in order of id; the others are looked up per candidate, in subqueries,
so that the database keeps to this order of work. A driver whose whole list is short is preferred, and taken whole.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import REAL, ColumnElement, Select, and_, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from core.domain import BLIND_LANES, Lane, Outcome, RoutingState
from db.models import CommentRow, DecisionRow, GoldenRow, PendingRow, RoutingRow, ScoreRow
from db.stores.questions import asked_blind
from db.stores.search import TextMatch, parse

SHORT = 2_000
"""A driver with at most this many candidates is taken whole."""

LABEL_COLUMNS = tuple(column.key for column in ScoreRow.__table__.columns if isinstance(column.type, REAL))
"""Names of the six columns of probabilities, in LABELS order."""

Condition = Callable[[Any, int, int], ColumnElement[bool]]
"""Of a column of comment ids and the window low..high that they lie in."""


@dataclass(frozen=True, slots=True)
class Criteria:
    """What to find. Every None is "any"."""

    text: str = ""
    """What the person typed, see db.stores.search.parse."""
    not_scored: bool = False
    golden: bool = False
    state: RoutingState | None = None
    lane: Lane | None = None
    """Only with a state."""
    decided_label: int | None = None
    """Index of a label that the latest human decision gave."""
    model_id: int | None = None
    """Comments that this model scored."""
    ranges: tuple[tuple[int, float, float], ...] = ()
    """Of that model's scores: a label's index, the least and the greatest probability."""
    hide_open_audit: bool = True
    """Leave what waits for a blind decision out of searches by score or label, which would tell it."""
    moderator: str | None = None
    """Who decided it, also if that was undone."""
    since: datetime | None = None
    """Added at this moment or later."""
    until: datetime | None = None
    """Added before this moment."""
    source: str | None = None

    @property
    def finds_nothing(self) -> bool:
        """Whether the text holds no word to look for, or the range is empty."""
        return (bool(self.text.strip()) and not parse(self.text)) or any(low > high for _, low, high in self.ranges)

    def added(self, added_at: Any) -> list[ColumnElement[bool]]:
        """Conditions on the moment of adding."""
        since = [added_at >= self.since] if self.since else []
        return since + ([added_at < self.until] if self.until else [])


@dataclass(frozen=True, slots=True)
class Driver:
    """A table whose index lists candidates in order of id."""

    name: str
    """The filter that it answers by itself."""
    id: Any
    where: tuple[ColumnElement[bool], ...] = ()
    cheap: tuple[ColumnElement[bool], ...] | None = None
    """What an index alone can count; None: all of `where`."""
    is_long: bool = False
    """Not worth counting: even a few of a word's beginning cost the whole list."""
    repeats: bool = False
    """Whether a comment may be listed more than once."""


class Plan:
    """Which filter drives, and what is left to look up."""

    def __init__(self, session: Session, criteria: Criteria) -> None:
        self._session, self._criteria = session, criteria
        terms = parse(criteria.text)
        self._match = TextMatch(session, terms) if terms else None
        drivers = list(self._drivers())
        sizes = [self._size(driver) for driver in drivers]
        self.is_short = bool(sizes) and min(sizes) <= SHORT
        self._driver = drivers[sizes.index(min(sizes))] if drivers else self._walk()

    def query(self, low: int, high: int, *, newer: bool) -> Select[tuple[int]]:
        """Matching ids of low <= id <= high, in order."""
        driver = self._driver
        rest = [made(driver.id, low, high) for name, made in self._conditions() if name != driver.name]
        order = driver.id.asc() if newer else driver.id.desc()
        found = select(driver.id).where(*driver.where, driver.id >= low, driver.id <= high, *rest).order_by(order)
        return found.distinct() if driver.repeats else found

    def _size(self, driver: Driver) -> int:
        """How many candidates, counted to SHORT + 1."""
        if driver.is_long:
            return SHORT + 1
        where = driver.where if driver.cheap is None else driver.cheap
        some = select(driver.id).where(*where).limit(SHORT + 1).subquery()
        return self._session.scalar(select(func.count()).select_from(some)) or 0

    def _drivers(self) -> Iterator[Driver]:
        """What can be listed and counted, most telling first: among long ones the first is taken."""
        wanted = self._criteria
        if self._match and (listed := self._match.driver()):
            yield Driver("text", listed[0], (listed[1],), is_long=any(term.prefix for term in self._match.wanted))
        if wanted.moderator is not None:
            yield Driver("moderator", DecisionRow.comment_id, (DecisionRow.person == wanted.moderator,), repeats=True)
        if wanted.decided_label is not None:
            yield Driver("decided", DecisionRow.comment_id, tuple(_gave(DecisionRow, wanted.decided_label)), cheap=())
        if wanted.not_scored:  # what has no score waits for one
            yield Driver("pending", PendingRow.comment_id)
        if wanted.golden:
            yield Driver("golden", GoldenRow.comment_id)
        if wanted.state:
            yield Driver("state", RoutingRow.comment_id, tuple(_stands(RoutingRow, wanted)))
        if wanted.source is not None:
            yield Driver("source", CommentRow.id, (CommentRow.source == wanted.source,))

    def _walk(self) -> Driver:
        """Without a list: the scores of the model, else all comments."""
        if self._criteria.model_id is None:
            return Driver("added", CommentRow.id, tuple(self._criteria.added(CommentRow.added_at)))
        return Driver("score", ScoreRow.comment_id, tuple(_scored(ScoreRow, self._criteria)))

    def _conditions(self) -> Iterator[tuple[str, Condition]]:
        """Every filter as a look-up."""
        wanted = self._criteria
        if self._match:
            yield "text", self._match.condition
        if wanted.moderator is not None:
            yield "moderator", lambda i, _l, _h: _has(DecisionRow, i, lambda d: [d.person == wanted.moderator])
        if (label := wanted.decided_label) is not None:
            yield "decided", lambda i, _l, _h: _has(DecisionRow, i, lambda d: _gave(d, label))
        if wanted.not_scored:
            yield "not scored", lambda i, _l, _h: ~_has(ScoreRow, i)
        if wanted.golden:
            yield "golden", lambda i, _l, _h: _has(GoldenRow, i)
        if wanted.state:
            yield "state", lambda i, _l, _h: _has(RoutingRow, i, lambda r: _stands(r, wanted))
        if wanted.model_id is not None:
            yield "score", lambda i, _l, _h: _has(ScoreRow, i, lambda s: _scored(s, wanted))
        if (wanted.ranges or wanted.decided_label is not None) and wanted.hide_open_audit:
            yield "audit", lambda i, _l, _h: ~_has(RoutingRow, i, lambda r: [is_blind(r)])
        if wanted.source is not None:
            yield "source", lambda i, _l, _h: _has(CommentRow, i, lambda c: [c.source == wanted.source])
        if wanted.since or wanted.until:
            yield "added", lambda i, _l, _h: _has(CommentRow, i, lambda c: wanted.added(c.added_at))


def _has(row: Any, comment_id: Any, where: Callable[[Any], list[ColumnElement[bool]]] = lambda _row: []) -> Any:
    """Whether the comment has such a row."""
    other = aliased(row)
    key = other.id if row is CommentRow else other.comment_id
    return exists(select(1).where(key == comment_id, *where(other)))


def _stands(routing: Any, wanted: Criteria) -> list[ColumnElement[bool]]:
    return [routing.state == wanted.state, *([routing.lane == wanted.lane] if wanted.lane else [])]


def is_blind(routing: Any) -> ColumnElement[bool]:
    """Condition on a routing row: the comment waits for a decision that nothing may sway."""
    lanes = routing.lane.in_([lane.value for lane in BLIND_LANES])
    asked = and_(routing.lane == Lane.ASKED.value, asked_blind(routing.comment_id))
    return and_(or_(routing.audit, lanes, asked), routing.state == RoutingState.OPEN)


def _scored(score: Any, wanted: Criteria) -> list[ColumnElement[bool]]:
    # + 0 keeps the index of model_id out of it: that one is not in order of comments
    conditions = [score.model_id + 0 == wanted.model_id]
    for label, low, high in wanted.ranges:
        conditions.append(getattr(score, LABEL_COLUMNS[label]).between(low, high))
    return conditions


def effective(decision: Any) -> list[ColumnElement[bool]]:
    """Of a decision row: it stands, and says what the comment is. The rule of db.stores.decisions.is_effective."""
    undo = aliased(DecisionRow)
    undone = exists(select(1).where(undo.revokes == decision.id))
    # SQLite takes the unique index of revokes to be telling: most entries are NULL there, so keep it out of this
    said = [decision.outcome != Outcome.ESCALATE, decision.lane != Lane.SECOND]
    return [func.coalesce(decision.revokes, 0) == 0, *said, ~undone]


def _gave(decision: Any, label: int) -> list[ColumnElement[bool]]:
    """It is the comment's latest effective decision, and gave the label."""
    later = aliased(DecisionRow)
    is_later = exists(
        select(1).where(later.comment_id == decision.comment_id, later.id > decision.id, *effective(later))
    )
    return [decision.labels.bitwise_and(1 << label) != 0, *effective(decision), ~is_later]

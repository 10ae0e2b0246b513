"""What stands around a claimed comment, asked for when somebody unfolds it: thread, replies, author, with outcomes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from core.accounts import Action, Person, check_may
from core.domain import Comment, LabelFlags, Outcome, RoutingState, now, unpack_labels
from core.errors import Conflict, NotFound
from core.golden_mix import places_of
from core.review_items import scores_of
from core.wellbeing.masking import Scored
from db.models import DecisionRow
from db.session import Session, Sessions
from db.stores.claims import ClaimStore
from db.stores.comments import CommentStore
from db.stores.context import ContextStore
from db.stores.history import HistoryStore
from db.stores.queue import Place, QueueStore

FIRST: Final = 3
"""Comments of each part at first."""
PAGE: Final = 10
"""Comments that each "more" brings."""
MOST_CHARS: Final = 1_000
"""Longest stretch of a text."""
RECENT: Final = timedelta(days=30)
"""For so long back an author's comments are counted."""
MOST_COUNTED: Final = 1_000
"""Comments of an author that are counted at most, the newest."""


class Part(StrEnum):
    """Which comments around one."""

    EARLIER = "earlier"
    """Of the thread, before it."""
    LATER = "later"
    """Of the thread, after it."""
    REPLIES = "replies"
    """Those that answer it."""
    AUTHOR = "author"
    """Others by its author."""


class Fate(StrEnum):
    """What became of a comment, as far as may be told."""

    REMOVED = "removed"
    APPROVED = "approved"
    WAITING = "waiting"
    """For review; how it was decided before is not told."""
    LET_THROUGH = "let through"
    """By the policy, and nobody looked at it."""
    NONE_YET = "no outcome yet"
    """Not scored, which is not the same as clean."""
    HIDDEN = "outcome hidden"
    """The same text waits for a blind decision."""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A comment around the one on the screen."""

    comment_id: int
    author: str | None
    text: str
    """MOST_CHARS of it."""
    written: datetime | None
    scored: Scored | None = None
    """What masks its text; None around blind items, and where scores are hidden or missing."""
    fate: Fate | None = None
    """None around blind items, where it could sway."""
    labels: LabelFlags | None = None
    """What people gave it, where they decided."""

    @property
    def severe(self) -> bool:
        """Whether it is severe by scores that may be told."""
        return self.scored is not None and self.scored.severe


@dataclass(frozen=True, slots=True)
class Page:
    """Some comments of a part, in order of time; of the author's the newest first."""

    rows: tuple[Neighbour, ...]
    more: bool
    """Whether there are others further on."""


@dataclass(frozen=True, slots=True)
class AuthorCounts:
    """What an author wrote in the last RECENT."""

    comments: int
    """This one included; MOST_COUNTED at most."""
    removed: int | None
    """How many of those; None around blind items."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What is shown when the context unfolds."""

    parent: Neighbour | None
    """What it answers, where that was imported."""
    pages: dict[Part, Page] = field(default_factory=dict)
    counts: AuthorCounts | None = None
    """None where the author is not known."""


class Contexts:
    """Contexts of comments that a person has claimed. Reads only."""

    def __init__(self, sessions: Sessions, clock: Callable[[], datetime] = now) -> None:
        self._sessions = sessions
        self._clock = clock

    def show(self, comment_id: int, *, by: Person) -> Shown:
        """The first page of every part. Raises Conflict for a comment that the person does not have."""
        check_may(by, Action.REVIEW)
        with self._sessions.read() as session:
            comment, place = _claimed(session, comment_id, by)
            store, teller = ContextStore(session), _Teller(session, blind=place.blind)
            found = {part: _fetch(store, comment, part, None, FIRST + 1) for part in Part}
            parent = store.parent(comment)
            told = teller.tell([*([parent] if parent else []), *(one for rows in found.values() for one in rows)])
            counts = self._counts(store, comment, blind=place.blind)
        pages = {part: _page(part, [told[one.id] for one in rows], FIRST) for part, rows in found.items()}
        return Shown(told[parent.id] if parent else None, pages, counts)

    def more(self, comment_id: int, part: Part, start: int, *, by: Person) -> Page:
        """The next comments of a part, from the one `start` on, itself not included. Raises Conflict and NotFound."""
        check_may(by, Action.REVIEW)
        with self._sessions.read() as session:
            comment, place = _claimed(session, comment_id, by)
            last = CommentStore(session).get(start)
            if last is None:
                raise NotFound("Comment {number} is not here any more. Reload the page.", number=start)
            rows = _fetch(ContextStore(session), comment, part, last, PAGE + 1)
            told = _Teller(session, blind=place.blind).tell(rows)
        return _page(part, [told[one.id] for one in rows], PAGE)

    def _counts(self, store: ContextStore, comment: Comment, *, blind: bool) -> AuthorCounts | None:
        if comment.author is None:
            return None
        ids = store.author_ids(comment, self._clock() - RECENT, MOST_COUNTED)
        return AuthorCounts(len(ids), None if blind else store.removed_among(ids))


def _claimed(session: Session, comment_id: int, by: Person) -> tuple[Comment, Place]:
    """The comment that the person has, and where it stands; one with known answers stands as if flagged."""
    mixed = places_of(session, by).get(comment_id)
    claim, comment = ClaimStore(session).live(comment_id), CommentStore(session).get(comment_id)
    place = mixed or QueueStore(session).places([comment_id]).get(comment_id)
    has = mixed is not None or (claim is not None and claim.person == by.name)
    if not has or place is None or comment is None:
        raise Conflict("Comment {number} is not yours any more.", number=comment_id)
    return comment, place


def _fetch(store: ContextStore, comment: Comment, part: Part, last: Comment | None, limit: int) -> list[Comment]:
    if part is Part.EARLIER:
        return store.earlier(comment, last or comment, limit)
    if part is Part.LATER:
        return store.later(comment, last or comment, limit)
    if part is Part.REPLIES:
        return store.replies(comment, last.id if last else 0, limit)
    return store.of_author(comment, last, limit)


def _page(part: Part, rows: Sequence[Neighbour], most: int) -> Page:
    """One more than `most` was asked for: it tells whether there are others."""
    shown = tuple(rows[:most])
    return Page(shown[::-1] if part is Part.EARLIER else shown, len(rows) > most)


class _Teller:
    """Says of comments what may be said beside one: around a blind one, their texts alone."""

    def __init__(self, session: Session, *, blind: bool) -> None:
        self._session = session
        self._blind = blind
        self._history = HistoryStore(session)

    def tell(self, comments: Sequence[Comment]) -> dict[int, Neighbour]:
        if self._blind:
            return {one.id: _neighbour(one) for one in comments}
        ids = [one.id for one in comments]
        places = QueueStore(self._session).places(ids)
        decided = self._history.latest_decisions(ids)
        hidden = self._history.blind_texts({one.text_hash for one in comments})
        scored = [one for one in comments if one.id in places and not _waits_blind(places[one.id])]
        seen = scores_of(self._session, scored)
        return {
            one.id: _neighbour(
                one,
                scored=None if one.text_hash in hidden else seen.get(one.id),
                fate=_fate(places.get(one.id), decided.get(one.id), hidden=one.text_hash in hidden),
                decision=decided.get(one.id),
            )
            for one in comments
        }


def _waits_blind(place: Place) -> bool:
    return place.blind and place.state is RoutingState.OPEN


def _neighbour(
    comment: Comment, *, scored: Scored | None = None, fate: Fate | None = None, decision: DecisionRow | None = None
) -> Neighbour:
    text = comment.text if len(comment.text) <= MOST_CHARS else comment.text[:MOST_CHARS] + " …"
    told = decision is not None and fate in (Fate.REMOVED, Fate.APPROVED)
    labels = unpack_labels(decision.labels) if decision is not None and told else None
    return Neighbour(comment.id, comment.author, text, comment.created_at, scored, fate, labels)


def _fate(place: Place | None, decision: DecisionRow | None, *, hidden: bool) -> Fate:
    if place is not None and place.state is RoutingState.OPEN:
        return Fate.WAITING
    if hidden:
        return Fate.HIDDEN
    if place is None:
        return Fate.NONE_YET
    if place.state is RoutingState.SETTLED:
        return Fate.REMOVED if decision and decision.outcome == Outcome.REMOVE else Fate.APPROVED
    return {RoutingState.REMOVED: Fate.REMOVED, RoutingState.ALLOWED: Fate.LET_THROUGH}.get(place.state, Fate.NONE_YET)

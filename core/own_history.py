"""One's own decisions: to look back on, and to take back. Nobody sees another person's here, whatever their role."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from operator import itemgetter
from uuid import UUID

from core.accounts import Action, Person, check_may
from core.browse import Browse, Item
from core.domain import Decision, now
from core.errors import NotFound
from core.own_days import Day, tell_days
from core.review import Review
from core.settings import Settings
from core.text import storable
from db.session import Sessions
from db.stores.golden_mix import GoldenMixStore
from db.stores.own_history import OwnCriteria, OwnHistoryStore

__all__ = ["Entry", "OwnCriteria", "OwnHistory", "Page", "Undone"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One own decision and the comment that it is about."""

    decision: Decision
    """With the own labels and note, though the comment waits for others: nobody else's are here."""
    comment: Item | None
    """As Browse shows it to the person; `hidden` while it waits for a decision that nothing may sway."""
    undone_at: datetime | None
    recent: bool
    """Whether it is young enough to be taken back."""
    together: int
    """Comments that the same key press decided; 1 for a decision by itself."""

    @property
    def can_undo(self) -> bool:
        """Whether asking for it makes sense; somebody may have built on it all the same."""
        return self.recent and self.undone_at is None


@dataclass(frozen=True, slots=True)
class Page:
    """A page of own decisions, newest first."""

    entries: list[Entry]
    older: int | None
    """Where the next page starts (`before`), None at the end."""
    unfinished: bool
    """The time was up before the page was full: `older` goes on from where the search got to."""


@dataclass(frozen=True, slots=True)
class Undone:
    """What taking a decision back did."""

    comment_id: int
    reopened: int
    stayed: int
    """Comments of the same key press on which somebody built since: they stay as they are."""


class OwnHistory:
    """One person's decisions on one database."""

    def __init__(
        self,
        sessions: Sessions,
        browse: Browse,
        review: Review,
        settings: Settings,
        clock: Callable[[], datetime] = now,
    ) -> None:
        self._sessions, self._browse, self._review, self._clock = sessions, browse, review, clock
        self._window = timedelta(hours=settings.undo_hours)

    def page(
        self, wanted: OwnCriteria, *, by: Person, before: int | None = None, limit: int = 25, seconds: float = 0.4
    ) -> Page:
        """The newest matches, or those older than `before`. Takes about `seconds`, also where nothing matches."""
        check_may(by, Action.REVIEW)
        with self._sessions.read() as session:
            store = OwnHistoryStore(session, by.name)
            wanted = replace(wanted, text=storable(wanted.text))
            found = store.find(wanted, limit, before=before, seconds=seconds)
            entries = self._entries(store, found.decisions, by)
        return Page(entries, found.older, found.unfinished)

    def require(self, decision_id: int, *, by: Person) -> Entry:
        """One of the person's decisions; raises NotFound for anybody else's."""
        check_may(by, Action.REVIEW)
        with self._sessions.read() as session:
            store = OwnHistoryStore(session, by.name)
            decision = store.get(decision_id)
            if decision is None:
                raise NotFound("That is no decision of yours. Choose one from the list.")
            return self._entries(store, [decision], by)[0]

    def has_begun(self, *, by: Person) -> bool:
        """Whether the person has decided anything ever."""
        check_may(by, Action.REVIEW)
        with self._sessions.read() as session:
            return OwnHistoryStore(session, by.name).has_any()

    def undo(self, decision_id: int, client_id: UUID, *, by: Person) -> Undone:
        """Take the decision back, with all that the same key press decided; the same client_id again changes nothing.

        Raises what Review.undo raises: NotFound, or Conflict where it is too old or somebody built on it.
        """
        check_may(by, Action.REVIEW)
        entry = self.require(decision_id, by=by)
        reopened = self._review.undo(by, client_id, entry.decision.client_id)
        return Undone(entry.decision.comment_id, len(reopened), max(0, entry.together - len(reopened)))

    def days(self, midnights: Sequence[tuple[date, datetime]], *, by: Person) -> list[Day]:
        """What the person did on each of the days, oldest first, given when each of them began."""
        check_may(by, Action.REVIEW)
        with self._sessions.read() as session:
            acts = OwnHistoryStore(session, by.name).days(midnights[0][1])
            mixed = GoldenMixStore(session).days(
                by.name, midnights[0][1]
            )  # else the sum would tell how many there were
        return tell_days(midnights, sorted([*acts, *mixed], key=itemgetter(0)) if mixed else acts)

    def _entries(self, store: OwnHistoryStore, decisions: Sequence[Decision], by: Person) -> list[Entry]:
        ids = list({decision.comment_id: None for decision in decisions})
        items = {item.id: item for item in self._browse.seen_by(by).items(ids)} if ids else {}
        undone = store.undone([decision.id for decision in decisions])
        oldest = self._clock() - self._window
        return [
            Entry(
                decision=decision,
                comment=items.get(decision.comment_id),
                undone_at=undone.get(decision.id),
                recent=decision.decided_at >= oldest,
                together=store.batch_size(decision),
            )
            for decision in decisions
        ]

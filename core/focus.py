"""What somebody works on: the slices that leads gave them, and what they chose themselves within those."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, Final

from core.accounts import Action, Person, check_may
from core.domain import Lane, now
from core.preferences import Preferences
from core.recent import Recent
from core.script import LATIN
from core.work_filter import WorkFilter
from db.session import Sessions
from db.stores.claims import ClaimStore
from db.stores.golden_mix import GoldenMixStore
from db.stores.policies import PolicyStore
from db.stores.queue_filter import Within, as_if_flagged
from db.stores.slices import SliceStore, StoredSlice

FOCUS: Final = "focus"
"""Name of the preference."""
MOST_SOURCES: Final = 60
"""Sources to choose from, those with most waiting; others can be typed on no page, as they hold next to nothing."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """A person's own choice, as the preference keeps it."""

    own: WorkFilter = field(default_factory=WorkFilter)
    beyond: bool = False
    """Work outside the slices that were given, too."""

    @classmethod
    def parse(cls, value: Any) -> "Chosen":
        """From any JSON."""
        told = value if isinstance(value, dict) else {}
        return cls(WorkFilter.parse(told.get("own")), told.get("beyond") is True)

    def as_json(self) -> dict[str, Any]:
        """What `parse` reads."""
        return {"own": self.own.as_json(), "beyond": self.beyond}


@dataclass(frozen=True, slots=True)
class Focus:
    """What the queue gives a person."""

    chosen: Chosen = field(default_factory=Chosen)
    slices: tuple[StoredSlice, ...] = field(default=(), hash=False)
    """Those that leads gave them, whether they work within them or beyond."""
    within: Within = ()
    """The same for the database; empty: everything."""


@dataclass(frozen=True, slots=True)
class Origins:
    """What can be chosen among, with how many wait."""

    sources: list[tuple[str, int]]
    """Most waiting first."""
    scripts: list[tuple[str, int]]
    """By code."""


class Focuses:
    """Who works on what, on one database."""

    def __init__(self, sessions: Sessions, preferences: Preferences, clock: Callable[[], datetime] = now) -> None:
        self._sessions, self._preferences, self._clock = sessions, preferences, clock
        self._recent = Recent(times=100)

    def of(self, person: Person, value: Any) -> Focus:
        """By the value of their preference FOCUS, which the page has read already. One short read."""
        chosen = Chosen.parse(value)
        with self._sessions.read() as session:
            slices = tuple(SliceStore(session).of(person.name))
            given = () if chosen.beyond else slices
            if not given and chosen.own.is_everything:
                return Focus(chosen, slices)
            policy = PolicyStore(session).active()
        groups = [tuple(WorkFilter.parse(one.filter).terms(policy) for one in given)] if given else []
        if not chosen.own.is_everything:
            groups.append((chosen.own.terms(policy),))
        return Focus(chosen, slices, tuple(groups))

    def choose(self, chosen: Chosen, *, by: Person, keep: int | None = None) -> Focus:
        """Keep the choice, and give back what waits on their desk and is not in it.

        What they hold or were handed stays, and so does the comment `keep`, which is on their screen.
        """
        check_may(by, Action.REVIEW)
        self._preferences.put(FOCUS, chosen.as_json() if chosen != Chosen() else None, by=by)
        focus = self.of(by, chosen.as_json())
        if focus.within:
            self._tidy(focus, by, keep)
        return focus

    def _tidy(self, focus: Focus, by: Person, keep: int | None) -> None:
        with self._sessions.begin() as session:
            store, at = ClaimStore(session), self._clock()
            ready = [one for one in store.mine(by.name, at=at) if not one.held and one.handed_by is None]
            stay = store.matching(ready, focus.within) | {keep}
            store.put_back([one.comment_id for one in ready if one.comment_id not in stay], at)
            mixed, fitting = GoldenMixStore(session), as_if_flagged(focus.within, {})
            mixed.set_aside_but(by.name, fitting, keep=keep, at=at)

    def waiting(self, focus: Focus, *, by: Person) -> dict[Lane, int] | None:
        """Open comments within it, by lane, whoever has them; None where it is everything.

        Counted anew when a hundred times as long has passed as the count took.
        """
        check_may(by, Action.REVIEW)
        return self._recent.get(focus.within, partial(self._count, focus.within)) if focus.within else None

    def origins(self, *, by: Person) -> Origins:
        """Sources and scripts of what waits."""
        check_may(by, Action.REVIEW)
        return self._recent.get("origins", self._origins)

    def _count(self, within: Within) -> dict[Lane, int]:
        with self._sessions.read() as session:
            return ClaimStore(session).waiting_within(within)

    def _origins(self) -> Origins:
        with self._sessions.read() as session:
            sources, scripts = SliceStore(session).origins(MOST_SOURCES)
        return Origins(sources, [(LATIN if code is None else code, many) for code, many in scripts])

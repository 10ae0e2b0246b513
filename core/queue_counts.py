"""What a moderator is told of the queue: what waits, what they did, and why nothing can be claimed."""

import statistics
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from core.accounts import Person
from core.domain import OTHERS_LANES, Lane, now
from core.recent import Recent
from core.second_opinions import SecondOpinions
from core.serving import seeker, thresholds_in_force
from core.settings import Settings
from core.wish import ANY, Wish
from db.session import Sessions
from db.stores.claims import PERSONS_LANES, ClaimStore
from db.stores.decisions import DecisionStore
from db.stores.golden_mix import GoldenMixStore
from db.stores.questions import QuestionStore
from db.stores.queue import QueueStore


@dataclass(frozen=True, slots=True)
class Counts:
    """What a moderator keeps in view."""

    waiting: dict[Lane, int]
    """Open comments by lane, whoever holds them; without those that are for others, the person having decided them."""
    done: int
    """The person's own decisions since the given moment that stand."""
    median_seconds: float | None
    """Median time on screen of those; None without any."""


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """What waits though nothing can be claimed."""

    claimed: int
    """Comments that other people have."""
    held: int
    """How many of those are held for later."""
    first_back: datetime | None
    """When the first of them comes back, if its moderator stays silent."""
    unscored: int
    """Comments that no model has seen yet, counted up to 10,000."""
    others_turn: int = 0
    """Comments that wait for an opinion of somebody else, because the person has given theirs."""
    asked: int = 0
    """Questions of the person that no lead has answered yet."""
    asked_since: datetime | None = None
    """When the oldest of them was asked."""
    unwished: bool = False
    """Whether comments are free that the person does not want to be given."""


class Counting:
    """Counts of one database's queue. A part of core.review, which asks who may."""

    def __init__(
        self, sessions: Sessions, settings: Settings, opinions: SecondOpinions, clock: Callable[[], datetime] = now
    ) -> None:
        self._sessions, self._clock, self._opinions = sessions, clock, opinions
        self._hold = timedelta(hours=settings.hold_hours)
        self._recent = Recent()

    def counts(self, by: Person, since: datetime) -> Counts:
        """What waits, and what the person did since then."""
        waiting = dict(self._recent.get("waiting", self._waiting))
        for lane in PERSONS_LANES:
            if waiting[lane]:
                given = self._recent.get((lane, by.name), partial(self._given, lane, by))
                waiting[lane] -= min(waiting[lane], given)
        seconds = self._seconds(by, since)
        measured = [value for value in seconds if value is not None]
        return Counts(waiting, len(seconds), statistics.median(measured) if measured else None)

    def elsewhere(self, by: Person, wish: Wish = ANY) -> Elsewhere:
        """Why nothing could be claimed."""
        with self._sessions.read() as session:
            many, held, first = ClaimStore(session).others(by.name, at=self._clock())
            unscored = QueueStore(session).unscored()
            unwished = bool(wish.without) and ClaimStore(session).any_free(wish.limits(thresholds_in_force(session)))
            asked, since = QuestionStore(session).unanswered(by.name)
        others = sum(self._given(lane, by) for lane in OTHERS_LANES)
        return Elsewhere(many, held, first, unscored, others, asked, since, unwished)

    def _waiting(self) -> dict[Lane, int]:
        with self._sessions.read() as session:
            return ClaimStore(session).waiting()

    def _given(self, lane: Lane, by: Person) -> int:
        """Open comments of the lane that are for others than the person."""
        with self._sessions.read() as session:
            return ClaimStore(session).for_others(lane, seeker(session, by, self._opinions, self._clock() - self._hold))

    def _seconds(self, by: Person, since: datetime) -> list[float | None]:
        with self._sessions.read() as session:
            mixed = GoldenMixStore(session).seconds_since(by.name, since)  # else the count would tell them
            return [*DecisionStore(session).seconds_since(by.name, since), *mixed]

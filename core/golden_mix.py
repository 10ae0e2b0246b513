"""Golden items in the queue: comments with known answers, mixed into each person's desk like flagged ones.

They never touch the ledger, claims or routing: what people say of them is kept in a table of its own, of which no
metric, export, webhook, gate or outcome knows. Only the person's own numbers and the team's agreement read it.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from core.accounts import Action, Person, check_may
from core.domain import Decision, Lane, RoutingState, now, pack_labels
from core.errors import BadInput
from core.site_settings import put_setting
from core.verdict import Verdict, entry_of
from db.question_models import GoldenAnswerRow
from db.session import Session, Sessions
from db.stores.claims import Claim
from db.stores.golden_mix import GoldenMixStore
from db.stores.policies import PolicyStore
from db.stores.queue import Place
from db.stores.queue_filter import Within, as_if_flagged
from db.stores.scores import ScoreStore
from db.stores.site_settings import SiteSettingStore

SETTING: Final = "golden_mix"
"""Name of the site's setting: {"every": 50, "days": 90}."""
MOST_EVERY: Final = 10_000
LEAST_EVERY: Final = 5
"""More often would be a test, not a queue."""
DEFAULT_DAYS: Final = 90
MOST_DAYS: Final = 3_650


@dataclass(frozen=True, slots=True)
class Mix:
    """How often comments with known answers are mixed in."""

    every: int = 0
    """One for so many flagged comments, on average; 0: none."""
    days: int = DEFAULT_DAYS
    """Nobody is given the same one twice within so many days."""

    @staticmethod
    def parse(value: Any) -> "Mix":
        """What was set, whatever it is; off where it cannot be read."""
        found = value if isinstance(value, dict) else {}
        every, days = found.get("every"), found.get("days")
        if not isinstance(every, int) or not (every == 0 or LEAST_EVERY <= every <= MOST_EVERY):
            return Mix()
        return Mix(every, days if isinstance(days, int) and 1 <= days <= MOST_DAYS else DEFAULT_DAYS)


@dataclass(frozen=True, slots=True)
class Stock:
    """What there is to mix in."""

    golden: int
    """Comments with known answers."""
    usable: int
    """Those that the live model flags under the active policy, counted up to 2,000."""
    telling: tuple[str, ...]
    """Sources of usable ones that no ordinary comment has: people could tell them by it."""


class GoldenMix:
    """What is mixed into the queues of one database."""

    def __init__(
        self, sessions: Sessions, clock: Callable[[], datetime] = now, chance: random.Random | None = None
    ) -> None:
        self._sessions = sessions
        self._clock = clock
        self._chance = chance or random.SystemRandom()

    def get(self) -> Mix:
        """How often they are mixed in."""
        with self._sessions.read() as session:
            return Mix.parse(SiteSettingStore(session).get(SETTING))

    def set(self, mix: Mix, *, by: Person) -> None:
        """Mix in so often from now on; 0 takes undecided ones off every desk. Raises BadInput."""
        check_may(by, Action.MIX_GOLDEN)
        value = {"every": mix.every, "days": mix.days}
        if Mix.parse(value) != mix:
            raise BadInput(
                "Mix in one for every {least} to {most:,} comments, or 0 for none, and none twice within 1 to "
                "{days:,} days.",
                least=LEAST_EVERY,
                most=MOST_EVERY,
                days=MOST_DAYS,
            )
        with self._sessions.begin() as session:
            if mix.every == 0:
                GoldenMixStore(session).clear_desks()
            put_setting(session, SETTING, value, by=by)

    def stock(self) -> Stock:
        """What there is to mix in."""
        with self._sessions.read() as session:
            store = GoldenMixStore(session)
            model, policy = ScoreStore(session).live_model_id(), PolicyStore(session).active()
            ids = store.candidates(model, policy.thresholds) if model and policy else []
            telling = tuple(source for source, ordinary in store.sources(ids) if not ordinary)
            return Stock(store.many(), len(ids), telling)

    def draw(
        self, session: Session, by: Person, flagged: Sequence[Claim], within: Within, without: Mapping[str, float]
    ) -> None:
        """Perhaps put some on the desk of somebody who was just given these flagged comments: each lies beside one.

        Filter and wish bear on them as on those: one of another source would tell what it is, and a threat is no less
        of one for being known.
        """
        mix = Mix.parse(SiteSettingStore(session).get(SETTING)) if flagged else Mix()
        hits = [claim.priority for claim in flagged if mix.every and self._chance.random() * mix.every < 1]
        if not hits:
            return
        store, at = GoldenMixStore(session), self._clock()
        model, policy = ScoreStore(session).live_model_id(), PolicyStore(session).active()
        fitting = as_if_flagged(within, without)
        if not model or not policy or fitting is None:
            return
        since = at - timedelta(days=mix.days)
        free = store.candidates(model, policy.thresholds, *fitting, person=by.name, since=since)
        for number, priority in zip(self._chance.sample(free, min(len(hits), len(free))), hits, strict=False):
            of_draw = {"comment_id": number, "person": by.name, "drawn_at": at, "model_id": model}
            store.add(of_draw | {"policy_id": policy.id, "priority": priority, "held": False})


def claims_of(session: Session, by: Person, until: datetime) -> list[Claim]:
    """What was mixed in and lies on the person's desk, as if it were claimed."""
    return [
        Claim(-row.id, row.comment_id, row.person, until, row.held, Lane.FLAGGED, priority=row.priority, golden=True)
        for row in GoldenMixStore(session).desk(by.name)
    ]


def places_of(session: Session, by: Person) -> dict[int, Place]:
    """Where these would stand if they were flagged comments."""
    return {row.comment_id: _place(row) for row in GoldenMixStore(session).desk(by.name)}


def decide(session: Session, verdict: Verdict, by: Person, at: datetime) -> Decision | None:
    """What was said of a comment that was mixed in, as an entry that is in no ledger; None if it was not.

    Sent twice, it counts once.
    """
    store = GoldenMixStore(session)
    row = store.by_client_id(verdict.client_id) or store.open_of(by.name, verdict.comment_id)
    if row is None or row.person != by.name:
        return None
    made = entry_of(verdict, _place(row), by, at, None)
    if row.closed_at is None:
        row.closed_at, row.client_id, row.held = at, verdict.client_id, False
        row.labels, row.outcome, row.seconds = pack_labels(made.labels), made.outcome.value, made.seconds
    return made


def set_aside(session: Session, by: Person, comment_id: int, at: datetime) -> bool:
    """Skip one that was mixed in; False if it was not."""
    row = GoldenMixStore(session).open_of(by.name, comment_id)
    if row:
        row.closed_at = at
    return row is not None


def hold(session: Session, by: Person, comment_id: int, *, held: bool) -> bool:
    """Hold one that was mixed in, or take it up again, skipped ones too; False if it is not the person's."""
    row = GoldenMixStore(session).newest_of(by.name, comment_id)
    if row is None or row.outcome is not None:
        return False
    row.held, row.closed_at = held, None
    return True


def undo(session: Session, by: Person, undo_id: UUID, target: UUID | None, ledger: Decision | None) -> int | None:
    """Take back what was said of one, if that is what the key press means; returns its number.

    Without a target, the newest step is meant: `ledger` is the person's newest entry there.
    """
    store = GoldenMixStore(session)
    if (done := store.by_undo(undo_id)) and done.person == by.name:
        return done.comment_id
    row = store.by_client_id(target) if target else store.last_of(by.name)
    newer = target or ledger is None or (row and row.closed_at and row.closed_at > ledger.decided_at)
    if row is None or row.person != by.name or not newer:
        return None
    row.closed_at = row.client_id = row.labels = row.outcome = row.seconds = None
    row.undo_id = undo_id
    return row.comment_id


def _place(row: GoldenAnswerRow) -> Place:
    return Place(row.comment_id, RoutingState.OPEN, Lane.FLAGGED, False, row.model_id, row.policy_id)

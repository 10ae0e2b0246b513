"""Raids: clusters of waiting comments, looked for in the background, and settled many at once."""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from threading import Lock, Thread
from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid5

from core.accounts import Action, Person, check_may
from core.domain import NO_LABELS, Decision, LabelFlags, Lane, Outcome, RoutingState, now
from core.errors import BadInput, Conflict
from core.raid_clusters import Cluster, Kind, find_clusters
from core.review_items import Evidence, evidence_of
from core.second_opinions import SecondOpinions
from core.verdict import Verdict, entry_of
from core.wellbeing.masking import WHOLE, Cover, Masking
from db.session import Session, Sessions
from db.stores.claims import ClaimStore
from db.stores.comments import CommentStore
from db.stores.decisions import DecisionStore
from db.stores.queue import Place, QueueStore
from db.stores.raids import RaidStore, Waiting
from db.stores.second_opinions import SecondOpinionStore

if TYPE_CHECKING:
    from core.raid_likeness import Likeness

MOST_LOOKED: Final = 100_000
"""Waiting comments among which clusters are found: the newest."""
MOST_CLUSTERS: Final = 50
"""Clusters that a look keeps: the largest."""
MOST_SETTLED: Final = 10_000
"""Comments that one decision settles at most."""
LEAST_LINKED: Final = 10
"""Comments of a cluster from which on the queue says of each that it is one of many."""
_BESIDE: Final = 120.0
"""Seconds between looks that begin beside the queue at least, and twenty times the length of the last one."""
_CHUNK: Final = 1_000
"""Comments of a transaction: others wait for no more than that."""
_PAUSE: Final = 0.001
"""Seconds of rest after each 100 texts (about 7 ms) of a look in the background."""
_REST: Final = 10.0
"""A look is followed by a rest of so many times its length, at least this long in seconds; a settled raid ends it."""

log = logging.getLogger("moderato.raids")


@dataclass(frozen=True)
class Look:
    """What one look found."""

    version: tuple[int, ...]
    """Of the data (RaidStore.version)."""
    at: datetime
    looked: int
    """Waiting comments that were looked at."""
    waiting: int
    """Those that waited."""
    clusters: tuple[Cluster, ...]
    """The largest first, MOST_CLUSTERS at most."""
    more: int
    """Smaller clusters that are not listed."""

    @cached_property
    def cluster_of(self) -> dict[int, Cluster]:
        """By comment, the listed cluster of LEAST_LINKED that it is in; of like text rather than of a burst."""
        many = [one for one in self.clusters if len(one.ids) >= LEAST_LINKED]
        many.sort(key=lambda one: one.kind is Kind.TEXT)  # a later one takes the place of an earlier
        return {comment_id: one for one in many for comment_id in one.ids}


@dataclass(frozen=True, slots=True)
class Sample:
    """A comment of a cluster, as it is shown. Never a blind one."""

    comment_id: int
    text: str
    author: str | None
    evidence: Evidence | None
    """Scores, thresholds, what identical texts were; None without scores."""

    def cover(self, masking: Masking) -> Cover:
        """How the text begins for somebody, as in the queue; without scores it is masked whole for everybody."""
        if self.evidence is None:
            return WHOLE
        return masking.cover(self.evidence.scores, self.evidence.thresholds)


@dataclass(frozen=True, slots=True)
class Shown:
    """A cluster as it stands now."""

    free: tuple[int, ...]
    """Those of its comments that this person may settle now, oldest first."""
    held: int
    """Comments that others have at the moment."""
    representative: Sample | None
    """None where none of the cluster's comments is free any more."""
    samples: tuple[Sample, ...]


@dataclass(frozen=True, slots=True)
class BulkVerdict:
    """What one key press says about many comments."""

    batch: UUID
    """Made by whoever pressed the key; sent twice, it counts once."""
    comment_ids: Sequence[int]
    """The first that can be is taken as the one that was on the screen."""
    outcome: Outcome
    labels: LabelFlags = NO_LABELS
    seconds: float | None = None
    """Time that the cluster was on the screen."""
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of the comments of one decision."""

    recorded: int
    already: int = 0
    """Entries that the same key press made before."""
    held: int = 0
    """Left alone: others have them."""
    passed: int = 0
    """Left alone: settled, blind or escalated meanwhile, or golden."""


@dataclass(frozen=True, slots=True)
class LastBatch:
    """The person's last step, which settled several comments at once."""

    client_id: UUID
    decided_at: datetime
    outcome: Outcome
    comments: int
    """Whose decision stands."""


class Raids:
    """Looks of one process, and decisions on what they found."""

    def __init__(self, sessions: Sessions, clock: Callable[[], datetime] = now) -> None:
        self._sessions = sessions
        self._clock = clock
        self._opinions = SecondOpinions(sessions, clock)
        self._lock = Lock()
        self._likeness: Likeness | None = None
        self._look: Look | None = None
        self._thread: Thread | None = None
        self._problem = False
        self._rested = 0.0
        self._beside_from = time.monotonic() + _BESIDE / 4  # a server that has just begun has other things to do

    def look(self, *, by: Person) -> Look | None:
        """The newest look, None before the first. Begins another in the background where the data has changed.

        Raises what went wrong with the last look, once: then the next call begins again.
        """
        check_may(by, Action.REVIEW)
        if self._problem:
            self._problem = False
            raise Conflict("Looking for clusters failed; the server's log says why. It is tried again in a moment.")
        if not self.is_looking() and time.monotonic() >= self._rested and self._is_stale():
            self._begin()
        return self._look

    def is_looking(self) -> bool:
        """Whether a look goes on in the background."""
        return self._thread is not None and self._thread.is_alive()

    def look_soon(self) -> None:
        """Let the next call of `look` begin one, however short ago the last one was."""
        self._rested = 0.0

    def look_beside(self, *, by: Person) -> None:
        """Begin a look in the background for the queue, now and then. Costs the caller no question to the database."""
        check_may(by, Action.REVIEW)
        if time.monotonic() >= self._beside_from and not self.is_looking():
            self._beside_from = time.monotonic() + _BESIDE
            self._begin(only_if_stale=True)

    def around(self, comment_ids: Sequence[int], *, by: Person) -> dict[int, Cluster]:
        """By comment, the cluster of many that the newest look has it in. Reads no database."""
        check_may(by, Action.REVIEW)
        known = self._look.cluster_of if self._look else {}
        return {comment_id: known[comment_id] for comment_id in comment_ids if comment_id in known}

    def get(self, key: str, *, by: Person) -> Cluster | None:
        """The cluster of the newest look that has this key; None where it went."""
        check_may(by, Action.REVIEW)
        return next((one for one in (self._look.clusters if self._look else ()) if one.key == key), None)

    def faces(self, clusters: Sequence[Cluster]) -> dict[int, Sample]:
        """By representative, what is shown of it."""
        with self._sessions.read() as session:
            samples = _samples(session, [cluster.representative for cluster in clusters])
        return {one.comment_id: one for one in samples}

    def find(self) -> Look:
        """Look now: seconds for many new comments."""
        from core.raid_likeness import Likeness  # half a second of imports that no other page needs

        with self._lock:
            started = time.monotonic()
            likeness = self._likeness = self._likeness or Likeness(_PAUSE)
            with self._sessions.read() as session:
                store = RaidStore(session)
                version, waiting = store.version(), store.waiting(MOST_LOOKED)
            self._learn(likeness, waiting)
            unknown = likeness.unknown(one.digest for one in waiting)  # what was erased meanwhile
            waiting = [one for one in waiting if one.digest not in unknown]
            leaders = likeness.leaders(dict.fromkeys(one.digest for one in waiting))
            found = find_clusters(waiting, leaders)
            kept = tuple(found[:MOST_CLUSTERS])
            self._look = Look(version, self._clock(), len(waiting), version[0], kept, len(found) - len(kept))
            ended = time.monotonic()
            self._rested = ended + max(_REST, _REST * (ended - started))
            self._beside_from = ended + max(_BESIDE, 2 * _REST * (ended - started))
            return self._look

    def show(self, cluster: Cluster, turn: int = 0, *, by: Person) -> Shown:
        """The cluster as it stands: its representative, samples (others each turn), and what may be settled."""
        check_may(by, Action.REVIEW)
        with self._sessions.read() as session:
            store = RaidStore(session)
            open_now = store.free(cluster.ids)
            held = store.held_by_others(open_now, by.name, self._clock())
            free = tuple(i for i in open_now if i not in held)
            known = set(free)
            first = next((i for i in (cluster.representative, *cluster.identical, *free) if i in known), None)
            ids = [i for i in (first, *cluster.samples(turn)) if i in known]
            samples = _samples(session, list(dict.fromkeys(ids)))
        return Shown(free, len(held), samples[0] if samples else None, tuple(samples[1:]))

    def settle(self, verdict: BulkVerdict, *, by: Person) -> Settled:
        """Record one decision of each comment, all of one batch: each exactly once, however often it is sent.

        Never those that somebody else has, nor blind, escalated or golden ones; they are counted. Each thousand is
        one transaction: what a crash cuts off can be sent again. Raises BadInput for none, too many, or escalation;
        Conflict where the id is somebody else's, or the batch was taken back.
        """
        check_may(by, Action.SETTLE_RAIDS)
        ids = list(dict.fromkeys(verdict.comment_ids))
        _check(verdict, ids)
        done = Settled(0)
        for start in range(0, len(ids), _CHUNK):
            with self._sessions.begin() as session:
                done = _sum(done, self._settle(session, verdict, ids[start : start + _CHUNK], by))
        self.look_soon()
        return done

    def last_batch(self, *, by: Person) -> LastBatch | None:
        """The person's last step if it settled several comments at once: Review.undo takes it back as one."""
        check_may(by, Action.REVIEW)
        with self._sessions.read() as session:
            ledger = DecisionStore(session)
            last = ledger.last_of(by.name)
            first = ledger.get_by_client_id(last.batch) if last and last.batch else None
            if first is None or first.batch is None:
                return None
            many = RaidStore(session).standing_in(first.batch, by.name, first.id)
        return LastBatch(first.client_id, first.decided_at, first.outcome, many)

    def _settle(self, session: Session, verdict: BulkVerdict, ids: Sequence[int], by: Person) -> Settled:
        ledger, queue, claims, raids = (
            DecisionStore(session),
            QueueStore(session),
            ClaimStore(session),
            RaidStore(session),
        )
        ledger.lock()
        shown = ledger.get_by_client_id(verdict.batch)
        _check_own(shown, ledger, by)
        at = self._clock()
        of = {uuid5(verdict.batch, str(i)): i for i in ids}
        known = {of[one] for one in raids.known(of)} | ({shown.comment_id} & set(ids) if shown else set())
        golden, places = raids.golden(ids), queue.lock(ids)  # locked before claims are read: nobody can claim since
        open_now = [i for i in ids if i in places and i not in known | golden and _may_settle(places[i])]
        held = raids.held_by_others(open_now, by.name, at)
        free = [i for i in open_now if i not in held]
        if free:
            one = Verdict(
                verdict.batch, shown.comment_id if shown else free[0], verdict.outcome, verdict.labels,
                verdict.seconds, verdict.note,
            )  # fmt: skip
            made = [entry_of(one, places[i], by, at, verdict.batch) for i in free]
            ledger.append(made)
            claims.release(free, at)
            queue.move(free, RoutingState.SETTLED, Lane.FLAGGED)
            if shown is None:
                self._opinions.draw(ledger, SecondOpinionStore(session), made[0])
        return Settled(len(free), len(known), len(held), len(ids) - len(known) - len(open_now))

    def _is_stale(self) -> bool:
        with self._sessions.read() as session:
            version = RaidStore(session).version()
        return self._look is None or self._look.version != version

    def _begin(self, *, only_if_stale: bool = False) -> None:
        self._thread = Thread(target=self._find_quietly, args=(only_if_stale,), name="raids", daemon=True)
        self._thread.start()

    def _find_quietly(self, only_if_stale: bool) -> None:
        try:
            if not only_if_stale or self._is_stale():
                self.find()
        except Exception as error:  # whatever it is, the page says so and the next look begins anew
            log.warning("looking for clusters failed: %s", type(error).__name__)
            self._problem = True

    def _learn(self, likeness: "Likeness", waiting: Sequence[Waiting]) -> None:
        """Texts are read a thousand at a time: no transaction is open while they are sketched."""
        new = likeness.unknown(one.digest for one in waiting)
        ids = list({one.digest: one.comment_id for one in waiting if one.digest in new}.values())
        for start in range(0, len(ids), _CHUNK):
            with self._sessions.read() as session:
                texts = list(RaidStore(session).texts(ids[start : start + _CHUNK]))
            likeness.learn(texts)


def _check(verdict: BulkVerdict, ids: Sequence[int]) -> None:
    if verdict.outcome is Outcome.ESCALATE:
        raise BadInput("Escalate comments one by one: each needs somebody's look.")
    if not ids:
        raise BadInput("Nothing is chosen. Tick the samples that you mean, or take the whole cluster.")
    if len(ids) > MOST_SETTLED:
        raise BadInput(f"One decision settles {MOST_SETTLED:,} comments at most. Settle the rest afterwards.")


def _check_own(shown: Decision | None, ledger: DecisionStore, by: Person) -> None:
    if shown is None:
        return
    if shown.person != by.name:
        raise Conflict("Somebody else's decision has that id. Press the key again.")
    if not ledger.stands(shown.id):
        raise Conflict("This decision was taken back meanwhile. What it had not reached yet was left alone.")


def _may_settle(place: Place) -> bool:
    return place.state is RoutingState.OPEN and place.lane is Lane.FLAGGED and not place.blind


def _sum(one: Settled, other: Settled) -> Settled:
    return Settled(
        one.recorded + other.recorded, one.already + other.already, one.held + other.held, one.passed + other.passed
    )


def _samples(session: Session, comment_ids: Sequence[int]) -> list[Sample]:
    comments = CommentStore(session).get_many(comment_ids)
    evidence = evidence_of(session, list(comments.values()))
    shown = (comments[i] for i in comment_ids if i in comments)
    return [Sample(one.id, one.text, one.author, evidence.get(one.id)) for one in shown]

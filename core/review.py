"""The review queue: claim, decide, undo, skip, hold, escalate. Every act is one short transaction."""

import statistics
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from core import golden_mix, questions
from core.accounts import Action, Person, check_may
from core.domain import (
    BLIND_LANES,
    OTHERS_LANES,
    REOPENED_LANES,
    Decision,
    Lane,
    Outcome,
    RoutingState,
    now,
)
from core.errors import BadInput, Conflict, NotFound
from core.golden_mix import GoldenMix
from core.labels import LABELS
from core.recent import Recent
from core.review_items import Item, build_items, build_mixed
from core.second_opinions import SecondOpinions, after
from core.settings import Settings
from core.verdict import Verdict, entry_of, revocation_of
from core.wellbeing.masking import severe_limits
from core.wish import ANY, Wish, lowest
from db.session import Session, Sessions
from db.stores.claims import PERSONS_LANES, Claim, ClaimStore, Seeker
from db.stores.decisions import DecisionStore
from db.stores.golden_mix import GoldenMixStore
from db.stores.policies import PolicyStore
from db.stores.questions import QuestionStore
from db.stores.queue import Place, QueueStore
from db.stores.queue_filter import Within
from db.stores.second_opinions import SecondOpinionStore

PASSED = timedelta(minutes=15)
"""For so long a comment that somebody skipped or escalated is offered to them only when nothing else waits."""
MOST_IDENTICAL = 5_000
"""Comments that one key press settles at most."""
MOST_CANDIDATES = 1_000
"""Free comments of a lane that are looked for at once under a filter."""


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


class Review:
    """The queue of one database."""

    def __init__(self, sessions: Sessions, settings: Settings, clock: Callable[[], datetime] = now) -> None:
        self._sessions = sessions
        self._clock = clock
        self._lease = timedelta(seconds=settings.claim_seconds)
        self._hold = timedelta(hours=settings.hold_hours)
        self._undo = timedelta(hours=settings.undo_hours)
        self._recent = Recent()
        self._opinions = SecondOpinions(sessions, clock)
        self._mix = GoldenMix(sessions, clock)

    def claim(self, by: Person, want: int = 40, lanes: Sequence[Lane] = tuple(Lane)) -> list[Item]:
        """`take`, then everything that is shown of the comments."""
        return self.items(by, self.take(by, want, lanes))

    def take(
        self,
        by: Person,
        want: int,
        lanes: Sequence[Lane] = tuple(Lane),
        *,
        least: int | None = None,
        within: Within = (),
        wish: Wish = ANY,
    ) -> list[Claim]:
        """The person's claims after adding free comments until `want` are ready; held ones come last, uncounted.

        While `least` are ready nothing is added: a refill now and then costs less than one after each decision. What
        is added is `within` what the person works on (core.focus), without what the wish leaves to others.
        """
        check_may(by, Action.REVIEW)
        claims = self._mine(by)
        if sum(not claim.held and not claim.golden for claim in claims) >= (want if least is None else least):
            return claims
        at, thresholds = self._clock(), self._policy_thresholds()
        without, mild = wish.limits(thresholds), wish.mild_share(want)
        chosen_of = [lane for lane in lanes if lane is not Lane.ASKED]  # answers come whatever one works on
        among = self._among_lanes(chosen_of, within, without)
        with self._sessions.begin() as session:
            store = ClaimStore(session)
            store.release_lapsed(at)
            ready = sum(not claim.held for claim in store.mine(by.name, at=at))
            want -= mild
            seeker, before = self._seeker(session, by), ready
            for since in (at - PASSED, None):
                for lane in lanes:
                    most = want - ready
                    chosen = among.get(lane)
                    if most <= 0 or (chosen is not None and not chosen):
                        continue
                    ids = store.free(lane, most, seeker=seeker, passed_since=since, among=chosen)
                    now_free = self._clock()  # after they were seen: a claim must not seem older than what made it free
                    store.add(ids, by.name, at=now_free, until=now_free + self._lease)
                    ready += len(ids)
                if ready:  # what was passed over comes back only when nothing else is left
                    break
            if mild and Lane.FLAGGED in lanes:
                self._add_mild(store, by.name, mild, lowest(severe_limits(thresholds), without), within)
            mine = store.mine(by.name, at=at)
            if ready > before:
                known = {claim.id for claim in claims}
                self._mix.draw(session, by, [c for c in mine if c.lane is Lane.FLAGGED and c.id not in known])
            return self._with_mixed(session, by, mine)

    def items(self, by: Person, claims: Sequence[Claim]) -> list[Item]:
        """What is shown of claimed comments."""
        check_may(by, Action.REVIEW)
        own = [claim for claim in claims if claim.person == by.name]
        items = build_items(self._sessions, [claim for claim in own if not claim.golden])
        if mixed := [claim for claim in own if claim.golden]:
            found = {item.comment.id: item for item in [*items, *build_mixed(self._sessions, by, mixed)]}
            return [found[claim.comment_id] for claim in own if claim.comment_id in found]
        return items

    def give_back(self, by: Person, *, wish: Wish | None = None) -> None:
        """Give the person's claims back but for held ones: all of them, or those that the wish leaves to others."""
        check_may(by, Action.REVIEW)
        if wish is not None and not wish.without:
            return
        with self._sessions.begin() as session:
            only = None if wish is None else wish.limits(_thresholds(session))
            ClaimStore(session).give_back(by.name, self._clock(), only)

    def heartbeat(self, by: Person, comment_ids: Collection[int]) -> list[int]:
        """Extend the person's leases, lapsed ones too; returns the comments that somebody else took or settled."""
        check_may(by, Action.REVIEW)
        with self._sessions.begin() as session:
            store = ClaimStore(session)
            live = store.live_of(comment_ids)
            mine = {i: claim for i, claim in live.items() if claim.person == by.name}
            store.extend([claim.id for claim in mine.values() if not claim.held], self._clock() + self._lease)
        return [i for i in comment_ids if i not in mine]

    def decide(self, verdict: Verdict, *, by: Person) -> Decision:
        """Record a decision exactly once: the same client_id again gives the same entry.

        Raises Conflict if the comment is settled or somebody else has it, NotFound if it was never routed. A lapsed
        claim that nobody took over still counts. Escalation moves the comment to its lane and leaves it open. What is
        settled may be drawn for a second opinion; one that differs goes on to be adjudicated (core.second_opinions).
        """
        return self._settle(verdict, by, lambda _queue, _claims: [])[0]

    def settle_identical(self, verdict: Verdict, *, by: Person) -> list[Decision]:
        """`decide`, and the same for every waiting comment of identical text, as one batch; the shown comment first.

        Never includes audit or golden comments, nor what somebody else has at the moment.
        """
        if verdict.outcome is Outcome.ESCALATE:
            raise BadInput("Escalate comments one by one: each needs somebody's look.")

        def twins(queue: QueueStore, claims: ClaimStore) -> list[int]:
            ids = queue.twins(verdict.comment_id, MOST_IDENTICAL - 1)
            taken = claims.live_of(ids)
            return [i for i in ids if i not in taken or self._may_take(taken[i], by)]

        return self._settle(verdict, by, twins, batch=verdict.client_id)

    def skip(self, by: Person, comment_id: int) -> None:
        """Give the comment back to the queue, and to this person only after everything else."""
        check_may(by, Action.REVIEW)
        with self._sessions.begin() as session:
            claims = ClaimStore(session)
            claim = claims.live(comment_id)
            if claim and claim.person == by.name:
                claims.release([comment_id], min(self._clock(), claim.lease_until - timedelta(microseconds=1)))
            elif claim is None:
                golden_mix.set_aside(session, by, comment_id, self._clock())

    def hold(self, by: Person, comment_id: int) -> datetime:
        """Set the comment aside for this person; returns until when. Raises Conflict if somebody else has it."""
        return self._claim_one(by, comment_id, held=True)

    def resume(self, by: Person, comment_id: int) -> datetime:
        """Take up a held or skipped comment again; returns the new lease's end. Raises Conflict as above."""
        return self._claim_one(by, comment_id, held=False)

    def undo(self, by: Person, client_id: UUID, target: UUID | None = None) -> list[int]:
        """Take back one's own decision, the newest or that of the key press `target`; returns the reopened comments.

        A batch is undone as one. The comment that was on the screen is claimed for the person again. The same client_id
        again changes nothing. Raises NotFound if there is nothing to undo, Conflict if somebody built on the decision
        or it is older than settings.undo_hours.
        What was sent to review after the policy had removed it (core.removals) is removed without review again.
        A second opinion or adjudication that is not given yet is no reason: it is taken from whoever has it.
        """
        check_may(by, Action.REVIEW)
        with self._sessions.begin() as session:
            ledger = DecisionStore(session)
            ledger.lock()
            if done := ledger.get_by_client_id(client_id):
                return [done.comment_id]
            if mixed := golden_mix.undo(session, by, client_id, target, ledger.last_of(by.name)):
                return [mixed]
            last = _require_own(ledger, by, target)
            self._check_recent(last)
            group = ledger.batch_of(last) if last.batch else [last]
            queue, claims = QueueStore(session), ClaimStore(session)
            ids = [decision.comment_id for decision in group]
            places = queue.lock(ids)
            if places[last.comment_id].state is RoutingState.ERASED:
                raise Conflict(f"The text of comment {last.comment_id} was erased: that step cannot be undone.")
            ids = [i for i in ids if places[i].state is not RoutingState.ERASED]
            newest, taken = ledger.standing(ids), claims.live_of(ids)
            unasked = {i for i, place in places.items() if place.lane in OTHERS_LANES} | {
                i for i in ids if self._is_free(taken.get(i), by)
            }
            free = [d for d in group if newest.get(d.comment_id) == d and d.comment_id in unasked]
            if last.id not in {decision.id for decision in free}:
                raise Conflict(f"Comment {last.comment_id} has moved on since: that step cannot be undone any more.")
            at = self._clock()
            ledger.append(revocation_of(d, last, client_id, at) for d in free)
            reopened = [decision.comment_id for decision in free]
            claims.release(reopened, at)
            if _was_sent(last, places[last.comment_id], ledger):
                queue.put_away([last.comment_id])
                return reopened
            claims.add([last.comment_id], by.name, at=at, until=at + self._lease)
            for lane in {decision.lane for decision in free}:
                queue.move([d.comment_id for d in free if d.lane is lane], RoutingState.OPEN, lane)
            QuestionStore(session).reopen([decision.client_id for decision in free])
            SecondOpinionStore(session).restore_priority(last.id)
        return reopened

    def counts(self, by: Person, since: datetime) -> Counts:
        """What waits, and what the person did since then."""
        check_may(by, Action.REVIEW)
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
        check_may(by, Action.REVIEW)
        with self._sessions.read() as session:
            many, held, first = ClaimStore(session).others(by.name, at=self._clock())
            unscored = QueueStore(session).unscored()
            unwished = bool(wish.without) and ClaimStore(session).any_free(wish.limits(_thresholds(session)))
            asked, since = QuestionStore(session).unanswered(by.name)
        others = sum(self._given(lane, by) for lane in OTHERS_LANES)
        return Elsewhere(many, held, first, unscored, others, asked, since, unwished)

    def _add_mild(
        self, store: ClaimStore, person: str, share: int, severe: Mapping[str, float], within: Within
    ) -> None:
        """Claim mild comments until the share is there: those that would be served last, so nothing waits for them."""
        at = self._clock()
        mine = [claim.comment_id for claim in store.mine(person, at=at) if not claim.held]
        here = store.count_mild(mine, severe)
        if here < share:
            ids = store.mild(share - here, person=person, passed_since=at - PASSED, severe=severe, within=within)
            store.add(ids, person, at=self._clock(), until=self._clock() + self._lease)

    def _mine(self, by: Person) -> list[Claim]:
        with self._sessions.read() as session:
            return self._with_mixed(session, by, ClaimStore(session).mine(by.name, at=self._clock()))

    def _with_mixed(self, session: Session, by: Person, claims: list[Claim]) -> list[Claim]:
        """The claims and what was mixed in between them (core.golden_mix), in the order of the desk."""
        mixed = golden_mix.claims_of(session, by, self._clock() + self._lease)
        return sorted([*claims, *mixed], key=lambda claim: claim.order) if mixed else claims

    def _seeker(self, session: Session, by: Person) -> Seeker:
        judges = self._opinions.judges(SecondOpinionStore(session), by)
        return questions.seeker_of(by, judges, self._clock() - self._hold)

    def _among_lanes(
        self, lanes: Sequence[Lane], within: Within, without: Mapping[str, float]
    ) -> dict[Lane, list[int]]:
        """What filter and wish let through, of those lanes on which they bear: no wish bears on a blind one."""
        limits = {lane: {} if lane in BLIND_LANES else without for lane in lanes}
        return {lane: self._among(lane, within, limits[lane]) for lane in lanes if within or limits[lane]}

    def _among(self, lane: Lane, within: Within, without: Mapping[str, float]) -> list[int]:
        """What a filter lets through of a lane, looked for outside the transaction that claims: it may take a while."""
        key = (lane, within, tuple(sorted(without.items())))
        return self._recent.get(key, partial(self._candidates, lane, within, without))

    def _candidates(self, lane: Lane, within: Within, without: Mapping[str, float]) -> list[int]:
        with self._sessions.read() as session:
            return ClaimStore(session).candidates(lane, within, MOST_CANDIDATES, without)

    def _policy_thresholds(self) -> Sequence[float]:
        with self._sessions.read() as session:
            return _thresholds(session)

    def _waiting(self) -> dict[Lane, int]:
        with self._sessions.read() as session:
            return ClaimStore(session).waiting()

    def _given(self, lane: Lane, by: Person) -> int:
        """Open comments of the lane that are for others than the person."""
        with self._sessions.read() as session:
            return ClaimStore(session).for_others(lane, self._seeker(session, by))

    def _seconds(self, by: Person, since: datetime) -> list[float | None]:
        with self._sessions.read() as session:
            mixed = GoldenMixStore(session).seconds_since(by.name, since)  # else the count would tell them
            return [*DecisionStore(session).seconds_since(by.name, since), *mixed]

    def _settle(
        self,
        verdict: Verdict,
        by: Person,
        others: Callable[[QueueStore, ClaimStore], list[int]],
        batch: UUID | None = None,
    ) -> list[Decision]:
        check_may(by, Action.REVIEW)
        with self._sessions.begin() as session:
            ledger, queue, claims = DecisionStore(session), QueueStore(session), ClaimStore(session)
            ledger.lock()
            if known := ledger.get_by_client_id(verdict.client_id):
                return _same_again(ledger, known, by)
            shown = verdict.comment_id
            places = queue.lock([shown, *others(queue, claims)])
            if shown not in places and (said := golden_mix.decide(session, verdict, by, self._clock())):
                return [said]
            self._check_free(ledger, claims, places.get(shown), verdict, by)
            if batch and places[shown].blind:
                raise BadInput("A blind item needs a decision of its own: it stands for others like it.")
            ids = [shown, *(i for i in places if i != shown and places[i].state is RoutingState.OPEN)]
            at = self._clock()
            made = [entry_of(verdict, places[i], by, at, batch) for i in ids]
            first = ledger.get_effective(shown) if places[shown].lane is Lane.SECOND else None
            ledger.append(made)
            claims.release(ids, at)
            for place in {after(decision, first) for decision in made}:
                queue.move([d.comment_id for d in made if after(d, first) == place], *place)
            questions.close(session, made[0], verdict.answer, by=by)
            self._opinions.draw(ledger, SecondOpinionStore(session), made[0])
        return made

    def _check_free(
        self, ledger: DecisionStore, claims: ClaimStore, place: Place | None, verdict: Verdict, by: Person
    ) -> None:
        if place is None:
            raise NotFound(f"Comment {verdict.comment_id} is not in the queue: no model has scored it yet.")
        if place.state is RoutingState.REMOVED:
            raise Conflict(f"The policy removed comment {verdict.comment_id} without review. Send it to review first.")
        if place.state is RoutingState.ERASED:
            raise Conflict(f"The text of comment {verdict.comment_id} was erased meanwhile. Nothing was recorded.")
        if place.state is RoutingState.SETTLED:
            last = ledger.get_standing(verdict.comment_id)
            who = "You" if last and last.person == by.name else (last.person if last else "Somebody")
            what = f" ({last.outcome.value})" if last else ""
            raise Conflict(f"{who} settled comment {verdict.comment_id} already{what}. Nothing was recorded.")
        taken = claims.live(verdict.comment_id)
        if taken and not self._may_take(taken, by):
            raise Conflict(f"{taken.person} has comment {verdict.comment_id} now. Nothing was recorded.")
        if not self._was_given(claims, place, by):
            raise Conflict(_not_given(place))

    def _check_recent(self, last: Decision) -> None:
        if self._clock() - last.decided_at > self._undo:
            hours = self._undo.total_seconds() / 3600
            raise Conflict(
                "Your decision on comment {comment} is more than {hours} hours old: it cannot be undone any more. "
                "Ask a lead to look at it again.",
                comment=last.comment_id,
                hours=f"{hours:g}",
            )

    def _was_given(self, claims: ClaimStore, place: Place, by: Person) -> bool:
        """Whether the person may decide: what was opened again needs a claim of one's own since it was decided.

        Else a card that has stood on a screen since before, with its scores, would count as a blind opinion.
        """
        if place.lane is Lane.ASKED:  # a card that has stood on a screen since before the question, or the answer
            return claims.is_for(place.comment_id, place.lane, questions.seeker_of(by, (), self._clock() - self._hold))
        return place.lane not in REOPENED_LANES or claims.had_since_decided(place.comment_id, by.name)

    def _claim_one(self, by: Person, comment_id: int, *, held: bool) -> datetime:
        check_may(by, Action.REVIEW)
        with self._sessions.begin() as session:
            claims, place = ClaimStore(session), QueueStore(session).lock([comment_id]).get(comment_id)
            at = self._clock()
            until = at + (self._hold if held else self._lease)
            if place is None and golden_mix.hold(session, by, comment_id, held=held):
                return until
            claim = claims.live(comment_id)
            done = place is None or place.state in (RoutingState.SETTLED, RoutingState.REMOVED)
            if done or not self._is_free(claim, by) or (place and not self._was_given(claims, place, by)):
                raise Conflict(f"Comment {comment_id} is settled, or somebody else has it now.")
            if claim is None or claim.person != by.name:
                claims.release([comment_id], at)
                claims.add([comment_id], by.name, at=at, until=until)
                claim = claims.live(comment_id)
            if claim:
                claims.hold(claim.id, held=held, until=until)
        return until

    def _is_free(self, claim: Claim | None, by: Person) -> bool:
        return claim is None or self._may_take(claim, by)

    def _may_take(self, claim: Claim, by: Person) -> bool:
        return claim.person == by.name or claim.lease_until < self._clock()


def _thresholds(session: Session) -> Sequence[float]:
    """Of the policy in force; nothing reaches them while there is none."""
    policy = PolicyStore(session).active()
    return policy.thresholds if policy else (2.0,) * len(LABELS)


def _was_sent(undone: Decision, place: Place, ledger: DecisionStore) -> bool:
    """Whether the act just taken back had sent a comment to review that the policy had removed."""
    asked = undone.outcome is Outcome.ESCALATE and undone.lane is Lane.ESCALATED
    return place.automatic and not place.audit and asked and ledger.get_standing(undone.comment_id) is None


def _not_given(place: Place) -> str:
    if place.lane is Lane.ASKED:
        return (
            f"Comment {place.comment_id} waits for the answer to a question. Whoever asked can take that back on My "
            "work. Nothing was recorded."
        )
    if place.lane in OTHERS_LANES:
        return (
            f"Comment {place.comment_id} was settled and waits for an opinion of somebody else. Nothing was recorded."
        )
    return (
        f"Comment {place.comment_id} was opened for a look without scores after it was on your screen: the queue will "
        "offer it again. Nothing was recorded."
    )


def _require_own(ledger: DecisionStore, by: Person, target: UUID | None) -> Decision:
    last = ledger.last_of(by.name) if target is None else ledger.get_by_client_id(target)
    if last is None or last.person != by.name:
        raise NotFound("There is no step of yours to undo.")
    shown = ledger.get_by_client_id(last.batch) if last.batch else None
    return shown or last


def _same_again(ledger: DecisionStore, known: Decision, by: Person) -> list[Decision]:
    if known.person != by.name:
        raise Conflict("Somebody else's decision has that id. Press the key again.")
    return [known, *(d for d in ledger.batch_of(known) if d.id != known.id)] if known.batch else [known]

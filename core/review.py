"""The review queue: claim, decide, undo, skip, hold, escalate. Every act is one short transaction.

Which comments somebody is given: core.serving; what they are told of the queue: core.queue_counts;
how a step is taken back: core.undoing.
"""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from core import golden_mix, questions
from core.accounts import Action, Person, check_may
from core.domain import (
    OTHERS_LANES,
    REOPENED_LANES,
    Decision,
    Lane,
    Outcome,
    RoutingState,
    now,
)
from core.errors import BadInput, Conflict, NotFound
from core.queue_counts import Counting, Counts, Elsewhere
from core.review_items import Item, build_items, build_mixed
from core.second_opinions import SecondOpinions, after
from core.serving import Serving, thresholds_in_force
from core.settings import Settings
from core.undoing import Undoing
from core.verdict import Verdict, entry_of
from core.wish import ANY, Wish
from db.session import Sessions
from db.stores.claims import Claim, ClaimStore
from db.stores.decisions import DecisionStore
from db.stores.golden_mix import GoldenMixStore
from db.stores.queue import Place, QueueStore
from db.stores.queue_filter import Within, as_if_flagged
from db.stores.second_opinions import SecondOpinionStore

MOST_IDENTICAL = 5_000
"""Comments that one key press settles at most."""


class Review:
    """The queue of one database."""

    def __init__(self, sessions: Sessions, settings: Settings, clock: Callable[[], datetime] = now) -> None:
        self._sessions = sessions
        self._clock = clock
        self._lease = timedelta(seconds=settings.claim_seconds)
        self._hold = timedelta(hours=settings.hold_hours)
        self._opinions = SecondOpinions(sessions, clock)
        self._serving = Serving(sessions, settings, self._opinions, clock)
        self._undoing = Undoing(sessions, settings, clock)
        self._counting = Counting(sessions, settings, self._opinions, clock)

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
        """core.serving.Serving.take: the person's claims, after adding free comments until `want` are ready."""
        check_may(by, Action.REVIEW)
        return self._serving.take(by, want, lanes, least=least, within=within, wish=wish)

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
        """Give the person's claims back but for held ones: what the queue gave, or what the wish leaves to others."""
        check_may(by, Action.REVIEW)
        if wish is not None and not wish.without:
            return
        with self._sessions.begin() as session:
            only = None if wish is None else wish.limits(thresholds_in_force(session))
            ClaimStore(session).give_back(by.name, self._clock(), only)
            if only:
                mixed = GoldenMixStore(session)
                mixed.set_aside_but(by.name, as_if_flagged((), only), keep=None, at=self._clock())

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
            return [i for i in ids if i not in taken or taken[i].is_free_to(by.name, self._clock())]

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
        """core.undoing.Undoing.undo: take back one's own decision; returns the reopened comments."""
        check_may(by, Action.REVIEW)
        return self._undoing.undo(by, client_id, target)

    def counts(self, by: Person, since: datetime) -> Counts:
        """What waits, and what the person did since then."""
        check_may(by, Action.REVIEW)
        return self._counting.counts(by, since)

    def elsewhere(self, by: Person, wish: Wish = ANY) -> Elsewhere:
        """Why nothing could be claimed."""
        check_may(by, Action.REVIEW)
        return self._counting.elsewhere(by, wish)

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
        if taken and not taken.is_free_to(by.name, self._clock()):
            raise Conflict(f"{taken.person} has comment {verdict.comment_id} now. Nothing was recorded.")
        if not self._was_given(claims, place, by):
            raise Conflict(_not_given(place))

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
            if (
                done
                or (claim and not claim.is_free_to(by.name, at))
                or (place and not self._was_given(claims, place, by))
            ):
                raise Conflict(f"Comment {comment_id} is settled, or somebody else has it now.")
            if claim is None or claim.person != by.name:
                claims.release([comment_id], at)
                claims.add([comment_id], by.name, at=at, until=until)
                claim = claims.live(comment_id)
            if claim:
                claims.hold(claim.id, held=held, until=until)
        return until


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


def _same_again(ledger: DecisionStore, known: Decision, by: Person) -> list[Decision]:
    if known.person != by.name:
        raise Conflict("Somebody else's decision has that id. Press the key again.")
    return [known, *(d for d in ledger.batch_of(known) if d.id != known.id)] if known.batch else [known]

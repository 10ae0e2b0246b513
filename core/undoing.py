"""Taking a decision back: the newest or a certain one, a batch as one, as long as nobody has built on it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from core import golden_mix
from core.accounts import Person
from core.domain import OTHERS_LANES, Decision, Lane, Outcome, RoutingState, now
from core.errors import Conflict, NotFound
from core.settings import Settings
from core.verdict import revocation_of
from db.session import Sessions
from db.stores.claims import Claim, ClaimStore
from db.stores.decisions import DecisionStore
from db.stores.questions import QuestionStore
from db.stores.queue import Place, QueueStore
from db.stores.second_opinions import SecondOpinionStore


class Undoing:
    """Steps back on one database. A part of core.review, which asks who may."""

    def __init__(self, sessions: Sessions, settings: Settings, clock: Callable[[], datetime] = now) -> None:
        self._sessions, self._clock = sessions, clock
        self._lease = timedelta(seconds=settings.claim_seconds)
        self._window = timedelta(hours=settings.undo_hours)

    def undo(self, by: Person, client_id: UUID, target: UUID | None = None) -> list[int]:
        """Take back one's own decision, the newest or that of the key press `target`; returns the reopened comments.

        A batch is undone as one. The comment that was on the screen is claimed for the person again. The same client_id
        again changes nothing. Raises NotFound if there is nothing to undo, Conflict if somebody built on the decision
        or it is older than settings.undo_hours.
        What was sent to review after the policy had removed it (core.removals) is removed without review again.
        A second opinion or adjudication that is not given yet is no reason: it is taken from whoever has it.
        """
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
            untouched = {i for i in ids if self._is_untouched(places[i], taken.get(i), by)}
            free = [d for d in group if newest.get(d.comment_id) == d and d.comment_id in untouched]
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

    def _check_recent(self, last: Decision) -> None:
        if self._clock() - last.decided_at > self._window:
            hours = self._window.total_seconds() / 3600
            raise Conflict(
                "Your decision on comment {comment} is more than {hours} hours old: it cannot be undone any more. "
                "Ask a lead to look at it again.",
                comment=last.comment_id,
                hours=f"{hours:g}",
            )

    def _is_untouched(self, place: Place, claim: Claim | None, by: Person) -> bool:
        """Whether nobody has begun anything with the comment since: a claim, or a question, which is in no ledger."""
        if place.waits_for_answer:
            return False
        return place.lane in OTHERS_LANES or claim is None or claim.is_free_to(by.name, self._clock())


def _require_own(ledger: DecisionStore, by: Person, target: UUID | None) -> Decision:
    last = ledger.last_of(by.name) if target is None else ledger.get_by_client_id(target)
    if last is None or last.person != by.name:
        raise NotFound("There is no step of yours to undo.")
    shown = ledger.get_by_client_id(last.batch) if last.batch else None
    return shown or last


def _was_sent(undone: Decision, place: Place, ledger: DecisionStore) -> bool:
    """Whether the act just taken back had sent a comment to review that the policy had removed."""
    asked = undone.outcome is Outcome.ESCALATE and undone.lane is Lane.ESCALATED
    return place.automatic and not place.audit and asked and ledger.get_standing(undone.comment_id) is None

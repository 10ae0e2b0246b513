"""Giving a comment to somebody: by whoever has it, or by a lead for them. Nothing is decided by that."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from core import golden_mix
from core.accounts import Action, Person, check_may
from core.audit_trail import What, record
from core.domain import OTHERS_LANES, Lane, RoutingState, now
from core.errors import BadInput, Conflict
from core.reviewers import reviewers
from core.settings import Settings
from core.text import storable
from db.session import Session, Sessions
from db.stores.claims import Claim, ClaimStore
from db.stores.queue import Place, QueueStore

MAX_NOTE: Final = 500
"""Longest note, in code points."""
MOST_LISTED: Final = 200
"""Held comments that are listed at most."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A comment that somebody holds for later, or was handed and has not decided yet."""

    comment_id: int
    person: str
    lane: Lane | None
    since: datetime
    until: datetime
    """When it goes back to the queue by itself."""
    held: bool
    handed_by: str | None


class HandOver:
    """Who has what, and giving it to somebody else."""

    def __init__(self, sessions: Sessions, settings: Settings, clock: Callable[[], datetime] = now) -> None:
        self._sessions, self._clock = sessions, clock
        self._hold = timedelta(hours=settings.hold_hours)

    def colleagues(self, *, by: Person) -> list[str]:
        """To whom they can hand something over."""
        check_may(by, Action.REVIEW)
        with self._sessions.read() as session:
            return [name for name in reviewers(session, self._clock()) if name != by.name]

    def give(self, comment_id: int, to: str, note: str | None = None, *, by: Person) -> datetime:
        """Hand over what one has or holds; returns until when it waits for the receiver.

        They get it first in their queue, with the note; then it goes back to the queue. Raises BadInput for somebody
        who may not review or a note beside a blind comment, Conflict if it is not one's own, or if the receiver has
        given an opinion on it already.
        """
        check_may(by, Action.REVIEW)
        with self._sessions.begin() as session:
            place = QueueStore(session).lock([comment_id]).get(comment_id)
            claim = self._running(ClaimStore(session), comment_id)
            if place is None and golden_mix.set_aside(session, by, comment_id, self._clock()):
                return self._clock() + self._hold  # it leaves the desk as any other; nobody is bothered with it
            if claim is None or claim.person != by.name:
                raise Conflict("You do not have comment {number} any more: nothing was handed over.", number=comment_id)
            return self._hand(session, place, claim, to, note, by)

    def reassign(self, comment_id: int, to: str, note: str | None = None, *, by: Person) -> datetime:
        """The same for a lead, with what somebody else has. Raises Conflict if nobody has it now."""
        check_may(by, Action.REASSIGN)
        with self._sessions.begin() as session:
            place = QueueStore(session).lock([comment_id]).get(comment_id)
            claim = self._running(ClaimStore(session), comment_id)
            if claim is None:
                raise Conflict("Nobody has comment {number} now: the queue offers it by itself.", number=comment_id)
            until = self._hand(session, place, claim, to, note, by)
            taken = {"taken_from": claim.person, "given_to": to}
            record(session, by, What.CLAIM_GIVEN, f"comment {comment_id}", **taken)
            return until

    def kept(self, *, by: Person) -> list[Kept]:
        """What anybody holds or was handed over, longest kept first."""
        check_may(by, Action.REASSIGN)
        with self._sessions.read() as session:
            claims = ClaimStore(session).held(at=self._clock(), limit=MOST_LISTED)
        return [
            Kept(one.comment_id, one.person, one.lane, one.lease_until - self._hold, one.lease_until, one.held,
                 one.handed_by)
            for one in claims
        ]  # fmt: skip

    def _running(self, claims: ClaimStore, comment_id: int) -> Claim | None:
        claim = claims.live(comment_id)
        return claim if claim and claim.lease_until >= self._clock() else None

    def _hand(
        self, session: Session, place: Place | None, claim: Claim, to: str, note: str | None, by: Person
    ) -> datetime:
        at, claims = self._clock(), ClaimStore(session)
        if place is None or place.state is not RoutingState.OPEN:
            raise Conflict("Comment {number} does not wait any more: nothing was handed over.", number=claim.comment_id)
        if to == claim.person:
            raise BadInput("{name} has that comment already. Choose somebody else.", name=to)
        if to not in reviewers(session, at):
            raise BadInput("{name} may not review. Choose somebody else, or give it back to the queue.", name=to[:60])
        if place.lane is Lane.ASKED:
            raise BadInput("A question is for leads, its answer for whoever asked: skip it, and they get it.")
        if place.lane in OTHERS_LANES and claims.has_given(claim.comment_id, place.lane, to):
            raise Conflict("{name} has given an opinion on it already. Choose somebody else.", name=to)
        if note and place.blind:
            raise BadInput("A blind comment is handed over without a note: it could say what you think of it.")
        until = at + self._hold
        claims.hand(claim.comment_id, to, _checked(note), by=by.name, at=at, until=until)
        return until


def _checked(note: str | None) -> str | None:
    words = storable(" ".join((note or "").split()))
    if len(words) > MAX_NOTE:
        raise BadInput("A note has {most} characters at most.", most=MAX_NOTE)
    return words or None

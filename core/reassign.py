"""Taking a comment from whoever has or holds it, for the queue."""

from core.accounts import Action, Person, check_may
from core.audit_trail import What, record
from core.domain import now
from core.errors import Conflict
from db.session import Sessions
from db.stores.claims import ClaimStore


class Reassign:
    """For leads: somebody is ill, and holds what cannot wait."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def holder(self, comment_id: int) -> str | None:
        """Who has the comment now, if anybody."""
        with self._sessions.read() as session:
            claim = ClaimStore(session).live(comment_id)
        return claim.person if claim and claim.lease_until > now() else None

    def release(self, comment_id: int, *, by: Person) -> str:
        """Give the comment back to the queue; returns who had it. Raises Conflict if nobody has it now.

        A decision that they have made by then still counts as long as nobody else has taken the comment.
        """
        check_may(by, Action.REASSIGN)
        with self._sessions.begin() as session:
            claims, at = ClaimStore(session), now()
            claim = claims.live(comment_id)
            if claim is None or claim.lease_until <= at:
                raise Conflict(f"Nobody has comment {comment_id} now: the queue offers it by itself.")
            claims.release([comment_id], at)
            record(session, by, What.CLAIM_RELEASED, f"comment {comment_id}", taken_from=claim.person)
        return claim.person

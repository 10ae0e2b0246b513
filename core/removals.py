"""What the policy removed without review: why, how much, how often people agree; and sending it to review after all."""

from dataclasses import dataclass
from uuid import UUID

import numpy as np

from core.accounts import Action, Person, check_may
from core.domain import NO_LABELS, Decision, Lane, Outcome, RoutingState, now
from core.errors import Conflict, NotFound
from core.metrics.intervals import Estimate, wilson
from core.text import storable
from core.verdict import MAX_NOTE
from db.session import Sessions
from db.stores.decisions import DecisionStore
from db.stores.queue import QueueStore
from db.stores.removals import RemovalStore, RemovalStratum

SENT = "Sent to review after the policy had removed it"
"""What the ledger notes where the person gives no reason."""


@dataclass(frozen=True, slots=True)
class RemovalReport:
    """Comments removed without review that came in over some days."""

    removed: int
    """Removed so, those sent to review or audited since included."""
    audited: int
    """Drawn into the audit sample."""
    decided: int
    """Decided audit items of those: the sample that speaks for all of them."""
    right: Estimate | None
    """Share of them that people removed too, each item for as many as it stands for; None without any."""


class Removals:
    """Automatic removals of one database."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def report(self, first_day: int, last_day: int) -> RemovalReport:
        """How it went with comments that came in on these days (since 1970, both included)."""
        with self._sessions.read() as session:
            strata = RemovalStore(session).strata(first_day, last_day)
        decided = sum(stratum.decided for stratum in strata)
        return RemovalReport(
            removed=sum(stratum.removed for stratum in strata),
            audited=sum(stratum.audited for stratum in strata),
            decided=decided,
            right=_share(strata) if decided else None,
        )

    def send_to_review(self, comment_id: int, *, by: Person, client_id: UUID, note: str = SENT) -> None:
        """Let a person decide on a comment that the policy removed; it stays removed until then.

        The ledger says who asked, as it does of an escalation; nothing is decided by it. The same client_id again
        changes nothing. Raises NotFound, or Conflict if the comment is not removed without review any more.
        """
        check_may(by, Action.REVIEW)
        with self._sessions.begin() as session:
            ledger, queue = DecisionStore(session), QueueStore(session)
            ledger.lock()
            if ledger.get_by_client_id(client_id):
                return
            place = queue.lock([comment_id]).get(comment_id)
            if place is None:
                raise NotFound(
                    "Comment {comment_id} was never routed. Look for it on the Browse page.",
                    comment_id=comment_id,
                )
            if place.state is not RoutingState.REMOVED:
                raise Conflict(
                    "Comment {comment_id} is not removed without review any more. Open it again to see how.",
                    comment_id=comment_id,
                )
            ledger.append(
                [
                    Decision(
                        id=0,
                        client_id=client_id,
                        comment_id=comment_id,
                        person=by.name,
                        decided_at=now(),
                        labels=NO_LABELS,
                        outcome=Outcome.ESCALATE,
                        lane=Lane.ESCALATED,
                        blind=place.blind,
                        seconds=None,
                        note=storable(note).strip()[:MAX_NOTE] or None,
                        model_id=place.model_id,
                        policy_id=place.policy_id,
                        revokes=None,
                        batch=None,
                    )
                ]
            )
            queue.move([comment_id], RoutingState.OPEN, Lane.ESCALATED)


def _share(strata: list[RemovalStratum]) -> Estimate:
    """Share that people removed too, weighted; Wilson's interval on Kish's effective number (see core.metrics)."""
    known = [stratum for stratum in strata if stratum.decided]
    n = np.array([stratum.decided for stratum in known], np.float64)
    weight = np.array([stratum.removed for stratum in known]) / n
    share = float((weight * [stratum.right for stratum in known]).sum() / (weight * n).sum())
    cases = (weight * n).sum() ** 2 / (weight**2 * n).sum()
    low, high = wilson(np.array([share]), np.array([cases]))
    return Estimate(share, float(low[0]), float(high[0]))

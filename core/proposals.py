"""Policies that are proposed: they hold only when somebody who may puts them in force."""

from collections.abc import Sequence
from dataclasses import asdict

from core.accounts import Action, Person, check_may
from core.audit_trail import What, record
from core.automatic import Beside, beside_of
from core.domain import Policy, now
from core.errors import Conflict, NotAllowed
from core.policies import checked_reason, draft_policy
from core.routing import check_policy
from db.people_models import PolicyProposalRow
from db.session import Sessions
from db.stores.policies import PolicyStore
from db.stores.proposals import ProposalStore

_MOST_OPEN = 20


class Proposals:
    """The proposals of one database. A proposal is a Policy whose id is the proposal's number."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def list_open(self) -> list[Policy]:
        """Those that wait for somebody, oldest first."""
        with self._sessions.read() as session:
            return [_policy(row) for row in ProposalStore(session).list_open()]

    def propose(
        self, thresholds: Sequence[float], audit_rates: Sequence[float], *, by: Person, reason: str, beside: Beside
    ) -> Policy:
        """Propose these numbers; nothing changes yet. Raises BadInput, NotAllowed, Conflict if too many wait."""
        check_may(by, Action.PROPOSE_POLICY)
        reason, beside = checked_reason(reason), beside.rounded()
        rounded = [round(float(value), 6) for value in thresholds], [round(float(value), 6) for value in audit_rates]
        check_policy(tuple(rounded[0]), tuple(rounded[1]), beside)
        with self._sessions.begin() as session:
            store = ProposalStore(session)
            if len(store.list_open()) >= _MOST_OPEN:
                raise Conflict(
                    "{most_open} proposals wait already: have them accepted or declined first.",
                    most_open=_MOST_OPEN,
                )
            values = {"thresholds": rounded[0], "audit_rates": rounded[1], "beside": asdict(beside), "reason": reason}
            made = _policy(store.add(values | {"proposed_by": by.name, "proposed_at": now()}))
            record(session, by, What.POLICY_PROPOSED, f"proposal {made.id}")
        return made

    def accept(self, proposal_id: int, *, by: Person) -> Policy:
        """Put a proposal in force as a new version. Raises Conflict if somebody was quicker, NotAllowed."""
        check_may(by, Action.SET_POLICY)
        with self._sessions.begin() as session:
            policies, store = PolicyStore(session), ProposalStore(session)
            policies.wait_for_turn()
            row = store.get(proposal_id)
            if row is None or row.closed_at:
                raise _closed(proposal_id)
            proposed = _policy(row)
            beside = beside_of(proposed)
            check_policy(proposed.thresholds, proposed.audit_rates, beside)
            reason = f"{proposed.reason} (proposed by {row.proposed_by})"
            made = policies.add(
                draft_policy(proposed.thresholds, proposed.audit_rates, beside, by=by.name, reason=reason)
            )
            if not store.close(proposal_id, at=now(), by=by.name, policy_id=made.id):
                raise _closed(proposal_id)
            record(session, by, What.POLICY_ACCEPTED, f"proposal {proposal_id}", version=made.id)
        return made

    def decline(self, proposal_id: int, *, by: Person) -> None:
        """Turn a proposal down, or take one's own back. Raises Conflict if somebody was quicker, NotAllowed."""
        check_may(by, Action.PROPOSE_POLICY)
        with self._sessions.begin() as session:
            store = ProposalStore(session)
            row = store.get(proposal_id)
            if row and row.proposed_by != by.name and not by.may(Action.SET_POLICY):
                raise NotAllowed("Only whoever may put a policy in force declines what others propose.")
            if not store.close(proposal_id, at=now(), by=by.name, policy_id=None):
                raise _closed(proposal_id)
            record(session, by, What.POLICY_DECLINED, f"proposal {proposal_id}")


def _closed(proposal_id: int) -> Conflict:
    return Conflict(
        "Proposal {proposal_id} does not wait any more: somebody accepted, declined or withdrew it.",
        proposal_id=proposal_id,
    )


def _policy(row: PolicyProposalRow) -> Policy:
    marks = row.beside["auto_remove"]
    beside = dict(row.beside) | {"auto_remove": tuple(marks) if marks else None}
    return Policy(
        row.id, tuple(row.thresholds), tuple(row.audit_rates), row.proposed_at, row.proposed_by, row.reason, **beside
    )

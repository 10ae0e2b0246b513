"""Policies that somebody proposes."""

from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from db.people_models import PolicyProposalRow


class ProposalStore:
    """Proposals of one session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, values: dict[str, Any]) -> PolicyProposalRow:
        """Insert one; the values are PolicyProposalRow's columns but for the id."""
        row = PolicyProposalRow(**values)
        self._session.add(row)
        self._session.flush()
        return row

    def get(self, proposal_id: int) -> PolicyProposalRow | None:
        """The proposal, open or not."""
        return self._session.get(PolicyProposalRow, proposal_id)

    def list_open(self) -> list[PolicyProposalRow]:
        """Those that wait, oldest first."""
        waiting = select(PolicyProposalRow).where(PolicyProposalRow.closed_at.is_(None))
        return list(self._session.scalars(waiting.order_by(PolicyProposalRow.id)))

    def close(self, proposal_id: int, *, at: datetime, by: str, policy_id: int | None) -> bool:
        """End one that is open; whether it was."""
        ended = (
            update(PolicyProposalRow)
            .where(PolicyProposalRow.id == proposal_id, PolicyProposalRow.closed_at.is_(None))
            .values(closed_at=at, closed_by=by, policy_id=policy_id)
            .returning(PolicyProposalRow.id)
        )
        return self._session.scalar(ended) is not None

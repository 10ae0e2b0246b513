"""Versions of the policy. Rows are added, never edited but for which one is active."""

from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from core.domain import Policy
from db.models import PolicyRow

_LOCK = 8_501_005
"""Key of PostgreSQL's advisory lock: one new version at a time."""


class PolicyStore:
    """Policies by version."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def active(self, *, lock: bool = False) -> Policy | None:
        """The policy that holds now; with `lock` no other can take its place until the transaction ends."""
        query = select(PolicyRow).where(PolicyRow.active)
        row = self._session.scalar(query.with_for_update(read=True) if lock else query)
        if row is None and lock:  # another version took its place while this waited: the second look sees that one
            row = self._session.scalar(query.with_for_update(read=True))
        return _policy(row) if row else None

    def list_newest(self, limit: int) -> list[Policy]:
        """The latest versions, newest first."""
        rows = self._session.scalars(select(PolicyRow).order_by(PolicyRow.id.desc()).limit(limit))
        return [_policy(row) for row in rows]

    def get(self, policy_id: int) -> Policy | None:
        """The version, or None."""
        row = self._session.get(PolicyRow, policy_id)
        return _policy(row) if row else None

    def wait_for_turn(self) -> None:
        """Let one transaction at a time add a version. SQLite's write lock does that by itself."""
        if self._session.get_bind().dialect.name == "postgresql":
            self._session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})

    def before(self, policy_id: int) -> Policy | None:
        """The version before that one."""
        query = select(PolicyRow).where(PolicyRow.id < policy_id).order_by(PolicyRow.id.desc()).limit(1)
        row = self._session.scalar(query)
        return _policy(row) if row else None

    def add(self, draft: Policy) -> Policy:
        """Add a version with these numbers, who, when and why, and make it the active one. Its id is ignored."""
        self._session.execute(update(PolicyRow).where(PolicyRow.active).values(active=False))
        row = PolicyRow(
            thresholds=list(draft.thresholds),
            audit_rates=list(draft.audit_rates),
            second_rate=draft.second_rate,
            auto_remove=list(draft.auto_remove) if draft.auto_remove else None,
            auto_audit_rate=draft.auto_audit_rate,
            active=True,
            created_at=draft.created_at,
            created_by=draft.created_by,
            reason=draft.reason,
        )
        self._session.add(row)
        self._session.flush()
        return _policy(row)


def _policy(row: PolicyRow) -> Policy:
    return Policy(
        row.id,
        tuple(row.thresholds),
        tuple(row.audit_rates),
        row.created_at,
        row.created_by,
        row.reason,
        second_rate=row.second_rate,
        auto_remove=tuple(row.auto_remove) if row.auto_remove else None,
        auto_audit_rate=row.auto_audit_rate,
    )

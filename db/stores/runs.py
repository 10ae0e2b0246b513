"""Training runs: their progress and outcome."""

from datetime import datetime
from typing import Any

from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from core.domain import RunState, TrainingRun
from db.models import TrainingRunRow

_LOCK = 8_501_005
"""Key of PostgreSQL's advisory lock around starting a run."""


class RunStore:
    """Speaks TrainingRun; never commits."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def lock(self) -> None:
        """Wait until no other transaction starts a run."""
        if self._session.get_bind().dialect.name == "postgresql":
            self._session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})

    def add(self, values: dict[str, Any]) -> TrainingRun:
        """Insert a run; the values are TrainingRunRow's columns but for the id."""
        row = TrainingRunRow(**values)
        self._session.add(row)
        self._session.flush()
        return _to_run(row)

    def update(self, run_id: int, values: dict[str, Any]) -> bool:
        """Change a run that is still running; says whether it was."""
        changed = (
            update(TrainingRunRow)
            .where(TrainingRunRow.id == run_id, TrainingRunRow.state == RunState.RUNNING)
            .values(**values)
            .returning(TrainingRunRow.id)
        )
        return self._session.scalar(changed) is not None

    def get(self, run_id: int) -> TrainingRun | None:
        """The run, or None."""
        row = self._session.get(TrainingRunRow, run_id)
        return _to_run(row) if row else None

    def list_newest(self, limit: int) -> list[TrainingRun]:
        """The latest runs, newest first."""
        rows = self._session.scalars(select(TrainingRunRow).order_by(TrainingRunRow.id.desc()).limit(limit))
        return [_to_run(row) for row in rows]

    def list_running(self, *, silent_since: datetime | None = None) -> list[TrainingRun]:
        """Runs that have not ended; with `silent_since`, those without a sign of life since then."""
        found = select(TrainingRunRow).where(TrainingRunRow.state == RunState.RUNNING)
        if silent_since:
            found = found.where(TrainingRunRow.seen_at < silent_since)
        return [_to_run(row) for row in self._session.scalars(found)]


def _to_run(row: TrainingRunRow) -> TrainingRun:
    return TrainingRun(
        id=row.id,
        preset=row.preset,
        person=row.person,
        state=RunState(row.state),
        pid=row.pid,
        step=row.step,
        share=row.share,
        log=row.log,
        snapshot_id=row.snapshot_id,
        model_id=row.model_id,
        problem=row.problem,
        started_at=row.started_at,
        seen_at=row.seen_at,
    )

"""Signs of life of the scoring workers."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from db.models import WorkerRow, to_micros
from db.stores.bulk import put_rows


@dataclass(frozen=True, slots=True)
class WorkerState:
    """What a worker last said of itself."""

    name: str
    started_at: datetime
    seen_at: datetime
    model: str | None
    """Name of the model version that it has loaded."""
    scored: int
    """Comments since it started."""
    problem: str | None
    """Why it cannot score, in words for the page."""


class WorkerStore:
    """Workers by name."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def put(self, state: WorkerState) -> None:
        """Write down what a worker says of itself."""
        values = {
            "name": state.name,
            "started_at": to_micros(state.started_at),
            "seen_at": to_micros(state.seen_at),
            "model": state.model,
            "scored": state.scored,
            "problem": state.problem,
        }
        put_rows(
            self._session,
            WorkerRow,
            {name: [value] for name, value in values.items()},
            update=tuple(values)[1:],
        )

    def list_all(self) -> list[WorkerState]:
        """All workers that did not say good-bye, the latest seen first."""
        rows = self._session.scalars(select(WorkerRow).order_by(WorkerRow.seen_at.desc()))
        return [WorkerState(r.name, r.started_at, r.seen_at, r.model, r.scored, r.problem) for r in rows]

    def remove(self, name: str) -> None:
        """Forget a worker that ended as it should."""
        self._session.execute(delete(WorkerRow).where(WorkerRow.name == name))

    def remove_older(self, than: datetime) -> None:
        """Forget workers that were not seen since."""
        self._session.execute(delete(WorkerRow).where(WorkerRow.seen_at < than))

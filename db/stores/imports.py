"""Imports: how far each file is."""

from collections.abc import Mapping

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from core.domain import ImportRun, RunState, now
from db.models import ImportRow


class ImportStore:
    """Import runs of one session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def start(self, *, file: str, source: str, person: str) -> int:
        """Record that an import began; its id."""
        values = {"state": RunState.RUNNING, "read": 0, "added": 0, "known": 0, "bad": 0, "share": 0.0}
        at = now()
        made = insert(ImportRow).values(file=file, source=source, person=person, started_at=at, seen_at=at, **values)
        return self._session.scalar(made.returning(ImportRow.id)) or 0

    def update(self, run_id: int, values: Mapping[str, object]) -> None:
        """Set what changed (names of ImportRun's fields), and the sign of life."""
        self._session.execute(update(ImportRow).where(ImportRow.id == run_id).values(seen_at=now(), **values))

    def get(self, run_id: int) -> ImportRun | None:
        """The run, or None."""
        row = self._session.get(ImportRow, run_id)
        return None if row is None else _run(row)

    def list_latest(self, limit: int = 20) -> list[ImportRun]:
        """The latest runs, newest first."""
        rows = self._session.scalars(select(ImportRow).order_by(ImportRow.id.desc()).limit(limit))
        return [_run(row) for row in rows]


def _run(row: ImportRow) -> ImportRun:
    return ImportRun(
        row.id,
        row.file,
        row.source,
        row.person,
        RunState(row.state),
        row.read,
        row.added,
        row.known,
        row.bad,
        row.share,
        row.report,
        row.problem,
        row.started_at,
        row.seen_at,
    )

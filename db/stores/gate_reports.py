"""Every run of the gate. Append-only."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Session, aliased

from db.models import ModelVersionRow
from db.quality_models import GateReportRow


@dataclass(frozen=True, slots=True)
class GateRun:
    """One run of the gate, without its figures."""

    id: int
    challenger: str
    live: str | None
    """The version that it was compared with, or None."""
    person: str
    passed: bool
    made_at: datetime


class GateReportStore:
    """Adds and reads."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, values: dict[str, Any]) -> int:
        """Append a report; the values are GateReportRow's columns but for the id. Returns the id."""
        row = GateReportRow(**values)
        self._session.add(row)
        self._session.flush()
        return row.id

    def list_newest(self, limit: int) -> list[GateRun]:
        """The latest runs, newest first."""
        rows = self._session.execute(_runs().order_by(GateReportRow.id.desc()).limit(limit))
        return [_run(row) for row in rows]

    def get(self, report_id: int) -> tuple[GateRun, dict[str, Any]] | None:
        """A run and its report as JSON, or None."""
        found = _runs().add_columns(GateReportRow.report).where(GateReportRow.id == report_id)
        row = self._session.execute(found).first()
        return (_run(row), row.report) if row else None


def _runs() -> Any:
    challenger, live = aliased(ModelVersionRow), aliased(ModelVersionRow)
    return (
        select(
            GateReportRow.id,
            challenger.name.label("challenger"),
            live.name.label("live"),
            GateReportRow.person,
            GateReportRow.passed,
            GateReportRow.made_at,
        )
        .join(challenger, challenger.id == GateReportRow.model_id)
        .outerjoin(live, live.id == GateReportRow.live_id)
    )


def _run(row: Row[Any]) -> GateRun:
    return GateRun(row.id, row.challenger, row.live, row.person, row.passed, row.made_at)

"""Every run of the gate, kept: who asked, what was seen, whether it passed."""

from core.accounts import Action, Person, check_may
from core.domain import now
from core.errors import NotFound
from core.gate import GateReport
from db.session import Sessions
from db.stores.gate_reports import GateReportStore, GateRun
from db.stores.registry import RegistryStore

__all__ = ["GateReports", "GateRun"]


class GateReports:
    """The reports of one database."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def add(self, report: GateReport, *, by: Person) -> int:
        """Keep a report; returns its number. Raises NotFound if its challenger is not registered."""
        check_may(by, Action.MANAGE_MODELS)
        with self._sessions.begin() as session:
            registry = RegistryStore(session)
            version, live = registry.get(report.challenger), registry.get(report.live) if report.live else None
            if version is None:
                raise NotFound(
                    "There is no model {challenger!r}, so its report cannot be kept.",
                    challenger=report.challenger[:80],
                )
            return GateReportStore(session).add(
                {
                    "model_id": version.id,
                    "live_id": live.id if live else None,
                    "person": by.name,
                    "passed": report.passed,
                    "report": report.to_json(),
                    "made_at": now(),
                }
            )

    def list_runs(self, limit: int = 50) -> list[GateRun]:
        """The latest runs, newest first."""
        with self._sessions.read() as session:
            return GateReportStore(session).list_newest(limit)

    def require(self, report_id: int) -> tuple[GateRun, GateReport]:
        """One run with its report. Raises NotFound for one that is not there or of a form that is not known."""
        with self._sessions.read() as session:
            found = GateReportStore(session).get(report_id)
        report = GateReport.from_json(found[1]) if found else None
        if found is None or report is None:
            raise NotFound(
                "There is no gate report {report_id} that can be shown. The Models page lists the others.",
                report_id=report_id,
            )
        return found[0], report

"""A transparency report of a million decisions: everything in it, from the ledger, and as files.

    python -m benchmarks.transparency [--decisions 1000000] [--keep FOLDER]

The value is the time of the report of all of it on SQLite. Beside it the time to write it as files, and that of
a report of the last week alone.
"""

import argparse
import tempfile
import time
from datetime import timedelta
from pathlib import Path

from benchmarks.common import peak_rss_mb, report
from core.accounts import local_person
from core.domain import now
from core.services import build_services
from core.settings import Settings
from core.transparency import Period, TransparencyReports
from tests.support.ledger import seed
from tests.support.opinions import add_opinions

DAYS = 90


def main() -> None:
    """Build, measure, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--decisions", type=int, default=1_000_000)
    parser.add_argument("--quick", action="store_true", help="20,000 decisions")
    parser.add_argument("--keep", type=Path, help="folder to build in, or to use again")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder = options.keep or Path(made)
        known = (folder / "moderato.db").exists()
        services = build_services(Settings(data_dir=folder))
        if not known:
            decisions = 20_000 if options.quick else options.decisions
            world = seed(services, comments=decisions, days=DAYS, decided=1.0, all_reviewed=True)
            add_opinions(services, world, mean=0.05)
        found = measure(services.sessions)
        services.close()
    report("transparency", found.pop("report_s"), "s", floor=10, target=5, **found, rss_mb=round(peak_rss_mb()))


def measure(sessions) -> dict[str, float]:
    """Whole span, then its last week; each by a fresh reader."""
    ada, today = local_person("Ada"), now().date()
    whole, week = Period(today - timedelta(DAYS), today), Period(today - timedelta(6), today)
    begun, used = time.perf_counter(), time.process_time()
    made = TransparencyReports(sessions).report(whole, by=ada)
    report_s, cpu_s = time.perf_counter() - begun, time.process_time() - used
    begun = time.perf_counter()
    TransparencyReports(sessions).report(week, by=ada)
    week_s = time.perf_counter() - begun
    return {
        "report_s": round(report_s, 2),
        "report_cpu_s": round(cpu_s, 2),
        "week_s": round(week_s, 2),
        "decisions": made.ledger.decisions,
        "entries": made.ledger.entries,
    }


if __name__ == "__main__":
    main()

"""How long the drift page's numbers take over a year of 1,000,000 comments, and what a check costs a worker."""

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.common import machine, report
from core.domain import now
from core.drift.service import Drift
from core.services import Services, build_services
from core.settings import Settings
from tests.support.scoring import make_live
from tests.support.traffic import Site, put_days

DAYS = 365


def fill(services: Services, comments: int) -> None:
    """A year of quiet days, as the worker counts them."""
    services.policies.active()
    model_id, site = make_live(services.sessions), Site(1)
    today = int(now().timestamp()) // 86_400
    for day in range(today - DAYS + 1, today + 1):
        put_days(services.sessions, site, {day: site.scores(comments // DAYS)}, model_id)


def median_seconds(act, times: int) -> float:
    """Median time of an act."""
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        act()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--comments", type=int, default=1_000_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        services = build_services(Settings(data_dir=Path(folder)))
        fill(services, options.comments)
        drift = services.drift
        year, month = (median_seconds(lambda days=days: drift.report(days), 7) for days in (DAYS, 30))
        bar = median_seconds(drift.alerts, 20)
        began = time.perf_counter()
        Drift(services.sessions).check()
        check = time.perf_counter() - began
        began = time.process_time()
        drift.report(DAYS)
        cpu = time.process_time() - began
        found = drift.report(DAYS)
        services.close()
    seen = {
        "comments": int(np.sum(found.volume)),
        "days": DAYS,
        "month_s": round(month, 3),
        "bar_ms": round(bar * 1e3, 2),
    }
    seen |= {"cpu_s": round(cpu, 3), "check_s": round(check, 3), "machine": machine()}
    report("drift_page", round(year, 3), "s", floor=0.5, target=0.25, **seen)


if __name__ == "__main__":
    main()

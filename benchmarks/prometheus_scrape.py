"""What a scrape of /metrics costs at 1,000,000 comments: looking into the database, and writing the exposition."""

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest
from sqlalchemy import text

sys.path.insert(0, str(Path(__file__).parents[1]))

from api.ops import Figures
from api.request_log import RequestMeter
from benchmarks.common import machine, report
from core.services import Services, build_services
from core.settings import Settings
from core.telemetry import Telemetry
from db.stores.telemetry import TelemetryStore
from tests.support.ledger import seed

ROUTES = 40


def look(telemetry: Telemetry) -> float:
    """Milliseconds of a look that shares nothing with the one before."""
    telemetry._until = 0.0
    began = time.perf_counter()
    telemetry.read()
    return (time.perf_counter() - began) * 1e3


def write(telemetry: Telemetry) -> float:
    """Milliseconds of writing the figures, with those of 40 routes in three statuses."""
    registry = CollectorRegistry()
    meter, figures = RequestMeter(registry), Figures()
    registry.register(figures)
    figures.take(telemetry.read())
    for k in range(ROUTES):
        for status in ("200", "400", "429"):
            meter.seconds.labels("POST", f"/api/v1/{k}", status).observe(0.01)
    began = time.perf_counter()
    generate_latest(registry)
    return (time.perf_counter() - began) * 1e3


def measure(services: Services) -> dict[str, float]:
    """The figures, in milliseconds."""
    telemetry = Telemetry(services.sessions, services.settings)
    first, began = look(telemetry), time.process_time()
    later = [look(telemetry) for _ in range(30)]
    cpu = (time.process_time() - began) / 30
    with services.sessions.read() as session:
        lanes = TelemetryStore(session).lanes()
    return {
        "first_ms": round(first, 1),
        "cpu_ms": round(cpu * 1e3, 2),
        "p50_ms": round(statistics.median(later), 2),
        "max_ms": round(max(later), 2),
        "write_ms": round(statistics.median(write(telemetry) for _ in range(9)), 2),
        "open": sum(lane.comments for lane in lanes),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--comments", type=int, default=1_000_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        services = build_services(Settings(data_dir=Path(folder)))
        seed(services, comments=options.comments, decided=0.5)
        seen = measure(services)
        with services.sessions.begin() as session:  # as right after a promotion: all is scored again
            session.execute(text("INSERT INTO pending (comment_id, lease_until) SELECT id, 0 FROM comment"))
        rescoring = measure(services)["p50_ms"]
        services.close()
    total = round(seen["p50_ms"] + seen["write_ms"], 2)
    seen |= {"comments": options.comments, "rescoring_ms": rescoring, "machine": machine()}
    report("prometheus_scrape", total, "ms", floor=50.0, target=25.0, **seen)


if __name__ == "__main__":
    main()

"""The agreement page's numbers from nothing, at a million decisions and fifty thousand second opinions.

    python -m benchmarks.agreement [--decisions 1000000] [--keep FOLDER]

The value is the median time of reading the second opinions and making every number of the page; beside it
processor time, which a busy machine does not stretch, and reading alone.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from benchmarks.common import peak_rss_mb, report
from core.agreement import AgreementReports, by_label, by_week, same_at_all, spreads
from core.labels import LABELS
from core.metrics.pairs import Drawn
from core.metrics.second_opinions import confusion, human_errors, model_against_people, pulls
from core.services import Services, build_services
from core.settings import Settings
from tests.support.ledger import seed
from tests.support.opinions import add_opinions

ROUNDS = 5


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
            world = seed(services, comments=decisions, days=30, decided=1.0, all_reviewed=True)
            add_opinions(services, world)
        found = [measure(services) for _ in range(ROUNDS)]
        services.close()
    wall, processor, reading, many = (statistics.median(values) for values in zip(*found, strict=True))
    more = {"processor_s": processor, "reading_s": reading, "second_opinions": many, "rss_mb": peak_rss_mb()}
    report("agreement", wall, "s", floor=2.0, target=1.0, **more)


def measure(services: Services) -> tuple[float, float, float, int]:
    """Seconds by the clock, of the processor, of reading alone; how many second opinions."""
    started, busy = time.perf_counter(), time.process_time()
    drawn = AgreementReports(services.sessions).drawn()
    reading = time.perf_counter() - started
    numbers(drawn)
    return time.perf_counter() - started, time.process_time() - busy, reading, len(drawn.pairs)


def numbers(drawn: Drawn) -> None:
    """Everything that the page shows."""
    pairs = drawn.pairs
    same_at_all(pairs), by_label(pairs), spreads(drawn), confusion(pairs)
    [by_week(pairs, label) for label in range(len(LABELS))]
    human_errors(pairs), human_errors(pairs, of_traffic=True), model_against_people(pairs)
    pulls(pairs), pulls(pairs, assisted=False)


if __name__ == "__main__":
    main()

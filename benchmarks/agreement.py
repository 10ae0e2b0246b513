"""The agreement page's numbers from nothing, at a million decisions and fifty thousand second opinions.

    python -m benchmarks.agreement [--decisions 1000000] [--keep FOLDER]

The value is the median time of reading the second opinions and making every number of the page; beside it, its parts.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from benchmarks.common import peak_rss_mb, report
from core.agreement import AgreementReports, by_label, by_week, couples, same_at_all
from core.labels import LABELS
from core.metrics.pairs import Drawn
from core.metrics.second_opinions import confusion, human_errors, model_against_people, pulls
from core.services import build_services
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
        read, made_from = [], []
        for _ in range(ROUNDS):
            started = time.perf_counter()
            drawn = AgreementReports(services.sessions).drawn()
            between = time.perf_counter()
            numbers(drawn)
            read.append(between - started)
            made_from.append(time.perf_counter() - between)
        services.close()
    total = statistics.median(one + other for one, other in zip(read, made_from, strict=True))
    parts = {"read_s": statistics.median(read), "numbers_s": statistics.median(made_from)}
    report(
        "agreement", total, "s", floor=2.0, target=1.0, **parts, second_opinions=len(drawn.pairs), rss_mb=peak_rss_mb()
    )


def numbers(drawn: Drawn) -> None:
    """Everything that the page shows."""
    pairs = drawn.pairs
    same_at_all(pairs), by_label(pairs), couples(drawn), confusion(pairs)
    [by_week(pairs, label) for label in range(len(LABELS))]
    human_errors(pairs), human_errors(pairs, of_traffic=True), model_against_people(pairs)
    pulls(pairs), pulls(pairs, assisted=False)


if __name__ == "__main__":
    main()

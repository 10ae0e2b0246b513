"""From `moderato run` to healthy, and to the first page painted in Chromium, on a database that is there already.

    python -m benchmarks.cold_start [--runs 5]

The value is the median of the second and later starts, to healthy.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from benchmarks.common import report
from tests.support.chromium import ARGS, executable
from tests.support.server import Server


def main() -> None:
    """Start it several times, print the medians."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="two starts")
    options = parser.parse_args()
    runs = 2 if options.quick else options.runs
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        server = Server(Path(folder))
        browser = playwright.chromium.launch(executable_path=executable(), args=ARGS)
        first = start(server, browser)
        later = [start(server, browser) for _ in range(runs)]
        browser.close()
    healthy, painted = (statistics.median(times) for times in zip(*later, strict=True))
    report(
        "cold_start", round(healthy, 2), "s", floor=4, target=2, first_paint=round(painted, 2),
        first_start=round(first[0], 2), first_start_paint=round(first[1], 2), runs=runs,
    )  # fmt: skip


def start(server: Server, browser: Browser) -> tuple[float, float]:
    """Seconds to healthy and to the first page painted, in a browser without a cache."""
    started = time.perf_counter()
    server.start()
    healthy = time.perf_counter() - started
    context = browser.new_context()
    context.add_cookies([{"name": "moderato_name", "value": "Ada", "url": server.url}])
    page = context.new_page()
    page.goto(server.url, wait_until="commit")
    page.locator("[data-testid=stMain] [data-testid=stElementContainer]").first.wait_for(timeout=60_000)
    painted = time.perf_counter() - started
    context.close()
    server.stop()
    return healthy, painted


if __name__ == "__main__":
    main()

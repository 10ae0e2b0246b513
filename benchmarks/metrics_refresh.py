"""All numbers of one model, both views, brought up to date after a new decision, at a million decisions.

    python -m benchmarks.metrics_refresh [--decisions 1000000] [--keep FOLDER] [--no-page]

The value is the median time from a stored decision to both overviews. Beside it, also as processor time, which a busy
machine does not stretch: the first fold of the whole ledger,
the same with every curve of the page, and the page itself in Chromium (warm browser cache, median of five).
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, sync_playwright
from sqlalchemy import select

from benchmarks.common import peak_rss_mb, report
from core.labels import LABELS
from core.metrics import curves
from core.metrics.service import Days, Metrics, Overview, View
from core.services import Services, build_services
from core.settings import Settings
from db.models import DecisionRow
from tests.support.chromium import ARGS, executable
from tests.support.ledger import seed, write_decisions
from tests.support.server import serving

ROUNDS = 31


def main() -> None:
    """Build, measure, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--decisions", type=int, default=1_000_000)
    parser.add_argument("--quick", action="store_true", help="20,000 decisions, no page")
    parser.add_argument("--no-page", action="store_true", help="leave Chromium out")
    parser.add_argument("--keep", type=Path, help="folder to build in, or to use again")
    options = parser.parse_args()
    decisions = 20_000 if options.quick else options.decisions
    with tempfile.TemporaryDirectory() as made:
        folder = options.keep or Path(made)
        known = (folder / "moderato.db").exists()
        services = build_services(Settings(data_dir=folder))
        if not known:
            seed(services, comments=decisions, days=30, decided=1.0, all_reviewed=True)
        found = measure(services)
        services.close()
        if not (options.quick or options.no_page):
            found |= measure_page(folder)
    value = found.pop("refresh_ms")
    report("metrics_refresh", value, "ms", floor=50, target=5, **found)


def measure(services: Services) -> dict[str, float]:
    """The first fold, then refreshes after one decision each."""
    metrics = Metrics(services.sessions)
    model, days = metrics.models()[0].id, metrics.days()
    used = time.process_time()
    first = timed(lambda: metrics.overview(model, days, View.TRAFFIC))
    first_cpu, entries = time.process_time() - used, metrics.version().decisions
    bare, whole, busy = [], [], []
    for turn in range(ROUNDS):
        redecide(services, turn)
        used = time.process_time()
        bare.append(timed(lambda: refresh(metrics, model, days)))
        busy.append(time.process_time() - used)
        redecide(services, turn)
        whole.append(timed(lambda: draw_curves(refresh(metrics, model, days))))
    return {
        "refresh_ms": milliseconds(bare),
        "refresh_cpu_ms": milliseconds(busy),
        "with_curves_ms": milliseconds(whole),
        "version_ms": milliseconds([timed(metrics.version) for _ in range(ROUNDS)]),
        "first_fold_s": round(first, 2),
        "first_fold_cpu_s": round(first_cpu, 2),
        "fold_entries_per_s": round(entries / first),
        "decisions": entries,
        "peak_rss_mb": round(peak_rss_mb()),
    }


def refresh(metrics: Metrics, model: int, days: Days) -> list[Overview]:
    """What the page asks for after a decision."""
    return metrics.overviews(model, days)


def draw_curves(overviews: list[Overview]) -> None:
    """The page's curves: ROC of all labels, precision-recall and calibration of one."""
    for overview in overviews:
        for label in range(len(LABELS)):
            curves.roc(overview.sample, label)
        curves.precision_recall(overview.sample, 0)
        curves.calibration(overview.sample, 0)


def redecide(services: Services, turn: int) -> None:
    """Somebody decides a comment again, otherwise than before."""
    with services.sessions.read() as session:
        last = session.scalars(select(DecisionRow).order_by(DecisionRow.id.desc()).limit(1)).one()
        comment = int(np.random.default_rng(turn).integers(1, last.id // 2))
    write_decisions(services, [{"id": last.id + 1, "comment_id": comment, "labels": last.id % 64, "outcome": "remove"}])


def timed(work: Callable[[], object]) -> float:
    """Seconds."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def milliseconds(seconds: list[float]) -> float:
    """The median, in milliseconds."""
    return round(statistics.median(seconds) * 1000, 2)


def measure_page(folder: Path) -> dict[str, float]:
    """Loads of the metrics page once the process has folded the ledger."""
    with serving(folder, embedded_worker="false") as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable(), args=ARGS)
        loads = load_page(browser, server.url)
        browser.close()
    seconds, sizes = zip(*loads[1:], strict=True)  # the first one folds, and fills the browser's cache
    return {"page_load_s": round(statistics.median(seconds), 2), "page_bytes": max(sizes)}


def load_page(browser: Browser, url: str, *, times: int = 6) -> list[tuple[float, int]]:
    """Seconds until the numbers stand there with the ROC curves, and bytes over the websocket."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.add_cookies([{"name": "moderato_name", "value": "Ada", "url": url}])
    found = []
    for _ in range(times):
        page, sizes = context.new_page(), []
        page.on("websocket", lambda socket, to=sizes: socket.on("framereceived", lambda frame: to.append(len(frame))))
        started = time.perf_counter()
        page.goto(f"{url}/metrics")
        page.locator(".m-numbers").wait_for(timeout=120_000)
        page.locator(".chart canvas").nth(1).wait_for(timeout=120_000)
        seconds = time.perf_counter() - started
        page.wait_for_timeout(3_000)
        found.append((seconds, sum(sizes)))
        page.close()
    return found


if __name__ == "__main__":
    main()

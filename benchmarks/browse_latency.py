"""First paint of the Browse page in Chromium over a large database, under filters that match much, little and nothing.

    python -m benchmarks.browse_latency [--comments 1000000] [--keep FOLDER]

The value is the slowest of the page loads (warm browser cache): from asking for the page to results on the screen.
"""

import argparse
import random
import re
import sqlite3
import statistics
import tempfile
import time
from datetime import date
from pathlib import Path
from urllib.parse import urlencode

from playwright.sync_api import Page, sync_playwright

from benchmarks.common import comment_texts, report
from core.browse import Filter
from core.history import Standing
from core.services import build_services
from core.settings import Settings
from tests.support.chromium import ARGS, executable
from tests.support.server import serving

EPOCH = 1_750_000_000_000_000
PAGES = {
    "everything": {},
    "common word": {"q": "the"},
    "rare word": {"q": "zebra"},
    "phrase": {"q": '"of the"'},
    "beginning": {"q": "th*"},
    "no such word": {"q": "qqzzxxqq"},
    "without a word": {"q": "-the"},
    "not scored": {"state": "Not scored"},
    "audit lane": {"state": "Waiting: audit"},
    "settled, a common word": {"q": "you", "state": "Settled"},
    "threats by people": {"decided": "Threat"},
    "over the threshold": {"over": "Threat"},
    "one moderator": {"moderator": "Ada"},
    "small source": {"source": "small"},
    "no match at all": {"q": "the", "source": "small", "state": "Waiting: escalated"},
}
SEARCHES = {
    "score nobody has": Filter(score_label=3, low=0.99999),
    "a day long ago": Filter(first_day=date(2001, 1, 1), last_day=date(2001, 1, 2)),
    "rare decision of one moderator": Filter(moderator="Bob", decided_label=3),
    "common words, few left": Filter(text="the and", standing=Standing.ESCALATED),
}


def main() -> None:
    """Build, measure, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--comments", type=int, default=1_000_000)
    parser.add_argument("--quick", action="store_true", help="20,000 comments")
    parser.add_argument("--keep", type=Path, help="folder to build in, or to use again")
    options = parser.parse_args()
    comments = 20_000 if options.quick else options.comments
    with tempfile.TemporaryDirectory() as made:
        folder = options.keep or Path(made)
        if not (folder / "moderato.db").exists():
            build(folder, comments)
        queries = time_queries(folder)
        with serving(folder, embedded_worker="false") as server:
            paints = time_pages(server.url)
    worst = max(paints, key=paints.__getitem__)
    report(
        "browse_latency", round(paints[worst], 3), "s", floor=1, target=1, comments=comments, slowest=worst,
        median=round(statistics.median(paints.values()), 3), first_paint=_rounded(paints), query=_rounded(queries),
    )  # fmt: skip


def build(folder: Path, comments: int) -> None:
    """A database as after a year of work, filled by bulk SQL."""
    services = build_services(Settings(data_dir=folder))
    model, policy = services.registry.require_live().id, services.policies.active().id
    services.close()
    base = sqlite3.connect(folder / "moderato.db")
    base.executescript("PRAGMA synchronous=OFF; PRAGMA foreign_keys=OFF; PRAGMA cache_size=-400000;")
    base.executemany(
        "INSERT INTO comment (id, text, text_hash, source, external_id, added_at) VALUES (?, ?, ?, ?, ?, ?)",
        _comments(comments),
    )
    base.execute(
        "INSERT INTO score SELECT id, :model, r*r, pow(r, 6), pow(r, 3), pow(r, 8) * .99, r*r*.8, pow(r, 5), added_at "
        "FROM (SELECT id, added_at, abs(random() % 1000000) / 1e6 AS r FROM comment WHERE id % 1000 <> 7)",
        {"model": model},
    )
    base.execute("INSERT INTO pending SELECT id, 0, NULL FROM comment WHERE id % 1000 = 7")
    base.execute(
        "INSERT INTO routing SELECT comment_id, :policy, model_id, CASE WHEN comment_id % 10 = 1 THEN 'settled' "
        "WHEN comment_id % 20 = 2 THEN 'open' ELSE 'allowed' END, toxic > .5, CASE WHEN comment_id % 20 = 2 THEN "
        "CASE comment_id % 200 WHEN 2 THEN 'audit' ELSE 'flagged' END WHEN comment_id % 10 = 1 THEN 'flagged' END, "
        "-toxic, 1, comment_id % 200 = 2, .05, 20000, scored_at FROM score",
        {"policy": policy},
    )
    base.execute(
        "INSERT INTO decision (client_id, comment_id, person, decided_at, labels, outcome, lane, blind, seconds) "
        "SELECT lower(hex(randomblob(16))), comment_id, CASE comment_id % 50 WHEN 1 THEN 'Bob' ELSE 'Ada' END, "
        "routed_at, CASE WHEN comment_id % 5000 = 11 THEN 8 ELSE 1 END, 'remove', 'flagged', 0, 3 "
        "FROM routing WHERE state = 'settled'"
    )
    base.execute("INSERT INTO comment_fts (comment_fts) VALUES ('rebuild')")
    base.execute("UPDATE comment_fts_progress SET last_id = (SELECT max(id) FROM comment)")
    base.commit()
    base.close()


def _comments(count: int):
    known, draw = comment_texts(), random.Random(3)
    for number in range(1, count + 1):
        text = f"{draw.choice(known)} {number}"
        source = "small" if number % 50_000 == 9 else "forum" if number % 3 else "news"
        yield number, text, f"{number:032x}", source, str(number), EPOCH + number * 1_000_000


def time_queries(folder: Path) -> dict[str, float]:
    """Seconds of the searches alone, in this process."""
    services = build_services(Settings(data_dir=folder))
    taken = {}
    for name, wanted in {"everything": Filter(), **SEARCHES}.items():
        started = time.perf_counter()
        services.browse.search(wanted)
        taken[name] = time.perf_counter() - started
    services.close()
    return taken


def time_pages(url: str) -> dict[str, float]:
    """Seconds from asking for the page to results on the screen."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable(), args=ARGS)
        context = browser.new_context(viewport={"width": 1280, "height": 800})
        context.add_cookies([{"name": "moderato_name", "value": "Ada", "url": url}])
        page = context.new_page()
        _load(page, url, {})  # fills the browser's cache
        taken = {name: _load(page, url, query) for name, query in PAGES.items()}
        browser.close()
    return taken


def _load(page: Page, url: str, query: dict[str, str]) -> float:
    started = time.perf_counter()
    page.goto(f"{url}/browse?{urlencode(query)}", wait_until="commit")
    nothing = page.get_by_role("heading", name=re.compile("No comment matches|Nothing found so far"))
    page.locator("[data-cid]").or_(nothing).first.wait_for(timeout=60_000)
    taken = time.perf_counter() - started
    page.wait_for_function("!document.querySelector('[data-testid=stStatusWidget]')")
    page.wait_for_timeout(200)
    return taken


def _rounded(times: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 3) for name, value in times.items()}


if __name__ == "__main__":
    main()

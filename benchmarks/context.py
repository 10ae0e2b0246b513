"""The card's 40 items and their surroundings at a million comments, a thread of 10,000 and an author of 100,000."""

import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from sqlalchemy import text

from benchmarks.common import machine, report
from core.accounts import local_person
from core.context import Part
from core.review_items import build_items
from core.services import Services, build_services
from core.settings import Settings
from db.stores.claims import Claim
from tests.support.queue import Waiting, fill_queue

COMMENTS, OPEN = 1_000_000, 400
THREAD, AUTHOR = 10_000, 100_000
ROUNDS = 50
COLUMNS = (
    "comment_id", "state", "policy_id", "model_id", "flagged", "lane", "priority", "band", "audit", "rate",
    "automatic", "day", "routed_at",
)  # fmt: skip
ROWS = (
    "WITH RECURSIVE k(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM k WHERE n < {many}) "
    "INSERT INTO comment (text, text_hash, source, external_id, author, thread, parent, created_at, added_at) "
    "SELECT 'Remark ' || n || ' of somebody, which others did not like at all', 'h' || n, 'site', 'x' || n, "
    "CASE WHEN n % 10 = 0 THEN 'eve' ELSE 'a' || (n % 50000) END, "
    "CASE WHEN n % 100 = 0 THEN 'long' ELSE 't' || (n % 20000) END, 'x' || (n - 100), "
    "{now} - (n * 7919 % {many}) * 2000000, {now} FROM k"
)
"""Every tenth is by eve, every hundredth in one thread; written over 23 days, in another order than they came in."""


def fill(services: Services) -> list[int]:
    """A million comments, of which eve's were decided or let through; and 400 of hers in the long thread wait."""
    at = time.time_ns() // 1000
    with services.sessions.begin() as session:
        session.execute(text(ROWS.format(many=COMMENTS, now=at)))
    waiting = [Waiting(f"Waiting comment {k}", author="eve", thread="long", parent="x100") for k in range(OPEN)]
    made = fill_queue(services.sessions, waiting, source="site")
    like = f"FROM comment c, (SELECT * FROM routing WHERE comment_id = {made[0]}) r "
    settled = (
        f"INSERT INTO routing ({', '.join(COLUMNS)}) SELECT c.id, "
        f"CASE WHEN c.id % 30 = 0 THEN 'settled' ELSE 'allowed' END, {', '.join('r.' + name for name in COLUMNS[2:])} "
        f"{like} WHERE c.author = 'eve' AND c.id < {made[0]}"
    )
    decided = (
        "INSERT INTO decision (client_id, comment_id, person, decided_at, labels, outcome, lane, blind) "
        "SELECT lower(hex(randomblob(16))), comment_id, 'Bob', routed_at, 1, "
        "CASE WHEN comment_id % 60 = 0 THEN 'remove' ELSE 'approve' END, 'flagged', false "
        "FROM routing WHERE state = 'settled'"
    )
    with services.sessions.begin() as session:
        session.execute(text(settled))
        session.execute(text(decided))
        session.execute(text("ANALYZE"))
    return made


def p95(act: Callable[[int], object]) -> tuple[float, float]:
    """Median and 95th percentile of the milliseconds that it takes, each time of another comment."""
    took = []
    for turn in range(ROUNDS + 3):
        started = time.perf_counter()
        act(turn)
        took.append((time.perf_counter() - started) * 1_000)
    took = sorted(took[3:])
    return round(statistics.median(took), 1), round(took[int(0.95 * len(took))], 1)


def main() -> None:
    """Prints one JSON line."""
    with tempfile.TemporaryDirectory() as folder:
        services = build_services(Settings(data_dir=Path(folder)))
        made, ada = fill(services), local_person("Ada")
        claims: list[Claim] = services.review.take(ada, OPEN)
        forty = [claims[k * 8 : k * 8 + 40] for k in range(40)]
        items = p95(lambda turn: build_items(services.sessions, forty[turn % 40]))
        show = p95(lambda turn: services.contexts.show(made[turn % OPEN], by=ada))
        more = [p95(partial(one_more, services, made, part)) for part in Part]
        services.close()
    worst = max(value for _, value in more)
    report(
        "context", items[1], "ms p95 to build 40 items", floor=60, target=30, items_median_ms=items[0],
        show_median_ms=show[0], show_p95_ms=show[1], more_p95_ms=worst, comments=COMMENTS, thread=THREAD,
        author=AUTHOR, machine=machine(),
    )  # fmt: skip


def one_more(services: Services, made: list[int], part: Part, turn: int) -> object:
    """The next page, going on from a comment of eve's in the long thread."""
    return services.contexts.more(made[turn % OPEN], part, 100 * (1 + turn * 37), by=local_person("Ada"))


if __name__ == "__main__":
    main()

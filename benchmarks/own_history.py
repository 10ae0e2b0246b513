"""My work of somebody with a million decisions: pages of the own history under each kind of search, and the days.

    python -m benchmarks.own_history [--decisions 1000000] [--keep FOLDER]

The value is the slowest first page, in ms. Decisions lie 30 s apart, so the last fourteen days hold some 40,000.
"""

import argparse
import random
import sqlite3
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, timedelta
from pathlib import Path

from benchmarks.common import comment_texts, report
from core.accounts import local_person
from core.domain import Lane, Outcome, now
from core.own_days import local_midnights
from core.own_history import OwnCriteria
from core.services import build_services
from core.settings import Settings
from db.models import to_micros

STEP = 30_000_000
SEARCHES = {
    "everything": OwnCriteria(),
    "common word": OwnCriteria(text="the"),
    "rare word": OwnCriteria(text="zebra"),
    "no such word": OwnCriteria(text="qqzzxxqq"),
    "without a word": OwnCriteria(text="-the"),
    "rare label": OwnCriteria(label=3),
    "label nobody gave": OwnCriteria(label=5),
    "rare outcome": OwnCriteria(outcome=Outcome.ESCALATE),
    "a lane that never was": OwnCriteria(lane=Lane.ADJUDICATION),
    "a day long ago": OwnCriteria(since=now() - timedelta(days=301), until=now() - timedelta(days=300)),
    "one comment": OwnCriteria(comment_id=77),
}


def main() -> None:
    """Build, measure, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--decisions", type=int, default=1_000_000)
    parser.add_argument("--quick", action="store_true", help="20,000 decisions")
    parser.add_argument("--keep", type=Path, help="folder to build in, or to use again")
    options = parser.parse_args()
    decisions = 20_000 if options.quick else options.decisions
    with tempfile.TemporaryDirectory() as made:
        folder = options.keep or Path(made)
        if not (folder / "moderato.db").exists():
            build(folder, decisions)
        services, ada = build_services(Settings(data_dir=folder)), local_person("Ada")
        own = services.own_history
        taken = {name: _best(lambda wanted=wanted: own.page(wanted, by=ada)) for name, wanted in SEARCHES.items()}
        last = own.page(OwnCriteria(), by=ada, before=100)
        days = _best(lambda: own.days(local_midnights(now(), UTC, 14), by=ada))
        done = sum(day.done for day in own.days(local_midnights(now(), UTC, 14), by=ada))
        services.close()
    worst = max(taken, key=taken.__getitem__)
    report(
        "own_history", taken[worst], "ms", floor=600, target=450, decisions=decisions, slowest=worst, first_page=taken,
        last_page=len(last.entries), days=days, decided_in_the_days=done,
    )  # fmt: skip


def build(folder: Path, decisions: int) -> None:
    """A database in which Ada has decided everything, filled by bulk SQL."""
    services = build_services(Settings(data_dir=folder))
    model, policy = services.registry.require_live().id, services.policies.active().id
    services.close()
    base = sqlite3.connect(folder / "moderato.db")
    base.executescript("PRAGMA synchronous=OFF; PRAGMA foreign_keys=OFF; PRAGMA cache_size=-400000;")
    known, draw, first = comment_texts(), random.Random(3), to_micros(now()) - decisions * STEP
    base.executemany(
        "INSERT INTO comment (id, text, text_hash, source, external_id, added_at) VALUES (?, ?, ?, 'site', ?, ?)",
        (
            (k, f"{draw.choice(known)} {k}", f"{k:032x}", str(k), first + k * STEP - STEP)
            for k in range(1, decisions + 1)
        ),
    )
    base.execute("INSERT INTO score SELECT id, :model, .9, .1, .3, .1, .6, .1, added_at FROM comment", {"model": model})
    base.execute(
        "INSERT INTO routing SELECT id, :policy, :model, 'settled', 1, 'flagged', -.9, 4, 0, .05, 0, 20000, added_at "
        "FROM comment",
        {"policy": policy, "model": model},
    )
    base.execute(
        "INSERT INTO decision (client_id, comment_id, person, decided_at, labels, outcome, lane, blind, seconds) "
        "SELECT lower(hex(randomblob(16))), id, 'Ada', added_at + :step, CASE WHEN id % 50000 = 9 THEN 8 ELSE 17 END, "
        "CASE WHEN id % 50000 = 11 THEN 'escalate' ELSE 'remove' END, 'flagged', 0, 3 FROM comment",
        {"step": STEP},
    )
    base.execute("INSERT INTO comment_fts (comment_fts) VALUES ('rebuild')")
    base.execute("UPDATE comment_fts_progress SET last_id = (SELECT max(id) FROM comment)")
    base.commit()
    base.close()


def _best(work: Callable[[], object], times: int = 3) -> float:
    """Milliseconds of the quickest of some runs: the machine has other work too."""
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        work()
        taken.append((time.perf_counter() - started) * 1_000)
    return round(min(taken), 1)


if __name__ == "__main__":
    main()

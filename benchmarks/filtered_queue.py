"""Claims under filters on a large database: what one refill costs where much, little and nothing matches.

    python -m benchmarks.filtered_queue [--comments 1000000] [--waiting 100000] [--url URL] [--plans]

The value is the slowest refill of 40 comments, in milliseconds, once the database is warm. --url takes an empty
PostgreSQL database instead of SQLite; --plans prints the database's own words on how it looks.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.event import listen, remove

from benchmarks.common import machine, report
from core.accounts import Person, local_person
from core.domain import Lane, now
from core.focus import Chosen, Focuses
from core.review import Review
from core.services import Services, build_services
from core.settings import Settings
from core.work_filter import WorkFilter
from db.stores.claims import ClaimStore

_NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :many)"
EPOCH = 1_750_000_000_000_000


def build(services: Services, comments: int, waiting: int) -> None:
    """Comments of two sources and a rare one, one in fifty in Cyrillic; the newest `waiting` of them are open."""
    model, policy = services.registry.require_live().id, services.policies.active().id
    open_from = comments - waiting
    statements = (
        f"{_NUMBERS} INSERT INTO comment (id, text, text_hash, source, external_id, added_at, script) SELECT i, "
        "'what a pathetic bunch of clowns, said number ' || i || ' and went on at some length about it', "
        "'h' || i, CASE WHEN i % 5000 = 9 THEN 'small' WHEN i % 3 = 0 THEN 'forum' ELSE 'news' END, 'x' || i, "
        f"{EPOCH} + CAST(i AS BIGINT) * 1000000, CASE WHEN i % 50 = 0 THEN 'cyrillic' END FROM n",
        "INSERT INTO score (comment_id, model_id, toxic, severe_toxic, obscene, threat, insult, identity_hate, "
        "scored_at) SELECT id, :model, r, r * r * r * r, r * r, CASE WHEN id % 2000 = 3 THEN 0.8 ELSE 0.01 END, "
        "r * .9, .01, added_at FROM (SELECT id, added_at, (CAST(id AS BIGINT) * 7919 % 10007) / 10007.0 AS r "
        "FROM comment) AS drawn",
        "INSERT INTO routing (comment_id, policy_id, model_id, state, flagged, lane, priority, band, audit, rate, "
        "automatic, day, routed_at) SELECT comment_id, :policy, model_id, CASE WHEN comment_id > :from THEN 'open' "
        "ELSE 'settled' END, true, CASE WHEN comment_id % 20 = 2 THEN 'audit' WHEN comment_id % 500 = 7 THEN "
        "'escalated' ELSE 'flagged' END, -toxic, 1, comment_id % 20 = 2, .05, false, 20000, scored_at FROM score",
    )
    with services.sessions.begin() as session:
        for statement in statements:
            session.execute(text(statement), {"many": comments, "model": model, "policy": policy, "from": open_from})
    with services.sessions.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("ANALYZE"))


CHOICES = {
    "everything": WorkFilter(),
    "common label": WorkFilter(labels=(0,)),
    "rare label": WorkFilter(labels=(3,)),
    "label that nothing has": WorkFilter(labels=(5,)),
    "two labels of a source": WorkFilter(labels=(0, 3), sources=("forum",)),
    "small source": WorkFilter(sources=("small",)),
    "no such source": WorkFilter(sources=("none",)),
    "rare script": WorkFilter(scripts=("cyrillic",)),
    "script that nothing has": WorkFilter(scripts=("thai",)),
    "narrow range": WorkFilter(score_label=0, low=0.5, high=0.5005),
    "range that nothing has": WorkFilter(score_label=1, low=0.99999),
    "rare label and script": WorkFilter(labels=(3,), scripts=("cyrillic",), lanes=(Lane.FLAGGED,)),
}


def main() -> None:
    """Build, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--comments", type=int, default=1_000_000)
    parser.add_argument("--waiting", type=int, default=100_000)
    parser.add_argument("--quick", action="store_true", help="20,000 comments, 5,000 waiting")
    parser.add_argument("--url", help="an empty PostgreSQL database")
    parser.add_argument("--plans", action="store_true", help="print how the database looks")
    options = parser.parse_args()
    if options.quick:
        options.comments, options.waiting = 20_000, 5_000
    with tempfile.TemporaryDirectory() as folder:
        services = build_services(Settings(data_dir=Path(folder), database_url=options.url or ""))
        build(services, options.comments, options.waiting)
        figures = {name: measure(services, chosen) for name, chosen in CHOICES.items()}
        if options.plans:
            show_plans(services)
        dialect = services.sessions.engine.dialect.name
        services.close()
    worst = max(figures, key=lambda name: figures[name]["refill_ms"])
    report("filtered_queue", figures[worst]["refill_ms"], "ms", floor=500, target=250, slowest=worst,
           again_ms=max(one["again_ms"] for one in figures.values()), database=dialect, comments=options.comments,
           waiting=options.waiting, filters=figures, machine=machine())  # fmt: skip


def measure(services: Services, chosen: WorkFilter) -> dict[str, float]:
    """Milliseconds of a refill that has to look, of one soon after it, of the write lock alone, and of the count."""
    person = local_person("Ada")
    services.focuses.choose(Chosen(chosen), by=person)
    looked, again, counted = [], [], []
    for _ in range(3):
        focus = services.focuses.of(person, Chosen(chosen).as_json())
        review = Review(services.sessions, services.settings)
        looked.append(timed(lambda review=review, focus=focus: review.take(person, 40, within=focus.within)))
        found = len(review.take(person, 0))
        put_back(services, person)
        again.append(timed(lambda review=review, focus=focus: review.take(person, 40, within=focus.within)))
        put_back(services, person)
        fresh = Focuses(services.sessions, services.preferences)
        counted.append(timed(lambda fresh=fresh, focus=focus: fresh.waiting(focus, by=person)))
    return {
        "found": found,
        "refill_ms": round(statistics.median(looked), 1),
        "again_ms": round(statistics.median(again), 1),
        "count_ms": round(statistics.median(counted), 1),
    }


def put_back(services: Services, person: Person) -> None:
    """Let everything be free again."""
    with services.sessions.begin() as session:
        ClaimStore(session).put_back_all(person.name, now())


def timed(act: Callable[[], object]) -> float:
    """Milliseconds."""
    started = time.perf_counter()
    act()
    return (time.perf_counter() - started) * 1000


def show_plans(services: Services) -> None:
    """The database's own words, for the choices that cost most."""
    explain = "EXPLAIN QUERY PLAN " if services.sessions.engine.dialect.name == "sqlite" else "EXPLAIN ANALYZE "
    for name in ("label that nothing has", "script that nothing has"):
        focus = services.focuses.of(local_person("Ada"), Chosen(CHOICES[name]).as_json())
        with services.sessions.read() as session:
            said: list[str] = []

            def note(_c, _cursor, statement, parameters, _context, _many, said=said) -> None:
                if "routing" in statement and not statement.startswith("EXPLAIN"):
                    said.append((statement, parameters))

            listen(services.sessions.engine, "before_cursor_execute", note)
            ClaimStore(session).candidates(Lane.FLAGGED, focus.within, 40)
            remove(services.sessions.engine, "before_cursor_execute", note)
            for statement, parameters in said:
                for row in session.connection().exec_driver_sql(explain + statement, parameters):
                    print(name, *row, file=sys.stderr)


if __name__ == "__main__":
    main()

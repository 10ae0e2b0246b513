"""What well-being costs on a large database: one's own exposure, a list of labels that are not for today, mild ones.

    python -m benchmarks.wellbeing [--decisions 1000000] [--keep FOLDER]

The value is the median time of the section on "My work" (seven days) for somebody who made a tenth of a million
decisions. Beside it: what the card looks up once a minute, a refill of claims without and with a list that leaves
100,000 of 100,000 waiting comments to others, the same with a third of mild ones, and masking words of a usual comment.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.common import comment_texts, report
from core.accounts import local_person
from core.domain import now
from core.labels import LABELS
from core.recent import Recent
from core.services import Services, build_services
from core.settings import Settings
from core.wellbeing.words import found_words
from core.wish import ANY, Wish
from db.models import to_micros
from tests.support.ledger import seed
from tests.support.queue import SEVERE, Waiting, fill_queue

ROUNDS = 15
WAITING = 100_000


def main() -> None:
    """Build, measure, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--decisions", type=int, default=1_000_000)
    parser.add_argument("--quick", action="store_true", help="20,000 decisions, 2,000 waiting")
    parser.add_argument("--keep", type=Path, help="folder to build in, or to use again")
    options = parser.parse_args()
    decisions, waiting = (20_000, 2_000) if options.quick else (options.decisions, WAITING)
    with tempfile.TemporaryDirectory() as made:
        folder = options.keep or Path(made)
        known = (folder / "moderato.db").exists()
        services = build_services(Settings(data_dir=folder))
        if not known:
            build(services, decisions, waiting)
        found = measure(services)
        services.close()
    value = found.pop("my_work_ms")
    report("wellbeing", value, "ms", floor=1000, target=200, decisions=decisions, waiting=waiting, **found)


def build(services: Services, decisions: int, waiting: int) -> None:
    """A month of ten people's decisions that ends now, each of some seconds, and a queue of severe comments."""
    seed(services, comments=decisions, days=30, decided=1.0, all_reviewed=True)
    end, each = to_micros(now()), 30 * 86_400_000_000 // decisions
    with services.sessions.engine.begin() as connection:
        drop = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'decision'"
        triggers = connection.exec_driver_sql(drop).all()
        for name, _ in triggers:
            connection.exec_driver_sql(f"DROP TRIGGER {name}")
        last = connection.exec_driver_sql("SELECT max(id) FROM decision").scalar()
        connection.exec_driver_sql(
            "UPDATE decision SET person = 'P' || (id % 10), decided_at = ? - (? - id) * ?,"
            " model_id = (SELECT model_id FROM routing WHERE routing.comment_id = decision.comment_id),"
            " policy_id = (SELECT policy_id FROM routing WHERE routing.comment_id = decision.comment_id)",
            (end, last, each),
        )
        for _, words in triggers:
            connection.exec_driver_sql(words)
    draw = np.random.default_rng(1).random(waiting)
    fill_queue(services.sessions, [Waiting(f"waits {k}", scores=SEVERE, priority=p) for k, p in enumerate(draw)])


def measure(services: Services) -> dict[str, float]:
    """Medians in milliseconds."""
    person, ledger = local_person("P3"), services.exposure
    today = now().replace(hour=0, minute=0, second=0, microsecond=0)
    none = Wish(frozenset(LABELS))
    week = sum(day.severe + day.other for day in ledger.days(by=person, today=today))
    texts = comment_texts(500)

    def refill(wish: Wish) -> Callable[[], object]:
        def take() -> object:
            services.review.give_back(person)
            services.review._serving._recent = Recent()  # each look is a first one: the next would wait
            started = time.perf_counter()
            services.review.take(person, 40, wish=wish)
            return time.perf_counter() - started

        return take

    return {
        "my_work_ms": timed(lambda: ledger.days(by=person, today=today)),
        "seen_in_the_week": week,
        "meter_ms": timed(lambda: ledger.days(by=person, today=today, many=1)),
        "stretch_ms": timed(lambda: ledger.stretch(by=person)),
        "refill_ms": timed(refill(ANY)),
        "refill_with_mild_ms": timed(refill(Wish(mild_after=2))),
        "refill_not_today_ms": timed(refill(none)),
        "why_nothing_ms": timed(lambda: services.review.elsewhere(person, none)),
        "words_ms": round(timed(lambda: [found_words(text) for text in texts]) / len(texts), 3),
    }


def timed(act: Callable[[], object]) -> float:
    """Median milliseconds; of what the act itself says it took, if it says so."""
    taken = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        said = act()
        taken.append(said if isinstance(said, float) else time.perf_counter() - started)
    return round(statistics.median(taken) * 1000, 2)


if __name__ == "__main__":
    main()

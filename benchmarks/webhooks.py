"""A thousand decisions that wait for a webhook: how soon a receiver that needs 50 ms for each has them all.

And how long a decision takes meanwhile in the same process, on SQLite.
"""

import tempfile
import time
from pathlib import Path
from uuid import uuid4

import numpy as np

from benchmarks.common import machine, report
from core.accounts import local_person
from core.domain import Outcome
from core.services import Services, build_services
from core.settings import Settings
from core.verdict import Verdict
from tests.support.queue import fill_queue, flagged
from tests.support.receiver import Got, receiving
from tests.support.webhooks import decide, delivering, make, standing

MANY, DECISIONS = 1_000, 60
RECEIVER_SECONDS = 0.05


def main() -> None:
    """Print one JSON line."""
    with tempfile.TemporaryDirectory() as folder, receiving(reply=_slowly) as receiver:
        services = build_services(Settings(data_dir=Path(folder)))
        fill_queue(services.sessions, flagged(3 * DECISIONS))
        _decide(services)  # the first ones load what later ones have
        alone = _decide(services)
        make(services, receiver.url)
        decide(services, MANY)
        started = time.monotonic()
        with delivering(services):
            beside = _decide(services)
            while standing(services)[1].delivered < MANY + DECISIONS:
                time.sleep(0.1)
        seconds = time.monotonic() - started
        services.close()
    figures = {f"decide_alone_{name}_ms": value for name, value in _shown(alone).items()}
    figures |= {f"decide_beside_{name}_ms": value for name, value in _shown(beside).items()}
    many = MANY + DECISIONS
    report("webhooks", round(seconds, 1), "s", floor=120, target=30, messages=many, machine=machine(), **figures)


def _slowly(_got: Got) -> tuple[int, dict[str, str]]:
    time.sleep(RECEIVER_SECONDS)
    return 200, {}


def _decide(services: Services) -> list[float]:
    """Milliseconds of each of some decisions."""
    person, taken = local_person("Ada"), []
    for item in services.review.claim(person, DECISIONS):
        started = time.perf_counter()
        services.review.decide(Verdict(uuid4(), item.comment.id, Outcome.REMOVE, seconds=0.1), by=person)
        taken.append((time.perf_counter() - started) * 1_000)
        time.sleep(0.02)
    return taken


def _shown(taken: list[float]) -> dict[str, float]:
    return {"p50": round(float(np.median(taken)), 1), "p95": round(float(np.quantile(taken, 0.95)), 1)}


if __name__ == "__main__":
    main()

"""Comments per second from stored text to stored scores, by the worker inside a running dashboard; and score writes.

    python -m benchmarks.scoring_speed [--comments 30000]

Loading the model counts: the clock starts when the dashboard answers.
"""

import argparse
import itertools
import json
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.import_speed import texts
from core.domain import NewComment, now
from core.labels import LABELS
from core.services import Services, build_services
from core.settings import Settings
from db.stores.scores import ScoreStore
from tests.support.postgres import Postgres
from tests.support.server import serving

TARGET = 2_500
_ROWS = 100_000
_CHUNK = 2_000


def main() -> None:
    """Fill a database, let a dashboard score it, print one JSON line last."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--comments", type=int, default=30_000)
    count = parser.parse_args().comments
    line = {"name": "scoring_speed", "value": scoring(count), "unit": "comments/s", "floor": TARGET, "target": TARGET}
    writes = {"score_writes_sqlite": sqlite_writes(), "score_writes_postgresql": postgresql_writes()}
    print(json.dumps({**line, "comments": count, **writes, "score_writes_goals": [200_000, 50_000]}))


def fill(services: Services, count: int) -> None:
    """That many different real comments, waiting."""
    numbered = zip(range(count), itertools.cycle(texts()), strict=False)
    services.intake.add([NewComment(text, "bench", str(number)) for number, text in numbered])


def scoring(count: int) -> int:
    """Comments per second, dashboard and worker in one process."""
    with tempfile.TemporaryDirectory() as folder:
        services = build_services(Settings(data_dir=Path(folder)))
        fill(services, count)
        with serving(Path(folder), embedded_worker="true"):
            started = time.monotonic()
            while services.scoring.status().waiting:
                time.sleep(0.1)
            return round(count / (time.monotonic() - started))


def sqlite_writes() -> int:
    """Rows per second into SQLite."""
    with tempfile.TemporaryDirectory() as folder:
        return writes(build_services(Settings(data_dir=Path(folder))))


def postgresql_writes() -> int:
    """Rows per second into PostgreSQL."""
    server = Postgres.start()
    try:
        with server.empty_database() as url, tempfile.TemporaryDirectory() as folder:
            services = build_services(Settings(data_dir=Path(folder), database_url=url))
            try:
                return writes(services)
            finally:
                services.close()
    finally:
        server.stop()


def writes(services: Services) -> int:
    """Score rows per second, in transactions of 2,000, each committed."""
    services.intake.add([NewComment("x", "bench", str(number)) for number in range(_ROWS)])
    live = services.registry.require_live()
    scores = np.random.default_rng(1).random((_CHUNK, len(LABELS)), np.float32)
    started = time.monotonic()
    for first in range(1, _ROWS, _CHUNK):
        with services.sessions.begin() as session:
            ScoreStore(session).put(np.arange(first, first + _CHUNK), scores, live.id, now())
    return round(_ROWS / (time.monotonic() - started))


if __name__ == "__main__":
    main()

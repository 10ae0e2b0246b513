"""Scores per second into PostgreSQL: arrays in one statement (what db/stores/bulk.py does) beside COPY and an upsert.

    python -m benchmarks.bulk_postgres [--rows 200000]

A server of its own is started, with fsync on. Each way writes batches as a worker does, into a new table, then once
more over the same rows, as a new live model's worker does. Seen: arrays are up to twice as quick.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable

import numpy as np
from sqlalchemy import text
from sqlalchemy.orm import Session

from core.domain import now
from core.labels import LABELS
from db.migrate import migrate
from db.models import to_micros
from db.session import Sessions, build_engine
from db.stores.scores import Scores, ScoreStore
from tests.support.postgres import Postgres

FLOOR = 20_000
BATCHES = (512, 5_000)
_NAMES = ", ".join(("comment_id", "model_id", *LABELS, "scored_at"))
_SETS = ", ".join(f"{name} = excluded.{name}" for name in (*LABELS, "scored_at"))

Put = Callable[[Session, list[int], Scores], None]


def by_arrays(session: Session, ids: list[int], scores: Scores) -> None:
    """As the product does."""
    ScoreStore(session).put(ids, scores, 1, now())


def by_copy(session: Session, ids: list[int], scores: Scores) -> None:
    """COPY into a temporary table, then an upsert from it."""
    at = to_micros(now())
    session.execute(text("CREATE TEMPORARY TABLE IF NOT EXISTS incoming (LIKE score) ON COMMIT DELETE ROWS"))
    columns = scores.T.tolist()
    lines = "".join(f"{id_}\t1\t{a}\t{b}\t{c}\t{d}\t{e}\t{f}\t{at}\n" for id_, a, b, c, d, e, f in zip(ids, *columns))  # noqa: B905
    with session.connection().connection.driver_connection.cursor() as cursor:
        with cursor.copy(f"COPY incoming ({_NAMES}) FROM STDIN") as copy:
            copy.write(lines)
        cursor.execute(
            f"INSERT INTO score ({_NAMES}) SELECT {_NAMES} FROM incoming "
            f"ON CONFLICT (comment_id, model_id) DO UPDATE SET {_SETS}"
        )


def main() -> None:
    """Measure each way and batch size three times, print one JSON line last."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=100_000)
    rows = parser.parse_args().rows
    server = Postgres.start(durable=True)
    try:
        found = {}
        for size in BATCHES:
            for put in (by_arrays, by_copy):
                runs = [measure(server, put, rows, size) for _ in range(3)]
                found[f"{put.__name__}_{size}"] = [round(statistics.median(part)) for part in zip(*runs, strict=True)]
    finally:
        server.stop()
    value = found["by_arrays_512"][0]
    print(json.dumps({"name": "bulk_postgres", "value": value, "unit": "scores/s", "floor": FLOOR, "new_again": found}))


def measure(server: Postgres, put: Put, rows: int, size: int) -> tuple[float, float]:
    """Rows per second, new and written once more."""
    with server.database() as url:
        engine = build_engine(url)
        migrate(engine)
        sessions = Sessions(engine)
        with sessions.begin() as session:
            for key in ("fk_score_comment_id", "fk_score_model_id"):
                session.execute(text(f"ALTER TABLE score DROP CONSTRAINT {key}"))
        scores = np.random.default_rng(1).random((rows, len(LABELS)), np.float32)
        speeds = write(sessions, put, scores, size), write(sessions, put, scores, size)
        engine.dispose()
    return speeds


def write(sessions: Sessions, put: Put, scores: Scores, size: int) -> float:
    """Rows per second."""
    started = time.perf_counter()
    for at in range(0, len(scores), size):
        part = scores[at : at + size]
        with sessions.begin() as session:
            put(session, list(range(at + 1, at + 1 + len(part))), part)
    return len(scores) / (time.perf_counter() - started)


if __name__ == "__main__":
    main()

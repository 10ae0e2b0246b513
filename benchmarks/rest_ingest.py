"""The REST API: comments in by the thousand, and decisions out.

    python -m benchmarks.rest_ingest [--comments 50000] [--decisions 50000]

A real server without its worker, one client after another on the same machine. The value is comments taken in a second;
`decisions_per_second` are entries of the ledger read by a cursor, 1,000 at a time. `pages_ms` is the longest that a
small request had to wait for its answer while comments came in.
"""

import argparse
import os
import tempfile
import threading
import time
from pathlib import Path

import httpx

from benchmarks.common import comment_texts, machine, report
from core.accounts import local_person
from core.keys import Scope
from core.services import build_services
from core.settings import Settings
from tests.support.ledger import seed
from tests.support.server import serving

TOGETHER = 1_000


def main() -> None:
    """Serve, send, read, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--comments", type=int, default=50_000)
    parser.add_argument("--decisions", type=int, default=50_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        secret = prepare(folder, options.decisions)
        with (
            serving(folder, embedded_worker="false") as server,
            httpx.Client(base_url=server.url + "/api/v1", headers={"X-API-Key": secret}, timeout=60) as client,
        ):
            rate, waited = send(client, options.comments)
            again, _ = send(client, options.comments)
            read = read_all(client)
    report(
        "rest_ingest", round(rate), "comments/s", floor=2_000, target=5_000, known_per_second=round(again),
        decisions_per_second=round(read), pages_ms=round(1000 * waited, 1), together=TOGETHER,
        load_average=round(os.getloadavg()[0], 1), machine=machine(),
    )  # fmt: skip


def prepare(folder: Path, decisions: int) -> str:
    """A database with so many decisions, all reviewed, and a key; returns its secret."""
    services = build_services(Settings(data_dir=folder))
    seed(services, comments=decisions, decided=1.0, all_reviewed=True)
    secret = services.keys.create("bench", [Scope.INGEST, Scope.READ], by=local_person("Bench"), rate=None)[1]
    services.close()
    return secret


def send(client: httpx.Client, count: int) -> tuple[float, float]:
    """Comments a second, and the longest that another request waited meanwhile, in seconds."""
    texts = comment_texts(min(count, 20_000))
    comments = [{"external_id": str(k), "text": texts[k % len(texts)], "author": f"a{k % 999}"} for k in range(count)]
    waits, over = [0.0], threading.Event()
    other = threading.Thread(target=_watch, args=(client, waits, over))
    other.start()
    started = time.perf_counter()
    for at in range(0, count, TOGETHER):
        answer = client.post("/comments", json={"source": "bench", "comments": comments[at : at + TOGETHER]})
        answer.raise_for_status()
        if answer.json()["refused"]:
            raise SystemExit(answer.text[:1000])
    elapsed = time.perf_counter() - started
    over.set()
    other.join()
    return count / elapsed, max(waits)


def read_all(client: httpx.Client) -> float:
    """Entries of the ledger a second."""
    after, more, seen, started = 0, True, 0, time.perf_counter()
    while more:
        page = client.get("/decisions", params={"after": after, "limit": TOGETHER}).raise_for_status().json()
        after, more, seen = page["next"], page["more"], seen + len(page["decisions"])
    return seen / (time.perf_counter() - started)


def _watch(client: httpx.Client, waits: list[float], over: threading.Event) -> None:
    while not over.wait(0.02):
        started = time.perf_counter()
        client.get("/openapi.json").raise_for_status()
        waits.append(time.perf_counter() - started)


if __name__ == "__main__":
    main()

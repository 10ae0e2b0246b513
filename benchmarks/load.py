"""A busy day: moderators who decide, analysts on live metrics, comments that come in, all at once on one server.

    python -m benchmarks.load [--minutes 10] [--moderators 20] [--analysts 3] [--comments 100] [--by api] [--profile]

Everything is real but the browsers: websocket clients send what the review card sends and keep the pages' own timers.
Comments come from another process, by `intake` straight into the database, or by `api` through the Perspective route
with storing on. Afterwards the ledger is read: each confirmed decision must be in it once, and no comment twice.
The value is the 95th percentile of milliseconds from a key to its confirmation, without the first `WARM` seconds.
With --profile the server's threads are sampled and the busiest lines are written to standard error.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import psutil
from sqlalchemy import func, select

from benchmarks.common import comment_texts, machine, report
from benchmarks.load_people import Analyst, Moderator
from benchmarks.memory import Memory
from benchmarks.streamlit_client import Client
from core.accounts import local_person
from core.domain import Lane, Outcome
from core.keys import Scope
from core.services import build_services
from core.settings import Settings
from db.models import CommentRow, DecisionRow, PendingRow
from db.session import Sessions
from tests.support.queue import Waiting, fill_queue
from tests.support.server import Server, serving

WARM = 20.0
"""Seconds that are not counted: pages are opened, caches filled."""


def main() -> None:
    """Fill, serve, work, read the ledger, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--moderators", type=int, default=20)
    parser.add_argument("--pause", type=float, default=2, help="seconds between a moderator's decisions")
    parser.add_argument("--analysts", type=int, default=3)
    parser.add_argument("--comments", type=int, default=100, help="coming in a second")
    parser.add_argument("--by", choices=["intake", "api"], default="intake", help="the way that comments come in")
    parser.add_argument("--quick", action="store_true", help="half a minute")
    parser.add_argument("--profile", action="store_true", help="sample the server's threads")
    parser.add_argument("--feed", nargs=3, metavar=("DATA", "PORT", "SECRET"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.quick:
        options.minutes = 0.5
    if options.feed:
        feed(options)
        return
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        secret = prepare(folder, options)
        with profiled(folder, on=options.profile), serving(folder, api_store="true") as server:
            seen = asyncio.run(work(server, secret, options))
            steps = seen.pop("steps")
            found = seen | errors_of(server) | ledger(folder, steps)
        if options.profile:
            print((folder / "profile.txt").read_text(), file=sys.stderr)
    report("load", found.pop("ack_p95_ms"), "ms", floor=300, target=100, **found, machine=machine())
    if found["wrong"]:
        raise SystemExit("the ledger is not what was confirmed")


def prepare(folder: Path, options: argparse.Namespace) -> str:
    """Enough waiting comments, some decided ones for the metrics, and a key."""
    services = build_services(Settings(data_dir=folder))
    services.policies.active()
    many = int(options.moderators * (options.minutes * 60 / options.pause + 80))
    texts = comment_texts(min(many, 40_000))
    lanes = (Lane.AUDIT, *[Lane.FLAGGED] * 4)
    waiting = [
        Waiting(f"{texts[k % len(texts)]} {k}", lane=lanes[k % 5], priority=k / many, author=f"a{k % 500}")
        for k in range(many)
    ]
    fill_queue(services.sessions, waiting)
    secret = services.keys.create("load", [Scope.ANALYZE], by=local_person("Bench"), rate=None)[1]
    services.close()
    return secret


async def work(server: Server, secret: str, options: argparse.Namespace) -> dict:
    """Everybody at once, for the time asked for."""
    moderators = [
        Moderator(Client(server.port, "", f"M{k}"), f"M{k}", options.pause) for k in range(options.moderators)
    ]
    analysts = [Analyst(Client(server.port, "metrics", f"An{k}")) for k in range(options.analysts)]
    everybody = [*moderators, *analysts]
    for person in everybody:
        await person.open()
    memory = Memory(server.pid)
    feeder = start_feeding(server, secret, options)
    cpu, began = server.cpu_seconds(), time.monotonic()
    own = psutil.Process().cpu_times()
    counted = time.perf_counter() + min(WARM, options.minutes * 15)
    sampling = asyncio.create_task(memory.sample(every=5))
    await asyncio.gather(*(person.work(began + options.minutes * 60) for person in everybody))
    elapsed = time.monotonic() - began
    cpu, mine = server.cpu_seconds() - cpu, psutil.Process().cpu_times()
    sampling.cancel()
    fed = json.loads(await asyncio.to_thread(lambda: feeder.communicate(timeout=120)[0]))
    for person in everybody:
        await person.client.close()
    took = sorted(1000 * seconds for m in moderators for pressed, seconds in m.when if pressed >= counted)
    return {
        "steps": {step for m in moderators for step in m.acked},
        "ack_p50_ms": at(took, 0.5), "ack_p95_ms": at(took, 0.95), "ack_p99_ms": at(took, 0.99),
        "ack_worst_ms": at(took, 1), "decisions": sum(len(m.acked) for m in moderators),
        "unconfirmed": sum(len(m.pending) for m in moderators),
        "refused": dict(Counter(words for m in moderators for words in m.refused)),
        "nothing_to_do": sum(m.starved for m in moderators),
        "page_errors": dict(sum((p.client.errors for p in everybody), Counter())),
        "metrics_runs": sum(a.client.runs for a in analysts), "comments_in": fed["sent"], "feed_errors": fed["errors"],
        "minutes": round(elapsed / 60, 2), "server_cpu": round(cpu / elapsed, 2),
        "clients_cpu": round((mine.user + mine.system - own.user - own.system) / elapsed, 2), **memory.figures(),
        "load_average": round(os.getloadavg()[0], 1),
    }  # fmt: skip


def at(ordered: list[float], share: float) -> float:
    """The value below which the share lies; nothing measured is infinite."""
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 1) if ordered else 1e9


def start_feeding(server: Server, secret: str, options: argparse.Namespace) -> subprocess.Popen:
    """Let comments come in from a process of their own."""
    command = [sys.executable, "-m", "benchmarks.load", "--minutes", str(options.minutes), "--by", options.by]
    command += ["--comments", str(options.comments), "--feed", str(server.data_dir), str(server.port), secret]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def feed(options: argparse.Namespace) -> None:
    """Send so many comments a second, evenly; prints how many were sent and what went wrong."""
    from benchmarks.load_feed import by_api, by_intake

    data, port, secret = options.feed
    seconds = options.minutes * 60
    sent, errors = (
        by_intake(Path(data), options.comments, seconds)
        if options.by == "intake"
        else asyncio.run(by_api(int(port), secret, options.comments, seconds))
    )
    print(json.dumps({"sent": sent, "errors": dict(errors)}))


def errors_of(server: Server) -> dict:
    """Lines of the server's log that tell of trouble."""
    lines = server.log.read_text(errors="replace").splitlines()
    bad = [line for line in lines if any(word in line for word in ("ERROR", "WARN", "Traceback", "failed"))]
    return {"log_errors": len(bad), "log_examples": [line[:160] for line in bad[:3]]}


def ledger(folder: Path, steps: set[str]) -> dict:
    """Whether each confirmed decision is in the ledger once, and no comment was settled twice."""
    services = build_services(Settings(data_dir=folder))
    wrong = _wrong(services.sessions, steps)
    with services.sessions.read() as session:
        unscored = session.scalar(select(func.count()).select_from(PendingRow)) or 0
        comments = session.scalar(select(func.count()).select_from(CommentRow)) or 0
    services.close()
    return {"wrong": wrong, "unscored": unscored, "comments": comments}


def _wrong(sessions: Sessions, steps: set[str]) -> dict[str, int]:
    with sessions.read() as session:
        columns = (DecisionRow.client_id, DecisionRow.comment_id, DecisionRow.lane, DecisionRow.outcome)
        rows = session.execute(select(*columns)).all()
    recorded = Counter(str(client_id) for client_id, *_ in rows)
    again = {Lane.SECOND.value, Lane.ADJUDICATION.value}
    settled = Counter(
        comment for _, comment, lane, outcome in rows if lane not in again and outcome != Outcome.ESCALATE.value
    )
    found = {
        "confirmed but lost": len(steps - recorded.keys()),
        "recorded twice": sum(many > 1 for many in recorded.values()),
        "comments decided twice": sum(many > 1 for many in settled.values()),
    }
    return {what: many for what, many in found.items() if many}


def profiled(folder: Path, *, on: bool):
    """Let Python processes that start meanwhile sample their own threads."""
    from benchmarks.sampler import sampling

    return sampling(folder / "profile.txt", on=on)


if __name__ == "__main__":
    main()

"""The Perspective dialect under load: 32 connections that ask for six attributes of real comments, one after another.

    python -m benchmarks.perspective_load [--seconds 20] [--connections 32] [--flood] [--queue] [--profile]

A real server with the starter and its worker; the clients are another process on the same machine, so they take their
share of its cores. `--flood` then asks with 900 connections and counts who is told to come back; `--queue` drives the
review queue in Chromium while programs ask 400 times a second, and again while they ask as fast as they can. The value
is requests answered a second, at 32 connections.
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

from benchmarks.common import comment_texts, machine, report
from benchmarks.sampler import sampling
from core.accounts import local_person
from core.keys import Scope
from core.services import build_services
from core.settings import Settings
from tests.support.server import Server, serving

SIX = ("TOXICITY", "SEVERE_TOXICITY", "PROFANITY", "THREAT", "INSULT", "IDENTITY_ATTACK")
WARM_SECONDS = 2
RATE = 400
"""Requests a second that must be answered, while a queue page in use stays quick."""
FLOOD = 900


def main() -> None:
    """Serve, ask, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--flood", action="store_true", help="also with 900 connections")
    parser.add_argument("--queue", action="store_true", help="also with the review queue in use")
    parser.add_argument("--profile", action="store_true", help="sample the server's threads; told on standard error")
    parser.add_argument("--rate", type=float, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--client", nargs=2, metavar=("PORT", "SECRET"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.client:
        port, secret = options.client
        print(json.dumps(asyncio.run(_ask_all(int(port), secret, options))))
        return
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        secret = prepare(folder, queue=options.queue)
        with sampling(folder / "profile.txt", on=options.profile), serving(folder) as server:
            ask(server, secret, options.connections, WARM_SECONDS)
            before = server.cpu_seconds()
            seen = ask(server, secret, options.connections, options.seconds)
            cost = 1000 * (server.cpu_seconds() - before) / max(sum(seen["answers"].values()), 1)
            more = {"flood": ask(server, secret, FLOOD, options.seconds / 2)} if options.flood else {}
            if options.queue:
                more |= {"queue": queue_under_load(server, secret, options.connections, RATE)}
                more |= {"queue_at_full_speed": queue_under_load(server, secret, options.connections, 0)}
        if options.profile:
            print((folder / "profile.txt").read_text(), file=sys.stderr)
    report(
        "perspective_load", seen["per_second"], "requests/s", floor=400, target=400, p50_ms=seen["p50_ms"],
        p99_ms=seen["p99_ms"], p99_floor_ms=150, answers=seen["answers"], connections=options.connections,
        server_cpu_ms=round(cost, 2), **more, load_average=round(os.getloadavg()[0], 1), machine=machine(),
    )  # fmt: skip


def prepare(folder: Path, *, queue: bool) -> str:
    """A database with a key and, for the queue, comments that wait; returns the key's secret."""
    services = build_services(Settings(data_dir=folder))
    secret = services.keys.create("load", [Scope.ANALYZE], by=local_person("Bench"), rate=None)[1]
    if queue:
        from benchmarks.queue_latency import comments
        from tests.support.queue import fill_queue

        fill_queue(services.sessions, comments())
    services.close()
    return secret


def ask(server: Server, secret: str, connections: int, seconds: float) -> dict:
    """What `connections` clients in a process of their own saw."""
    return json.loads(start_asking(server, secret, connections, seconds).communicate(timeout=300)[0])


def start_asking(server: Server, secret: str, connections: int, seconds: float, rate: float = 0) -> subprocess.Popen:
    """The same, while something else is done; `rate` requests a second in all, 0 for as many as get answers."""
    options = ["--client", str(server.port), secret, "--connections", str(connections), "--seconds", str(seconds)]
    options += ["--rate", str(rate)]
    command = [sys.executable, "-m", "benchmarks.perspective_load", *options]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def queue_under_load(server: Server, secret: str, connections: int, rate: float) -> dict:
    """Milliseconds from a key press to the next comment painted, while as many connections ask."""
    from playwright.sync_api import sync_playwright

    from benchmarks import queue_latency
    from tests.support.card import Card
    from tests.support.chromium import ARGS, executable

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable(), args=ARGS)
        context = browser.new_context(viewport={"width": 1280, "height": 800})
        context.add_cookies([{"name": "moderato_name", "value": "Ada", "url": server.url}])
        card = Card(context.new_page(), server).open()
        busy = start_asking(server, secret, connections, 60, rate)
        paints, acks = queue_latency.measure(card.page)
        browser.close()
        busy.kill()
    return {
        "paint_p50_ms": round(queue_latency.at(paints, 0.5), 1),
        "paint_p95_ms": round(queue_latency.at(paints, 0.95), 1),
        "paint_worst_ms": round(max(paints), 1),
        "stored_p95_ms": round(queue_latency.at(acks, 0.95), 1),
        "keys": len(paints),
    }


async def _ask_all(port: int, secret: str, options: argparse.Namespace) -> dict:
    connections, seconds = options.connections, options.seconds
    pause = connections / options.rate if options.rate else 0.0
    requests = [_request(port, secret, text) for text in comment_texts(4_000)]
    took: list[float] = []
    answers: Counter[int] = Counter()
    until = time.perf_counter() + seconds
    started = time.perf_counter()
    await asyncio.gather(
        *(_client(port, requests[k::connections], (until, pause), took, answers) for k in range(connections))
    )
    elapsed = time.perf_counter() - started
    ordered = sorted(took) or [0.0]
    return {
        "per_second": round(len(took) / elapsed, 1),
        "p50_ms": round(1000 * ordered[len(ordered) // 2], 1),
        "p99_ms": round(1000 * ordered[int(len(ordered) * 0.99)], 1),
        "worst_ms": round(1000 * ordered[-1], 1),
        "answers": {str(code): many for code, many in sorted(answers.items())},
    }


def _request(port: int, secret: str, text: str) -> bytes:
    text = text.encode()[:20_000].decode(errors="ignore")
    asked = {"comment": {"text": text}, "requestedAttributes": {name: {} for name in SIX}, "languages": ["en"]}
    body = json.dumps(asked | {"doNotStore": True}).encode()
    head = f"POST /v1alpha1/comments:analyze?key={secret} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
    return f"{head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


async def _client(
    port: int, requests: list[bytes], pace: tuple[float, float], took: list[float], answers: Counter[int]
) -> None:
    """One connection that asks, waits for the answer, and asks again, `pause` seconds after it last began.

    Only answers with scores are timed.
    """
    until, pause = pace
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    at = 0
    while time.perf_counter() < until:
        started = time.perf_counter()
        writer.write(requests[at % len(requests)])
        code = await _answer(reader)
        answers[code] += 1
        at += 1
        if code == 200:
            took.append(time.perf_counter() - started)
        else:
            await asyncio.sleep(0.2)
        await asyncio.sleep(max(0.0, started + pause - time.perf_counter()))
    writer.close()


async def _answer(reader: asyncio.StreamReader) -> int:
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    await reader.readexactly(int(length.partition(b":")[2]))
    return int(head[9:12])


if __name__ == "__main__":
    main()

"""Comments that come in evenly, for the load benchmark."""

import asyncio
import itertools
import json
import time
from collections import Counter
from pathlib import Path

from benchmarks.common import comment_texts

_TOGETHER = 0.1
"""Seconds' worth of comments that go into one transaction."""


def by_intake(data: Path, rate: int, seconds: float) -> tuple[int, Counter[str]]:
    """Straight into the database, a tenth of a second's worth at a time."""
    from core.domain import NewComment
    from core.services import build_services
    from core.settings import Settings

    intake = build_services(Settings(data_dir=data)).intake
    texts = itertools.cycle(comment_texts())
    sent, errors, began = 0, Counter[str](), time.monotonic()
    while (due := time.monotonic() - began) < seconds:
        if (many := int(due * rate) - sent) >= max(1, int(rate * _TOGETHER)):
            some = [NewComment(f"{next(texts)} #{sent + k}", "load", f"l{sent + k}", f"w{(sent + k) % 997}")
                    for k in range(many)]  # fmt: skip
            try:
                intake.add(some)
            except Exception as error:
                errors[type(error).__name__] += 1
            sent += many
        time.sleep(0.01)
    return sent, errors


async def by_api(port: int, secret: str, rate: int, seconds: float) -> tuple[int, Counter[str]]:
    """By the Perspective route with storing on: each is scored for the answer, kept, and scored again by the worker."""
    texts, errors, began = itertools.cycle(comment_texts()), Counter[str](), time.monotonic()
    sent = 0
    free: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()
    for _ in range(32):
        free.put_nowait(await asyncio.open_connection("127.0.0.1", port))
    tasks: set[asyncio.Task[None]] = set()
    while (due := time.monotonic() - began) < seconds:
        while sent < due * rate:
            connection = await free.get()
            body = _request(port, secret, f"{next(texts)[:10_000]} #{sent}", f"t{sent}")
            task = asyncio.create_task(_ask(connection, body, free, errors))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
            sent += 1
        await asyncio.sleep(0.005)
    await asyncio.gather(*tasks)
    return sent, errors


def _request(port: int, secret: str, text: str, token: str) -> bytes:
    asked = {"comment": {"text": text}, "requestedAttributes": {"TOXICITY": {}}, "languages": ["en"]}
    body = json.dumps(asked | {"clientToken": token, "doNotStore": False}).encode()
    head = f"POST /v1alpha1/comments:analyze?key={secret} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
    return f"{head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


async def _ask(connection, request: bytes, free: asyncio.Queue, errors: Counter[str]) -> None:
    reader, writer = connection
    try:
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        await reader.readexactly(int(length.partition(b":")[2]))
        if head[9:12] != b"200":
            errors[head[9:12].decode()] += 1
    except Exception as error:
        errors[type(error).__name__] += 1
    free.put_nowait(connection)

"""Bodies, uploads and pages are bounded whatever the route behind does."""

import asyncio

import pytest

from api.limits import MOST_BODY, MOST_FILES, UPLOADS, BodyLimit, Held, SessionLimit, UploadLimit
from core.settings import Settings

MB = 1 << 20
SETTINGS = Settings(max_upload_mb=1, max_sessions=3, max_sessions_per_address=2)


async def reads_all(scope, receive, send):
    """A route that reads its body to the end, and answers how much that was."""
    total = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            break
        total += len(message["body"])
        if not message["more_body"]:
            break
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(total).encode()})


def ask(app, parts, *, path="/x", method="POST", headers=(), pause=0.0) -> tuple[int, str]:
    """Status and body of the answer to a request whose body comes in these parts."""
    sent, left = [], list(parts)

    async def receive():
        await asyncio.sleep(pause)
        part = left.pop(0) if left else b""
        return {"type": "http.request", "body": part, "more_body": bool(left)}

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "path": path, "method": method, "headers": list(headers)}
    asyncio.run(app(scope, receive, send))
    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]
    return sent[0]["status"], sent[1]["body"].decode()


def length(size: int):
    return [(b"content-length", str(size).encode())]


def test_a_body_within_its_limit_arrives_whole():
    assert ask(BodyLimit(reads_all, lambda: SETTINGS), [b"x" * MB, b"y" * (MOST_BODY - MB)]) == (200, str(MOST_BODY))


@pytest.mark.parametrize("headers", [length(MOST_BODY + 1), length(5), [], [(b"content-length", b"-7")]])
def test_a_larger_one_is_refused_whatever_it_says(headers):
    assert ask(BodyLimit(reads_all, lambda: SETTINGS), [b"x" * MB] * 3, headers=headers)[0] == 413


def test_uploads_and_programs_may_send_more():
    limit = BodyLimit(reads_all, lambda: SETTINGS)
    assert ask(limit, [b"x" * MB] * 3, path="/api/v1/comments")[0] == 200
    assert ask(limit, [b"x" * MB] * 2, path=f"{UPLOADS}a/b", method="PUT")[0] == 200
    assert ask(limit, [b"x" * MB] * 3, path=f"{UPLOADS}a/b", method="PUT")[0] == 413


def test_a_body_that_stands_still_is_ended():
    assert ask(BodyLimit(reads_all, lambda: SETTINGS, silence=0.01), [b"x", b"y"], pause=0.5)[0] == 408


def put(held: Held, *, session="s", file="f", size: int | None = 10) -> int:
    limit = UploadLimit(reads_all, lambda: SETTINGS, lambda _session: held)
    headers = [] if size is None else length(size)
    return ask(limit, [b"x"], path=f"{UPLOADS}{session}/{file}", method="PUT", headers=headers)[0]


def test_uploads_in_memory_are_bounded():
    full = frozenset(f"f{k}" for k in range(MOST_FILES))
    assert put(Held(frozenset(), 0)) == 200
    assert put(Held(frozenset(), 0), size=None) == 411
    assert put(Held(full, 0)) == 429
    assert put(Held(full, 0), file="f1") == 200
    assert put(Held(frozenset(), 4 * MB)) == 503
    assert put(Held(frozenset(), 2 * MB), size=3 * MB) == 503


def test_what_is_on_its_way_counts_too():
    seen = []

    async def during(scope, receive, send):
        if not seen:
            seen.append(ask_again())
        await reads_all(scope, receive, send)

    limit = UploadLimit(during, lambda: SETTINGS, lambda _session: Held(frozenset(), 0))

    def ask_again():
        return limit._refusal("t", "g", 2 * MB), limit._refusal("s", "f", 1), limit._refusal("t", "g", MB)

    path = f"{UPLOADS}s/f"
    assert ask(limit, [b"x"], path=path, method="PUT", headers=length(int(2.5 * MB)))[0] == 200
    too_much, twice, fits = seen[0]
    assert (too_much[0], twice[0], fits) == (503, 409, None)
    assert limit._refusal("t", "g", 2 * MB) is None


def test_pages_are_bounded_by_address_and_in_all():
    async def scenario():
        done = asyncio.Event()
        limit = SessionLimit(lambda *_: done.wait(), lambda: SETTINGS)
        refused = []

        async def send(message):
            refused.append(message)

        async def receive():
            return {"type": "websocket.connect"}

        def connect(address):
            return asyncio.create_task(limit({"type": "websocket", "client": (address, 1)}, receive, send))

        open_ = [connect("a"), connect("a"), connect("a"), connect("b"), connect("c")]
        await asyncio.sleep(0.05)
        assert [task.done() for task in open_] == [False, False, True, False, True]
        done.set()
        await asyncio.gather(*open_)
        return len(refused), dict(limit._open)

    assert asyncio.run(scenario()) == (2, {})

"""A real receiver of webhooks in a thread: verifies every signature with the library, and answers as it is told."""

import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from standardwebhooks import Webhook as Verifier


@dataclass
class Got:
    """One request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes
    connection: int
    """The client's port: the same for requests over one connection."""

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def message(self) -> dict:
        return json.loads(self.body)

    def verified_by(self, secret: str) -> dict:
        """What it says; raises unless it was signed with the secret, of late."""
        return Verifier(secret).verify(self.body, self.headers)


Reply = Callable[[Got], tuple[int, dict[str, str]]]


@dataclass
class Receiver:
    """Listens on 127.0.0.1. `reply` says how each request is answered."""

    reply: Reply = lambda _got: (200, {})
    got: list[Got] = field(default_factory=list)
    port: int = 0
    under_way: int = 0
    most: int = 0
    """Requests that were under way at once, at most."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    @property
    def ids(self) -> list[str]:
        return [got.id for got in self.got]

    def wait(self, many: int, seconds: float = 10) -> list[Got]:
        """Wait until so many requests came."""
        wait_until(lambda: len(self.got) >= many, seconds)
        return self.got


def wait_until(met: Callable[[], object], seconds: float = 10) -> None:
    """Wait until it is so; fails after some seconds."""
    end = time.monotonic() + seconds
    while not met():
        if time.monotonic() > end:
            raise AssertionError("waited in vain")
        time.sleep(0.01)


@contextmanager
def receiving(reply: Reply | None = None) -> Iterator[Receiver]:
    """A receiver that listens."""
    receiver = Receiver(**({"reply": reply} if reply else {}))
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            names = {name.lower(): value for name, value in self.headers.items()}
            got = Got(self.path, names, body, self.client_address[1])
            with lock:
                receiver.got.append(got)
                receiver.under_way += 1
                receiver.most = max(receiver.most, receiver.under_way)
            try:
                status, headers = receiver.reply(got)
            finally:
                with lock:
                    receiver.under_way -= 1
            self.send_response(status)
            for name, value in {"content-length": "0", **headers}.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    receiver.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()


def in_turn(*replies: int | tuple[int, dict[str, str]]) -> Reply:
    """Answer with each of these in turn, and with 200 from then on."""
    left: list[int | tuple[int, dict[str, str]]] = list(replies)

    def reply(_got: Got) -> tuple[int, dict[str, str]]:
        found = left.pop(0) if left else 200
        return (found, {}) if isinstance(found, int) else found

    return reply


def only_newest(messages: Sequence[dict]) -> dict[str, str]:
    """What a receiver believes that keeps the greatest `decision` of each comment: outcome by external_id."""
    newest: dict[str, dict] = {}
    for message in messages:
        data = message["data"]
        if data["decision"] > newest.get(data["external_id"], {"decision": 0})["decision"]:
            newest[data["external_id"]] = data
    return {id_: (data.get("holds") or data)["outcome"] for id_, data in newest.items()}

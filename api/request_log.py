"""A line in the log and a measurement for every request: by route template, never by path, query or body."""

import logging
import re
import time
from typing import Final
from uuid import uuid4

import structlog
from prometheus_client import CollectorRegistry, Histogram
from starlette.datastructures import Headers
from starlette.routing import Mount
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.request_notes import RequestNotes, begin_notes

log = logging.getLogger("moderato.requests")

_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
"""What another server's request id may be; anything else is replaced by one of our own."""
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10)
"""Seconds. 0.15 is the limit that the API's 99th percentile is held to."""
_QUIET: Final = ("/_stcore", "/static", "/media", "/component", "/healthz", "/readyz", "/metrics")
"""Routes that machines ask all the time: their lines are logged at DEBUG."""
_CLIENT_LEFT: Final = 499
"""nginx's number for a client that went away before it had its answer."""


class RequestMeter:
    """How long requests took."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.seconds = Histogram(
            "moderato_http_request_duration_seconds",
            "Time from a request's first byte to its answer's last.",
            ("method", "route", "status"),
            buckets=_BUCKETS,
            registry=registry,
        )


class RequestLog:
    """Logs and measures every request, and gives it an id. Pure ASGI, around everything else."""

    def __init__(self, app: ASGIApp, meter: RequestMeter) -> None:
        self._app, self._meter = app, meter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(scope)
        notes, answered = begin_notes(), _Answered(request_id, send)
        started = time.perf_counter()
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self._app(scope, receive, answered)
            except BaseException:
                answered.status = answered.status or 500
                raise
            finally:
                self._note(scope, answered.status or _CLIENT_LEFT, time.perf_counter() - started, notes)

    def _note(self, scope: Scope, status: int, seconds: float, notes: RequestNotes) -> None:
        method = scope["method"] if scope["method"] in _METHODS else "OTHER"
        route = template_of(scope)
        self._meter.seconds.labels(method, route, str(status)).observe(seconds)
        level = logging.DEBUG if route.startswith(_QUIET) and status < 500 else logging.INFO
        if log.isEnabledFor(level):
            more = {"key": notes.key} if notes.key else {}
            told = {"method": method, "route": route, "status": status, "ms": round(seconds * 1e3, 1)}
            log.log(level, "request", extra=told | more)


class _Answered:
    """Sends on, noting the status and adding the request's id to the answer."""

    def __init__(self, request_id: str, send: Send) -> None:
        self._id, self._send = request_id.encode("ascii"), send
        self.status: int | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message = {**message, "headers": [*message["headers"], (b"x-request-id", self._id)]}
        await self._send(message)


def template_of(scope: Scope) -> str:
    """The template of the route that answered, such as `/api/v1/comments/{id}`; "none" if there was none."""
    route = scope.get("route")
    if route is None:
        return "none"
    path = str(getattr(route, "path", "none")) or "/"
    inside = scope.get("root_path", "")
    return path if isinstance(route, Mount) or not inside else f"{inside}{path}"


def _request_id(scope: Scope) -> str:
    given = Headers(scope=scope).get("x-request-id", "")
    return given if _ID.fullmatch(given) else uuid4().hex

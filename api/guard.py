"""Middleware around everything: security headers, the host that is asked, a strict origin for websockets and writes."""

import socket
from collections.abc import Callable
from functools import cache, lru_cache
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.settings import Settings

_STREAMLIT_INLINE = "'sha256-THxz9J9+wf7rhwR2YkXJoSZ13UCmYyC+3lNDv2+8ugA='"
"""The one inline script of Streamlit 1.67's index.html; a browser test fails when a new version brings another."""

CSP = (
    f"default-src 'none'; script-src 'self' 'wasm-unsafe-eval' blob: {_STREAMLIT_INLINE}; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; "
    "media-src 'self' blob:; worker-src 'self' blob:; manifest-src 'self'; frame-src 'none'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'self'; object-src 'none'"
)
HEADERS = {
    "content-security-policy": CSP,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
_HSTS = "max-age=31536000"
_HIDDEN = frozenset({"/_stcore/metrics"})
"""Streamlit's own statistics, which it serves to anybody."""
_PRIVATE = "/media/"
"""Exports and other downloads: never kept by a browser or a proxy, whatever Streamlit says."""
FOR_PROGRAMS = ("/v1alpha1/", "/api/", "/$discovery/")
"""Paths that programs call: they carry a key, and CORS says which pages may read the answers."""
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class SecurityHeaders:
    """Adds the headers to every answer. Pure ASGI: streams are passed on untouched.

    An answer that says nothing about caches may hold data, and is not to be kept.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or hide it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                _add_headers(MutableHeaders(scope=message), scope)
            await send(message)

        inner = PlainTextResponse("not found", 404) if scope["path"] in _HIDDEN else self._app
        await inner(scope, receive, send_with_headers)


class OwnHost:
    """Answers only to this server's own names.

    A page of another site can make its own name mean this machine (DNS rebinding), and is then of the same origin: its
    requests name the other site as their host. An address in digits cannot be made to mean another one.
    """

    def __init__(self, app: ASGIApp, names: Callable[[], str]) -> None:
        self._app, self._names = app, names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] not in ("http", "websocket") or is_own_host(host_name(Headers(scope=scope)), self._names()):
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await refuse_socket(receive, send)
        else:
            words = "This server does not go by that name. Whoever runs it can add it to MODERATO_ALLOWED_HOSTS."
            await PlainTextResponse(words, 421)(scope, receive, send)


class SameOrigin:
    """Lets websockets and writes in only from this server's own pages.

    Streamlit itself accepts a missing origin and every port of localhost for websockets. Programs, which send no origin
    and carry a key, may write to their own paths.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or close it."""
        if scope["type"] == "websocket" and not is_same_origin(Headers(scope=scope)):
            await refuse_socket(receive, send)
        elif scope["type"] == "http" and _is_foreign_write(scope):
            await PlainTextResponse("Only Moderato's own pages may do that.", 403)(scope, receive, send)
        else:
            await self._app(scope, receive, send)


async def refuse_socket(receive: Receive, send: Send) -> None:
    """Refuse a websocket before it is accepted: the client sees 403."""
    await receive()
    await send({"type": "websocket.close", "code": 1008})


def is_same_origin(headers: Headers) -> bool:
    """Whether the page that asks came from the host that it asks, or from MODERATO_PUBLIC_URL.

    With a public https address no page without TLS is that host's own.
    """
    origin, public = headers.get("origin", ""), _public_origin()
    if public and origin == public:
        return True
    if public.startswith("https://") and origin == public.replace("https://", "http://", 1):
        return False
    return origin.partition("://")[2] == headers.get("host", "") != ""


def host_name(headers: Headers) -> str:
    """The host that is asked, without its port, in small letters; empty if none is named."""
    host = headers.get("host", "").strip().lower()
    return host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0].rstrip(".")


@lru_cache(1024)
def is_own_host(name: str, allowed: str) -> bool:
    """Whether the host is this machine: an address in digits, localhost, its own name, or an allowed one (commas)."""
    try:
        return bool(ip_address(name))
    except ValueError:
        own = {"localhost", socket.gethostname().lower(), *(one.strip().lower() for one in allowed.split(","))}
        return name in own - {""}


def _is_foreign_write(scope: Scope) -> bool:
    headers = Headers(scope=scope)
    if scope["method"] in _SAFE or scope["path"].startswith(FOR_PROGRAMS):
        return False
    return "origin" in headers and not is_same_origin(headers)


def _add_headers(headers: MutableHeaders, scope: Scope) -> None:
    for name, value in HEADERS.items():
        headers.setdefault(name, value)  # the pages of signing in have a stricter policy of their own
    if scope.get("scheme") == "https":
        headers["strict-transport-security"] = _HSTS
    if scope["path"].startswith(_PRIVATE) or "cache-control" not in headers:
        headers["cache-control"] = "no-store"


@cache
def _public_origin() -> str:
    parts = urlsplit(Settings().public_url)
    return f"{parts.scheme}://{parts.netloc}".lower() if parts.netloc else ""

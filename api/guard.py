"""Middleware around everything: security headers, a strict origin for websockets and writes, a cap of sessions."""

from functools import cache
from urllib.parse import urlsplit

from starlette.datastructures import Headers
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
HEADERS = (
    (b"content-security-policy", CSP.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
)
_HIDDEN = frozenset({"/_stcore/metrics"})
"""Streamlit's own statistics, which it serves to anybody."""


class SecurityHeaders:
    """Adds the headers to every answer. Pure ASGI: streams are passed on untouched."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or hide it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = {name.lower() for name, _ in message["headers"]}  # the pages of signing in have a stricter policy
                added = [(name, value) for name, value in HEADERS if name not in own]
                message = {**message, "headers": [*message["headers"], *added]}
            await send(message)

        inner = PlainTextResponse("not found", 404) if scope["path"] in _HIDDEN else self._app
        await inner(scope, receive, send_with_headers)


class SameOrigin:
    """Lets a websocket in only from this server's own pages, and not more than `most` at a time.

    Streamlit itself accepts a missing origin and every port of localhost.
    """

    def __init__(self, app: ASGIApp, *, most: int = 200) -> None:
        self._app, self._most, self._open = app, most, 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or close it."""
        if scope["type"] != "websocket":
            await self._app(scope, receive, send)
            return
        if not is_same_origin(Headers(scope=scope)) or self._open >= self._most:
            await receive()
            await send({"type": "websocket.close", "code": 1008})
            return
        self._open += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._open -= 1


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


@cache
def _public_origin() -> str:
    parts = urlsplit(Settings().public_url)
    return f"{parts.scheme}://{parts.netloc}".lower() if parts.netloc else ""

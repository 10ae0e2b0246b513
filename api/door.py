"""The door: once there are accounts, nobody who is not signed in gets a page's data, a file or a websocket."""

import asyncio
import logging
from collections.abc import Callable
from urllib.parse import quote

from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.who import away, is_local, signed_in
from core.errors import DatabaseTrouble
from core.services import Services
from core.settings import LOOPBACK, Settings
from core.sign_ins import SignIns

log = logging.getLogger("moderato")

OPEN = frozenset(
    {
        "/sign-in", "/sign-in/company", "/sign-in/company/back", "/sign-out", "/session", "/setup", "/welcome",
        "/password", "/healthz", "/readyz", "/_stcore/health", "/_stcore/host-config", "/favicon.png", "/api/v1",
    }
)  # fmt: skip
"""Paths that anybody may ask for: they check by themselves, or say nothing."""
OPEN_BELOW = ("/static/", "/local/chart-", "/v1alpha1/", "/$discovery/", "/api/v1/")
"""The same for everything below: the browser's scripts and styles, and what asks programs for their keys."""
KEYED = frozenset({"/metrics"})
"""A page for people, and for programs, with a key, what Prometheus reads."""
_LOOK_AGAIN_SECONDS = 3.0


class Door:
    """Pure ASGI. What it knows of a cookie is two seconds old at most; open websockets are looked at every three."""

    def __init__(self, app: ASGIApp, services: Callable[[], Services]) -> None:
        self._app, self._services = app, services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, send it to sign in, or refuse it."""
        if scope["type"] not in ("http", "websocket") or _is_open(scope):
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._socket(scope, receive, send)
        else:
            await self._request(scope, receive, send)

    async def _request(self, scope: Scope, receive: Receive, send: Send) -> None:
        wired = self._services()
        connection = HTTPConnection(scope)
        try:
            may = await _may_enter(wired.sign_ins, connection, wired.settings)
        except DatabaseTrouble as error:
            again = scope["method"] == "GET"
            await away(connection.headers, str(error), again=again)(scope, receive, send)
            return
        if may:
            await self._app(scope, receive, _unkept(send))
            return
        if scope["method"] in ("GET", "HEAD") and "text/html" in connection.headers.get("accept", ""):
            query = f"?{connection.url.query}" if connection.url.query else ""
            to = f"/sign-in?next={quote(connection.url.path + query, safe='')}"
            answer: ASGIApp = RedirectResponse(to, 303, headers={"cache-control": "no-store"})
        else:
            answer = PlainTextResponse("Sign in first.", 401)
        await answer(scope, receive, send)

    async def _socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        wired = self._services()
        connection = HTTPConnection(scope)
        try:
            may, code = await _may_enter(wired.sign_ins, connection, wired.settings), 1008
        except DatabaseTrouble:
            may, code = False, 1013  # try again later, which browsers' pages do by themselves
        if not may:
            await receive()
            await send({"type": "websocket.close", "code": code})
            return
        over = asyncio.Event()
        watch = asyncio.create_task(_watch(wired.sign_ins, connection, wired.settings, over))
        try:
            await self._app(scope, _until(over, receive), send)
            if over.is_set():
                await _close(send)
        finally:
            watch.cancel()


async def _may_enter(sign_ins: SignIns, connection: HTTPConnection, settings: Settings) -> bool:
    """Raises DatabaseTrouble where nobody can say. Without accounts the page itself says that the database is away:

    all that it shows comes from there, and it asks again who may.
    """
    try:
        local = await is_local(sign_ins)
    except DatabaseTrouble:
        if not sign_ins.seemed_local:
            raise
        local = True
    if local:
        return connection.scope["type"] != "websocket" or _asks_loopback(connection)
    return await signed_in(sign_ins, connection, settings) is not None


def _asks_loopback(connection: HTTPConnection) -> bool:
    """Whether the page was opened by a name of this machine: another's page may have led its own name here."""
    host = connection.headers.get("host", "")
    return (host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]) in LOOPBACK


def _is_open(scope: Scope) -> bool:
    path: str = scope["path"]
    if scope["type"] == "websocket":
        return False
    if path in KEYED:
        return any(name in (b"authorization", b"x-goog-api-key") for name, _ in scope["headers"])
    return path in OPEN or path.startswith(OPEN_BELOW)


async def _watch(sign_ins: SignIns, connection: HTTPConnection, settings: Settings, over: asyncio.Event) -> None:
    told = False
    while True:
        await asyncio.sleep(_LOOK_AGAIN_SECONDS)
        try:
            if not await _may_enter(sign_ins, connection, settings):
                over.set()
                return
            told = False
        except Exception as error:  # a database that is away for a moment signs nobody out
            if not told:
                log.warning("could not look whether somebody is still signed in: %s", type(error).__name__)
            told = True


def _unkept(send: Send) -> Send:
    """Pages are asked for again when somebody goes back to them: they may have signed out."""

    async def send_unkept(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = message["headers"]
            if any(name.lower() == b"content-type" and value.startswith(b"text/html") for name, value in headers):
                others = [(name, value) for name, value in headers if name.lower() != b"cache-control"]
                message = {**message, "headers": [*others, (b"cache-control", b"no-store")]}
        await send(message)

    return send_unkept


def _until(over: asyncio.Event, receive: Receive) -> Receive:
    """Receive until it is over; then the browser seems to have gone."""
    ended: asyncio.Task[bool] | None = None

    async def next_message() -> Message:
        nonlocal ended
        ended = ended or asyncio.create_task(over.wait())
        asked = asyncio.ensure_future(receive())
        done, _ = await asyncio.wait({asked, ended}, return_when=asyncio.FIRST_COMPLETED)
        if asked in done:
            message: Message = asked.result()
            if message["type"] == "websocket.disconnect":
                ended.cancel()
            return message
        asked.cancel()
        return {"type": "websocket.disconnect", "code": 1008}

    return next_message


async def _close(send: Send) -> None:
    try:
        await send({"type": "websocket.close", "code": 1008})
    except RuntimeError:
        log.debug("the websocket was closed already")

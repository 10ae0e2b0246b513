"""Middleware that keeps anybody from taking the server's memory: bodies, uploads, open pages."""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.guard import refuse_socket
from core.settings import Settings

log = logging.getLogger("moderato")

UPLOADS: Final = "/_stcore/upload_file/"
MOST_BODY: Final = 2 << 20
"""Bytes of a request's body; routes may take less, and say so in their own words."""
MOST_BODIES: Final = {"/api/": 80 << 20}
"""The same where more is right: a thousand comments of 64 KiB each."""
MOST_FILES: Final = 8
"""Uploaded files that one open page may hold in memory."""
MOST_UPLOADS: Final = 3
"""All uploads that are in memory together, as a multiple of the largest allowed one."""
SILENCE: Final = 30.0
"""Seconds for which a body may stand still."""
_FRAMING: Final = 1 << 20
"""A multipart body is larger than its file."""


class BodyLimit:
    """Ends requests whose body is too large (413) or stands still (408), whatever route they are for."""

    def __init__(self, app: ASGIApp, settings: Callable[[], Settings], *, silence: float = SILENCE) -> None:
        self._app, self._settings, self._silence = app, settings, silence

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with its body counted."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = _Body(scope, receive, send, self._most(scope["path"]), self._silence)
        if _length(scope) > body.most:
            await body.refuse(413, "The request is too large.")
        else:
            await self._app(scope, body.receive, body.send)

    def _most(self, path: str) -> int:
        if path.startswith(UPLOADS):
            return (self._settings().max_upload_mb << 20) + _FRAMING
        return next((most for prefix, most in MOST_BODIES.items() if path.startswith(prefix)), MOST_BODY)


class _Body:
    """One request's body: once it is refused, the route is told that the client has gone."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, most: int, silence: float) -> None:
        self._scope, self._receive, self._send = scope, receive, send
        self.most, self._silence = most, silence
        self._read, self._complete = 0, False
        self._started = self._refused = False

    async def receive(self) -> Message:
        """The next part, or word that the client has gone."""
        if self._refused:
            return {"type": "http.disconnect"}
        if self._complete:  # what comes now is the end of the connection, which may take its time
            return await self._receive()
        try:
            async with asyncio.timeout(self._silence):
                message = await self._receive()
        except TimeoutError:
            return await self.refuse(408, "The rest of the request did not come.")
        self._read += len(message.get("body", b""))
        self._complete = not message.get("more_body", False)
        if self._read > self.most:
            return await self.refuse(413, "The request is too large.")
        return message

    async def send(self, message: Message) -> None:
        """Pass the answer on, unless it was given already."""
        if not self._refused:
            self._started = True
            await self._send(message)

    async def refuse(self, status: int, words: str) -> Message:
        """Answer in the route's place. The connection is closed: the rest of the body would be taken for a request."""
        self._refused = True
        if not self._started:
            answer = PlainTextResponse(words, status, headers={"connection": "close"})
            await answer(self._scope, self._receive, self._send)
        return {"type": "http.disconnect"}


@dataclass(frozen=True, slots=True)
class Held:
    """Uploads that are in memory."""

    files: frozenset[str]
    """Ids of the session's."""
    all_bytes: int
    """Bytes of all sessions' together."""


class UploadLimit:
    """Bounds what uploads may hold in memory: Streamlit keeps each file until its page is closed, widget or not."""

    def __init__(self, app: ASGIApp, settings: Callable[[], Settings], held: Callable[[str], Held]) -> None:
        self._app, self._settings, self._held = app, settings, held
        self._coming: dict[tuple[str, str], int] = {}
        """Bytes on their way in, by session and file."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the upload on, or refuse it before its body is read."""
        if scope["type"] != "http" or scope["method"] != "PUT" or not scope["path"].startswith(UPLOADS):
            await self._app(scope, receive, send)
            return
        session, _, file = scope["path"].removeprefix(UPLOADS).partition("/")
        refusal = self._refusal(session, file, _length(scope))
        if refusal:
            log.warning("an upload was refused: %s", refusal[1])
            headers = {"connection": "close", "retry-after": "60"}
            await PlainTextResponse(refusal[1], refusal[0], headers=headers)(scope, receive, send)
            return
        self._coming[session, file] = _length(scope)
        try:
            await self._app(scope, receive, send)
        finally:
            self._coming.pop((session, file), None)

    def _refusal(self, session: str, file: str, size: int) -> tuple[int, str] | None:
        if size < 0:
            return 411, "An upload must say how long it is."
        if (session, file) in self._coming:
            return 409, "That file is on its way already."
        held = self._held(session)
        files = held.files | {one for whose, one in self._coming if whose == session}
        if file not in files and len(files) >= MOST_FILES:
            return 429, f"This page holds {MOST_FILES} files already. Remove some, or open it again."
        most = MOST_UPLOADS * (self._settings().max_upload_mb << 20) + _FRAMING
        if held.all_bytes + sum(self._coming.values()) + size > most:
            return 503, "The server holds as many uploads as it can. Try again in a minute, or use `moderato import`."
        return None


class SessionLimit:
    """Bounds the pages that are open at a time, in all and from one address."""

    def __init__(self, app: ASGIApp, settings: Callable[[], Settings]) -> None:
        self._app, self._settings = app, settings
        self._open: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the connection on, or close it."""
        if scope["type"] != "websocket":
            await self._app(scope, receive, send)
            return
        address, settings = (scope.get("client") or ("", 0))[0], self._settings()
        full = self._open.total() >= settings.max_sessions
        if full or self._open[address] >= settings.max_sessions_per_address:
            log.warning("a page was refused: %s", "too many are open" if full else "too many from one address")
            await refuse_socket(receive, send)
            return
        self._open[address] += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._open[address] -= 1
            self._open += Counter()  # forgets addresses that have none


def _length(scope: Scope) -> int:
    """The length that a request states, in bytes; -1 if it states none."""
    stated = Headers(scope=scope).get("content-length", "")
    return int(stated) if stated.isascii() and stated.isdigit() and len(stated) < 19 else -1

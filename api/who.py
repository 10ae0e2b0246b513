"""Who asks, looked up in the database: the same question once at a time, and never waited for long."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any, Final

from anyio import CapacityLimiter, to_thread
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from api.sign_in_pages import page
from api.words import _, later, said
from core.errors import DatabaseTrouble
from core.settings import Settings
from core.sign_ins import SignedIn, SignIns, token_of

log = logging.getLogger("moderato")

PATIENCE: Final = 5.0
"""Seconds that an answer waits: a server that hangs accepts connections and never answers."""
_RETRY: Final = "5"
"""Seconds, for the header Retry-After."""
_SILENT: Final = later("The database does not answer. Nobody was signed out; Moderato goes on by itself once it does.")


class _Looks:
    """Looks under way. What hangs holds one thread a question, however often it is asked."""

    def __init__(self) -> None:
        self._under_way: dict[tuple[object, ...], asyncio.Task[Any]] = {}
        self._threads = CapacityLimiter(8)

    async def ask(self, what: object, look: Callable[[], Any]) -> Any:
        """The answer. Raises DatabaseTrouble, also after PATIENCE seconds; the look itself goes on."""
        question = asyncio.get_running_loop(), what
        task = self._under_way.get(question)
        if task is None:
            task = asyncio.create_task(to_thread.run_sync(look, limiter=self._threads))
            self._under_way[question] = task
            task.add_done_callback(lambda done: self._end(question, done))
        try:
            return await asyncio.wait_for(asyncio.shield(task), PATIENCE)
        except TimeoutError:
            raise DatabaseTrouble(_SILENT) from None

    def _end(self, question: tuple[object, ...], done: asyncio.Task[Any]) -> None:
        self._under_way.pop(question, None)
        if not done.cancelled():
            done.exception()  # whoever asked has it, or has given up waiting


_looks = _Looks()


async def is_local(sign_ins: SignIns) -> bool:
    """Whether nobody has an account. Raises DatabaseTrouble."""
    return bool(await _looks.ask((id(sign_ins), "local"), sign_ins.is_local))


async def signed_in(sign_ins: SignIns, connection: HTTPConnection, settings: Settings) -> SignedIn | None:
    """Who asks, if they are signed in. Raises DatabaseTrouble: then nobody knows."""
    token = token_of(connection.cookies, settings)
    if not token:
        return None
    found: SignedIn | None = await _looks.ask((id(sign_ins), token), lambda: sign_ins.find(token))
    return found


async def note_use(sign_ins: SignIns, token: str) -> None:
    """Somebody touched keyboard or mouse. Raises DatabaseTrouble."""
    await _looks.ask((id(sign_ins), "used", token), lambda: sign_ins.note_use(token))


def away(headers: Headers, words: str, *, again: bool = True) -> Response:
    """503 while the database is away: a page for people, which opens by itself if `again`; else one line."""
    kept = {"retry-after": _RETRY, "cache-control": "no-store"}
    if "text/html" not in headers.get("accept", ""):
        return PlainTextResponse(f"{words}\n", 503, kept)
    answer = page(_("The database is away"), words, status=503)
    answer.headers.update(kept | ({"refresh": _RETRY} if again else {}))
    return answer


async def tell_away(request: Request, error: Exception) -> Response:
    """For the application's exception handlers."""
    if request.url.path == "/session":
        headers = {"retry-after": _RETRY, "cache-control": "no-store"}
        return JSONResponse({"problem": "database"}, 503, headers)
    return away(
        request.headers,
        said(error) if isinstance(error, DatabaseTrouble) else str(error),
        again=request.method == "GET",
    )

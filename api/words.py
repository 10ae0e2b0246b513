"""The words of the pages around signing in, in the language that the browser asks for."""

from contextvars import ContextVar

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from core.errors import ModeratoError
from core.languages import Language, language, preferred

_accepted: ContextVar[str] = ContextVar("accept_language", default="")


class Reader:
    """Middleware: remembers for the time of a request which languages its browser accepts."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            _accepted.set(Headers(scope=scope).get("accept-language", ""))
        await self._app(scope, receive, send)


def reader() -> Language:
    """The language of whoever asks; English outside of a request."""
    accepted = _accepted.get()
    return preferred(accepted) if accepted else language(None)


def _(words: str) -> str:
    """The words in the reader's language; what changes goes in afterwards, by `format`."""
    return reader().say(words)


def later(words: str) -> str:
    """Words of a constant, for the catalogue: whoever shows them says them by `_`."""
    return words


def said(error: ModeratoError) -> str:
    """What went wrong, in the reader's language where the catalogue has it."""
    return _(error.words).format(**error.values) if error.values else _(error.words)

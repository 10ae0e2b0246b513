"""Local mode: remembering the typed name in a cookie."""

from urllib.parse import quote, unquote

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from api.guard import is_same_origin
from core.accounts import MAX_NAME, local_person
from core.errors import ModeratoError

_YEAR = 365 * 24 * 3600
_MOST_BYTES = MAX_NAME * 4 * 3
"""A name of four-byte characters, each byte written as %XX."""


async def remember_name(request: Request) -> Response:
    """Set the cookie to the name in the body (percent-encoded); an empty body forgets it."""
    if not is_same_origin(request.headers):
        return PlainTextResponse("This may only be asked by Moderato's own page.", 403)
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MOST_BYTES:
            return PlainTextResponse("That name is too long.", 413)
    answer = Response(status_code=204)
    try:
        name = local_person(unquote(body.decode("ascii"))).name if body else ""
    except (ModeratoError, UnicodeDecodeError):
        return PlainTextResponse("That is not a name.", 400)
    answer.set_cookie("moderato_name", quote(name), max_age=_YEAR if name else 0, httponly=True, samesite="strict")
    return answer


routes = [Route("/local/name", remember_name, methods=["POST"])]

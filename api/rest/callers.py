"""Who calls, and whether they may."""

from typing import Final

from starlette.requests import Request

from api.programs import Programs, needs_no_key, secret_of
from api.rest.problems import BAD_KEY, NO_KEY, NOT_IN_SCOPE, Failed, Kind
from core.keys import ApiKey, Scope

_CHALLENGE: Final = 'Bearer realm="moderato"'


async def caller(request: Request, programs: Programs, scope: Scope) -> ApiKey | None:
    """The key that asks, counted against its limits. Raises Failed, OverLimit.

    None for somebody on this machine, until there is a key or an account: whatever key they send will do.
    """
    known = await programs.ring.known()
    if await needs_no_key(request, programs, known):
        return None
    if (secret := _secret(request)) is None:
        raise _refused(NO_KEY, "Send `Authorization: Bearer KEY` or `X-API-Key: KEY`.")
    if (key := known.find(secret)) is None:
        raise _refused(BAD_KEY, "There is no such key, or it was revoked.", "invalid_token")
    if scope not in key.scopes:
        words = f"The key {key.name} lacks the scope {scope}. Make another with it, on Moderato's Admin page."
        raise _refused(NOT_IN_SCOPE, words, "insufficient_scope")
    programs.ring.admit(key)
    return key


def _secret(request: Request) -> str | None:
    """The key: of the headers Authorization or X-API-Key, or where the Perspective dialect has it."""
    scheme, _, rest = request.headers.get("authorization", "").partition(" ")
    bearer = rest.strip() if scheme.lower() == "bearer" else ""
    return bearer or request.headers.get("x-api-key") or secret_of(request)


def _refused(kind: Kind, words: str, error: str = "") -> Failed:
    challenge = f'{_CHALLENGE}, error="{error}"' if error else _CHALLENGE
    return Failed(kind, words, headers={"WWW-Authenticate": challenge})

"""Problems in the shape of RFC 9457. Their words never hold comment text or keys."""

from dataclasses import dataclass
from typing import Any, Final

from starlette.responses import JSONResponse

from api.rest.answers import ErrorAt, Problem

MEDIA_TYPE: Final = "application/problem+json"
DOCS: Final = "/api/v1/docs"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of problem. Its type is an address within the documentation: the same on every installation."""

    name: str
    status: int
    title: str
    meaning: str
    """What to do, for the page of docs."""

    @property
    def type(self) -> str:
        """The problem's `type`."""
        return f"{DOCS}#problem-{self.name}"


BAD_JSON: Final = Kind(
    "bad-json", 400, "The body is not JSON",
    "Send one JSON object in UTF-8. NaN and Infinity are no JSON, and no object may name a member twice.",
)  # fmt: skip
NO_KEY: Final = Kind(
    "no-key", 401, "A key is needed",
    "Send `Authorization: Bearer KEY` or `X-API-Key: KEY`. An administrator makes keys on the Admin page, or with "
    "`moderato keys create NAME --scope SCOPE`.",
)  # fmt: skip
BAD_KEY: Final = Kind(
    "bad-key", 401, "The key is not valid", "It was mistyped, or it was revoked: ask an administrator for another."
)
NOT_IN_SCOPE: Final = Kind(
    "not-in-scope", 403, "The key may not do this", "The detail names the scope that is needed: make a key that has it."
)
NOT_FOUND: Final = Kind("not-found", 404, "There is no such thing", "Look at the address, or at the id in it.")
BAD_METHOD: Final = Kind("bad-method", 405, "The method does not fit", "The header `Allow` lists those that do.")
CURSOR_AHEAD: Final = Kind(
    "cursor-ahead", 409, "The cursor is another ledger's",
    "The ledger is shorter than the cursor says, such as after a backup was restored. The detail says where to go on.",
)  # fmt: skip
TOO_LARGE: Final = Kind("too-large", 413, "The body is too large", "Send fewer items at a time.")
BAD_TYPE: Final = Kind(
    "bad-content-type", 415, "The body's type does not fit", "Send `Content-Type: application/json`, in UTF-8."
)
INVALID: Final = Kind(
    "invalid", 422, "Something in the request is not valid",
    "`errors` says what: `pointer` is a JSON pointer into the body, `parameter` the name of a parameter.",
)  # fmt: skip
OVER_LIMIT: Final = Kind(
    "over-limit", 429, "Too many requests",
    "The key's rate or daily quota is used up, or more is asked than this server can do. Wait for as many seconds as "
    "the header `Retry-After` says.",
)  # fmt: skip
INTERNAL: Final = Kind(
    "internal", 500, "Something went wrong here",
    "It is in the server's log. Sending comments again is safe: nothing is added twice.",
)  # fmt: skip
NO_MODEL: Final = Kind(
    "no-model", 503, "No model can score at the moment", "Wait as `Retry-After` says. Comments are taken in meanwhile."
)
NO_DATABASE: Final = Kind(
    "no-database", 503, "The database is away at the moment",
    "Nothing was recorded. Wait as `Retry-After` says and send the same again: nothing is added twice.",
)  # fmt: skip
KINDS: Final = (
    BAD_JSON, NO_KEY, BAD_KEY, NOT_IN_SCOPE, NOT_FOUND, BAD_METHOD, CURSOR_AHEAD, TOO_LARGE, BAD_TYPE, INVALID,
    OVER_LIMIT, INTERNAL, NO_MODEL, NO_DATABASE,
)  # fmt: skip


class Failed(Exception):
    """An answer that is a problem."""

    def __init__(
        self, kind: Kind, detail: str, *, errors: list[ErrorAt] | None = None, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.kind, self.detail, self.errors, self.headers = kind, detail, errors, headers or {}

    def response(self) -> JSONResponse:
        """The answer."""
        kind = self.kind
        body = Problem(type=kind.type, title=kind.title, status=kind.status, detail=self.detail, errors=self.errors)
        content: Any = body.model_dump(mode="json", exclude_none=True)
        return JSONResponse(content, kind.status, self.headers, media_type=MEDIA_TYPE)


def over_limit(detail: str, retry_after: int) -> Failed:
    """429."""
    return Failed(OVER_LIMIT, detail, headers={"Retry-After": str(retry_after)})

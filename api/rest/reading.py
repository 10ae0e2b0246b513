"""Requests read strictly: JSON as RFC 8259 has it, checked against pydantic models, each fault with where it is."""

import json
from collections.abc import Sequence
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.datastructures import Headers
from starlette.requests import Request

from api.rest.answers import ErrorAt
from api.rest.problems import BAD_JSON, BAD_TYPE, INVALID, TOO_LARGE, Failed
from core.text import storable

Model = TypeVar("Model", bound=BaseModel)

_MOST_ERRORS: Final = 20
_MOST_POINTER: Final = 200
_OURS: Final = frozenset({"key"})
"""Parameters that every operation takes."""


async def read_body(request: Request, most: int) -> bytes:
    """The body. Raises Failed for one that is no JSON by its header, or too large."""
    check_type(request.headers)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            raise Failed(TOO_LARGE, f"The body has more than {most:,} bytes. Send fewer items at a time.")
    return bytes(body)


def check_type(headers: Headers) -> None:
    """Raises Failed unless the header says JSON in UTF-8, uncompressed."""
    kind, _, rest = headers.get("content-type", "").partition(";")
    if kind.strip().lower() != "application/json":
        raise Failed(BAD_TYPE, "Send `Content-Type: application/json`.")
    _, given, charset = rest.lower().replace(" ", "").partition("charset=")
    if given and charset.partition(";")[0].strip('"') not in {"utf-8", "utf8"}:
        raise Failed(BAD_TYPE, "JSON is in UTF-8 here; leave the charset out.")
    if headers.get("content-encoding", "identity").lower() != "identity":
        raise Failed(BAD_TYPE, "Send the body as it is, without `Content-Encoding`.")


def read_json(body: bytes) -> Any:
    """What the body holds. Raises Failed, which quotes nothing of it but names of members."""
    try:
        return json.loads(body.decode("utf-8-sig"), parse_constant=_no_constant, object_pairs_hook=_members)
    except UnicodeDecodeError as error:
        raise Failed(BAD_JSON, f"The body is not UTF-8: byte {error.start} is none.") from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise Failed(BAD_JSON, f"The body is not JSON: {error.msg} at {where}.") from None
    except RecursionError:
        raise Failed(BAD_JSON, "The body is nested too deeply.") from None
    except ValueError as error:  # ours, or a number of thousands of digits
        ours = error.args and isinstance(error, _BadMember)
        raise Failed(BAD_JSON, str(error) if ours else "A number in the body has too many digits.") from None


def check(model: type[Model], found: Any, at: Sequence[str | int] = ()) -> Model:
    """The message that a body holds. Raises Failed."""
    try:
        return model.model_validate(found)
    except ValidationError as error:
        raise Failed(INVALID, "The body does not fit.", errors=errors_of(error, at)) from None


def check_query(model: type[Model], request: Request) -> Model:
    """The parameters in the path and the query. Raises Failed."""
    many = {name for name, field in model.model_fields.items() if "list" in str(field.annotation)}
    query = request.query_params
    found: dict[str, Any] = {n: query.getlist(n) if n in many else query[n] for n in query if n not in _OURS}
    twice = [name for name in found if name not in many and len(query.getlist(name)) > 1]
    if twice:
        errors = [ErrorAt(parameter=_cut(name), detail="Given more than once.") for name in twice[:_MOST_ERRORS]]
        raise Failed(INVALID, "A parameter does not fit.", errors=errors)
    path: dict[str, Any] = {name: value for name, value in request.path_params.items() if name in model.model_fields}
    try:
        return model.model_validate(found | path)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False)[:_MOST_ERRORS]
        errors = [ErrorAt(parameter=_cut(str(fault["loc"][0])), detail=_words(fault)) for fault in faults]
        raise Failed(INVALID, "A parameter does not fit.", errors=errors) from None


def errors_of(error: ValidationError, at: Sequence[str | int] = ()) -> list[ErrorAt]:
    """What is wrong, and where."""
    faults = error.errors(include_url=False, include_input=False)[:_MOST_ERRORS]
    return [ErrorAt(pointer=pointer([*at, *fault["loc"]]), detail=_words(fault)) for fault in faults]


def pointer(path: Sequence[str | int]) -> str:
    """A JSON pointer as an address's fragment: #/comments/3/text."""
    return "#" + "".join("/" + _cut(str(part)).replace("~", "~0").replace("/", "~1") for part in path)


def _words(fault: Any) -> str:
    if fault["type"] == "extra_forbidden":
        return "There is no such name here."
    if fault["type"] == "model_type":
        return "This should be an object."
    return f"{fault['msg']}."


def _cut(name: str) -> str:
    return storable(name)[:_MOST_POINTER]


class _BadMember(ValueError):
    """Something that json would take and JSON is not."""


def _no_constant(name: str) -> Any:
    raise _BadMember(f"{name} is no JSON.")


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _BadMember(f"An object names the member {_cut(twice)[:80]!r} twice.")
    return made

"""What comes over the wire, as pydantic models. The OpenAPI document and its page are made from these."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Generic, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, GetJsonSchemaHandler, WithJsonSchema
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError

MOST_COMMENTS: Final = 1_000
MOST_TEXTS: Final = 100
MOST_TEXT: Final = 20_480
MOST_LOOKED_UP: Final = 100
MOST_ENTRIES: Final = 1_000
MOST_ID: Final = 2**63 - 1

_UNSTORABLE: Final = re.compile("[\0\ud800-\udfff]")
_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?([Zz]|[+-]\d\d:\d\d)")
_MOMENT_WORDS: Final = "Give the date and time with its zone, such as 2026-11-25T12:00:00Z"


def _storable(value: Any) -> Any:
    if isinstance(value, str) and (found := _UNSTORABLE.search(value)):
        what = "a NUL character" if found.group() == "\0" else "half of a surrogate pair: it was cut within a character"
        raise PydanticCustomError("unstorable", "At character {at} there is " + what, {"at": found.start()})
    return value


def _moment(value: Any) -> datetime | None:
    if value is None:
        return None
    if not isinstance(value, str) or not _MOMENT.fullmatch(value):
        raise PydanticCustomError("moment", _MOMENT_WORDS)
    try:
        return datetime.fromisoformat(value.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise PydanticCustomError("moment", _MOMENT_WORDS) from None


def _whole(value: Any) -> Any:
    """A number of a query: digits alone, where pydantic would also take 1_0 and 1.0."""
    if isinstance(value, str) and not re.fullmatch(r"-?[0-9]{1,40}", value):
        raise PydanticCustomError("whole", "Give a whole number in digits")
    return int(value) if isinstance(value, str) else value


class _NoNul:
    """Says in the schema what `_storable` checks, as far as JSON can say it: half of a surrogate pair is no JSON."""

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return handler(core) | {"pattern": r"^[^\u0000]*$"}


Str = Annotated[str, BeforeValidator(_storable), _NoNul()]
Moment = Annotated[
    datetime | None,
    BeforeValidator(_moment),
    WithJsonSchema({"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]}),
]
Whole = Annotated[int, BeforeValidator(_whole)]
Item = TypeVar("Item")


class _In(BaseModel):
    """Requests: nothing is converted, and a name that there is not is refused, so that no wish is passed over."""

    model_config = ConfigDict(extra="forbid", strict=True)


class _Query(BaseModel):
    model_config = ConfigDict(extra="forbid")


class CommentIn(_In):
    """One comment on its way in."""

    external_id: Str = Field(min_length=1, description="Its id where it comes from: unique within the source.")
    text: Str = Field(min_length=1, description="What was written, as plain text.")
    author: Str | None = Field(None, description="Who wrote it; a pseudonym will do.")
    thread: Str | None = Field(None, description="What it belongs to, such as an article's address.")
    parent: Str | None = Field(None, description="external_id of the comment that it answers.")
    created_at: Moment = Field(None, description="When it was written; ISO 8601 with a zone.")


class Batch(_In, Generic[Item]):
    """Comments of one source."""

    source: Str | None = Field(
        None, min_length=1, max_length=200, description="Where they come from. The key's name if left out."
    )
    comments: list[Item] = Field(min_length=1, max_length=MOST_COMMENTS)


class CommentsIn(Batch[CommentIn]):
    """Comments of one source."""


class TextsIn(_In):
    """Texts to score. Nothing of them is kept."""

    texts: list[Annotated[Str, Field(min_length=1, max_length=MOST_TEXT)]] = Field(
        min_length=1, max_length=MOST_TEXTS, description="As plain text."
    )
    spans: bool = Field(False, description="Score each sentence too.")
    offsets: Literal["utf16", "codepoints"] = Field(
        "utf16", description="What begin and end of spans count: UTF-16 units as JavaScript, or code points as Python."
    )


class OneComment(_Query):
    """Which comment."""

    id: Whole = Field(ge=1, le=MOST_ID, description="Moderato's id.")


class Lookup(_Query):
    """Which comments."""

    source: Str = Field(min_length=1, max_length=200)
    external_id: list[Annotated[Str, Field(min_length=1, max_length=1000)]] = Field(
        min_length=1, max_length=MOST_LOOKED_UP, description="May be repeated."
    )


class Since(_Query):
    """Where to read on."""

    after: Whole = Field(0, ge=0, le=MOST_ID, description="The `next` of the page before; 0 to begin.")
    limit: Whole = Field(100, ge=1, le=MOST_ENTRIES, description="Most entries of a page.")
    source: Annotated[Str | None, Field(min_length=1, max_length=200)] = Field(None, description="This source alone.")


class Which(_Query):
    """Which metrics."""

    model: Annotated[Str | None, Field(min_length=1, max_length=64)] = Field(
        None, description="Name of a version; the live one if left out."
    )
    days: Whole = Field(30, ge=1, le=3650, description="Comments that came in during the last so many days (UTC).")


class Nothing(_Query):
    """No parameters."""

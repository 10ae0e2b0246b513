"""The requests, as pydantic models: names as Google's servers take them, `doNotStore` and `do_not_store` alike."""

from typing import Annotated, Any, Final, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from api.perspective.errors import Problem, bad_json, refused
from api.perspective.relaxed import read_object

_MOST_NAME: Final = 80
_KINDS: Final = {
    "string_type": "TYPE_STRING",
    "bool_type": "TYPE_BOOL",
    "float_type": "TYPE_FLOAT",
    "float_parsing": "TYPE_FLOAT",
    "finite_number": "TYPE_FLOAT",
    "int_type": "TYPE_INT32",
    "list_type": "TYPE_LIST",
    "dict_type": "TYPE_MAP",
}

Message = TypeVar("Message", bound=BaseModel)


def _not_bool(value: Any) -> Any:
    """true is no number, though Python takes it for one."""
    return None if isinstance(value, bool) else value


Number = Annotated[float, Field(allow_inf_nan=False), BeforeValidator(_not_bool)]
Text = Annotated[str, Field(strict=True)]
Flag = Annotated[bool, Field(strict=True)]


class _Message(BaseModel):
    """null is the same as nothing; a name that the API does not have is refused, so that no wish is passed over."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid")


class TextEntry(_Message):
    """A text and how it is written."""

    text: Text | None = None
    type: Text | None = None
    """PLAIN_TEXT or HTML."""


class ArticleAndParentComment(_Message):
    """What a comment is about."""

    article: TextEntry | None = None
    parent_comment: TextEntry | None = None


class Context(_Message):
    """What a comment stands in: read, and not used."""

    entries: list[TextEntry] | None = None
    article_and_parent_comment: ArticleAndParentComment | None = None


class AttributeParameters(_Message):
    """How an attribute is wanted."""

    score_type: Text | None = None
    score_threshold: Number | None = None


class Score(_Message):
    """A number and what it is."""

    value: Number | None = None
    type: Text | None = None


class SpanScore(_Message):
    """A score of a stretch, in UTF-16 units."""

    begin: int | None = None
    end: int | None = None
    score: Score | None = None


class AttributeScores(_Message):
    """The scores of one attribute."""

    summary_score: Score | None = None
    span_scores: list[SpanScore] | None = None


class _Request(_Message):
    """What both requests have."""

    comment: TextEntry | None = None
    context: Context | None = None
    languages: list[Text] | None = None
    client_token: Text | None = None
    community_id: Text | None = None
    session_id: Text | None = None


class AnalyzeRequest(_Request):
    """AnalyzeCommentRequest."""

    requested_attributes: dict[str, AttributeParameters | None] | None = None
    do_not_store: Flag | None = None
    span_annotations: Flag | None = None
    drop_unsupported_attributes: Flag | None = None


class SuggestRequest(_Request):
    """SuggestCommentScoreRequest."""

    attribute_scores: dict[str, AttributeScores | None] | None = None


def read(body: bytes, kind: type[Message]) -> Message:
    """The message that a body holds. Raises Problem, whose words quote names of fields but no values."""
    try:
        found = read_object(body)
    except ValueError:
        raise bad_json() from None
    try:
        return kind.model_validate(found)
    except ValidationError as error:
        raise _problem(error.errors(include_input=False, include_url=False, include_context=False)[0]) from None


def _problem(first: Any) -> Problem:
    path = [str(part) for part in first["loc"]]
    if first["type"] == "extra_forbidden":
        at = f" at '{'.'.join(path[:-1])}'" if path[1:] else ""
        return refused(f'Invalid JSON payload received. Unknown name "{path[-1][:_MOST_NAME]}"{at}: Cannot find field.')
    kind = _KINDS.get(first["type"], "another type")
    return refused(f"Invalid value at '{'.'.join(path)[: 2 * _MOST_NAME]}' ({kind}).")

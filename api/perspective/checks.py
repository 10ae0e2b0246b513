"""What a request asks for, checked in the order in which the Perspective API complained."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from api.perspective.attributes import ATTRIBUTES
from api.perspective.errors import no_language_for, refused
from api.perspective.messages import AnalyzeRequest, AttributeParameters, Context, SuggestRequest, TextEntry
from core.html_text import Shown, plain, shown_text
from core.text import storable

MOST_TEXT_BYTES: Final = 20_480
_SAYS_SOMETHING: Final = frozenset("LNS")
_PROBABILITY: Final = frozenset({"PROBABILITY", "SCORE_TYPE_UNSPECIFIED"})


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an analysis is to give."""

    shown: Shown
    thresholds: Mapping[str, float | None]
    """Attribute -> score from which on it is told; None for always."""
    languages: Sequence[str]


def check_analyze(message: AnalyzeRequest, supported: Sequence[str]) -> Wanted:
    """What is wanted. Raises Problem."""
    shown = check_text(message.comment)
    _check_context(message.context)
    asked = message.requested_attributes or {}
    if not asked:
        raise refused("Missing requested_attributes", "NO_REQUESTED_ATTRIBUTES")
    drops = bool(message.drop_unsupported_attributes)
    wanted = {name: _threshold(name, how) for name, how in asked.items() if not (drops and name not in ATTRIBUTES)}
    languages = check_languages(message.languages, next(iter(wanted), None), supported, shown, drops=drops)
    return Wanted(shown, wanted if languages else {}, languages)


def check_suggestion(message: SuggestRequest) -> tuple[Shown, dict[str, float], dict[str, bool]]:
    """The text, the scores by attribute, and which labels hold by them. Raises Problem."""
    shown = check_text(message.comment)
    _check_context(message.context)
    scores: dict[str, float] = {}
    for name, given in (message.attribute_scores or {}).items():
        if name not in ATTRIBUTES:
            raise refused(f"Unknown requested attribute: {name[:80]}")
        score = given.summary_score if given else None
        if score is None or score.value is None:
            raise refused(f"Attribute {name} has no summary score.")
        if not 0 <= score.value <= 1:
            raise refused(f"The score of attribute {name} does not lie between 0 and 1.")
        if score.type is not None and score.type not in _PROBABILITY:
            raise refused(f"Requested score type {score.type[:80]} is not supported by attribute {name}")
        scores[name] = score.value
    if not scores:
        raise refused("Missing attribute_scores")
    return shown, scores, _labels(scores)


def check_text(comment: TextEntry | None) -> Shown:
    """The text that is scored. Raises Problem for none, too much, or a kind that there is not."""
    source = storable(comment.text or "") if comment else ""
    if not source.strip():
        raise refused("Comment must be non-empty.", "COMMENT_EMPTY")
    if len(source.encode()) > MOST_TEXT_BYTES:
        raise refused("Comment text too long.", "COMMENT_TOO_LONG")
    _check_type(comment)
    shown = shown_text(source) if comment and comment.type == "HTML" else plain(source)
    if not shown.text.strip():
        raise refused("Comment must be non-empty.", "COMMENT_EMPTY")
    return shown


def check_languages(
    asked: Sequence[str] | None, attribute: str | None, supported: Sequence[str], shown: Shown, *, drops: bool = False
) -> list[str]:
    """The languages in which a text is scored: those asked for, or else the first that the model reads.

    Raises Problem for others, unless unsupported attributes may be dropped: then none. No language is guessed: that
    would let through what it guesses wrongly. Only a text without a letter, digit or symbol has none.
    """
    if not asked:
        if not any(unicodedata.category(c)[0] in _SAYS_SOMETHING for c in shown.text):
            raise refused("Unable to detect language", "LANGUAGE_DETECTION_FAILED")
        return [supported[0]]
    known = {code.casefold() for code in supported}
    if bad := [code[:40] for code in asked if code.casefold() not in known and _primary(code) not in known]:
        if drops:
            return []
        raise no_language_for(attribute or "", bad)
    return list(asked)


def _primary(code: str) -> str:
    """en of en-US; a script makes another language of it: hi-Latn is none that reads hi."""
    first, _, rest = code.replace("_", "-").partition("-")
    return first.casefold() if len(rest.partition("-")[0]) != 4 else code


def _check_context(context: Context | None) -> None:
    if context is None:
        return
    about = context.article_and_parent_comment
    if context.entries and about:
        raise refused("Context can have either entries or article_and_parent_comment, but both fields were populated.")
    for entry in [*(context.entries or []), *([about.article, about.parent_comment] if about else [])]:
        _check_type(entry)


def _check_type(entry: TextEntry | None) -> None:
    if entry and entry.type not in (None, "PLAIN_TEXT", "HTML", "TEXT_TYPE_UNSPECIFIED"):
        raise refused("Unknown text type")


def _threshold(name: str, how: AttributeParameters | None) -> float | None:
    if name not in ATTRIBUTES:
        raise refused(f"Unknown requested attribute: {name[:80]}")
    if how is None:
        return None
    if how.score_type is not None and how.score_type not in _PROBABILITY:
        raise refused(f"Requested score type {how.score_type[:80]} is not supported by attribute {name}")
    return how.score_threshold


def _labels(scores: Mapping[str, float]) -> dict[str, bool]:
    """A label holds from one half on. Raises Problem where two names of one label disagree."""
    given: dict[str, bool] = {}
    for name, value in scores.items():
        label, holds = ATTRIBUTES[name], value >= 0.5
        if given.setdefault(label, holds) != holds:
            raise refused(f"Attribute {name} contradicts another name of the same attribute.")
    return given

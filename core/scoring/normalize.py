"""Undo spelling tricks that cost an attacker nothing, so that training and scoring see one spelling.

In order: each character is folded on its own (compatibility forms, case, accents, look-alikes; invisible ones
vanish), then l e t t e r s that were spread out are joined, leetspeak inside words becomes letters, letters
repeated three times or more become two, or one, and white space becomes single spaces. Plain numbers stay as they are.
"""

import re
import unicodedata
from collections.abc import Callable
from itertools import pairwise

from core.scoring.confusables import CONFUSABLES
from core.scoring.segment import word_starts

_LETTER_NAME = re.compile(r"\bLATIN (?:SMALL |CAPITAL )?LETTER (?:SMALL )?(?:CAPITAL )?([A-Z])(?: WITH\b|$)")
_INVISIBLE = {"\u115f", "\u1160", "\u17b4", "\u17b5", "\u3164", "\uffa0"}
_REGIONAL_A = 0x1F1E6


def fold(character: str) -> str:
    """What one character becomes: ASCII where it has a plain look-alike, '' if it cannot be seen."""
    return "".join(_fold_part(part) for part in unicodedata.normalize("NFKD", character).casefold())


def _fold_part(part: str) -> str:
    if part.isascii():
        return part if " " <= part < "\x7f" else " "
    if part in CONFUSABLES:
        return CONFUSABLES[part]
    category = unicodedata.category(part)
    if category in {"Mn", "Me", "Cf"} or part in _INVISIBLE:
        return ""
    if part.isspace() or category in {"Cc", "Cs"} or part == "\u2800":
        return " "
    if 0 <= ord(part) - _REGIONAL_A < 26:
        return chr(ord("a") + ord(part) - _REGIONAL_A)
    named = _LETTER_NAME.search(unicodedata.name(part, ""))
    return named[1].lower() if named else part


class _FoldTable(dict[int, str]):
    """Code point -> folded text, filled as characters are met; at most one entry for each of Unicode's code points."""

    def __missing__(self, code: int) -> str:
        self[code] = folded = fold(chr(code))
        return folded


_FOLD = _FoldTable()

_Edit = tuple[str, list[int]]
"""A replacement and, for each of its characters, the index within the match that it came from."""

_SPREAD = re.compile(r"(?<![a-z0-9@$])[a-z0-9@$]([ .\-_*~])\1{0,3}[a-z0-9@$](?:\1{1,4}[a-z0-9@$](?![a-z0-9@$]))+")
_LEET = re.compile(r"(?<![a-z0-9@$])[a-z]*+(?:[0-9@$]|(?<=[a-z])[!|](?=[a-z0-9@$]))(?:[a-z0-9@$]|[!|](?=[a-z0-9@$]))*+")
_LEET_HINT = re.compile(r"[a-z][0-9@$!|]|[0-9@$][a-z]")
_NUMBER = re.compile(
    r"\d+(?:st|nd|rd|th|s|k|m|km|kg|g|cm|mm|px|am|pm|bn|kb|mb|gb|tb|x|d|h|min|mph|ft|in|hz|v|w|c|f)|.*\d{4}.*"
)
_REPEAT = re.compile(r"([a-z])\1{2,}")
_NEVER_DOUBLE = "aiuhjkqvwxy"
_BLANKS = re.compile(r"\s{2,}")
_LEET_LETTERS = str.maketrans("0123456789@$!|", "oizeasgtbgasil")


def _join_spread(match: re.Match[str]) -> _Edit:
    """`f u c k   y o u` -> `fuck you`: the narrowest gap lies between letters, wider ones between words.

    Where all gaps are alike, as in `f u c k y o u`, the likeliest words are looked for.
    """
    text = match[0]
    kept = [i for i, c in enumerate(text) if c.isalnum() or c in "@$"]
    if sum(text[i].isalpha() for i in kept) < 2:
        return text, list(range(len(text)))
    gaps = [after - before for before, after in pairwise(kept)]
    narrow = min(gaps)
    new_word = {number + 1 for number, gap in enumerate(gaps) if gap > narrow}
    if not new_word:
        new_word = word_starts("".join(text[i] for i in kept).translate(_LEET_LETTERS))
    joined, indices = [], []
    for number, at in enumerate(kept):
        if number and number in new_word:
            joined.append(" ")
            indices.append(at - 1)
        joined.append(text[at])
        indices.append(at)
    return "".join(joined), indices


def _read_leet(match: re.Match[str]) -> _Edit:
    text, indices = match[0], list(range(len(match[0])))
    if not _LEET_HINT.search(text) or _NUMBER.fullmatch(text):
        return text, indices
    return text.translate(_LEET_LETTERS), indices


def _shorten_repeat(match: re.Match[str]) -> _Edit:
    """`fuuuuck` -> `fuck` but `niggger` -> `nigger`: only letters that English doubles stay double."""
    return (match[1], [0]) if match[1] in _NEVER_DOUBLE else (match[1] * 2, [0, 1])


def _one_blank(_: re.Match[str]) -> _Edit:
    return " ", [0]


_TRIPLES = [letter * 3 for letter in "abcdefghijklmnopqrstuvwxyz"]

_STEPS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], _Edit], Callable[[str], object]], ...] = (
    (_SPREAD, _join_spread, bool),
    (_LEET, _read_leet, _LEET_HINT.search),
    (_REPEAT, _shorten_repeat, lambda text: any(triple in text for triple in _TRIPLES)),
    (_BLANKS, _one_blank, lambda text: "  " in text),
)
"""Pattern, edit, and a quick look at whether the pattern could match at all."""


def normalize(text: str) -> str:
    """The text as the starter reads it. Linear in its length; any string is taken."""
    return undo_spelling(fold_text(text))


def fold_text(text: str) -> str:
    """Each character folded on its own: the first step of `normalize`."""
    return text.translate(_FOLD)


def squeeze_blanks(text: str) -> str:
    """Runs of blanks become one: all that most folded texts need."""
    return _BLANKS.sub(" ", text)


def undo_spelling(text: str) -> str:
    """All steps of `normalize` after folding."""
    for pattern, edit, needed in _STEPS:
        if needed(text):
            text = pattern.sub(lambda match, edit=edit: edit(match)[0], text)  # type: ignore[misc]
    return text


def normalize_with_offsets(text: str) -> tuple[str, list[int]]:
    """`normalize(text)` and, for each of its characters, the code point of the original that it came from."""
    pieces = [_FOLD[ord(c)] for c in text]
    folded, origin = "".join(pieces), [i for i, piece in enumerate(pieces) for _ in piece]
    for pattern, edit, _ in _STEPS:
        folded, origin = _edit_with_offsets(folded, origin, pattern, edit)
    return folded, origin


def _edit_with_offsets(
    text: str, origin: list[int], pattern: re.Pattern[str], edit: Callable[[re.Match[str]], _Edit]
) -> tuple[str, list[int]]:
    parts, moved, done = [], [], 0
    for match in pattern.finditer(text):
        replacement, indices = edit(match)
        parts += [text[done : match.start()], replacement]
        moved += origin[done : match.start()] + [origin[match.start() + i] for i in indices]
        done = match.end()
    return "".join([*parts, text[done:]]), moved + origin[done:]

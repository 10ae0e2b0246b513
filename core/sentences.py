"""Where the sentences of a comment begin and end."""

import itertools
import re
from typing import Final

MOST: Final = 100
"""Sentences told apart; in a longer text several make one stretch."""

_END: Final = re.compile(r"(?:(?<![.!?…])[.!?…]++[\"'”’»)\]]*+(?=\s)|[。！？｡]+[」』”’）]*|\n+)\s*")
_NO_END: Final = re.compile(
    r"(?:^|[\s(\"'“‘])(?:mr|mrs|ms|dr|prof|sr|jr|st|vs|etc|e\.g|i\.e|cf|no|vol|approx|[a-z]|(?:[a-z]\.)+[a-z])\.$",
    re.IGNORECASE,
)
_LOOK_BACK: Final = 16


def split_sentences(text: str) -> list[tuple[int, int]]:
    """Stretches of code points, end exclusive, in order and without the white space around them; at most MOST.

    A sentence ends with its mark and white space, with a full-width mark, or with its line. Titles, initials and a few
    abbreviations end none. A text of white space alone has no sentence.
    """
    ends = [match.end() for match in _END.finditer(text) if not _goes_on(text, match)]
    edges = [0, *ends, len(text)]
    found = [stretch for a, b in itertools.pairwise(edges) if (stretch := _trim(text, a, b))]
    step = -(-len(found) // MOST) or 1
    return [(found[i][0], found[min(i + step, len(found)) - 1][1]) for i in range(0, len(found), step)]


def _goes_on(text: str, match: re.Match[str]) -> bool:
    """Whether the stop belongs to an abbreviation, in the middle of a line."""
    mark = match.group().rstrip()
    if mark != "." or "\n" in match.group():
        return False
    end = match.start() + 1
    return _NO_END.search(text[max(0, end - _LOOK_BACK) : end]) is not None and text[max(end - 3, 0) : end - 1] != " I"


def _trim(text: str, start: int, end: int) -> tuple[int, int] | None:
    part = text[start:end]
    first = len(part) - len(part.lstrip())
    return (start + first, start + len(part.rstrip())) if first < len(part) else None

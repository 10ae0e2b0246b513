"""Which words of a text are masked where no score may say so: those on a list that people's marks made.

The list knows no model: a masked word tells nothing of what any model thinks of the text. English only.
"""

import re
from collections.abc import Iterable
from functools import cache, lru_cache
from pathlib import Path
from typing import Final

from core.scoring.normalize import normalize_with_offsets

WORD: Final = re.compile(r"[a-z][a-z']+[a-z]")
"""A word of a normalised text (core.scoring.normalize): spelling tricks are undone there."""
MOST_CHARS: Final = 4_000
"""Code points that are looked at, from the start; what comes after stays masked as a whole with them."""
_ENDINGS: Final = ("'s", "s", "es")
"""What may follow a word of the list: `moron` stands for `morons` too. Others would hide words such as `butter`."""


def found_words(text: str) -> list[tuple[int, int]]:
    """Stretches of code points, sorted and apart, of the words to mask. A millisecond for a usual comment."""
    normal, origin = normalize_with_offsets(text[:MOST_CHARS])
    found = (match for match in WORD.finditer(normal) if is_listed(match[0]))
    return merged((origin[match.start()], origin[match.end() - 1] + 1) for match in found)


@lru_cache(maxsize=20_000)
def is_listed(word: str) -> bool:
    """Whether a normalised word is on the list, as it stands or as its plural or genitive."""
    listed = listed_words()
    return word in listed or any(word.removesuffix(ending) in listed for ending in _ENDINGS if word.endswith(ending))


@cache
def listed_words() -> frozenset[str]:
    """The list."""
    lines = Path(__file__).with_name("words.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))


def merged(stretches: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Sorted, and those that touch or overlap as one."""
    made: list[tuple[int, int]] = []
    for start, end in sorted(stretches):
        if made and start <= made[-1][1]:
            made[-1] = made[-1][0], max(end, made[-1][1])
        else:
            made.append((start, end))
    return made

"""Which script a text is written in. Not its language: Serbian has two scripts, and Latin has hundreds of languages."""

import unicodedata
from collections import Counter
from functools import lru_cache
from typing import Final

LATIN: Final = "latin"
OTHER: Final = "other"
SCRIPTS: Final = {
    LATIN: "Latin",
    "cyrillic": "Cyrillic",
    "arabic": "Arabic",
    "han": "Chinese (Han)",
    "kana": "Japanese (kana)",
    "hangul": "Korean (Hangul)",
    "devanagari": "Devanagari",
    "bengali": "Bengali",
    "greek": "Greek",
    "hebrew": "Hebrew",
    "thai": "Thai",
    "tamil": "Tamil",
    "telugu": "Telugu",
    "armenian": "Armenian",
    "georgian": "Georgian",
    OTHER: "Another script",
}
"""Codes, and how people see them."""
_LETTERS: Final = 400
"""So many code points tell it."""
_NAMES: Final = {"cjk": "han", "hiragana": "kana", "katakana": "kana"}


def script_of(text: str) -> str | None:
    """The code of the script that most letters of the text's beginning are of; None for Latin, or where no letter is.

    A text with kana is Japanese however many Han characters it has.
    """
    if text.isascii():
        return None
    beginning = unicodedata.normalize("NFKC", text[:_LETTERS])
    counted = Counter(_script(letter) for letter in beginning if letter.isalpha())
    if counted["kana"]:
        counted["kana"] += counted.pop("han", 0)
    most = max(counted, key=counted.__getitem__, default=LATIN)
    return None if most == LATIN else most


@lru_cache(maxsize=20_000)
def _script(letter: str) -> str:
    first = unicodedata.name(letter, "").partition(" ")[0].partition("-")[0].lower()
    code = _NAMES.get(first, first)
    return code if code in SCRIPTS else OTHER

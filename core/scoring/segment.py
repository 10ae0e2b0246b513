"""Find the words in letters that were run together."""

import math
from functools import cache
from pathlib import Path

_LONGEST = 16
_UNKNOWN = tuple(8.0 + 2.0 * length for length in range(_LONGEST + 1))
"""Cost of taking so many letters for a word that is not listed."""


@cache
def _costs() -> dict[str, float]:
    """Listed word -> -ln of its share, by Zipf's law from its rank."""
    words = Path(__file__).with_name("common_words.txt").read_text(encoding="utf-8").split()
    return {word: math.log((rank + 1) * math.log(len(words))) for rank, word in enumerate(words)}


def word_starts(letters: str) -> set[int]:
    """Where words begin in a run of letters, 0 included: the likeliest cut by the words' frequencies (Viterbi)."""
    costs, best, last = _costs(), [0.0], [0]
    for end in range(1, len(letters) + 1):
        least, at = math.inf, 0
        for start in range(max(0, end - _LONGEST), end):
            total = best[start] + costs.get(letters[start:end], _UNKNOWN[end - start])
            if total < least:
                least, at = total, start
        best.append(least)
        last.append(at)
    starts, end = {0}, len(letters)
    while end > 0:
        end = last[end]
        starts.add(end)
    return starts

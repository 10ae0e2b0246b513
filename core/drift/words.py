"""The words of a sample of each day's comments, as hashes: which of them are new."""

import re
import zlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from typing import Final

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]

WINDOW_DAYS: Final = 28
"""A word is new if none of so many days before had it in its sample."""
SAMPLE: Final = 2_000
"""Comments of a day whose words are looked at, about."""
_MOST_CHARS: Final = 4_000
"""Of a comment; a longer one is mostly pasted."""
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]|[^\W\d_]{2,}")
"""Two or more letters; a single one where a script has no spaces. Numbers are left out: they are always new."""


@dataclass(slots=True)
class Tally:
    """What a day's sample adds up to so far."""

    comments: int = 0
    words: float = 0.0
    fresh: float = 0.0
    words_squared: float = 0.0
    fresh_squared: float = 0.0
    words_fresh: float = 0.0

    def add(self, words: int, fresh: int) -> None:
        """Count a comment."""
        self.comments += 1
        self.words += words
        self.fresh += fresh
        self.words_squared += words * words
        self.fresh_squared += fresh * fresh
        self.words_fresh += words * fresh


def hashes_of(text: str) -> Counter[int]:
    """How often each word of the text occurs, by its 64-bit hash."""
    return Counter(map(_hash, _WORD.findall(text[:_MOST_CHARS].casefold())))


def count(texts: Iterable[str], known: frozenset[int] | set[int]) -> tuple[Tally, Hashes]:
    """The tally of comments against the known words, and the different hashes in them, sorted."""
    tally, met = Tally(), set[int]()
    for text in texts:
        found = hashes_of(text)
        if found:
            tally.add(found.total(), sum(many for word, many in found.items() if word not in known))
            met.update(found)
    return tally, np.array(sorted(met), np.uint64)


def pack(hashes: Hashes) -> bytes:
    """Sorted hashes as a table keeps them."""
    return zlib.compress(np.diff(hashes, prepend=np.uint64(0)).tobytes(), 1)


def unpack(packed: bytes) -> Hashes:
    """What `pack` was given."""
    return np.cumsum(np.frombuffer(zlib.decompress(packed), np.uint64), dtype=np.uint64)


@lru_cache(maxsize=65_536)
def _hash(word: str) -> int:
    return int.from_bytes(blake2b(word.encode("utf-8", "replace"), digest_size=8).digest(), "little")

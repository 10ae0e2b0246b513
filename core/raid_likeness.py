"""Which texts are nearly the same.

Near-identical is meant as in Broder (1997): the Jaccard similarity of two texts' sets of character 5-grams, estimated
by MinHash and found by locality-sensitive hashing (datasketch). Texts join a leader, never a chain of neighbours: every
text of a cluster is like the same one. Imported where it is used: datasketch brings half a second of scipy.
"""

import re
import time
import unicodedata
from collections.abc import Collection, Iterable
from typing import Final

import numpy as np
from datasketch import MinHash, MinHashLSH
from numpy.typing import NDArray

from core.text import storable

SIMILAR_FROM: Final = 0.6
"""Estimated Jaccard similarity to the leader from which on a text belongs to its cluster."""
PERMUTATIONS: Final = 64
"""Of the MinHash: the estimate's standard error is 0.06 at SIMILAR_FROM."""
BANDS: Final = (16, 4)
"""Bands and rows of the index: of pairs at SIMILAR_FROM it finds 89 %, at 0.7 99 %."""
GRAM: Final = 5
"""Characters of a shingle."""
MOST_CHARS: Final = 1_000
"""Of a text that are looked at, from its beginning."""
Sketch = NDArray[np.uint32]
"""The MinHash of a text, [PERMUTATIONS]."""
_DIGITS = re.compile(r"\d+")


class Likeness:
    """Which texts are nearly the same. Remembers sketches: a look costs what is new since the last one."""

    def __init__(self, pause: float = 0.0) -> None:
        """`pause`: seconds of rest after each 25 texts, so that a thread of a server leaves the processor to others."""
        self._pause = pause
        self._sketches: dict[str, Sketch] = {}

    def unknown(self, digests: Iterable[str]) -> set[str]:
        """Those whose text was not learnt yet."""
        return {digest for digest in digests if digest not in self._sketches}

    def learn(self, texts: Iterable[tuple[str, str]]) -> None:
        """Sketch texts, given as (text_hash, text)."""
        for number, (digest, text) in enumerate(texts):
            self._sketches[digest] = _sketch(text)
            if self._pause and number % 25 == 24:
                time.sleep(self._pause)

    def leaders(self, digests: Collection[str]) -> dict[str, str]:
        """By text_hash, that of the text which it is like, its own for a leader; forgets all other texts.

        An earlier text leads a later one.
        """
        self._sketches = {digest: self._sketches[digest] for digest in digests}
        leader = {digest: digest for digest in digests}
        names, sketches = list(digests), np.array(list(self._sketches.values())).reshape(-1, PERMUTATIONS)
        index, led = MinHashLSH(num_perm=PERMUTATIONS, params=BANDS), dict[str, MinHash]()
        for row in np.flatnonzero(_share_a_band(sketches)):
            name, hashed = names[row], _minhash(sketches[row])
            near = [(hashed.jaccard(led[other]), other) for other in index.query(hashed)]
            likeness, other = max(near, default=(0.0, name))
            if likeness >= SIMILAR_FROM:
                leader[name] = other
            else:
                led[name] = hashed
                index.insert(name, hashed)
        return leader


def _sketch(text: str) -> Sketch:
    hashed = _minhash(None)
    hashed.update_batch(_shingles(text))
    return hashed.hashvalues


def _minhash(sketch: Sketch | None) -> MinHash:
    return MinHash(num_perm=PERMUTATIONS, hashfunc=int, scheme=_SCHEME, permutations=_PERMUTED, hashvalues=sketch)


def _share_a_band(sketches: NDArray[np.uint32]) -> NDArray[np.bool_]:
    """Which of the texts, [n], have a candidate at all: the others stay out of the index, which is large."""
    bands, rows = BANDS
    found = np.zeros(len(sketches), bool)
    weights = np.array([pow(0x9E3779B97F4A7C15, k + 1, 2**64) for k in range(rows)], np.uint64)
    for band in range(bands):
        keys = sketches[:, band * rows : (band + 1) * rows].astype(np.uint64) @ weights
        _, inverse, counts = np.unique(keys, return_inverse=True, return_counts=True)
        found |= counts[inverse] > 1
    return found


_SCHEME: Final = "affine32"
_PERMUTED = MinHash(num_perm=PERMUTATIONS, scheme=_SCHEME).permutations
"""Made once: drawing them costs more than using them."""
_POWERS = np.array([pow(1_000_003, k, 2**32) for k in range(GRAM)], np.uint32)


def _shingles(text: str) -> list[int]:
    """32-bit hashes of the character 5-grams of the text as it reads: case, width, digits and white space aside."""
    folded = " ".join(unicodedata.normalize("NFKC", storable(text[:MOST_CHARS])).casefold().split())
    points = np.frombuffer(_DIGITS.sub("0", folded).ljust(GRAM).encode("utf-32-le"), np.uint32)
    grams = np.lib.stride_tricks.sliding_window_view(points, GRAM)
    return np.unique(grams @ _POWERS).tolist()

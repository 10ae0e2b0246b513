"""Which texts are nearly the same.

Near-identical is meant as in Broder (1997): the Jaccard similarity of two texts' sets of character 5-grams, estimated
by MinHash and found by locality-sensitive hashing. Texts join a leader, never a chain of neighbours: every text of a
cluster is like the same one. The permutations are datasketch's and sketches equal its own, but are made for many texts
at once, and the index is a dictionary a band: its objects, one a text, cost ten times that (tests compare the two).
Imported where it is used: datasketch brings half a second of scipy.
"""

import re
import time
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import Final

import numpy as np
from datasketch import MinHash
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
"""The MinHash of a text, [PERMUTATIONS]; of n texts, [n, PERMUTATIONS]."""
_BATCH: Final = 100
"""Texts that are sketched at once: their shingles stay in the processor's cache."""
_DIGITS = re.compile(r"\d+")


class Likeness:
    """Which texts are nearly the same. Remembers sketches: a look costs what is new since the last one."""

    def __init__(self, pause: float = 0.0) -> None:
        """`pause`: seconds of rest after each 100 texts, so that a server has the processor for others."""
        self._pause = pause
        self._sketches: dict[str, Sketch] = {}

    def unknown(self, digests: Iterable[str]) -> set[str]:
        """Those whose text was not learnt yet."""
        return {digest for digest in digests if digest not in self._sketches}

    def learn(self, texts: Sequence[tuple[str, str]]) -> None:
        """Sketch texts, given as (text_hash, text)."""
        for start in range(0, len(texts), _BATCH):
            some = texts[start : start + _BATCH]
            for (digest, _), sketch in zip(some, sketches_of([text for _, text in some]), strict=True):
                self._sketches[digest] = sketch
            time.sleep(self._pause)

    def leaders(self, digests: Collection[str]) -> dict[str, str]:
        """By text_hash, that of the text which it is like, its own for a leader; forgets all other texts.

        An earlier text leads a later one.
        """
        self._sketches = {digest: self._sketches[digest] for digest in digests}
        names, sketches = list(digests), np.array(list(self._sketches.values())).reshape(-1, PERMUTATIONS)
        leader, index = {digest: digest for digest in names}, _Index(sketches)
        for row in index.shared():
            other = index.most_like(row)
            if other is None:
                index.add(row)
            else:
                leader[names[row]] = names[other]
            if self._pause and row % _BATCH == 0:
                time.sleep(self._pause)
        return leader


class _Index:
    """Leaders among the rows of `sketches`, [n, PERMUTATIONS], by what each of BANDS has of them."""

    def __init__(self, sketches: Sketch) -> None:
        self._sketches = sketches
        bands, rows = BANDS
        weights = np.array([pow(0x9E3779B97F4A7C15, k + 1, 2**64) for k in range(rows)], np.uint64)
        self._keys = sketches.reshape(-1, bands, rows).astype(np.uint64) @ weights
        self._buckets: list[dict[int, list[int]]] = [defaultdict(list) for _ in range(bands)]

    def shared(self) -> list[int]:
        """Rows that have a band in common with another: the rest is like nothing, and stays out of the index."""
        found = np.zeros(len(self._keys), bool)
        for keys in self._keys.T:
            _, inverse, counts = np.unique(keys, return_inverse=True, return_counts=True)
            found |= counts[inverse] > 1
        return np.flatnonzero(found).tolist()

    def add(self, row: int) -> None:
        """Make the row a leader."""
        for bucket, key in zip(self._buckets, self._keys[row].tolist(), strict=True):
            bucket[key].append(row)

    def most_like(self, row: int) -> int | None:
        """The leader that the row is most like, if that is SIMILAR_FROM; of equals the latest."""
        near: set[int] = set()
        for bucket, key in zip(self._buckets, self._keys[row].tolist(), strict=True):
            near.update(bucket.get(key, ()))
        if not near:
            return None
        rows = sorted(near)
        same = np.count_nonzero(self._sketches[rows] == self._sketches[row], axis=1)
        likeness, other = max(zip(same.tolist(), rows, strict=True))
        return other if likeness >= SIMILAR_FROM * PERMUTATIONS else None


def sketches_of(texts: Sequence[str]) -> Sketch:
    """MinHashes of n texts, [n, PERMUTATIONS]: as MinHash.update_batch makes them of each text's `shingles`."""
    hashes = [_mixed(shingles(text)) for text in texts]
    starts = np.cumsum([0, *map(len, hashes[:-1])])
    together, found = np.concatenate(hashes), np.empty((PERMUTATIONS, len(texts)), np.uint32)
    for row, factor, offset in zip(found, *_PERMUTED, strict=True):
        np.minimum.reduceat(together * factor + offset, starts, out=row)
    return found.T.copy()


_PERMUTED = MinHash(num_perm=PERMUTATIONS, scheme="affine32").permutations
"""Factors and offsets, [2, PERMUTATIONS]."""
_POWERS = [np.uint32(pow(1_000_003, k, 2**32)) for k in range(GRAM)]


def shingles(text: str) -> NDArray[np.uint32]:
    """32-bit hashes of the character 5-grams of the text as it reads: case, width, digits and white space aside."""
    folded = " ".join(unicodedata.normalize("NFKC", storable(text[:MOST_CHARS])).casefold().split())
    points = np.frombuffer(_DIGITS.sub("0", folded).ljust(GRAM).encode("utf-32-le"), np.uint32)
    many = len(points) - GRAM + 1
    grams = points[:many] * _POWERS[0]
    for k in range(1, GRAM):
        grams += points[k : k + many] * _POWERS[k]
    return grams


def _mixed(hashes: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """The finalizer of MurmurHash3 (Appleby 2011), with which datasketch begins each permutation."""
    hashes = (hashes ^ (hashes >> np.uint32(16))) * np.uint32(0x85EBCA6B)
    hashes = (hashes ^ (hashes >> np.uint32(13))) * np.uint32(0xC2B2AE35)
    return hashes ^ (hashes >> np.uint32(16))

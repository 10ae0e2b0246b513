"""Which texts are most like a given one, among some hundred thousand that are held in memory.

A text is a vector of hashed words, pairs of words and 4-byte runs of its normalised form, weighted by sublinear TF-IDF
and compared by the cosine (Manning, Raghavan and Schuetze, Introduction to Information Retrieval, sections 6.2 to 6.4).
The n-grams are the starter model's (core.scoring.ngrams). Of each text the 64 weightiest are kept, so that a text takes
half a kilobyte whatever its length, and a query is one product of a sparse matrix by a vector.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from core.scoring.linear import count_matrices
from core.scoring.ngrams import Buckets
from core.scoring.normalize import normalize

MOST_CHARS: Final = 1_000
"""Of a text that are looked at, from its beginning."""
KEPT: Final = 64
"""N-grams of a text that are kept."""
_BUCKETS = Buckets(char_sizes=(4,), char_bits=18, word_bits=18)
_CHAR_WEIGHT: Final = 0.7
"""Of a run of characters beside a word: they find misspelt words, but tell less of what is said."""
_BLOCK: Final = 8_192
_PRIOR: Final = 100
"""Texts that are taken to have been seen before the first, so that the first ones' weights are even."""
_GROWN: Final = 1.2
"""Weights follow when so many times as many texts were seen as when they were made."""


@dataclass(frozen=True, slots=True)
class Grams:
    """The n-grams of one text."""

    bucket: NDArray[np.int32]
    value: NDArray[np.float32]
    """1 + ln of how often, times _CHAR_WEIGHT for runs of characters."""


class Vectors:
    """Texts by key. Not safe to be used by two threads at once."""

    def __init__(self, most: int) -> None:
        """`most`: texts that are held; then the one with the lowest rank makes room."""
        self._most = most
        self._slots: dict[str, int] = {}
        self._keys: list[str | None] = []
        self._ranks = np.zeros(0, np.int64)
        self._free: list[int] = []
        self._blocks: list[_Block] = []
        self._seen = 0
        self._seen_in = np.zeros(_BUCKETS.total, np.int32)
        self._weighed_at = 0
        self._idf = np.zeros(_BUCKETS.total, np.float32)
        self._reweigh()

    def __len__(self) -> int:
        """Texts that are held."""
        return len(self._slots)

    def __contains__(self, key: str) -> bool:
        """Whether there is a text of the key."""
        return key in self._slots

    @property
    def is_full(self) -> bool:
        """Whether another text would push one out."""
        return len(self._slots) >= self._most

    def add(self, texts: Sequence[tuple[str, int, str]]) -> None:
        """Hold texts, given as (key, rank, text); those whose key is known are skipped."""
        new = list({key: (key, rank, text) for key, rank, text in texts if key not in self._slots}.values())
        grams = grams_of([text for _, _, text in new])
        for one in grams:
            np.add.at(self._seen_in, one.bucket, 1)
        self._seen += len(new)
        if self._seen + _PRIOR > _GROWN * self._weighed_at:
            self._reweigh()
        for (key, rank, _), one in zip(new, grams, strict=True):
            if self._most and (not self.is_full or self._make_room(rank)):
                self._put(key, rank, one)

    def remove(self, key: str) -> None:
        """Forget a text; nothing happens if it is not held."""
        slot = self._slots.pop(key, None)
        if slot is not None:
            self._keys[slot] = None
            self._free.append(slot)
            block, row = divmod(slot, _BLOCK)
            self._blocks[block].clear(row)

    def nearest(self, text: str, most: int, least: float) -> list[tuple[str, float]]:
        """Up to so many (key, similarity), the most similar first; the cosine is at least `least`, 1 at most."""
        (asked,) = grams_of([text])
        kept = _weightiest(asked, self._idf)
        weights = kept.value * self._idf[kept.bucket]
        norm = float(np.sqrt(weights @ weights))
        if norm == 0 or not self._blocks:
            return []
        dense = np.zeros(_BUCKETS.total, np.float32)
        dense[kept.bucket] = weights * self._idf[kept.bucket] / norm
        likeness = np.concatenate([block.likeness(dense) for block in self._blocks])[: len(self._keys)]
        best = np.argpartition(likeness, -most)[-most:] if len(likeness) > most else np.arange(len(likeness))
        found = ((self._keys[slot], float(min(likeness[slot], 1.0))) for slot in best[np.argsort(-likeness[best])])
        return [(key, like) for key, like in found if key is not None and like >= least]

    def _put(self, key: str, rank: int, grams: Grams) -> None:
        slot = self._free.pop() if self._free else len(self._keys)
        if slot == len(self._keys):
            self._keys.append(None)
            if slot == len(self._blocks) * _BLOCK:
                self._blocks.append(_Block())
                self._ranks = np.concatenate([self._ranks, np.zeros(_BLOCK, np.int64)])
        self._slots[key], self._keys[slot], self._ranks[slot] = slot, key, rank
        block, row = divmod(slot, _BLOCK)
        self._blocks[block].put(row, _weightiest(grams, self._idf), self._idf)

    def _make_room(self, rank: int) -> bool:
        """Let the text of the lowest rank go, unless the new one's is lower still."""
        lowest = int(np.argmin(self._ranks[: len(self._keys)]))
        key = self._keys[lowest]
        if key is None or self._ranks[lowest] >= rank:
            return False
        self.remove(key)
        return True

    def _reweigh(self) -> None:
        """Follow how rare each n-gram is by now."""
        self._weighed_at = self._seen + _PRIOR
        self._idf = np.log(self._weighed_at / (1.0 + self._seen_in)).clip(min=0).astype(np.float32)
        for block in self._blocks:
            block.measure(self._idf)


class _Block:
    """Some thousand texts: a sparse matrix with as many entries in each row, zeros where a text has fewer."""

    def __init__(self) -> None:
        self._buckets = np.zeros((_BLOCK, KEPT), np.int32)
        self._values = np.zeros((_BLOCK, KEPT), np.float32)
        self._inverse_norms = np.zeros(_BLOCK, np.float32)
        rows = np.arange(0, _BLOCK * KEPT + 1, KEPT, dtype=np.int32)
        parts = (self._values.reshape(-1), self._buckets.reshape(-1), rows)
        self._matrix = sparse.csr_array(parts, shape=(_BLOCK, _BUCKETS.total), copy=False)  # a view of the two above

    def put(self, row: int, grams: Grams, idf: NDArray[np.float32]) -> None:
        self.clear(row)
        self._buckets[row, : len(grams.bucket)] = grams.bucket
        self._values[row, : len(grams.bucket)] = grams.value
        self._inverse_norms[row] = _inverse(self._values[row] * idf[self._buckets[row]])

    def clear(self, row: int) -> None:
        self._buckets[row] = self._values[row] = self._inverse_norms[row] = 0

    def measure(self, idf: NDArray[np.float32]) -> None:
        self._inverse_norms[:] = _inverse(self._values * idf[self._buckets])

    def likeness(self, dense: NDArray[np.float32]) -> NDArray[np.float32]:
        found: NDArray[np.float32] = (self._matrix @ dense) * self._inverse_norms
        return found


def _inverse(weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """1 / the Euclidean norm along the last axis; 0 for nothing."""
    norms = np.sqrt(np.square(weights).sum(-1))
    return np.divide(1, norms, out=np.zeros_like(norms), where=norms > 0)


def grams_of(texts: Sequence[str]) -> list[Grams]:
    """The n-grams of each text, counted once."""
    if not texts:
        return []
    words, chars = count_matrices([normalize(text[:MOST_CHARS]) for text in texts], _BUCKETS)
    found = []
    for row in range(len(texts)):
        buckets, values = zip(_row(words, row, 0, 1.0), _row(chars, row, 1 << _BUCKETS.word_bits, _CHAR_WEIGHT),
                              strict=True)  # fmt: skip
        found.append(Grams(np.concatenate(buckets), np.concatenate(values)))
    return found


def _row(
    counts: sparse.csr_array, row: int, first: int, weight: float
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    place = slice(counts.indptr[row], counts.indptr[row + 1])
    value = (1 + np.log(counts.data[place])) * weight
    return (counts.indices[place] + first).astype(np.int32), value.astype(np.float32)


def _weightiest(grams: Grams, idf: NDArray[np.float32]) -> Grams:
    if len(grams.bucket) <= KEPT:
        return grams
    best = np.argpartition(grams.value * idf[grams.bucket], -KEPT)[-KEPT:]
    return Grams(grams.bucket[best], grams.value[best])

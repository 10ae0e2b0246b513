"""Word vectors: known words have their own, every word has its letters'."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from core.scoring.ngrams import Batch, Words

_SLOT_SHIFT = np.uint64(44)
SLOTS = 1 << 20
"""Known words never share one of these: a word's slot is the top 20 bits of its hash."""
PIECE_BITS = 14
"""log2 of the buckets for runs of three letters."""
_LONGEST = 24


def slots(hashes: NDArray[np.uint64]) -> NDArray[np.int64]:
    """The slot of each hash, 0 to SLOTS - 1."""
    return (hashes >> _SLOT_SHIFT).astype(np.int64)


def word_pieces(batch: Batch, start: NDArray[np.int64], end: NDArray[np.int64]) -> sparse.csr_array:
    """[words, 2 ** PIECE_BITS]: the share of each run of three bytes in a word, its edges marked; rows sum to 1."""
    length = np.minimum(end - start, _LONGEST)
    indptr = np.concatenate([[0], np.cumsum(length)])
    row = np.repeat(np.arange(len(start)), length)
    middle = start[row] + np.arange(indptr[-1]) - indptr[row]
    before = np.where(middle == start[row], 0, batch.data[middle - 1]).astype(np.uint32)
    after = np.where(middle + 1 == end[row], 0, batch.data[middle + 1]).astype(np.uint32)
    run = (before << np.uint32(16) | batch.data[middle].astype(np.uint32) << np.uint32(8) | after) * np.uint32(
        0x9E3779B1
    )
    share = (1 / np.maximum(length, 1)).astype(np.float32)[row]
    shape = (len(start), 1 << PIECE_BITS)
    return sparse.csr_array(
        (share, (run >> np.uint32(32 - PIECE_BITS)).astype(np.int32), indptr.astype(np.int32)), shape
    )


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Hashes of known words and all vectors."""

    hashes: NDArray[np.uint64]
    """[known]."""
    known: NDArray[np.float32]
    """[known, dimensions], a word's own vector plus its pieces'."""
    pieces: NDArray[np.float32]
    """[2 ** PIECE_BITS, dimensions]."""
    lookup: NDArray[np.int32]
    """[SLOTS], the known word of each slot, or -1."""

    @classmethod
    def build(cls, hashes: NDArray[np.uint64], known: NDArray[np.float32], pieces: NDArray[np.float32]) -> "Vocabulary":
        """Fill the lookup from hashes whose slots differ."""
        lookup = np.full(SLOTS, -1, np.int32)
        lookup[slots(hashes)] = np.arange(len(hashes), dtype=np.int32)
        return cls(hashes, known, pieces, lookup)

    def find(self, hashes: NDArray[np.uint64]) -> NDArray[np.int32]:
        """The known word of each hash, or -1."""
        found = self.lookup[slots(hashes)]
        return np.where((found >= 0) & (self.hashes[found] == hashes), found, np.int32(-1))

    def vectors(self, batch: Batch, words: Words, picked: NDArray[np.int64]) -> NDArray[np.float32]:
        """[picked, dimensions] of the picked words of a batch."""
        found = self.find(words.hash[picked])
        vectors = self.known[found]
        strange = np.flatnonzero(found < 0)
        if len(strange):
            which = picked[strange]
            vectors[strange] = word_pieces(batch, words.start[which], words.end[which]) @ self.pieces
        return vectors


HEAD, TAIL = 80, 30
"""Words that the net reads: so many from the start of a text and from its end."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Which words of a batch a net reads."""

    picked: NDArray[np.int64]
    """Indices of words, text by text."""
    row: NDArray[np.int64]
    """The text of each."""
    step: NDArray[np.int64]
    """Its place, from 0, among the words read of its text."""
    lengths: NDArray[np.int64]
    """[texts], words read."""


def read_words(words: Words, texts: int) -> Reading:
    """The first HEAD and the last TAIL words of each text."""
    total = np.bincount(words.document, minlength=texts)
    first = np.concatenate([[0], np.cumsum(total)])
    place = np.arange(len(words.document)) - first[words.document]
    late = place - (total[words.document] - TAIL)
    picked = np.flatnonzero((place < HEAD) | (late >= 0))
    row = words.document[picked].astype(np.int64)
    skipped = np.maximum(total - HEAD - TAIL, 0)
    step = place[picked] - np.where(place[picked] >= HEAD, skipped[row], 0)
    return Reading(picked, row, step, np.minimum(total, HEAD + TAIL))

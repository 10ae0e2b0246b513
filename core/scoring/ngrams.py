"""Hashed word and character n-grams of a whole batch at once, by array arithmetic over its bytes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MAX_TEXTS = 4096
"""Texts in one batch: text and bucket share the 32 bits of a key."""
_PAD = b" \0\0\0\0\0\0\0\0"
_PAD_ZEROS = len(_PAD) - 1
_BASIS, _PRIME = 0x811C9DC5, 0x01000193
_LONGEST_WORD = 32
_GOLDEN = 0x9E3779B97F4A7C15


def _word_bytes() -> NDArray[np.bool_]:
    table = np.zeros(256, np.bool_)
    table[list(b"abcdefghijklmnopqrstuvwxyz0123456789'")] = True
    table[128:] = True
    return table


_IN_WORD = _word_bytes()


@dataclass(frozen=True, slots=True)
class Buckets:
    """Which n-grams are counted and into how many buckets they are hashed."""

    char_sizes: tuple[int, ...] = (2, 3, 4, 5)
    """Lengths in bytes of the character n-grams, rising; at most 8."""
    char_bits: int = 20
    """log2 of the buckets for characters; at most 20."""
    word_bits: int = 18
    """log2 of the buckets for words and pairs of words; at most 20."""

    def __post_init__(self) -> None:
        """Raise ValueError for sizes that cannot be counted."""
        sizes, bits = list(self.char_sizes), (self.char_bits, self.word_bits)
        if not all(isinstance(number, int) for number in (*sizes, *bits)):
            raise ValueError("sizes and bits that are not whole numbers")
        if not sizes or sizes != sorted(set(sizes)) or sizes[0] < 1 or sizes[-1] > 8 or min(bits) < 1 or max(bits) > 20:
            raise ValueError("sizes or bits out of range")

    @property
    def total(self) -> int:
        """Number of buckets: words first, then characters."""
        return (1 << self.word_bits) + (1 << self.char_bits)


@dataclass(frozen=True, slots=True)
class Batch:
    """Texts as UTF-8, one after the other, each followed by more zero bytes than an n-gram is long."""

    data: NDArray[np.uint8]
    document: NDArray[np.uint32]
    """The text that each byte belongs to."""
    inside: NDArray[np.int64]
    """Positions that are no padding."""
    starts: NDArray[np.int64]
    """Where each text begins."""


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a batch, in reading order."""

    document: NDArray[np.uint32]
    start: NDArray[np.int64]
    end: NDArray[np.int64]
    """First byte, and one past the last, in the batch."""
    hash: NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Grams:
    """Every n-gram of a batch, repeats included."""

    document: NDArray[np.uint32]
    bucket: NDArray[np.uint32]
    start: NDArray[np.int64]
    end: NDArray[np.int64]


def encode(texts: Sequence[str]) -> Batch:
    """Lay out at most MAX_TEXTS normalised texts; lone surrogates become `?`."""
    pieces = [b" " + text.encode("utf-8", "replace") + _PAD for text in texts]
    lengths = np.array([len(piece) for piece in pieces], np.int64)
    ends = np.cumsum(lengths)
    data = np.frombuffer(b"".join(pieces), np.uint8)
    inside = np.ones(len(data), np.bool_)
    for step in range(1, _PAD_ZEROS + 1):
        inside[ends - step] = False
    document = np.repeat(np.arange(len(texts), dtype=np.uint32), lengths)
    return Batch(data, document, np.flatnonzero(inside), ends - lengths)


def find_words(batch: Batch) -> Words:
    """Runs of letters, digits, apostrophes and non-ASCII bytes, with a 64-bit hash of their first 32 bytes."""
    inside = _IN_WORD[batch.data]  # a text begins with a blank and ends in zeros, so every word has two edges
    edges = np.flatnonzero(inside[1:] != inside[:-1]) + 1
    start, end = edges[0::2], edges[1::2]
    return Words(batch.document[start], start, end, _hash_runs(batch.data, start, end - start))


def _hash_runs(data: NDArray[np.uint8], start: NDArray[np.int64], length: NDArray[np.int64]) -> NDArray[np.uint64]:
    """FNV-1a of each run, finished by a multiplication so that the high bits are good too."""
    hashes = np.full(len(start), 0xCBF29CE484222325, np.uint64)
    rows = np.arange(len(start))
    for step in range(_LONGEST_WORD):
        rows = rows[length[rows] > step]
        if not len(rows):
            break
        hashes[rows] = (hashes[rows] ^ data[start[rows] + step]) * np.uint64(0x100000001B3)
    return _mix(hashes)


def _mix(hashes: NDArray[np.uint64]) -> NDArray[np.uint64]:
    hashes = (hashes ^ (hashes >> np.uint64(32))) * np.uint64(_GOLDEN)
    return hashes ^ (hashes >> np.uint64(29))


def word_grams(words: Words, buckets: Buckets) -> Grams:
    """Words, then pairs of neighbouring words of the same text."""
    shift = np.uint64(64 - buckets.word_bits)
    pair = np.flatnonzero(words.document[1:] == words.document[:-1])
    pairs = _mix(words.hash[pair] * np.uint64(3) + words.hash[pair + 1])
    golden = np.uint64(_GOLDEN)
    return Grams(
        np.concatenate([words.document, words.document[pair]]),
        (np.concatenate([words.hash, pairs]) * golden >> shift).astype(np.uint32),
        np.concatenate([words.start, words.start[pair]]),
        np.concatenate([words.end, words.end[pair + 1]]),
    )


def char_hashes(batch: Batch, buckets: Buckets) -> list[NDArray[np.uint32]]:
    """For each size, the bucket of the n-gram that starts at each position of `batch.inside`, from 0."""
    mask = np.uint32((1 << buckets.char_bits) - 1)
    rolling = np.full(len(batch.data), _BASIS, np.uint32)
    found = []
    for size in range(1, max(buckets.char_sizes, default=0) + 1):
        rolling = (rolling[: len(batch.data) - size + 1] ^ batch.data[size - 1 :]) * np.uint32(_PRIME)
        if size in buckets.char_sizes:
            gram = rolling[batch.inside]
            gram ^= gram >> np.uint32(15)
            gram *= np.uint32(0x2C1B3C6D)
            found.append((gram ^ (gram >> np.uint32(12))) & mask)
    return found


def char_grams(batch: Batch, buckets: Buckets) -> Grams:
    """Runs of `char_sizes` bytes; near a text's end they reach into its padding."""
    found = char_hashes(batch, buckets)
    start = np.tile(batch.inside, len(found))
    end = np.concatenate([batch.inside + size for size in buckets.char_sizes])
    return Grams(batch.document[start], np.concatenate(found), start, end)


@dataclass(frozen=True, slots=True)
class Counts:
    """A sparse matrix of counts: texts by buckets, in compressed rows."""

    indptr: NDArray[np.int64]
    bucket: NDArray[np.int32]
    count: NDArray[np.int64]


def count_words(words: Words, buckets: Buckets, texts: int) -> Counts:
    """Count words and pairs by text."""
    grams = word_grams(words, buckets)
    return _count(grams.document, [grams.bucket], buckets.word_bits, texts)


def count_chars(batch: Batch, buckets: Buckets) -> Counts:
    """Count character n-grams by text."""
    return _count(batch.document[batch.inside], char_hashes(batch, buckets), buckets.char_bits, len(batch.starts))


def _count(document: NDArray[np.uint32], found: Sequence[NDArray[np.uint32]], bits: int, texts: int) -> Counts:
    """Sort (text, bucket) keys of 32 bits and measure the runs: much faster than hashing into a table."""
    high = document << np.uint32(bits)
    keys = np.concatenate([high | bucket for bucket in found])
    keys.sort()
    new = np.ones(len(keys), np.bool_)
    np.not_equal(keys[1:], keys[:-1], out=new[1:])
    first = np.flatnonzero(new)
    count = np.diff(first, append=len(keys))
    keys = keys[first]
    indptr = np.searchsorted(keys, np.arange(texts + 1, dtype=np.uint64) << np.uint64(bits))
    return Counts(indptr, (keys & np.uint32((1 << bits) - 1)).astype(np.int32), count)

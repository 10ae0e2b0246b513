"""Six logistic regressions over TF-IDF weighted, hashed n-grams: the linear half of the starter."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from core.scoring.ngrams import Batch, Buckets, Counts, Words, count_chars, count_words, encode, find_words


@dataclass(frozen=True, slots=True)
class Linear:
    """The tables of the linear half, ready to score."""

    buckets: Buckets
    idf: NDArray[np.float32]
    """[buckets.total], words first; 0 drops a bucket."""
    table: NDArray[np.float32]
    """[buckets.total, 8]: six weights, already multiplied by `idf`; `idf` squared; 0. Half a cache line a bucket."""
    bias: NDArray[np.float32]
    """[6]."""

    @classmethod
    def build(
        cls, buckets: Buckets, idf: NDArray[np.float32], weights: NDArray[np.float32], bias: NDArray[np.float32]
    ) -> "Linear":
        """Lay out weights [buckets.total, 6] for scoring."""
        table = np.zeros((buckets.total, 8), np.float32)
        table[:, :6] = weights
        table[:, 6] = np.square(idf)
        return cls(buckets, idf, table, bias)

    @property
    def weights(self) -> NDArray[np.float32]:
        """[buckets.total, 6], already multiplied by `idf`."""
        return self.table[:, :6]

    def logits(self, batch: Batch, words: Words) -> NDArray[np.float32]:
        """[texts, 6] for one encoded batch."""
        total = np.tile(self.bias, (len(batch.starts), 1))
        for counts, block in self._blocks(batch, words):
            sums, inverse_norm = self._sums(counts, block)
            total += sums * inverse_norm[:, None]
        return total

    def inverse_norms(self, batch: Batch, words: Words) -> tuple[float, float]:
        """Of the first text: what each word n-gram and each character n-gram is multiplied by."""
        first, second = (self._sums(counts, block)[1] for counts, block in self._blocks(batch, words))
        return float(first[0]), float(second[0])

    def _sums(self, counts: Counts, block: slice) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Sums of weights [texts, 6], and 1 / the Euclidean norm of each text's sublinear TF-IDF.

        1 + ln count, as in Manning, Raghavan and Schuetze, Introduction to Information Retrieval, section 6.4.
        """
        texts = len(counts.indptr) - 1
        values = np.ones(len(counts.count), np.float32)
        repeated = np.flatnonzero(counts.count > 1)
        values[repeated] += np.log(counts.count[repeated].astype(np.float32))
        rows = sparse.csr_array((values, counts.bucket, counts.indptr), shape=(texts, block.stop - block.start))
        sums = rows @ self.table[block]
        # The table's own column gave value * idf^2: right where value is 1, so only repeats need more.
        often = values[repeated]
        missing = (np.square(often) - often) * self.table[block.start + counts.bucket[repeated], 6]
        document = np.searchsorted(counts.indptr, repeated, side="right") - 1
        squares = sums[:, 6] + np.bincount(document, missing, texts)
        return sums[:, :6], (1 / np.sqrt(np.maximum(squares, 1e-9))).astype(np.float32)

    def _blocks(self, batch: Batch, words: Words) -> list[tuple[Counts, slice]]:
        split = 1 << self.buckets.word_bits
        return [
            (count_words(words, self.buckets, len(batch.starts)), slice(0, split)),
            (count_chars(batch, self.buckets), slice(split, self.buckets.total)),
        ]


def count_matrices(texts: Sequence[str], buckets: Buckets) -> tuple[sparse.csr_array, sparse.csr_array]:
    """Counts of words and of characters, float32 [texts, buckets of the block], of any number of normalised texts."""
    blocks: tuple[list[sparse.csr_array], list[sparse.csr_array]] = ([], [])
    for first in range(0, len(texts), 512):
        batch = encode(texts[first : first + 512])
        number = len(batch.starts)
        blocks[0].append(_matrix(count_words(find_words(batch), buckets, number), number, buckets.word_bits))
        blocks[1].append(_matrix(count_chars(batch, buckets), number, buckets.char_bits))
    return sparse.vstack(blocks[0], format="csr"), sparse.vstack(blocks[1], format="csr")


def _matrix(counts: Counts, texts: int, bits: int) -> sparse.csr_array:
    parts = (counts.count.astype(np.float32), counts.bucket, counts.indptr.astype(np.int32))
    return sparse.csr_array(parts, shape=(texts, 1 << bits))

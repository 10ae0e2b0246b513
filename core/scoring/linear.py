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
    weights: NDArray[np.float32]
    """[buckets.total, 6], already multiplied by `idf`."""
    bias: NDArray[np.float32]
    """[6]."""

    def logits(self, batch: Batch, words: Words) -> NDArray[np.float32]:
        """[texts, 6] for one encoded batch."""
        total = np.tile(self.bias, (len(batch.starts), 1))
        for counts, block in self._blocks(batch, words):
            values, inverse_norm = sublinear(counts, self.idf[block])
            rows = sparse.csr_array(
                (values, counts.bucket, counts.indptr), shape=(len(total), block.stop - block.start)
            )
            total += (rows @ self.weights[block]) * inverse_norm[:, None]
        return total

    def inverse_norms(self, batch: Batch, words: Words) -> tuple[float, float]:
        """Of the first text: what each word n-gram and each character n-gram is multiplied by."""
        first, second = (sublinear(counts, self.idf[block])[1] for counts, block in self._blocks(batch, words))
        return float(first[0]), float(second[0])

    def _blocks(self, batch: Batch, words: Words) -> list[tuple[Counts, slice]]:
        split = 1 << self.buckets.word_bits
        return [
            (count_words(words, self.buckets, len(batch.starts)), slice(0, split)),
            (count_chars(batch, self.buckets), slice(split, self.buckets.total)),
        ]


def sublinear(counts: Counts, idf: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """1 + ln count of each entry, and for each row 1 / the Euclidean norm of those times `idf`.

    Sublinear TF-IDF as in Manning, Raghavan and Schuetze, Introduction to Information Retrieval, section 6.4.
    """
    values = np.ones(len(counts.count), np.float32)
    repeated = np.flatnonzero(counts.count > 1)
    values[repeated] += np.log(counts.count[repeated].astype(np.float32))
    squares = np.zeros(len(values) + 1)
    np.cumsum(np.square(values * idf[counts.bucket]), dtype=np.float64, out=squares[1:])
    norms = squares[counts.indptr[1:]] - squares[counts.indptr[:-1]]
    return values, (1 / np.sqrt(np.maximum(norms, 1e-9))).astype(np.float32)


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

"""Which words of a text moved the starter's scores."""

import numpy as np
from numpy.typing import NDArray

from core.scoring.linear import Linear
from core.scoring.ngrams import Batch, Grams, Words, char_grams, encode, find_words, word_grams
from core.scoring.normalize import normalize_with_offsets
from core.scoring.protocol import Span

_MOST_SPANS = 64
_LEAST_CONTRIBUTION = 0.05


def explain_linear(linear: Linear, text: str, slope: NDArray[np.float32]) -> list[Span]:
    """Spans by word, sorted: each byte gets its even share of every n-gram over it, and a word the sum of its bytes.

    The shares add up to the linear half's logit without its bias, times the calibration's slope, [6].
    """
    normal, origin = normalize_with_offsets(text)
    batch = encode([normal])
    words = find_words(batch)
    shares = byte_contributions(linear, batch, words) * slope
    if not len(words.start):
        return []
    sums = np.add.reduceat(np.vstack([shares, np.zeros((1, shares.shape[1]))]), _between(words), axis=0)[0::2]
    strongest = np.argsort(-np.abs(sums).max(axis=1), kind="stable")[:_MOST_SPANS]
    kept = np.sort(strongest[np.abs(sums[strongest]).max(axis=1) >= _LEAST_CONTRIBUTION])
    places = _code_points(normal, origin)
    spans = [_span(words, sums, int(i), places) for i in kept]
    return [span for before, span in zip([None, *spans], spans, strict=False) if not before or span.start >= before.end]


def _between(words: Words) -> NDArray[np.int64]:
    return np.column_stack([words.start, words.end]).ravel()


def _span(words: Words, sums: NDArray[np.float64], i: int, places: NDArray[np.int64]) -> Span:
    first, last = places[words.start[i] - 1], places[words.end[i] - 2]
    moved = tuple(float(value) for value in sums[i])
    return Span(int(first), int(last) + 1, moved)  # type: ignore[arg-type]


def _code_points(normal: str, origin: list[int]) -> NDArray[np.int64]:
    """For each byte of the normalised text, the code point of the original that it came from."""
    if normal.isascii():
        return np.array(origin, np.int64)
    widths = [len(character.encode("utf-8", "replace")) for character in normal]
    return np.repeat(np.array(origin, np.int64), widths)


def byte_contributions(linear: Linear, batch: Batch, words: Words) -> NDArray[np.float64]:
    """Each byte's share of the linear logits, [bytes, 6]; repeats of an n-gram share its sublinear weight."""
    split = 1 << linear.buckets.word_bits
    word_norm, char_norm = linear.inverse_norms(batch, words)
    shares = np.zeros((len(batch.data) + 1, linear.weights.shape[1]))
    for grams, norm, first in (
        (word_grams(words, linear.buckets), word_norm, 0),
        (char_grams(batch, linear.buckets), char_norm, split),
    ):
        _spread(shares, grams, linear.weights[first + grams.bucket.astype(np.int64)] * norm)
    return np.cumsum(shares, axis=0)[:-1]


def _spread(shares: NDArray[np.float64], grams: Grams, moved: NDArray[np.float32]) -> None:
    """Add to `shares` the steps whose running sum spreads each n-gram evenly over its bytes."""
    _, inverse, count = np.unique(grams.bucket, return_inverse=True, return_counts=True)
    repeats = count[inverse]
    length = grams.end - grams.start
    each = moved * ((1 + np.log(repeats)) / repeats / length)[:, None]
    for j in range(shares.shape[1]):
        shares[:, j] += np.bincount(grams.start, each[:, j], len(shares))
        shares[:, j] -= np.bincount(np.minimum(grams.end, len(shares) - 1), each[:, j], len(shares))

"""Which words of a text moved the starter's scores."""

import numpy as np
from numpy.typing import NDArray

from core.scoring.linear import Linear
from core.scoring.ngrams import Batch, Grams, Words, char_grams, encode, find_words, word_grams
from core.scoring.normalize import normalize_with_offsets
from core.scoring.protocol import Span
from core.scoring.starter_files import Folder
from core.scoring.starter_net import Net

_MOST_SPANS = 64
_LEAST_CONTRIBUTION = 0.05


def explain_words(parts: Folder, net: Net | None, text: str) -> list[Span]:
    """Spans by word, sorted: what each word moved the calibrated logits by.

    The linear half's share is exact: each byte gets its even part of every n-gram over it. The net's is what its logits
    lose when the word's vector is blanked out. Both are mixed and scaled as the scores are.
    """
    normal, origin = normalize_with_offsets(text)
    batch = encode([normal])
    words = find_words(batch)
    if not len(words.start):
        return []
    moved = word_contributions(parts.linear, batch, words)
    if net:
        moved += parts.share * (net.occlusion(batch, words) - moved)
    return _strongest(words, moved * parts.calibration[0], _code_points(normal, origin))


def word_contributions(linear: Linear, batch: Batch, words: Words) -> NDArray[np.float64]:
    """What each word of a single text adds to the linear half's logits, [words, 6]."""
    shares = np.vstack([byte_contributions(linear, batch, words), np.zeros((1, linear.bias.shape[0]))])
    return np.asarray(np.add.reduceat(shares, _between(words), axis=0)[0::2])


def _strongest(words: Words, moved: NDArray[np.float64], places: NDArray[np.int64]) -> list[Span]:
    size = np.abs(moved).max(axis=1)
    first = np.argsort(-size, kind="stable")[:_MOST_SPANS]
    kept = np.sort(first[size[first] >= _LEAST_CONTRIBUTION])
    spans: list[Span] = []
    for i in kept:
        span = _span(words, moved, int(i), places)
        # A character that folds into several words belongs to the first.
        if not spans or span.start >= spans[-1].end:
            spans.append(span)
    return spans


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

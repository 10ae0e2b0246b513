"""Which words moved a transformer's scores: leave each out in turn, all in one batch."""

import re
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.scoring.protocol import Span
from core.scoring.tokens import TextTokens

MOST_STRETCHES: Final = 128
"""Of a longer text neighbouring words are left out together, so that no text costs more than so many rows."""
MOST_SPANS: Final = 64
LEAST_CONTRIBUTION: Final = 0.05
"""In logits; less is not worth a mark."""
_WORD: Final = re.compile(r"\w{1,24}|[^\w\s]{1,8}")

Stretch = tuple[int, int]
"""First code point, one past the last."""


def find_stretches(text: str, tokens: TextTokens) -> list[Stretch]:
    """Words of the text that the model reads, grouped where there are too many."""
    seen = np.zeros(len(text) + 1, np.bool_)
    for start, end in tokens.spans:
        seen[start:end] = True
    words = [match.span() for match in _WORD.finditer(text) if seen[match.start() : match.end()].any()]
    size = -(-len(words) // MOST_STRETCHES)
    groups = [words[first : first + size] for first in range(0, len(words), size or 1)]
    return [(group[0][0], group[-1][1]) for group in groups]


def cut_out(tokens: TextTokens, stretches: list[Stretch], empty: int) -> list[list[int]]:
    """For each stretch the token ids without those that touch it."""
    starts, ends = np.array(tokens.spans, np.int64).reshape(-1, 2).T
    ids, added = np.array(tokens.ids, np.int64), ends == 0
    rows = [ids[added | (ends <= first) | (starts >= last)].tolist() for first, last in stretches]
    return [row or [empty] for row in rows]


def to_spans(stretches: list[Stretch], moved: NDArray[np.float32]) -> list[Span]:
    """The strongest stretches in order of the text; `moved` is [stretches, 6] in logits."""
    strength = np.abs(moved).max(axis=1)
    strongest = np.argsort(-strength, kind="stable")[:MOST_SPANS]
    kept = np.sort(strongest[strength[strongest] >= LEAST_CONTRIBUTION])
    return [Span(stretches[i][0], stretches[i][1], tuple(map(float, moved[i]))) for i in kept]  # type: ignore[arg-type]

"""Normalise many texts at once: one look over all their bytes tells which of them need more than folding."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from core.scoring.normalize import fold_text, squeeze_blanks, undo_spelling

_BOUNDARY = "\n"
"""Between texts; folding leaves no line break inside one."""


def _byte_table(characters: bytes) -> NDArray[np.bool_]:
    table = np.zeros(256, np.bool_)
    table[list(characters)] = True
    return table


_LETTER = _byte_table(b"abcdefghijklmnopqrstuvwxyz")
_SIGN = _byte_table(b"0123456789@$!|")
_SYMBOL = _byte_table(b"abcdefghijklmnopqrstuvwxyz0123456789@$")
_AT_ONCE = 256
_WIDEST_SPREAD = 10
"""Three lone characters with up to four separators in each gap lie no further apart."""


def normalize_all(texts: Sequence[str]) -> list[str]:
    """`[normalize(text) for text in texts]`, in half the time."""
    return [text for first in range(0, len(texts), _AT_ONCE) for text in _normalize(texts[first : first + _AT_ONCE])]


def _normalize(texts: Sequence[str]) -> list[str]:
    folded = [fold_text(text) for text in texts]
    tricky, wide = _look(folded)
    return [
        undo_spelling(text) if odd else squeeze_blanks(text) if blanks else text
        for text, odd, blanks in zip(folded, tricky.tolist(), wide.tolist(), strict=True)
    ]


def _look(folded: Sequence[str]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """[n] each: whether a text may hold leetspeak, repeats or spread letters; whether it has two blanks in a row."""
    data = np.frombuffer(_BOUNDARY.join(["", *folded, ""]).encode("utf-8", "replace"), np.uint8)
    ends = np.flatnonzero(data == ord(_BOUNDARY))[1:]
    letter, sign, symbol = _LETTER[data], _SIGN[data], _SYMBOL[data]
    same = data[1:] == data[:-1]
    leet = (letter[1:] & sign[:-1]) | (sign[1:] & letter[:-1])
    repeat = same[1:] & same[:-1] & letter[2:]
    lone = np.flatnonzero(symbol[1:-1] & ~symbol[2:] & ~symbol[:-2]) + 1
    near = lone[2:][lone[2:] - lone[:-2] <= _WIDEST_SPREAD]
    tricky, wide = np.zeros(len(folded), np.bool_), np.zeros(len(folded), np.bool_)
    for places in (np.flatnonzero(leet), np.flatnonzero(repeat), near):
        tricky[np.minimum(np.searchsorted(ends, places), len(folded) - 1)] = True
    wide[np.searchsorted(ends, np.flatnonzero(same & (data[1:] == ord(" "))))] = True
    return tricky, wide

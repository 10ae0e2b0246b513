"""Spans of several explanations of one text as one."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from core.scoring.protocol import Span


def merge_spans(parts: Sequence[Sequence[Span]], shares: Sequence[NDArray[np.float64]]) -> list[Span]:
    """The sum of explanations, each counting by its label's share, [6]: cut wherever any of them begins or ends.

    A span that is cut gives each piece its part by length. Sorted and without overlaps, as every scorer's.
    """
    cuts = sorted({at for spans in parts for span in spans for at in (span.start, span.end)})
    moved = np.zeros((max(len(cuts) - 1, 0), 6))
    place = {at: i for i, at in enumerate(cuts)}
    lengths = np.diff(cuts)
    for spans, share in zip(parts, shares, strict=True):
        for span in spans:
            pieces = slice(place[span.start], place[span.end])
            weight = lengths[pieces] / (span.end - span.start)
            moved[pieces] += weight[:, None] * np.array(span.contributions) * share
    return [
        Span(start, end, tuple(row.tolist()))
        for (start, end), row in zip(pairwise(cuts), moved, strict=True)
        if row.any()
    ]

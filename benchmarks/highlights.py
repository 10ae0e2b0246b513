"""Highlights against the characters that people marked as toxic: the character F1 of SemEval-2021 task 5.

Pavlopoulos et al., SemEval-2021 Task 5. A post's F1 is of sets of characters; where people marked
nothing it is 1 if nothing is highlighted, else 0. The mean over posts is the figure.
"""

import ast
import csv
import sys
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from benchmarks.labelled import data_folder
from core.scoring.protocol import Scorer, Span

Marked = tuple[str, frozenset[int]]
SHARES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
LEASTS = (0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0)


def posts(split: str, count: int) -> list[Marked]:
    """The first `count` posts of train or trial with the code points that people marked."""
    path = data_folder() / "toxic-spans" / f"tsd_{split}.csv"
    if not path.is_file():
        sys.exit(f"Not measured: {path} is not there. Set MODERATO_DATA to the folder that holds toxic-spans.")
    with path.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))[: count or None]
    return [(row["text"], frozenset(ast.literal_eval(row["spans"]))) for row in rows]


def f1(found: set[int], wanted: frozenset[int]) -> float:
    """Of one post."""
    if not wanted or not found:
        return float(not wanted and not found)
    return 2 * len(found & wanted) / (len(found) + len(wanted))


def highlighted(text: str, spans: Sequence[Span], least: float, share: float) -> set[int]:
    """Characters of the spans that move `toxic` by `least` logits or more, and by `share` of what the strongest does.

    The blank between two highlighted neighbours belongs to them, as people mark phrases and not words.
    """
    moved = [span.contributions[0] for span in spans]
    edge = max(least, share * max(moved, default=0))
    kept = [span for span, by in zip(spans, moved, strict=True) if by >= edge]
    found = {at for span in kept for at in range(span.start, span.end)}
    for before, after in pairwise(kept):
        if text[before.end : after.start].isspace():
            found |= set(range(before.end, after.start))
    return found


def measure(scorer: Scorer, tune: int, test: int) -> dict[str, float]:
    """F1 on the trial posts with the cut that was best on `tune` training posts; 0 takes all."""
    chosen, held = posts("train", tune), posts("trial", test)
    explained = [scorer.explain(text) for text, _ in chosen]

    def score(marked: Sequence[Marked], spans: Sequence[Sequence[Span]], cut: tuple[float, float]) -> float:
        pairs = zip(marked, spans, strict=True)
        return float(np.mean([f1(highlighted(text, found, *cut), wanted) for (text, wanted), found in pairs]))

    cuts = [(least, share) for least in LEASTS for share in SHARES]
    best = max(cuts, key=lambda cut: score(chosen, explained, cut))
    result = score(held, [scorer.explain(text) for text, _ in held], best)
    return {"f1": round(result, 4), "least": best[0], "share": best[1], "tuned_on": len(chosen), "posts": len(held)}

"""The answers, from scores."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from api.perspective.attributes import COLUMNS
from api.perspective.checks import Wanted
from core.html_text import Shown
from core.scoring.protocol import Scores
from core.sentences import split_sentences


def stretches(shown: Shown, *, sentences: bool) -> list[tuple[int, int]]:
    """The stretches of the shown text, in code points, that are scored for themselves; none means the whole alone."""
    found = split_sentences(shown.text) if sentences else []
    return found if len(found) > 1 else []


def texts_of(shown: Shown, parts: Sequence[tuple[int, int]]) -> list[str]:
    """What to score: the whole, then the parts."""
    return [shown.text, *(shown.text[a:b] for a, b in parts)]


def attribute_scores(wanted: Wanted, source: str, parts: Sequence[tuple[int, int]], scores: Scores) -> dict[str, Any]:
    """`attributeScores` from the scores [1 + parts, 6] of the whole and its parts; offsets are into the text sent."""
    places = [wanted.shown.place(a, b) for a, b in parts] or [(0, len(source))]
    spans = to_utf16(source, places)
    rows = scores.astype(np.float64).round(7).tolist()
    made = {}
    for name, threshold in wanted.thresholds.items():
        column = COLUMNS[name]
        if threshold is not None and rows[0][column] < threshold:
            continue
        pairs = zip(spans, rows[1:] or rows, strict=True)
        made[name] = {
            "spanScores": [{"begin": a, "end": b, "score": _score(row[column])} for (a, b), row in pairs],
            "summaryScore": _score(rows[0][column]),
        }
    return made


def to_utf16(text: str, places: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Offsets in UTF-16 code units of offsets in code points."""
    if text.isascii() or max(text) <= "\uffff":
        return list(places)
    units = np.concatenate([[0], np.cumsum([1 + (c > "\uffff") for c in text])]).tolist()
    return [(units[a], units[b]) for a, b in places]


def _score(value: float) -> dict[str, Any]:
    return {"value": value, "type": "PROBABILITY"}

"""The Perspective API's scale, which says "more toxic than this share of comments", from probabilities.

A probability of 0.38 to be toxic is high: nine in ten comments have less. A site whose thresholds were set on
a scale of ranks asks for that scale by MODERATO_API_SCALE=quantile. The map is piecewise linear and strictly increasing
for each label, through quantiles of the shipped model's scores on Wikipedia's talk comments (`training/old_scale.py`):
comments of the kind that the first models of that API were made from. It is not that API's own table, which was never
published.
"""

import json
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np

from core.labels import LABELS
from core.scoring.protocol import Scores

FILE: Final = Path(__file__).with_name("old_scale.json")


def to_ranks(scores: Scores) -> Scores:
    """Probabilities [n, 6] -> shares of comments [n, 6] that have less, between 0 and 1."""
    columns = [np.interp(scores[:, j], *knots) for j, knots in enumerate(_knots())]
    return np.stack(columns, axis=1).astype(np.float32)


@cache
def _knots() -> list[tuple[list[float], list[float]]]:
    """For each label, probabilities and the ranks that they have, both from 0 to 1."""
    found = json.loads(FILE.read_text())
    ranks = [0.0, *found["ranks"], 1.0]
    return [([0.0, *found["scores"][label], 1.0], ranks) for label in LABELS]

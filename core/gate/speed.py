"""How fast two scorers are: the same texts, the same machine, one after the other."""

import time
from collections.abc import Sequence
from statistics import median
from typing import Final

from core.gate.report import Speed
from core.scoring.protocol import Scorer

REPEATS: Final = 3
MOST_TEXTS: Final = 256
_WARM_UP: Final = 8
_SECONDS: Final = 10.0
"""After so many seconds a model is not asked again: a slow one should not hold up who waits for the report."""


def measure_speed(live: Scorer, challenger: Scorer, texts: Sequence[str]) -> Speed:
    """Texts a second of each, the median of REPEATS runs over at most MOST_TEXTS texts. Needs at least one text."""
    sample = list(texts)[:: max(1, len(texts) // MOST_TEXTS)][:MOST_TEXTS]
    return Speed(len(sample), _rate(live, sample), _rate(challenger, sample))


def _rate(scorer: Scorer, texts: list[str]) -> float:
    scorer.score(texts[:_WARM_UP])
    began, seconds = time.perf_counter(), list[float]()
    while len(seconds) < REPEATS and (not seconds or time.perf_counter() - began < _SECONDS):
        start = time.perf_counter()
        scorer.score(texts)
        seconds.append(max(time.perf_counter() - start, 1e-9))
    return len(texts) / median(seconds)

"""What every scorer offers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float32]
"""Shape [n, 6], probabilities in LABELS order, rows in input order."""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of the original text and how much it moved each label."""

    start: int
    """First code point."""
    end: int
    """One past the last code point."""
    contributions: tuple[float, float, float, float, float, float]
    """Change of each label's logit that the stretch accounts for, in LABELS order; above 0 means more toxic."""


class Scorer(Protocol):
    """One model version, loaded."""

    @property
    def name(self) -> str:
        """The model version's name in the registry."""
        ...

    def score(self, texts: Sequence[str]) -> Scores:
        """Score any texts, also empty, huge or odd ones; an empty sequence gives shape (0, 6)."""
        ...

    def explain(self, text: str) -> list[Span]:
        """Return sorted, non-overlapping spans that moved the scores most."""
        ...

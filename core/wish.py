"""What a person would rather be given of the queue. Only ever about comments whose scores they are shown anyway."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from core.labels import LABELS


@dataclass(frozen=True, slots=True)
class Wish:
    """Which free comments are taken for a person. Blind lanes know nothing of it: a filter by hidden scores would tell
    what the scores are, and would bend the audit sample."""

    without: frozenset[str] = frozenset()
    """Comments on which one of these labels is at or over its threshold are left to others."""
    mild_after: int = 0
    """After so many severe texts in a row a mild one is to come: a share of what is taken is mild. 0: no such share."""

    def limits(self, thresholds: Sequence[float]) -> dict[str, float]:
        """The labels to leave to others, each with the probability from which on."""
        return {label: limit for label, limit in zip(LABELS, thresholds, strict=True) if label in self.without}

    def mild_share(self, want: int) -> int:
        """How many of so many comments are to be mild ones."""
        return want // (self.mild_after + 1) if self.mild_after else 0


ANY: Final = Wish()
"""As they come."""


def lowest(one: Mapping[str, float], other: Mapping[str, float]) -> dict[str, float]:
    """Limits that are reached where either of two is."""
    return {label: min(one.get(label, 2.0), other.get(label, 2.0)) for label in {**one, **other}}

"""Activity: decisions an hour, backlog, and how each day's scores are spread."""

from dataclasses import dataclass

import numpy as np

from core.metrics.bins import HIGH, LOW, Floats, Ints, sigmoid

TRAFFIC_BINS = 256
QUANTILES = (0.5, 0.9, 0.99)


@dataclass(frozen=True, slots=True)
class ScoreDays:
    """Spread of a label's scores on each day that had traffic."""

    days: Ints
    """Days since 1970."""
    volume: Ints
    """Comments scored."""
    quantiles: Floats
    """Probabilities, shape [len(QUANTILES), days]."""


def score_days(rows: Ints) -> ScoreDays:
    """From rows (day, bin, count) of the traffic table."""
    days, at = np.unique(rows[:, 0], return_inverse=True)
    counts = np.zeros((len(days), TRAFFIC_BINS), np.int64)
    np.add.at(counts, (at, rows[:, 1]), rows[:, 2])
    volume = counts.sum(1)
    centres = sigmoid(LOW + (np.arange(TRAFFIC_BINS) + 0.5) * (HIGH - LOW) / TRAFFIC_BINS)
    reached = counts.cumsum(1)[None] >= np.array(QUANTILES)[:, None, None] * volume[None, :, None]
    return ScoreDays(days, volume, centres[reached.argmax(2)])


class HourCounts:
    """Standing decisions by hour since 1970; undone ones are taken back from the hour they were made in."""

    def __init__(self) -> None:
        self.cursor = 0
        self._counts: dict[int, int] = {}

    def add(self, rows: Ints, cursor: int) -> None:
        """Take in rows (hour, change) up to this ledger entry."""
        for hour, change in rows.tolist():
            self._counts[hour] = self._counts.get(hour, 0) + change
        self.cursor = cursor

    def last(self, hours: int, now: int) -> list[tuple[int, int]]:
        """(hour, decisions) of the hours up to and with hour `now`, oldest first."""
        return [(hour, self._counts.get(hour, 0)) for hour in range(now - hours + 1, now + 1)]

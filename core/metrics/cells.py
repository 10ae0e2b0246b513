"""Sparse counts: how many decided comments fell into each (day, stratum, label, class, bin, place).

A key is one int64, highest first:
day 16 bits | band 3 | rate in millionths 20 | audit 1 | label 3 | class 1 | bin 12 | place 4.
Days on top make a span of days one slice. Sorted runs are merged a dozen at a time, newest first, so that adding one
decision and adding a million are both cheap.
"""

import numpy as np

from core.metrics.bins import BINS, Ints

PLACE_BITS, BIN_BITS, CLASS_BITS, LABEL_BITS = 4, 12, 1, 3
STRATUM_BITS = 3 + 20 + 1
CELL_BITS = PLACE_BITS + BIN_BITS + CLASS_BITS + LABEL_BITS
CELLS = 8 * 2 * BINS
"""Cells of one stratum, [label, class, bin] with two labels to spare."""
PPM = 1_000_000

_RUNS = 12
"""Runs that may wait to be merged: fewer merges while folding, a little more to look through when asked."""

_Run = tuple[Ints, Ints]


def stratum_of(band: Ints, rate: Ints, audit: Ints) -> Ints:
    """Number of a stratum: score band, audit rate in millionths, and whether it is the audit sample."""
    return (band << 21) | (rate << 1) | audit


def split_stratum(strata: Ints) -> tuple[Ints, Ints, Ints]:
    """Band, rate in millionths, audit of each stratum number."""
    return strata >> 21, (strata >> 1) & 0xFFFFF, strata & 1


class Cells:
    """Counts by key; never holds a key whose count is zero after its run was merged."""

    def __init__(self) -> None:
        self._runs: list[_Run] = []

    def add(self, keys: Ints, counts: Ints) -> None:
        """Add counts, which may be negative, to keys, which may repeat."""
        if not len(keys):
            return
        alike = bool((counts == counts[0]).all())
        self._runs.append(_count(keys, int(counts[0])) if alike else _sum_up(keys, counts))
        if len(self._runs) > _RUNS:
            self._merge_newest()

    def slice(self, first: int, last: int) -> _Run:
        """Keys and counts of the days first..last, sorted, each key once."""
        shift = STRATUM_BITS + CELL_BITS
        parts = []
        for keys, counts in self._runs:
            start, end = np.searchsorted(keys, [first << shift, (last + 1) << shift])
            parts.append((keys[start:end], counts[start:end]))
        if len(parts) == 1:
            return parts[0]
        if not parts:
            return np.empty(0, np.int64), np.empty(0, np.int64)
        return _sum_up(np.concatenate([keys for keys, _ in parts]), np.concatenate([counts for _, counts in parts]))

    def _merge_newest(self) -> None:
        """Merge the newest runs up to one that is more than twice as large as all after it."""
        first, size = len(self._runs) - 1, len(self._runs[-1][0])
        while first and len(self._runs[first - 1][0]) <= 2 * size:
            first -= 1
            size += len(self._runs[first][0])
        runs = self._runs[first:]
        merged = [np.concatenate(parts) for parts in zip(*runs, strict=True)]
        self._runs[first:] = [_sum_up(merged[0], merged[1])]


def _count(keys: Ints, count: int) -> _Run:
    """Keys that all have the same count: a plain sort is several times as fast as one that carries counts along."""
    keys = np.sort(keys)
    starts = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]]))
    return keys[starts], count * np.diff(starts, append=len(keys))


def _sum_up(keys: Ints, counts: Ints) -> _Run:
    order = np.argsort(keys, kind="stable")
    keys, counts = keys[order], counts[order]
    starts = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]]))[: len(keys)]
    sums = np.add.reduceat(counts, starts) if len(keys) else counts
    kept = sums != 0
    return keys[starts][kept], sums[kept]

"""What the fold has counted of each decided comment, so that a change takes back exactly what was added."""

import numpy as np
from numpy.typing import NDArray

from core.labels import LABELS
from core.metrics.bins import Ints
from core.metrics.cells import BIN_BITS, CELL_BITS, CLASS_BITS, PLACE_BITS

ABSENT, UNSCORED, SCORED = 0, 1, 2
"""States of a comment: no effective decision; decided but without a score of the model; counted."""

Places = NDArray[np.uint16]
"""core.metrics.bins.place_of of six scores, shape [n, 6]."""

_LABEL = np.arange(len(LABELS), dtype=np.int64)


def pack(where: Ints, labels: Ints, states: Ints) -> Ints:
    """One number a comment: where it counts (day and stratum), its human labels as a bit mask, its state."""
    return (where << 8) | (labels << 2) | states


def states_of(packed: Ints) -> Ints:
    """The state of each packed comment."""
    return packed & 3


def keys_of(packed: Ints, places: Places) -> Ints:
    """The six cells in which each scored comment counts, flat, of n packed comments."""
    scored = states_of(packed) == SCORED
    packed, places = packed[scored, None], places[scored].astype(np.int64)
    where, positive = packed >> 8, (packed >> (2 + _LABEL)) & 1
    cell = (((_LABEL << CLASS_BITS) | positive) << (BIN_BITS + PLACE_BITS)) | places
    return ((where << CELL_BITS) | cell).ravel()


class Entries:
    """A packed number and six places a comment, found by comment id. About 40 bytes each."""

    def __init__(self) -> None:
        self._used = 0
        self._packed: Ints = np.zeros(1024, np.int64)
        self._places: Places = np.zeros((1024, len(LABELS)), np.uint16)
        self._ids: Ints = np.zeros(1024, np.int64)
        self._runs: list[tuple[Ints, Ints]] = []  # (sorted comment ids, their rows), merged like the runs of Cells

    def swap(self, ids: Ints, packed: Ints, places: Places) -> tuple[Ints, Places]:
        """Set the entries of these distinct comments; gives what they were before."""
        rows = self._locate(ids)
        before = self._packed[rows], self._places[rows]
        self._packed[rows], self._places[rows] = packed, places
        return before

    def unscored(self) -> Ints:
        """Ids of decided comments that have no score yet, newest entry first."""
        return self._ids[: self._used][states_of(self._packed[: self._used]) == UNSCORED][::-1]

    def _locate(self, ids: Ints) -> Ints:
        rows = np.full(len(ids), -1, np.int64)
        for known, its_rows in self._runs:
            at = np.minimum(np.searchsorted(known, ids), len(known) - 1)
            hit = known[at] == ids
            rows[hit] = its_rows[at[hit]]
        new = np.flatnonzero(rows < 0)
        if len(new):
            rows[new] = self._append(ids[new])
        return rows

    def _append(self, ids: Ints) -> Ints:
        rows = np.arange(self._used, self._used + len(ids))
        self._reserve(self._used + len(ids))
        self._used += len(ids)
        self._ids[rows] = ids
        order = np.argsort(ids)
        self._runs.append((ids[order], rows[order]))
        while len(self._runs) > 1 and 2 * len(self._runs[-1][0]) >= len(self._runs[-2][0]):
            last, before = self._runs.pop(), self._runs.pop()
            known, its_rows = np.concatenate([before[0], last[0]]), np.concatenate([before[1], last[1]])
            order = np.argsort(known, kind="stable")
            self._runs.append((known[order], its_rows[order]))
        return rows

    def _reserve(self, size: int) -> None:
        if size <= len(self._packed):
            return
        more = max(size, len(self._packed) * 3 // 2) - len(self._packed)
        self._packed = np.concatenate([self._packed, np.zeros(more, np.int64)])
        self._ids = np.concatenate([self._ids, np.zeros(more, np.int64)])
        self._places = np.concatenate([self._places, np.zeros((more, len(LABELS)), np.uint16)])

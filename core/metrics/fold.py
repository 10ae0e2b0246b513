"""The fold of one model: what the ledger says, counted in cells, brought up to date entry by entry.

It never counts an entry for itself. Entries only say which comments may have changed; each of those is looked up as it
is now, what was counted for it is taken back, and what holds now is added. So it does not matter in which order
decisions, undos and scores arrive, or whether one is seen twice: the counts are those of a fold from zero.
"""

from collections import OrderedDict
from dataclasses import dataclass, field
from itertools import count

import numpy as np

from core.labels import LABELS
from core.metrics.bins import BINS, PLACES, Floats, Ints, place_of
from core.metrics.cells import CELL_BITS, CELLS, PLACE_BITS, PPM, STRATUM_BITS, Cells, stratum_of
from core.metrics.entries import SCORED, UNSCORED, Entries, Places, keys_of, pack
from db.stores.metrics import History

_STAMPS = count(1)
_SPANS = 6
"""Spans of days whose sums are kept ready."""
_FEW = 60_000
"""Up to so many changed cells, the kept sums follow; beyond, they are made anew when asked for."""


@dataclass(slots=True)
class Totals:
    """Sums over a span of days."""

    strata: Ints
    """Stratum numbers, sorted, shape [S]."""
    counts: Floats
    """Whole numbers, shape [S, 8, 2, 4096]: stratum, label, class (0 or 1), bin. Labels past the six are empty."""
    places: Floats
    """Sums of the places within the bin and of their squares, [audit (0 or 1), 2, 8, 2, 4096]."""
    stamps: list[int] = field(default_factory=lambda: [next(_STAMPS), next(_STAMPS)])
    """Numbers never used before for the state of all counts, and for that of the audit sample's alone."""


class Fold:
    """Counts of one model's scores against the effective decisions. Not thread-safe: the service holds a lock."""

    def __init__(self) -> None:
        self.cursor = 0
        """The last ledger entry seen."""
        self._cells = Cells()
        self._entries = Entries()
        self._spans: OrderedDict[tuple[int, int], Totals] = OrderedDict()

    def reconcile(self, history: History) -> None:
        """Bring the comments of these entries to what holds now, which may be nothing."""
        held = latest_effective(history)
        ids = _distinct(history.comment_id)
        packed, places = np.zeros(len(ids), np.int64), np.zeros((len(ids), len(LABELS)), np.uint16)
        at = np.searchsorted(ids, held.comment_id)
        packed[at], places[at] = _pack(held)
        self._replace(ids, packed, places)

    def unscored(self) -> Ints:
        """Ids of decided comments that wait for this model's score, newest first."""
        return self._entries.unscored()

    def totals(self, first: int, last: int) -> Totals:
        """Sums over the days first..last. The arrays follow later changes: use them before the next one."""
        span = (first, last)
        if span not in self._spans:
            self._spans[span] = _totals(*self._cells.slice(first, last))
        self._spans.move_to_end(span)
        while len(self._spans) > _SPANS:
            self._spans.popitem(last=False)
        return self._spans[span]

    def _replace(self, ids: Ints, packed: Ints, places: Places) -> None:
        old_packed, old_places = self._entries.swap(ids, packed, places)
        moved = (old_packed != packed) | (old_places != places).any(axis=1)
        gone, come = keys_of(old_packed[moved], old_places[moved]), keys_of(packed[moved], places[moved])
        keys = np.concatenate([gone, come])
        counts = np.repeat(np.array([-1, 1]), [len(gone), len(come)])
        self._cells.add(keys, counts)
        for span, totals in list(self._spans.items()):
            if len(keys) > _FEW or not _follow(totals, span, keys, counts):
                del self._spans[span]


def latest_effective(history: History) -> History:
    """The entry that says what each comment is: its newest that stands and is neither a revocation nor silent.

    The same rule as db.stores.decisions.latest_effective, on arrays; a test holds the two together.
    """
    revoked = np.isin(history.id, history.revokes[history.revokes > 0])
    standing = history.take((history.revokes == 0) & (history.silent == 0) & ~revoked)
    order = np.lexsort((standing.id, standing.comment_id))
    ids = standing.comment_id[order]
    last = np.append(ids[1:] != ids[:-1], True)[: len(ids)]
    return standing.take(order[last])


def _distinct(ids: Ints) -> Ints:
    ordered = np.sort(ids)  # np.unique would hash first, which takes three times as long
    return ordered[np.diff(ordered, prepend=-1) > 0]


def _pack(held: History) -> tuple[Ints, Places]:
    rate = np.rint(held.rate * PPM).astype(np.int64)
    where = (held.day << STRATUM_BITS) | stratum_of(held.band, rate, held.audit)
    scored = held.scores[:, 0] >= 0
    places = np.where(scored[:, None], place_of(np.maximum(held.scores, 0)), 0).astype(np.uint16)
    return pack(where, held.labels, np.where(scored, SCORED, UNSCORED)), places


def _totals(keys: Ints, counts: Ints) -> Totals:
    of_key = _strata(keys)
    strata = np.unique(of_key[np.diff(of_key, prepend=-1) != 0])
    shape = (8, 2, BINS)
    totals = Totals(strata, np.zeros((len(strata), *shape)), np.zeros((2, 2, *shape)))
    _add(totals, np.searchsorted(strata, of_key), keys, counts)
    return totals


def _strata(keys: Ints) -> Ints:
    return (keys >> CELL_BITS) & ((1 << STRATUM_BITS) - 1)


def _add(totals: Totals, at: Ints, keys: Ints, counts: Ints) -> None:
    """Add counts to the strata `at`; sums of whole numbers, so their order does not matter."""
    cell, place = (keys >> PLACE_BITS) & (CELLS - 1), keys & (PLACES - 1)
    audit = totals.strata[at] & 1
    if len(at):
        totals.stamps[0] = next(_STAMPS)
    if audit.any():
        totals.stamps[1] = next(_STAMPS)
    _add_at(totals.counts, at * CELLS + cell, counts)
    _add_at(totals.places, (2 * audit) * CELLS + cell, counts * place)
    _add_at(totals.places, (2 * audit + 1) * CELLS + cell, counts * place**2)


def _add_at(sums: Floats, at: Ints, more: Ints) -> None:
    if len(at) > _FEW:
        sums += np.bincount(at, more, sums.size).reshape(sums.shape)
    else:
        np.add.at(sums.reshape(-1), at, more)


def _follow(totals: Totals, span: tuple[int, int], keys: Ints, counts: Ints) -> bool:
    """Add changes to kept sums; False where they have no place for a new stratum."""
    day = keys >> (STRATUM_BITS + CELL_BITS)
    within = (day >= span[0]) & (day <= span[1])
    keys, counts = keys[within], counts[within]
    strata = _strata(keys)
    if not np.isin(strata, totals.strata).all():
        return False
    _add(totals, np.searchsorted(totals.strata, strata), keys, counts)
    return True

"""Which of the ledger's entries count at the end of a period, and what each did to its comment.

A period is read as of its end: what was added afterwards, undos too, does not change it. An undo, a changed decision or
a comment put back counts in the period in which *it* was made.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.accounts import PROGRAM
from db.stores.columns import Ints
from db.stores.transparency import ESCALATES, SECOND, EarlierEntries, PeriodEntries

Bools = NDArray[np.bool_]


class Effect(IntEnum):
    """What a decision did to its comment."""

    TOOK_DOWN = 0
    """It was up before."""
    LEFT_UP = 1
    PUT_BACK = 2
    """It was removed before, by a decision or by the policy alone."""
    LEFT_DOWN = 3


@dataclass(frozen=True, slots=True)
class Acts:
    """A period's entries, each with what it is at the period's end. Arrays of length n, like those of `entries`."""

    entries: PeriodEntries
    program: Bools
    """Made by a program, not by a person."""
    left_out: Bools
    """On known answers or on rows of training data: no content of the service."""
    undoes: Bools
    """Takes an entry back."""
    undone: Bools
    """Taken back before the end."""
    decides: Bools
    """A decision that stood at the end: neither an undo, nor undone, nor escalation, second opinion or left out."""
    first: Bools
    """The first decision on its comment, of those that stood at the end."""
    last: Bools
    """The decision that held for its comment at the end."""
    effect: Ints
    """Effect, where it decides."""
    same_outcome: Bools
    """Where it decides and is not the first: as the decision before."""
    same_labels: Bools
    of_program: Bools
    """Where it decides and is not the first: the decision before was a program's."""

    @property
    def second(self) -> Bools:
        """Second opinions that stood at the end."""
        return self._stood & (self.entries.silent == SECOND) & ~self.left_out

    @property
    def escalates(self) -> Bools:
        """Escalations that stood at the end."""
        return self._stood & (self.entries.silent == ESCALATES) & ~self.left_out

    @property
    def undoes_decision(self) -> Bools:
        """Takes a decision back; not an escalation or a second opinion."""
        return self.undoes & (self.entries.silent == 0) & ~self.left_out

    @property
    def _stood(self) -> Bools:
        return ~self.undoes & ~self.undone


def read_acts(entries: PeriodEntries, earlier: EarlierEntries, base_source: str) -> Acts:
    """What each entry of the period is; `earlier` are the older entries of the same comments."""
    n, sent = len(entries.id), _is_program(entries)
    base = np.array([word == base_source for word in entries.source.words], bool)
    left_out = (entries.golden == 1) | (base[entries.source.codes] & (entries.day <= 0))
    undone = np.isin(entries.id, entries.revokes[entries.revokes > 0])
    undoes = entries.revokes > 0
    decides = ~undoes & ~undone & (entries.silent == 0) & ~left_out
    gone = np.concatenate([entries.revokes, earlier.revokes])
    before = np.flatnonzero((earlier.revokes == 0) & (earlier.silent == 0) & ~np.isin(earlier.id, gone[gone > 0]))
    rows = np.flatnonzero(decides)
    chain = _Chain(
        comment=np.concatenate([earlier.comment_id[before], entries.comment_id[rows]]),
        id=np.concatenate([earlier.id[before], entries.id[rows]]),
    )
    previous, last = chain.order()

    def was(old: Ints, new: Ints) -> Ints:
        """A value of the decision before each of `rows`; -1 where there is none."""
        values = np.append(np.concatenate([old[before], new[rows]]), -1)
        return values[previous[len(before) :]]

    removed_before = was(earlier.removes, entries.removes)
    removed_before = np.where(removed_before < 0, entries.automatic[rows], removed_before)
    removes = entries.removes[rows]
    effect = np.where(
        removed_before == 1,
        np.where(removes == 1, Effect.LEFT_DOWN, Effect.PUT_BACK),
        np.where(removes == 1, Effect.TOOK_DOWN, Effect.LEFT_UP),
    )
    return Acts(
        entries=entries,
        program=sent,
        left_out=left_out,
        undoes=undoes,
        undone=undone,
        decides=decides,
        first=_spread(n, rows, previous[len(before) :] < 0),
        last=_spread(n, rows, last[len(before) :]),
        effect=_spread(n, rows, effect.astype(np.int64)),
        same_outcome=_spread(n, rows, was(earlier.removes, entries.removes) == removes),
        same_labels=_spread(n, rows, was(earlier.labels, entries.labels) == entries.labels[rows]),
        of_program=_spread(n, rows, was(earlier.program, sent.astype(np.int64)) == 1),
    )


@dataclass(frozen=True, slots=True)
class _Chain:
    """Decisions of comments, in any order."""

    comment: Ints
    id: Ints

    def order(self) -> tuple[Ints, Bools]:
        """Of each its comment's decision before as a row, -1 for none; and whether it is its comment's last."""
        order = np.lexsort((self.id, self.comment))
        comment = self.comment[order]
        same = np.zeros(len(order), bool)
        same[1:] = comment[1:] == comment[:-1]
        previous, last = np.full(len(order), -1, np.int64), np.ones(len(order), bool)
        previous[order[1:]] = np.where(same[1:], order[:-1], -1)
        last[order[:-1]] = ~same[1:]
        return previous, last


def _is_program(entries: PeriodEntries) -> Bools:
    sent = np.array([word.casefold().startswith(PROGRAM) for word in entries.person.words], bool)
    return sent[entries.person.codes]


def _spread(n: int, rows: Ints, values: NDArray[Any]) -> NDArray[Any]:
    made = np.zeros(n, values.dtype)
    made[rows] = values
    return made

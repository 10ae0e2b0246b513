"""Batches for a transformer: rows of like length filled to a token budget, halved where they do not fit."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

Item = TypeVar("Item")
Prepared = TypeVar("Prepared")

WINDOW: Final = 8192
"""Rows sorted together: enough for batches of nearly one length, few enough to start soon."""


class DoesNotFit(Exception):
    """One row alone is more than the device can hold."""

    def __init__(self, tokens: int) -> None:
        super().__init__(f"a row of {tokens} tokens does not fit")
        self.tokens = tokens


@dataclass(slots=True)
class Budget:
    """How many tokens, padding included, go through the device at once. Shrinks where that was too many."""

    tokens: int

    def shrink(self, rows: int, longest: int) -> None:
        """Halve what `rows` rows of `longest` tokens took; raises DoesNotFit if that was one row."""
        if rows <= 1:
            raise DoesNotFit(longest)
        self.tokens = max(longest, min(self.tokens, rows * longest) // 2)


def plan_batches(lengths: Sequence[int], budget: int) -> list[list[int]]:
    """Row numbers in batches, longest rows first, so that rows x longest <= budget; a longer row goes alone.

    The longest come first: a batch that does not fit shows up at the start and not after an hour.
    """
    batches: list[list[int]] = []
    longest = 0
    for row in np.argsort(-np.asarray(lengths, np.int64), kind="stable").tolist():
        if batches and (len(batches[-1]) + 1) * longest <= budget:
            batches[-1].append(row)
        else:
            batches.append([row])
            longest = max(int(lengths[row]), 1)
    return batches


def run_batches(
    lengths: Sequence[int],
    compute: Callable[[list[int]], NDArray[np.float32]],
    *,
    budget: Budget,
    columns: int,
    too_big: Callable[[BaseException], bool],
    plan: Callable[[Sequence[int], int], list[list[int]]] = plan_batches,
) -> NDArray[np.float32]:
    """What `compute` gives for each row, [rows, columns], in the order of `lengths`.

    `compute` gets row numbers of one batch. If it raises what `too_big` knows, the budget is halved for all that is
    still to come and the batch tried again in parts. Raises DoesNotFit when one row alone is too big.
    """
    results = np.empty((len(lengths), columns), np.float32)
    waiting = plan(lengths, budget.tokens)[::-1]
    while waiting:
        rows = waiting.pop()
        failed = False
        try:
            results[rows] = compute(rows)
        except Exception as error:
            if not too_big(error):
                raise
            failed = True
        if failed:  # outside the except: there the error's traceback still holds the batch's memory
            budget.shrink(len(rows), max(int(lengths[row]) for row in rows))
            left = rows + [row for batch in reversed(waiting) for row in batch]
            again = plan([lengths[row] for row in left], budget.tokens)
            waiting = [[left[i] for i in batch] for batch in again][::-1]
    return results


def pad_right(rows: Sequence[Sequence[int]], fill: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Token ids [n, longest], `fill` after each row's end, and the rows' lengths [n]."""
    lengths = np.array([len(row) for row in rows], np.int64)
    padded = np.full((len(rows), int(lengths.max(initial=0))), fill, np.int64)
    for number, row in enumerate(rows):
        padded[number, : len(row)] = row
    return padded, lengths


def windows(items: Sequence[Item], size: int = WINDOW) -> Iterator[Sequence[Item]]:
    """Stretches of at most `size` items, in order."""
    for first in range(0, len(items), size):
        yield items[first : first + size]


def prepared_ahead(items: Iterable[Item], prepare: Callable[[Item], Prepared]) -> Iterator[Prepared]:
    """`prepare` of each item, in order, the next one being prepared in a thread while this one is used."""
    with ThreadPoolExecutor(1, thread_name_prefix="tokenise") as pool:
        coming: Future[Prepared] | None = None
        for item in items:
            ready, coming = coming, pool.submit(prepare, item)
            if ready:
                yield ready.result()
        if coming:
            yield coming.result()

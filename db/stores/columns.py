"""Bulk reads as columns: a query's numbers as arrays, its words each told apart once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Select
from sqlalchemy.orm import Session

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_FETCH = 1_000


@dataclass(frozen=True, slots=True)
class Names:
    """Words of a column as numbers: `codes` [n] index into `words`."""

    codes: Ints
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Columns:
    """What a query found, by column."""

    numbers: list[Floats]
    """The first columns. Whole numbers up to 2^53 stay exact."""
    names: list[Names]
    """The others."""

    def ints(self, at: int) -> Ints:
        """One of the first columns as whole numbers."""
        return self.numbers[at].astype(np.int64)


def read_columns(session: Session, query: Select[*tuple[Any, ...]], *, numbers: int, words: int = 0) -> Columns:
    """Run a query whose first columns are numbers, never NULL, and whose last are words."""
    parts: list[list[Floats]] = [[np.empty(0)] for _ in range(numbers)]
    codes: list[list[Ints]] = [[np.empty(0, np.int64)] for _ in range(words)]
    known: list[dict[str, int]] = [{} for _ in range(words)]
    for rows in _fetched(session, query):
        columns = list(zip(*rows, strict=True))
        for part, column in zip(parts, columns, strict=False):
            part.append(np.array(column, np.float64))
        for code, index, column in zip(codes, known, columns[numbers:], strict=True):
            code.append(np.array([index.setdefault(word, len(index)) for word in column], np.int64))
    names = [Names(np.concatenate(code), tuple(index)) for code, index in zip(codes, known, strict=True)]
    return Columns([np.concatenate(part) for part in parts], names)


def _fetched(session: Session, query: Select[*tuple[Any, ...]]) -> Iterator[Sequence[Any]]:
    # the driver's own cursor: a Row object a row would double the time
    cursor = session.connection().execute(query).cursor
    while cursor and (rows := cursor.fetchmany(_FETCH)):
        yield rows

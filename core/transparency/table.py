"""A report's tables as plain values, for every way of writing them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from core.metrics.intervals import Estimate

Kind = Literal["text", "count", "share", "number", "seconds"]
"""How a column is written. Shares and numbers carry 95 % limits; seconds read as minutes, hours or days."""


@dataclass(frozen=True, slots=True)
class Limits:
    """A number that may be negative, with its 95 % limits."""

    value: float
    low: float
    high: float


Cell = str | int | float | Estimate | Limits | None
"""None: not measured, or too few to say."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column after the first, which holds each row's name."""

    title: str
    kind: Kind = "count"


@dataclass(frozen=True, slots=True)
class Row:
    """One row. `total` stands out; `part` is a share of the row above it."""

    name: str
    cells: tuple[Cell, ...]
    style: Literal["", "total", "part"] = ""
    short: str = ""
    """Name in charts, where it is not the same."""


@dataclass(frozen=True, slots=True)
class Chart:
    """What is drawn above a table: stacked bars of some columns, or the intervals of one."""

    kind: Literal["bars", "intervals"]
    columns: tuple[int, ...]
    """Places in `columns` of the table."""
    rows: tuple[str, ...] | None = None
    """Names of the rows that are drawn; None for all but totals and parts."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table with everything that a reader must know to quote it."""

    key: str
    """Its name in files."""
    title: str
    """The question that it answers."""
    words: tuple[str, ...]
    """What the words in it mean, a paragraph each."""
    population: str
    """What is counted, and when."""
    first: str
    """Title of the first column."""
    columns: tuple[Column, ...]
    rows: Sequence[Row]
    chart: Chart | None = None
    shown: int | None = None
    """How many rows a page shows; files hold all."""
    rest: Row | None = None
    """Stands on a page for the rows that are not shown."""


@dataclass(frozen=True, slots=True)
class Section:
    """Tables about one thing."""

    title: str
    tables: Sequence[Table] = field(default_factory=tuple)

"""Reading any table in chunks: rows that can be read, and a reason for each that cannot."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from core.files.kinds import Kind, kind_of
from core.files.stream import STDIN, check_exists
from core.text import storable

BATCH_ROWS = 5_000
"""Rows that are read at a time."""

BATCH_CHARACTERS = 16 << 20
"""A batch ends early at this much text, so that few huge rows cost no more memory than many small ones."""


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be used, and why. Never holds comment text."""

    line: int
    """Physical line on which the row starts, from 1; in Parquet the row's number."""
    reason: str
    external_id: str | None = None


@dataclass(slots=True)
class Batch:
    """Some rows of a table, in order."""

    lines: list[int] = field(default_factory=list)
    """Where each row starts, see BadRow.line."""
    rows: list[Any] = field(default_factory=list)
    """One list (CSV), dict (JSONL) or tuple (Parquet) a row; ask `Table.cells` for a column."""
    raw: list[str] = field(default_factory=list)
    """Each row as it stands in the file, with its line end; empty for Parquet."""
    broken: set[int] = field(default_factory=set)
    """Positions of rows with bytes that are no valid text."""
    bad: list[BadRow] = field(default_factory=list)
    """Rows left out."""
    arrow: Any = None
    """The same rows as a pyarrow.RecordBatch, for Parquet."""


class Table(Protocol):
    """An open table. Close it, or use `contextlib.closing`."""

    kind: Kind
    columns: list[str]
    """Names in file order; for JSONL the keys of the first rows."""

    @property
    def problem(self) -> str | None:
        """Why reading ended before the end of the file, once it did."""
        ...

    def batches(self, size: int = BATCH_ROWS) -> Iterator[Batch]:
        """The rows, `size` at a time. Every row comes up once: in `rows` or in `bad`."""
        ...

    def cells(self, batch: Batch, column: str) -> Sequence[Any]:
        """One column of the batch's rows; None where a row has none."""
        ...

    def share(self) -> float:
        """Part of the file that was read, 0 to 1."""
        ...

    def close(self) -> None:
        """Close the file."""
        ...


def open_table(path: Path | str, *, kind: Kind | None = None, text_column: str | None = None) -> Table:
    """Open the table in a file, or on standard input for "-"; its kind is told by the ending unless given.

    `text_column` helps to tell a CSV's delimiter. Raises BadInput, saying what was found and the next step.
    """
    check_exists(path)
    kind = kind or (Kind.CSV if path == STDIN else kind_of(Path(path).name))
    if kind is Kind.PARQUET:
        from core.files.parquet import ParquetTable

        return ParquetTable(path)
    if kind is Kind.JSONL:
        from core.files.jsonl import JsonlTable

        return JsonlTable(path)
    from core.files.delimited import DelimitedTable

    return DelimitedTable(path, kind, text_column=text_column)


@dataclass(frozen=True, slots=True)
class Preview:
    """The first rows of a table, for a person to look at."""

    columns: list[str]
    rows: list[list[str]]
    """Cells as text, each cut at 200 characters."""
    bad: list[BadRow]


def preview(path: Path | str, rows: int = 10) -> Preview:
    """The table's columns and first rows. Raises BadInput."""
    with closing(open_table(path)) as table:
        batch = next(table.batches(rows), Batch())
        columns = [[_shown(cell) for cell in table.cells(batch, name)] for name in table.columns]
        return Preview(table.columns, [list(row) for row in zip(*columns, strict=True)], batch.bad)


def _shown(cell: object) -> str:
    return "" if cell is None else storable(str(cell))[:200]

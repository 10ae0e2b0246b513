"""Writing a table again with six probability columns: the input's own columns, order and values as they were."""

import csv
import io
import json
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import IO, Any, Protocol

from core.errors import BadInput
from core.files.formulas import harmless
from core.files.kinds import Kind
from core.files.table import Batch, Table
from core.labels import SCORE_COLUMNS
from core.scoring.protocol import Scores
from core.text import storable


class Sink(Protocol):
    """Where scored rows go."""

    def write(self, batch: Batch, scores: Scores) -> None:
        """Append the batch's rows with their scores [n, 6]; NaN stands for "not scored" and becomes an empty cell."""
        ...

    def close(self) -> None:
        """Finish the file; the stream itself stays open."""
        ...


def open_sink(out: IO[bytes], kind: Kind, table: Table, *, safe: bool = False) -> Sink:
    """A sink of that kind for a table's rows. `safe` makes cells that a spreadsheet would run harmless (CSV, TSV).

    Into its own kind a table is copied as it stands: every byte of a CSV or JSONL row, every type of a Parquet column.
    Raises BadInput when the table has score columns already.
    """
    if taken := [name for name in SCORE_COLUMNS if name in table.columns]:
        raise BadInput("The file has a column {taken} already. Remove or rename it: scores go there.", taken=taken[0])
    if kind is Kind.PARQUET:
        return _ParquetSink(out, table)
    text = _text(out, table)
    if kind is Kind.JSONL:
        return _JsonlCopy(text) if table.kind is kind else _JsonlSink(text, table)
    if table.kind is kind and not safe:
        return _DelimitedCopy(text, table)
    return _DelimitedSink(text, table, "\t" if kind is Kind.TSV else ",", safe=safe)


def _text(out: IO[bytes], table: Table) -> io.TextIOWrapper:
    encoding = "utf-8-sig" if getattr(table, "encoding", "") == "utf-8-sig" else "utf-8"
    return io.TextIOWrapper(out, encoding=encoding, errors="surrogateescape", newline="", write_through=False)


class _TextSink:
    def __init__(self, out: io.TextIOWrapper) -> None:
        self._out = out

    def close(self) -> None:
        self._out.flush()
        self._out.detach()


class _DelimitedCopy(_TextSink):
    """CSV to CSV: the row as it stands, and six cells more."""

    def __init__(self, out: io.TextIOWrapper, table: Any) -> None:
        super().__init__(out)
        self._mark = table.delimiter
        self._utf16 = table.encoding == "utf-16"
        self._end = "\r\n" if table.header.endswith("\r\n") else "\n"
        self._write([table.header], [self._mark.join(SCORE_COLUMNS)])

    def write(self, batch: Batch, scores: Scores) -> None:
        self._write(batch.raw, [self._mark.join(cells) for cells in _cells(scores)])

    def _write(self, rows: Iterable[str], more: Iterable[str]) -> None:
        lines = [f"{raw.rstrip(_ENDS)}{self._mark}{cells}{self._end}" for raw, cells in zip(rows, more, strict=True)]
        text = "".join(lines)
        self._out.write(storable(text) if self._utf16 else text)


class _DelimitedSink(_TextSink):
    def __init__(self, out: io.TextIOWrapper, table: Table, mark: str, *, safe: bool) -> None:
        super().__init__(out)
        self._table = table
        self._plain = _harmless if safe else _same
        self._writer = csv.writer(out, delimiter=mark, lineterminator="\n")
        self._writer.writerow([*(self._plain(name) for name in table.columns), *SCORE_COLUMNS])

    def write(self, batch: Batch, scores: Scores) -> None:
        columns = [[self._plain(as_text(v)) for v in self._table.cells(batch, name)] for name in self._table.columns]
        for row, cells in zip(zip(*columns, strict=True), _cells(scores), strict=True):
            self._writer.writerow([*row, *cells])


class _JsonlCopy(_TextSink):
    """JSONL to JSONL: the object as it stands, and six keys more."""

    def write(self, batch: Batch, scores: Scores) -> None:
        for raw, row, cells in zip(batch.raw, batch.rows, _cells(scores), strict=True):
            body = raw.rstrip()[:-1].rstrip()
            self._out.write(f"{body}{', ' if row else ''}{_pairs(cells)}}}\n")


class _JsonlSink(_TextSink):
    def __init__(self, out: io.TextIOWrapper, table: Table) -> None:
        super().__init__(out)
        self._table = table

    def write(self, batch: Batch, scores: Scores) -> None:
        names = self._table.columns
        columns = [[_jsonable(v) for v in self._table.cells(batch, name)] for name in names]
        for row, cells in zip(zip(*columns, strict=True), _cells(scores), strict=True):
            body = json.dumps(dict(zip(names, row, strict=True)), ensure_ascii=False)[:-1]
            self._out.write(storable(f"{body}, {_pairs(cells)}}}\n"))


class _ParquetSink:
    def __init__(self, out: IO[bytes], table: Table) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        self._pa = pa
        self._table = table
        fields = list(table.schema) if hasattr(table, "schema") else [(name, pa.string()) for name in table.columns]
        metadata = table.schema.metadata if hasattr(table, "schema") else None
        self._own = pa.schema(fields, metadata=metadata)
        self._schema = pa.schema([*fields, *((name, pa.float32()) for name in SCORE_COLUMNS)], metadata=metadata)
        self._writer = pq.ParquetWriter(out, self._schema)

    def write(self, batch: Batch, scores: Scores) -> None:
        pa = self._pa
        more = [pa.array(column, type=pa.float32(), from_pandas=True) for column in scores.T]
        own = batch.arrow.columns if batch.arrow is not None else [self._strings(batch, n) for n in self._own.names]
        self._writer.write_batch(pa.RecordBatch.from_arrays([*own, *more], schema=self._schema))

    def close(self) -> None:
        self._writer.close()

    def _strings(self, batch: Batch, name: str) -> Any:
        cells = self._table.cells(batch, name)
        return self._pa.array([None if cell is None else as_text(cell) for cell in cells], type=self._pa.string())


_ENDS = "\r\n"


def as_text(value: object) -> str:
    """A cell for a text file: strings as they are, times as ISO 8601, lists and objects as JSON, nothing for None."""
    if isinstance(value, str):
        return storable(value)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime | date):
        return value.isoformat()
    return (
        storable(json.dumps(value, ensure_ascii=False, default=str)) if isinstance(value, list | dict) else str(value)
    )


def _jsonable(value: object) -> object:
    if value is None or isinstance(value, str | bool | int | list | dict):
        return value
    if isinstance(value, float):
        return value if value == value and abs(value) != float("inf") else None
    return as_text(value)


def _cells(scores: Scores) -> list[Sequence[str]]:
    """Six digits are more than any model means; NaN is an empty cell."""
    return [["" if p != p else f"{p:.6g}" for p in row] for row in scores.tolist()]


def _pairs(cells: Sequence[str]) -> str:
    return ", ".join(f'"{name}": {cell or "null"}' for name, cell in zip(SCORE_COLUMNS, cells, strict=True))


def _harmless(value: str) -> str:
    return harmless(value)


def _same(value: str) -> str:
    return value

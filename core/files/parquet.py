"""Parquet, read a few thousand rows at a time."""

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

from core.errors import BadInput
from core.files.kinds import Kind
from core.files.stream import STDIN, ByteSource, is_broken
from core.files.table import BATCH_CHARACTERS, BATCH_ROWS, Batch

_PIECE = 256
"""Rows that are unpacked at a time: a small file may hold very large ones."""
_BROKEN_FILE = "The file is damaged or no Parquet. Write it again, or use CSV."


class ParquetTable:
    """A Parquet file. Values keep their types; bytes and invalid text become strings with lone surrogates."""

    kind = Kind.PARQUET

    def __init__(self, path: Path | str) -> None:
        import pyarrow.parquet as pq

        self._file = _seekable(path)
        try:
            # Without the pre-buffer a row group is read page by page, so that its size does not matter.
            self._parquet = pq.ParquetFile(self._file, pre_buffer=False, buffer_size=1 << 20)
            self.schema = self._parquet.schema_arrow
        except Exception:  # a damaged file may raise anything: pyarrow's own errors, those of names, and so on
            self._file.close()
            raise BadInput(_BROKEN_FILE) from None
        self.columns: list[str] = list(self.schema.names)
        self._rows = self._parquet.metadata.num_rows
        self._read = 0
        self.problem: str | None = None

    def batches(self, size: int = BATCH_ROWS, columns: list[str] | None = None) -> Iterator[Batch]:
        """The rows, `size` at a time at most; `columns` alone if given, to read less."""
        reading = self._parquet.iter_batches(batch_size=min(size, _PIECE), columns=columns)
        pieces: list[Any] = []
        rows = characters = 0
        for piece in self._pieces(reading):
            if rows and (rows + piece.num_rows > size or characters + piece.nbytes > BATCH_CHARACTERS):
                yield self._batch(pieces)
                pieces, rows, characters = [], 0, 0
            pieces.append(piece)
            rows, characters = rows + piece.num_rows, characters + piece.nbytes
        if rows:
            yield self._batch(pieces)

    def _pieces(self, reading: Iterator[Any]) -> Iterator[Any]:
        """Some rows at a time, with every text spelled out."""
        read = 0
        while True:
            try:
                piece = next(reading, None)
                piece = piece and _spelled_out(piece)
            except Exception:  # see __init__
                self.problem = f"The file is damaged from row {read + 1} on: the rows before it were read."
                return
            if piece is None:
                return
            read += piece.num_rows
            if piece.num_rows:
                yield piece

    def _batch(self, pieces: list[Any]) -> Batch:
        import pyarrow as pa

        arrow = pieces[0] if len(pieces) == 1 else pa.Table.from_batches(pieces).combine_chunks().to_batches()[0]
        lines = list(range(self._read + 1, self._read + 1 + arrow.num_rows))
        self._read += arrow.num_rows
        return Batch(lines, rows=lines, arrow=arrow)

    def cells(self, batch: Batch, column: str) -> Sequence[Any]:
        """One column of the batch's rows as Python values; adds to `batch.broken`."""
        if batch.arrow is None:
            return []
        if column not in batch.arrow.schema.names:
            return [None] * batch.arrow.num_rows
        values = batch.arrow.column(batch.arrow.schema.names.index(column))
        try:
            found = values.to_pylist()
        except UnicodeDecodeError:
            found = values.cast("binary").to_pylist() if _is_text(values) else list(map(_value, values))
        except Exception:  # whatever pyarrow raises for years beyond 9999, time zones that nobody knows, and the like
            found = list(map(_value, values))
        if not any(isinstance(value, bytes) for value in found):
            return found
        texts = [value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else value for value in found]
        batch.broken.update(i for i, text in enumerate(texts) if isinstance(text, str) and is_broken(text))
        return texts

    def share(self) -> float:
        """Part of the rows that was read, 0 to 1."""
        return self._read / self._rows if self._rows else 1.0

    def close(self) -> None:
        """Close the file."""
        self._parquet.close()
        self._file.close()


class _Unreadable:
    """Stands for a value that Python has no like of; no check of a row lets it through."""

    def __str__(self) -> str:
        return ""


def _value(scalar: Any) -> object:
    try:
        return scalar.as_py()
    except Exception:  # see ParquetTable.cells
        return _Unreadable()


def _is_text(values: Any) -> bool:
    import pyarrow as pa

    return pa.types.is_string(values.type) or pa.types.is_large_string(values.type)


def _spelled_out(batch: Any) -> Any:
    """The batch with dictionaries replaced by what they stand for, so that its size is what it says."""
    import pyarrow as pa

    columns = [c.dictionary_decode() if pa.types.is_dictionary(c.type) else c for c in batch.columns]
    fields = [field.with_type(c.type) for field, c in zip(batch.schema, columns, strict=True)]
    return pa.RecordBatch.from_arrays(columns, schema=pa.schema(fields, metadata=batch.schema.metadata))


def _seekable(path: Path | str) -> IO[bytes]:
    """The file itself, or a temporary copy where it is packed or comes from standard input."""
    source = ByteSource(path)
    if not source.head():
        source.close()
        raise BadInput("The file is empty. Choose one with at least one row.")
    if path != STDIN and not source.is_gzip:
        source.close()
        return Path(path).open("rb")
    copy = tempfile.TemporaryFile()  # noqa: SIM115 (closed by its owner)
    try:
        shutil.copyfileobj(source.stream, copy, 1 << 20)
    except (EOFError, OSError):
        copy.close()
        raise BadInput("The .gz file is cut off or damaged. Copy or download it again.") from None
    finally:
        source.close()
    copy.seek(0)
    return copy

"""Parquet, read a few thousand rows at a time."""

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

from core.errors import BadInput
from core.files.kinds import Kind
from core.files.stream import STDIN, ByteSource, is_broken
from core.files.table import BATCH_ROWS, Batch

_BROKEN_FILE = "The file is damaged or no Parquet. Write it again, or use CSV."


class ParquetTable:
    """A Parquet file. Values keep their types; bytes and invalid text become strings with lone surrogates."""

    kind = Kind.PARQUET

    def __init__(self, path: Path | str) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        self._damaged: tuple[type[Exception], ...] = (pa.ArrowException, OSError)
        self._file = _seekable(path)
        try:
            # Without the pre-buffer a row group is read page by page, so that its size does not matter.
            self._parquet = pq.ParquetFile(self._file, pre_buffer=False, buffer_size=1 << 20)
        except self._damaged:
            self._file.close()
            raise BadInput(_BROKEN_FILE) from None
        self.schema = self._parquet.schema_arrow
        self.columns: list[str] = list(self.schema.names)
        self._rows = self._parquet.metadata.num_rows
        self._read = 0
        self.problem: str | None = None

    def batches(self, size: int = BATCH_ROWS, columns: list[str] | None = None) -> Iterator[Batch]:
        """The rows, `size` at a time at most; `columns` alone if given, to read less."""
        reading = self._parquet.iter_batches(batch_size=size, columns=columns)
        while True:
            try:
                arrow = next(reading, None)
            except self._damaged:
                self.problem = f"The file is damaged from row {self._read + 1} on: the rows before it were read."
                return
            if arrow is None:
                return
            lines = list(range(self._read + 1, self._read + 1 + arrow.num_rows))
            self._read += arrow.num_rows
            if lines:
                yield Batch(lines, rows=lines, arrow=arrow)

    def cells(self, batch: Batch, column: str) -> Sequence[Any]:
        """One column of the batch's rows as Python values; adds to `batch.broken`."""
        if column not in batch.arrow.schema.names:
            return [None] * batch.arrow.num_rows
        values = batch.arrow.column(batch.arrow.schema.names.index(column))
        try:
            found = values.to_pylist()
        except UnicodeDecodeError:
            found = values.cast("binary").to_pylist()
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

"""Writing labelled comments as CSV, JSONL or Parquet: whole or not at all, the same rows always as the same bytes."""

import csv
import gzip
import io
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final, Protocol

from core.domain import unpack_labels
from core.errors import BadInput
from core.files import Kind, harmless, kind_of
from core.files.kinds import is_gzip_name
from core.labels import LABELS
from db.stores.datasets import DecidedComment

COLUMNS: Final = (
    *("id", "comment_text", *LABELS),
    *("source", "moderator", "decided_at", "lane", "blind", "outcome", "model", "policy", "suggested_by"),
)
"""Jigsaw's columns, then where each label comes from. `id` is the comment's id at its source (external_id)."""

Row = Mapping[str, Any]


def to_row(comment: DecidedComment) -> dict[str, Any]:
    """The columns of one comment; labels as 0 or 1."""
    labels = dict(zip(LABELS, map(int, unpack_labels(comment.labels)), strict=True))
    return {
        "id": comment.external_id,
        "comment_text": comment.text,
        **labels,
        "source": comment.source,
        "moderator": comment.moderator,
        "decided_at": comment.decided_at.isoformat(),
        "lane": comment.lane,
        "blind": comment.blind,
        "outcome": comment.outcome,
        "model": comment.model,
        "policy": comment.policy,
        "suggested_by": comment.suggested_by,
    }


class RowWriter(Protocol):
    """Writes rows to an open file."""

    def write(self, rows: Sequence[Row]) -> None:
        """Append rows that have COLUMNS."""
        ...

    def close(self) -> None:
        """Finish what the format needs; the file itself stays open."""
        ...


@contextmanager
def writing(path: Path) -> Iterator[RowWriter]:
    """A writer of the kind that the path's ending says (.csv, .tsv, .jsonl, .parquet, the text ones also with .gz).

    The file appears under its name when all is written and on the disk; on an error it does not. Raises BadInput.
    """
    kind = kind_of(path.name)
    if kind is Kind.PARQUET and is_gzip_name(path.name):
        raise BadInput("Parquet is compressed already. Leave the .gz off the file's name.")
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as raw:
            with _packed(raw, path.name) as file:
                writer = _WRITERS[kind](file)
                yield writer
                writer.close()
            raw.flush()
            os.fsync(raw.fileno())
        part.replace(path)
    except OSError as error:
        raise BadInput(
            "{path} cannot be written: {strerror}. Choose another place, or make room.",
            path=path,
            strerror=error.strerror,
        ) from error
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def _packed(raw: IO[bytes], name: str) -> Iterator[IO[bytes]]:
    if not is_gzip_name(name):
        yield raw
        return
    with gzip.GzipFile(filename="", fileobj=raw, mode="wb", mtime=0) as packed:  # no name, no time: same bytes
        yield packed  # type: ignore[misc]


class CsvWriter:
    """CSV for spreadsheets: every text that one would run as a formula gets an apostrophe before it."""

    def __init__(self, file: IO[bytes], delimiter: str = ",") -> None:
        self._text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
        self._rows = csv.DictWriter(self._text, COLUMNS, delimiter=delimiter, lineterminator="\r\n")
        # with \n alone the module would leave a \r in a text unquoted, and readers would break the row there
        self._rows.writeheader()

    def write(self, rows: Sequence[Row]) -> None:
        """Append rows."""
        self._rows.writerows({name: _cell(value) for name, value in row.items()} for row in rows)

    def close(self) -> None:
        """Leave the file open."""
        self._text.detach()


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return int(value)
    return harmless(value) if isinstance(value, str) else value


class JsonlWriter:
    """One JSON object a line, texts as they are."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def write(self, rows: Sequence[Row]) -> None:
        """Append rows."""
        self._file.write("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode())

    def close(self) -> None:
        """Nothing to finish."""


class ParquetWriter:
    """Parquet, texts as they are, one row group for each call of `write`."""

    def __init__(self, file: IO[bytes]) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        kinds = dict.fromkeys(LABELS, pa.int8()) | {"blind": pa.bool_(), "policy": pa.int64()}
        self._schema = pa.schema([(name, kinds.get(name, pa.string())) for name in COLUMNS])
        self._table = pa.Table
        self._parquet = pq.ParquetWriter(file, self._schema, compression="zstd")

    def write(self, rows: Sequence[Row]) -> None:
        """Append rows."""
        self._parquet.write_table(self._table.from_pylist(list(rows), schema=self._schema))

    def close(self) -> None:
        """Write the footer."""
        self._parquet.close()


def _tsv(file: IO[bytes]) -> CsvWriter:
    return CsvWriter(file, "\t")


_WRITERS: Final[Mapping[Kind, Any]] = {
    Kind.CSV: CsvWriter,
    Kind.TSV: _tsv,
    Kind.JSONL: JsonlWriter,
    Kind.PARQUET: ParquetWriter,
}

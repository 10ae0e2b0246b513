"""Taking erased comments out of the exports in the data folder, row by row; a file is replaced whole or not at all."""

import csv
import gzip
import hashlib
import io
import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from core.errors import BadInput
from core.files.formulas import undone
from core.files.kinds import Kind, is_gzip_name, kind_of

FOLDERS: Final = ("exports", "snapshots")
"""Where this program writes exports."""
_TOGETHER: Final = 5_000
_PART_SECONDS: Final = 3600

Key = tuple[str, str]
"""Source and external id."""
AreErased = Callable[[Sequence[Key]], list[bool]]
"""Of some comments, which are erased."""


@dataclass(frozen=True, slots=True)
class Stripped:
    """What is left of a file."""

    part: Path
    """The new file, not in its place yet."""
    removed: int
    kept: int
    sha256: str


def list_files(data_dir: Path) -> list[Path]:
    """Every export in the data folder. Half-written ones that nobody writes any more are removed."""
    found: list[Path] = []
    for folder in FOLDERS:
        for path in sorted((data_dir / folder).glob("**/*")):
            if path.name.startswith(".") and path.suffix == ".part":
                if time.time() - path.stat().st_mtime > _PART_SECONDS:
                    path.unlink(missing_ok=True)
            elif path.is_file() and _is_table(path):
                found.append(path)
    return found


def remove_uploads(data_dir: Path) -> int:
    """Remove every uploaded file. A page that still needs one writes it again from what the browser sent."""
    gone = 0
    for path in (data_dir / "uploads").glob("*"):
        path.unlink(missing_ok=True)
        gone += 1
    return gone


def strip(path: Path, are_erased: AreErased) -> Stripped | None:
    """Write the file without the erased comments beside it; None, and no file, if it holds none of them.

    Texts stay to the byte as they were written. `put_in_place` ends it.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        removed, kept = _strip_parquet(path, part, are_erased) if kind_of(path.name) is Kind.PARQUET else _strip_text(
            path, part, are_erased
        )  # fmt: skip
        if not removed:
            part.unlink(missing_ok=True)
            return None
        with part.open("rb") as file:
            os.fsync(file.fileno())
            return Stripped(part, removed, kept, hashlib.file_digest(file, "sha256").hexdigest())
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def put_in_place(path: Path, stripped: Stripped) -> None:
    """Let the new file take the old one's place."""
    stripped.part.replace(path)


def _is_table(path: Path) -> bool:
    try:
        kind_of(path.name)
    except BadInput:
        return False
    return True


def _strip_text(path: Path, part: Path, are_erased: AreErased) -> tuple[int, int]:
    with _opened(path) as source, part.open("wb") as raw:
        target: Any = gzip.GzipFile(filename="", fileobj=raw, mode="wb", mtime=0) if is_gzip_name(path.name) else raw
        records = _jsonl_records(source) if kind_of(path.name) is Kind.JSONL else _csv_records(source, path.name)
        removed = kept = 0
        for some in _batches(records):
            erased = are_erased([key for _, key in some])
            left = [line for (line, key), gone in zip(some, erased, strict=True) if not (gone and key != ("", ""))]
            removed, kept = removed + len(some) - len(left), kept + len(left)
            target.writelines(left)
        if target is not raw:
            target.close()
        raw.flush()
    return removed, kept - (kind_of(path.name) is not Kind.JSONL)  # a header is no row


def _opened(path: Path) -> IO[bytes]:
    return gzip.GzipFile(path, "rb") if is_gzip_name(path.name) else path.open("rb")  # type: ignore[return-value]


def _batches(records: Iterator[tuple[bytes, Key]]) -> Iterator[list[tuple[bytes, Key]]]:
    some: list[tuple[bytes, Key]] = []
    for record in records:
        some.append(record)
        if len(some) == _TOGETHER:
            yield some
            some = []
    if some:
        yield some


def _jsonl_records(source: IO[bytes]) -> Iterator[tuple[bytes, Key]]:
    for line in source:
        try:
            row = json.loads(line)
        except ValueError:
            row = {}
        yield line, (str(row.get("source") or ""), str(row.get("id") or "")) if isinstance(row, dict) else ("", "")


def _csv_records(source: IO[bytes], name: str) -> Iterator[tuple[bytes, Key]]:
    """Each record as it stands in the file, and whose it is; the header is nobody's."""
    taken: list[str] = []
    text = io.TextIOWrapper(source, encoding="utf-8", newline="")

    def lines() -> Iterator[str]:
        for line in text:
            taken.append(line)
            yield line

    csv.field_size_limit(1 << 30)
    columns: list[str] | None = None
    for row in csv.reader(lines(), delimiter="\t" if kind_of(name) is Kind.TSV else ","):
        raw = "".join(taken).encode()
        taken.clear()
        if columns is None:
            columns = row
            yield raw, ("", "")
            continue
        values = dict(zip(columns, row, strict=False))
        yield raw, (undone(values.get("source", "")), undone(values.get("id", "")))


def _strip_parquet(path: Path, part: Path, are_erased: AreErased) -> tuple[int, int]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    removed = kept = 0
    with pq.ParquetFile(path) as file, pq.ParquetWriter(part, file.schema_arrow, compression="zstd") as writer:
        if not {"source", "id"} <= set(file.schema_arrow.names):
            return 0, file.metadata.num_rows
        for batch in file.iter_batches(_TOGETHER):
            sources, ids = (batch.column(name).to_pylist() for name in ("source", "id"))
            erased = are_erased([(str(one or ""), str(other or "")) for one, other in zip(sources, ids, strict=True)])
            left = pa.Table.from_batches([batch]).filter(pa.array([not gone for gone in erased]))
            removed, kept = removed + batch.num_rows - left.num_rows, kept + left.num_rows
            writer.write_table(left)
    return removed, kept

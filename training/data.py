"""Read labelled comments for training, and keep what no training may see out of it."""

import csv
import gzip
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from core.errors import BadInput
from core.labels import LABELS
from core.text import in_frozen_test, text_hash

TEXT_COLUMNS: Final = ("comment_text", "text")
"""Names of the text column, in the order they are looked for."""
CORRECTION_FACTOR: Final = 2.0
"""How much more a moderator's correction counts than a base row, unless told otherwise."""


@dataclass(frozen=True, slots=True, eq=False)
class LabelledRows:
    """Comments with their six labels."""

    texts: list[str]
    labels: NDArray[np.float32]
    """[n, 6], 0 or 1, in LABELS order."""
    weights: NDArray[np.float32]
    """[n], how many comments of real traffic each row stands for; above 0."""
    hashes: list[str]
    """`text_hash` of each text: splits go by these."""

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.texts)

    def take(self, mask: NDArray[np.bool_]) -> "LabelledRows":
        """Return the rows where `mask`, of shape [n], is true."""
        kept = np.flatnonzero(mask)
        texts, hashes = [self.texts[i] for i in kept], [self.hashes[i] for i in kept]
        return LabelledRows(texts, self.labels[kept], self.weights[kept], hashes)

    def plus(self, corrections: "LabelledRows", *, factor: float = CORRECTION_FACTOR) -> "LabelledRows":
        """Return these rows and then the corrections, each with its weight times `factor`.

        A base row with the same content as a correction is dropped: the moderator's word replaces it.
        """
        corrected = set(corrections.hashes)
        base = self.take(np.array([digest not in corrected for digest in self.hashes], np.bool_))
        return LabelledRows(
            base.texts + corrections.texts,
            np.concatenate([base.labels, corrections.labels]),
            np.concatenate([base.weights, corrections.weights * np.float32(factor)]),
            base.hashes + corrections.hashes,
        )

    def frozen_test(self) -> NDArray[np.bool_]:
        """[n], whether each row belongs to the part that no training may see."""
        return np.array([in_frozen_test(digest) for digest in self.hashes], np.bool_)


def make_rows(
    texts: Iterable[str], labels: NDArray[np.float32], weights: NDArray[np.float32] | None = None
) -> LabelledRows:
    """Rows from arrays: labels [n, 6]; weights [n], 1 where not given."""
    kept = list(texts)
    filled = np.ones(len(kept), np.float32) if weights is None else weights.astype(np.float32)
    return LabelledRows(kept, labels.astype(np.float32).reshape(-1, len(LABELS)), filled, [text_hash(t) for t in kept])


def read_rows(path: Path) -> LabelledRows:
    """Read .csv, .jsonl (either may end in .gz) or .parquet: comment_text or text, six labels, optional weight.

    Raises BadInput that names the file, what is wrong with which column or row, and the next step.
    """
    if not path.is_file():
        raise BadInput(f"{path} is not there. Give the path of a labelled .csv, .csv.gz, .jsonl or .parquet file.")
    try:
        columns = _read_columns(path)
    except (OSError, EOFError, ValueError, csv.Error) as error:
        raise BadInput(
            f"{path} cannot be read: {error}. Check that it is complete and of the kind its name says."
        ) from error
    return _to_rows(path, columns)


def _read_columns(path: Path) -> Mapping[str, list[Any]]:
    name = path.name.removesuffix(".gz")
    if name.endswith(".parquet"):
        import pyarrow.parquet

        table = pyarrow.parquet.read_table(path)
        return {column: table[column].to_pylist() for column in table.column_names}
    if not name.endswith((".csv", ".jsonl")):
        raise ValueError("only .csv, .jsonl, either with .gz, and .parquet are known")
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8", newline="") as lines:
        return _by_column(csv.DictReader(lines) if name.endswith(".csv") else _json_lines(lines))


def _json_lines(lines: Iterable[str]) -> Iterable[dict[str, Any]]:
    for number, line in enumerate(lines, 1):
        if line.strip():
            row = json.loads(line)
            if not isinstance(row, dict):
                raise ValueError(f"line {number} is not a JSON object")
            yield row


def _by_column(rows: Iterable[Mapping[str, Any]]) -> dict[str, list[Any]]:
    wanted = (*TEXT_COLUMNS, *LABELS, "weight")
    columns: dict[str, list[Any]] = {name: [] for name in wanted}
    present: set[str] = set()
    for row in rows:
        present |= row.keys() & columns.keys()
        for name in wanted:
            columns[name].append(row.get(name))
    return {name: columns[name] for name in wanted if name in present}


def _to_rows(path: Path, columns: Mapping[str, list[Any]]) -> LabelledRows:
    text_column = next((name for name in TEXT_COLUMNS if name in columns), None)
    missing = [name for name in LABELS if name not in columns]
    if text_column is None or missing:
        wanted = ([] if text_column else [" or ".join(TEXT_COLUMNS)]) + missing
        raise BadInput(
            f"{path} has no rows or lacks the columns {', '.join(wanted)}. Add them, or rename yours to these."
        )
    texts = columns[text_column]
    for number, text in enumerate(texts, 1):
        if not isinstance(text, str):
            raise BadInput(f"{path}, row {number}: {text_column} is empty or not text. Fill it in or remove the row.")
    labels = [_numbers(path, name, columns[name], upper=1.0) for name in LABELS]
    weights = _numbers(path, "weight", columns["weight"], upper=1e6) if "weight" in columns else None
    if weights is not None and not (weights > 0).all():
        raise BadInput(f"{path}, row {int(np.argmin(weights)) + 1}: weight must be above 0. Remove the row instead.")
    return make_rows(texts, np.stack(labels, axis=1), weights)


def _numbers(path: Path, name: str, values: list[Any], *, upper: float) -> NDArray[np.float32]:
    numbers = np.empty(len(values), np.float32)
    for i, value in enumerate(values):
        try:
            numbers[i] = float(value)
        except (TypeError, ValueError):
            numbers[i] = np.nan
        if not 0 <= numbers[i] <= upper or (name in LABELS and numbers[i] not in (0, 1)):
            allowed = "0 or 1" if name in LABELS else f"a number from 0 to {upper:g}"
            raise BadInput(
                f"{path}, row {i + 1}: {name} is {str(value)[:40]!r}, not {allowed}. Correct it or remove the row."
            )
    return numbers

"""Scoring a file: every row that has text gets six probabilities beside what it had."""

import gzip
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import numpy as np

from core.errors import BadInput
from core.files.columns import find_columns
from core.files.kinds import Kind, is_gzip_name, kind_of
from core.files.scored import open_sink
from core.files.stream import STDIN
from core.files.table import BadRow, Batch, Table, open_table
from core.labels import LABELS
from core.scoring.protocol import Scorer, Scores
from core.text import storable

_TOGETHER = 1_000
"""Rows scored at a time: often enough to show progress."""

_LISTED = 20
"""Rows left out that the summary names."""

Watch = Callable[[Sequence[str], Scores], None]
"""Is given the texts that were scored, and their scores, piece by piece."""


@dataclass(slots=True)
class ScoredFile:
    """What scoring a file did, or has done so far."""

    rows: int = 0
    """Rows written."""
    unscored: int = 0
    """Of these, rows without text: their score cells are empty, which is not zero."""
    left_out: int = 0
    """Lines that are no rows of the table and were not written."""
    examples: list[BadRow] = field(default_factory=list)
    """The first of those left out."""
    share: float = 0.0
    """Part of the input that was read, 0 to 1."""
    problem: str | None = None
    """Why reading ended before the end."""


@dataclass(frozen=True, slots=True)
class Order:
    """What to score, and where to."""

    source: Path | str
    """A path, or "-" for standard input."""
    target: Path | str
    """A path, or "-" for standard output."""
    text_column: str | None = None
    """None finds it by name."""
    format: Kind | None = None
    """Kind of the standard streams; CSV if not given."""
    safe: bool = False
    """Make cells that a spreadsheet would run harmless."""

    @property
    def source_kind(self) -> Kind:
        """By ending, or as said for standard input."""
        return _kind(self.source, self.format)

    @property
    def target_kind(self) -> Kind:
        """By ending, or as said for standard output."""
        return _kind(self.target, self.format)


def score_file(
    order: Order,
    scorer: Scorer,
    *,
    progress: Callable[[ScoredFile], None] | None = None,
    watch: Watch | None = None,
) -> ScoredFile:
    """Score a table in constant memory. The target appears when it is complete, not before.

    Values of the input are written as they were, formulas too unless `order.safe`. Raises BadInput when the input is
    no table, has no text column, or has score columns already.
    """
    _check_paths(order)
    with (
        _source(order) as path,
        closing(open_table(path, kind=order.source_kind, text_column=order.text_column)) as table,
    ):
        column = find_columns(table.columns, {"text": order.text_column} if order.text_column else None)["text"]
        if order.target_kind is not Kind.JSONL and table.kind is Kind.JSONL:
            table.columns = _all_keys(path)
        with _target(order) as out:
            return _score(table, column, scorer, out, order, progress or _silent, watch)


def score_texts(scorer: Scorer, texts: Sequence[Any]) -> Scores:
    """Scores [n, 6]; NaN where there is no text."""
    at = [i for i, text in enumerate(texts) if isinstance(text, str) and text and not text.isspace()]
    scores = np.full((len(texts), len(LABELS)), np.nan, dtype=np.float32)
    if at:
        scores[at] = scorer.score([storable(texts[i]) for i in at])
    return scores


def _score(
    table: Table,
    column: str,
    scorer: Scorer,
    out: IO[bytes],
    order: Order,
    progress: Callable[[ScoredFile], None],
    watch: Watch | None,
) -> ScoredFile:
    done = ScoredFile()
    with closing(open_sink(out, order.target_kind, table, safe=order.safe)) as sink:
        for batch in table.batches(_TOGETHER):
            texts = table.cells(batch, column)
            scores = score_texts(scorer, texts)
            sink.write(batch, scores)
            _count(done, table, batch, scores)
            if watch:
                kept = ~np.isnan(scores[:, 0])
                watch([texts[i] for i in np.flatnonzero(kept).tolist()], scores[kept])
            progress(done)
    done.problem = table.problem
    return done


def _count(done: ScoredFile, table: Table, batch: Batch, scores: Scores) -> None:
    done.rows += len(scores)
    done.unscored += int(np.isnan(scores[:, 0]).sum())
    done.left_out += len(batch.bad)
    done.examples += batch.bad[: _LISTED - len(done.examples)]
    done.share = table.share()


def _kind(place: Path | str, kind: Kind | None) -> Kind:
    return (kind or Kind.CSV) if place == STDIN else kind_of(Path(place).name)


def _check_paths(order: Order) -> None:
    _ = order.source_kind, order.target_kind  # a wrong ending is told before anything is read
    if order.target != STDIN and not os.access(Path(order.target).parent, os.W_OK):
        raise BadInput(
            "Nothing can be written to the folder “{parent}”. Make it, or choose another.",
            parent=Path(order.target).parent,
        )
    if STDIN in (order.source, order.target):
        return
    source, target = Path(order.source), Path(order.target)
    if target.exists() and source.exists() and target.samefile(source):
        raise BadInput("The output is the input itself. Give another name for the output.")


@contextmanager
def _source(order: Order) -> Iterator[Path | str]:
    """The path; standard input as a temporary copy where its keys must be known before its rows are written."""
    converts = order.source_kind is Kind.JSONL and order.target_kind is not Kind.JSONL
    if order.source != STDIN or not converts:
        yield order.source
        return
    with tempfile.NamedTemporaryFile(suffix=".jsonl") as copy:
        shutil.copyfileobj(sys.stdin.buffer, copy, 1 << 20)
        copy.flush()
        yield Path(copy.name)


def _all_keys(path: Path | str) -> list[str]:
    """Every key of a JSONL file, in order of first appearance: the columns of a table need to be known beforehand."""
    keys: dict[str, None] = {}
    with closing(open_table(path, kind=Kind.JSONL)) as table:
        for batch in table.batches():
            for row in batch.rows:
                keys.update(dict.fromkeys(row))
    return list(keys)


@contextmanager
def _target(order: Order) -> Iterator[IO[bytes]]:
    if order.target != STDIN:
        with _whole_or_nothing(Path(order.target)) as out:
            yield out
        return
    if order.target_kind is not Kind.PARQUET:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    with tempfile.TemporaryFile() as copy:  # a pipe has no position, which Parquet needs
        yield copy
        copy.seek(0)
        shutil.copyfileobj(copy, sys.stdout.buffer, 1 << 20)


@contextmanager
def _whole_or_nothing(path: Path) -> Iterator[IO[bytes]]:
    """A new file that takes its name when it is complete; gzipped if the name says so."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as plain:
            if is_gzip_name(path.name):
                with gzip.GzipFile(fileobj=plain, mode="wb", compresslevel=6, filename="") as packed:
                    yield packed  # type: ignore[misc]
            else:
                yield plain
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _silent(_done: ScoredFile) -> None:
    pass

"""JSON lines: one object a line."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from core.errors import BadInput
from core.files.kinds import Kind
from core.files.stream import MOST_LINE, ByteSource, Lines, LongLine, is_broken
from core.files.table import BATCH_CHARACTERS, BATCH_ROWS, BadRow, Batch

_LOOKED_AT = 100
"""Rows whose keys make the columns."""


class JsonlTable:
    """A table of one JSON object a line; a key that a row lacks is None there."""

    kind = Kind.JSONL

    def __init__(self, path: Path | str) -> None:
        self._lines = Lines(ByteSource(path))
        self.encoding = self._lines.encoding
        self._line = 0
        self._first = Batch()
        self._more = self._fill(self._first, _LOOKED_AT)
        self.columns = list(dict.fromkeys(key for row in self._first.rows for key in row))
        if not self._first.rows:
            raise BadInput(self._why_none())

    @property
    def problem(self) -> str | None:
        """Why reading ended early."""
        return self._lines.problem

    def batches(self, size: int = BATCH_ROWS) -> Iterator[Batch]:
        """The rows, `size` at a time at most. Empty lines are no rows."""
        yield from _cut(self._first, size)
        while self._more:
            batch = Batch()
            self._more = self._fill(batch, size)
            if batch.rows or batch.bad:
                yield batch

    def cells(self, batch: Batch, column: str) -> Sequence[Any]:
        """One column of the batch's rows."""
        return [row.get(column) for row in batch.rows]

    def share(self) -> float:
        """Part of the file that was read, 0 to 1."""
        return self._lines.share()

    def close(self) -> None:
        """Close the file."""
        self._lines.close()

    def _fill(self, batch: Batch, size: int) -> bool:
        characters = 0
        while len(batch.rows) + len(batch.bad) < size and characters < BATCH_CHARACTERS:
            self._lines.taken.clear()
            self._line += 1
            try:
                raw = next(self._lines)
            except StopIteration:
                return False
            except LongLine:
                batch.bad.append(BadRow(self._line, f"the line is longer than {MOST_LINE >> 20} million characters"))
                continue
            if not raw.isspace():
                characters += len(raw)
                self._add(batch, raw)
        return True

    def _add(self, batch: Batch, raw: str) -> None:
        try:
            row = json.loads(raw)
        except (ValueError, RecursionError):
            batch.bad.append(BadRow(self._line, "the line is not valid JSON"))
            return
        if not isinstance(row, dict):
            batch.bad.append(BadRow(self._line, "the line is JSON, but no object with keys"))
            return
        if is_broken(raw):
            batch.broken.add(len(batch.rows))
        batch.rows.append(row)
        batch.raw.append(raw)
        batch.lines.append(self._line)

    def _why_none(self) -> str:
        if self._lines.problem:
            return self._lines.problem
        reason = self._first.bad[0] if self._first.bad else None
        found = f"line {reason.line}: {reason.reason}" if reason else "only empty lines"
        return f"The file is no JSONL: {found}. Write one JSON object on each line, with the comment under “text”."


def _cut(batch: Batch, size: int) -> Iterator[Batch]:
    """The first batch again, in pieces of the size asked for; its bad rows go with the first piece."""
    bad = batch.bad
    for at in range(0, len(batch.rows), size):
        piece = slice(at, at + size)
        broken = {i - at for i in batch.broken if at <= i < at + size}
        yield Batch(batch.lines[piece], batch.rows[piece], batch.raw[piece], broken, bad)
        bad = []

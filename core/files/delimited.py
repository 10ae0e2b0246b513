"""CSV and TSV. Quoted line ends work, and a broken row costs itself alone."""

import csv
from collections.abc import Iterator, Sequence
from itertools import repeat
from pathlib import Path
from typing import Any

from core.errors import BadInput
from core.files.columns import ROLES
from core.files.kinds import Kind
from core.files.stream import MOST_LINE, ByteSource, Lines, LongLine, is_broken
from core.files.table import BATCH_CHARACTERS, BATCH_ROWS, BadRow, Batch

_DELIMITERS = (",", ";", "\t", "|")
_MOST_PUT_BACK = 100_000
_TOO_LONG = f"the line is longer than {MOST_LINE >> 20} million characters"

csv.field_size_limit(MOST_LINE)


class DelimitedTable:
    """A table with a header line and a delimiter.

    Quotes are read strictly: a row whose quotes do not match is reported with its first line, and reading goes on with
    the line after that, so that a quote that never closes does not swallow the rows behind it.
    """

    def __init__(self, path: Path | str, kind: Kind, *, text_column: str | None = None) -> None:
        self.kind = kind
        self._lines = Lines(ByteSource(path))
        self._line = 0
        self._put_back = 0
        self._stop: str | None = None
        first = self._first_line()
        self.delimiter = "\t" if kind is Kind.TSV else _sniff(first, text_column)
        self._lines.put_back([first])
        self._line -= 1
        self._records = csv.reader(self._lines, delimiter=self.delimiter, strict=True)
        self.columns = self._header()
        self._at = {name: i for i, name in reversed(list(enumerate(self.columns)))}
        self.encoding = self._lines.encoding
        self.header = "".join(self._lines.taken)
        """The header as it stands in the file."""

    @property
    def problem(self) -> str | None:
        """Why reading ended early."""
        return self._stop or self._lines.problem

    def batches(self, size: int = BATCH_ROWS) -> Iterator[Batch]:
        """The rows, `size` at a time. Empty lines are no rows."""
        more = True
        while more:
            batch = Batch()
            more = self._fill(batch, size)
            if batch.rows or batch.bad:
                yield batch

    def cells(self, batch: Batch, column: str) -> Sequence[Any]:
        """One column of the batch's rows."""
        at = self._at.get(column)
        return list(repeat(None, len(batch.rows))) if at is None else [row[at] for row in batch.rows]

    def share(self) -> float:
        """Part of the file that was read, 0 to 1."""
        return self._lines.share()

    def close(self) -> None:
        """Close the file."""
        self._lines.close()

    def _fill(self, batch: Batch, size: int) -> bool:
        """Add rows up to the size; say whether there may be more. One loop without calls: it runs a million times."""
        records, taken, width, line = self._records, self._lines.taken, len(self.columns), self._line
        rows, raws, lines, characters = batch.rows, batch.raw, batch.lines, 0
        while len(rows) + len(batch.bad) < size and characters < BATCH_CHARACTERS:
            taken.clear()
            try:
                cells = next(records)
            except StopIteration:
                return False
            except (csv.Error, LongLine) as error:
                self._line = line = self._recover(batch, line, error)
                if self.problem:
                    return False
                continue
            start, line = line + 1, line + len(taken)
            self._line = line
            if len(cells) == width and cells:
                raw = taken[0] if len(taken) == 1 else "".join(taken)
                if not raw.isascii() and is_broken(raw):
                    batch.broken.add(len(rows))
                rows.append(cells)
                raws.append(raw)
                lines.append(start)
                characters += len(raw)
            elif cells:
                batch.bad.append(BadRow(start, f"{_columns(len(cells))} instead of {width}"))
        return True

    def _recover(self, batch: Batch, line: int, error: Exception) -> int:
        """Report the row that starts after `line`, put the lines behind its first one back; the new last line."""
        taken = list(self._lines.taken)
        if self._lines.problem:
            batch.bad.append(BadRow(line + 1, "the file breaks off within this row"))
            return line + len(taken)
        if isinstance(error, LongLine):
            batch.bad.append(BadRow(line + 1, _TOO_LONG))
            return line + len(taken)
        if not self._keep_unquoted(batch, line + 1, taken[0]):
            batch.bad.append(BadRow(line + 1, "the quotation marks do not match"))
        self._put_back += len(taken) - 1
        if self._put_back > _MOST_PUT_BACK + 4 * line:
            self._stop = f"From line {line + 1} on no quotation marks match. Mend them and import it again."
        self._lines.put_back(taken[1:])
        return line + 1

    def _keep_unquoted(self, batch: Batch, start: int, raw: str) -> bool:
        """Tab-separated files are often written without any quoting: then a row may begin with a quotation mark."""
        if self.kind is not Kind.TSV:
            return False
        cells = raw.rstrip("\r\n").split("\t")
        if len(cells) != len(self.columns):
            return False
        if is_broken(raw):
            batch.broken.add(len(batch.rows))
        batch.rows.append(cells)
        batch.raw.append(raw)
        batch.lines.append(start)
        return True

    def _first_line(self) -> str:
        try:
            for line in self._lines:
                self._line += 1
                if line.strip():
                    return line
        except LongLine:
            raise BadInput(
                "The file is no table: {too_long}. Choose a file whose first line is a header.",
                too_long=_TOO_LONG,
            ) from None
        raise BadInput(self._lines.problem or "The file has only empty lines. Choose one with a header and rows.")

    def _header(self) -> list[str]:
        self._lines.taken.clear()
        try:
            columns = next(self._records, [])
        except (csv.Error, LongLine):
            raise BadInput("The first line is no header: its quotation marks do not match. Mend it.") from None
        self._line += len(self._lines.taken)
        return columns


def _columns(count: int) -> str:
    return "1 column" if count == 1 else f"{count} columns"


def _sniff(header: str, text_column: str | None) -> str:
    """The delimiter that shows the text column; else the one that gives the most columns."""
    wanted = {text_column.strip().lower()} if text_column else set(ROLES["text"])
    cut = {mark: [c.strip().strip('"').strip().lower() for c in header.split(mark)] for mark in _DELIMITERS}
    showing = [mark for mark, names in cut.items() if wanted & set(names)]
    return max(showing or _DELIMITERS, key=lambda mark: len(cut[mark]))

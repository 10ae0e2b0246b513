"""The report on bad rows: where, why, and never the text."""

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any

from core.files.formulas import harmless
from core.files.table import BadRow

COLUMNS = ("line", "reason", "external_id")


class Report:
    """A CSV that is made when the first bad row comes, and is on the disk after each `add`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[str] | None = None
        self._writer: Any = None
        self.rows = 0

    def __enter__(self) -> "Report":
        return self

    def __exit__(self, *_: object) -> None:
        if self._file:
            self._file.close()

    def add(self, bad: Iterable[BadRow]) -> None:
        """Append the rows."""
        rows = [(row.line, harmless(row.reason), harmless(row.external_id or "")) for row in bad]
        if not rows:
            return
        file = self._file or self._open()
        self._writer.writerows(rows)
        file.flush()
        self.rows += len(rows)

    def _open(self) -> IO[str]:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._path.open("w", encoding="utf-8", newline="")
        self._writer = csv.writer(self._file)
        self._writer.writerow(COLUMNS)
        return self._file

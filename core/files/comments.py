"""Rows of a table as comments: every check that a row has to pass."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from core.domain import LabelFlags, NewComment
from core.files.columns import ColumnMap
from core.files.table import BadRow, Batch, Table
from core.labels import LABELS
from core.text import storable, text_hash

MOST_NAME_BYTES = 1000
"""Longest id, author, thread or parent, in bytes of UTF-8: an index entry of PostgreSQL takes 2,700."""

_DETAILS = ("author", "thread", "parent")
_EPOCH_NUMBER = re.compile(r"\d{9,13}(\.\d+)?")
_MILLISECONDS_FROM = 100_000_000_000
_YEARS = range(1970, 9999)
_ID_IN_REPORT = 100
_ON = frozenset({"1", "1.0", "true"})
_OFF = frozenset({"0", "0.0", "false"})


class Unusable(Exception):
    """A row fails a check; the message is the reason for the report."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How a table's rows become comments."""

    source: str
    columns: ColumnMap
    golden: bool
    """Take the labels in as known answers."""
    most_bytes: int
    """Longest text, in bytes of UTF-8."""


def read_comments(table: Table, batch: Batch, how: Reading) -> tuple[list[NewComment], list[BadRow]]:
    """The batch's comments, and why other rows were left out (those that the table left out included)."""
    made: list[NewComment] = []
    bad = list(batch.bad)
    roles = ("text", "external_id", *_DETAILS, "created_at")
    cells = [_column(table, batch, how.columns.get(role)) for role in roles]
    labels = _labels(table, batch, how)
    for at, (line, row, known) in enumerate(zip(batch.lines, zip(*cells, strict=True), labels, strict=True)):
        try:
            if at in batch.broken:
                raise Unusable("broken encoding: some bytes are no valid text")
            made.append(_comment(line, row, known, how))
        except Unusable as reason:
            bad.append(BadRow(line, str(reason), _id_for_report(row[1])))
    bad.sort(key=lambda row: row.line)
    return made, bad


def check_text(text: object, most_bytes: int) -> str:
    """The text, made storable. Raises Unusable when there is none or too much."""
    if text is None or text == "":
        raise Unusable("no text")
    if not isinstance(text, str):
        raise Unusable("the text is no string")
    if text.isspace():
        raise Unusable("no text")
    text = storable(text)
    if len(text) * 4 > most_bytes and (size := len(text.encode())) > most_bytes:
        raise Unusable(f"the text is too long: {size:,} bytes, at most {most_bytes:,}")
    return text


def check_name(value: object, what: str) -> str | None:
    """An id or a name as a storable string, None for none. Raises Unusable when it is too long."""
    if value is None or value == "":
        return None
    text = storable(value if isinstance(value, str) else _written(value, what))
    if len(text) * 4 > MOST_NAME_BYTES and len(text.encode()) > MOST_NAME_BYTES:
        raise Unusable(f"{what} is longer than {MOST_NAME_BYTES:,} bytes")
    return text


def read_time(value: object) -> datetime | None:
    """ISO 8601, seconds or milliseconds since 1970, or a datetime; without a zone it is UTC. Raises Unusable."""
    if value is None or value == "":
        return None
    try:
        time = _time(value)
    except (ValueError, OverflowError):
        time = None
    if time is None or time.year not in _YEARS:
        raise Unusable("bad date in created_at: use 2026-01-31T12:00:00Z")
    return time


def check_labels(cells: Sequence[object]) -> LabelFlags:
    """Six cells, in LABELS order, as flags. Raises Unusable unless each is 0 or 1 (true, false)."""
    flags = [str(cell).strip().lower() for cell in cells]
    for label, flag in zip(LABELS, flags, strict=True):
        if flag not in _ON and flag not in _OFF:
            raise Unusable(f"the label {label} is neither 0 nor 1")
    a, b, c, d, e, f = (flag in _ON for flag in flags)
    return a, b, c, d, e, f


def _comment(line: int, row: Sequence[Any], labels: Sequence[object] | None, how: Reading) -> NewComment:
    text, external_id, author, thread, parent, created_at = row
    text = check_text(text, how.most_bytes)
    if "external_id" not in how.columns:
        external_id = f"{line}-{text_hash(text)}"
    elif (external_id := check_name(external_id, "the id")) is None:
        raise Unusable("no id")
    return NewComment(
        text,
        how.source,
        external_id,
        check_name(author, "author"),
        check_name(thread, "thread"),
        check_name(parent, "parent"),
        read_time(created_at),
        None if labels is None else check_labels(labels),
    )


def _column(table: Table, batch: Batch, name: str | None) -> Sequence[Any]:
    return [None] * len(batch.lines) if name is None else table.cells(batch, name)


def _labels(table: Table, batch: Batch, how: Reading) -> Iterable[Sequence[object] | None]:
    if not how.golden:
        return [None] * len(batch.lines)
    return zip(*(table.cells(batch, how.columns[label]) for label in LABELS), strict=True)


def _written(value: object, what: str) -> str:
    """A number as people write it: ids that were numbers come back from some tools as 17.0."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, int | float | UUID) and not isinstance(value, bool):
        return str(value)
    raise Unusable(f"{what} is neither a string nor a number")


def _time(value: object) -> datetime | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    if isinstance(value, str):
        value = value.strip()
        if _EPOCH_NUMBER.fullmatch(value):
            seconds = float(value)
            return datetime.fromtimestamp(seconds / 1000 if seconds >= _MILLISECONDS_FROM else seconds, UTC)
        value = datetime.fromisoformat(value.removesuffix(" UTC"))
    if not isinstance(value, datetime):
        return None
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _id_for_report(value: object) -> str | None:
    """The row's id where it helps to find the row; never anything long, which may be a misplaced text."""
    return storable(str(value))[:_ID_IN_REPORT] if isinstance(value, str | int) and value != "" else None

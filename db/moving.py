"""Every row of one database into another, hashed on the way out and again where it arrived."""

import hashlib
import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from sqlalchemy import (
    JSON,
    REAL,
    Boolean,
    Column,
    Connection,
    Engine,
    Float,
    Table,
    Text,
    Uuid,
    func,
    inspect,
    select,
    text,
)

from db.models import Base

_TOGETHER: Final = 5_000
"""Rows that are held in memory at a time."""

Told = Callable[[str, int], None]
"""Called with a table's name and how many of its rows are done."""


@dataclass(frozen=True, slots=True)
class Counted:
    """What a table holds."""

    table: str
    rows: int
    sha256: str
    """Over its canonical rows in the order of their key."""


def tables() -> list[Table]:
    """Every table, those that others refer to first."""
    for file in sorted(Path(__file__).parent.glob("*_models.py")):
        import_module(f"db.{file.stem}")
    return Base.metadata.sorted_tables


def count_rows(connection: Connection) -> dict[str, int]:
    """Rows by table."""
    return {t.name: connection.scalar(select(func.count()).select_from(t)) or 0 for t in tables()}


def copy_all(source: Connection, target: Connection, told: Told) -> list[Counted]:
    """Copy every table within the two transactions at hand; returns what was read.

    On PostgreSQL keys and indexes are taken down first and put up again, which checks them: in the same transaction.
    """
    bare = target.dialect.name == "postgresql"
    rebuild = _take_down(target) if bare else []
    counted = [_copy(table, source, target, told) for table in tables()]
    for statement in rebuild:
        target.exec_driver_sql(statement)
    if bare:
        _set_sequences(target)
    return counted


def count_all(connection: Connection, told: Told) -> list[Counted]:
    """What each table holds, read row by row."""
    return [_hash(table, _rows(connection, table), told) for table in tables()]


def _copy(table: Table, source: Connection, target: Connection, told: Told) -> Counted:
    put = _put_postgresql if target.dialect.name == "postgresql" else _put_sqlite
    hashing = _Hashing(table, told)
    put(target, table, hashing.passing(_rows(source, table)))
    return hashing.counted()


def _hash(table: Table, rows: Iterator[list[tuple[Any, ...]]], told: Told) -> Counted:
    hashing = _Hashing(table, told)
    for _ in hashing.passing(rows):
        pass
    return hashing.counted()


class _Hashing:
    """Counts and hashes the canonical rows that pass."""

    def __init__(self, table: Table, told: Told) -> None:
        self._table, self._told, self._sum, self._rows = table, told, hashlib.sha256(), 0

    def passing(self, batches: Iterator[list[tuple[Any, ...]]]) -> Iterator[list[tuple[Any, ...]]]:
        for rows in batches:
            self._sum.update("\n".join(map(repr, rows)).encode("utf-8", "surrogatepass") + b"\n")
            self._rows += len(rows)
            yield rows
            self._told(self._table.name, self._rows)

    def counted(self) -> Counted:
        return Counted(self._table.name, self._rows, self._sum.hexdigest())


def _rows(connection: Connection, table: Table) -> Iterator[list[tuple[Any, ...]]]:
    """Canonical rows in the order of the key, some at a time: the same on both databases."""
    postgresql = connection.dialect.name == "postgresql"
    listed = ", ".join(_reading(column, postgresql=postgresql) for column in table.columns)
    keys = ", ".join(_ordering(column, postgresql=postgresql) for column in table.primary_key)
    fixes = [(place, fix) for place, column in enumerate(table.columns) if (fix := _canonical(column))]
    streaming = connection.execution_options(stream_results=True, max_row_buffer=_TOGETHER)
    found = streaming.exec_driver_sql(f'SELECT {listed} FROM "{table.name}" ORDER BY {keys}')  # nosec B608 # names of our own tables and columns
    for rows in found.partitions(_TOGETHER):
        yield [_fixed(row, fixes) for row in rows] if fixes else [tuple(row) for row in rows]
    connection.execution_options(stream_results=False)


def _reading(column: Column[Any], *, postgresql: bool) -> str:
    name = f'"{column.name}"'
    return f"CAST({name} AS text)" if postgresql and isinstance(column.type, JSON | Uuid) else name


def _ordering(column: Column[Any], *, postgresql: bool) -> str:
    return f'"{column.name}" COLLATE "C"' if postgresql and isinstance(column.type, Text) else f'"{column.name}"'


def _fixed(row: Sequence[Any], fixes: Sequence[tuple[int, Callable[[Any], Any]]]) -> tuple[Any, ...]:
    values = list(row)
    for place, fix in fixes:
        if values[place] is not None:
            values[place] = fix(values[place])
    return tuple(values)


def _canonical(column: Column[Any]) -> Callable[[Any], Any] | None:
    """What makes a driver's value of the column the same on both databases."""
    if isinstance(column.type, Boolean):
        return bool
    if isinstance(column.type, REAL):
        return _single
    if isinstance(column.type, Float):
        return float
    if isinstance(column.type, Uuid):
        return _hex
    return None


def _single(value: float) -> float:
    """The nearest float32: SQLite keeps eight bytes of what PostgreSQL keeps four of."""
    (nearest,) = struct.unpack("f", struct.pack("f", value))
    return float(nearest)


def _hex(value: Any) -> str:
    return str(value).replace("-", "")


def _put_postgresql(target: Connection, table: Table, batches: Iterator[list[tuple[Any, ...]]]) -> None:
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    driver: Any = target.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(f'COPY "{table.name}" ({names}) FROM STDIN') as copy:
        for rows in batches:
            for row in rows:
                copy.write_row(row)


def _put_sqlite(target: Connection, table: Table, batches: Iterator[list[tuple[Any, ...]]]) -> None:
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    places = ", ".join("?" for _ in table.columns)
    for rows in batches:
        target.exec_driver_sql(f'INSERT INTO "{table.name}" ({names}) VALUES ({places})', rows)  # nosec B608 # names of our own tables and columns


_FOREIGN_KEYS = text("""
    SELECT conrelid::regclass::text AS "table", quote_ident(conname) AS name, pg_get_constraintdef(oid) AS definition
    FROM pg_constraint WHERE contype = 'f' AND connamespace = current_schema()::regnamespace ORDER BY 1, 2""")
_INDEXES = text("""
    SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS definition FROM pg_index
    JOIN pg_class ON pg_class.oid = indrelid AND relnamespace = current_schema()::regnamespace
    WHERE NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conindid = indexrelid AND contype IN ('p', 'u'))
    AND relname = ANY(:tables) ORDER BY 1""")


def _take_down(target: Connection) -> list[str]:
    """Drop foreign keys and indexes; returns the statements that put them up again."""
    indexes = target.execute(_INDEXES, {"tables": [table.name for table in tables()]}).all()
    keys = target.execute(_FOREIGN_KEYS).all()
    for key in keys:
        target.exec_driver_sql(f"ALTER TABLE {key.table} DROP CONSTRAINT {key.name}")
    for index in indexes:
        target.exec_driver_sql(f"DROP INDEX {index.name}")
    again = [f"ALTER TABLE {key.table} ADD CONSTRAINT {key.name} {key.definition}" for key in keys]
    return [index.definition for index in indexes] + again


def _set_sequences(target: Connection) -> None:
    """Let the next row of each table get the id after the highest."""
    for table in tables():
        for column in table.primary_key:
            sequence = target.scalar(select(func.pg_get_serial_sequence(table.name, column.name)))
            if sequence and (highest := target.scalar(select(func.max(column)))):
                target.execute(select(func.setval(sequence, highest)))


def has_foreign_tables(target: Engine) -> bool:
    """Whether the database has tables without being Moderato's."""
    found = set(inspect(target).get_table_names())
    return bool(found) and "alembic_version" not in found

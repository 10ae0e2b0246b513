"""Many rows in one go: executemany on SQLite, one statement over arrays on PostgreSQL.

COPY into a temporary table and an upsert from there is slower: benchmarks/bulk_postgres.py.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Text, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from db.models import Base

IN_LIMIT = 10_000
"""Most keys in one IN (...): both drivers take at least three times as many parameters."""


def in_chunks(keys: Sequence[int], size: int = IN_LIMIT) -> Iterator[Sequence[int]]:
    """Slices of the keys that fit into one statement."""
    for start in range(0, len(keys), size):
        yield keys[start : start + size]


def put_rows(
    session: Session,
    row: type[Base],
    columns: Mapping[str, Sequence[Any]],
    *,
    update: Sequence[str] = (),
    where: str = "true",
) -> None:
    """Insert rows given as equally long columns, in their order; where the primary key exists, set `update` instead.

    Values go to the driver as they are: a moment as microseconds, never a datetime; None in text columns alone. An
    entry "a+" of `update` adds to column a rather than setting it. An existing row that does not meet the SQL condition
    `where` stays as it is. Give rows in the order of their key: two workers that meet then wait for each other rather
    than deadlock.
    """
    if not next(iter(columns.values())):
        return
    sql = _upsert(row, tuple(columns), tuple(update), where, session.get_bind().dialect.name)
    if session.get_bind().dialect.name == "sqlite":
        session.connection().exec_driver_sql(sql, list(zip(*columns.values(), strict=True)))
    else:
        session.execute(text(sql), {name: _array(row, name, values) for name, values in columns.items()})


def _array(row: type[Base], name: str, values: Sequence[Any]) -> list[Any] | str:
    # the driver takes a microsecond for each element of a list; numbers are safe to write out, text is not
    if isinstance(row.__table__.c[name].type, Text):
        return list(values)
    return f"{{{','.join(map(str, values))}}}"


@lru_cache(maxsize=64)
def _upsert(row: type[Base], names: tuple[str, ...], update: tuple[str, ...], where: str, dialect: str) -> str:
    table = row.__table__
    listed = ", ".join(f'"{name}"' for name in names)
    if dialect == "sqlite":
        source = f"VALUES ({', '.join('?' for _ in names)})"
    else:
        types = (table.c[name].type.compile(postgresql.dialect()) for name in names)
        arrays = (f"CAST(:{name} AS {kind}[])" for name, kind in zip(names, types, strict=True))
        source = f"SELECT * FROM unnest({', '.join(arrays)})"  # nosec B608 # names of the tables' own columns
    keys = ", ".join(f'"{column.name}"' for column in table.primary_key)
    sets = ", ".join(_set(row.__tablename__, name) for name in update)
    action = f"UPDATE SET {sets} WHERE {where}" if update else "NOTHING"  # nosec B608 # names of own columns
    # all of it names of the tables' own columns, values are bound
    return f'INSERT INTO "{row.__tablename__}" ({listed}) {source} ON CONFLICT ({keys}) DO {action}'  # nosec B608


def _set(table: str, name: str) -> str:
    if name.endswith("+"):
        name = name[:-1]
        return f'"{name}" = "{table}"."{name}" + excluded."{name}"'
    return f'"{name}" = excluded."{name}"'

"""Any bytes in a file: rows, reasons, or a sentence for a person; never another error, never all of the memory."""

import gzip
import json
import math
import zlib
from contextlib import closing
from datetime import datetime
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.accounts import local_person
from core.errors import ModeratoError
from core.files import find_columns, open_table, preview
from core.files.comments import Reading, read_comments
from tests.fuzz.profile import SEED

KINDS = ("csv", "tsv", "jsonl", "parquet")
CELL = st.text(max_size=12) | st.sampled_from(
    ['"', '""', "a,b", "\t", "\r", "\n", "\r\n", "\0", "\ufeff", "=1+1", "\ud800", "\x1a", "ä" * 9, "\u2028", "''"]
)
HEADERS = st.sampled_from(["text", "id", "comment_text", "author", "created_at", "toxic", "", "text ", "TEXT", '"'])
DEEP = st.integers(1, 4000).map(lambda depth: '{"text":' + "[" * depth + "]" * depth + "}")
JSON_VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | CELL,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(CELL, inner, max_size=3),
    max_leaves=6,
)


def text_bytes(text: str) -> st.SearchStrategy[bytes]:
    """The text in some encoding, right or wrong, whole or cut or damaged."""
    encodings = st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "latin-1", "cp1252", "utf-7"])
    whole = encodings.map(lambda name: text.encode(name, "replace" if name != "utf-8" else "surrogatepass"))
    return st.tuples(whole, st.integers(0, 40), st.binary(max_size=6)).map(lambda p: p[0][: len(p[0]) - p[1]] + p[2])


TABLES = st.tuples(
    st.sampled_from([",", ";", "\t", "|"]), st.lists(HEADERS, min_size=1, max_size=4),
    st.lists(st.lists(CELL, max_size=5), max_size=6),
).map(lambda t: "\n".join(t[0].join(row) for row in (t[1], *t[2])))  # fmt: skip
LINES = st.lists(
    st.dictionaries(HEADERS, JSON_VALUE, max_size=4).map(lambda row: json.dumps(row)) | DEEP | CELL, max_size=6
).map("\n".join)
CONTENT = st.binary(max_size=300) | TABLES.flatmap(text_bytes) | LINES.flatmap(text_bytes)


def read_all(path) -> int:
    """Rows that an import would take in; raises ModeratoError alone."""
    try:
        preview(path)
        with closing(open_table(path)) as table:
            how = Reading("fuzz", find_columns(table.columns), False, 65536)
            return sum(len(read_comments(table, batch, how)[0]) for batch in table.batches(50))
    except ModeratoError:
        return -1


@SEED
@given(content=CONTENT, kind=st.sampled_from(KINDS), packed=st.sampled_from(["no", "yes", "twice", "name only", "cut"]))
def test_any_file(tmp_path, content, kind, packed):
    if packed in ("yes", "twice", "cut"):
        content = gzip.compress(content, 1)
    if packed == "twice":
        content = gzip.compress(content, 1)
    if packed == "cut":
        content = content[: len(content) * 2 // 3]
    path = tmp_path / (f"f.{kind}" + ("" if packed == "no" else ".gz"))
    path.write_bytes(content)
    read_all(path)


BIG, DAY = 2**62, datetime(2026, 1, 2, 3, 4, 5)
TYPED = [
    (pa.string(), ["a", "\0", "=1"]), (pa.large_string(), ["b"]), (pa.binary(), [b"\xff", b"ok"]),
    (pa.int64(), [BIG, -BIG]), (pa.float64(), [math.nan, math.inf, 1e300]), (pa.bool_(), [True]),
    (pa.timestamp("ns"), [BIG, -BIG, 0]), (pa.timestamp("us"), [BIG, -BIG]), (pa.timestamp("s"), [BIG >> 10]),
    (pa.timestamp("us", tz="Europe/Berlin"), [DAY, BIG]), (pa.timestamp("us", tz="No/Where"), [0]),
    (pa.date32(), [2**31 - 1, -(2**31)]), (pa.date64(), [0]), (pa.duration("s"), [BIG]), (pa.time64("ns"), [1]),
    (pa.list_(pa.string()), [["a", None], []]), (pa.null(), [None]), (pa.struct([("a", pa.string())]), [{"a": "x"}]),
    (pa.map_(pa.string(), pa.int64()), [[("k", 1)]]), (pa.decimal128(38, 9), [Decimal("1.5")]),
    (pa.dictionary(pa.int32(), pa.string()), ["d"]), (pa.uint64(), [2**64 - 1]), (pa.float16(), [1.5]),
    (pa.binary(4), [b"abcd"]), (pa.list_(pa.list_(pa.binary())), [[[b"\xff"]]]), (pa.string_view(), ["v"]),
]  # fmt: skip
"""Types and values of them, the odd ones."""


@SEED
@given(columns=st.lists(st.tuples(HEADERS, st.sampled_from(TYPED)), min_size=1, max_size=4), data=st.data())
def test_any_parquet(tmp_path, columns, data):
    """Any types under any names, and then some bytes changed."""
    arrays = [pa.array([*values, None, *values][:3], type=kind) for _, (kind, values) in columns]
    arrays = [pa.concat_arrays([array, pa.nulls(3 - len(array), array.type)]) for array in arrays]
    path = tmp_path / "f.parquet"
    try:
        pq.write_table(pa.Table.from_arrays(arrays, names=[name for name, _ in columns]), path)
    except (pa.ArrowException, ValueError, TypeError):
        return
    content = bytearray(path.read_bytes())
    for at in data.draw(st.lists(st.integers(0, len(content) - 1), max_size=4)):
        content[at] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    read_all(path)


@pytest.mark.parametrize(("kind", "values"), TYPED, ids=[str(kind) for kind, _ in TYPED])
@pytest.mark.parametrize("role", ["text", "id", "author", "created_at", "toxic"])
def test_each_parquet_type_in_each_role(tmp_path, kind, values, role):
    path = tmp_path / "f.parquet"
    columns = {"text": pa.array(["x"] * len(values))} | {role: pa.array(values, type=kind)}
    try:
        pq.write_table(pa.table(columns), path)
    except (pa.ArrowException, ValueError):
        pytest.skip("Parquet has no such type")
    read_all(path)


@pytest.mark.parametrize("kind", KINDS)
def test_a_bomb_is_read_piece_by_piece(tmp_path, kind):
    """Forty megabytes of one character in forty kilobytes: refused or left out, in little memory."""
    path = tmp_path / f"bomb.{kind}.gz"
    packer, piece = zlib.compressobj(9, zlib.DEFLATED, 31), b"a" * (1 << 20)
    with path.open("wb") as out:
        out.write(packer.compress(b'text\n"' if kind != "jsonl" else b'{"text":"'))
        for _ in range(40):
            out.write(packer.compress(piece))
        out.write(packer.flush())
    assert path.stat().st_size < 1 << 20
    assert read_all(path) <= 0


@SEED
@given(content=CONTENT, kind=st.sampled_from(KINDS))
def test_any_upload_is_imported_or_refused(sqlite_services, tmp_path, content, kind):
    path = tmp_path / f"f.{kind}"
    path.write_bytes(content)
    try:
        summary = sqlite_services.intake.import_file(path, by=local_person("Ada"), source="fuzz")
    except ModeratoError:
        return
    assert summary.run.read == summary.run.added + summary.run.known + summary.run.bad


def test_deep_json_is_a_bad_row(tmp_path):
    path = tmp_path / "deep.jsonl"
    path.write_text('{"text": "fine"}\n{"text": ' + "[" * 200_000 + "]" * 200_000 + "}\n")
    with closing(open_table(path)) as table:
        batch = next(table.batches())
    assert (len(batch.rows), len(batch.bad)) == (1, 1)


def test_huge_numbers_in_json_are_bad_rows(tmp_path):
    path = tmp_path / "number.jsonl"
    path.write_text('{"text": "fine"}\n{"text": ' + "9" * 5000 + "}\n")
    assert read_all(path) == 1


def test_parquet_bomb(tmp_path):
    """A small file of a quarter of a gigabyte, coded by a dictionary, is read some rows at a time."""
    path = tmp_path / "bomb.parquet"
    text = pa.array(["x" * 60_000] * 4_000).dictionary_encode()
    pq.write_table(pa.table({"text": text}), path, compression="zstd", row_group_size=4_000)
    assert path.stat().st_size < 1 << 20
    with closing(open_table(path)) as table:
        first = next(table.batches())
        assert sum(map(len, table.cells(first, "text"))) <= 1 << 25

"""Tables in files: what is read, what is reported, and with which line number."""

import contextlib
import csv
import gzip
import json
import random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from core.errors import BadInput
from core.files import find_columns, harmless, kind_of, open_table, preview
from core.files.comments import Reading, Unusable, read_comments, read_time


def read(path, column="text", size=5000):
    """Cells of a column with their lines, bad rows with theirs, and the table's problem."""
    table = open_table(path)
    good, bad = [], []
    for batch in table.batches(size):
        good += zip(batch.lines, table.cells(batch, column), strict=True)
        bad += batch.bad
    table.close()
    return good, bad, table.problem


def comments(path, **columns):
    table = open_table(path)
    how = Reading("s", find_columns(table.columns, columns), golden=False, most_bytes=1024)
    good, bad = [], []
    for batch in table.batches():
        made, left = read_comments(table, batch, how)
        good, bad = good + made, bad + left
    table.close()
    return good, bad


def write(tmp_path, content, name="a.csv"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_csv_with_quoted_line_ends_keeps_true_line_numbers(tmp_path):
    path = write(tmp_path, 'id,text\n1,"a\nb ""c"""\n2,plain\n\n3,"x,y"\n')
    good, bad, problem = read(path)
    assert good == [(2, 'a\nb "c"'), (4, "plain"), (6, "x,y")]
    assert not bad
    assert problem is None


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
@pytest.mark.parametrize("mark", [",", ";", "\t", "|"], ids=["comma", "semicolon", "tab", "pipe"])
def test_line_ends_and_delimiters(tmp_path, ending, mark):
    path = write(tmp_path, ending.join([f"id{mark}text", f"1{mark}ö", f"2{mark}b", ""]))
    assert read(path)[0] == [(2, "ö"), (3, "b")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gz"])
def test_encodings(tmp_path, encoding, packed):
    content = 'id,text\n1,"größe 🙂\nzwei"\n2,b\n'.encode(encoding)
    path = write(tmp_path, gzip.compress(content) if packed else content, "a.csv.gz" if packed else "a.csv")
    assert read(path)[0] == [(2, "größe 🙂\nzwei"), (4, "b")]


def test_a_broken_byte_costs_its_row_alone(tmp_path):
    path = write(tmp_path, b'id,text\n1,a\n2,"b\xff\nb"\n3,c\xe2\n4,d\n')
    good, bad = comments(path)
    assert [c.external_id for c in good] == ["1", "4"]
    assert [(row.line, row.external_id) for row in bad] == [(3, "2"), (5, "3")]
    assert "encoding" in bad[0].reason


def test_wrong_column_counts_are_reported(tmp_path):
    good, bad, _ = read(write(tmp_path, 'id,text\n1,a\n2\n3,"c\nc",d\n4,e\n'))
    assert good == [(2, "a"), (6, "e")]
    assert [(row.line, row.reason) for row in bad] == [(3, "1 column instead of 2"), (4, "3 columns instead of 2")]


@pytest.mark.parametrize(
    "broken",
    ['2,"never closed', '2,"a "quoted" word"', '2,"never closed, with ""doubled"" ones'],
    ids=["open", "inner", "doubled"],
)
def test_quotes_that_do_not_match_cost_one_row(tmp_path, broken):
    good, bad, _ = read(write(tmp_path, f'id,text\n1,a\n{broken}\n3,"c\nc"\n4,d\n'))
    assert good == [(2, "a"), (4, "c\nc"), (6, "d")]
    assert [row.line for row in bad] == [3]


def test_quotes_that_never_match_end_in_bounded_time(tmp_path):
    path = write(tmp_path, "id,text\n" + 'a","b\n' * 200_000)
    good, _, problem = read(path)
    assert "line" in problem
    assert not good


def test_tsv_without_quoting(tmp_path):
    path = write(tmp_path, 'id\ttext\n1\t"so" he said\n2\ta "b" c\n3\t"quoted\tone"\n', "a.tsv")
    assert read(path)[0] == [(2, '"so" he said'), (3, 'a "b" c'), (4, "quoted\tone")]


def test_a_line_without_end_is_skipped(tmp_path, monkeypatch):
    monkeypatch.setattr("core.files.stream.MOST_LINE", 100)
    good, bad, _ = read(write(tmp_path, "id,text\n1,a\n2," + "x" * 1000 + "\n3,c\n"))
    assert good == [(2, "a"), (4, "c")]
    assert [row.line for row in bad] == [3]


def test_truncated_gzip_keeps_what_came_before(tmp_path):
    draw = random.Random(1)
    rows = "".join(f"{n},{draw.getrandbits(200):x}\n" for n in range(20_000))
    packed = gzip.compress(f"id,text\n{rows}".encode())
    good, bad, problem = read(write(tmp_path, packed[: len(packed) // 2], "a.csv.gz"))
    assert 5_000 < len(good) < 15_000
    assert len(bad) <= 1
    assert "cut off" in problem


def test_jsonl(tmp_path):
    lines = [
        '{"id": 7, "text": "a"}',
        "[1]",
        "{broken",
        "",
        '{"id": 8, "text": "\\ud83d x \\u0000"}',
        '{"id": 9, "text": 5}',
        '{"text": "no id"}',
        '{"id": 10, "text": null}',
    ]
    good, bad = comments(write(tmp_path, "\n".join(lines), "a.jsonl"))
    assert [(c.external_id, c.text) for c in good] == [("7", "a"), ("8", "\ufffd x \ufffd")]
    assert [row.line for row in bad] == [2, 3, 6, 7, 8]


def test_jsonl_with_a_broken_byte_in_one_line(tmp_path):
    good, bad = comments(
        write(tmp_path, b'{"id":1,"text":"a"}\n{"id":2,"text":"\xff"}\n{"id":3,"text":"c"}\n', "a.jsonl")
    )
    assert [c.external_id for c in good] == ["1", "3"]
    assert [row.line for row in bad] == [2]


def parquet(path, **columns):
    pq.write_table(pa.table(columns), path, row_group_size=3)
    return path


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gz"])
def test_parquet(tmp_path, packed):
    path = parquet(tmp_path / "a.parquet", id=[1, 2, 3, 4], text=["a", None, "c", "d"])
    if packed:
        path = write(tmp_path, gzip.compress(path.read_bytes()), "b.parquet.gz")
    good, bad = comments(path)
    assert [(c.external_id, c.text) for c in good] == [("1", "a"), ("3", "c"), ("4", "d")]
    assert [(row.line, row.reason, row.external_id) for row in bad] == [(2, "no text", "2")]


def test_parquet_with_bytes_that_are_no_text(tmp_path):
    broken = pa.array([b"a", b"\xff", b"c"])
    for name, values in (("bytes", broken), ("string", broken.view("string"))):
        path = parquet(tmp_path / f"{name}.parquet", id=["1", "2", "3"], text=values)
        good, bad = comments(path)
        assert [c.external_id for c in good] == ["1", "3"]
        assert [row.line for row in bad] == [2]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.csv", b"", "empty"),
        ("a.csv", b"\n\n", "empty"),
        ("a.csv.gz", b"", "empty"),
        ("a.csv", b"PK\x03\x04rest", "zip"),
        ("a.csv", b"PAR1rest", "Parquet"),
        ("a.csv", b"\x1f\x8b\x08broken", "damaged"),
        ("a.csv", "id,text\n1,a\n".encode("utf-16-le"), "NUL"),
        ("a.jsonl", b"[\n", "JSONL"),
        ("a.parquet", b"no parquet", "damaged"),
        ("a.parquet", b"", "empty"),
        ("a.xlsx", b"", "can be read"),
        ("a", b"", "no ending"),
    ],
)
def test_files_that_are_no_table(tmp_path, name, content, says):
    with pytest.raises(BadInput, match=says):
        open_table(write(tmp_path, content, name))


def test_a_missing_file_and_a_folder(tmp_path):
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(BadInput):
            open_table(path, kind=kind_of("a.csv"))


def test_columns_by_name():
    assert find_columns(["ID", " Comment_Text ", "toxic"]) == {
        "text": " Comment_Text ",
        "external_id": "ID",
        "toxic": "toxic",
    }
    assert find_columns(["tweet", "id"], {"text": "tweet", "external_id": None}) == {"text": "tweet"}
    with pytest.raises(BadInput, match="tweet"):
        find_columns(["tweet"])
    with pytest.raises(BadInput, match="nothere"):
        find_columns(["text"], {"author": "nothere"})


def test_preview_shows_the_first_rows(tmp_path):
    seen = preview(write(tmp_path, "id,text\n" + "".join(f"{n},t{n}\n" for n in range(50))), rows=3)
    assert seen.columns == ["id", "text"]
    assert seen.rows == [["0", "t0"], ["1", "t1"], ["2", "t2"]]


@pytest.mark.parametrize(
    "value",
    ["2026-01-31", "2026-01-31T12:00:00Z", "2026-01-31 12:00:00 UTC", "1769860800", "1769860800123", 1769860800, 1.7e9],
)
def test_times_that_are_read(value):
    assert read_time(value).utcoffset().total_seconds() == 0


@pytest.mark.parametrize(
    "value", ["yesterday", "31/01/2026", "0001-01-01T00:00+05:00", "9999-12-31", True, [], "1e400"]
)
def test_times_that_are_not(value):
    with pytest.raises(Unusable):
        read_time(value)


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_formulas_are_made_harmless(start):
    assert harmless(f"{start}1") == f"'{start}1"
    assert harmless(f"1{start}") == f"1{start}"


QUICK = hypothesis_settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@QUICK
@given(content=st.binary(max_size=400), name=st.sampled_from(["a.csv", "a.tsv", "a.jsonl", "a.parquet", "a.csv.gz"]))
def test_any_bytes_are_read_or_refused(tmp_path, content, name):
    with contextlib.suppress(BadInput):
        comments(write(tmp_path, content, name))


LINE = st.binary(max_size=30).map(lambda b: b.translate(None, b"\r\n\0"))


@QUICK
@given(lines=st.lists(LINE.map(lambda b: b.replace(b'"', b"")), max_size=20), size=st.integers(1, 5))
def test_every_csv_line_is_accounted_for(tmp_path, lines, size):
    good, bad, _ = read(write(tmp_path, b"id,text\n" + b"\n".join(lines)), size=size)
    assert sorted([n for n, _ in good] + [row.line for row in bad]) == [n for n, line in enumerate(lines, 2) if line]


@QUICK
@given(lines=st.lists(LINE.map(lambda b: b.translate(bytes.maketrans(b"abcdefgh", b'""",,\x80\n\n'))), max_size=20))
def test_no_csv_line_counts_twice_whatever_the_quotes(tmp_path, lines):
    content = b"id,text\n" + b"\n".join(lines)
    table, used = open_table(write(tmp_path, content)), []
    for batch in table.batches(3):
        for start, raw in zip(batch.lines, batch.raw, strict=True):
            used += range(start, start + raw.rstrip("\n").count("\n") + 1)
        used += [row.line for row in batch.bad]
    assert len(used) == len(set(used))
    assert not used or max(used) <= content.count(b"\n") + 1


@QUICK
@given(rows=st.lists(st.tuples(st.text(max_size=8), st.text(min_size=1, max_size=20)), max_size=12))
def test_what_a_csv_writer_wrote_is_read_back(tmp_path, rows):
    rows = [(f"i{a}".replace("\r", ""), f"t{b}".replace("\r", "")) for a, b in rows]
    path = tmp_path / "w.csv"
    with path.open("w", encoding="utf-8", errors="surrogatepass", newline="") as out:
        csv.writer(out, lineterminator="\n").writerows([("id", "text"), *rows])
    try:
        path.read_text("utf-8")
    except UnicodeDecodeError:
        return
    assert [cell for _, cell in read(path)[0]] == [text for _, text in rows]


@QUICK
@given(
    rows=st.lists(st.one_of(st.dictionaries(st.sampled_from(["id", "text", "x"]), st.text(max_size=9)), st.integers()))
)
def test_every_json_line_is_accounted_for(tmp_path, rows):
    path = write(tmp_path, '{"id":"0","text":"x"}\n' + "\n".join(map(json.dumps, rows)), "a.jsonl")
    good, bad = comments(path)
    assert len(good) + len(bad) == len(rows) + 1

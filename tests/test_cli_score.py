"""`moderato score` and `moderato import`, run as commands."""

import csv
import gzip
import io
import json
import os
import subprocess
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.labels import SCORE_COLUMNS
from core.settings import ROOT
from tests.support.command import run_here

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def moderato(home, monkeypatch):
    """Run the command in this process; give its output as bytes."""
    monkeypatch.setenv("MODERATO_DATA_DIR", str(home))

    def run(*arguments, given=None, fails=False):
        return checked(run_here(*arguments, given=given), fails)

    return run


@pytest.fixture
def moderato_process(home):
    """Run the command in a process of its own, as people do."""

    def run(*arguments, given=None, fails=False):
        done = subprocess.run(
            [sys.executable, "cli.py", *map(str, arguments)],
            cwd=ROOT, env=os.environ | {"MODERATO_DATA_DIR": str(home)}, input=given, capture_output=True, check=False,
        )  # fmt: skip
        return checked(done, fails)

    return run


def checked(done, fails):
    assert (done.returncode != 0) == fails, done.stderr.decode()
    assert b"Traceback" not in done.stderr
    return done


def read_csv(path):
    return list(csv.DictReader(path.open(encoding="utf-8-sig", newline="")))


def scores(row):
    return [float(row[name]) for name in SCORE_COLUMNS]


def test_csv_keeps_its_bytes(moderato_process, tmp_path):
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    rows = [
        "id;text;price",
        '1;"You idiot;\nreally ""you""";01,50',
        '"2";;=1+1',
        "3;  ;x",
        "4;Thank you for the help.;",
    ]
    source.write_bytes("\ufeff".encode() + "\r\n".join(rows).encode() + b"\r\n5;broken \xff byte;y\r\n6;a;b;c\r\n")
    done = moderato_process("score", source, "-o", target)
    lines = target.read_bytes().split(b"\r\n")
    assert lines[0] == ("\ufeffid;text;price;" + ";".join(SCORE_COLUMNS)).encode()
    assert all(line.startswith(row.encode()) for line, row in zip(lines[1:], rows[1:], strict=False))
    assert lines[2] == b'"2";;=1+1;;;;;;'
    assert lines[3] == b"3;  ;x;;;;;;"
    assert lines[5].startswith(b"5;broken \xff byte;y;0")
    assert len(lines) == 7
    assert float(lines[1].decode().split(";")[-6]) > 0.5 > float(lines[4].decode().split(";")[-6])
    assert "5 rows" in done.stderr.decode()
    assert "2 have no text" in done.stderr.decode()
    assert "line 8: 4 columns instead of 3" in done.stderr.decode()


def test_jsonl_keeps_its_text(moderato, tmp_path):
    source, target = tmp_path / "in.jsonl.gz", tmp_path / "out.jsonl.gz"
    lines = ['{"text": "You idiot", "n": 1.50, "x": [1,  2]}', '{"n":2}', '{"text": "\\u00e9 \\ud83d"}', "{}"]
    source.write_bytes(gzip.compress("\n".join(lines).encode()))
    moderato("score", source, "-o", target)
    out = gzip.decompress(target.read_bytes()).decode().splitlines()
    assert [line.startswith(row[:-1]) for line, row in zip(out, lines, strict=True)] == [True] * 4
    assert json.loads(out[1])["p_toxic"] is None
    assert json.loads(out[3])["p_toxic"] is None
    assert json.loads(out[0])["p_insult"] > 0.5


def test_parquet_keeps_its_types(moderato, tmp_path):
    source, target = tmp_path / "in.parquet", tmp_path / "out.parquet"
    table = pa.table(
        {"n": pa.array([1, None, 3], pa.int16()), "body": ["You idiot", None, "Thanks"], "x": [[1], [], None]}
    )
    pq.write_table(table, source)
    moderato("score", source, "-o", target)
    out = pq.read_table(target)
    assert out.drop_columns(list(SCORE_COLUMNS)).equals(table)
    assert out.schema.field("p_toxic").type == pa.float32()
    assert out["p_toxic"].to_pylist()[1] is None
    assert out["p_toxic"].to_pylist()[0] > 0.5


@pytest.mark.parametrize("ending", ["csv", "tsv", "jsonl", "parquet"])
@pytest.mark.parametrize("start", ["csv", "jsonl", "parquet"])
def test_every_kind_into_every_kind(moderato, tmp_path, start, ending):
    source, target = tmp_path / f"in.{start}", tmp_path / f"out.{ending}"
    rows = [{"id": "1", "text": 'You "idiot",\n=1+1'}, {"id": "2", "text": "Thanks"}, {"id": "3", "text": ""}]
    if start == "csv":
        with source.open("w", newline="") as out:
            writer = csv.DictWriter(out, ["id", "text"])
            writer.writeheader()
            writer.writerows(rows)
    elif start == "jsonl":
        source.write_text("\n".join(map(json.dumps, rows)))
    else:
        pq.write_table(pa.Table.from_pylist(rows), source)
    moderato("score", source, "-o", target)
    if ending == "jsonl":
        found = [json.loads(line) for line in target.read_text().splitlines()]
    elif ending == "parquet":
        found = pq.read_table(target).to_pylist()
    else:
        found = list(csv.DictReader(target.open(newline=""), delimiter="\t" if ending == "tsv" else ","))
    assert [{key: row[key] for key in ("id", "text")} for row in found] == rows
    assert list(found[0]) == ["id", "text", *SCORE_COLUMNS]
    assert float(found[0]["p_toxic"]) > 0.5
    assert found[2]["p_toxic"] in (None, "")


def test_streams(moderato, moderato_process):
    done = moderato_process(
        "score", "-", "-o", "-", "--text-column", "tweet", given=b"tweet,n\nYou idiot,1\nThanks,2\n"
    )
    rows = list(csv.DictReader(io.StringIO(done.stdout.decode())))
    assert [row["n"] for row in rows] == ["1", "2"]
    assert scores(rows[0])[0] > scores(rows[1])[0]
    table = pa.table({"text": ["You idiot"]})
    packed = io.BytesIO()
    pq.write_table(table, packed)
    done = moderato("score", "-", "-o", "-", "--format", "parquet", given=packed.getvalue())
    assert pq.read_table(io.BytesIO(done.stdout))["p_toxic"].to_pylist()[0] > 0.5
    done = moderato("score", "-", "-o", "-", "--format", "jsonl", given=b'{"text":"hi"}\n')
    assert json.loads(done.stdout)["p_toxic"] < 0.5


def test_refusals_say_what_to_do(moderato, tmp_path):
    source = tmp_path / "in.csv"
    source.write_text("text,p_toxic\na,1\n")
    target = tmp_path / "out.csv"
    assert b"p_toxic already" in moderato("score", source, "-o", target, fails=True).stderr
    source.write_text("tweet\na\n")
    assert b"tweet" in moderato("score", source, "-o", target, fails=True).stderr
    assert b"none.csv" in moderato("score", tmp_path / "none.csv", "-o", target, fails=True).stderr
    assert b"moderato models" in moderato("score", source, "-o", target, "--model", "nosuch", fails=True).stderr
    assert b"input itself" in moderato("score", source, "-o", source, fails=True).stderr
    assert b"can be read" in moderato("score", source, "-o", tmp_path / "out.xlsx", fails=True).stderr
    assert b"folder" in moderato("score", source, "-o", tmp_path / "none" / "out.csv", fails=True).stderr
    assert not list(tmp_path.glob("*out*"))


def test_import(moderato, tmp_path):
    source = tmp_path / "in.csv"
    source.write_text("id,tweet\n1,a\n2,\n3,c\n")
    done = moderato("import", source, "--text-column", "tweet", "--source", "site")
    assert "2 added, 0 known before, 1 left out" in done.stdout.decode()
    assert "reports/import-" in done.stdout.decode()
    assert (
        "0 added, 2 known" in moderato("import", source, "--text-column", "tweet", "--source", "site").stdout.decode()
    )
    assert "1 added" in moderato("import", "-", given=b"text\nhello\n").stdout.decode()
    assert b"folder" in moderato("import", tmp_path, fails=True).stderr

"""Labelled files are read, whatever their kind, and problems are told by file, row and column."""

import gzip
import json

import numpy as np
import pandas as pd
import pytest

from core.errors import BadInput
from core.labels import LABELS
from core.text import in_frozen_test
from training.data import make_rows, read_rows

GOOD = {
    "comment_text": ["fine", 'awful, "really"\nso'],
    **{name: [0, 1] for name in LABELS},
    "weight": [2.5, 1.0],
    "id": ["a", "b"],
}


def write(frame, path):
    if path.name.endswith(".parquet"):
        frame.to_parquet(path)
    elif ".jsonl" in path.name:
        text = "".join(json.dumps(row) + "\n" for row in frame.to_dict("records"))
        path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    else:
        frame.to_csv(path, index=False)
    return path


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.jsonl", "a.jsonl.gz", "a.parquet"])
def test_all_kinds_read_the_same(tmp_path, name):
    rows = read_rows(write(pd.DataFrame(GOOD), tmp_path / name))
    assert rows.texts == GOOD["comment_text"]
    np.testing.assert_array_equal(rows.labels, [[0] * 6, [1] * 6])
    np.testing.assert_array_equal(rows.weights, [2.5, 1.0])


def test_weight_is_one_without_a_column(tmp_path):
    frame = pd.DataFrame(GOOD).drop(columns=["weight", "id"]).rename(columns={"comment_text": "text"})
    np.testing.assert_array_equal(read_rows(write(frame, tmp_path / "a.csv")).weights, [1, 1])


@pytest.mark.parametrize(
    ("column", "value", "told"),
    [
        ("toxic", 2, "row 2: toxic"),
        ("threat", "yes", "row 2: threat"),
        ("weight", 0, "row 2: weight"),
        ("weight", -1, "row 2: weight"),
        ("weight", float("inf"), "row 2: weight"),
    ],
)
def test_a_bad_value_is_told_with_its_row(tmp_path, column, value, told):
    frame = pd.DataFrame(GOOD).astype({column: object})
    frame.loc[1, column] = value
    with pytest.raises(BadInput, match=told):
        read_rows(write(frame, tmp_path / "a.csv"))


def test_missing_columns_are_told(tmp_path):
    frame = pd.DataFrame(GOOD).drop(columns=["threat", "comment_text"])
    with pytest.raises(BadInput, match="comment_text or text, threat"):
        read_rows(write(frame, tmp_path / "a.csv"))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", b""),
        ("a.csv.gz", b"no gzip"),
        ("a.csv.gz", gzip.compress(b"x" * 99, mtime=0)[:20]),
        ("a.jsonl", b"[1]"),
        ("a.jsonl", b"{"),
        ("a.parquet", b"no"),
        ("a.txt", b"x"),
        ("a.csv", b"\xff\xfe\x00\xd8"),
    ],
)
def test_unreadable_files_are_named(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BadInput, match=name):
        read_rows(tmp_path / name)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(BadInput, match=r"gone\.csv"):
        read_rows(tmp_path / "gone.csv")


def test_corrections_replace_the_same_content_and_weigh_more():
    base = make_rows(["Same  text", "other"], np.zeros((2, 6)), np.array([2.0, 3.0]))
    both = base.plus(make_rows(["same text"], np.ones((1, 6))), factor=4.0)
    assert both.texts == ["other", "same text"]
    np.testing.assert_array_equal(both.weights, [3.0, 4.0])
    np.testing.assert_array_equal(both.labels[:, 0], [0, 1])


def test_frozen_test_goes_by_content():
    rows = make_rows([f"text {i}" for i in range(200)], np.zeros((200, 6)))
    frozen = rows.frozen_test()
    assert 5 < frozen.sum() < 40
    assert all(in_frozen_test(digest) for digest in rows.take(frozen).hashes)

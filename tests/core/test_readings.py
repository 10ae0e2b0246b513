"""Readings of a training: a small file that somebody may read while it is written."""

import json
from itertools import pairwise

import pytest

from core import readings
from core.readings import Reading, ReadingsFile, read_readings


@pytest.fixture
def clock(monkeypatch):
    """Seconds that the test sets."""

    class Clock:
        now = 100.0

        def monotonic(self):
            return self.now

    made = Clock()
    monkeypatch.setattr(readings, "time", made)
    return made


def reading(step, *, steps=10**6, auc=None):
    return Reading(step, steps, 0.5, 1e-4, 1000.0, 2**30, 60.0, auc)


def test_it_comes_back_as_it_was(tmp_path):
    file, path = ReadingsFile(tmp_path / "logs" / "a.jsonl"), tmp_path / "logs" / "a.jsonl"
    assert read_readings(path) == []
    assert file.add(reading(1))
    assert read_readings(path) == [reading(1)]


def test_one_a_second_but_every_validation_and_the_last(tmp_path, clock):
    file = ReadingsFile(tmp_path / "a.jsonl")
    for step in range(1, 41):
        clock.now += 0.125
        file.add(reading(step, steps=40, auc=0.8 if step >= 15 else None))
    found = read_readings(tmp_path / "a.jsonl")
    assert [one.step for one in found] == [1, 9, 15, 23, 31, 39, 40]
    assert [one.auc for one in found] == [None] * 2 + [0.8] * 5


def test_the_newest_is_there_and_the_file_stays_small(tmp_path, clock):
    file, path = ReadingsFile(tmp_path / "a.jsonl"), tmp_path / "a.jsonl"
    for step in range(1, 7201):  # ten hours at five seconds a step
        clock.now += 5
        file.add(reading(step))
        if step % 1000 == 7:
            assert read_readings(path)[-1].step == step
    found = read_readings(path)
    assert len(found) < 2000
    gaps = [after.step - before.step for before, after in pairwise(found)]
    assert max(gaps) <= 20, "the past is thinned evenly enough for a plot"


@pytest.mark.parametrize(
    "rest",
    [
        b'{"step": 2, "ste',
        b"\xff\xfe",
        b"null\n",
        b'{"step": "two", "steps": 3, "loss": 1}\n',
        b'{"loss": 1}\n',
        b"[]\n",
    ],
    ids=["half", "bytes", "null", "words", "incomplete", "list"],
)
def test_a_line_that_is_none_is_left_out(tmp_path, rest):
    path = tmp_path / "a.jsonl"
    ReadingsFile(path).add(reading(1))
    path.write_bytes(path.read_bytes() + rest)
    assert read_readings(path) == [reading(1)]


def test_what_another_version_adds_or_lacks_does_no_harm(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps({"step": 1, "steps": 2, "loss": 3, "colour": "red"}))
    assert read_readings(path) == [Reading(1, 2, 3.0)]


def test_as_a_line_for_people():
    said = str(Reading(1200, 5000, 0.4321, 1e-4, 12345.6, 13_200_000_000, 600.0, 0.98765))
    assert said == "step 1,200 of 5,000, loss 0.432, AUC 0.9877, rate 1.0e-04, 12,346 tokens/s, 13.2 GB, 10 min left"
    assert str(Reading(1, 2, 0.5)) == "step 1 of 2, loss 0.500"

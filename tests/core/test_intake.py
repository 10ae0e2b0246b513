"""Taking comments in: once each, counted exactly, whatever happens on the way."""

import csv
import gzip
import os
import signal
import subprocess
import sys
import time

import pytest
from sqlalchemy import func, select

from core.accounts import Person
from core.domain import NewComment, RunState
from core.errors import BadInput, NotAllowed
from core.settings import ROOT
from db.models import CommentRow, GoldenRow, PendingRow
from db.stores.comments import CommentStore

LABELLED = "id,comment_text,toxic,severe_toxic,obscene,threat,insult,identity_hate\n"


def count(services, table):
    with services.sessions.read() as session:
        return session.scalar(select(func.count()).select_from(table))


def write(tmp_path, content, name="a.csv"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def new(number, text="hello", **more):
    return NewComment(text, "test", str(number), **more)


def test_adding_twice_changes_nothing(services):
    assert services.intake.add([new(1), new(2), new(1, "other")]).added == 2
    again = services.intake.add([new(1, "changed"), new(3)])
    assert (again.added, again.known) == (1, 1)
    assert count(services, CommentRow) == count(services, PendingRow) == 3
    with services.sessions.read() as session:
        stored = {c.external_id: c for c in CommentStore(session).get_many(range(1, 20)).values()}
    assert {key: c.text for key, c in stored.items()} == {"1": "hello", "2": "hello", "3": "hello"}
    assert stored["1"].text_hash == stored["2"].text_hash


def test_adding_nothing(services):
    assert services.intake.add([]).added == 0


@pytest.mark.parametrize("bad", [new(1, ""), new(1, " \n"), new(1, "x" * 70_000), new(""), new("x" * 2000)])
def test_adding_what_cannot_be_stored_adds_nothing(sqlite_services, bad):
    with pytest.raises(BadInput):
        sqlite_services.intake.add([new(7), bad])
    assert count(sqlite_services, CommentRow) == 0


def test_odd_text_is_stored(services):
    services.intake.add([new(1, "a\0b\ud800c 🙂 \u202e"), new(2, "=HYPERLINK()")])
    with services.sessions.read() as session:
        assert CommentStore(session).get(1).text == "a\ufffdb\ufffdc 🙂 \u202e"


def test_a_file_is_taken_in_once(services, ada, tmp_path):
    path = write(tmp_path, 'id,text,author,created_at\n1,"a\nb",x,2026-01-31\n2,,x,\n3,c,y,someday\n4,d\n5,e,,\n')
    seen = []
    first = services.intake.import_file(path, by=ada, progress=seen.append)
    assert (first.run.read, first.run.added, first.run.known, first.run.bad) == (5, 2, 0, 3)
    assert first.run.state is RunState.DONE
    assert first.run.share == 1
    assert seen
    rows = list(csv.reader(first.report.open(newline="")))
    assert [(row[0], row[2]) for row in rows] == [("line", "external_id"), ("4", "2"), ("5", "3"), ("6", "")]
    second = services.intake.import_file(path, by=ada)
    assert (second.run.added, second.run.known, second.run.bad) == (0, 2, 3)
    assert count(services, CommentRow) == count(services, PendingRow) == 2
    assert [run.id for run in services.intake.list_imports()] == [second.run.id, first.run.id]
    with services.sessions.read() as session:
        stored = CommentStore(session).get(1)
    assert (stored.source, stored.author, stored.created_at.isoformat()) == ("a.csv", "x", "2026-01-31T00:00:00+00:00")


def test_the_report_holds_no_formula_and_no_text(sqlite_services, ada, tmp_path):
    path = write(tmp_path, 'id,text,author\n=cmd|1,secret words,a,b\n"=cmd|2",,a\n')
    report = sqlite_services.intake.import_file(path, by=ada).report.read_text()
    assert "secret" not in report
    assert "'=cmd|2" in report


def test_without_ids_a_second_run_still_adds_nothing(services, ada, tmp_path):
    path = write(tmp_path, "text\nsame\nsame\nother\n")
    assert services.intake.import_file(path, by=ada).run.added == 3
    assert services.intake.import_file(path, by=ada).run.added == 0


def test_labels_come_in_as_golden_items(services, ada, tmp_path):
    path = write(tmp_path, LABELLED + "1,a,1,0,0,0,1,0\n2,b,0,0,0,0,0,0\n3,c,-1,-1,-1,-1,-1,-1\n1,again,0,0,0,0,0,0\n")
    plain = services.intake.import_file(path, by=ada, source="plain")
    assert plain.run.added == 3
    assert plain.notes
    assert count(services, GoldenRow) == 0
    golden = services.intake.import_file(path, by=ada, source="gold", golden=True)
    assert (golden.run.added, golden.run.known, golden.run.bad) == (2, 1, 1)
    with services.sessions.read() as session:
        labels = session.scalars(select(GoldenRow.labels).order_by(GoldenRow.comment_id)).all()
    assert labels == [0b10001, 0]


def test_golden_needs_all_labels(sqlite_services, ada, tmp_path):
    with pytest.raises(BadInput, match="severe_toxic"):
        sqlite_services.intake.import_file(write(tmp_path, "text,toxic\na,1\n"), by=ada, golden=True)


def test_mapped_columns(sqlite_services, ada, tmp_path):
    path = write(tmp_path, "nr;tweet\n1;a\n2;b\n")
    columns = {"text": "tweet", "external_id": "nr"}
    assert sqlite_services.intake.import_file(path, by=ada, columns=columns).run.added == 2
    with sqlite_services.sessions.read() as session:
        assert CommentStore(session).get(2).external_id == "2"


def test_a_truncated_file_keeps_what_came_before_and_says_so(services, ada, tmp_path):
    rows = "".join(f"{n},text {os.urandom(20).hex()}\n" for n in range(12_000))
    whole = gzip.compress(f"id,text\n{rows}".encode())
    path = write(tmp_path, whole[: len(whole) // 2], "a.csv.gz")
    cut = services.intake.import_file(path, by=ada)
    assert cut.run.state is RunState.FAILED
    assert "cut off" in cut.run.problem
    assert 0 < cut.run.added < 12_000
    path.write_bytes(whole)
    assert services.intake.import_file(path, by=ada).run.added == 12_000 - cut.run.added
    assert count(services, CommentRow) == 12_000


def test_an_error_on_the_way_is_recorded(sqlite_services, ada, tmp_path):
    def burst(_run):
        raise RuntimeError("not for the page")

    with pytest.raises(RuntimeError):
        sqlite_services.intake.import_file(write(tmp_path, "text\na\n"), by=ada, progress=burst)
    run = sqlite_services.intake.list_imports()[0]
    assert run.state is RunState.FAILED
    assert "not for the page" not in run.problem


def test_importing_needs_the_role(sqlite_services, tmp_path):
    with pytest.raises(NotAllowed):
        sqlite_services.intake.import_file(write(tmp_path, "text\na\n"), by=Person("Eve", frozenset()))


def test_real_data(sqlite_services, ada, shared_data):
    path = shared_data / "toxic-spans" / "tsd_train.csv"
    assert sqlite_services.intake.import_file(path, by=ada).run.bad == 0
    assert count(sqlite_services, CommentRow) == 7939


@pytest.mark.slow
def test_killed_in_the_middle_and_run_again(services, ada, tmp_path):
    rows = 40_000
    path = tmp_path / "big.csv"
    path.write_text("id,text\n" + "".join(f"{n},comment {n}\n" for n in range(rows)))
    code = (
        "import sys; from pathlib import Path; from core.accounts import local_person;"
        "from core.services import build_services; build_services().intake.import_file(Path(sys.argv[1]),"
        "by=local_person('Ada'), progress=lambda run: print(run.read, flush=True))"
    )
    settings = services.settings
    environment = os.environ | {
        "MODERATO_DATA_DIR": str(settings.data_dir),
        "MODERATO_DATABASE_URL": settings.database_url,
    }
    for kills in range(1, 3):
        child = subprocess.Popen(
            [sys.executable, "-c", code, str(path)], cwd=ROOT, env=environment, stdout=subprocess.PIPE
        )
        for _ in range(kills * 2):
            child.stdout.readline()
        time.sleep(0.05)
        child.send_signal(signal.SIGKILL)
        child.wait()
        run = services.intake.list_imports()[0]
        assert run.state is RunState.RUNNING
        assert 0 < run.read < rows
    stored = count(services, CommentRow)
    assert stored >= run.added + run.known
    last = services.intake.import_file(path, by=ada)
    assert last.run.added == rows - stored
    assert count(services, CommentRow) == count(services, PendingRow) == rows
    with services.sessions.read() as session:
        assert session.scalar(select(func.count(CommentRow.external_id.distinct()))) == rows


def test_an_empty_database_is_known_as_one(services):
    assert not services.intake.has_comments()
    services.intake.add([NewComment("hello", "site", "1")])
    assert services.intake.has_comments()

"""Erasure: the text is gone from everywhere, what it was counted for stays, and it does not come back."""

import gzip
import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import numpy as np
import pyarrow.parquet as pq
import pytest
from sqlalchemy import func, select, text, update

from core.accounts import Person, Role
from core.domain import NO_LABELS, Lane, NewComment, Outcome, RoutingState, now
from core.drift.words import hashes_of, pack, unpack
from core.errors import BadInput, Conflict, NotAllowed, NotFound
from core.metrics.service import Days, View
from core.privacy.keyed import is_pseudonym, load_keyed
from core.privacy.service import Retention
from core.text import text_hash
from core.trail import EVERYTHING
from core.verdict import Verdict
from db.models import CommentRow, DecisionRow, PendingRow, RoutingRow
from db.program_models import ApiKeyRow, SuggestionRow
from db.quality_models import WordDayRow
from tests.support.decided import Made, put
from tests.support.queue import Waiting, fill_queue

SECRET = "Zyxwvquux"
"""A word that nothing else has."""


def work(services) -> None:
    while services.privacy.eraser.work():
        pass


def comment(services, comment_id: int) -> CommentRow:
    with services.sessions.read() as session:
        return session.get(CommentRow, comment_id)


def holders(folder: Path, word: str) -> list[str]:
    """Files of the folder that hold the word in any case, packed ones unpacked."""
    found = []
    for path in folder.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            if path.suffix == ".gz":
                data = gzip.decompress(data)
            if path.suffix == ".parquet":
                data = str(pq.read_table(path).to_pylist()).encode()
            if word.lower().encode() in data.lower():
                found.append(path.name)
    return found


def test_the_text_is_nowhere_in_the_data_folder(sqlite_services, ada, tmp_path):
    services = sqlite_services
    many = [NewComment(f"filler {n} about roads and bread", "site", f"f{n}", author="else") for n in range(400)]
    services.intake.add([*many, NewComment(f"{SECRET} is who I am", "site", "x1", author=f"{SECRET}-author")])
    services.intake.add([NewComment(f"and again {SECRET} here", "site", "=x2", author=f"{SECRET}-author"), *many])
    services.search_index.catch_up()
    with services.sessions.begin() as session:
        ids = list(session.scalars(select(CommentRow.id).where(CommentRow.author == f"{SECRET}-author")))
        found = put_routing(services, session, ids)
    review_all(services, ada, found[:-1], note=f"says {SECRET} twice")
    review_all(services, ada, found[-1:])
    for ending in ("csv", "jsonl", "parquet", "csv.gz", "jsonl.gz"):
        services.datasets.export_into("exports", ending, by=ada)
    (tmp_path / "uploads").mkdir()
    (tmp_path / "uploads" / "a.csv").write_text(f"text\n{SECRET}\n")
    assert len(holders(tmp_path, SECRET)) >= 6
    made = services.privacy.erase_author(f"{SECRET}-author", by=ada)
    work(services)
    done = services.privacy.list_erasures()[0]
    assert (done.id, done.state, done.erased, done.files, done.target) == (made.id, "done", 2, 5, None)
    services.sessions.engine.dispose()
    assert holders(tmp_path, SECRET) == []
    for snapshot in services.datasets.list_snapshots():
        services.datasets.require_file(snapshot)  # the mark knows the file as it is now
        assert services.datasets.erased_from([snapshot.id]) == {snapshot.id: 2}


def put_routing(services, session, ids) -> list[int]:
    """Let the comments wait as flagged, beside one that stays."""
    other = session.scalar(select(CommentRow.id).where(CommentRow.author == "else").limit(1))
    session.execute(text("DELETE FROM pending"))
    found = [*ids, other]
    policy = put_policy(services, session)
    for number in found:
        values = {"flagged": True, "lane": Lane.FLAGGED, "priority": 0.0, "rate": 0.1, "day": 20_000, "band": 3}
        values |= {"policy_id": policy, "model_id": 1, "state": "open", "audit": False, "routed_at": now()}
        session.add(RoutingRow(comment_id=number, automatic=False, **values))
    return found


def put_policy(services, session) -> int:
    from db.models import PolicyRow

    values = {"thresholds": [0.5] * 6, "audit_rates": [0.1] * 5, "active": True, "created_at": now()}
    row = PolicyRow(created_by="Ada", reason="test", second_rate=0.0, **values)
    session.add(row)
    session.flush()
    return row.id


def review_all(services, person, ids, note=None) -> None:
    services.review.take(person, len(ids))
    for number in ids:
        services.review.decide(Verdict(uuid4(), number, Outcome.APPROVE, NO_LABELS, 1.0, note), by=person)


def test_metrics_are_the_same_before_and_after(services, ada):
    labels = [(n % 3 == 0, False, False, False, n % 5 == 0, False) for n in range(60)]
    ids = put(services, [Made(f"text {n}", labels[n], audit=n % 4 == 0, band=n % 5) for n in range(60)])
    with services.sessions.begin() as session:
        session.execute(update(CommentRow).where(CommentRow.id.in_(ids[:30])).values(author="gone"))

    def figures():
        (model,) = [m for m in services.registry.list_models() if m.name == "first"]
        found = [services.metrics.overview(model.id, Days(0, 60_000), view) for view in View]
        return [(one.labels, one.decided, one.covered) for one in found]

    before = str(figures())
    services.privacy.erase_author("gone", by=ada)
    work(services)
    fresh = type(services.metrics)(services.sessions)
    assert str(figures()) == before
    services.__dict__["metrics"] = fresh
    assert str(figures()) == before
    assert services.datasets.preview("records").rows == 30


def test_what_stays_tells_nothing(services, ada):
    (first, second) = fill_queue(
        services.sessions,
        [Waiting("short", author="a", thread="t", parent="p"), Waiting("short", author="b")],
    )
    with services.sessions.begin() as session:
        session.add(ApiKeyRow(name="k", prefix="x", hash="h", scopes="suggest", created_at=now(), created_by="Ada"))
        session.flush()
        session.add(SuggestionRow(comment_id=first, key_id=1, labels=1, given=1, scores={"TOXICITY": 0.7},
                                  client_token="tok", sent_at=now()))  # fmt: skip
        session.add(PendingRow(comment_id=first, lease_until=0))
    services.review.take(ada, 5)
    services.privacy.erase_comment(first, by=ada)
    work(services)
    row = comment(services, first)
    assert (row.text, row.author, row.thread, row.parent, row.created_at) == ("", None, None, None, None)
    assert row.external_id.startswith(f"erased-{first}-")
    assert row.text_hash != text_hash("short")
    with services.sessions.read() as session:
        sent = session.scalar(select(SuggestionRow))
        assert (sent.scores, sent.client_token, sent.labels) == ({}, None, 1)
        assert session.scalar(select(func.count()).select_from(PendingRow)) == 0
        assert session.get(RoutingRow, first).state == RoutingState.ERASED
    assert [claim.comment_id for claim in services.review.take(ada, 5)] == [second]
    history = services.browse.history(first)
    assert (history.comment.standing, history.identical) == ("erased", [])
    with pytest.raises(Conflict, match="was erased"):
        services.review.decide(Verdict(uuid4(), first, Outcome.APPROVE, NO_LABELS, 1.0, None), by=ada)
    with pytest.raises(Conflict, match="erased already"):
        services.privacy.erase_comment(first, by=ada)
    assert comment(services, second).text == "short"


def test_a_decision_on_it_cannot_be_undone_into_the_queue(services, ada):
    (first,) = fill_queue(services.sessions, [Waiting("hello")])
    review_all(services, ada, [first], note="its words")
    services.privacy.erase_comment(first, by=ada)
    work(services)
    with services.sessions.read() as session:
        assert session.scalar(select(DecisionRow.note)) is None
    with pytest.raises(Conflict, match="cannot be undone"):
        services.review.undo(ada, uuid4())


def test_it_does_not_come_back(services, ada, tmp_path):
    services.intake.add([NewComment("one", "site", "1"), NewComment("two", "site", "2"), NewComment("1", "b", "1")])
    services.privacy.erase_comment(1, by=ada)
    work(services)
    again = services.intake.add([NewComment("one", "site", "1"), NewComment("three", "site", "3")])
    assert (again.added, again.known) == (1, 1)
    (tmp_path / "in.csv").write_text("id,comment_text\n1,one\n2,two\n9,nine\n")
    summary = services.intake.import_file(tmp_path / "in.csv", by=ada, source="site")
    assert (summary.run.added, summary.run.known) == (1, 2)
    with services.sessions.read() as session:
        texts = set(session.scalars(select(CommentRow.text)))
    assert texts == {"", "two", "1", "three", "nine"}


def test_who_may_and_what_is_not_there(services, ada):
    lead = Person("Lea", frozenset({Role.LEAD, Role.ANALYST, Role.MODERATOR}))
    for act in (
        lambda: services.privacy.erase_comment(1, by=lead),
        lambda: services.privacy.erase_author("a", by=lead),
        lambda: services.privacy.set_retention(Retention(1), by=lead),
        lambda: services.privacy.set_pseudonyms(True, by=lead),
        lambda: services.privacy.census_of_author("a", by=lead),
        lambda: services.privacy.compact(by=lead),
    ):
        with pytest.raises(NotAllowed, match="admin"):
            act()
    with pytest.raises(NotFound, match="no comment 7"):
        services.privacy.erase_comment(7, by=ada)
    with pytest.raises(NotFound, match="No comment of that author"):
        services.privacy.erase_author("nobody", by=ada)
    with pytest.raises(BadInput, match="1 to"):
        services.privacy.set_retention(Retention(0), by=ada)


def test_the_trail_knows_the_author_by_a_keyed_hash_alone(services, ada):
    services.intake.add([NewComment("one", "site", "1", author="Jane Roe")])
    services.privacy.erase_author("Jane Roe", by=ada)
    work(services)
    events = services.trail.search(EVERYTHING, by=ada)
    assert [event.what for event in events] == ["erasure.ended", "erasure.started"]
    assert events[0].details == {"erasure": 1, "comments": 1, "files": 0}
    assert events[1].subject == load_keyed(services.sessions).author("Jane Roe")
    assert "Jane" not in str(events)


def test_killed_anywhere_it_goes_on(services, ada, tmp_path):
    """The end comes after the first chunk, then before the files are done: each time another goes on."""
    services.intake.add([NewComment(f"text {n}", "site", str(n), author="a") for n in range(450)])
    made = services.privacy.erase_author("a", by=ada)
    stop = threading.Event()
    stop.set()
    left = services.privacy.eraser.work(stop)
    assert (left.state, left.erased) in (("running", 0), ("running", 200))
    services.intake.add([NewComment("came meanwhile", "site", "late", author="a")])
    work(services)
    done = services.privacy.list_erasures()[0]
    assert (done.id, done.state, done.erased) == (made.id, "done", 451)
    with services.sessions.read() as session:
        assert session.scalar(select(func.count()).where(CommentRow.text != "")) == 0


def test_a_worker_that_died_is_replaced_after_a_minute_and_not_before(services, ada):
    services.intake.add([NewComment("one", "site", "1")])
    made = services.privacy.erase_comment(1, by=ada)
    take = "UPDATE erasure SET worker = 'dead', seen_at = {} WHERE id = 1"
    micros = int(now().timestamp() * 1e6)
    with services.sessions.begin() as session:
        session.execute(text(take.format(micros)))
    with pytest.raises(Conflict, match="Another process"):
        services.privacy.finish(made.id)
    with services.sessions.begin() as session:
        session.execute(text(take.format(micros - 61_000_000)))
    assert services.privacy.finish(made.id).state == "done"


def test_an_export_that_was_being_written_is_thrown_away(services, ada, tmp_path, monkeypatch):
    ids = put(services, [Made("one"), Made("two")])
    write = services.datasets._write

    def slow(*args, **options):
        tally = write(*args, **options)
        services.privacy.erase_comment(ids[0], by=ada)
        work(services)
        return tally

    monkeypatch.setattr(services.datasets, "_write", slow)
    with pytest.raises(Conflict, match="Export again"):
        services.datasets.export(tmp_path / "out.csv", by=ada)
    assert not (tmp_path / "out.csv").exists()


def test_texts_that_are_too_old_go_by_source_and_golden_ones_may_stay(services, ada):
    put(services, [Made("old", external_id="1"), Made("other", source="forum", external_id="1")])
    put(services, [Made("known", golden=True), Made("new", external_id="2")])
    with services.sessions.begin() as session:
        session.execute(update(CommentRow).values(added_at=now() - timedelta(days=40)))
        session.execute(update(CommentRow).where(CommentRow.external_id == "2").values(added_at=now()))
    privacy = services.privacy
    assert privacy.apply_retention_daily() is None
    wanted = Retention(30, {"forum": 100})
    assert privacy.preview_retention(wanted, by=ada).comments == 1
    assert privacy.preview_retention(replace(wanted, spare_golden=False), by=ada).golden == 1
    privacy.set_retention(wanted, by=ada)
    assert privacy.retention() == wanted
    assert privacy.apply_retention_daily().person == "Moderato"
    work(services)
    assert privacy.apply_retention_daily() is None
    with services.sessions.read() as session:
        assert list(session.scalars(select(CommentRow.text).order_by(CommentRow.id))) == ["", "other", "known", "new"]


def test_authors_get_pseudonyms_from_then_on_and_those_stored_are_converted(services, ada):
    services.intake.add([NewComment(f"text {n}", "site", str(n), author=f"author {n % 2}") for n in range(5)])
    services.intake.add([NewComment("nobody's", "site", "n")])
    assert services.privacy.set_pseudonyms(True, by=ada).kind == "pseudonyms"
    work(services)
    services.intake.add([NewComment("later", "site", "l", author="author 1")])
    with services.sessions.read() as session:
        names = list(session.scalars(select(CommentRow.author).order_by(CommentRow.id)))
    assert names[5] is None
    assert all(is_pseudonym(name) for name in names if name)
    assert names[1] == names[3] == names[6] != names[0] == names[2] == names[4]
    assert services.privacy.set_pseudonyms(True, by=ada) is None
    assert services.privacy.census_of_author("author 1", by=ada).comments == 3
    services.privacy.erase_author("author 1", by=ada)
    work(services)
    assert services.privacy.list_erasures()[0].erased == 3


def test_words_that_only_it_had_leave_the_hashes_of_drift(services, ada):
    ids = put(services, [Made("alpha beta"), Made("beta gamma")])
    of = lambda words: np.array(sorted(hashes_of(words)), np.uint64)  # noqa: E731
    with services.sessions.begin() as session:
        counts = dict.fromkeys(("words", "fresh", "words_squared", "fresh_squared", "words_fresh"), 1.0)
        row = WordDayRow(day=20_000, comments=2, known_days=0, hashes=pack(of("alpha beta gamma")), **counts)
        session.add(row)
    services.privacy.erase_comment(ids[0], by=ada)
    work(services)
    with services.sessions.read() as session:
        assert unpack(session.get(WordDayRow, 20_000).hashes).tolist() == of("beta gamma").tolist()

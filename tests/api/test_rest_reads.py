"""States, scores and decisions, by real requests: what is told, what is withheld, and a cursor that misses nothing."""

import threading
from uuid import uuid4

import pytest
from sqlalchemy import delete
from starlette.testclient import TestClient

from core.domain import Lane, Outcome
from core.labels import LABELS
from core.text import in_frozen_test, text_hash
from core.verdict import Verdict
from db.models import RoutingRow, ScoreRow
from tests.support.programs import application, correction, make_key
from tests.support.queue import TOXIC, Waiting, fill_queue, flagged

URL = "/api/v1"
ONLY_TOXIC = (True, False, False, False, False, False)
USUAL = next(f"A usual text {k}" for k in range(99) if not in_frozen_test(text_hash(f"A usual text {k}")))
sqlite_only = pytest.mark.parametrize("settings", ["sqlite"], indirect=True)


@pytest.fixture
def reader(services):
    """A program that reads, on each database."""
    with TestClient(application(services), base_url="http://moderato.test", client=("192.0.2.7", 5)) as client:
        client.headers["x-goog-api-key"] = make_key(services)
        yield client


def decide(services, by, comment_id, outcome=Outcome.REMOVE, labels=ONLY_TOXIC):
    services.review.claim(by)
    return services.review.decide(Verdict(uuid4(), comment_id, outcome, labels, 2.5, "a private note"), by=by)


def comment(reader, comment_id):
    answer = reader.get(f"{URL}/comments/{comment_id}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def ledger(reader, after=0, limit=100, **more):
    answer = reader.get(f"{URL}/decisions", params={"after": after, "limit": limit, **more})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_comment_from_waiting_to_settled_and_back(reader, services, ada):
    (comment_id,) = fill_queue(services.sessions, [Waiting(USUAL)])
    waiting = comment(reader, comment_id)
    assert (waiting["state"], waiting["lane"], waiting["decision"], waiting["decisions"]) == (
        "waiting", "flagged", None, [],
    )  # fmt: skip
    assert waiting["scores"]["labels"] == pytest.approx(dict(zip(LABELS, TOXIC, strict=True)), abs=1e-5)
    assert waiting["scores"]["model"] == services.registry.require_live().name
    decide(services, ada, comment_id)
    settled = comment(reader, comment_id)
    assert (settled["state"], settled["lane"], settled["held_out"]) == ("settled", None, False)
    said = settled["decision"]
    assert said == settled["decisions"][0]
    assert (said["kind"], said["outcome"], said["by"], said["program"], said["seconds"]) == (
        "decision", "remove", "person", None, 2.5,
    )  # fmt: skip
    assert said["labels"] == dict(zip(LABELS, ONLY_TOXIC, strict=True))
    services.review.undo(ada, uuid4())
    back = comment(reader, comment_id)
    assert (back["state"], back["decision"]) == ("waiting", None)
    assert [(entry["kind"], entry["revoked"]) for entry in back["decisions"]] == [
        ("decision", True), ("revocation", False),
    ]  # fmt: skip
    assert back["decisions"][1]["revokes"] == back["decisions"][0]["id"]


@sqlite_only
def test_names_notes_and_texts_of_people_are_told_nobody(reader, services, ada):
    (comment_id,) = fill_queue(services.sessions, [Waiting(USUAL, author="Kim")])
    decide(services, ada, comment_id)
    told = reader.get(f"{URL}/comments/{comment_id}").text + reader.get(f"{URL}/decisions").text
    for secret in ("Ada", "a private note", USUAL):
        assert secret not in told


@pytest.mark.parametrize("lane", [Lane.AUDIT, Lane.DISAGREEMENT, Lane.RECHECK])
@sqlite_only
def test_a_blind_comment_and_its_twin_keep_their_scores_until_it_is_decided(reader, services, ada, lane):
    blind, twin, other = fill_queue(
        services.sessions, [Waiting(USUAL, lane=lane), Waiting(f" {USUAL.upper()} "), Waiting("Another text")]
    )
    for comment_id in (blind, twin):
        found = comment(reader, comment_id)
        assert (found["scores"], found["scores_withheld"]) == (None, True)
        assert found["state"] == "waiting"
    assert comment(reader, blind)["lane"] == lane
    assert comment(reader, other)["scores"]
    decide(services, ada, blind)
    assert comment(reader, blind)["scores"]
    assert comment(reader, blind)["held_out"] is comment(reader, twin)["held_out"] is (lane is Lane.AUDIT)
    assert comment(reader, blind)["decision"]["blind"]


@sqlite_only
def test_golden_items_are_told_as_such_and_no_more(reader, services):
    (comment_id,) = fill_queue(services.sessions, [Waiting(USUAL, golden=True)])
    with services.sessions.begin() as session:
        session.execute(delete(RoutingRow))
    found = comment(reader, comment_id)
    assert (found["state"], found["scores"], found["scores_withheld"], found["held_out"]) == (
        "golden",
        None,
        True,
        True,
    )
    assert found["decisions"] == []


@sqlite_only
def test_without_scores_a_routed_comment_is_not_scored(reader, services):
    (comment_id,) = fill_queue(services.sessions, [Waiting(USUAL)])
    with services.sessions.begin() as session:
        session.execute(delete(ScoreRow))
    found = comment(reader, comment_id)
    assert (found["state"], found["lane"], found["scores"]) == ("not_scored", None, None)


@sqlite_only
def test_the_frozen_test_part_is_held_out(reader, services):
    text = next(f"Text {k}" for k in range(999) if in_frozen_test(text_hash(f"Text {k}")))
    (comment_id,) = fill_queue(services.sessions, [Waiting(text)])
    assert comment(reader, comment_id)["held_out"]


def test_the_ledger_page_by_page(reader, services, ada, bob):
    ids = fill_queue(services.sessions, flagged(5))
    for comment_id in ids[:4]:
        decide(services, ada, comment_id)
    services.review.undo(ada, uuid4())
    services.review.decide(Verdict(uuid4(), ids[4], Outcome.ESCALATE), by=ada)
    first = ledger(reader, limit=2)
    second = ledger(reader, after=first["next"], limit=4)
    assert (first["more"], second["more"]) == (True, False)
    entries = first["decisions"] + second["decisions"]
    assert [entry["kind"] for entry in entries] == ["decision"] * 4 + ["revocation", "escalation"]
    assert [entry["comment_id"] for entry in entries] == [*ids[:4], ids[3], ids[4]]
    assert [entry["revoked"] for entry in entries] == [False] * 3 + [True] + [False] * 2
    assert entries[4]["revokes"] == entries[3]["id"]
    assert entries == ledger(reader)["decisions"]
    assert ledger(reader, after=second["next"]) == {"decisions": [], "next": second["next"], "more": False}
    decide(services, ada, ids[3])
    (new,) = ledger(reader, after=second["next"])["decisions"]
    assert new["comment_id"] == ids[3]


@sqlite_only
def test_one_source_of_the_ledger(reader, services, ada, monkeypatch):
    ours, others = (fill_queue(services.sessions, flagged(n), source=s) for n, s in ((2, "ours"), (7, "others")))
    for comment_id in [ours[0], *others, ours[1]]:
        decide(services, ada, comment_id)
    monkeypatch.setattr("core.program_reads.SCANNED", 3)
    found, after, more, pages = [], 0, True, 0
    while more:
        page = ledger(reader, after=after, source="ours")
        found, after, more, pages = found + page["decisions"], page["next"], page["more"], pages + 1
    assert [entry["comment_id"] for entry in found] == ours
    assert (pages, after) == (3, found[-1]["id"])
    assert ledger(reader, source="nobody's")["decisions"] == []


@sqlite_only
def test_a_cursor_of_another_ledger_is_refused(reader):
    answer = reader.get(f"{URL}/decisions?after=8")
    assert (answer.status_code, answer.json()["type"]) == (409, f"{URL}/docs#problem-cursor-ahead")
    assert "Go on from 0" in answer.json()["detail"]


def test_polled_while_people_decide_nothing_is_missed_or_repeated(reader, services, ada, bob):
    ids = fill_queue(services.sessions, flagged(40))
    problems = []

    def work(person, mine):
        try:
            for comment_id in mine:
                services.review.decide(Verdict(uuid4(), comment_id, Outcome.APPROVE), by=person)
        except Exception as error:
            problems.append(error)

    services.review.claim(ada, 20)
    services.review.claim(bob, 20)
    people = [threading.Thread(target=work, args=(ada, ids[:20])), threading.Thread(target=work, args=(bob, ids[20:]))]
    for thread in people:
        thread.start()
    seen, after = [], 0
    while True:
        over = not any(thread.is_alive() for thread in people)
        page = ledger(reader, after=after, limit=3)
        seen, after = seen + [entry["id"] for entry in page["decisions"]], page["next"]
        if over and not page["more"]:
            break
    assert problems == []
    assert seen == [entry["id"] for entry in ledger(reader)["decisions"]]
    assert len(seen) == 40


@sqlite_only
def test_what_a_trusted_program_said_is_told_with_its_name(reader):
    assert reader.post("/v1alpha1/comments:suggestscore", json=correction()).status_code == 200
    (entry,) = ledger(reader)["decisions"]
    assert (entry["by"], entry["program"], entry["lane"]) == ("program", "forum", "suggested")

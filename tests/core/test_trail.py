"""The audit trail: what was done is in it, nothing in it can change unseen, and it can be searched and taken out."""

import csv
import io
import json
import logging

import pytest
from sqlalchemy import exc, text

from core.accounts import Person, Role
from core.audit_trail import What, record
from core.datasets import Filters
from core.errors import BadInput, NotAllowed
from core.trail import EVERYTHING, TrailFilter, parse_noted
from tests.support.decided import Made, put
from tests.support.ledger import unlock


def fill(services, many: int) -> None:
    with services.sessions.begin() as session:
        for number in range(many):
            record(session, f"person {number % 3}", What.KEY_CREATED, f"=key {number}", number=number)


def tamper(services, statement: str) -> None:
    """Do what somebody does who owns the database: triggers off, change, triggers on."""
    with services.sessions.begin() as session:
        unlock(session)
        session.execute(text(statement))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_event SET subject = 'other' WHERE id = 2",
        "DELETE FROM audit_event",
        "DELETE FROM decision",
        "UPDATE decision SET labels = 63",
        "UPDATE decision SET note = 'another'",
    ],
)
def test_the_database_refuses_to_change_what_may_only_grow(services, statement):
    fill(services, 3)
    put(services, [Made("one")])
    with pytest.raises(exc.DBAPIError, match="append-only"), services.sessions.begin() as session:
        session.execute(text(statement))
    assert services.trail.verify(full=True).problem is None


TAMPERED = {
    "UPDATE audit_event SET person = 'Eve' WHERE id = 4": "Event 4 does not follow",
    "DELETE FROM audit_event WHERE id = 4": "Missing from the trail: 4",
    "DELETE FROM audit_event WHERE id BETWEEN 4 AND 6": "Missing from the trail: 4 to 6",
    "UPDATE audit_event SET hash = (SELECT hash FROM audit_event WHERE id = 3) WHERE id = 4": "Event 4 does not follow",
    "INSERT INTO audit_event SELECT 11, at, person, what, subject, details, hash FROM audit_event WHERE id = 10": (
        "Event 11 does not follow"
    ),
}


@pytest.mark.parametrize("statement", TAMPERED)
def test_a_changed_missing_or_inserted_event_is_found(services, statement):
    fill(services, 10)
    tamper(services, statement)
    assert services.trail.verify(full=True).problem.startswith(TAMPERED[statement])


def test_a_cut_off_end_is_found_by_the_checkpoint_and_by_what_was_noted(services, tmp_path):
    fill(services, 10)
    noted = services.trail.newest()
    assert services.trail.verify(full=True).last == 10
    tamper(services, "DELETE FROM audit_event WHERE id > 8")
    assert services.trail.verify(full=False).problem.startswith("Event 10 is gone, which the checkpoint")
    (tmp_path / "audit-trail.json").unlink()
    assert services.trail.verify(full=True).problem is None  # the chain alone cannot know what followed
    found = services.trail.verify(full=True, expect=noted)
    assert found.problem.startswith("Event 10 is gone, which what you noted")


def test_a_chain_written_anew_is_found_by_its_anchor(services):
    fill(services, 5)
    assert services.trail.verify(full=True).problem is None
    tamper(services, "DELETE FROM audit_event")
    fill(services, 7)
    assert "has another hash than the checkpoint" in services.trail.verify(full=True).problem


def test_from_the_checkpoint_on_only_what_is_new_is_walked(services):
    fill(services, 10)
    assert services.trail.verify(full=False).checked == 10
    fill(services, 2)
    proof = services.trail.verify(full=False)
    assert (proof.checked, proof.last, proof.problem) == (2, 12, None)


def test_number_and_hash_are_logged_once_they_are_kept(services, caplog):
    with caplog.at_level(logging.INFO, "moderato.trail"):
        fill(services, 1)
        with services.sessions.begin() as session:
            record(session, "Ada", What.KEY_CREATED, "never")
            session.rollback()
    number, hashed = services.trail.newest()
    assert [one.getMessage() for one in caplog.records] == [
        f"audit trail event={number} what=key.created hash={hashed}"
    ]


def test_search_by_person_kind_subject_and_time_goes_on_by_key(services, ada):
    fill(services, 9)
    trail = services.trail
    assert [event.id for event in trail.search(TrailFilter(person="person 1"), by=ada)] == [8, 5, 2]
    assert [event.id for event in trail.search(EVERYTHING, by=ada, limit=3)] == [9, 8, 7]
    assert [event.id for event in trail.search(EVERYTHING, by=ada, before=7, limit=2)] == [6, 5]
    assert [event.id for event in trail.search(TrailFilter(subject="KEY 3"), by=ada)] == [4]
    assert trail.search(TrailFilter(subject="%"), by=ada) == []
    assert trail.search(TrailFilter(kinds=frozenset({"policy.saved"})), by=ada) == []
    at = trail.search(EVERYTHING, by=ada)[4].at
    older = trail.search(TrailFilter(until=at), by=ada)
    assert all(event.at < at for event in older)
    assert trail.people(by=ada) == ["person 0", "person 1", "person 2"]


def test_only_administrators_see_it(services):
    lead = Person("Lea", frozenset({Role.LEAD, Role.ANALYST}))
    with pytest.raises(NotAllowed, match="admin"):
        services.trail.search(EVERYTHING, by=lead)
    with pytest.raises(NotAllowed, match="admin"):
        services.trail.export(io.StringIO(), "csv", EVERYTHING, by=lead)


def test_it_is_taken_out_whole_and_no_cell_is_a_formula(services, ada):
    fill(services, 4)
    plain, lines = io.StringIO(newline=""), io.StringIO()
    assert services.trail.export(plain, "csv", EVERYTHING, by=ada) == 4
    assert services.trail.export(lines, "jsonl", TrailFilter(person="person 0"), by=ada) == 2
    rows = list(csv.DictReader(io.StringIO(plain.getvalue())))
    assert [row["subject"] for row in rows] == ["'=key 3", "'=key 2", "'=key 1", "'=key 0"]
    assert [json.loads(line)["details"] for line in lines.getvalue().splitlines()] == [{"number": 3}, {"number": 0}]
    assert [event.what for event in services.trail.search(EVERYTHING, by=ada, limit=2)] == ["trail.exported"] * 2


def test_an_export_is_told_with_purpose_filters_and_hash(services, ada, tmp_path):
    put(services, [Made("one")])
    made = services.datasets.export(tmp_path / "out.csv", by=ada, filters=Filters(source="site"))
    (event,) = services.trail.search(EVERYTHING, by=ada)
    assert (event.what, event.subject) == ("data.exported", f"snapshot {made.id}")
    assert event.details == {
        "purpose": "records", "filters": {"source": "site"}, "rows": 1, "sha256": made.sha256, "file": "out.csv",
    }  # fmt: skip


def test_administrative_acts_are_told(services, ada, tmp_path):
    (tmp_path / "in.csv").write_text("id,comment_text\n1,hello\n")
    services.intake.import_file(tmp_path / "in.csv", by=ada)
    policy = services.policies.active()
    services.policies.save(policy.thresholds, policy.audit_rates, by=ada, reason="Again")
    services.drift.choose_reference(None, by=ada)
    run = services.runs.begin("starter", by=ada)
    services.runs.stop(run.id, by=ada)
    told = [event.what for event in services.trail.search(EVERYTHING, by=ada)][::-1]
    assert told == [
        "import.started", "import.ended", "policy.saved", "drift.reference", "training.started", "training.stopped",
    ]  # fmt: skip


def test_what_was_noted_is_number_and_hash():
    assert parse_noted(f" 7:{'A' * 64}\n") == (7, "a" * 64)
    with pytest.raises(BadInput, match="NUMBER:HASH"):
        parse_noted("7:abc")

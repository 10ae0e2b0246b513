"""Which entries of the ledger count."""

from dataclasses import replace
from uuid import uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from core.domain import NO_LABELS, Decision, Lane, Outcome, now
from core.text import text_hash
from db.models import DecisionRow
from db.stores.decisions import DecisionStore, effective_decisions, latest_effective
from tests.support.queue import Waiting, fill_queue

INSULT = (False, False, False, False, True, False)


@pytest.fixture
def append(services):
    made = fill_queue(services.sessions, [Waiting("a"), Waiting("A"), Waiting("b")])

    def add(which: int, outcome=Outcome.REMOVE, **more) -> Decision:
        entry = Decision(
            id=0, client_id=uuid4(), comment_id=made[which], person="Ada", decided_at=now(), labels=INSULT,
            outcome=outcome, lane=Lane.FLAGGED, blind=False, seconds=2.0, note=None, model_id=1, policy_id=1,
            revokes=None, batch=None,
        )  # fmt: skip
        entry = replace(entry, **more)
        with services.sessions.begin() as session:
            store = DecisionStore(session)
            store.lock()
            store.append([entry])
            return store.get_by_client_id(entry.client_id)

    return add


def undo(append, decision: Decision) -> Decision:
    return append(decision.comment_id - 1, decision.outcome, revokes=decision.id)


def effective(services) -> list[int]:
    with services.sessions.read() as session:
        return sorted(session.scalars(effective_decisions(DecisionRow.id)))


def test_only_standing_verdicts_are_effective(services, append):
    kept, taken_back = append(0), append(1)
    append(2, Outcome.ESCALATE)
    undo(append, taken_back)
    assert effective(services) == [kept.id]


def test_the_newest_effective_decision_of_a_comment_holds(services, append):
    append(0)
    second, third = append(0, Outcome.APPROVE), append(0)
    undo(append, third)
    with services.sessions.read() as session:
        held = latest_effective()
        assert session.execute(select(held.c.comment_id, held.c.decision_id)).all() == [(second.comment_id, second.id)]


def test_an_entry_comes_back_as_it_was_written(services, append):
    entry = append(0, note="why", labels=NO_LABELS, batch=uuid4())
    with services.sessions.read() as session:
        assert DecisionStore(session).list_of(entry.comment_id) == [entry]


def test_the_database_refuses_the_same_id_or_the_same_undo_twice(append):
    entry = append(0)
    with pytest.raises(IntegrityError):
        append(1, client_id=entry.client_id)
    undo(append, entry)
    with pytest.raises(IntegrityError):
        undo(append, entry)


def test_history_counts_identical_texts_together(services, append):
    append(0)
    append(1)
    undo(append, append(1))
    append(1, Outcome.APPROVE, labels=NO_LABELS)
    with services.sessions.read() as session:
        found = DecisionStore(session).history_of_texts([text_hash("a")])
    assert found == {text_hash("a"): [(Outcome.REMOVE, 16, 2), (Outcome.APPROVE, 0, 1)]}

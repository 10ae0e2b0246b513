"""The nearest decided comments: what is found, what is never shown, and how the index follows the ledger."""

import time
from uuid import uuid4

import pytest
from sqlalchemy import update

from core.accounts import Person, Role
from core.domain import Lane, Outcome, RoutingState
from core.nearest import LEAST_ALIKE, MOST_SHOWN, SHOWN_CHARS, Nearest, is_program, person_shown
from core.verdict import Verdict
from core.wellbeing.masking import Masking
from db.models import RoutingRow
from tests.support.queue import SEVERE, Waiting, fill_queue

SPAM = "Buy the cheap wonder pills from doctor {} at his website today"
INSULT = (False, False, False, False, True, False)


def decide(services, comment_id, by, outcome=Outcome.REMOVE, labels=INSULT, note=None):
    return services.review.decide(Verdict(uuid4(), comment_id, outcome, labels, note=note), by=by)


def ids_of(found):
    return [near.comment_id for near in found.near]


def look(services, comment_id):
    services.nearest.catch_up()
    return services.nearest.find(comment_id)


def test_what_reads_alike_is_found_with_how_it_was_decided(services, ada, bob):
    one, two, other, shown = fill_queue(
        services.sessions,
        [Waiting(SPAM.format("Miller")), Waiting("The weather in spring is lovely in the mountains"),
         Waiting("You are a moron and everybody here knows it"), Waiting(SPAM.format("Mi11er's friend") + "!")],
    )  # fmt: skip
    decide(services, one, ada, note="spam, but rude")
    decide(services, two, bob, Outcome.APPROVE, (False,) * 6)
    decide(services, other, bob)
    found = look(services, shown)
    assert ids_of(found) == [one]
    (near,) = found.near
    assert near.text == SPAM.format("Miller")
    assert (near.decision.person, near.decision.outcome, near.decision.labels) == ("Ada", Outcome.REMOVE, INSULT)
    assert (near.decision.note, near.many, near.alike, near.cover(Masking()).mask) == ("spam, but rude", 1, 1, "open")
    assert LEAST_ALIKE < near.likeness < 1
    assert found.texts == 3
    assert found.is_complete


def test_identical_texts_are_told_once_with_how_often(services, ada):
    *same, shown = fill_queue(services.sessions, [Waiting("Nobody wants you here, leave at once")] * 5)
    for comment_id in same[:3]:
        decide(services, comment_id, ada)
    decide(services, same[3], ada, Outcome.APPROVE, (False,) * 6)
    found = look(services, shown)
    assert ids_of(found) == [same[3]]
    assert (found.near[0].likeness, found.near[0].many, found.near[0].alike) == (1.0, 4, 1)


def test_undo_and_a_new_decision_take_effect(services, ada):
    one, shown = fill_queue(services.sessions, [Waiting(SPAM.format("Miller")), Waiting(SPAM.format("Meyer"))])
    decide(services, one, ada)
    assert ids_of(look(services, shown)) == [one]
    services.review.undo(ada, uuid4())
    assert ids_of(services.nearest.find(shown)) == [], "the database is asked again: no wait for the index"
    services.nearest.catch_up()
    assert services.nearest.find(shown).texts == 0
    decide(services, one, ada, Outcome.APPROVE, (False,) * 6)
    assert look(services, shown).near[0].decision.outcome is Outcome.APPROVE


def test_an_undone_text_stays_while_another_decision_on_it_holds(services, ada):
    one, two, shown = fill_queue(services.sessions, [*[Waiting(SPAM.format("Miller"))] * 2, Waiting(SPAM.format("X"))])
    decide(services, one, ada)
    decide(services, two, ada)
    services.nearest.catch_up()
    services.review.undo(ada, uuid4())
    assert ids_of(look(services, shown)) == [one]


def test_escalations_and_second_opinions_are_no_precedents(services, ada):
    one, two, shown = fill_queue(
        services.sessions,
        [Waiting(SPAM.format("Miller")), Waiting(SPAM.format("Meyer"), lane=Lane.SECOND), Waiting(SPAM.format("X"))],
    )
    decide(services, one, ada, Outcome.ESCALATE)
    services.review.claim(ada)
    decide(services, two, ada)
    assert look(services, shown).near == ()


def put_into(services, comment_id, lane):
    with services.sessions.begin() as session:
        moved = update(RoutingRow).where(RoutingRow.comment_id == comment_id)
        session.execute(moved.values(state=RoutingState.OPEN.value, lane=lane.value))


@pytest.mark.parametrize("lane", [Lane.SECOND, Lane.RECHECK, Lane.ADJUDICATION])
def test_what_somebody_is_to_judge_unswayed_is_neither_answer_nor_question(services, ada, lane):
    one, shown = fill_queue(services.sessions, [Waiting(SPAM.format("Miller")), Waiting(SPAM.format("X"))])
    decide(services, one, ada)
    assert ids_of(look(services, shown)) == [one]
    put_into(services, one, lane)
    assert services.nearest.find(shown).near == ()
    put_into(services, one, Lane.FLAGGED)
    assert ids_of(services.nearest.find(shown)) == [one]
    put_into(services, shown, lane)
    assert services.nearest.find(shown).near == ()


def test_golden_answers_do_not_leak(services, ada):
    one, shown = fill_queue(
        services.sessions, [Waiting(SPAM.format("Miller"), golden=True), Waiting(SPAM.format("Miller"))]
    )
    decide(services, one, ada)
    assert look(services, shown).near == ()


def erase(services, comment_id, by):
    services.privacy.finish(services.privacy.erase_comment(comment_id, by=by).id)


def test_erased_texts_leave_the_index(services, ada):
    one, two, three, shown = fill_queue(
        services.sessions,
        [*[Waiting(SPAM.format("Miller"))] * 2, Waiting(SPAM.format("Meyer")), Waiting(SPAM.format("X"))],
    )
    for comment_id in (one, two, three):
        decide(services, comment_id, ada)
    assert look(services, shown).texts == 2
    erase(services, three, ada)
    assert ids_of(services.nearest.find(shown)) == [two]
    services.nearest.catch_up()
    assert services.nearest.find(shown).texts == 1
    erase(services, two, ada)
    assert ids_of(look(services, shown)) == [one]
    erase(services, one, ada)
    assert look(services, shown).texts == 0
    assert services.nearest.find(one).near == ()


def test_two_processes_know_the_same(services, ada):
    other = Nearest(services.sessions, most=100, poll_seconds=1)
    one, two, shown = fill_queue(services.sessions, [Waiting(SPAM.format(k)) for k in ("Miller", "Meyer", "X")])
    decide(services, one, ada)
    other.catch_up()
    decide(services, two, ada)
    other.catch_up()
    assert set(ids_of(other.find(shown))) == set(ids_of(look(services, shown))) == {one, two}


def test_severe_texts_are_masked_and_long_ones_cut(services, ada):
    long = SPAM.format("Miller") + " and again" * 200
    one, two, shown = fill_queue(
        services.sessions, [Waiting(long), Waiting(SPAM.format("Meyer"), scores=SEVERE), Waiting(SPAM.format("X"))]
    )
    decide(services, one, ada)
    decide(services, two, ada)
    near = {one.comment_id: one for one in look(services, shown).near}
    assert (near[one].is_cut, len(near[one].text), near[one].cover(Masking()).mask) == (True, SHOWN_CHARS, "open")
    assert (near[two].is_cut, near[two].cover(Masking()).mask) == (False, "whole")


def test_no_more_are_told_than_can_be_read_and_the_newest_are_kept(services, ada):
    *many, shown = fill_queue(services.sessions, [Waiting(SPAM.format(f"number {k}")) for k in range(9)])
    for comment_id in many:
        decide(services, comment_id, ada)
    assert len(look(services, shown).near) == MOST_SHOWN
    small = Nearest(services.sessions, most=3, poll_seconds=1)
    small.catch_up()
    assert set(ids_of(small.find(shown))) == set(many[-3:])
    (late,) = fill_queue(services.sessions, [Waiting(SPAM.format("late"))], source="later")
    decide(services, late, ada)
    small.catch_up()
    assert set(ids_of(small.find(shown))) == {late, *many[-2:]}
    off = Nearest(services.sessions, most=0, poll_seconds=1)
    off.catch_up()
    off.ask([shown])
    assert (off.known([shown]), off.find(shown).near) == ({}, ())


def test_answers_come_in_the_background_and_follow_what_is_decided(sqlite_services, ada):
    nearest = sqlite_services.nearest
    one, two, shown = fill_queue(sqlite_services.sessions, [Waiting(SPAM.format(k)) for k in ("Miller", "Meyer", "X")])
    decide(sqlite_services, one, ada)

    def answered(condition):
        deadline = time.monotonic() + 20
        while not (found := nearest.known([shown]).get(shown)) or not condition(found):
            nearest.ask([shown])
            assert time.monotonic() < deadline
            time.sleep(0.01)
        return found

    first = answered(lambda found: found.is_complete)
    assert ids_of(first) == [one]
    decide(sqlite_services, two, ada)
    assert set(ids_of(answered(lambda found: found.entry > first.entry))) == {one, two}
    nearest.stop()


def test_who_decided_is_for_those_who_may_know():
    moderator, lead = Person("Mo", frozenset({Role.MODERATOR})), Person("Lea", frozenset({Role.LEAD}))
    assert [person_shown(who, moderator) for who in ("Mo", "Lea")] == ["Mo", None]
    assert person_shown("Mo", lead) == "Mo"
    assert is_program("api:site")
    assert not is_program("Ada")
